"""Each so many-th row of rows that lie in blocks, read where they are."""

from dataclasses import replace

import numpy as np
from scipy import sparse

from gdregress._objective.partitions import Block, Partitions, added


class Thinned(Partitions):
    """The rows 0, step, 2 step, ... of all, wherever the blocks are cut.

    Parameters
    ----------
    partitions : Partitions
        Of many machines, where a block without such a row may answer with None.
    step : int
        At most the number of rows.
    """

    def __init__(self, partitions, step):
        self.partitions = partitions
        self.step = step
        self.n_blocks = partitions.n_blocks
        n_samples, weight_total, nonzeros = self.reduce(_size)
        self.summary = replace(
            partitions.summary, n_samples=n_samples, weight_total=weight_total, nonzeros=nonzeros
        )

    def reduce(self, function, *args, combine=added):
        return self.partitions.reduce(_of_some, self.step, function, args, combine=combine)


def _of_some(block, step, function, args):
    """What a function answers about some rows of a block; None where there are none."""
    rows = slice(-block.start % step, None, step)
    y = np.ascontiguousarray(block.y[rows])
    if not len(y):
        return None
    X = block.X[rows] if sparse.issparse(block.X) else np.ascontiguousarray(block.X[rows])
    weights = None if block.weights is None else np.ascontiguousarray(block.weights[rows])
    start = -(-block.start // step)
    return function(Block(X, y, weights, start), *args)


def _size(block):
    return block.n_samples, block.weight_total, block.X.nnz if sparse.issparse(block.X) else 0
