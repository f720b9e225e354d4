"""When the compiled engine may leave coefficients without a gradient for later."""

import pytest

from gdregress._engines.compiled import LARGEST_MOMENTUM, is_overdamped


@pytest.mark.parametrize("momentum", [0.3, 0.9, 0.99])
def test_a_heavy_ball_is_overdamped_up_to_half_the_shrinkage_from_which_it_swings(momentum):
    swings = (1 - momentum) ** 2 / (4 * momentum)
    assert is_overdamped(momentum, 0.0)
    assert is_overdamped(momentum, 0.49 * swings)
    assert not is_overdamped(momentum, 0.51 * swings)


@pytest.mark.parametrize("momentum", [0.0, LARGEST_MOMENTUM, 1.0])
def test_without_momentum_or_with_nearly_all_of_it_nothing_waits(momentum):
    assert not is_overdamped(momentum, 0.0)
