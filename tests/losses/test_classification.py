"""Losses of classes: value, slope, curvature, digits, probability; on every array library."""

from contextlib import nullcontext
from decimal import Decimal, localcontext

import array_api_strict
import numpy as np
import pytest
from components import with_formula
from grids import pairwise
from libraries import needed
from numpy.testing import assert_allclose, assert_array_equal
from reference import CLASSIFICATION_LOSSES as NAIVE
from reference import CLASSIFICATION_SLOPES as NAIVE_SLOPES
from reference import one_vs_rest_loss, one_vs_rest_slopes, softmax_loss, softmax_slopes
from scipy import special
from scipy.optimize import minimize_scalar
from sklearn import metrics
from sklearn.linear_model import SGDClassifier

from gdregress import GDClassifier
from gdregress.losses import Loss
from gdregress.losses.base import local_curvature
from gdregress.losses.classification import (
    CLASSIFICATION_LOSSES,
    LogLoss,
    ModifiedHuber,
    SquaredHinge,
)
from gdregress.losses.gradient_check import check_gradient
from gdregress.losses.multiclass import OneVsRest, Softmax, multiclass_loss

every_loss = pytest.mark.parametrize("name", CLASSIFICATION_LOSSES)
every_formula = pytest.mark.parametrize("name", with_formula(CLASSIFICATION_LOSSES))
every_class_formula = pytest.mark.parametrize(
    "name", ["softmax", *with_formula(CLASSIFICATION_LOSSES)]
)
more_classes = pytest.mark.parametrize("k", [3, 5])
smooth_losses = pytest.mark.parametrize(
    "name", [name for name in CLASSIFICATION_LOSSES if CLASSIFICATION_LOSSES[name].smooth]
)

# margins, none of them at a kink (-1, 0 and 1 are)
MARGINS = np.array([-20.0, -4.0, -1.2, -0.7, -0.04, 0.03, 0.2, 0.9, 1.1, 1.7, 5.0, 20.0])
FAR = np.array([1e4, 1e5])
STEP = 1e-5


def pairs():
    """Both labels with raw predictions on either side."""
    y = np.repeat([-1.0, 1.0], len(MARGINS))
    return y, y * np.tile(MARGINS, 2)


def class_pairs(k, n=40, size=3.0):
    """Class numbers, all of them and some twice, and raw predictions away from all kinks."""
    y = np.arange(n) % k
    z = size * np.random.RandomState(k).normal(size=(n, k))
    for kink in (-1.0, 0.0, 1.0):
        z = np.where(abs(z - kink) < 1e-3, z + 0.01, z)
    return y.astype(float), z


def losses_of(k):
    """Every loss over k classes, by name, with its plain value and slopes of one row."""
    return {
        "softmax": (Softmax(k), softmax_loss, softmax_slopes),
        **{
            name: (
                OneVsRest(CLASSIFICATION_LOSSES[name](), k),
                lambda y, z, name=name: one_vs_rest_loss(name, y, z),
                lambda y, z, name=name: one_vs_rest_slopes(name, y, z),
            )
            for name in CLASSIFICATION_LOSSES
        },
    }


every_class_loss = pytest.mark.parametrize("name", losses_of(3))


def by_row(plain, y, z):
    return [plain(int(own), row.tolist()) for own, row in zip(y, z, strict=True)]


# Values


@every_formula
def test_value_is_that_of_the_plain_formula(name):
    y, z = pairs()
    expected = [NAIVE[name](*pair) for pair in zip(y, z, strict=True)]
    assert_allclose(CLASSIFICATION_LOSSES[name]().value(y, z), expected, rtol=1e-7, atol=1e-14)


@more_classes
@every_class_formula
def test_value_multiclass_loss_is_that_of_the_plain_formula(name, k):
    loss, plain, _ = losses_of(k)[name]
    y, z = class_pairs(k)
    assert_allclose(loss.value(y, z), by_row(plain, y, z), rtol=1e-12, atol=1e-14)


def test_log_loss_is_that_of_scikit_learn():
    y, z = pairs()
    expected = metrics.log_loss(y, special.expit(z))
    assert np.mean(LogLoss().value(y, z)) == pytest.approx(expected, rel=1e-9)


@more_classes
def test_softmax_is_the_log_loss_of_scikit_learn(k):
    y, z = class_pairs(k)
    expected = metrics.log_loss(y, special.softmax(z, axis=1))
    assert np.mean(Softmax(k).value(y, z)) == pytest.approx(expected, rel=1e-12)


def test_hinge_is_that_of_scikit_learn():
    y, z = pairs()
    mean = np.mean(CLASSIFICATION_LOSSES["hinge"]().value(y, z))
    assert mean == pytest.approx(metrics.hinge_loss(y, z), rel=1e-14)


def test_softmax_of_two_classes_is_the_log_loss_of_their_difference():
    y, z = class_pairs(2)
    expected = LogLoss().value(2 * y - 1, z[:, 1] - z[:, 0])
    assert_allclose(Softmax(2).value(y, z), expected, rtol=1e-13)


@more_classes
def test_softmax_does_not_change_when_all_predictions_shift(k):
    y, z = class_pairs(k)
    assert_allclose(Softmax(k).value(y, z + 1000), Softmax(k).value(y, z), rtol=1e-9)
    assert_allclose(Softmax(k).gradient(y, z + 1000), Softmax(k).gradient(y, z), rtol=1e-9)


@more_classes
def test_softmax_of_equal_predictions_is_the_log_of_the_number_of_classes(k):
    y = np.arange(float(k))
    assert_allclose(Softmax(k).value(y, np.full((k, k), 7.0)), np.log(k), rtol=1e-15)


# Slopes


@every_loss
def test_gradient_is_the_derivative_of_the_value(name):
    loss = CLASSIFICATION_LOSSES[name]()
    y, z = pairs()
    difference = (loss.value(y, z + STEP) - loss.value(y, z - STEP)) / (2 * STEP)
    assert_allclose(loss.gradient(y, z), difference, rtol=1e-8, atol=1e-9)


@more_classes
@every_class_loss
def test_gradient_multiclass_loss_is_the_derivative_of_the_value(name, k):
    loss, _, _ = losses_of(k)[name]
    y, z = class_pairs(k)
    difference = np.empty_like(z)
    for t in range(k):
        step = STEP * (np.arange(k) == t)
        difference[:, t] = (loss.value(y, z + step) - loss.value(y, z - step)) / (2 * STEP)
    assert_allclose(loss.gradient(y, z), difference, rtol=1e-8, atol=1e-8)


@every_formula
def test_gradient_is_that_of_the_plain_formula(name):
    y, z = pairs()
    expected = [NAIVE_SLOPES[name](*pair) for pair in zip(y, z, strict=True)]
    assert_allclose(CLASSIFICATION_LOSSES[name]().gradient(y, z), expected, rtol=1e-14)


@more_classes
@every_class_formula
def test_gradient_multiclass_loss_is_that_of_the_plain_formula(name, k):
    loss, _, plain = losses_of(k)[name]
    y, z = class_pairs(k)
    assert_allclose(loss.gradient(y, z), by_row(plain, y, z), rtol=1e-12, atol=1e-14)


@more_classes
def test_slopes_of_softmax_sum_to_zero(k):
    y, z = class_pairs(k)
    assert_allclose(Softmax(k).gradient(y, z).sum(axis=1), 0, atol=1e-15)


@every_loss
def test_gradient_supports_the_loss_from_below_even_at_kinks(name):
    """A convex loss lies above each of its tangents: L(b) >= L(a) + L'(a) (b - a)."""
    loss = CLASSIFICATION_LOSSES[name]()
    z = np.arange(-12, 13) / 4  # -1, 0 and 1 among them
    a, b = (grid.ravel() for grid in np.meshgrid(z, z))
    for label in (-1.0, 1.0):
        y = np.full(a.shape, label)
        tangent = loss.value(y, a) + loss.gradient(y, a) * (b - a)
        assert (loss.value(y, b) >= tangent - 1e-14).all()


def test_the_perceptron_has_a_slope_where_it_starts():
    y, zero = np.array([-1.0, 1.0]), np.zeros(2)
    perceptron = CLASSIFICATION_LOSSES["perceptron"]()
    assert_array_equal(perceptron.value(y, zero), 0.0)
    assert_array_equal(perceptron.gradient(y, zero), -y)


@every_loss
def test_smooth_says_whether_the_gradient_jumps(name):
    loss = CLASSIFICATION_LOSSES[name]()
    z = np.linspace(-3, 3, 6001)
    gradient = loss.gradient(np.ones_like(z), z)
    jump = abs(np.diff(gradient)).max() / abs(gradient).max()
    assert (jump < 0.01) == loss.smooth
    assert OneVsRest(loss, 3).smooth == loss.smooth


@every_loss
def test_no_loss_of_ours_would_be_refused(name):
    check_gradient(CLASSIFICATION_LOSSES[name](), np.array([-1.0, 1.0, 1.0]))


class Halved(Loss):
    """A loss of labels whose gradient lacks a factor of 2."""

    target_range = "labels"

    def value(self, y, z):
        return (y - z) ** 2

    def gradient(self, y, z):
        return z - y


@pytest.mark.parametrize("k", [2, 3])
def test_a_wrong_gradient_is_refused(k, rng):
    with pytest.raises(ValueError, match=r"Halved\.gradient is not the derivative"):
        GDClassifier(loss=Halved()).fit(rng.normal(size=(12, 2)), np.arange(12) % k)


# Curvature


@smooth_losses
def test_curvature_is_the_least_upper_bound(name):
    loss = CLASSIFICATION_LOSSES[name]()
    z, step = np.linspace(-12, 12, 24_001), 1e-4
    for label in (-1.0, 1.0):
        y = np.full(z.shape, label)
        change = loss.value(y, z + step) - 2 * loss.value(y, z) + loss.value(y, z - step)
        measured = change.max() / step**2
        assert loss.curvature * (1 - 1e-3) <= measured <= loss.curvature * (1 + 1e-5)


@pytest.mark.parametrize("name", ["hinge", "perceptron"])
def test_no_curvature_is_stated_where_there_is_no_bound(name):
    assert CLASSIFICATION_LOSSES[name].curvature is None
    assert OneVsRest(CLASSIFICATION_LOSSES[name](), 3).curvature is None


@every_loss
def test_curvature_at_a_point_is_the_derivative_of_the_gradient(name):
    loss = CLASSIFICATION_LOSSES[name]()
    y, z = pairs()
    there = loss.curvature_at(y, z)
    assert_allclose(there, local_curvature(loss, y, z), rtol=1e-6, atol=1e-9)
    assert loss.curvature is None or (there <= loss.curvature * (1 + 1e-6)).all()


@more_classes
@every_class_loss
def test_curvature_at_a_point_is_the_diagonal_of_the_hessian(name, k):
    loss = losses_of(k)[name][0]
    y, z = class_pairs(k)
    diagonal, step = np.empty_like(z), 1e-5
    for t in range(k):
        moved = step * (np.arange(k) == t)
        change = loss.gradient(y, z + moved) - loss.gradient(y, z - moved)
        diagonal[:, t] = change[:, t] / (2 * step)
    assert_allclose(loss.curvature_at(y, z), diagonal, rtol=1e-7, atol=1e-8)


def largest_eigenvalues(loss, y, z):
    """Of the Hessian in the raw predictions of each row, by differences of the gradient."""
    k, step = z.shape[1], 1e-4
    hessian = np.empty((*z.shape, k))
    for t in range(k):
        moved = step * (np.arange(k) == t)
        hessian[:, :, t] = loss.gradient(y, z + moved) - loss.gradient(y, z - moved)
    hessian /= 2 * step
    assert_allclose(hessian, hessian.transpose(0, 2, 1), atol=1e-9)
    return np.linalg.eigvalsh(hessian)[:, -1]


@pytest.mark.parametrize("k", [2, 3, 5])
def test_curvature_of_softmax_bounds_all_eigenvalues(k):
    rng = np.random.RandomState(0)
    sizes = 10 ** rng.uniform(-2, 2, size=(5000, 1))
    z = sizes * rng.normal(size=(5000, k))
    y = rng.randint(k, size=5000).astype(float)
    measured = largest_eigenvalues(Softmax(k), y, z)
    assert measured.max() <= Softmax.curvature * (1 + 1e-7)
    assert measured.max() >= Softmax.curvature * 0.95


@more_classes
def test_curvature_of_softmax_is_reached_between_two_classes(k):
    """Two classes equally likely and no other: the Hessian has the eigenvalue 1/2."""
    z = np.full((1, k), -60.0)
    z[0, :2] = 0
    measured = largest_eigenvalues(Softmax(k), np.array([0.0]), z)
    assert_allclose(measured, Softmax.curvature, rtol=1e-7)


@smooth_losses
def test_curvature_of_one_against_the_rest_is_that_of_the_single_loss(name):
    loss = OneVsRest(CLASSIFICATION_LOSSES[name](), 3)
    y, z = class_pairs(3, n=4000, size=2.0)
    measured = largest_eigenvalues(loss, y, z).max()
    assert 0.99 * loss.curvature <= measured <= loss.curvature * (1 + 1e-7)


# Digits


def exactly(formula, margin):
    """A formula of the margin in 400 decimals, rounded to a float at the end."""
    with localcontext() as context:
        context.prec = 400
        return float(formula(Decimal(margin)))


SIZES = [0.0, 1e-9, 0.3, 1.0, 5.0, 17.3, 36.7, 37.5, 50.0, 100.0, 300.0, 700.0]
SIGNED = np.array([-size for size in SIZES[:0:-1]] + SIZES)


@pytest.mark.parametrize("label", [-1.0, 1.0])
def test_log_loss_keeps_all_digits(label):
    y, z = np.full(SIGNED.shape, label), label * SIGNED
    values = [exactly(lambda m: (1 + (-m).exp()).ln(), margin) for margin in SIGNED]
    slopes = [-label * exactly(lambda m: 1 / (1 + m.exp()), margin) for margin in SIGNED]
    assert_allclose(LogLoss().value(y, z), values, rtol=1e-15)
    assert_allclose(LogLoss().gradient(y, z), slopes, rtol=1e-15)


def test_tiny_losses_are_not_rounded_to_zero():
    y, margin = np.ones(2), np.array([50.0, 600.0])
    assert_allclose(LogLoss().value(y, margin), np.exp(-margin), rtol=1e-14)
    z = np.column_stack([np.zeros(2), margin, np.full(2, -900.0)])
    assert_allclose(Softmax(3).value(y, z), np.exp(-margin), rtol=1e-14)
    slopes = Softmax(3).gradient(y, z)
    assert_allclose(slopes[:, 1], -np.exp(-margin), rtol=1e-14)
    assert_allclose(slopes[:, 0], np.exp(-margin), rtol=1e-14)


@pytest.mark.parametrize("k", [2, 3])
def test_softmax_keeps_all_digits(k):
    """One class at a distance from all others, which share the rest."""
    z = np.zeros((len(SIGNED), k))
    z[:, 1] = SIGNED

    def of_others(m):
        return (k - 1) * (-m).exp()

    y = np.ones(len(SIGNED))
    values = [exactly(lambda m: (1 + of_others(m)).ln(), margin) for margin in SIGNED]
    slopes = [exactly(lambda m: -of_others(m) / (1 + of_others(m)), margin) for margin in SIGNED]
    assert_allclose(Softmax(k).value(y, z), values, rtol=4e-15)
    assert_allclose(Softmax(k).gradient(y, z)[:, 1], slopes, rtol=4e-15)
    logs = [exactly(lambda m: -(1 + of_others(m)).ln(), margin) for margin in SIGNED]
    assert_allclose(Softmax(k).log_probability(z)[:, 1], logs, rtol=4e-15)


@pytest.mark.parametrize("margin", [5.0, 20.0, 80.0])
def test_tiny_losses_keep_the_digits_of_single_precision(margin):
    one, z = np.ones(1, dtype=np.float32), np.array([margin], dtype=np.float32)
    expected = np.log1p(np.exp(-margin))
    assert_allclose(LogLoss().value(one, z), expected, rtol=1e-6)
    assert_allclose(LogLoss().gradient(one, z), -special.expit(-margin), rtol=1e-6)
    row = np.stack([0 * z, z], axis=1)
    assert_allclose(Softmax(2).value(one, row), expected, rtol=1e-6)
    assert_allclose(Softmax(2).gradient(one, row)[:, 1], -special.expit(-margin), rtol=1e-6)


# Value and slope at a margin of -m and of m, for m far out; slopes are those for the label 1.
FAR_OUT = {
    "log_loss": (lambda m: m, -1.0),
    "hinge": (lambda m: 1 + m, -1.0),
    "squared_hinge": (lambda m: (1 + m) ** 2, lambda m: -2 * (1 + m)),
    "modified_huber": (lambda m: 4 * m, -4.0),
    "perceptron": (lambda m: m, -1.0),
}


@pytest.fixture
def nothing_may_warn():
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        yield


every_type = pytest.mark.parametrize("dtype", [np.float64, np.float32])
quietly = pytest.mark.filterwarnings("error")


@quietly
@every_type
@pytest.mark.parametrize("name", FAR_OUT)
def test_far_margins_are_finite_and_exact(name, dtype, nothing_may_warn):
    loss, (value, slope) = CLASSIFICATION_LOSSES[name](), FAR_OUT[name]
    far = FAR.astype(dtype)
    slope = slope(far) if callable(slope) else slope
    for label in (-1.0, 1.0):
        y = np.full(2, label, dtype=dtype)
        assert_array_equal(loss.value(y, -y * far), value(far))
        assert_array_equal(loss.gradient(y, -y * far), label * slope + 0 * far)
        assert_array_equal(loss.value(y, y * far), 0.0)
        assert_array_equal(loss.gradient(y, y * far), 0.0)


@quietly
@every_type
@pytest.mark.parametrize("name", ["softmax", *FAR_OUT])
def test_far_margins_multiclass_loss_are_finite_and_exact(name, dtype, nothing_may_warn):
    """One class is far above all others: right for the first row, wrong for the second."""
    loss = losses_of(3)[name][0]
    value, slope = FAR_OUT["log_loss" if name == "softmax" else name]
    y = np.array([1.0, 0.0], dtype=dtype)
    for far in FAR.astype(dtype):
        low = -far if name != "softmax" else 0 * far
        z = np.tile(np.array([low, far, low], dtype=dtype), (2, 1))
        away = slope(far) if callable(slope) else slope
        # the second row is wrong twice: its own class lies low, another one high
        twice = 1 if name == "softmax" else 2
        assert_array_equal(loss.value(y, z), np.array([0, twice * value(far)], dtype=dtype))
        assert_array_equal(loss.gradient(y, z), [[0, 0, 0], [away, -away, 0]])


@every_loss
def test_a_prediction_that_is_no_number_is_not_without_loss(name):
    loss = CLASSIFICATION_LOSSES[name]()
    assert np.isnan(loss.value(np.array([-1.0, 1.0]), np.full(2, np.nan))).all()
    z = np.array([[np.nan, 0.0, 0.0], [0.0, np.nan, 0.0]])
    assert np.isnan(multiclass_loss(loss, 3).value(np.zeros(2), z)).all()


# Probabilities


@pytest.mark.parametrize("loss", [LogLoss(), ModifiedHuber()], ids=["log_loss", "modified_huber"])
@pytest.mark.parametrize("p", [0.1, 0.35, 0.5, 0.8])
def test_probability_is_that_whose_expected_loss_is_least(loss, p):
    """Where y = 1 has the probability p, the best raw prediction is the one that says p."""
    one = np.ones(1)

    def expected_loss(z):
        return float((p * loss.value(one, z * one) + (1 - p) * loss.value(-one, z * one))[0])

    best = minimize_scalar(expected_loss, bounds=(-5, 5), options={"xatol": 1e-10}).x
    assert_allclose(loss.probability(best * one), p, atol=1e-6)


@more_classes
def test_probabilities_of_softmax_are_those_whose_expected_slope_is_zero(k):
    p = special.softmax(class_pairs(k)[1], axis=1)
    expected = sum(
        p[:, [y]] * Softmax(k).gradient(np.full(len(p), float(y)), np.log(p)) for y in range(k)
    )
    assert_allclose(expected, 0, atol=1e-14)
    assert_allclose(Softmax(k).probability(np.log(p)), p, rtol=1e-13)


def test_probability_of_the_log_loss():
    z = np.concatenate([SIGNED, -FAR, FAR])
    assert_allclose(LogLoss().probability(z), special.expit(z), rtol=4e-15)
    assert_allclose(LogLoss().log_probability(z), special.log_expit(z), rtol=4e-15)
    assert_allclose(LogLoss().probability(z) + LogLoss().probability(-z), 1, rtol=1e-15)
    assert_allclose(np.exp(LogLoss().log_probability(z)), LogLoss().probability(z), rtol=1e-12)


@more_classes
def test_probability_of_softmax(k):
    z = class_pairs(k, size=10.0)[1]
    assert_allclose(Softmax(k).probability(z), special.softmax(z, axis=1), rtol=1e-13)
    logs = special.log_softmax(z, axis=1)  # which rounds those near zero
    assert_allclose(Softmax(k).log_probability(z), logs, rtol=1e-13, atol=1e-15)
    assert_allclose(Softmax(k).probability(z).sum(axis=1), 1, rtol=1e-14)


@quietly
def test_log_probability_is_finite_however_small(nothing_may_warn):
    assert_array_equal(LogLoss().log_probability(np.array([-1e5, 1e5])), [-1e5, 0.0])
    z = np.array([[0.0, 1e5, -1e5]])
    assert_array_equal(Softmax(3).log_probability(z), [[-1e5, 0.0, -2e5]])
    assert_array_equal(Softmax(3).probability(z), [[0.0, 1.0, 0.0]])


@pytest.mark.parametrize("k", [2, 4])
def test_probability_of_modified_huber_is_that_of_scikit_learn(k):
    """Raw predictions that fall within and beyond -1 and 1, and one row with all below -1."""
    rng = np.random.RandomState(0)
    z = rng.normal(size=(50, 1 if k == 2 else k))
    z[0] = -3.0
    theirs = SGDClassifier(loss="modified_huber").fit(rng.normal(size=(8, 1)), np.arange(8) % k)
    theirs.coef_, theirs.intercept_ = np.eye(z.shape[1]), np.zeros(z.shape[1])
    theirs.n_features_in_ = z.shape[1]
    expected = theirs.predict_proba(z)
    if k == 2:
        assert_allclose(ModifiedHuber().probability(z[:, 0]), expected[:, 1], rtol=1e-15)
    else:
        assert_allclose(OneVsRest(ModifiedHuber(), k).probability(z), expected, rtol=1e-14)


@quietly
@more_classes
@pytest.mark.parametrize("loss", [LogLoss(), ModifiedHuber()], ids=["log_loss", "modified_huber"])
def test_probabilities_of_one_against_the_rest_sum_to_one(loss, k):
    z = class_pairs(k)[1]
    probability = OneVsRest(loss, k).probability(z)
    assert_allclose(probability.sum(axis=1), 1, rtol=1e-14)
    assert (probability >= 0).all()
    each = loss.probability(z)
    some = each.sum(axis=1) > 0
    assert some.any()
    ratio = each[some] / each[some].sum(axis=1, keepdims=True)
    assert_allclose(probability[some], ratio, rtol=1e-14)
    nowhere = OneVsRest(ModifiedHuber(), k).probability(np.full((1, k), -2.0))
    assert_allclose(nowhere, 1 / k, rtol=1e-15)


# Which loss for so many classes


@every_loss
def test_two_classes_take_the_loss_itself(name):
    loss = CLASSIFICATION_LOSSES[name]()
    assert multiclass_loss(loss, 2) is loss


@more_classes
def test_more_classes_take_softmax_for_the_log_loss_and_one_against_the_rest_otherwise(k):
    class Own(LogLoss):
        """Another formula."""

        def value(self, y, z):
            return super().value(y, z)

    joint = multiclass_loss(LogLoss(), k)
    assert isinstance(joint, Softmax) and joint.n_outputs == k
    for loss in (SquaredHinge(), Own()):
        joint = multiclass_loss(loss, k)
        assert isinstance(joint, OneVsRest) and joint.loss is loss and joint.n_outputs == k


# Array libraries


def torch_arrays():
    return needed("torch"), nullcontext()


def strict_arrays():
    return array_api_strict, nullcontext()


def jax_arrays():
    jax = needed("jax")
    return jax.numpy, jax.enable_x64()


@pairwise(
    loss=[
        *(CLASSIFICATION_LOSSES[name]() for name in CLASSIFICATION_LOSSES),
        OneVsRest(LogLoss(), 3),
        OneVsRest(ModifiedHuber(), 3),
        Softmax(3),
    ],
    dtype=["float64", "float32"],
    library=[torch_arrays, strict_arrays, jax_arrays],
)
def test_same_numbers_on_every_array_library(loss, dtype, library):
    xp, precision = library()
    y, z = pairs() if loss.n_outputs is None else class_pairs(3)
    calls = [(f, (y, z)) for f in (loss.value, loss.gradient, loss.curvature_at)]
    single = getattr(loss, "loss", loss)
    if single.probability is not None:
        calls.append((loss.probability, (z,)))
    if loss.log_probability is not None:
        calls.append((loss.log_probability, (z,)))
    with precision:
        for method, arrays in calls:
            here = method(*(a.astype(dtype) for a in arrays))
            assert here.dtype == dtype
            there = method(*(xp.asarray(a.tolist(), dtype=getattr(xp, dtype)) for a in arrays))
            assert there.dtype == getattr(xp, dtype)
            tolerance = 1e-13 if dtype == "float64" else 1e-5
            assert_allclose(np.asarray(there), here, rtol=tolerance, atol=tolerance)
