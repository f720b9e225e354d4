"""Gradient descent for scikit-learn users."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gdregress._core.show_versions import show_versions
from gdregress._estimator.export.onnx import register_with_skl2onnx
from gdregress._utils import earlier_paths
from gdregress._utils.version import __version__
from gdregress.classifiers import GDClassifier
from gdregress.exceptions import DivergenceWarning, IgnoredParameterWarning
from gdregress.regressors import GDRegressor

if TYPE_CHECKING:
    from gdregress._minimize.minimize import minimize
    from gdregress.diagnosis import (
        closed_form_path,
        diagnose,
        implicit_ridge,
        learning_rate_range_test,
    )
    from gdregress.model_selection import GDClassifierCV, GDRegressorCV, gd_path

__all__ = [
    "DivergenceWarning",
    "GDClassifier",
    "GDClassifierCV",
    "GDRegressor",
    "GDRegressorCV",
    "IgnoredParameterWarning",
    "__version__",
    "closed_form_path",
    "diagnose",
    "gd_path",
    "implicit_ridge",
    "learning_rate_range_test",
    "minimize",
    "show_versions",
]

earlier_paths.install()
register_with_skl2onnx(GDRegressor, GDClassifier)
# Public names that are loaded when they are used, and their modules.
_LOADED_LATER = {
    "GDClassifierCV": "model_selection",
    "GDRegressorCV": "model_selection",
    "closed_form_path": "diagnosis",
    "diagnose": "diagnosis",
    "gd_path": "model_selection",
    "implicit_ridge": "diagnosis",
    "learning_rate_range_test": "diagnosis",
    "minimize": "_minimize.minimize",
}
# What users import besides these; loaded when they are used as well.
_SUBMODULES = (
    "callbacks",
    "dask",
    "exceptions",
    "losses",
    "optimizers",
    "penalties",
    "plotting",
    "samplers",
    "schedules",
)


def __getattr__(name: str) -> Any:
    if name in _LOADED_LATER:
        return getattr(import_module(f"{__name__}.{_LOADED_LATER[name]}"), name)
    if name in _SUBMODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_SUBMODULES])
