"""Gradient descent for scikit-learn users."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gdregress._core.show_versions import show_versions
from gdregress._estimator.onnx import register_with_skl2onnx
from gdregress._utils import earlier_paths
from gdregress._utils.version import __version__
from gdregress.classifiers import GDClassifier
from gdregress.exceptions import DivergenceWarning, IgnoredParameterWarning
from gdregress.regressors import GDRegressor

if TYPE_CHECKING:
    from gdregress._minimize.minimize import minimize

__all__ = [
    "DivergenceWarning",
    "GDClassifier",
    "GDRegressor",
    "IgnoredParameterWarning",
    "__version__",
    "minimize",
    "show_versions",
]

earlier_paths.install()
register_with_skl2onnx(GDRegressor, GDClassifier)
# What users import besides the names above. These and `minimize` are loaded when they are used.
_SUBMODULES = (
    "exceptions",
    "losses",
    "optimizers",
    "penalties",
    "plotting",
    "samplers",
    "schedules",
)


def __getattr__(name: str) -> Any:
    if name == "minimize":
        return import_module(f"{__name__}._minimize.minimize").minimize
    if name in _SUBMODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_SUBMODULES])
