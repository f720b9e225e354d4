"""The kernel of a run, and when updates of coefficients may be deferred."""

from types import SimpleNamespace

import numpy as np
import pytest
from harness import Log, epochs_alone, using
from problems import COLUMNS, ONLY_SCALED, objective_of, start_of
from scipy import sparse

from gdregress._core import core
from gdregress._engines.kernel_choice import LARGEST_MOMENTUM, is_overdamped
from gdregress._solver.averaging import SuffixAverage
from gdregress.optimizers import Adam, GradientDescent, Nesterov

few = sparse.random_array((60, 5), density=0.02, random_state=0, format="csr")
many = sparse.csr_array(np.ones((60, 5)))
DENSE = np.ones((60, 5))


@pytest.mark.skipif(not core.is_compiled(), reason="needs the compiled core")
@pytest.mark.parametrize(
    ("X", "optimizer", "penalty", "given", "size", "expected"),
    [
        (DENSE, GradientDescent, "weighted", {}, 1, "dense_descent"),
        (DENSE, GradientDescent, None, {}, 4, "dense_epoch"),
        (DENSE, GradientDescent, "l1", {"columns": COLUMNS}, 1, "dense_steps"),
        (DENSE, GradientDescent, None, {"reduced": True}, 1, "dense_steps"),
        (DENSE, GradientDescent, None, {"reduced": True}, 4, "dense_epoch"),
        (DENSE, GradientDescent, None, {"columns": COLUMNS, "average": True}, 1, "dense_epoch"),
        (DENSE, Adam, None, {}, 1, "dense_epoch"),
        (few, GradientDescent, "elasticnet", {}, 1, "csr_descent"),
        (many, GradientDescent, None, {}, 4, "csr_descent"),
        (few, GradientDescent, "weighted", {}, 1, "csr_steps"),
        (few, GradientDescent, "l1", {"columns": ONLY_SCALED}, 1, "csr_steps"),
        (few, GradientDescent, "l1", {"columns": COLUMNS}, 1, "csr_epoch"),
        (few, GradientDescent, "l2", {"reduced": True}, 1, "csr_steps"),
        (many, GradientDescent, "l2", {"reduced": True}, 1, "csr_epoch"),
        (few, GradientDescent, "l2", {"reduced": True, "average": True}, 1, "csr_epoch"),
        (few, Nesterov, "l2", {}, 1, "csr_momentum"),
        (few, Nesterov, "l2", {"reduced": True}, 1, "csr_epoch"),
        (few, Nesterov, "l2", {"columns": ONLY_SCALED}, 1, "csr_epoch"),
        (few, Nesterov, "weighted", {}, 1, "csr_epoch"),
        (few, Adam, None, {}, 1, "csr_epoch"),
    ],
)
def test_the_fastest_kernel_that_has_the_updates(X, optimizer, penalty, given, size, expected):
    objective = objective_of(X, np.ones((60, 1)), None, "huber", penalty, given.get("columns"))
    rule, log, state = optimizer(), Log(), {}
    rule.variance_reduced = given.get("reduced", False)
    state["snapshot"] = SimpleNamespace(slopes=np.zeros(60), gradient=np.zeros(6))
    if given.get("average"):
        state["average"] = SuffixAverage()

    def prepare(alone):
        vars(alone).update(state)

    with using(lazy_cost=2.0):
        epochs_alone(
            "compiled", objective, rule, start_of(penalty, 1)[:, 0], 0.01, size, 1, prepare, log
        )
    assert {name for name in log.kernels if "_" in name} == {expected}


@pytest.mark.parametrize("momentum", [0.3, 0.9, 0.99])
def test_a_heavy_ball_is_overdamped_up_to_half_the_shrinkage_from_which_it_swings(momentum):
    swings = (1 - momentum) ** 2 / (4 * momentum)
    assert is_overdamped(momentum, 0.0)
    assert is_overdamped(momentum, 0.49 * swings)
    assert not is_overdamped(momentum, 0.51 * swings)


@pytest.mark.parametrize("momentum", [0.0, LARGEST_MOMENTUM, 1.0])
def test_without_momentum_or_with_nearly_all_of_it_nothing_waits(momentum):
    assert not is_overdamped(momentum, 0.0)
