"""The loss along a line of predictions: its slope is that of the mean loss."""

import numpy as np
import pytest
from components import with_kernel
from numpy.testing import assert_allclose

from gdregress._objective.design import DesignMatrix
from gdregress._objective.evaluation import mean_loss
from gdregress._objective.from_data import DataObjective
from gdregress._objective.line import Line
from gdregress.losses import CLASSIFICATION_LOSSES, LOSSES, OneVsRest, Softmax
from gdregress.penalties import NoPenalty

N = 50
SMOOTH = {
    name: loss()
    for name, loss in (LOSSES | CLASSIFICATION_LOSSES).items()
    if loss.smooth and name in with_kernel(LOSSES | CLASSIFICATION_LOSSES)
}
MANY = {"softmax": Softmax(3), "one-vs-rest": OneVsRest(CLASSIFICATION_LOSSES["log_loss"](), 3)}


def line_of(loss, k, dtype, weighted=True):
    rng = np.random.RandomState(0)
    y = rng.uniform(0.5, 2.0, (N, k) if k else N)
    if loss.target_range == "labels":
        y = np.sign(y - 1)
    if loss.n_outputs is not None:
        y, k = rng.randint(3, size=N), 3
    weights = rng.uniform(0.5, 2.0, N) if weighted else None
    data = (None if a is None else a.astype(dtype) for a in (y, weights))
    design = DesignMatrix(np.zeros((N, 2), dtype), True)
    objective = DataObjective(design, *data, loss, NoPenalty())
    z, dz = rng.normal(size=(2, N, k) if k else (2, N))
    return objective, Line(loss, objective.y, objective.weights, z, dz)


@pytest.mark.parametrize("by_core", [True, False])
@pytest.mark.parametrize("dtype", [float, np.float32])
@pytest.mark.parametrize("k", [0, 1, 3])
@pytest.mark.parametrize("loss", SMOOTH.values(), ids=SMOOTH)
def test_slope(loss, k, dtype, by_core):
    check(*line_of(loss, k, dtype), by_core)


@pytest.mark.parametrize("by_core", [True, False])
@pytest.mark.parametrize("loss", MANY.values(), ids=MANY)
def test_slope_of_many_classes(loss, by_core):
    for dtype in (np.float32, float):
        for weighted in (False, True):
            check(*line_of(loss, 0, dtype, weighted), by_core)


def check(objective, line, by_core):
    assert line.by_core
    line.by_core = by_core

    def value(t):
        y = objective.y.astype(float)
        weights = objective.weights
        weights = None if weights is None else weights.astype(float)
        return mean_loss(objective.loss, y, weights, line.z + t * line.dz)

    for t in (0.0, 0.7):
        difference = (value(t + 1e-6) - value(t - 1e-6)) / 2e-6
        assert_allclose(line.slope(t), difference, rtol=1e-6, atol=1e-8)
