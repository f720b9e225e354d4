"""The summary of all rows from one reading of their blocks: counts, means, moments.

References
----------
Chan, Golub and LeVeque, "Algorithms for computing the sample variance: analysis and
recommendations", 1983: how means and centred products of two parts become those of both.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from gdregress._objective import design
from gdregress._objective.design import DesignMatrix, mean_and_variance
from gdregress._objective.moments import Moments, moments_of
from gdregress.losses.constant import mean_of_targets


@dataclass(frozen=True, eq=False, repr=False)
class Summary:
    """The summary of some rows; `merged` adds two.

    Parameters
    ----------
    n_samples : int
    weight_total : float
    nonzeros : int
        Stored entries of sparse rows; 0 where they are dense.
    mean, variance : ndarray of shape (n_features,)
        Weighted, of the columns.
    target : ndarray or None
        `mean_of_targets`.
    moments : Moments or None
        None where they are not affordable.
    like : tuple of two ndarrays
        No rows of X and no targets, of their type and shape.
    """

    n_samples: int
    weight_total: float
    nonzeros: int
    mean: np.ndarray
    variance: np.ndarray
    target: Any
    moments: Moments | None
    like: tuple[np.ndarray, np.ndarray]

    @property
    def mean_weight(self):
        """Of the rows."""
        return self.weight_total / self.n_samples


def summary_of(block, loss, fit_intercept):
    """The `Summary` of one block.

    Parameters
    ----------
    block : Block
    loss : Loss
    fit_intercept : bool
    """
    X, y, weights = block.X, block.y, block.weights
    moments = moments_of(DesignMatrix(X, fit_intercept), y, weights)
    if moments is None:
        with np.errstate(over="ignore", invalid="ignore"):  # checked where they are used
            mean, variance = (np.asarray(a, dtype=float) for a in mean_and_variance(X, weights))
    else:
        moments = replace(moments, weight=1.0)  # weights count relative to their mean
        mean, variance = moments.mean, np.maximum(np.diag(moments.covariance), 0.0)
    return Summary(
        n_samples=block.n_samples,
        weight_total=block.weight_total,
        nonzeros=X.nnz if sparse.issparse(X) else 0,
        mean=mean,
        variance=variance,
        target=mean_of_targets(loss, y, weights),
        moments=moments,
        like=(np.empty((0, X.shape[1]), X.dtype), y[:0].copy()),
    )


def merged(one, other):
    """The summary of the rows of both."""
    total = one.weight_total + other.weight_total
    share = other.weight_total / total
    step, moments = other.mean - one.mean, None
    if one.moments is not None and other.moments is not None:
        moments = merged_moments(one.moments, other.moments, share)
    return Summary(
        n_samples=one.n_samples + other.n_samples,
        weight_total=total,
        nonzeros=one.nonzeros + other.nonzeros,
        mean=one.mean + share * step,
        variance=_mixed(one.variance, other.variance, share, step * step),
        target=None if one.target is None else one.target + share * (other.target - one.target),
        moments=moments,
        like=one.like,
    )


def merged_moments(one, other, share):
    """The moments of the rows of both, of whose weight the other has a share."""
    step, target_step = other.mean - one.mean, other.target_mean - one.target_mean
    return Moments(
        mean=one.mean + share * step,
        covariance=_mixed(one.covariance, other.covariance, share, np.outer(step, step)),
        target_mean=one.target_mean + share * target_step,
        target_covariance=_mixed(
            one.target_covariance, other.target_covariance, share, np.outer(step, target_step)
        ),
        target_variance=_mixed(
            one.target_variance, other.target_variance, share, target_step * target_step
        ),
        weight=1.0,
    )


def _mixed(one, other, share, products_of_steps):
    """Centred second moments of both: those of each, and those of their means."""
    return (1 - share) * one + share * other + share * (1 - share) * products_of_steps


def extremes(block):
    """Smallest and largest value of each column of a block, in double precision."""
    if sparse.issparse(block.X):
        ends = (getattr(block.X, find)(axis=0).toarray().ravel() for find in ("min", "max"))
    else:
        ends = design.extremes(block.X)
    return tuple(end.astype(float) for end in ends)


def farther(one, other):
    """The `extremes` of the rows of both."""
    return np.minimum(one[0], other[0]), np.maximum(one[1], other[1])
