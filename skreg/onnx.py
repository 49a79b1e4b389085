"""ONNX: importing this module teaches skl2onnx to convert `RegMLPClassifier`.

It needs skl2onnx (``pip install skreg[onnx]``). The graph has the outputs of every
classifier in skl2onnx, labels and probabilities, and the options of its MLPClassifier:
``zipmap``, ``nocl`` and ``output_class_labels``. It computes in double precision where
the inputs are doubles, else in single precision.

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

from skreg.classifier import RegMLPClassifier

try:
    from skl2onnx import update_registered_converter
    from skl2onnx.algebra.onnx_ops import (
        OnnxArgMax,
        OnnxCast,
        OnnxGather,
        OnnxGemm,
        OnnxGreater,
        OnnxIdentity,
        OnnxRelu,
        OnnxSigmoid,
        OnnxSoftmax,
        OnnxTanh,
    )
    from skl2onnx.common.data_types import (
        Int64TensorType,
        StringTensorType,
        guess_numpy_type,
        guess_proto_type,
    )
    from skl2onnx.common.utils import check_input_and_output_numbers
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
    class_logits = model._fitted_targets().head.class_logits
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
        label_type(shape if model._fitted_targets().multilabel else shape[:1])
    )
    probabilities.type.shape = shape


def _convert(scope, operator, container):
    """Add the nodes of the network to the graph."""
    model = operator.raw_operator
    labels, probabilities = operator.outputs
    dtype = guess_numpy_type(probabilities.type)
    *hidden, last = _layers(model, dtype)

    def node(make, *inputs, output=None, **attributes):
        names = None if output is None else [output]
        opset = container.target_opset
        return make(*inputs, op_version=opset, output_names=names, **attributes)

    if model.activation not in _OPERATORS:
        raise NotImplementedError(
            f"activation={model.activation!r} has no ONNX operator here; there are "
            f"{[*_OPERATORS]}."
        )
    activation = _OPERATORS[model.activation]
    h = node(OnnxCast, operator.inputs[0], to=guess_proto_type(probabilities.type))
    for weights, biases in hidden:
        z = node(OnnxGemm, h, weights, biases)
        h = node(activation, z)
    z = node(OnnxGemm, h, *last)
    p = node(_OPERATORS[model.out_activation_], z, output=probabilities)
    if model._fitted_targets().multilabel:
        likely = node(OnnxGreater, p, np.array([0.5], dtype))
        int64 = guess_proto_type(labels.type)
        predicted = node(OnnxCast, likely, to=int64, output=labels)
    else:
        code = node(OnnxArgMax, p, axis=1, keepdims=0)
        predicted = node(OnnxGather, _onnx_labels(model, scope), code, output=labels)
    predicted.add_to(scope, container)  # and with it all that it is computed from


update_registered_converter(
    RegMLPClassifier,
    "SkregRegMLPClassifier",
    _declare_outputs,
    _convert,
    options={
        "zipmap": [True, False, "columns"],
        "nocl": [True, False],
        "output_class_labels": [False, True],
    },
)
