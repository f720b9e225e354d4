"""Each so many-th row of rows that lie in blocks, brought to this process."""

from dataclasses import replace

import numpy as np
from scipy import sparse

from gdregress._objective.partitions import Block, LocalPartitions


class Thinned(LocalPartitions):
    """The rows 0, step, 2 step, ... of all, wherever the blocks are cut, as a single block.

    Means and moments are those of all rows.

    Parameters
    ----------
    partitions : Partitions
        Of many machines, where a block without such a row may answer with None.
    step : int
        At most the number of rows.
    """

    def __init__(self, partitions, step):
        self.block = partitions.reduce(_some_rows, step, combine=_joined)
        X = self.block.X
        self.summary = replace(
            partitions.summary,
            n_samples=self.block.n_samples,
            weight_total=self.block.weight_total,
            nonzeros=X.nnz if sparse.issparse(X) else 0,
        )

    def blocks(self, rng=None, shuffle=False):
        yield self.block


def _some_rows(block, step):
    """Some rows of a block; None where there are none."""
    rows = slice(-block.start % step, None, step)
    y = block.y[rows].copy()
    if not len(y):
        return None
    X = block.X[rows] if sparse.issparse(block.X) else block.X[rows].copy()
    weights = None if block.weights is None else block.weights[rows].copy()
    return Block(X, y, weights, -(-block.start // step))


def _joined(one, other):
    """The rows of both."""
    X, y = (one.X, other.X), np.concatenate([one.y, other.y])
    X = sparse.vstack(X, format="csr") if sparse.issparse(one.X) else np.concatenate(X)
    if one.weights is None and other.weights is None:
        return Block(X, y, None, one.start)
    weights = [
        np.ones(part.n_samples, part.y.dtype) if part.weights is None else part.weights
        for part in (one, other)
    ]
    return Block(X, y, np.concatenate(weights), one.start)
