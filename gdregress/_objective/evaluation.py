"""Mean loss and its gradient in the operations of any array library."""

import numpy as np

from gdregress._utils.array_api import namespace

# Rows of a block, and numbers of sparse rows, which are copied.
ROWS, SPARSE_NUMBERS = 1 << 16, 1 << 19


def mean_loss(loss, y, weights, z):
    """sum_i s_i L(y_i, z_i) / n, summed over the targets, as an array of one number.

    Parameters
    ----------
    loss : Loss
    y : array of shape (n_samples,) or (n_samples, n_targets)
    weights : array of shape (n_samples,) or None
        Sample weights s of mean 1.
    z : array
        Raw predictions.
    """
    losses = loss.value(y, z)
    if weights is not None:
        losses = losses * over_targets(weights, losses)
    return namespace(losses).sum(losses) / y.shape[0]


def mean_gradient(design, loss, y, weights, z):
    """Its derivatives by the parameters: A' (s dL/dz) / n.

    Parameters
    ----------
    design : DesignMatrix
        The rows A that z are the predictions of.
    loss, y, weights, z
        As for `mean_loss`.
    """
    return gradient_of_slopes(design, weights, loss.gradient(y, z))


def gradient_of_slopes(design, weights, slopes):
    """A' (s r) / n, of slopes r by the raw predictions of the rows A."""
    if weights is not None:
        slopes = slopes * over_targets(weights, slopes)
    return design.adjoint(slopes / design.n_samples)


def losses_of_targets(loss, y, z, weights):
    """sum_i s_i L(y_i, z_i) of each target, an ndarray; coupled classes are one."""
    y, loss = _separate(loss, y, z)
    return _sums_over_rows(loss.value(y, z), weights)


def squares_and_losses(loss, y, z, weights):
    """The same of squared slopes, and of losses above their least."""
    y, loss = _separate(loss, y, z)
    losses = loss.value(y, z) if loss.deviance is None else loss.deviance(y, z) / 2
    squares = loss.gradient(y, z) ** 2
    squares = squares.sum(axis=1) if loss.coupled else squares
    return np.array([_sums_over_rows(squares, weights), _sums_over_rows(losses, weights)])


def _separate(loss, y, z):
    """Targets and loss, of each class against the rest where these are separate."""
    if loss.coupled or loss.n_outputs is None:
        return y, loss
    return loss.expanded(y, z), loss.base_loss


def _sums_over_rows(values, weights):
    values = values.reshape(len(values), -1).astype(float)
    return np.sum(values if weights is None else values * weights[:, None], axis=0)


def over_targets(values, like):
    """`values` of shape (m,) shaped to broadcast over (m,) or (m, n_targets)."""
    return values[:, None] if len(like.shape) == 2 else values


def sum_by_rows(function, *arrays):
    """The sum over all rows, by blocks of them, of which a function of the arrays is the sum."""
    n = arrays[0].shape[0]
    if not isinstance(arrays[0], np.ndarray) or n <= ROWS:
        return function(*arrays)
    blocks = (slice(start, start + ROWS) for start in range(0, n, ROWS))
    return sum(function(*(array[rows] for array in arrays)) for rows in blocks)


def by_rows(derivative, y, z):
    """A derivative of a loss by blocks of rows: what it needs on the way is as long as a block."""
    if not isinstance(z, np.ndarray) or z.shape[0] <= ROWS:
        return derivative(y, z)
    found = np.empty_like(z)
    for start in range(0, z.shape[0], ROWS):
        rows = slice(start, start + ROWS)
        found[rows] = derivative(y[rows], z[rows])
    return found


def at_predictions(derivative, design, y, params):
    """A derivative of a loss at the predictions of all rows, of which a block is kept at a time.

    Parameters
    ----------
    derivative : callable
        Of y and z.
    design : DesignMatrix
    y, params : arrays
    """
    if not isinstance(y, np.ndarray) or len(y) <= ROWS:
        return derivative(y, design.predict(params))
    found, step = None, ROWS
    if design.is_sparse:
        step = min(ROWS, max(1, SPARSE_NUMBERS * len(y) // max(design.size, 1)))
    for start in range(0, len(y), step):
        rows = slice(start, start + step)
        part = derivative(y[rows], design.take(rows).predict(params))
        if found is None:
            found = np.empty((len(y), *part.shape[1:]), part.dtype)
        found[rows] = part
    return found
