"""Functions of scikit-learn 1.9, and their replacements for versions 1.6 to 1.8."""

import inspect

import numpy as np
from sklearn.utils.validation import _check_sample_weight, check_array

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ModuleNotFoundError:
    from gdregress._utils.callback_tasks import CallbackSupportMixin, with_callbacks

__all__ = ["CallbackSupportMixin", "check_sample_weight", "with_callbacks"]

_KNOWN = inspect.signature(_check_sample_weight).parameters
_TAKES_ARRAYS = "force_float_dtype" in _KNOWN  # of any library, from 1.8 on
_ALL_ZERO = {"allow_all_zero_weights": True} if "allow_all_zero_weights" in _KNOWN else {}


def check_sample_weight(sample_weight, X):
    """scikit-learn's check of weights, which accepts weights of zero only, as before 1.9."""
    if not (_TAKES_ARRAYS or isinstance(X.dtype, np.dtype)):
        weights = check_array(
            sample_weight, ensure_2d=False, dtype=X.dtype, input_name="sample_weight"
        )
        if tuple(weights.shape) != (X.shape[0],):
            raise ValueError(f"sample_weight.shape == {tuple(weights.shape)}.")
        return weights
    return _check_sample_weight(sample_weight, X, dtype=X.dtype, **_ALL_ZERO)
