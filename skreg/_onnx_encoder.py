"""The graph of a `TabularEncoder`."""

import numpy as np
from skl2onnx.algebra.onnx_ops import (
    OnnxAbs,
    OnnxCast,
    OnnxConcat,
    OnnxDiv,
    OnnxEqual,
    OnnxGather,
    OnnxIsNaN,
    OnnxLabelEncoder_2,
    OnnxLessOrEqual,
    OnnxMax,
    OnnxMin,
    OnnxSub,
    OnnxWhere,
)
from skl2onnx.common.data_types import (
    BooleanTensorType,
    DoubleTensorType,
    FloatTensorType,
    StringTensorType,
    guess_proto_type,
)
from skl2onnx.proto import onnx_proto

from skreg._inputs.bins import code_bins, flattened
from skreg._inputs.columns import are_booleans, rare_categories

_DOUBLE = onnx_proto.TensorProto.DOUBLE
_STRING = onnx_proto.TensorProto.STRING
_MISSING_TEXTS = "None", "nan", "<NA>"  # missing objects, as runtimes turn them to text


ALIAS = "SkregTabularEncoder"
"""The name of the operator."""


def parse_encoder(scope, encoder, inputs, custom_parsers=None):
    """Return the output, of the encoder's dtype; by default it has that of an input."""
    operator = scope.declare_local_operator(ALIAS, encoder)
    operator.inputs = inputs
    tensor = DoubleTensorType if encoder.dtype == np.float64 else FloatTensorType
    shape = [None, len(encoder.get_feature_names_out())]
    operator.outputs.append(scope.declare_local_variable("variable", tensor(shape)))
    return operator.outputs


def declare_encoded(operator):
    """Set the number of rows of the encoded table."""
    n_rows = operator.inputs[0].get_first_dimension()
    operator.outputs[0].type.shape[0] = n_rows


def _indicators(one_hot, j):
    """Return the index of each category's indicator, that of others, and their number.

    Other categories have no indicator, -1, if none was rare.
    """
    rare = rare_categories(one_hot)[j]
    frequent = [c for c in one_hot.categories_[j] if c not in rare]
    others = len(frequent) if rare else -1
    indicators = {category: i for i, category in enumerate(frequent)}
    indicators |= dict.fromkeys(rare, others)
    if are_booleans(one_hot.categories_[j]):
        indicators["0"] = indicators.get("False", others)
        indicators["1"] = indicators.get("True", others)
    for text in _MISSING_TEXTS:
        indicators.setdefault(text, indicators.get("missing", others))
    return indicators, others, len(frequent) + bool(rare)


def _encode_numbers(encoder, x, node):
    """Return the parts of the table that come from numbers."""

    def between(values, low, high):
        return node(OnnxMin, node(OnnxMax, values, low), high)

    low, high = (np.array([edges[i] for edges in encoder.bin_edges_]) for i in (0, -1))
    missing = node(OnnxIsNaN, x)
    filled = node(OnnxWhere, missing, encoder.medians_, x)
    x = between(filled, low, high)
    parts = [node(OnnxDiv, node(OnnxSub, x, encoder.means_), encoder.scales_)]
    if encoder.has_missing_.any():
        where = np.flatnonzero(encoder.has_missing_)
        indicators = node(OnnxGather, missing, where, axis=1)
        parts.append(node(OnnxCast, indicators, to=_DOUBLE))
    column, left, width = code_bins(encoder.bin_edges_)
    if len(column):
        distance = node(OnnxSub, node(OnnxGather, x, column, axis=1), left)
        code = node(OnnxDiv, distance, width)
        code = between(code, np.array([0.0]), np.array([1.0]))
        parts.append(node(OnnxSub, code, encoder.code_means_))
    column, value, tolerance = flattened(
        encoder.frequent_values_, encoder.frequent_tolerances_
    )
    if len(column):
        difference = node(OnnxSub, node(OnnxGather, filled, column, axis=1), value)
        is_value = node(OnnxLessOrEqual, node(OnnxAbs, difference), tolerance)
        parts.append(node(OnnxCast, is_value, to=_DOUBLE))
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


def _as_text(x, kind, known, node):
    """Return categories, whatever their type of input, as text like the known ones."""
    if isinstance(kind, StringTensorType):
        return x
    if isinstance(kind, BooleanTensorType):
        return node(OnnxWhere, x, np.array(["True"]), np.array(["False"]))
    is_float = isinstance(kind, FloatTensorType | DoubleTensorType)
    others = [t for t in known if t != "missing" and not t.lstrip("-").isdecimal()]
    if is_float or others:
        example = next(iter(others or known))
        raise TypeError(
            f"A column of categories such as {example!r} is declared as one of "
            f"{'floats' if is_float else 'integers'}. Declare it in initial_types: as "
            "text (StringTensorType), integers (Int64TensorType) or booleans."
        )
    return node(OnnxCast, x, to=_STRING)


def node_maker(container):
    """Return a function that makes a node and can name its output."""

    def node(make, *inputs, output=None, **attributes):
        names = None if output is None else [output]
        opset = container.target_opset
        return make(*inputs, op_version=opset, output_names=names, **attributes)

    return node


def _columns(variables):
    """Yield the inputs as declared: each has its own type.

    skl2onnx joins the inputs of a step of a ColumnTransformer into one tensor, which
    turns True to "1" next to text, and rounds large integers next to floats.
    """
    for variable in variables:
        joined = [o for o in variable.operators_outputs_ if o.type == "SklearnConcat"]
        if joined:
            yield from _columns(joined[0].inputs)
        else:
            yield variable


def convert_encoder(scope, operator, container):
    """Add the nodes of the encoder to the graph."""
    encoder, node = operator.raw_operator, node_maker(container)
    numbers, n_columns = [], 0
    texts: list = []
    variables = [*_columns(operator.inputs)]
    for variable in variables:
        n_more = variable.type.shape[1]
        categorical = encoder.is_categorical_[n_columns : n_columns + n_more]
        n_columns += n_more
        if not categorical.all():
            numeric = node(OnnxGather, variable, np.flatnonzero(~categorical), axis=1)
            numbers.append(node(OnnxCast, numeric, to=_DOUBLE))
        for position in np.flatnonzero(categorical):
            category = node(OnnxGather, variable, np.array([position]), axis=1)
            known = encoder.one_hot_.categories_[len(texts)]
            texts.append(_as_text(category, variable.type, known, node))
    if n_columns != encoder.n_features_in_:
        raise ValueError(
            f"The inputs of the graph have {n_columns} columns, and TabularEncoder was "
            f"fitted on {encoder.n_features_in_}. Declare each column as an input, or "
            "all of them as one."
        )
    names = [variable.raw_name for variable in variables]
    known = list(getattr(encoder, "feature_names_in_", names))
    if names != known and {*names} == {*known}:
        raise ValueError(
            f"The inputs of the graph are {names}, and TabularEncoder was fitted on "
            f"{known}. Declare them in this order."
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
    kind = guess_proto_type(encoded.type)
    table = node(OnnxCast, table, to=kind, output=encoded)
    table.add_to(scope, container)  # along with all nodes that it depends on
