"""Learners of a stream: steps, averages, comparisons; the core equals the plain form."""

import importlib

import numpy as np
import pytest
from grids import pairwise
from numpy.testing import assert_allclose, assert_array_equal
from twins import needs_compiler

from gdregress._core.core import has_loss
from gdregress._stream import core, stream
from gdregress._stream.learners import RATES, Learners, is_beaten
from gdregress._stream.race import compare, counted, losses_before
from gdregress._stream.rows import implicit, learn_rows
from gdregress._stream.running_columns import RunningColumns
from gdregress._stream.stream import Stream
from gdregress.losses import LOSSES, SquaredError
from gdregress.losses.classification import CLASSIFICATION_LOSSES
from gdregress.losses.multiclass import multiclass_loss
from gdregress.penalties import L1, L2, Box, NoPenalty

PENALTIES = {"none": NoPenalty(), "l2": L2(0.01), "l1": L1(0.1), "box": Box(0, 1)}


def make_rows(n=60):
    """Columns of other sizes, means far from zero, and a rare one."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, 4)) * [1, 100, 0.01, 1] + [0, 5000, 1, 0]
    X[:, 3] = rng.rand(n) < 0.1
    return X, (X - X.mean(axis=0)) / X.std(axis=0) @ [1, 2, -1, 0.5]


def targets(loss, z):
    rng = np.random.RandomState(1)
    if loss.target_range == "labels":
        return np.sign(z)
    if loss.target_range == "classes":
        return rng.randint(loss.n_outputs, size=len(z)).astype(float)
    return rng.poisson(np.exp(z / 2)) + 0.5 if loss.link == "log" else 3 * z


def all_losses():
    for name, loss_class in LOSSES.items():
        yield name, loss_class()
    for name, loss_class in CLASSIFICATION_LOSSES.items():
        yield name, loss_class()
        yield f"{name} of three", multiclass_loss(loss_class(), 3)


EVERY_LOSS = dict(all_losses())
OF_THE_CORE = [name for name, loss in EVERY_LOSS.items() if has_loss(loss)]


class TestImplicitStep:
    @pytest.mark.parametrize("name", EVERY_LOSS)
    @pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
    def test_slope_is_that_at_its_end(self, name, size):
        loss = EVERY_LOSS[name]
        z = np.random.RandomState(2).normal(size=(5, loss.n_outputs or 1))
        y = targets(loss, np.array([0.7]))[0]
        q = size * np.arange(1.0, 6)
        r = implicit(loss, y, z, q)
        if name == "log_loss of three":  # by the bound of its curvature
            expected = loss.gradient(np.full(5, y), z) / (1 + q[:, None] * loss.curvature)
            assert_allclose(r, expected)
            return
        for shift in (-1e-6, 1e-6):  # at a kink the slope is between both sides of it
            end = z - q[:, None] * r + shift * (1 + abs(z))
            end = end if loss.n_outputs else end[:, 0]
            slope = np.reshape(loss.gradient(np.full(5, y), end), r.shape)
            tolerance = 1e-4 * (1 + abs(slope)) + 1e-3 * abs(r)
            unlearned = (name == "perceptron") & (r != 0)
            assert np.all((np.sign(shift) * (slope - r) >= -tolerance) | unlearned)

    def test_never_goes_beyond_the_row(self):
        z, q = np.array([[3.0], [-50.0]]), np.array([1e12, 1e12])
        for loss in (LOSSES["poisson"](), LOSSES["gamma"](), LOSSES["absolute_error"]()):
            end = (z - q[:, None] * implicit(loss, 2.0, z, q))[:, 0]
            assert_allclose(end, np.log(2) if loss.link == "log" else 2.0, atol=1e-3)


class TestRunningColumns:
    @pytest.mark.parametrize("centred", [True, False])
    def test_are_those_of_all_rows(self, centred):
        X, _ = make_rows()
        weights = np.random.RandomState(1).uniform(0.5, 2, 60)
        columns = RunningColumns(4, centred)
        for rows in np.split(np.arange(60), [1, 2, 30]):
            columns.add(X[rows], weights[rows])
        mean = np.average(X, axis=0, weights=weights) if centred else np.zeros(4)
        assert_allclose(columns.mean, mean, rtol=1e-12)
        assert_allclose(columns.squares, weights @ (X - mean) ** 2, rtol=1e-9)

    def test_constant_columns_have_no_size(self):
        columns = RunningColumns(2, True)
        columns.add(np.array([[0.1, 1.0], [0.1, 2.0], [0.1, 0.0]]), np.ones(3))
        scale, squares = columns.scale()
        assert scale[0] == 1 and squares[0] == 0 and squares[1] > 0


class TestComparisons:
    def test_by_plain_loops(self):
        rng = np.random.RandomState(0)
        learners, size = Learners.at(np.zeros((1, 3))), 2.0
        losses = rng.uniform(size=(len(RATES) + 1, 40))
        losses[1] -= 1  # the first average is better than the iterate
        lead, squares = np.zeros(len(RATES)), np.zeros(len(RATES))
        for i in range(40):
            before = losses[:, i].copy()
            compare(learners, losses, i, 1.5, size)
            for k, rate in enumerate(RATES):
                lost = 1.5 * (before[k + 1] - before[k])
                lead[k] = (1 - rate / (8 * size)) * lead[k] + lost
                squares[k] = (1 - rate / (8 * size)) * squares[k] + lost**2
            if learners.record[2].min() < i + 1:
                break  # one has begun again
            assert_allclose(learners.record[:2], [lead, squares])
        assert i > 0 and not is_beaten(learners.record)[0]

    def test_the_beaten_begin_where_the_candidate_before_is(self):
        learners = Learners.at(np.zeros((1, 2)))
        learners.averages[:] = np.arange(7.0)[:, None, None]
        losses = np.ones((8, 3))
        losses[4:] = 2.0
        learners.record[3] = np.where(np.arange(7) == 3, 0, 9)  # the others wait
        learners.record[0, 3], learners.record[1, 3] = 5.0, 5.0
        compare(learners, losses, 0, 1.0, 2.0)
        assert_array_equal(learners.averages[3], learners.averages[2])
        assert_array_equal(learners.iterates[3], learners.averages[2])
        assert_array_equal(losses[4, 1:], losses[3, 1:])
        assert learners.record[0, 3] == 0 and learners.record[0, 4] > 5

    def test_curvature_is_measured(self):
        X, z = make_rows()
        learners = Learners.at(np.zeros((1, 5)))
        losses, slopes = losses_before(learners, X, z, SquaredError())
        assert_allclose(losses, np.tile(z**2 / 2, (8, 1)))
        learners.tally = counted(learners.tally, losses[learners.best], slopes)
        assert learners.curvature == pytest.approx(1.0)


def kernels_of(way):
    return importlib.import_module(f"gdregress._core.kernels.{way}")


def learned(name, penalty, way, monkeypatch):
    """Learners after a few chunks, by the core, its interpreted form or the plain one."""
    loss = EVERY_LOSS[name]
    X, z = make_rows()
    y = targets(loss, z)
    monkeypatch.setattr(core, "covers", lambda *_: way != "plain")
    if way != "plain":
        by_core = core.learn_rows
        monkeypatch.setattr(
            stream.core, "learn_rows", lambda *given: by_core(*given, kernels=kernels_of(way))
        )
    s = Stream.at(np.zeros((loss.n_outputs or 1, 5)), True, False)
    for rows in np.split(np.arange(60), [1, 2, 9, 30]):
        s.learn(X[rows], y[rows], np.ones(len(rows)), loss, PENALTIES[penalty])
    monkeypatch.undo()
    return s.learners


@needs_compiler
@pairwise(name=OF_THE_CORE, penalty=list(PENALTIES), way=["compiled", "interpreted"])
def test_the_core_equals_the_plain_form(name, penalty, way, monkeypatch):
    expected = learned(name, penalty, "plain", monkeypatch)
    found = learned(name, penalty, way, monkeypatch)
    for field in ("iterates", "averages", "record"):
        one, other = getattr(expected, field), getattr(found, field)
        assert_allclose(other, one, rtol=1e-7, atol=1e-8 * abs(one).max())


def test_a_learner_is_a_plain_loop():
    """Of the slowest, which begins again nowhere here, by loops over the rows."""
    X, y = make_rows()
    a = np.column_stack([(X - X.mean(axis=0)) / X.std(axis=0), np.ones(60)])
    learners, size = Learners.at(np.zeros((1, 5))), 5.0
    losses = np.zeros((8, 60))
    learn_rows(learners, a[:, :4], y, np.ones(60), losses, SquaredError(), NoPenalty(), size)
    w, v, eta = np.zeros(5), np.zeros(5), RATES[-1] / size
    for i in range(60):
        w -= eta * (a[i] @ w - y[i]) / (1 + eta * a[i] @ a[i]) * a[i]
        v += (w - v) * max(eta / 8, 1 / (8 * size / RATES[-2] + (i + 1) / 2))
    assert_allclose(learners.iterates[-1, 0], w, rtol=1e-10)
    assert_allclose(learners.averages[-1, 0], v, rtol=1e-10)
