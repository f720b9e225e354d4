"""Fits on blocks as on a cluster, without one."""

import pickle
from collections import Counter
from itertools import pairwise

import numpy as np

from gdregress._estimator.components import build_components
from gdregress._estimator.prepare import prepare_partitions
from gdregress._objective.partitions import Block, Partitions, added
from gdregress._objective.summary import merged, summary_of
from gdregress.dask._tree import combined, root


class InMemory(Partitions):
    """Blocks of this process that are worked on as those of a cluster are.

    ``sent`` has, for each function, the bytes of what it was handed and has answered; ``calls``,
    how often it was.
    """

    def __init__(self, blocks, loss, updates_per_round=None):
        self.sent, self.calls = {}, Counter()
        self.blocks = blocks
        self.n_blocks = len(blocks)
        self.updates_per_round = updates_per_round
        self.summary = self.reduce(summary_of, loss, True, combine=merged)

    def reduce(self, function, *args, combine=added):
        self.calls[function.__name__] += 1
        answers = {(0, i): function(block, *args) for i, block in enumerate(self.blocks)}
        bytes_sent = len(pickle.dumps((args, answers)))
        self.sent[function.__name__] = max(bytes_sent, self.sent.get(function.__name__, 0))
        return combined(combine, self.n_blocks, answers)[root(self.n_blocks)]


def fit(model, X, y, sizes, weights=None, **how):
    """A fit on blocks of these sizes, without a cluster."""
    components = build_components(model)
    ends = np.cumsum([0, *sizes])
    rows = [slice(*ends) for ends in pairwise(ends)]
    blocks = [
        Block(X[some], y[some], None if weights is None else weights[some], some.start)
        for some in rows
    ]
    partitions = InMemory(blocks, components.loss, **how)
    model.n_features_in_ = X.shape[1]
    model._fit_prepared(prepare_partitions(model, components, partitions))
    model.sent, model.calls = partitions.sent, partitions.calls
    return model
