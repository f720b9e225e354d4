"""What a bug report should state."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

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
    """Print the versions of Python, this package and the packages it can work with."""
    print(f"{'python':<18}{sys.version.split()[0]}")
    print(f"{'platform':<18}{platform.platform()}")
    for package in PACKAGES:
        try:
            print(f"{package:<18}{version(package)}")
        except PackageNotFoundError:
            print(f"{package:<18}not installed")
