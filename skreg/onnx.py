"""ONNX: importing this module teaches skl2onnx to convert the estimators of skreg.

It needs skl2onnx (``pip install 'skreg[onnx]'``). The graph of a `RegMLPClassifier` or
`RegMLPClassifierCV` has two outputs, labels and probabilities, like all classifiers in
skl2onnx. It takes the options of MLPClassifier there: ``zipmap``, ``nocl`` and
``output_class_labels``. It computes in double precision if the inputs are doubles, and
otherwise in single precision.

The graph of a `RegMLPRegressor` or `RegMLPRegressorCV` has one output, ``variable``, of
shape (n_rows, n_outputs), with predictions in y's unit.

The graph of a `TabularEncoder` takes the columns of the table as skl2onnx declares
them; for a data frame, each column is a separate input. Numbers may have any type;
categories are text, integers or booleans. A missing number is NaN, a missing category
is the text "missing", "None", "nan" or "<NA>".

Examples
--------
>>> import numpy as np
>>> import skreg.onnx
>>> from skl2onnx import to_onnx
>>> from sklearn.datasets import load_iris
>>> from sklearn.pipeline import make_pipeline
>>> from sklearn.preprocessing import StandardScaler
>>> X, y = load_iris(return_X_y=True)
>>> mlp = skreg.RegMLPClassifier(10, solver="lbfgs", alpha=0.01, random_state=0)
>>> pipeline = make_pipeline(StandardScaler(), mlp).fit(X, y)
>>> model = to_onnx(pipeline, X[:1].astype(np.float32), options={"zipmap": False})
>>> [output.name for output in model.graph.output]
['label', 'probabilities']
"""

import numpy as np

from skreg._inputs.labels import Labels
from skreg.classifier import RegMLPClassifier
from skreg.committee import RegMLPClassifierCV, RegMLPRegressorCV
from skreg.encoder import TabularEncoder
from skreg.regressor import RegMLPRegressor

try:
    from skl2onnx import update_registered_converter
    from skl2onnx.algebra.onnx_ops import (
        OnnxAdd,
        OnnxArgMax,
        OnnxCast,
        OnnxDiv,
        OnnxExp,
        OnnxGather,
        OnnxGemm,
        OnnxGreater,
        OnnxIdentity,
        OnnxMul,
        OnnxRelu,
        OnnxSigmoid,
        OnnxSoftmax,
        OnnxSum,
        OnnxTanh,
    )
    from skl2onnx.common.data_types import (
        Int64TensorType,
        StringTensorType,
        guess_numpy_type,
        guess_proto_type,
    )
    from skl2onnx.common.utils import check_input_and_output_numbers

    from skreg._onnx_encoder import (
        ALIAS,
        convert_encoder,
        declare_encoded,
        node_maker,
        parse_encoder,
    )
except ImportError as error:
    raise ImportError(
        "skreg.onnx needs skl2onnx. Install it with: pip install 'skreg[onnx]'"
    ) from error

_OPERATORS = {
    "identity": OnnxIdentity,
    "logistic": OnnxSigmoid,
    "tanh": OnnxTanh,
    "relu": OnnxRelu,
    "softmax": OnnxSoftmax,
    "exp": OnnxExp,
}
_PARAMETERS = {"coefs", "intercepts", "feature_scales"}


def _onnx_labels(model, scope):
    """Return the label of each class in a type that ONNX has, int64 or text."""
    if scope.get_options(model, {"nocl": False})["nocl"]:
        return np.arange(len(model.classes_), dtype=np.int64)
    is_number = model.classes_.dtype.kind in "biuf"
    labels = model.classes_.astype(np.int64 if is_number else np.str_)
    if is_number and (labels != model.classes_).any():
        raise ValueError(
            f"ONNX has no type for the labels {model.classes_.tolist()}. Get the "
            "indices of the classes instead: options={'nocl': True}."
        )
    return labels


def _outputs(model, features, numbers, as_logits, node):
    """Return the last layer's outputs, in the type of ``numbers``.

    ``as_logits`` is a linear function of the outputs z, which the graph computes
    instead of them.
    """
    network = model._network()
    if network.activation not in _OPERATORS:
        raise NotImplementedError(
            f"activation={network.activation!r} has no ONNX operator here. Supported "
            f"are {[*_OPERATORS]}."
        )
    unknown = {*network.block_names} - _PARAMETERS
    if unknown:
        raise NotImplementedError(f"The parameters {sorted(unknown)} are not exported.")
    coefs = [*model.coefs_]
    if model.feature_scales_ is not None:
        coefs[0] = model.feature_scales_[:, np.newaxis] * coefs[0]
    *hidden, last = zip(coefs, model.intercepts_, strict=True)
    dtype = guess_numpy_type(numbers)
    h = node(OnnxCast, features, to=guess_proto_type(numbers))
    for layer in hidden:
        z = node(OnnxGemm, h, *(values.astype(dtype) for values in layer))
        h = node(_OPERATORS[network.activation], z)
    logits = (as_logits(values.T).T.astype(dtype) for values in last)
    return node(OnnxGemm, h, *logits)


def _mean_of_members(model, predict, dtype, node, output):
    """Return the mean of ``predict(network)`` over the networks of a committee."""
    if not hasattr(model, "members_"):
        return predict(model, output)
    total = node(OnnxSum, *map(predict, model.members_))
    number = np.array([len(model.members_)], dtype)
    return node(OnnxDiv, total, number, output=output)


def _declare_classifier(operator):
    """Set the types and shapes of labels and probabilities."""
    check_input_and_output_numbers(operator, input_count_range=1, output_count_range=2)
    model = operator.raw_operator
    labels, probabilities = operator.outputs
    shape = [operator.inputs[0].get_first_dimension(), len(model.classes_)]
    is_number = _onnx_labels(model, operator.scope_inst).dtype == np.int64
    label_type = Int64TensorType if is_number else StringTensorType
    labels.set_type(
        label_type(shape if Labels.of_fitted(model).multilabel else shape[:1])
    )
    probabilities.type.shape = shape


def _convert_classifier(scope, operator, container):
    """Add the nodes of a classifier to the graph."""
    model, node = operator.raw_operator, node_maker(container)
    labels, probabilities = operator.outputs
    targets, numbers = Labels.of_fitted(model), probabilities.type
    dtype = guess_numpy_type(numbers)

    def predict(network, output=None):
        # Two classes share one output z, and their logits are ∓z, as in
        # `predict_proba`.
        class_logits = targets.head.class_logits
        z = _outputs(network, operator.inputs[0], numbers, class_logits, node)
        return node(_OPERATORS[model.out_activation_], z, output=output)

    p = _mean_of_members(model, predict, dtype, node, probabilities)
    if targets.multilabel:
        likely = node(OnnxGreater, p, np.array([0.5], dtype))
        int64 = guess_proto_type(labels.type)
        predicted = node(OnnxCast, likely, to=int64, output=labels)
    else:
        code = node(OnnxArgMax, p, axis=1, keepdims=0)
        predicted = node(OnnxGather, _onnx_labels(model, scope), code, output=labels)
    predicted.add_to(scope, container)  # along with all nodes that it depends on


def _declare_regressor(operator):
    """Set the shape of a regressor's predictions."""
    check_input_and_output_numbers(operator, input_count_range=1, output_count_range=1)
    n_rows = operator.inputs[0].get_first_dimension()
    operator.outputs[0].type.shape = [n_rows, operator.raw_operator.n_outputs_]


def _convert_regressor(scope, operator, container):
    """Add the nodes of a regressor to the graph."""
    model, node = operator.raw_operator, node_maker(container)
    (predictions,) = operator.outputs
    dtype = guess_numpy_type(predictions.type)

    def predict(network, output=None):
        features, numbers = operator.inputs[0], predictions.type
        z = _outputs(network, features, numbers, lambda z: z, node)
        h = node(_OPERATORS[network.out_activation_], z)
        scaled = node(OnnxMul, h, network.target_scale_.astype(dtype))
        center = network.target_center_.astype(dtype)
        return node(OnnxAdd, scaled, center, output=output)

    y = _mean_of_members(model, predict, dtype, node, predictions)
    y.add_to(scope, container)


for _classifier in (RegMLPClassifier, RegMLPClassifierCV):
    update_registered_converter(
        _classifier,
        f"Skreg{_classifier.__name__}",
        _declare_classifier,
        _convert_classifier,
        options={
            "zipmap": [True, False, "columns"],
            "nocl": [True, False],
            "output_class_labels": [False, True],
        },
    )
for _regressor in (RegMLPRegressor, RegMLPRegressorCV):
    update_registered_converter(
        _regressor,
        f"Skreg{_regressor.__name__}",
        _declare_regressor,
        _convert_regressor,
    )
update_registered_converter(
    TabularEncoder, ALIAS, declare_encoded, convert_encoder, parser=parse_encoder
)
