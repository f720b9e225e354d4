"""Functions of scikit-learn 1.9, and their replacements for versions 1.6 to 1.8."""

import inspect

from sklearn.utils.validation import _check_sample_weight

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ModuleNotFoundError:
    from gdregress._utils.callback_tasks import CallbackSupportMixin, with_callbacks

__all__ = ["CallbackSupportMixin", "check_sample_weight", "with_callbacks"]

_KNOWN = inspect.signature(_check_sample_weight).parameters
_ALL_ZERO = {"allow_all_zero_weights": True} if "allow_all_zero_weights" in _KNOWN else {}


def check_sample_weight(sample_weight, X):
    """scikit-learn's check of weights, which accepts weights of zero only, as before 1.9."""
    return _check_sample_weight(sample_weight, X, dtype=X.dtype, **_ALL_ZERO)
