"""What a bug report should state."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from gdregress._core import core
from gdregress._core.origin import why_uncompiled

PACKAGES = (
    "gdregress",
    "numpy",
    "scipy",
    "scikit-learn",
    "array-api-compat",
    "array-api-extra",
    "matplotlib",
    "pandas",
    "dask",
    "torch",
    "jax",
)


def show_versions() -> None:
    """Print the versions of Python, this package and the packages it can work with.

    Also whether the core is compiled, by what, and the instruction set that it uses: the largest
    of baseline, avx2 and avx512 that the processor has, unless the environment variable
    ``GDREGRESS_MAX_CPU_ISA`` limits it to one of them. Results of different instruction sets
    differ by rounding.
    """
    print(f"{'python':<18}{sys.version.split()[0]}")
    print(f"{'platform':<18}{platform.platform()}")
    print(f"{'compiled core':<18}{_compiler()}")
    print(f"{'instruction set':<18}{core.instruction_set or 'none'}")
    for package in PACKAGES:
        try:
            print(f"{package:<18}{version(package)}")
        except PackageNotFoundError:
            print(f"{package:<18}not installed")


def _compiler():
    """What has compiled the core, or why nothing has."""
    return core.kernels.compiler() if core.is_compiled() else f"none: {why_uncompiled()}"
