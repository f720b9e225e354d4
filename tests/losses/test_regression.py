"""Each loss: value, gradient and curvature, on every array library; and a loss of the user."""

import numpy as np
import pytest
from components import with_formula
from grids import pairwise
from libraries import array_functions
from reference import LOSSES as NAIVE
from reference import (
    exp_remainder_in_many_digits,
    huber_loss,
    log_cosh_in_many_digits,
    quantile_loss,
)
from sklearn import metrics

from gdregress import GDRegressor
from gdregress.losses import (
    LOSSES,
    EpsilonInsensitive,
    Gamma,
    Huber,
    LogCosh,
    Loss,
    Poisson,
    Quantile,
    SquaredEpsilonInsensitive,
    SquaredError,
)
from gdregress.losses.base import local_curvature, predict_mean, raw_prediction
from gdregress.losses.gradient_check import check_gradient

every_loss = pytest.mark.parametrize("name", LOSSES)
MEANS = ("poisson", "gamma", "tweedie", "negative_binomial")
COUNTS = np.array([0.0, 1.0, 2.0, 7.0])
AMOUNTS = np.array([0.05, 0.8, 1.0, 12.0])
REALS = np.array([-3.0, 0.0, 0.4, 10.0])
# distances z - y, none of them at a kink (0, 0.1 and 1.35 are)
DISTANCES = np.array([-4.0, -1.2, -0.3, -0.04, 0.03, 0.2, 0.9, 1.7, 5.0])


def targets_of(loss):
    return {"real": REALS, "non-negative": COUNTS, "positive": AMOUNTS}[loss.target_range]


def pairs(loss):
    """Targets and raw predictions, every target with every distance."""
    y = np.repeat(targets_of(loss), len(DISTANCES))
    start = 0 * y if loss.link == "log" else y
    return y, start + np.tile(DISTANCES, len(targets_of(loss)))


# Values


@pytest.mark.parametrize("name", with_formula(LOSSES))
def test_value_is_that_of_the_plain_formula(name):
    loss = LOSSES[name]()
    y, z = pairs(loss)
    expected = [NAIVE[name](*pair) for pair in zip(y, z, strict=True)]
    np.testing.assert_allclose(loss.value(y, z), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_quantile_is_the_pinball_loss(quantile):
    loss = Quantile(quantile)
    y, z = pairs(loss)
    expected = metrics.mean_pinball_loss(y, z, alpha=quantile)
    assert np.mean(loss.value(y, z)) == pytest.approx(expected, rel=1e-12)
    naive = [quantile_loss(*pair, quantile) for pair in zip(y, z, strict=True)]
    np.testing.assert_allclose(loss.value(y, z), naive, atol=1e-14)


METRICS = {
    "squared_error": lambda y, z: metrics.mean_squared_error(y, z) / 2,
    "absolute_error": metrics.mean_absolute_error,
    "quantile": metrics.mean_pinball_loss,
    "poisson": lambda y, z: metrics.mean_poisson_deviance(y, np.exp(z)) / 2,
    "gamma": lambda y, z: metrics.mean_gamma_deviance(y, np.exp(z)) / 2,
}


@pytest.mark.parametrize("name", METRICS)
def test_value_is_that_of_scikit_learn(name):
    loss = LOSSES[name]()
    y, z = pairs(loss)
    assert np.mean(loss.value(y, z)) == pytest.approx(METRICS[name](y, z), rel=1e-12)


@pytest.mark.parametrize("epsilon", [0.5, 3.0])
def test_epsilon_is_the_width(epsilon):
    y, z = REALS, REALS + 2.0
    beyond = max(0.0, 2.0 - epsilon)
    np.testing.assert_allclose(EpsilonInsensitive(epsilon).value(y, z), beyond)
    np.testing.assert_allclose(SquaredEpsilonInsensitive(epsilon).value(y, z), beyond**2)
    np.testing.assert_allclose(Huber(epsilon).value(y, z), huber_loss(0.0, 2.0, epsilon))


def test_log_cosh_does_not_overflow():
    far = np.array([-5e4, 5e4])
    np.testing.assert_allclose(LogCosh().value(0 * far, far), 5e4 - np.log(2))
    np.testing.assert_array_equal(LogCosh().gradient(0 * far, far), [-1.0, 1.0])


# Residuals down to where the square underflows, and on both sides of the ends of the series.
SMALL = np.concatenate([np.geomspace(1e-150, 1e-3, 40), [0.0999, 0.1, 0.19, 0.21, 0.99, 1.0, 1.4]])


@pytest.mark.parametrize("sign", [-1, 1])
def test_small_residuals_keep_their_digits(sign):
    """A search that sees the rounding of the values where they should fall ends nowhere."""
    d, one = sign * SMALL, np.ones_like(SMALL)
    expected = [log_cosh_in_many_digits(r) for r in d]
    np.testing.assert_allclose(LogCosh().value(0 * d, d), expected, rtol=1e-14)
    expected = [exp_remainder_in_many_digits(r) for r in d]
    np.testing.assert_allclose(Poisson().value(one, d), expected, rtol=1e-13)
    np.testing.assert_allclose(Gamma().value(one, -d), expected, rtol=1e-13)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype, tiny", [(np.float64, 1e-306), (np.float32, 1e-38)])
def test_poisson_of_a_tiny_target_is_nearly_the_mean(dtype, tiny):
    y, z = np.full(3, tiny, dtype=dtype), np.array([0.0, 2.0, 20.0], dtype=dtype)
    np.testing.assert_allclose(Poisson().value(y, z), np.exp(z), rtol=1e-6)


def test_poisson_of_a_zero_count_is_the_mean():
    np.testing.assert_allclose(
        Poisson().value(np.zeros(2), np.array([-1.0, 2.0])), np.exp([-1, 2])
    )


# Gradients


@every_loss
def test_gradient_is_the_derivative_of_the_value(name):
    loss = LOSSES[name]()
    y, z = pairs(loss)
    step = 1e-5
    difference = (loss.value(y, z + step) - loss.value(y, z - step)) / (2 * step)
    np.testing.assert_allclose(loss.gradient(y, z), difference, rtol=1e-7, atol=1e-7)


@every_loss
def test_gradient_vanishes_at_the_target(name):
    loss = LOSSES[name]()
    y = targets_of(loss)[1:]
    np.testing.assert_allclose(loss.gradient(y, raw_prediction(loss, abs(y))), 0, atol=1e-12)


# Curvature


def second_differences(loss, y=None):
    """Of the value, over a fine grid of distances through all kinks."""
    y = targets_of(loss)[-1:] if y is None else np.array([y])
    z = np.linspace(-12, 12, 24_001) + (0 if loss.link == "log" else y)
    step = 1e-4
    change = loss.value(y, z + step) - 2 * loss.value(y, z) + loss.value(y, z - step)
    return change / step**2


@pytest.mark.parametrize("name", [name for name in LOSSES if LOSSES[name].curvature is not None])
def test_curvature_is_the_least_upper_bound(name):
    loss = LOSSES[name]()
    measured = second_differences(loss).max()
    assert measured <= loss.curvature * (1 + 1e-5)
    assert measured >= loss.curvature * (1 - 1e-3)


@pytest.mark.parametrize("name", [name for name in LOSSES if LOSSES[name].curvature is None])
def test_no_curvature_is_stated_where_there_is_no_bound(name):
    assert second_differences(LOSSES[name](), 1e5).max() > 1e3


@every_loss
def test_smooth_says_whether_the_gradient_jumps(name):
    loss = LOSSES[name]()
    y = targets_of(loss)[-1:]
    z = np.linspace(-3, 3, 6001) + (0 if loss.link == "log" else y)
    gradient = loss.gradient(y, z)
    jump = abs(np.diff(gradient)).max() / (abs(gradient).max() or 1.0)
    assert (jump < 0.01) == loss.smooth


@every_loss
def test_curvature_at_a_point_is_the_derivative_of_the_gradient(name):
    loss = LOSSES[name]()
    y, z = pairs(loss)
    there = loss.curvature_at(y, z)
    np.testing.assert_allclose(there, local_curvature(loss, y, z), rtol=1e-6, atol=1e-6)
    assert loss.curvature is None or (there <= loss.curvature).all()


def test_curvature_far_out_keeps_its_digits():
    """1 / cosh^2, which is 4 exp(-2 |r|) far from zero."""
    far = np.array([-20.0, 25.0])
    expected = 4 * np.exp(-2 * abs(far))
    np.testing.assert_allclose(LogCosh().curvature_at(0 * far, far), expected, rtol=1e-14)


def test_local_curvature():
    z = np.array([-1.0, 0.0, 2.0])
    np.testing.assert_allclose(local_curvature(Poisson(), np.ones(3), z), np.exp(z), rtol=1e-8)


# Links


@every_loss
def test_raw_prediction_undoes_predict_mean(name):
    loss = LOSSES[name]()
    z = np.array([-2.0, 0.0, 3.0])
    expected = np.exp(z) if name in MEANS else z
    np.testing.assert_array_equal(predict_mean(loss, z), expected)
    np.testing.assert_allclose(raw_prediction(loss, predict_mean(loss, z)), z, atol=1e-15)


# Array libraries


@pairwise(name=LOSSES, dtype=["float64", "float32"], library=["torch", "array_api_strict"])
def test_same_numbers_on_every_array_library(name, dtype, library):
    xp = array_functions(library)
    loss = LOSSES[name]()
    y, z = pairs(loss)
    y_there, z_there = (xp.asarray(a.tolist(), dtype=getattr(xp, dtype)) for a in (y, z))
    for method in (loss.value, loss.gradient, loss.curvature_at):
        there = method(y_there, z_there)
        assert there.dtype == getattr(xp, dtype)
        here = method(y.astype(dtype), z.astype(dtype))
        assert here.dtype == dtype
        tolerance = 1e-12 if dtype == "float64" else 1e-4
        np.testing.assert_allclose(np.asarray(there), here, rtol=tolerance, atol=tolerance)


# One's own loss


class Halved(Loss):
    """A loss whose gradient lacks a factor of 2."""

    def value(self, y, z):
        return (z - y) ** 2

    def gradient(self, y, z):
        return z - y


class WrongSign(Loss):
    def value(self, y, z):
        return (z - y) ** 2 / 2

    def gradient(self, y, z):
        return y - z


class Summed(Loss):
    """A loss that returns one number for all rows."""

    def value(self, y, z):
        return ((z - y) ** 2 / 2).sum()

    def gradient(self, y, z):
        return z - y


class Own(Loss):
    """Squared error, written by somebody else, its curvature unknown."""

    def value(self, y, z):
        return (z - y) ** 2 / 2

    def gradient(self, y, z):
        return z - y


def test_the_curvature_of_ones_own_loss_is_measured():
    y, z = REALS, REALS + 0.3
    np.testing.assert_allclose(Own().curvature_at(y, z), 1, rtol=1e-8)


def test_the_curvature_at_a_point_is_not_inherited_past_another_gradient():
    class Steeper(SquaredError):
        def value(self, y, z):
            return 3 * super().value(y, z)

        def gradient(self, y, z):
            return 3 * super().gradient(y, z)

    np.testing.assert_allclose(Steeper().curvature_at(REALS, REALS + 0.3), 3, rtol=1e-8)


NUMBERS = r"at y = \S+, z = \S+ gradient\(\) says \S+, while the value changes by \S+ per unit"


@pytest.mark.parametrize("wrong", [Halved, WrongSign])
def test_a_wrong_gradient_is_refused_with_the_numbers(small_data, wrong):
    with pytest.raises(ValueError, match=rf"{wrong.__name__}\.gradient is not .*{NUMBERS}"):
        GDRegressor(loss=wrong()).fit(*small_data)


def test_the_numbers_of_a_wrong_gradient_are_right():
    with pytest.raises(ValueError, match="gradient") as refused:
        check_gradient(Halved(), np.array([1.0, 2.0]))
    words = str(refused.value).replace(",", "").split()
    y, z = (float(words[words.index(name) + 2]) for name in ("y", "z"))
    stated, measured = float(words[words.index("says") + 1]), float(words[words.index("by") + 1])
    assert stated == pytest.approx(z - y, rel=1e-4)
    assert measured == pytest.approx(2 * (z - y), rel=1e-4)


def test_a_loss_of_the_wrong_shape_is_refused(small_data):
    with pytest.raises(ValueError, match=r"Summed\.value\(y, z\) must return an array"):
        GDRegressor(loss=Summed()).fit(*small_data)


@pytest.mark.parametrize("n_targets", [None, 2])
def test_ones_own_loss_reaches_the_minimum(small_data, n_targets):
    X, y = small_data
    if n_targets == 2:
        y = np.column_stack([y, -2 * y])
    own = GDRegressor(loss=Own(), tol=1e-10).fit(X, y)
    built_in = GDRegressor(loss="squared_error", tol=1e-10).fit(X, y)
    assert own.converged_
    np.testing.assert_allclose(own.coef_, built_in.coef_, rtol=1e-7)
    np.testing.assert_allclose(own.intercept_, built_in.intercept_, rtol=1e-7)


@every_loss
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_no_loss_of_ours_would_be_refused(name, scale):
    loss = LOSSES[name]()
    check_gradient(loss, targets_of(loss) * (1.0 if loss.link == "log" else scale))


def test_an_instance_is_used_as_given_and_left_alone(small_data):
    loss = Huber(epsilon=0.3)
    X, y = small_data
    fitted = GDRegressor(loss=loss).fit(X, y)
    by_name = GDRegressor(loss="huber", epsilon=0.3).fit(X, y)
    np.testing.assert_array_equal(fitted.coef_, by_name.coef_)
    assert loss.get_params() == {"epsilon": 0.3}
    assert abs(fitted.coef_ - GDRegressor(loss=SquaredError()).fit(X, y).coef_).max() > 1e-3
