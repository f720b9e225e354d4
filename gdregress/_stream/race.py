"""What the rows of a chunk say of the learners, before they are learned.

The candidates predict all rows of a chunk as they were when it came: in their loss on rows of
the same chunk, a learner that forgets at once would look good wherever chunks are alike inside.
"""

import numpy as np

from gdregress._stream.learners import MEMORY, RATES, is_beaten

# Rows over which the curvature is measured.
WINDOW = 1000
# What is beyond is no number that a sum can hold.
LARGEST_LOSS, LARGEST_SLOPE = 1e200, 1e100


def losses_before(learners, X, y, loss):
    """Losses of shape (n_learners + 1, n_rows) of the candidates, and the slopes of the reported.

    Parameters
    ----------
    learners : Learners
        In the units of X.
    X : ndarray or CSR matrix
    y : ndarray of shape (n_rows,) or (n_rows, n_targets)
    loss : loss of NumPy arrays
    """
    candidates, p, m = learners.candidates, X.shape[1], len(y)
    n, k, _ = candidates.shape
    z = X @ candidates[:, :, :p].reshape(-1, p).T
    z = z.reshape(m, n, k).transpose(1, 0, 2)
    if candidates.shape[2] > p:
        z = z + candidates[:, None, :, p]
    z = z if loss.output_shape(y) else z[:, :, 0]
    repeated = np.concatenate([y] * n)
    with np.errstate(over="ignore", invalid="ignore"):
        values = np.asarray(loss.value(repeated, z.reshape(n * m, *z.shape[2:])))
        slopes = np.asarray(loss.gradient(y, z[learners.best]))
    values = values.reshape(n, m, -1).sum(axis=2)
    values = np.where(values < LARGEST_LOSS, values, LARGEST_LOSS)
    return values, np.clip(slopes, -LARGEST_SLOPE, LARGEST_SLOPE)


def losses_of(params, X, y, loss):
    """Losses of shape (n_rows,) of one candidate of shape (n_predictions, n_parameters)."""
    p = X.shape[1]
    z = X @ params[:, :p].T
    if params.shape[1] > p:
        z = z + params[:, p]
    with np.errstate(over="ignore", invalid="ignore"):
        values = np.asarray(loss.value(y, z if loss.output_shape(y) else z[:, 0]))
    values = values.reshape(len(y), -1).sum(axis=1)
    return np.where(values < LARGEST_LOSS, values, LARGEST_LOSS)


def counted(tally, losses, slopes):
    """The tally of what is reported, with its losses and slopes on a chunk taken in."""
    m = len(losses)
    number = min(tally[2] + m, WINDOW)
    new = np.array([np.sum(slopes * slopes) / m, losses.sum() / m])
    return np.append(tally[:2] + (new - tally[:2]) * min(1.0, m / number), number)


def compare(learners, losses, i, weight, size):
    """Compare every learner's average with the candidate before it on row i.

    Parameters
    ----------
    learners : Learners
        Changed in place, and so are the losses that follow where a learner begins again.
    losses : ndarray of shape (n_learners + 1, n_rows)
    i : int
    weight : float
    size : float
        Mean squared norm of a row.
    """
    lead, squares, age, wait = learners.record
    kept, lost = 1 - RATES / (MEMORY * size), weight * np.diff(losses[:, i])
    lead[:], squares[:] = kept * lead + lost, kept * squares + lost**2
    age += 1
    wait -= 1
    for k in np.flatnonzero(wait <= 0):
        wait[k] = size / RATES[k]
        if is_beaten(learners.record)[k]:
            _restart(learners, losses[:, i + 1 :], k)


def _restart(learners, losses, k):
    """Begin again where the candidate before has arrived."""
    lead, squares, age, _ = learners.record
    if k == 0:
        learners.averages[0] = learners.iterates[0]
    else:
        learners.averages[k] = learners.iterates[k] = learners.averages[k - 1]
    losses[k + 1] = losses[k]
    if k + 1 < len(RATES):
        lead[k + 1] += lead[k]
        squares[k + 1] += squares[k]
    lead[k] = squares[k] = age[k] = 0.0


def shares(learners, size):
    """Share of the iterates in their averages: at first the mean of all, then a memory."""
    memory = MEMORY * size / RATES
    before = np.append(1.0, memory[:-1])
    return np.maximum(1 / memory, 1 / (before + learners.record[2] / 2))
