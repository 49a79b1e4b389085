"""What the numbers were taken on: processor, versions, threads, BLAS kernels."""

import importlib.metadata
import os
import platform
import sys
from pathlib import Path

import scipy.linalg.blas  # noqa: F401  it has to be loaded to be listed
from threadpoolctl import threadpool_info

from benchmarks.rivals import RIVALS

AVX512_KERNELS = {"SkylakeX", "Cooperlake", "SapphireRapids"}
CORETYPE = "OPENBLAS_CORETYPE"
DISTRIBUTIONS = {
    "NumPy": "numpy",
    "SciPy": "scipy",
    "scikit-learn": "scikit-learn",
    "PyTorch": "torch",
    "JAX": "jax",
}


def processor():
    """Return the name of the processor; family and model where the name says little."""
    info = _cpuinfo()
    name = info.get("model name") or platform.processor() or platform.machine()
    if "cpu family" in info:
        name += f" (family {info['cpu family']}, model {info['model']})"
    return name


def n_cores():
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def has_avx512():
    """Return whether the processor has AVX-512, as far as the system tells."""
    return "avx512f" in _cpuinfo().get("flags", "").split()


def kernels():
    """Return the kernel family of the BLAS that skreg calls, or None if not told."""
    return next((pool.get("architecture") for pool in _blas_of("scipy")), None)


def uses_avx512_kernels():
    return kernels() in AVX512_KERNELS


def describe():
    """Return pairs (what, value) on the machine and the software."""
    coretype = os.environ.get(CORETYPE)
    rows = [
        ("Processor", processor()),
        ("Cores", f"{n_cores()}"),
        ("AVX-512", "yes" if has_avx512() else "no"),
        ("System", f"{platform.system()} {platform.machine()}"),
        ("Python", platform.python_version()),
    ]
    rows += [
        (name, importlib.metadata.version(package))
        for name, package in DISTRIBUTIONS.items()
        if name not in ("PyTorch", "JAX") or name in RIVALS
    ]
    rows += [
        (f"BLAS of {name}", _describe_pool(pool))
        for name, package in (("NumPy", "numpy"), ("SciPy", "scipy"))
        for pool in _blas_of(package)[:1]
    ]
    rows.append((f"`{CORETYPE}`", coretype or "not set"))
    if "PyTorch" in RIVALS:
        rows.append(("Threads of PyTorch", _describe_torch()))
    if "JAX" in RIVALS:
        rows.append(("Threads of JAX", "its own pool, one per core"))
    return rows


def _cpuinfo():
    """Return the entries for the first processor of Linux's list; {} elsewhere."""
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return {}
    lines = path.read_text().split("\n\n")[0].splitlines()
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    return {key.strip(): value.strip() for key, value in pairs}


def _blas_of(package):
    """Return the BLAS libraries that a package brought, or else all that are loaded."""
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    own = [pool for pool in pools if f"{package}.libs" in pool["filepath"]]
    return own or pools


def _describe_pool(pool):
    kernels = pool.get("architecture", "not told")
    return (
        f"{pool['internal_api']} {pool['version']}, kernels {kernels}, "
        f"threads: {pool['num_threads']}"
    )


def _describe_torch():
    torch = sys.modules.get("torch") or importlib.import_module("torch")
    build = torch.__config__.show()
    blas = next(
        (part.split("=")[1] for part in build.split(", ") if "BLAS_INFO=" in part),
        "not told",
    )
    return (
        f"{torch.get_num_threads()}, BLAS {blas}, "
        f"{torch.backends.cpu.get_cpu_capability()}"
    )
