"""The rules that end a run, each alone."""

import math

import numpy as np
import pytest

from gdregress._solver.stopping import Divergence, Never, NotFinite, Plateau, Tolerance


def answers(rule, values, column="objective", **others):
    """What a rule says after each epoch."""
    return [rule.update({column: value, **others}) for value in values]


def test_never():
    assert answers(Never(), [1.0, 0.0, math.inf, math.nan]) == [None] * 4


def test_tolerance_is_relative_to_the_reference():
    rule = Tolerance(tol=0.01, reference=50.0)
    assert answers(rule, [60.0, 0.51, 0.5, 0.4], "gradient_norm") == [
        None,
        None,
        "tolerance",
        "tolerance",
    ]


def test_tolerance_stops_at_once_where_there_is_nothing_to_do():
    assert answers(Tolerance(1e-5, reference=0.0), [0.0], "gradient_norm") == ["tolerance"]


def test_tolerance_ignores_what_is_not_a_number():
    assert answers(Tolerance(1e-5, 1.0), [math.nan], "gradient_norm") == [None]


def test_plateau_after_epochs_without_improvement():
    rule = Plateau("objective", tol=0.1, patience=2)
    #        start  better  9% better   6% better   same
    values = [10.0, 5.0, 4.6, 4.3, 4.3]
    assert answers(rule, values) == [None, None, None, "plateau", "plateau"]


def test_plateau_compares_with_the_best_so_far():
    """Not with the epoch before: a rise and its undoing are no improvement."""
    rule = Plateau("objective", tol=0.1, patience=2)
    assert answers(rule, [10.0, 20.0, 10.0]) == [None, None, "plateau"]


def test_plateau_starts_to_count_again_after_an_improvement():
    rule = Plateau("objective", tol=0.0, patience=2)
    assert answers(rule, [3.0, 3.0, 2.0, 2.0, 1.0, 1.0, 1.0]) == [*[None] * 6, "plateau"]


def test_plateau_restart():
    """The best of before is forgotten: the rate it was found with is gone."""
    rule = Plateau("objective", tol=0.0, patience=2)
    assert answers(rule, [3.0, 3.0, 3.0])[-1] == "plateau"
    rule.restart()
    assert answers(rule, [4.0, 3.5, 3.5, 3.5]) == [None, None, None, "plateau"]


@pytest.mark.parametrize("scale", [1e-12, 1e-3, 1e3, 1e12])
def test_plateau_does_not_see_the_scale_of_the_objective(scale):
    values = 1 + np.exp(-np.arange(60.0) / 5)
    plain = answers(Plateau("objective", 1e-3, 3), values)
    assert answers(Plateau("objective", 1e-3, 3), scale * values) == plain
    assert None in plain
    assert "plateau" in plain


def test_plateau_of_the_score_has_an_absolute_margin_and_looks_up():
    rule = Plateau("validation_score", tol=0.1, patience=2)
    scores = [-5.0, -4.5, 0.2, 0.25, 0.29]
    assert answers(rule, scores, "validation_score") == [None, None, None, None, "plateau"]


def test_plateau_waits_for_a_swing_that_comes_back():
    given = {"column": "objective", "tol": 0.0, "patience": 4}
    values = [1.0, 3.0, 5.0, 4.0, 3.0, 2.0, 1.5, 0.5]
    assert "plateau" in answers(Plateau(**given), values)
    assert "plateau" not in answers(Plateau(**given, swings=True), values)


def test_plateau_does_not_take_noise_for_a_swing():
    rule = Plateau("objective", 0.0, 4, swings=True)
    assert "plateau" in answers(rule, [1.0, *[1.1, 1.2] * 3])


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_not_finite(value):
    assert answers(NotFinite(), [1.0, 1e300, value]) == [None, None, "diverged"]


# Divergence


def unstable(learning_rate):
    return learning_rate > 1.0


@pytest.mark.parametrize("value", [math.inf, math.nan, 1e7])
@pytest.mark.parametrize("learning_rate", [0.5, 2.0])
def test_enormous_growth_is_divergence_at_any_rate(value, learning_rate):
    rule = Divergence(null_objective=1.0, above_stable_limit=unstable)
    assert answers(rule, [0.5, value], learning_rate=learning_rate) == [None, "diverged"]


def test_three_rises_above_the_start_are_divergence_beyond_the_stable_limit():
    rule = Divergence(null_objective=1.0, above_stable_limit=unstable)
    values = [0.9, 0.95, 1.1, 1.3]
    assert answers(rule, values, learning_rate=2.0) == [None, None, None, "diverged"]


def test_rises_at_a_stable_rate_are_the_swing_of_momentum():
    rule = Divergence(null_objective=1.0, above_stable_limit=unstable)
    assert answers(rule, [0.9, 0.95, 1.1, 1.3, 2.0], learning_rate=0.5) == [None] * 5


def test_rises_below_the_start_are_no_divergence():
    rule = Divergence(null_objective=1.0, above_stable_limit=unstable)
    assert answers(rule, [0.1, 0.2, 0.3, 0.4, 0.5], learning_rate=2.0) == [None] * 5


def test_a_fall_between_two_rises_starts_the_count_again():
    rule = Divergence(null_objective=1.0, above_stable_limit=unstable)
    assert answers(rule, [1.1, 1.2, 1.15, 1.3], learning_rate=2.0) == [None] * 4


def test_five_epochs_above_the_null_objective_diverge_without_rising():
    """As a loss of bounded slope does at a learning rate beyond the limit."""
    rule = Divergence(null_objective=1.0, above_stable_limit=unstable)
    values = [1.5, 1.4, 1.5, 1.4, 1.5]
    assert answers(rule, values, learning_rate=2.0) == [None] * 4 + ["diverged"]
    rule = Divergence(null_objective=1.0, above_stable_limit=unstable)
    assert answers(rule, [1.5, 1.4, 0.9, 1.4, 1.5], learning_rate=2.0) == [None] * 5


@pytest.mark.parametrize("null", [-1e-16, -3.0])
def test_a_negative_null_objective_is_no_divergence(null):
    rule = Divergence(null_objective=null, above_stable_limit=unstable)
    assert answers(rule, [null, null / 2, 1e9], learning_rate=0.5) == [None, None, "diverged"]


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_divergence_does_not_see_the_scale_of_the_objective(scale):
    rule = Divergence(null_objective=scale, above_stable_limit=unstable)
    values = scale * np.array([0.9, 1.1, 1.2, 1.3])
    assert answers(rule, values, learning_rate=2.0) == [None, None, None, "diverged"]
