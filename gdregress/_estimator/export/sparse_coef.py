"""``coef_`` as a sparse array, as in scikit-learn's linear models."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from gdregress._utils.arguments import explains_arguments
from gdregress._utils.array_api import namespace


class SparseCoef:
    """``sparsify`` and ``densify`` of a fitted estimator."""

    coef_: Any
    intercept_: Any

    @explains_arguments
    def sparsify(self) -> Self:
        """Convert ``coef_`` to a sparse array, which is smaller and faster if most are zero.

        Its shape is then (n_targets, n_features) or (n_classes, n_features), also for a single
        target. A later fit begins with `densify`.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        check_is_fitted(self)
        if namespace(self.coef_) is not np:
            raise ValueError(
                "sparsify needs coefficients of NumPy, and these are of "
                f"{namespace(self.coef_).__name__}. Call to_numpy() before."
            )
        if not sparse.issparse(self.coef_):
            self.coef_ = sparse.csr_array(np.atleast_2d(self.coef_))
        return self

    @explains_arguments
    def densify(self) -> Self:
        """Convert ``coef_`` back to a dense array, as after `fit`.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        check_is_fitted(self)
        self.coef_ = self._dense_coef()
        return self

    def _dense_coef(self) -> Any:
        """``coef_`` as a dense array in the shape that it has after `fit`."""
        if not sparse.issparse(self.coef_):
            return self.coef_
        coef = self.coef_.toarray()
        return coef if np.ndim(self.intercept_) else coef[0]
