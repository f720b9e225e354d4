"""Early stopping as ridge: the degrees of freedom of a descent after some epochs.

After k epochs the predictions are z_k = S_k y for a matrix S_k that does not depend on y. With A
the columns of the run, H = A' A / n = V diag(lambda) V' and phi_k the factors of
`SpectralDescent`,

    df_k = trace S_k = sum_j lambda_j phi_kj,    GCV_k = mean (y - z_k)^2 / (1 - df_k / n)^2

References
----------
Craven and Wahba, "Smoothing noisy data with spline functions", 1978, for GCV. Yao, Rosasco and
Caponnetto, "On early stopping in gradient descent learning", 2007; Ali, Kolter and Tibshirani, "A
continuous-time view of early stopping for least squares", 2019, for the ridge.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq


class ImplicitRidge(NamedTuple):
    """The ridge that a descent corresponds to after some epochs; arrays of shape (n_epochs,).

    Parameters
    ----------
    epochs : ndarray of int
        Counts of epochs.
    degrees_of_freedom : ndarray
        Those of the predictions, the intercept included.
    mean_squared_error : ndarray
        On the rows of the fit.
    gcv : ndarray
        Generalised cross-validation, an estimate of the error on new rows.
    alpha : ndarray
        Strength of the l2 penalty with as many degrees of freedom.
    """

    epochs: npt.NDArray[np.int_]
    degrees_of_freedom: npt.NDArray[np.float64]
    mean_squared_error: npt.NDArray[np.float64]
    gcv: npt.NDArray[np.float64]
    alpha: npt.NDArray[np.float64]


# Ends of the search for the strength of the ridge, relative to the largest eigenvalue.
WEAKEST, STRONGEST = 1e-14, 1e14


def degrees_of_freedom(moments, factors, vectors, of_mean):
    """Degrees of freedom of the predictions after some epochs.

    Parameters
    ----------
    moments : ndarray of shape (n_parameters, n_parameters)
        A' A / n.
    factors : ndarray of shape (n_epochs, n_parameters)
    vectors : ndarray of shape (n_parameters, n_parameters)
        Eigenvectors; factor j belongs to column j.
    of_mean : ndarray of shape (n_parameters,) or None
        Means of the columns of A, if descent begins at the mean of y: the mean is one degree of
        freedom, and descent fits the rest of y.
    """
    along = np.einsum("ij,ik,kj->j", vectors, moments, vectors)
    freedom = factors @ along
    if of_mean is not None:
        freedom = freedom + 1 - factors @ (vectors.T @ of_mean) ** 2
    return freedom


def ridge_of(freedom, eigenvalues, n_free):
    """Strength of l2 under which the minimum has as many degrees of freedom.

        sum_j lambda_j / (lambda_j + alpha) + n_free = df

    Parameters
    ----------
    freedom : float
    eigenvalues : ndarray
        Eigenvalues of the columns that are penalised.
    n_free : int
        1 for an intercept, else 0.

    Returns
    -------
    alpha : float
        0 where all degrees are free, inf where none is.
    """
    largest = float(eigenvalues.max(initial=0.0))
    curved = eigenvalues[eigenvalues > largest * len(eigenvalues) * np.finfo(float).eps]

    def excess(log_alpha):
        return np.sum(curved / (curved + np.exp(log_alpha))) + n_free - freedom

    low, high = (np.log(largest * bound) for bound in (WEAKEST, STRONGEST)) if largest else (0, 1)
    if not largest or excess(high) >= 0:
        return np.inf
    return 0.0 if excess(low) <= 0 else float(np.exp(brentq(excess, low, high, xtol=1e-12)))
