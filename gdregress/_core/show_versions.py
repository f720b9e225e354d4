"""What a bug report should state."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from gdregress._core.arrays import is_compiled
from gdregress._core.origin import describe

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
    """Print the versions of Python and packages, and how the core has been compiled."""
    print(f"{'python':<18}{sys.version.split()[0]}")
    print(f"{'platform':<18}{platform.platform()}")
    for package in PACKAGES:
        try:
            print(f"{package:<18}{version(package)}")
        except PackageNotFoundError:
            print(f"{package:<18}not installed")
    print(f"{'compiled core':<18}{describe(is_compiled())}")
