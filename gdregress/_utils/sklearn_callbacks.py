"""scikit-learn's callbacks, which it has from version 1.9; before that, an error that says so."""

from typing import Any

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


__all__ = ["CallbackSupportMixin", "with_callbacks"]
