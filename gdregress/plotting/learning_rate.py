"""LearningRateDisplay: the ends of descents with many learning rates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator

from gdregress._utils.types import MatrixLike
from gdregress.plotting._learning_rate.marks import (
    draw_automatic,
    draw_limit,
    draw_trials,
    shade_diverged,
)
from gdregress.plotting._learning_rate.trials import (
    Trial,
    automatic_plan,
    automatic_trial,
    checked_rates,
    fit_without_warnings,
    limit_name,
    prepared,
    rates_around,
    trial_from,
)
from gdregress.plotting._shared.figure import axes_or_new
from gdregress.plotting._shared.lines import legend_below
from gdregress.plotting._shared.scale import chosen_scale, set_log_ticks, with_scale
from gdregress.plotting._shared.types import Scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Y_LABELS = {"objective": "objective at the end", "epochs": "epochs"}
# Ratio of the ends of the axis of rates to the outermost rates.
BESIDE = 1.3
# Least height of a linear axis of objectives, as a share of them: smaller differences are none.
LEAST_HEIGHT = 1e-4
# Ratio of the upper end of the axis of epochs to the largest count of epochs.
HEADROOM = 1.1


class LearningRateDisplay:
    """Objective at the end and epochs used, by learning rate.

    The upper panel shows the objectives, the lower panel the epochs. A shade marks the rates with
    which the run diverged.

    Parameters
    ----------
    trials : list of Trial
        Named tuples of ``learning_rate``, ``objective``, ``epochs`` and ``stop_reason``, by
        ascending rate.
    automatic : Trial or None, default=None
        The trial of ``learning_rate="auto"``; its rate is nan where the run has none.
    automatic_range : tuple of two floats or None, default=None
        Smallest and largest rate of the automatic trial, if it has found the rate along the way.
    stable_limit : float or None, default=None
        Largest rate that does not diverge.
    limit_name : str, default="stable limit"
        Name of the limit in the legend.

    Attributes
    ----------
    ax_ : ndarray of two matplotlib Axes
    figure_ : matplotlib Figure

    See Also
    --------
    LossCurveDisplay : The course of some of the descents.

    Notes
    -----
    `DivergenceWarning` states the same stable limit. It is exact for squared error over all rows:
    2 / L for plain descent, where L is the largest eigenvalue of A' S A. For other losses it
    follows from a bound or an estimate of their curvature, and for batches of rows from their
    average curvature. The legend says so, and larger rates may be stable.
    Adaptive optimizers such as "adam" have no limit.

    All rates are in the same coordinates, those that the estimator's `preconditioner` names; for
    "auto" they are the user's own columns, as a number is a rate there. A fit with
    ``learning_rate="auto"`` and ``preconditioner="auto"`` descends in scaled columns instead, and
    may take far fewer epochs than its mark shows. Steps of losses with kinks along smooth
    envelopes have no rate: a horizontal line shows where that run has ended.

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> from gdregress import GDRegressor
    >>> from gdregress.plotting.learning_rate import LearningRateDisplay
    >>> X, y = make_regression(n_samples=60, n_features=3, noise=5.0, random_state=0)
    >>> model = GDRegressor(optimizer="gd", max_iter=100)
    >>> display = LearningRateDisplay.from_estimator(model, X, y)
    >>> {trial.learning_rate > display.stable_limit for trial in display.trials if trial.diverged}
    {True}
    """

    ax_: np.ndarray
    figure_: Figure

    def __init__(
        self,
        *,
        trials: Sequence[Trial],
        automatic: Trial | None = None,
        automatic_range: tuple[float, float] | None = None,
        stable_limit: float | None = None,
        limit_name: str = "stable limit",
    ) -> None:
        self.trials = trials
        self.automatic = automatic
        self.automatic_range = automatic_range
        self.stable_limit = stable_limit
        self.limit_name = limit_name

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: MatrixLike,
        y: npt.ArrayLike,
        *,
        sample_weight: npt.ArrayLike | None = None,
        learning_rates: npt.ArrayLike | None = None,
        ax: Sequence[Axes] | np.ndarray | None = None,
        **options: Any,
    ) -> Self:
        """Fit clones of an estimator with many learning rates and draw their results.

        Parameters
        ----------
        estimator : GDRegressor, GDClassifier or Pipeline
            Fitted or not; it stays unchanged. Clones of the earlier steps of a Pipeline are
            fitted to X. The fits give no warnings of convergence.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Weights of the rows.
        learning_rates : array-like of shape (n_rates,) or None, default=None
            Rates to try. None is some ten to twenty rates, each twice the rate before, from far
            below the stable limit and the automatic rate to well above both.
        ax : array-like of two matplotlib Axes or None, default=None
            Where to draw objectives and epochs; a new figure by default.
        **options
            Passed to `plot`.

        Returns
        -------
        display : LearningRateDisplay

        Raises
        ------
        TypeError
            If the estimator does not belong to this package.
        ValueError
            If a rate is not positive and finite, or if ``fit`` rejects the data.
        """
        final, X = prepared(estimator, X, y)
        rates = None if learning_rates is None else checked_rates(learning_rates)
        plan = automatic_plan(final, X, y, sample_weight)
        limit = plan.diagnostics.stable_limit()
        fitted = fit_without_warnings(final, "auto", X, y, sample_weight)
        automatic, automatic_range = automatic_trial(fitted, plan.run)
        if rates is None:
            first = automatic.learning_rate
            rates = rates_around(limit, plan.run.learning_rate if math.isnan(first) else first)
        trials = [
            trial_from(fit_without_warnings(final, float(rate), X, y, sample_weight), rate)
            for rate in rates
        ]
        display = cls(
            trials=trials,
            automatic=automatic,
            automatic_range=automatic_range,
            stable_limit=limit,
            limit_name=limit_name(plan.diagnostics),
        )
        return display.plot(ax, **options)

    def plot(
        self,
        ax: Sequence[Axes] | np.ndarray | None = None,
        *,
        scale: Scale = "auto",
        line_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the two panels.

        Parameters
        ----------
        ax : array-like of two matplotlib Axes or None, default=None
            Where to draw objectives and epochs; a new figure by default.
        scale : {"auto", "linear", "log"}, default="auto"
            Scale of the objectives. "auto" is logarithmic if nothing is negative and the
            numbers span more than a factor of ten.
        line_kw : dict or None, default=None
            Passed to ``Axes.plot`` for the lines through the runs that have not diverged.

        Returns
        -------
        self : LearningRateDisplay

        Raises
        ------
        ValueError
            If the scale is unknown, or ``ax`` does not hold two axes.
        """
        self.ax_ = _two_axes(ax)
        self.figure_ = self.ax_[0].figure
        known = [*self.trials, *filter(None, [self.automatic])]
        objectives = [trial.objective for trial in known if not trial.diverged]
        scales = {
            "objective": chosen_scale(scale, objectives),
            "epochs": chosen_scale("auto", [trial.epochs for trial in known]),
        }
        entries = {}
        for panel, (column, panel_scale) in zip(self.ax_, scales.items(), strict=True):
            panel.set(xscale="log", yscale=panel_scale, xlim=self._x_limits(known))
            panel.set_ylabel(with_scale(Y_LABELS[column], panel_scale))
            entries |= draw_trials(panel, self.trials, column, line_kw)
            if self.stable_limit is not None:
                entries |= draw_limit(panel, self.stable_limit, self.limit_name)
            if self.automatic is not None:
                entries |= draw_automatic(panel, self.automatic, self.automatic_range, column)
            shade_diverged(panel, self.trials, self.stable_limit)
            if panel_scale == "log":
                set_log_ticks(panel.yaxis)
            else:
                panel.ticklabel_format(axis="y", useOffset=False)
        if scales["objective"] == "linear":
            _heighten(self.ax_[0], LEAST_HEIGHT * max(map(abs, objectives), default=0.0))
        if scales["epochs"] == "linear":
            self.ax_[1].set_ylim(0, HEADROOM * max(trial.epochs for trial in known))
            self.ax_[1].yaxis.get_major_locator().set_params(integer=True)
        are_stacked = self.ax_[0].get_shared_x_axes().joined(*self.ax_)
        for panel in self.ax_[1:] if are_stacked else self.ax_:
            panel.set_xlabel("learning rate (log scale)")
        legend_below(self.ax_[1], list(entries.values()), list(entries))
        return self

    def _x_limits(self, known):
        rates = [t.learning_rate for t in known if not math.isnan(t.learning_rate)]
        rates += [rate for rate in (self.stable_limit, *(self.automatic_range or ())) if rate]
        return min(rates) / BESIDE, max(rates) * BESIDE


def _heighten(ax, least):
    """Widen the vertical axis around its middle to a least height."""
    low, high = ax.get_ylim()
    if high - low < least:
        middle = (low + high) / 2
        ax.set_ylim(middle - least / 2, middle + least / 2)


def _two_axes(ax):
    """The axes given, or those of a new figure, for objectives and epochs."""
    if ax is None:
        return axes_or_new(None, nrows=2, sharex=True, figsize=(6.4, 6.4))
    axes = np.asarray(ax, dtype=object).ravel()
    if len(axes) != 2:
        raise ValueError(
            "ax must be two axes, for objectives and epochs, such as those of "
            f"plt.subplots(2, sharex=True)[1]. Got {len(axes)}."
        )
    return axes
