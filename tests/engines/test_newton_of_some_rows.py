"""Newton steps over many rows in blocks, whose second derivatives are those of some rows."""

from itertools import pairwise

import numpy as np
import pytest
from in_blocks import InMemory, fit
from numpy.testing import assert_allclose

from gdregress import GDClassifier, GDRegressor
from gdregress._objective import partitioned, sample
from gdregress._objective.partitioned import PartitionedDesign, PartitionedObjective
from gdregress._objective.partitions import Block
from gdregress.losses import LogLoss
from gdregress.penalties import L2

SIZES = (1, 2999, 5000)


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch):
    monkeypatch.setattr(sample, "LEAST_NUMBERS", 1000)


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(8000, 4)) * [1, 2, 3, 0.1] + [0, 1, 5, 0]
    return X, X @ [1.0, -1.0, 0.5, 2.0] - 2, rng


def objective_of(X, y, weights=None, sizes=SIZES):
    ends = np.cumsum([0, *sizes])
    cuts = [slice(a, b) for a, b in pairwise(ends)]
    blocks = [
        Block(X[cut], y[cut], None if weights is None else weights[cut], cut.start) for cut in cuts
    ]
    design = PartitionedDesign(InMemory(blocks, LogLoss()), True)
    return PartitionedObjective(design, LogLoss(), L2(alpha=0.0))


@pytest.mark.parametrize("weighted", [False, True])
def test_they_are_those_of_each_16th_row_wherever_blocks_are_cut(rows, weighted):
    X, z, rng = rows
    y = np.where(z + rng.logistic(size=8000) > 0, 1.0, -1.0)
    s = rng.uniform(0.5, 2, 8000) if weighted else np.ones(8000)
    w = np.array([0.1, 0.2, -0.1, 1.0, 0.3])
    some = slice(None, None, 16)
    p = 1 / (1 + np.exp(-(X @ w[:4] + w[4])[some]))
    A = np.column_stack([X, np.ones(8000)])[some]
    H = (A * (s[some] * p * (1 - p))[:, None]).T @ A / s[some].sum()
    for sizes in (SIZES, (8000,)):
        objective = objective_of(X, y, s if weighted else None, sizes)
        value, gradient, curved = objective.model(w)
        assert_allclose(curved[0], H, rtol=1e-10)
        exact = objective.model(w, exact=True)
        assert_allclose(exact[0], value, rtol=1e-12)
        assert_allclose(exact[1], gradient, rtol=1e-10)
        assert_allclose(np.diag(exact[2][0]), np.diag(H), rtol=0.2)
        assert objective.model(w)[2] is exact[2]


def test_all_rows_make_up_for_a_column_that_these_hardly_have(rows):
    X, z, rng = rows
    y = np.where(z + rng.logistic(size=8000) > 0, 1.0, -1.0)
    step = 8000 // (100 * 6)
    X = np.column_stack([X, np.arange(8000) % (32 * step) == 7])
    objective = objective_of(X, y)
    H, exact = (objective.model(np.zeros(6), exact)[2][0] for exact in (False, True))
    assert_allclose(exact[4, 4], 0.25 * X[:, 4].mean(), rtol=1e-6)
    assert_allclose(H[4, 4], 0.5 * exact[4, 4], rtol=1e-6)


MODELS = [
    GDRegressor("huber"),
    GDRegressor("huber", penalty="l1", alpha=0.1),
    GDRegressor("poisson"),
    GDClassifier(),
    GDClassifier(penalty="elasticnet", alpha=0.01),
]


def fitted(model, X, z, rng, **given):
    """A fit on blocks, to targets of the loss of the model."""
    model = type(model)(**{**model.get_params(), **given})
    if isinstance(model, GDClassifier):
        model.classes_ = np.array([False, True])
        y = np.where(z + rng.logistic(size=len(z)) > 0, 1.0, -1.0)
    elif model.loss == "poisson":
        y = rng.poisson(np.exp(np.clip(z, -5, 2))).astype(float)
    else:
        y = z + rng.standard_t(2, size=len(z))
    return fit(model, X, y, SIZES)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model.get_params()["loss"]))
def test_it_ends_at_the_minimum_of_all_rows(rows, model, monkeypatch):
    X, z, _ = rows
    seeds = (np.random.default_rng(1) for _ in range(2))
    some = fitted(model, X, z, next(seeds), tol=1e-7)
    monkeypatch.undo()
    all_rows = fitted(model, X, z, next(seeds), tol=1e-9)
    assert some.stop_reason_ == "tolerance"
    assert_allclose(some.coef_, all_rows.coef_, atol=1e-6)
    gap = some.history_["objective"][-1] - all_rows.history_["objective"][-1]
    assert gap <= 1e-13 * some.history_["objective"][0]


@pytest.mark.parametrize("factor", [0.0, 0.01, 30.0])
def test_rows_that_mislead_are_given_up_for_all(rows, factor, monkeypatch):
    X, z, rng = rows
    X = X.copy()
    X[::16] *= factor
    taken = []
    known = partitioned._model

    def counted(block, *args):
        taken.append(args[-1])
        return known(block, *args)

    monkeypatch.setattr(partitioned, "_model", counted)
    model = fitted(GDRegressor("huber"), X, z, rng, tol=1e-6)
    assert model.stop_reason_ == "tolerance" and model.n_iter_ < 30
    assert 1 in taken and 16 in taken
    monkeypatch.undo()
    least = fitted(GDRegressor("huber"), X, z, np.random.default_rng(0), tol=1e-10)
    assert model.history_["gap"][-1] < 1e-10 * least.history_["objective"][0]
