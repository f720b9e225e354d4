"""What scikit-learn has from version 1.9 only, and what stands for it with 1.6 to 1.8.

Callbacks do not: there the error says what they need.
"""

import inspect
from typing import Any

from sklearn.utils.validation import _check_sample_weight

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ModuleNotFoundError:

    class CallbackSupportMixin:
        """Stands for scikit-learn's, without which nobody can set callbacks."""

        def set_callbacks(self, *callbacks: Any) -> Any:
            """Not available: RuntimeError.

            Parameters
            ----------
            *callbacks : FitCallback
            """
            from sklearn import __version__

            raise RuntimeError(
                "Callbacks need scikit-learn 1.9 or later, and this is "
                f"{__version__}: pip install --upgrade scikit-learn. Everything else works "
                "without them; verbose=1 and history_ show the epochs."
            )

    def with_callbacks(fit: Any) -> Any:
        """The method as it is."""
        return fit


_KNOWN = inspect.signature(_check_sample_weight).parameters
_ALL_ZERO = {"allow_all_zero_weights": True} if "allow_all_zero_weights" in _KNOWN else {}


def check_sample_weight(sample_weight, X):
    """scikit-learn's check of weights, which may all be zero, as they might before 1.9."""
    return _check_sample_weight(sample_weight, X, dtype=X.dtype, **_ALL_ZERO)
