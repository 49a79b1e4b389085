"""ONNX: importing this module teaches skl2onnx to convert `RegMLPClassifier`.

It needs skl2onnx (``pip install skreg[onnx]``), and is imported on request only. The
graph has the two outputs of every classifier of skl2onnx, labels and probabilities, and
the same options: ``zipmap``, ``nocl`` and ``output_class_labels``. It computes in double
precision for double inputs, and in single precision for all others.

Examples
--------
>>> import numpy as np
>>> import skreg.onnx
>>> from skl2onnx import to_onnx
>>> from sklearn.datasets import load_iris
>>> from sklearn.pipeline import make_pipeline
>>> from sklearn.preprocessing import StandardScaler
>>> X, y = load_iris(return_X_y=True)
>>> mlp = skreg.RegMLPClassifier(solver="lbfgs", random_state=0)
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
    )
except ImportError as error:
    raise ImportError(
        "skreg.onnx needs skl2onnx. Install it with `pip install skreg[onnx]`."
    ) from error

_ACTIVATIONS = {
    "identity": OnnxIdentity,
    "logistic": OnnxSigmoid,
    "tanh": OnnxTanh,
    "relu": OnnxRelu,
}
_OUT_ACTIVATIONS = {"logistic": OnnxSigmoid, "softmax": OnnxSoftmax}


def _is_multilabel(model):
    return model.n_outputs_ > 1 and model.out_activation_ == "logistic"


def _labels(model, scope):
    """Return the labels as ONNX has them: strings, or int64 for all else."""
    if scope.get_options(model, {"nocl": False})["nocl"]:
        return np.arange(len(model.classes_), dtype=np.int64)
    is_number = model.classes_.dtype.kind in "biuf"
    return model.classes_.astype(np.int64 if is_number else np.str_)


def _declare_outputs(operator):
    """Set the types and shapes of the labels and the probabilities."""
    model = operator.raw_operator
    labels, probabilities = operator.outputs
    n_rows = operator.inputs[0].get_first_dimension()
    shape = [n_rows, len(model.classes_)]
    is_number = _labels(model, operator.scope_inst).dtype == np.int64
    label_type = Int64TensorType if is_number else StringTensorType
    labels.set_type(label_type(shape if _is_multilabel(model) else [n_rows]))
    probabilities.type.shape = shape


def _layers(model):
    """Return weights and biases of each layer, with a logit for each class at the end.

    Two classes have the logits ∓z of their one output z, as in `predict_proba`: so the
    smaller probability loses no digits to 1 - p.
    """
    layers = list(zip(model.coefs_, model.intercepts_, strict=True))
    if model.n_outputs_ == 1:
        layers[-1] = tuple(np.hstack([-values, values]) for values in layers[-1])
    return layers


def _convert(scope, operator, container):
    """Add the nodes of the network to the graph."""
    model = operator.raw_operator
    labels, probabilities = operator.outputs
    dtype = guess_numpy_type(probabilities.type)
    version = {"op_version": container.target_opset}

    h = OnnxCast(operator.inputs[0], to=np_dtype_to_tensor_dtype(dtype), **version)
    ...


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
