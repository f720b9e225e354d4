"""Optional libraries: a test that needs one is skipped where it is missing, and says so."""

from importlib.metadata import version

import pytest

NAMES = {
    "torch": "PyTorch",
    "jax": "JAX",
    "dask": "Dask",
    "dask-ml": "dask-ml",
    "datasets": "datasets",
    "distributed": "Dask's distributed",
    "pandas": "pandas",
    "polars": "polars",
    "pyarrow": "PyArrow",
    "shap": "SHAP",
    "skglm": "skglm",
    "skl2onnx": "skl2onnx",
    "skops": "skops",
    "statsmodels": "statsmodels",
    "onnxruntime": "onnxruntime",
    "optax": "optax",
    "pyright": "pyright",
    "optuna": "Optuna",
    "tensorboard": "TensorBoard",
}


def needed(library):
    """The library or a module of it, or a skip that says how to install it."""
    package = library.partition(".")[0].replace("_", "-")
    reason = f"needs {NAMES[package]}: pip install {package}"
    return pytest.importorskip(library, reason=reason)


def needed_version(package, lowest):
    """Skip a test of what an older version of a package does not have."""
    found = version(package)
    if [int(n) for n in found.split(".")[:2]] < [int(n) for n in lowest.split(".")]:
        pytest.skip(f"needs {package} {lowest}, and {found} is installed")


def array_functions(library):
    """The namespace with `asarray` of a library named as in pip."""
    if library == "array_api_strict":
        import array_api_strict

        return array_api_strict
    return needed("jax").numpy if library == "jax" else needed(library)


def statsmodels_api():
    """What statsmodels calls its own public names."""
    needed("statsmodels")
    import statsmodels.api

    return statsmodels.api
