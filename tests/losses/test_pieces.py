"""Losses of two linear pieces, some with a round tip: their conjugates and smooth envelopes."""

import numpy as np
import pytest
from libraries import array_functions
from numpy.testing import assert_allclose

from gdregress.losses import CLASSIFICATION_LOSSES, LOSSES, Huber, Quantile
from gdregress.losses.pieces import Envelope, position

KINKED = {
    **{name: LOSSES[name]() for name in LOSSES if not LOSSES[name].smooth},
    **{n: loss() for n, loss in CLASSIFICATION_LOSSES.items() if not loss.smooth},
    "quantile 0.05": Quantile(0.05),
    "huber": Huber(),
    "narrow huber": Huber(0.09),
}
every_loss = pytest.mark.parametrize("loss", KINKED.values(), ids=KINKED)
every_width = pytest.mark.parametrize("width", [1e-3, 0.3, 4.0])


def points(loss):
    """Targets and predictions on all sides of the kinks, and at them."""
    targets = [-1.0, 1.0] if loss.target_range == "labels" else [-2.0, 0.0, 3.5]
    distances = np.concatenate([np.linspace(-7, 7, 281), [-0.1, 0.1, 1.0, -1.0]])
    y, d = (grid.ravel() for grid in np.meshgrid(targets, distances))
    return y, d if loss.target_range == "labels" else y + d


def test_losses_with_a_kink_or_a_round_tip_have_pieces_and_an_envelope():
    for loss in [*LOSSES.values(), *CLASSIFICATION_LOSSES.values()]:
        known = loss().pieces
        assert (known is None) == (loss.smooth and loss is not Huber)
        assert known is None or (known.rounding > 0) == loss.smooth
        assert (loss().envelope(1.0) is None) == (known is None)


def test_pieces_are_not_inherited_past_another_formula():
    class Doubled(Quantile):
        def value(self, y, z):
            return 2 * super().value(y, z)

    assert Doubled(0.3).pieces is None


@every_loss
def test_pieces_say_what_the_loss_says(loss):
    y, z = points(loss)
    u, _ = position(loss, y, z)
    assert_allclose(loss.pieces.value(u), loss.value(y, z), atol=1e-14)


@every_loss
def test_the_conjugate_is_the_largest_difference_to_a_line(loss):
    pieces, u = loss.pieces, np.linspace(-9, 9, 3601)
    for slope in np.linspace(pieces.lower, pieces.upper, 7):
        expected = max(slope * u - pieces.value(u))
        assert pieces.conjugate(slope) == pytest.approx(expected, abs=1e-12)


@every_width
@every_loss
def test_the_envelope_is_the_least_of_the_loss_and_a_parabola(loss, width):
    y, z = points(loss)
    steps = np.linspace(-1, 1, 2001) * width * max(1.0, loss.pieces.upper)
    moved = loss.value(y[:, None], z[:, None] + steps) + steps**2 / (2 * width)
    assert_allclose(loss.envelope(width).value(y, z), moved.min(axis=1), atol=2e-3 * width)


@every_width
@every_loss
def test_the_envelope_is_below_the_loss_by_at_most_half_the_width(loss, width):
    y, z = points(loss)
    below = loss.value(y, z) - loss.envelope(width).value(y, z)
    steepest = max(-loss.pieces.lower, loss.pieces.upper)
    assert (below >= -1e-14).all() and (below <= width / 2 * steepest**2 + 1e-14).all()


@every_width
@every_loss
def test_gradient_of_the_envelope_is_the_derivative_of_its_value(loss, width):
    y, z = points(loss)
    envelope, step = loss.envelope(width), 1e-6 * width
    difference = (envelope.value(y, z + step) - envelope.value(y, z - step)) / (2 * step)
    assert_allclose(envelope.gradient(y, z), difference, rtol=1e-5, atol=2e-6)


@every_width
@every_loss
def test_curvature_of_the_envelope_is_the_derivative_of_its_gradient(loss, width):
    y, z = points(loss)
    z = z + 0.00137 * width  # away from where the curvature jumps
    envelope, step = loss.envelope(width), 1e-6 * width
    difference = (envelope.gradient(y, z + step) - envelope.gradient(y, z - step)) / (2 * step)
    assert_allclose(envelope.curvature_at(y, z), difference, rtol=1e-4, atol=1e-6 / width)
    assert envelope.smooth and envelope.curvature == 1 / (loss.pieces.rounding + width)


@every_loss
@pytest.mark.parametrize("library", ["torch", "jax", "array_api_strict"])
def test_same_numbers_on_every_array_library(loss, library):
    xp, envelope = array_functions(library), Envelope(loss, 0.7)
    y, z = (a.astype("float32") for a in points(loss))
    there = [xp.asarray(a.tolist(), dtype=xp.float32) for a in (y, z)]
    for method in (envelope.value, envelope.gradient, envelope.curvature_at):
        assert method(*there).dtype == xp.float32
        assert_allclose(np.asarray(method(*there)), method(y, z), rtol=1e-5, atol=1e-6)
