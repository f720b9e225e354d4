"""LearningRateDisplay: the ends of descents with many learning rates, or a range test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from gdregress._diagnosis.range_test import RangeTest
from gdregress._utils.types import BaseEstimator, MatrixLike
from gdregress.plotting._learning_rate.marks import draw_sweep
from gdregress.plotting._learning_rate.rising import draw_range_test
from gdregress.plotting._learning_rate.trials import Sweep, Trial, read_sweeps
from gdregress.plotting._shared.display import Display
from gdregress.plotting._shared.estimators import by_label
from gdregress.plotting._shared.least_objective import Known, gap_label
from gdregress.plotting._shared.legend import draw_legend
from gdregress.plotting._shared.lines import line_styles
from gdregress.plotting._shared.panels import panels
from gdregress.plotting._shared.scale import chosen_scale, set_log_ticks, with_scale
from gdregress.plotting._shared.types import Axes, Scale

__all__ = ["LearningRateDisplay", "Sweep", "Trial"]

XLABEL = "learning rate (log scale)"
# Least height of a linear axis of objectives, as a share of them: smaller differences are none.
LEAST_HEIGHT = 1e-4
# Ratio of the upper end of the axis of epochs to the largest count of epochs.
HEADROOM = 1.1
# Smallest gap, as a share of the objectives: the rounding of their difference.
ROUNDING = float(np.finfo(float).eps)


@dataclass(kw_only=True, eq=False, repr=False)
class LearningRateDisplay(Display):
    """Objective at the end and epochs used, by learning rate; or the losses of a range test.

    The upper panel shows the objectives, the lower panel the epochs. A shade marks the rates with
    which the run diverged; their markers are at the upper edge, as they have no height. A range
    test has a single panel: the loss before each update, by its rate.

    Parameters
    ----------
    sweeps : list of Sweep, default=()
        The fits of each estimator: a named tuple of ``trials``, by ascending rate, each with its
        ``learning_rate``, ``objective``, ``epochs`` and ``stop_reason``; ``label``, None for a
        single estimator; ``automatic``, the trial of ``learning_rate="auto"``, whose rate is nan
        where the run has none, and ``automatic_range``, the smallest and the largest rate that
        it has found along the way; ``stable_limit``, the largest rate that does not diverge, and
        ``limit_name``, its name in the legend.
    show : {"objective", "gap"}, default="objective"
        Quantity in the upper panel; the gap is the objective above ``best``.
    best : float or None, default=None
        The least objective, required for the gap.
    best_is : {"known", "estimated", "seen"}, default="known"
        Where it comes from, as in `LossCurveDisplay`.
    range_test : RangeTest or None, default=None
        The result of `gdregress.learning_rate_range_test`, in place of sweeps.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The panel of the objectives.
    axes_ : ndarray of matplotlib Axes
        The panels of the objectives and of the epochs, or that of the range test.
    figure_ : matplotlib Figure
    lines_ : list of Line2D
        The lines through the objectives, one for each estimator; or that of a range test.

    See Also
    --------
    LossCurveDisplay : The course of some of the descents.

    Notes
    -----
    `DivergenceWarning` states the same stable limit. It is exact for squared error over all rows:
    2 / L for plain descent, where L is the largest eigenvalue of A' S A. For other losses it
    follows from a bound or an estimate of their curvature, and for batches of rows from their
    average curvature. The legend says so, the line is faint, and larger rates may be stable: the
    shade and the legend state the rates that did diverge.
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
    >>> (sweep,) = display.sweeps
    >>> {trial.learning_rate > sweep.stable_limit for trial in sweep.trials if trial.diverged}
    {True}
    """

    sweeps: Sequence[Sweep] = ()
    show: Literal["objective", "gap"] = "objective"
    best: float | None = None
    best_is: Known = "known"
    range_test: RangeTest | None = None

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: MatrixLike,
        y: npt.ArrayLike,
        *,
        sample_weight: npt.ArrayLike | None = None,
        learning_rates: npt.ArrayLike | None = None,
        show: Literal["objective", "gap"] = "objective",
        best: float | None = None,
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
        show : {"objective", "gap"}, default="objective"
            The objective at the end, or the objective above ``best``.
        best : float or None, default=None
            The minimum of the objective. None is told by the ``history_`` of the fit that came
            closest; where that does not know, it is the smallest objective seen.
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
        arguments = (X, y, sample_weight, learning_rates, show, best)
        return cls(**read_sweeps({None: estimator}, *arguments)).plot(ax, **options)

    @classmethod
    def from_estimators(
        cls,
        estimators: Mapping[str, BaseEstimator],
        X: MatrixLike,
        y: npt.ArrayLike,
        *,
        sample_weight: npt.ArrayLike | None = None,
        learning_rates: npt.ArrayLike | None = None,
        show: Literal["objective", "gap"] = "objective",
        best: float | None = None,
        ax: Sequence[Axes] | np.ndarray | None = None,
        **options: Any,
    ) -> Self:
        """Draw the results of two or more estimators, such as those of different optimizers.

        Parameters
        ----------
        estimators : dict of str to estimator
            By label.
        X, y, sample_weight, learning_rates, show, best, ax, **options : object
            As in `from_estimator`.

        Returns
        -------
        display : LearningRateDisplay

        Raises
        ------
        TypeError, ValueError
            As in `from_estimator`.
        """
        arguments = (X, y, sample_weight, learning_rates, show, best)
        return cls(**read_sweeps(by_label(estimators), *arguments)).plot(ax, **options)

    @classmethod
    def from_range_test(cls, result: RangeTest, *, ax: Axes | None = None, **options: Any) -> Self:
        """Draw the losses of one run whose learning rate rises with every update.

        Parameters
        ----------
        result : RangeTest
            What `gdregress.learning_rate_range_test` has returned.
        ax : matplotlib Axes or None, default=None
            Where to draw; a new figure by default.
        **options
            Passed to `plot`.

        Returns
        -------
        display : LearningRateDisplay

        Raises
        ------
        TypeError
            If it is no result of a range test.
        """
        if not isinstance(result, RangeTest):
            raise TypeError(
                "from_range_test takes the result of gdregress.learning_rate_range_test. "
                f"Got {type(result).__name__}."
            )
        return cls(range_test=result).plot(ax, **options)

    def plot(
        self,
        ax: Axes | Sequence[Axes] | np.ndarray | None = None,
        *,
        scale: Scale = "auto",
        legend: bool = True,
        line_kw: dict[str, Any] | None = None,
        ax_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the two panels, or that of a range test.

        Parameters
        ----------
        ax : array-like of two matplotlib Axes or None, default=None
            Where to draw objectives and epochs; a new figure by default. A range test takes one.
        scale : {"auto", "linear", "log"}, default="auto"
            Scale of the objectives. "auto" is logarithmic if nothing is negative and the
            numbers span more than a factor of ten.
        legend : bool, default=True
            Whether to draw a legend, where there is room for one.
        line_kw : dict or None, default=None
            Passed to ``Axes.plot`` for the lines through the runs that have not diverged; a dict
            under the label of an estimator is for its line.
        ax_kw : dict or None, default=None
            Passed to ``Axes.set`` of all panels, for instance ``{"xlim": (0.01, 1)}``.

        Returns
        -------
        self : LearningRateDisplay

        Raises
        ------
        ValueError
            If the scale is unknown, or ``ax`` holds another number of axes.
        """
        if self.range_test is not None:
            self.axes_ = panels(ax, 1, XLABEL)
            lines = draw_range_test(self.ax_, self.range_test, scale, line_kw)
            self.lines_, entries = lines[:1], {str(line.get_label()): line for line in lines}
        else:
            self.axes_ = panels(ax, 2, XLABEL, size=(6.4, 3.2), columns=1, sharey=False)
            entries = self._draw_sweeps(scale, line_kw)
        for panel in self.axes_:
            panel.set(**ax_kw or {})
            if panel.get_yscale() == "log":
                set_log_ticks(panel.yaxis)
            else:
                panel.ticklabel_format(axis="y", useOffset=False)
        if legend:
            handles, short = list(entries.values()), [name.split(", ")[0] for name in entries]
            draw_legend(self.axes_[-1], handles, list(entries), short, most_inside=0)
        return self

    def _draw_sweeps(self, scale, line_kw):
        """Draw both panels, and return the entries of the legend."""
        objectives, epochs = self.axes_
        if objectives.get_shared_x_axes().joined(objectives, epochs):
            objectives.set_xlabel("")
        styles = line_styles([str(one.label) for one in self.sweeps], line_kw)
        is_gap = self.show == "gap"
        name = gap_label(self.best, self.best_is) if is_gap else "objective at the end"
        upper = self._draw_panel(objectives, name, self._height, scale, styles)
        lower = self._draw_panel(epochs, "epochs", lambda trial: trial.epochs, "auto", styles)
        self.lines_ = [line for line, _ in upper]
        if objectives.get_yscale() == "linear":
            low, high = objectives.get_ylim()
            largest = max((abs(self._height(trial)) for trial in self._arrived), default=0.0)
            missing = max(0.0, LEAST_HEIGHT * largest - (high - low))
            objectives.set_ylim(low - missing / 2, high + missing / 2)
        if epochs.get_yscale() == "linear":
            epochs.set_ylim(0, HEADROOM * max((t.epochs for t in self._arrived), default=1))
            epochs.locator_params(axis="y", integer=True)
        return {name: artist for _, marks in upper + lower for name, artist in marks.items()}

    def _draw_panel(self, ax, label, height, scale, styles):
        """Draw all sweeps, and return the line of each and its entries of the legend."""
        scale = chosen_scale(scale, [height(trial) for trial in self._arrived])
        ax.set(xscale="log", yscale=scale, ylabel=with_scale(label, scale))
        drawn = zip(self.sweeps, styles, strict=True)
        return [draw_sweep(ax, one, height, style) for one, style in drawn]

    @property
    def _arrived(self):
        """The trials that have not diverged."""
        return [trial for one in self.sweeps for trial in one.known if not trial.diverged]

    def _height(self, trial):
        """Height of a trial in the upper panel; gaps below their own rounding are rounding."""
        if self.best is None or self.show != "gap":
            return trial.objective
        return max(trial.objective - self.best, ROUNDING * abs(trial.objective))
