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
    block : Block
        Of these rows.
    summary : Summary
        Of all rows.
    """

    def __init__(self, block, summary):
        self.block, X = block, block.X
        self.summary = replace(
            summary,
            n_samples=block.n_samples,
            weight_total=block.weight_total,
            nonzeros=X.nnz if sparse.issparse(X) else 0,
        )

    def blocks(self, rng=None, shuffle=False):
        yield self.block


def some_rows(block, step):
    """Each so many-th of all rows, to be `joined`; None where there are none in a block."""
    some, _ = block.each(step)
    return some if some.n_samples else None


def joined(one, other):
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
