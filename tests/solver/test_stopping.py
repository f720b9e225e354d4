"""The rules that end a run, each by itself."""

import math

import numpy as np
import pytest

from gdregress._solver.certificate import Certificate, ProvenGap
from gdregress._solver.stopping import (
    Divergence,
    LittleDecrease,
    Never,
    NotFinite,
    Plateau,
    SmallGradient,
    Tolerance,
)


def answers(rule, values, column="objective", **others):
    """What a rule says after each epoch."""
    return [rule.update({column: value, **others}) for value in values]


def test_never():
    assert answers(Never(), [1.0, 0.0, math.inf, math.nan]) == [None] * 4


def test_small_gradient():
    rule = SmallGradient(0.5)
    norms = [60.0, 0.51, math.nan, 0.5, 0.4]
    assert answers(rule, norms, "gradient_norm") == [None] * 3 + ["tolerance"] * 2
    assert [rule.ends_at(norm, None, 1.0) for norm in norms] == [False] * 3 + [True] * 2


# What is left of the objective


def certificate(remaining=lambda gap: gap, **given):
    """Of a run that begins at F = 10, whose minimum is 0; its parameters are what is left."""
    settings = {"null_objective": 10.0, "tol": 0.1, "smallest_ratio": 0.5, "rounding": 1e-12}
    return Certificate(remaining, **{**settings, **given})


def estimated(rule, values, gaps, norm=1.0):
    """What a rule says where the gaps have been estimated."""
    found = []
    for value, left in zip(values, gaps, strict=True):
        gap = rule.certificate.measured(left, math.inf)
        found.append(rule.update({"objective": value, "gap": gap, "gradient_norm": norm}))
    return found


def test_tolerance_is_relative_to_what_the_null_model_has_left():
    """tol^2 (F_null - F*) = 0.01 x 10."""
    rule = Tolerance(certificate())
    gaps = [5.0, 0.11, 0.1, 0.05]
    assert estimated(rule, gaps, gaps) == [None, None, "tolerance", "tolerance"]
    assert rule.ends_at(1.0, 0.05, 0.05)


@pytest.mark.parametrize("size", [1e-12, 1e12])
def test_tolerance_does_not_see_the_scale_of_the_objective(size):
    rule = Tolerance(certificate(null_objective=10.0 * size, rounding=0.0))
    gaps = size * np.array([5.0, 0.11, 0.09])
    assert estimated(rule, gaps, gaps) == [None, None, "tolerance"]


def test_tolerance_does_not_see_what_no_model_can_explain():
    """A level of F that is common to all models, as the noise of y is."""
    rule = Tolerance(certificate(null_objective=1e6 + 10.0))
    gaps = [5.0, 0.11, 0.09]
    values = [1e6 + gap for gap in gaps]
    assert estimated(rule, values, gaps) == [None, None, "tolerance"]


def test_a_proportion_proves_nothing():
    """Only an estimate at the parameters themselves does."""
    rule = Tolerance(certificate(smallest_ratio=1e-9))
    gap = rule.certificate.gap(1e9, 5.0, 0.0)
    rule.certificate.measured(7.0, math.inf)
    assert not rule.ends_at(1.0, gap + 1e-9, 0.0)


def test_tolerance_stops_at_once_where_there_is_nothing_to_do():
    rule = Tolerance(certificate(null_objective=3.0))
    assert estimated(rule, [3.0], [0.0], norm=0.0) == ["tolerance"]


@pytest.mark.parametrize("gap", [math.nan, math.inf])
def test_tolerance_ignores_what_is_not_a_number(gap):
    for norm in (1.0, math.nan, math.inf):
        assert estimated(Tolerance(certificate()), [1.0], [gap], norm) == [None]


def test_tolerance_ends_where_the_gradient_is_rounding_and_little_is_left():
    rule = Tolerance(certificate(tol=0.0, rounding=1e-9))
    assert estimated(rule, [1.0], [1e-8], norm=1e-9) == ["tolerance"]
    assert estimated(rule, [1.0], [1e-8], norm=2e-9) == [None]


@pytest.mark.parametrize("gap", [1e-3, math.inf])
def test_rounding_of_the_gradient_does_not_hide_what_is_left_along_a_flat_direction(gap):
    rule = Tolerance(certificate(tol=1e-4, rounding=1e-9))
    assert estimated(rule, [1.0], [gap], norm=1e-9) == [None]


def test_tolerance_ends_at_rounding_where_there_is_nothing_to_gain():
    """The null model is at the minimum: what is left is as much as it had."""
    rule = Tolerance(certificate(null_objective=1.0, tol=1e-4, rounding=1e-9))
    assert estimated(rule, [1.0], [1e-18], norm=1e-9) == ["tolerance"]


class Quadratic:
    """F = L w^2 / 2 of one number, which counts how often it is asked for what is left."""

    def __init__(self, curvature):
        self.curvature = curvature
        self.asked = 0

    def norm(self, w):
        return self.curvature * abs(w)

    def value(self, w):
        return self.curvature * w**2 / 2

    def remaining(self, w):
        self.asked += 1
        return self.value(w)


def test_gaps_are_in_the_proportion_of_the_last_estimate():
    """A hundred epochs cost a handful of estimates, and the run ends where it should."""
    f, path = Quadratic(0.01), 0.9 ** np.arange(200)
    null = f.value(1.0)
    # all that is known at first is a largest curvature, far above that of this direction
    found = certificate(f.remaining, null_objective=null, tol=1e-3, smallest_ratio=1 / 200)
    for w in path:
        gap = found.gap(f.norm(w), w, f.value(w))
        if found.proves(f.norm(w), gap, f.value(w)):
            break
        left = f.value(w)
        # unknown before the first estimate: the bound of the curvature would be far too small
        assert gap == math.inf if found._known[0] is None else gap <= left * (1 + 1e-9)
    assert 0.9**2 * 1e-6 * null <= f.value(w) <= 1e-6 * null * (1 + 1e-9)
    assert 0 < f.asked <= 12


def test_an_estimate_that_cannot_be_made_proves_nothing():
    found = certificate(lambda params: math.inf, smallest_ratio=1e-9)
    gap = found.gap(1e-6, 0, 1.0)
    assert gap == math.inf
    assert not found.proves(1e-6, gap, 1.0)


def test_the_same_parameters_are_estimated_once():
    f = Quadratic(1.0)
    found, w = certificate(f.remaining, tol=1.0), np.array(0.1)
    gaps = [found.gap(f.norm(w), w, f.value(w)) for _ in range(3)]
    assert f.asked == 1 and gaps == [f.value(w)] * 3


def test_a_proven_gap_counts_what_rounding_may_hide():
    rule = Tolerance(ProvenGap(null_objective=10.0, tol=0.1, rounding=1e-15))
    assert not rule.ends_at(1.0, 0.11, 0.11)
    assert rule.ends_at(1.0, 0.09, 0.09)
    exact = Tolerance(ProvenGap(null_objective=10.0, tol=0.0, rounding=1e-15))
    assert not exact.ends_at(0.0, 1e-10, 5.0)
    assert exact.ends_at(0.0, 1e-13, 5.0)


# No progress


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
    assert answers(rule, scores, "validation_score", objective=1.0) == [
        None,
        None,
        None,
        None,
        "plateau",
    ]


def test_plateau_waits_for_a_swing_that_comes_back():
    given = {"column": "objective", "tol": 0.0, "patience": 4}
    values = [1.0, 3.0, 5.0, 4.0, 3.0, 2.0, 1.5, 0.5]
    assert "plateau" in answers(Plateau(**given), values)
    assert "plateau" not in answers(Plateau(**given, swings=True), values)


def test_plateau_does_not_take_noise_for_a_swing():
    rule = Plateau("objective", 0.0, 4, swings=True)
    assert "plateau" in answers(rule, [1.0, *[1.1, 1.2] * 3])


def test_plateau_sees_the_gradient_fall_where_rounding_hides_the_fall_of_a_function():
    def runs_on(values, norms, swings=True):
        rule = Plateau("objective", 0.0, 4, swings=swings)
        rows = zip(values, norms, strict=True)
        return not any(rule.update({"objective": v, "gradient_norm": n}) for v, n in rows)

    falling, flat = 0.9 ** np.arange(20.0), np.full(20, 1e9)
    assert runs_on(flat, falling)
    assert not runs_on(flat, np.ones(20))
    assert not runs_on(flat, falling, swings=False)
    assert not runs_on(1e9 + np.arange(20.0), falling)


def test_plateau_does_not_count_steps_too_short_to_show_while_they_grow():
    def runs_on(rates, values):
        rule = Plateau("objective", 0.0, 4)
        rows = zip(values, rates, strict=True)
        rows = [{"objective": value, "learning_rate": rate} for value, rate in rows]
        return not any(rule.update(row) for row in rows)

    growing, same = 1e-9 * 1.5 ** np.arange(20.0), np.full(20, 3.0)
    assert runs_on(growing, same)
    assert not runs_on(growing[::-1], same)
    assert not runs_on(np.full(20, 1e-9), same)
    assert not runs_on(growing, 3.0 + np.arange(20.0))  # the steps show, and lead up
    assert not runs_on(growing, np.tile([3.0, 3.0 + 1e-15], 10))


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


def test_a_little_decrease_ends_a_run_and_a_large_one_does_not():
    assert answers(LittleDecrease(10.0, 0.01), [6.0, 5.5, 5.46]) == [None, None, "tolerance"]
    assert answers(LittleDecrease(10.0, 0.01), [10.0]) == ["tolerance"]
