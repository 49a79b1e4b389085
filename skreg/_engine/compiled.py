"""Training as machine code, by numba: the equations of the NumPy engine.

`run_block` trains on a block of mini-batches or evaluates it, and does not hold the
interpreter's lock. All matrices lie row by row.

All compiled code is in this module: numba reuses code on disk as long as its source
file is unchanged, even if other files change. It looks up the classes of the arguments
by name, so after renaming one, delete ``*.nbi`` in ``__pycache__``.
"""

from math import factorial, log
from typing import NamedTuple

import numpy as np

try:
    from numba import njit, types
    from numba.core import cgutils
    from numba.extending import get_cython_function_address, intrinsic
except ImportError as error:
    raise ImportError(
        "engine='numba' needs numba. Install it with: pip install 'skreg[numba]'; or "
        "leave engine at 'numpy'."
    ) from error

GEMM = {
    size: get_cython_function_address("scipy.linalg.cython_blas", name)
    for size, name in [(4, "sgemm"), (8, "dgemm")]
}
_N, _T = ord("N"), ord("T")

_TAYLOR = tuple(1 / factorial(k) for k in range(13, 1, -1))
"""Coefficients of (exp(r) - 1 - r) / r²."""
_LOG_2 = 0.693145751953125  # has so few digits that its multiples are exact
_LOG_2_REST = 1.4286068203094172e-06

IDENTITY, LOGISTIC, TANH, RELU = range(4)
SIGMOID, SOFTMAX, CLIPPED, ABSOLUTE, QUANTILE, EXP = range(6)
HEAVY_BALL, NESTEROV, ADAM = range(3)


class Net(NamedTuple):
    """A network and its dropout; only ``sizes`` has an entry for the outputs."""

    gemm: int
    """Address of the matrix product."""
    sizes: np.ndarray
    """Units of each level, from the inputs to the outputs."""
    activation: int
    head: int
    head_number: float
    """The error where the slope is clipped, if it is, or the quantile."""
    keep_probs: np.ndarray
    thresholds: np.ndarray
    """Of each level; random bits below it keep a unit."""
    input_scales: np.ndarray
    """For each layer, a factor on its inputs, besides masks."""
    one_mask: bool
    """Whether all rows of a mini-batch have the same mask."""
    scaled: bool
    """Whether there are factors of features."""
    places: np.ndarray
    """Where the weights and the biases of each layer begin among the parameters, and
    its outputs in a row of all outputs."""


class Rule(NamedTuple):
    """An optimizer and the penalties."""

    optimizer: int
    momentum: float
    beta_2: float
    epsilon: float
    scale: float
    """Factor of the gradient."""
    carry: float
    """Factor of the gradient before."""
    scale_rate: float
    """Factor of the learning rate for the factors of features."""
    tiny: float
    """The size below which an average becomes 0."""
    alphas: np.ndarray
    """Of each layer."""


class BlockData(NamedTuple):
    """A block of mini-batches; an array that is not needed has length 0."""

    x: np.ndarray
    values: np.ndarray
    """With the next two, the features as a CSR matrix."""
    columns: np.ndarray
    starts: np.ndarray
    y: np.ndarray
    """Targets, of shape (n_outputs, n_rows)."""
    weights: np.ndarray
    bits: np.ndarray
    """16 random bits for each unit that a mask may drop."""


class Buffers(NamedTuple):
    """Memory for a mini-batch."""

    h: np.ndarray
    """Outputs of each layer, masked."""
    deltas: np.ndarray
    """The gradient with respect to them."""
    gradient: np.ndarray
    position: np.ndarray
    """The index of each feature among the kept ones; -1 if it is not kept."""
    kept: np.ndarray
    """Indices of the kept units, by level."""
    kept_vectors: np.ndarray
    """The parameters between kept units, and the averages."""
    products: np.ndarray
    """The first weights times the factors of features, and their gradient."""


def _compiled(function):
    """Compile a function when it is called, and keep the code on disk if possible."""
    options: dict = {
        "nogil": True,
        "error_model": "numpy",
        "fastmath": {"contract", "reassoc"},
    }
    try:
        return njit(function, cache=True, **options)
    except RuntimeError:  # no folder is writable
        return njit(function, **options)


@intrinsic
def _call_gemm(
    context, gemm, trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc
):
    """Call the gemm at an address; BLAS takes its arguments by reference.

    SciPy may be built for sizes of 32 or of 64 bits. Where the low half comes first, as
    on all machines that numba runs on, a reference to 64 bits serves both.
    """
    flag, size, number = types.int8, types.int64, c.dtype
    matrices = number, a, size, b, size, number, c, size
    signature = types.void(types.intp, flag, flag, size, size, size, *matrices)

    def generate(context, builder, signature, arguments):
        pointer = context.get_value_type(types.voidptr)
        pointers = []
        for kind, value in zip(signature.args[1:], arguments[1:], strict=True):
            if isinstance(kind, types.Array):
                address = context.make_array(kind)(context, builder, value).data
            else:
                address = cgutils.alloca_once_value(builder, value)
            pointers.append(builder.bitcast(address, pointer))
        kind = cgutils.ir.FunctionType(cgutils.ir.VoidType(), [pointer] * len(pointers))
        builder.call(builder.inttoptr(arguments[0], kind.as_pointer()), pointers)
        return context.get_dummy_value()

    return signature, generate


@_compiled
def _scale(out, carry):
    """Out ← carry · out; 0 if the factor is 0, whatever out was."""
    for i in range(len(out)):
        out[i] = carry * out[i] if carry else carry


@_compiled
def _multiply(gemm, a, transpose_a, b, transpose_b, out, scale, carry):
    """Out ← carry · out + scale · a b."""
    (n_rows, n_columns), n_inner = out.shape, a.shape[0] if transpose_a else a.shape[1]
    if n_rows > 1 and n_inner > 1:
        # BLAS takes a matrix that lies row by row for its transpose: outᵀ = bᵀ aᵀ.
        _call_gemm(
            gemm, _T if transpose_b else _N, _T if transpose_a else _N,
            n_columns, n_rows, n_inner, scale, b, max(1, b.shape[1]),
            a, max(1, a.shape[1]), carry, out, max(1, n_columns),
        )  # fmt: skip
        return
    # For vectors, gemm would spend more on copies than on the product.
    a, b, zero = a.reshape(a.size), b.reshape(b.size), out.dtype.type(0)
    _scale(out.reshape(out.size), carry)
    for i in range(n_rows):
        if transpose_b and n_inner > 1:
            for j in range(n_columns):
                total = zero
                for k in range(n_inner):
                    total += a[k] * b[j * n_inner + k]
                out[i, j] += scale * total
        else:
            for k in range(n_inner):
                factor = scale * a[i * n_inner + k]
                for j in range(n_columns):
                    out[i, j] += factor * b[k * n_columns + j]


@_compiled
def _matrix(vector, start, n_rows, n_columns):
    return vector[start : start + n_rows * n_columns].reshape(n_rows, n_columns)


@_compiled
def _tanh(z):
    """Z ← tanh(z) = e / (e + 2) with e = exp(2z) - 1, in loops over vectors."""
    number = z.dtype.type
    one, two, half, most = number(1), number(2), number(0.5), number(44)
    per_log_2, log_2, rest = number(1 / log(2)), number(_LOG_2), number(_LOG_2_REST)
    for i in range(len(z)):
        # 2 |z| = k log 2 + r; beyond 44 tanh is 1 in both precisions.
        x = min(two * abs(z[i]), most)
        k = np.floor(x * per_log_2 + half)
        r = x - k * log_2 - k * rest
        e = number(_TAYLOR[0])
        for c in range(1, len(_TAYLOR)):
            e = e * r + number(_TAYLOR[c])
        e = e * r * r + r
        if z.itemsize == 4:
            power = number(np.int32((np.int64(k) + 127) << 23).view(np.float32))
        else:
            power = number(np.int64((np.int64(k) + 1023) << 52).view(np.float64))
        e = power * e + (power - one)
        z[i] = e / (e + two) if z[i] >= 0 else -e / (e + two)


@_compiled
def _activate(activation, z, b):
    """Z ← f(z + b)."""
    number = z.dtype.type
    zero, half, one = number(0), number(0.5), number(1)
    for i in range(z.shape[0]):
        row = z[i]
        if activation == RELU:
            for j in range(len(row)):
                row[j] = max(row[j] + b[j], zero)
            continue
        factor = half if activation == LOGISTIC else one
        for j in range(len(row)):
            row[j] = factor * (row[j] + b[j])
        if activation in (TANH, LOGISTIC):
            _tanh(row)
        if activation == LOGISTIC:  # (1 + tanh(z / 2)) / 2
            for j in range(len(row)):
                row[j] = half + half * row[j]


@_compiled
def _multiply_slope(activation, h, keep_prob, delta):
    """δ ← δ ⊙ f'(z), from h = f(z) / keep_prob."""
    zero, one = h.dtype.type(0), h.dtype.type(1)
    h, delta = h.reshape(h.size), delta.reshape(h.size)
    if activation == RELU:
        for i in range(len(h)):
            delta[i] = delta[i] if h[i] > zero else zero
    elif activation == TANH:
        for i in range(len(h)):
            f = keep_prob * h[i]
            delta[i] *= one - f * f
    elif activation == LOGISTIC:
        for i in range(len(h)):
            f = keep_prob * h[i]
            delta[i] *= f * (one - f)


@_compiled
def _mask(net, rows, level, first, out):
    """Out ← out ⊙ m, with the masks m of a level for the rows from ``first`` on.

    Their entries are 0 and 1 / keep_prob. If that is 1, nothing happens.
    """
    zero, one = out.dtype.type(0), out.dtype.type(1)
    keep_prob, threshold = net.keep_probs[level], net.thresholds[level]
    if keep_prob == one:
        return
    start = first * net.sizes[level]
    for k in range(1, level):
        if net.keep_probs[k] < 1:
            start += 4 * ((rows.y.shape[1] * net.sizes[k] + 3) // 4)
    out, bits, factor = out.reshape(out.size), rows.bits[start:], one / keep_prob
    for i in range(len(out)):
        out[i] = factor * out[i] if bits[i] < threshold else zero


@_compiled
def _write_slopes(net, rows, first, z, out):
    """Out ← s_i ∂ℓ/∂z, for the rows from ``first`` on."""
    number, head, (n_rows, n_outputs) = z.dtype.type, net.head, z.shape
    one, half, parameter = number(1), number(0.5), number(net.head_number)
    share = one if head in (SIGMOID, SOFTMAX) else one / number(n_outputs)
    for i in range(n_rows):
        weight = share * rows.weights[first + i] if len(rows.weights) else share
        all_exps, largest = number(0), z[i, 0]
        if head == SOFTMAX:
            for k in range(1, n_outputs):
                largest = max(largest, z[i, k])
            for k in range(n_outputs):
                out[i, k] = np.exp(z[i, k] - largest)
                all_exps += out[i, k]
        for k in range(n_outputs):
            output, target = z[i, k], rows.y[k, first + i]
            error = output - target
            if head == SOFTMAX:
                slope = out[i, k] / all_exps - target
            elif head == SIGMOID:
                e = np.exp(-abs(output))
                slope = (one if output >= 0 else e) / (one + e) - target
            elif head == CLIPPED:
                slope = min(max(error, -parameter), parameter)
            elif head == ABSOLUTE:
                slope = np.sign(error)
            elif head == QUANTILE:
                slope = half * np.sign(error) + half - parameter
            else:
                slope = np.exp(output) - target
            out[i, k] = weight * slope


@_compiled
def _multiply_sparse(rows, first, buffers, transpose, b, out, scale, carry):
    """As `_multiply`, with a = x or xᵀ, the sparse rows from ``first`` on."""
    _scale(out.reshape(out.size), carry)
    for i in range(len(b) if transpose else len(out)):
        for k in range(rows.starts[first + i], rows.starts[first + i + 1]):
            j = buffers.position[rows.columns[k]]
            factor = scale * rows.values[k]
            if j >= 0:
                source, target = (b[i], out[j]) if transpose else (b[j], out[i])
                for unit in range(len(target)):
                    target[unit] += factor * source[unit]


@_compiled
def lay_out(net):
    """Write the places of a network, by its sizes."""
    start, n_units, sizes, places = 0, 0, net.sizes, net.places
    for k in range(len(places)):
        places[k, 0], places[k, 2] = start, n_units
        start += sizes[k] * sizes[k + 1] + (sizes[0] if net.scaled and k == 0 else 0)
        n_units += sizes[k + 1]
    places[:, 1] = start + places[:, 2]


@_compiled
def _layer(net, vector, k):
    """Return the weights, the biases and the factors of features of a layer."""
    start, bias = net.places[k, 0], net.places[k, 1]
    n_in, n_out = net.sizes[k], net.sizes[k + 1]
    end = start + n_in * n_out
    W = vector[start:end].reshape(n_in, n_out)
    return W, vector[bias : bias + n_out], vector[end : end + n_in]


@_compiled
def _units(net, vector, k, n_rows):
    """Return the part of a buffer for the outputs of a layer."""
    return _matrix(vector, n_rows * net.places[k, 2], n_rows, net.sizes[k + 1])


@_compiled
def _multiply_rows(W, s, memory):
    """Return diag(s) W, in memory."""
    n_in, n_out = W.shape
    S = _matrix(memory, 0, n_in, n_out)
    for i in range(n_in):
        for k in range(n_out):
            S[i, k] = s[i] * W[i, k]
    return S


@_compiled
def _add_factors(W, s, dS, dW, ds, carry):
    """Accumulate the gradients with respect to W and s, from that for S = diag(s) W."""
    _scale(dW.reshape(dW.size), carry)
    _scale(ds, carry)
    for i in range(len(s)):
        total = ds[i]
        for k in range(W.shape[1]):
            total += W[i, k] * dS[i, k]
            dW[i, k] += s[i] * dS[i, k]
        ds[i] = total


@_compiled
def _forward(net, rows, first, x, w, outputs, buffers):
    """Write the outputs of each layer, masked; those of the last into ``outputs``."""
    n_rows, n_layers, zero = x.shape[0], len(net.sizes) - 1, w.dtype.type(0)
    below = x
    for k in range(n_layers):
        W, b, s = _layer(net, w, k)
        last, x_scale = k == n_layers - 1, net.input_scales[k]
        z = outputs if last else _units(net, buffers.h, k, n_rows)
        if k == 0 and net.scaled:
            W = _multiply_rows(W, s, buffers.products[0])
        if k == 0 and len(rows.starts):
            _multiply_sparse(rows, first, buffers, False, W, z, x_scale, zero)
        else:
            _multiply(net.gemm, below, False, W, False, z, x_scale, zero)
        _activate(IDENTITY if last else net.activation, z, b)
        if not last:
            _mask(net, rows, k + 1, first, z)
        below = z


@_compiled
def _backward(net, rows, first, x, w, g, scale, carry, buffers):
    """Accumulate the gradient, from what `_write_slopes` wrote."""
    n_rows, zero = x.shape[0], w.dtype.type(0)
    for k in range(len(net.sizes) - 2, -1, -1):
        W, _, s = _layer(net, w, k)
        dW, db, ds = _layer(net, g, k)
        delta = _units(net, buffers.deltas, k, n_rows)
        x_scale, scaled = net.input_scales[k], k == 0 and net.scaled
        factor = scale * x_scale
        dS, keep = dW, carry
        if scaled:
            dS, keep = _matrix(buffers.products[1], 0, *W.shape), zero
        _add_sum_of_rows(delta, db, scale, carry)
        h = x if k == 0 else _units(net, buffers.h, k - 1, n_rows)
        if k == 0 and len(rows.starts):
            _multiply_sparse(rows, first, buffers, True, delta, dS, factor, keep)
        else:
            _multiply(net.gemm, h, True, delta, False, dS, factor, keep)
        if scaled:
            _add_factors(W, s, dS, dW, ds, carry)
        if k > 0:
            below = _units(net, buffers.deltas, k - 1, n_rows)
            _multiply(net.gemm, delta, False, W, True, below, x_scale, zero)
            _mask(net, rows, k, first, below)
            _multiply_slope(net.activation, h, net.keep_probs[k], below)


@_compiled
def _add_sum_of_rows(delta, out, scale, carry):
    """Out ← carry · out + scale · 1ᵀ δ."""
    _scale(out, carry)
    for i in range(delta.shape[0]):
        for j in range(len(out)):
            out[j] += scale * delta[i, j]


@_compiled
def _step(net, rule, rate, n_steps, vectors, g):
    """Take an optimizer's step, part by part, in one pass over memory."""
    for k in range(len(net.sizes) - 1):
        start, alpha = net.places[k, 0], rule.alphas[k]
        end = start + net.sizes[k] * net.sizes[k + 1]
        _move(rule, alpha, rate, n_steps, vectors, g, start, end)
        if k == 0 and net.scaled:
            faster = rate * rule.scale_rate
            _move(rule, alpha, faster, n_steps, vectors, g, end, end + net.sizes[0])
    _move(rule, g.dtype.type(0), rate, n_steps, vectors, g, net.places[0, 1], len(g))


@_compiled
def _move(rule, alpha, rate, n_steps, vectors, g, start, end):
    """Take the step of one part; averages that are nearly subnormal become 0."""
    w, v, s = vectors[0, start:end], vectors[1, start:end], vectors[-1, start:end]
    g = g[start:end]
    number, momentum, beta_2 = w.dtype.type, rule.momentum, rule.beta_2
    beta, decay = number(momentum), number(rule.scale) * alpha
    tiny, zero, eta = number(rule.tiny), number(0), number(rate)
    if rule.optimizer == HEAVY_BALL:  # the gradient is accumulated in v
        for i in range(len(w)):
            average = v[i] + decay * w[i]
            v[i] = average if abs(average) > tiny else zero
            w[i] -= eta * v[i]
    elif rule.optimizer == NESTEROV:
        for i in range(len(w)):
            total = g[i] + decay * w[i]
            average = beta * v[i] + total
            v[i] = average if abs(average) > tiny else zero
            w[i] -= eta * (beta * v[i] + total)
    else:
        unbias = (1 - beta_2**n_steps) ** 0.5
        eta = number(rate * unbias / (1 - momentum**n_steps))
        epsilon = max(number(rule.epsilon * unbias), tiny)
        rest = number(1 - momentum)
        beta_s, rest_s = number(beta_2), number(1 - beta_2)
        for i in range(len(w)):
            total = g[i] + decay * w[i]
            m = beta * v[i] + rest * total
            square = beta_s * s[i] + rest_s * total * total
            v[i] = m if abs(m) > tiny else zero
            s[i] = square if square > tiny else zero
            w[i] -= eta * v[i] / (np.sqrt(s[i]) + epsilon)


@_compiled
def _choose_units(net, bits, kept_net, buffers):
    """Write which units one mask keeps, and their network; return the bits used."""
    used = 0
    for level in range(len(net.sizes) - 1):
        if net.keep_probs[level] < 1:
            n = 0
            for unit in range(net.sizes[level]):
                keeps = bits[used + unit] < net.thresholds[level]
                if level == 0:
                    buffers.position[unit] = n if keeps else -1
                if keeps:
                    buffers.kept[level, n] = unit
                    n += 1
            kept_net.sizes[level] = n
            used += 4 * ((net.sizes[level] + 3) // 4)
    lay_out(kept_net)
    return used


@_compiled
def _copy_units(whole, units, sub, back):
    """Copy some entries of a row of parameters, out or back."""
    for j in range(len(units)):
        if back:
            whole[units[j]] = sub[j]
        else:
            sub[j] = whole[units[j]]


@_compiled
def _copy_kept(net, kept_net, vectors, kept, out, back):
    """Copy the parameters between kept units and their averages, out or back."""
    for v in range(len(vectors)):
        for k in range(len(net.sizes) - 1):
            W, b, s = _layer(net, vectors[v], k)
            sub_W, sub_b, sub_s = _layer(kept_net, out[v], k)
            below = kept[k, : kept_net.sizes[k]]
            units = kept[k + 1, : kept_net.sizes[k + 1]]
            for i in range(len(below)):
                _copy_units(W[below[i]], units, sub_W[i], back)
            _copy_units(b, units, sub_b, back)
            if k == 0 and net.scaled:
                _copy_units(s, below, sub_s, back)


@_compiled
def run_block(
    nets, rule, rows, learns, batch_size, rate, n_steps, vectors, outputs, buffers
):
    """Write the outputs of each mini-batch; if it ``learns``, take a step after each.

    The second of the ``nets`` is the first, or with one mask the network of the kept
    units, whose sizes and places are written here. The outputs have shape (n_rows,
    n_outputs). Return the number of steps so far.
    """
    n_rows, number, bit = rows.y.shape[1], vectors.dtype.type, 0
    (net, kept_net), sub = nets, vectors
    for first in range(0, n_rows, batch_size):
        x = rows.x[first : min(first + batch_size, n_rows)]
        if net.one_mask:
            bit += _choose_units(net, rows.bits[bit:], kept_net, buffers)
            n_kept = kept_net.places[-1, 1] + kept_net.sizes[-1]
            sub = _matrix(buffers.kept_vectors, 0, len(vectors), n_kept)
            _copy_kept(net, kept_net, vectors, buffers.kept, sub, False)
            if net.keep_probs[0] < 1 and not len(rows.starts):
                x = x[:, buffers.kept[0, : kept_net.sizes[0]]]
        z = outputs[first : first + len(x)]
        _forward(kept_net, rows, first, x, sub[0], z, buffers)
        if not learns:
            continue
        delta = _units(kept_net, buffers.deltas, len(net.sizes) - 2, len(x))
        _write_slopes(net, rows, first, z, delta)
        g = sub[1] if rule.optimizer == HEAVY_BALL else buffers.gradient[: sub.shape[1]]
        scale, carry = number(rule.scale / len(x)), number(rule.carry)
        _backward(kept_net, rows, first, x, sub[0], g, scale, carry, buffers)
        n_steps += 1
        _step(kept_net, rule, rate, n_steps, sub, g)
        if net.one_mask:
            _copy_kept(net, kept_net, vectors, buffers.kept, sub, True)
    return n_steps
