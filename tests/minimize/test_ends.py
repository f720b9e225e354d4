"""How descents of `minimize` end, and what the message says of the result."""

import re
import warnings
from zlib import crc32

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gdregress import minimize
from gdregress.callbacks import History
from gdregress.penalties import L1

SQUARE = {"fun": lambda x: x**2, "jac": lambda x: 2 * x}
START = np.array([-1.2, 1.0])
MATRIX = np.array([[3.0, 0.5], [0.5, 1.0]])


def quadratic(x):
    return x @ MATRIX @ x / 2 - x[0]


def quadratic_slope(x):
    return MATRIX @ x - np.array([1.0, 0.0])


def test_tolerance():
    result = minimize(quadratic, START, jac=quadratic_slope, tol=1e-4)
    assert result.success and result.status == 0
    assert np.linalg.norm(result.jac) <= 1e-4
    assert_array_equal(result.jac, quadratic_slope(result.x))
    assert result.fun == pytest.approx(quadratic(result.x), rel=1e-12)


def test_too_few_steps():
    result = minimize(quadratic, START, jac=quadratic_slope, max_iter=3)
    assert not result.success and result.status == 1 and result.nit == 3
    assert "max_iter=3" in result.message


def test_divergence_returns_the_best():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = minimize(
            lambda x: np.sum(x**4), np.ones(3), jac=lambda x: 4 * x**3, learning_rate=10.0
        )
    assert not result.success and result.status == 2
    assert "learning_rate" in result.message
    assert_array_equal(result.x, np.ones(3))


@pytest.mark.parametrize("offset", [-1.0, 0.0, 1.0])
def test_divergence_returns_the_start_whatever_its_value(offset):
    square = {"fun": lambda x: np.sum(x * x) - 1 + offset, "jac": lambda x: 2 * x}
    result = minimize(**square, x0=np.ones(1), optimizer="gd", learning_rate=1.1)
    assert not result.success
    assert_array_equal(result.x, [1.0])
    assert result.fun == offset


def test_growth_is_pointed_out():
    result = minimize(**SQUARE, x0=10.0, learning_rate=1.1, max_iter=20)
    assert "grown" in result.message and not result.success


def test_nan_returns_the_best():
    result = minimize(
        lambda x: np.log(x), 1.0, jac=lambda x: 1 / x, learning_rate=0.3, max_iter=50
    )
    assert not result.success and np.isfinite(result.fun)


def test_nan_at_the_start_is_said():
    result = minimize(lambda x: np.nan * x, 1.0, jac=lambda x: x)
    assert not result.success and "nan at x0 already" in result.message


def test_the_smallest_rate_of_a_schedule_is_said():
    result = minimize(abs, 1.03, jac=np.sign, schedule="adaptive", max_iter=3000)
    assert result.status == 3
    assert "The schedule has reached its smallest learning rate." in result.message


def test_steps_that_are_lost_in_x_may_be_too_short():
    result = minimize(**SQUARE, x0=1.0, learning_rate=1e-17)
    assert result.status == 3 and "too small" in result.message


def test_plateau_of_a_kink():
    result = minimize(abs, 1.05, jac=np.sign, max_iter=500)
    assert not result.success and result.status == 3
    assert "kink" in result.message


@pytest.mark.parametrize("by_name", [True, False])
def test_callback(by_name):
    seen = []

    def note(x):
        seen.append(x)
        if len(seen) == 4:
            raise StopIteration

    def named(intermediate_result):
        assert intermediate_result.fun == quadratic(intermediate_result.x)
        note(intermediate_result.x)

    callback = named if by_name else note
    result = minimize(quadratic, START, jac=quadratic_slope, callback=callback)
    assert not result.success and result.status == 99 and result.nit == 4
    assert_array_equal(seen, result.path[1:])


def test_callback_of_rows():
    history = History()
    result = minimize(quadratic, START, jac=quadratic_slope, callback=history)
    assert result.success
    assert history == {name: column[1:] for name, column in result.history.items()}


def test_callback_of_rows_ends_the_descent():
    result = minimize(
        quadratic, START, jac=quadratic_slope, callback=lambda row: row["epoch"] == 4
    )
    assert not result.success and result.status == 99 and result.nit == 4


def rastrigin(x):
    return 10 * x.size + np.sum(x**2 - 10 * np.cos(2 * np.pi * x))


def rastrigin_slope(x):
    return 2 * x + 20 * np.pi * np.sin(2 * np.pi * x)


def with_noise(x):
    """Falls and rises by chance, so that the best x is not the last."""
    return (x**2).sum() + 1e-10 * crc32(x.tobytes()) / 2**32


class TestTheNormInTheMessage:
    """Is that of the gradient at the x that is returned."""

    @staticmethod
    def stated(result):
        number = re.search(r"norm of the gradient(?: mapping)? is ([-+.\de]+),", result.message)
        return float(number.group(1))

    @pytest.mark.parametrize("max_iter", [1, 7, 1000])
    @pytest.mark.parametrize("rate", [0.1, "auto", "line-search"])
    @pytest.mark.parametrize("optimizer", ["gd", "momentum", "nesterov"])
    @pytest.mark.parametrize(
        "fun, jac",
        [
            (rastrigin, rastrigin_slope),
            (with_noise, lambda x: 2 * x),
            (quadratic, quadratic_slope),
        ],
    )
    def test_of_a_function(self, fun, jac, optimizer, rate, max_iter):
        given = {"optimizer": optimizer, "learning_rate": rate, "max_iter": max_iter}
        with np.errstate(all="ignore"):
            result = minimize(fun, np.array([3.3, -2.2]), jac=jac, **given)
        if "diverged" not in result.message:
            assert self.stated(result) == pytest.approx(np.linalg.norm(result.jac), rel=1e-2)

    @pytest.mark.parametrize("optimizer", ["gd", "nesterov"])
    @pytest.mark.parametrize("max_iter", [5, 1000])
    def test_with_a_penalty_it_is_called_a_mapping(self, max_iter, optimizer):
        rate, l1 = 0.1, L1(0.3)
        result = minimize(
            quadratic,
            START,
            jac=quadratic_slope,
            penalty=l1,
            optimizer=optimizer,
            max_iter=max_iter,
        )
        mapping = (result.x - l1.prox(result.x - rate * result.jac, rate)) / rate
        assert "gradient mapping" in result.message
        assert self.stated(result) == pytest.approx(np.linalg.norm(mapping), rel=1e-2, abs=1e-12)


class TestTheLastStep:
    """Is one that has been made: the gradient where it ends is measured there."""

    @pytest.mark.parametrize("both", [False, True])
    @pytest.mark.parametrize("rate", [0.1, "auto", "line-search"])
    @pytest.mark.parametrize("optimizer", ["gd", "momentum"])
    def test_moves(self, optimizer, rate, both):
        given = {"optimizer": optimizer, "learning_rate": rate}
        fun = (lambda x: (quadratic(x), quadratic_slope(x))) if both else quadratic
        result = minimize(fun, START, jac=True if both else quadratic_slope, **given)
        assert result.success
        norms = [np.linalg.norm(quadratic_slope(x)) for x in result.path]
        assert result.history["gradient_norm"] == pytest.approx(norms, rel=1e-9)
        assert (result.path[-1] != result.path[-2]).any()
        assert min(norms[:-1]) > 1e-8 >= norms[-1]
        checks = 4 if both else 2  # of the gradient by differences, and for the first rate
        if not (both and rate == "line-search"):  # whose trials compute both
            assert result.njev <= result.nit + 1 + checks

    def test_at_the_minimum_already_one_step_is_made(self):
        result = minimize(**SQUARE, x0=0.0)
        assert result.success and result.nit == 1 and result.x == 0.0

    def test_no_gradient_is_asked_for_where_the_function_is_infinite(self):
        def slope(x):
            if x <= 0:
                raise ArithmeticError
            return 1 / x + 2 * x

        result = minimize(lambda x: np.log(x) + x**2 if x > 0 else np.inf, 1.0, jac=slope)
        assert not result.success and result.x > 0
