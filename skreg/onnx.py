"""ONNX: importing this module teaches skl2onnx to convert the estimators of skreg.

It needs skl2onnx (``pip install skreg[onnx]``). The graph of a `RegMLPClassifier` or
`RegMLPClassifierCV` has the outputs of every classifier in skl2onnx, labels and
probabilities, and the options of its MLPClassifier: ``zipmap``, ``nocl`` and
``output_class_labels``. It computes in double precision where the inputs are doubles,
else in single precision.

The graph of a `TabularEncoder` takes the columns of the table as skl2onnx declares
them, for a data frame each as an input of its own: numbers of any type, categories as
text, integers or booleans. A missing number is NaN, a missing category the text
"missing", "None", "nan" or "<NA>".

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
from skreg.committee import RegMLPClassifierCV
from skreg.encoder import TabularEncoder, code_bins

try:
    from skl2onnx import update_registered_converter
    from skl2onnx.algebra.onnx_ops import (
        OnnxArgMax,
        OnnxCast,
        OnnxConcat,
        OnnxDiv,
        OnnxEqual,
        OnnxGather,
        OnnxGemm,
        OnnxGreater,
        OnnxIdentity,
        OnnxIsNaN,
        OnnxLabelEncoder_2,
        OnnxMax,
        OnnxMin,
        OnnxRelu,
        OnnxSigmoid,
        OnnxSoftmax,
        OnnxSub,
        OnnxSum,
        OnnxTanh,
        OnnxWhere,
    )
    from skl2onnx.common.data_types import (
        BooleanTensorType,
        DoubleTensorType,
        FloatTensorType,
        Int64TensorType,
        StringTensorType,
        guess_numpy_type,
        guess_proto_type,
    )
    from skl2onnx.common.utils import check_input_and_output_numbers
    from skl2onnx.proto import onnx_proto
except ImportError as error:
    raise ImportError(
        "skreg.onnx needs skl2onnx. Install it with: pip install skreg[onnx]"
    ) from error

_OPERATORS = {
    "identity": OnnxIdentity,
    "logistic": OnnxSigmoid,
    "tanh": OnnxTanh,
    "relu": OnnxRelu,
    "softmax": OnnxSoftmax,
}


def _onnx_labels(model, scope):
    """Return the label of each class as ONNX has it: a string, else an int64."""
    if scope.get_options(model, {"nocl": False})["nocl"]:
        return np.arange(len(model.classes_), dtype=np.int64)
    is_number = model.classes_.dtype.kind in "biuf"
    return model.classes_.astype(np.int64 if is_number else np.str_)


def _layers(model, dtype):
    """Return the weights and biases of each layer, the last with a logit per class.

    Two classes share one output z, and their logits are ∓z, as in `predict_proba`.
    """
    layers = [list(pair) for pair in zip(model.coefs_, model.intercepts_, strict=True)]
    class_logits = Labels.of_fitted(model).head.class_logits
    layers[-1] = [class_logits(values.T).T for values in layers[-1]]
    return [[values.astype(dtype) for values in layer] for layer in layers]


def _declare_outputs(operator):
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


def _probabilities(model, x, dtype, node):
    """Return the operator of the probabilities of a network, and its input."""
    if model.activation not in _OPERATORS:
        raise NotImplementedError(
            f"activation={model.activation!r} has no ONNX operator here; there are "
            f"{[*_OPERATORS]}."
        )
    *hidden, last = _layers(model, dtype)
    for weights, biases in hidden:
        x = node(_OPERATORS[model.activation], node(OnnxGemm, x, weights, biases))
    return _OPERATORS[model.out_activation_], node(OnnxGemm, x, *last)


def _convert(scope, operator, container):
    """Add the nodes of the network, or of a committee's networks, to the graph."""
    model = operator.raw_operator
    labels, probabilities = operator.outputs
    dtype = guess_numpy_type(probabilities.type)

    def node(make, *inputs, output=None, **attributes):
        names = None if output is None else [output]
        opset = container.target_opset
        return make(*inputs, op_version=opset, output_names=names, **attributes)

    x = node(OnnxCast, operator.inputs[0], to=guess_proto_type(probabilities.type))
    if isinstance(model, RegMLPClassifierCV):
        members = [node(*_probabilities(m, x, dtype, node)) for m in model.members_]
        total, number = node(OnnxSum, *members), np.array([len(members)], dtype)
        p = node(OnnxDiv, total, number, output=probabilities)
    else:
        p = node(*_probabilities(model, x, dtype, node), output=probabilities)
    if Labels.of_fitted(model).multilabel:
        likely = node(OnnxGreater, p, np.array([0.5], dtype))
        int64 = guess_proto_type(labels.type)
        predicted = node(OnnxCast, likely, to=int64, output=labels)
    else:
        code = node(OnnxArgMax, p, axis=1, keepdims=0)
        predicted = node(OnnxGather, _onnx_labels(model, scope), code, output=labels)
    predicted.add_to(scope, container)  # and with it all that it is computed from


for _estimator in (RegMLPClassifier, RegMLPClassifierCV):
    update_registered_converter(
        _estimator,
        f"Skreg{_estimator.__name__}",
        _declare_outputs,
        _convert,
        options={
            "zipmap": [True, False, "columns"],
            "nocl": [True, False],
            "output_class_labels": [False, True],
        },
    )


# The encoder

_DOUBLE = onnx_proto.TensorProto.DOUBLE
_STRING = onnx_proto.TensorProto.STRING
_MISSING_TEXTS = "None", "nan", "<NA>"  # what runtimes make of missing objects


def _declare_encoded(operator):
    """Set the type and shape of the encoded table."""
    encoder = operator.raw_operator
    tensor = DoubleTensorType if encoder.dtype == np.float64 else FloatTensorType
    n_rows = operator.inputs[0].get_first_dimension()
    n_columns = len(encoder.get_feature_names_out())
    operator.outputs[0].set_type(tensor([n_rows, n_columns]))


def _indicators(one_hot, j):
    """Return the indicator of each category of a column, that of others, their number.

    Others have none, -1, if no category is rare.
    """
    rare = one_hot.infrequent_categories_[j]
    rare = set() if rare is None else set(rare)
    frequent = [c for c in one_hot.categories_[j] if c not in rare]
    others = len(frequent) if rare else -1
    indicators = {category: i for i, category in enumerate(frequent)}
    indicators |= dict.fromkeys(rare, others)
    for text in _MISSING_TEXTS:
        indicators.setdefault(text, indicators.get("missing", others))
    return indicators, others, len(frequent) + bool(rare)


def _encode_numbers(encoder, x, node):
    """Return the standardised numbers, the indicators of missing ones and the code."""

    def between(values, low, high):
        return node(OnnxMin, node(OnnxMax, values, low), high)

    low, high = (np.array([edges[i] for edges in encoder.bin_edges_]) for i in (0, -1))
    missing = node(OnnxIsNaN, x)
    x = between(node(OnnxWhere, missing, encoder.medians_, x), low, high)
    parts = [node(OnnxDiv, node(OnnxSub, x, encoder.means_), encoder.scales_)]
    if encoder.has_missing_.any():
        where = np.flatnonzero(encoder.has_missing_)
        indicators = node(OnnxGather, missing, where, axis=1)
        parts.append(node(OnnxCast, indicators, to=_DOUBLE))
    column, left, width = code_bins(encoder.bin_edges_)
    if len(column):
        distance = node(OnnxSub, node(OnnxGather, x, column, axis=1), left)
        code = node(OnnxDiv, distance, width)
        parts.append(between(code, np.array([0.0]), np.array([1.0])))
    return parts


def _encode_categories(one_hot, j, text, node):
    """Return the indicators of the categories of a column."""
    indicators, others, n_indicators = _indicators(one_hot, j)
    indicator = OnnxLabelEncoder_2(
        text,
        keys_strings=list(indicators),
        values_int64s=list(indicators.values()),
        default_int64=others,
        op_version=2,
    )
    is_on = node(OnnxEqual, indicator, np.arange(n_indicators))
    return node(OnnxCast, is_on, to=_DOUBLE)


def _as_text(x, kind, node):
    """Return categories of a type of input as text."""
    if isinstance(kind, StringTensorType):
        return x
    if isinstance(kind, BooleanTensorType):
        return node(OnnxWhere, x, np.array(["True"]), np.array(["False"]))
    if isinstance(kind, FloatTensorType | DoubleTensorType):
        raise TypeError(
            "A column of categories is declared as one of floats. Declare it as text "
            "(StringTensorType), integers (Int64TensorType) or booleans."
        )
    return node(OnnxCast, x, to=_STRING)


def _convert_encoder(scope, operator, container):
    """Add the nodes of the encoder to the graph."""
    encoder = operator.raw_operator

    def node(make, *inputs, **attributes):
        return make(*inputs, op_version=container.target_opset, **attributes)

    numbers, texts, n_columns = [], [], 0
    for variable in operator.inputs:
        n_more = variable.type.shape[1]
        categorical = encoder.is_categorical_[n_columns : n_columns + n_more]
        n_columns += n_more
        if not categorical.all():
            numeric = node(OnnxGather, variable, np.flatnonzero(~categorical), axis=1)
            numbers.append(node(OnnxCast, numeric, to=_DOUBLE))
        for position in np.flatnonzero(categorical):
            category = node(OnnxGather, variable, np.array([position]), axis=1)
            texts.append(_as_text(category, variable.type, node))
    if n_columns != encoder.n_features_in_:
        raise ValueError(
            f"The inputs of the graph have {n_columns} columns, and TabularEncoder was "
            f"fitted on {encoder.n_features_in_}. Declare each column as an input, or "
            "all of them as one."
        )
    parts = []
    if numbers:
        parts = _encode_numbers(encoder, node(OnnxConcat, *numbers, axis=1), node)
    parts += [
        _encode_categories(encoder.one_hot_, j, text, node)
        for j, text in enumerate(texts)
    ]
    (encoded,) = operator.outputs
    table = node(OnnxConcat, *parts, axis=1)
    table = node(
        OnnxCast, table, to=guess_proto_type(encoded.type), output_names=[encoded]
    )
    table.add_to(scope, container)  # and with it all that it is computed from


update_registered_converter(
    TabularEncoder, "SkregTabularEncoder", _declare_encoded, _convert_encoder
)
