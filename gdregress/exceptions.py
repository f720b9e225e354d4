"""The warnings of this package; `_estimator/advice/diagnosis.py` writes what they say."""

import sys
import warnings
from pathlib import Path

import sklearn
from sklearn.exceptions import ConvergenceWarning

__all__ = ["ConvergenceWarning", "DivergenceWarning", "IgnoredParameterWarning"]

# fit is wrapped by scikit-learn's callbacks, whose frames lie between ours
_INSIDE = (str(Path(__file__).parent), str(Path(sklearn.__file__).parent / "callback"))


class DivergenceWarning(ConvergenceWarning):
    """The objective grew instead of falling and the run was ended.

    The best finite parameters seen so far are kept. The message states the learning rate
    used, the largest stable one, and numbered ways out.
    """


class IgnoredParameterWarning(UserWarning):
    """A parameter was changed from its default but has no effect with the other settings."""


def warn_user(message: str, category: type[Warning]) -> None:
    """Warn at the line of the caller's code that led into this package."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_INSIDE):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
