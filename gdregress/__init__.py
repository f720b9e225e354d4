"""Gradient descent for scikit-learn users."""

from gdregress._show_versions import show_versions
from gdregress._version import __version__
from gdregress.classifiers import GDClassifier
from gdregress.exceptions import DivergenceWarning, IgnoredParameterWarning
from gdregress.functions import minimize
from gdregress.regressors import GDRegressor

__all__ = [
    "DivergenceWarning",
    "GDClassifier",
    "GDRegressor",
    "IgnoredParameterWarning",
    "__version__",
    "minimize",
    "show_versions",
]
