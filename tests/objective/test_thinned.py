"""Each so many-th row of blocks, wherever these are cut."""

from itertools import pairwise

import numpy as np
import pytest
from in_blocks import InMemory
from numpy.testing import assert_allclose
from problems import COLUMNS, objective_of, rows_and_targets, shaped, start_of
from scipy import sparse
from test_partitioned import CUTS

from gdregress._objective.partitioned import PartitionedDesign, PartitionedObjective
from gdregress._objective.partitions import Block


@pytest.mark.parametrize("as_sparse", [False, True], ids=["dense", "sparse"])
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("cuts", CUTS, ids=lambda cuts: f"{len(cuts) + 1} blocks")
@pytest.mark.parametrize("step", [1, 4, 23])
def test_it_is_the_objective_of_those_rows(step, cuts, weighted, as_sparse):
    X, Y, weights = rows_and_targets()
    X, Y = sparse.csr_array(X) if as_sparse else X, Y[:, :1]
    weights = weights if weighted else None
    known = objective_of(X, Y, weights, "huber", "l2", COLUMNS)
    some = (None if array is None else array[::step] for array in (X, Y, weights))
    of_those = objective_of(*some, "huber", "l2", COLUMNS)
    parts = pairwise([0, *cuts, 23])
    blocks = [
        Block(X[a:b], known.y[a:b], None if weights is None else weights[a:b], a) for a, b in parts
    ]
    design = PartitionedDesign(InMemory(blocks, known.loss), True, COLUMNS)
    few = PartitionedObjective(design, known.loss, known.penalty).with_sample(step).sample
    assert few.n_samples == len(range(0, 23, step))
    w = shaped(start_of("l2", 1))
    value, gradient, curved = few.model(w)
    # the weights of the objective in memory have the mean 1 over all rows, and not over some
    scale = 1.0 if weights is None else weights[::step].mean()
    assert_allclose(value, of_those.loss_value(w) / scale, rtol=1e-13)
    assert_allclose(gradient, of_those.gradient(w) / scale, rtol=1e-11, atol=1e-13)
    hessians = np.array(of_those.hessians(w)) / scale
    assert_allclose(curved, hessians, rtol=1e-10, atol=1e-12)
