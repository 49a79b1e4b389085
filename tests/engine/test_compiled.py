"""The pieces of the compiled engine by themselves."""

import ctypes
import re
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("numba")

from helpers import HEADS, make_network, make_optimizers, random_data, start_engine
from numba import njit

from skreg._engine import compiled, numba_engine
from skreg._engine.activations import ACTIVATIONS

every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def test_it_has_whatever_the_numpy_engine_has():
    optimizers = {type(kind) for kind in make_optimizers().values()}
    assert set(numba_engine.CODES) == {*ACTIVATIONS, *HEADS.values(), *optimizers}


@pytest.mark.usefixtures("of_z")
def test_an_activation_that_is_not_compiled_is_refused():
    network = make_network(activation="of_z")
    with pytest.raises(NotImplementedError, match="engine='numba' has no 'of_z'"):
        start_engine(network, random_data(network), engine="numba")


def test_parameters_that_are_not_compiled_are_refused(monkeypatch):
    network = make_network()
    names = [*network.block_names, "shifts"]
    monkeypatch.setattr(type(network), "block_names", names)
    with pytest.raises(NotImplementedError, match="has no 'shifts'"):
        start_engine(network, random_data(network), engine="numba")


@every_dtype
def test_tanh_is_exact_to_three_units_in_the_last_place(dtype):
    z = np.concatenate([np.linspace(-50, 50, 100_001), np.geomspace(1e-30, 1, 1000)])
    z = z.astype(dtype)
    expected = np.tanh(z.astype(np.longdouble))
    compiled._tanh(z)
    assert (np.abs(z - expected) <= 3 * np.spacing(np.abs(z))).all()


@every_dtype
def test_tanh_of_the_extremes(dtype):
    z = np.array([np.inf, -np.inf, np.nan, 0], dtype)
    compiled._tanh(z)
    np.testing.assert_array_equal(z, [1, -1, np.nan, 0])


@pytest.mark.parametrize("size", [ctypes.c_int32, ctypes.c_int64])
def test_a_product_tells_its_sizes_to_blas_of_32_and_of_64_bits(size):
    """SciPy has one or the other, as whoever builds it chooses."""
    told = []

    def gemm(*addresses):
        sizes = [addresses[k] for k in (2, 3, 4, 7, 9, 12)]
        told.append([size.from_address(address).value for address in sizes])

    called_by_blas = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 13)(gemm)
    address = ctypes.cast(called_by_blas, ctypes.c_void_p).value
    a, b, out = np.ones((3, 4)), np.ones((4, 5)), np.ones((3, 5))
    for _ in range(10):
        compiled._multiply(address, a, False, b, False, out, 1.0, 0.0)
    assert told == [[5, 3, 4, 5, 4, 5]] * 10


def test_code_is_not_kept_where_there_is_no_folder_for_it(monkeypatch):
    def njit_without_folder(function, cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return njit(function, **options)

    monkeypatch.setattr(compiled, "njit", njit_without_folder)
    assert compiled._compiled(lambda x: x + 1)(2) == 3


@pytest.mark.parametrize(
    ("n_misses", "folder", "kept"),
    [
        (0, "a/folder", None),
        (1, "a/folder", "This happens once; the code is kept in a/folder."),
        (1, None, "Every process has to, .* Set NUMBA_CACHE_DIR to one."),
    ],
)
def test_a_long_compilation_is_announced_but_not_a_long_load(
    monkeypatch, capsys, n_misses, folder, kept
):
    class AtOnce(numba_engine.Timer):
        def start(self):
            self.function()

    stats = SimpleNamespace(cache_misses=n_misses, cache_path=folder)
    monkeypatch.setattr(numba_engine, "Timer", AtOnce)
    monkeypatch.setattr(numba_engine, "run_block", SimpleNamespace(stats=stats))
    with numba_engine._announced(np.dtype("float32")):
        said = capsys.readouterr().err
    message = f"skreg is compiling engine='numba' for float32. {kept}\n"
    assert re.fullmatch(message if n_misses else "", said)


@pytest.fixture(scope="module")
def multiply():
    kernel = compiled._multiply

    @njit
    def call(gemm, a, transpose_a, b, transpose_b, out, scale, carry):
        kernel(gemm, a, transpose_a, b, transpose_b, out, scale, carry)

    return call


@every_dtype
@pytest.mark.parametrize("carry", [0, 0.5])
@pytest.mark.parametrize("transpose_a", [False, True])
@pytest.mark.parametrize("transpose_b", [False, True])
def test_products_of_any_shape(multiply, transpose_a, transpose_b, carry, dtype):
    rng = np.random.default_rng(0)
    for m, k, n in product([0, 1, 5], repeat=3):
        a, b = rng.normal(size=(m, k)).astype(dtype), rng.normal(size=(k, n))
        b, before = b.astype(dtype), rng.normal(size=(m, n)).astype(dtype)
        out = before.copy() if carry else np.full((m, n), np.nan, dtype)
        given = [
            np.ascontiguousarray(matrix.T) if transposed else matrix
            for matrix, transposed in [(a, transpose_a), (b, transpose_b)]
        ]
        multiply(
            compiled.GEMM[out.itemsize],
            given[0],
            transpose_a,
            given[1],
            transpose_b,
            out,
            dtype(2),
            dtype(carry),
        )
        expected = carry * before + 2 * (a @ b)
        # Sums of at most six products of numbers below four.
        np.testing.assert_allclose(out, expected, atol=200 * np.finfo(dtype).eps)
