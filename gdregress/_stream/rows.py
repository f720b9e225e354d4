r"""Learning from one row after the other, for every loss and penalty.

A learner at rate c takes the implicit step, whose slope is that at the end of the step:

    w <- prox(w - eta s r a),  r = L'(y, a . w - eta s |a|^2 r),  eta = c / (h E)

for a row a of weight s in coordinates in which a row has the mean squared norm E; h is the
curvature of the loss. No step goes beyond the row's own minimum, whatever the rate and however
large the row.

References
----------
Kulis and Bartlett, "Implicit online learning", 2010. Karampatziakis and Langford, "Online
importance weight aware updates", 2011. Toulis and Airoldi, "Asymptotic and finite-sample
properties of estimators based on stochastic gradients", 2017.
"""

import numpy as np
from scipy import sparse

from gdregress._stream.learners import RATES
from gdregress._stream.race import LARGEST_SLOPE, compare, shares

# Halvings of the interval of an implicit step.
HALVINGS = 40


def learn_rows(learners, X, y, weights, losses, loss, penalty, size):
    """All learners learn from the rows in their order.

    Parameters
    ----------
    learners : Learners
        In the coordinates of the rows; changed in place.
    X : ndarray or CSR matrix
        The rows in these coordinates.
    y : ndarray
    weights : ndarray of shape (n_rows,)
    losses : ndarray of shape (n_learners + 1, n_rows)
        See `losses_before`.
    loss : loss of NumPy arrays
    penalty : Penalty
        In these coordinates.
    size : float
        E.
    """
    w, v = learners.iterates, learners.averages
    eta = RATES / (learners.curvature * size)
    behind, every = 0, _rows_between(X)
    for i, (places, a) in enumerate(_rows(X, w.shape[2] > X.shape[1])):
        compare(learners, losses, i, weights[i], size)
        step_sizes = eta * weights[i]
        slopes = implicit(loss, y[i], w[:, :, places] @ a, step_sizes * (a @ a))
        w[:, :, places] -= (step_sizes[:, None] * slopes)[:, :, None] * a
        behind += 1
        if behind == every or i == len(y) - 1:
            if penalty.active:
                _shrink(w, penalty, behind * eta, X.shape[1])
            left = (1 - shares(learners, size)) ** behind
            v += (1 - left)[:, None, None] * (w - v)
            behind = 0


def _rows_between(X):
    """Rows that cost as much as one move of all coefficients, by an average or a prox."""
    if not sparse.issparse(X):
        return 1
    return max(1, X.shape[0] * X.shape[1] // max(1, X.nnz))


def _rows(X, fit_intercept):
    """The places and values of every row, its 1 for the intercept last."""
    last = [1.0] * fit_intercept
    if not sparse.issparse(X):
        ones = np.ones((len(X), len(last)))
        yield from ((slice(None), a) for a in np.hstack([X, ones]))
        return
    for start, stop in zip(X.indptr, X.indptr[1:], strict=False):
        places = np.append(X.indices[start:stop], [X.shape[1]] * len(last)).astype(np.intp)
        yield places, np.append(X.data[start:stop], last)


def implicit(loss, y, z, q):
    """r = L'(y, z - q r), by halving an interval: L' rises with z.

    Parameters
    ----------
    loss : loss of NumPy arrays
    y : number or ndarray of shape (n_targets,)
    z : ndarray of shape (n_learners, n_predictions)
    q : ndarray of shape (n_learners,)
    """
    q, y = q[:, None], np.broadcast_to(y, (len(z), *np.shape(y)))
    single = not loss.output_shape(y)

    def slopes_at(z):
        with np.errstate(over="ignore", invalid="ignore"):
            slopes = np.asarray(loss.gradient(y, z[:, 0] if single else z)).reshape(z.shape)
        return np.clip(slopes, -LARGEST_SLOPE, LARGEST_SLOPE)

    slopes = slopes_at(z)
    if loss.is_quadratic:
        return slopes / (1 + q)
    if loss.coupled:
        return slopes / (1 + q * loss.curvature)
    far = abs(z) + abs(y.reshape(len(z), -1)[:, : z.shape[1]]) + 100
    low, high = np.zeros_like(z), np.minimum(1.0, far / (q * abs(slopes) + 1e-300))
    for _ in range(HALVINGS):
        share = (low + high) / 2
        beyond = share * abs(slopes) > np.sign(slopes) * slopes_at(z - q * share * slopes)
        low, high = np.where(beyond, low, share), np.where(beyond, share, high)
    with np.errstate(over="ignore", invalid="ignore"):
        values = np.asarray(loss.value(y, z[:, 0] if single else z)).reshape(len(z), -1)
    # of the perceptron, whose slope leaves a row that costs nothing yet
    unlearned = values.sum(axis=1, keepdims=True) == 0
    return slopes * np.where(unlearned, 1.0, (low + high) / 2)


def _shrink(w, penalty, step_sizes, n_features):
    """The prox of every learner's coefficients, those of a single target as a vector."""
    for of_learner, step_size in zip(w, step_sizes, strict=True):
        coef = of_learner[:, :n_features].T
        coef = coef[:, 0] if coef.shape[1] == 1 else coef
        of_learner[:, :n_features] = penalty.prox(coef, step_size).T
