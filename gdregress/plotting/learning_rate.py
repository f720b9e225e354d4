"""LearningRateDisplay: the ends of descents with many learning rates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator

from gdregress._utils.types import MatrixLike
from gdregress.plotting._learning_rate.marks import draw_sweep
from gdregress.plotting._learning_rate.trials import (
    EXACT,
    Sweep,
    Trial,
    checked_rates,
    least_objective,
    sweep,
)
from gdregress.plotting._shared.estimators import check_dict
from gdregress.plotting._shared.figure import axes_or_new, make_room
from gdregress.plotting._shared.legend import draw_legend
from gdregress.plotting._shared.lines import line_styles
from gdregress.plotting._shared.scale import chosen_scale, set_log_ticks, with_scale
from gdregress.plotting._shared.types import Scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

Range: TypeAlias = tuple[float, float] | None
# Ratio of the ends of the axis of rates to the outermost rates.
BESIDE = 1.3
# Least height of a linear axis of objectives, as a share of them: smaller differences are none.
LEAST_HEIGHT = 1e-4
# Ratio of the upper end of the axis of epochs to the largest count of epochs.
HEADROOM = 1.1
# Smallest gap, as a share of the objectives: the rounding of their difference.
ROUNDING = float(np.finfo(float).eps)


class LearningRateDisplay:
    """Objective at the end and epochs used, by learning rate.

    The upper panel shows the objectives, the lower panel the epochs. A shade marks the rates with
    which the run diverged; their markers are at the upper edge, as they have no height.

    Parameters
    ----------
    trials : list of Trial, or dict of them
        Named tuples of ``learning_rate``, ``objective``, ``epochs`` and ``stop_reason``, by
        ascending rate. For two or more estimators this and the next four are dicts by label.
    automatic : Trial or None, default=None
        The trial of ``learning_rate="auto"``; its rate is nan where the run has none.
    automatic_range : tuple of two floats or None, default=None
        Smallest and largest rate of the automatic trial, if it has found the rate along the way.
    stable_limit : float or None, default=None
        Largest rate that does not diverge.
    limit_name : str, default="stable limit"
        Name of the limit in the legend.
    show : {"objective", "gap"}, default="objective"
        Quantity in the upper panel; the gap is the objective above ``best``.
    best : float or None, default=None
        The least objective, required for the gap.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The panel of the objectives.
    axes_ : ndarray of two matplotlib Axes
        The panels of the objectives and of the epochs.
    figure_ : matplotlib Figure
    lines_ : list of Line2D
        The lines through the objectives, one for each estimator.

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
    >>> {trial.learning_rate > display.stable_limit for trial in display.trials if trial.diverged}
    {True}
    """

    ax_: Axes
    axes_: np.ndarray
    figure_: Figure
    lines_: list[Line2D]

    def __init__(
        self,
        *,
        trials: Sequence[Trial] | Mapping[str, Sequence[Trial]],
        automatic: Trial | Mapping[str, Trial | None] | None = None,
        automatic_range: Range | Mapping[str, Range] = None,
        stable_limit: float | Mapping[str, float | None] | None = None,
        limit_name: str | Mapping[str, str] = EXACT,
        show: Literal["objective", "gap"] = "objective",
        best: float | None = None,
    ) -> None:
        self.trials = trials
        self.automatic = automatic
        self.automatic_range = automatic_range
        self.stable_limit = stable_limit
        self.limit_name = limit_name
        self.show = show
        self.best = best

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
            The minimum of the objective. None is estimated by the ``history_`` of the fit that
            came closest; where that does not know, it is the smallest objective seen.
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
        rates = None if learning_rates is None else checked_rates(learning_rates)
        found, least = sweep(None, estimator, rates, X, y, sample_weight)
        data = dict(zip(found._fields[1:], found[1:], strict=True))
        best = least_objective(least) if best is None and show == "gap" else best
        return cls(**data, show=show, best=best).plot(ax, **options)

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
        check_dict(estimators)
        rates = None if learning_rates is None else checked_rates(learning_rates)
        found, least = {}, []
        for label, estimator in estimators.items():
            found[str(label)], more = sweep(str(label), estimator, rates, X, y, sample_weight)
            least += more
        data = {
            name: {label: getattr(one, name) for label, one in found.items()}
            for name in Sweep._fields[1:]
        }
        best = least_objective(least) if best is None and show == "gap" else best
        return cls(**data, show=show, best=best).plot(ax, **options)

    def plot(
        self,
        ax: Sequence[Axes] | np.ndarray | None = None,
        *,
        scale: Scale = "auto",
        legend: bool = True,
        line_kw: dict[str, Any] | None = None,
        ax_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the two panels.

        Parameters
        ----------
        ax : array-like of two matplotlib Axes or None, default=None
            Where to draw objectives and epochs; a new figure by default.
        scale : {"auto", "linear", "log"}, default="auto"
            Scale of the objectives. "auto" is logarithmic if nothing is negative and the
            numbers span more than a factor of ten.
        legend : bool, default=True
            Whether to draw a legend, where there is room for one.
        line_kw : dict or None, default=None
            Passed to ``Axes.plot`` for the lines through the runs that have not diverged; a dict
            under the label of an estimator is for its line.
        ax_kw : dict or None, default=None
            Passed to ``Axes.set`` of both panels, for instance ``{"xlim": (0.01, 1)}``.

        Returns
        -------
        self : LearningRateDisplay

        Raises
        ------
        ValueError
            If the scale is unknown, or ``ax`` does not hold two axes.
        """
        self.axes_ = _two_axes(ax)
        self.ax_, epochs_ax = self.axes_
        self.figure_ = self.ax_.figure
        sweeps = self._sweeps()
        drawn = [trial for one in sweeps for trial in one.known if not trial.diverged]
        heights, counts = [self._height(t) for t in drawn], [trial.epochs for trial in drawn]
        scales = chosen_scale(scale, heights), chosen_scale("auto", counts)
        labels = [with_scale(text, s) for text, s in zip(self._y_labels(), scales, strict=True)]
        for panel, panel_scale, label in zip(self.axes_, scales, labels, strict=True):
            panel.set(xscale="log", yscale=panel_scale, xlim=self._x_limits(sweeps), ylabel=label)
        styles = line_styles([str(one.label) for one in sweeps], line_kw)
        self.lines_, entries = [], {}
        for one, style in zip(sweeps, styles, strict=True):
            line, marks = draw_sweep(self.ax_, one, self._height, style, shows_range=True)
            self.lines_.append(line)
            entries |= marks | draw_sweep(epochs_ax, one, lambda t: t.epochs, style)[1]
        if scales[0] == "linear":
            _heighten(self.ax_, LEAST_HEIGHT * max(map(abs, heights), default=0.0))
        if scales[1] == "linear":
            epochs_ax.set_ylim(0, HEADROOM * max(counts, default=1))
            epochs_ax.yaxis.get_major_locator().set_params(integer=True)
        are_stacked = self.ax_.get_shared_x_axes().joined(self.ax_, epochs_ax)
        for panel, panel_scale in zip(self.axes_, scales, strict=True):
            if panel is epochs_ax or not are_stacked:
                panel.set_xlabel("learning rate (log scale)")
            panel.set(**ax_kw or {})
            if panel_scale == "log":
                set_log_ticks(panel.yaxis)
            else:
                panel.ticklabel_format(axis="y", useOffset=False)
        if legend:
            short = [name.split(", ")[0] for name in entries]
            draw_legend(epochs_ax, list(entries.values()), list(entries), short, most_inside=0)
        return self

    def _height(self, trial):
        """Height of a trial in the upper panel; gaps below their own rounding are rounding."""
        if self.show != "gap":
            return trial.objective
        return max(trial.objective - self.best, ROUNDING * abs(trial.objective))

    def _y_labels(self):
        gap = "" if self.show != "gap" else f"objective above {self.best:.6g}"
        return gap or "objective at the end", "epochs"

    def _sweeps(self):
        """The fits of every estimator."""
        if not isinstance(self.trials, Mapping):
            return [Sweep(None, *(getattr(self, name) for name in Sweep._fields[1:]))]
        columns = [_by_label(getattr(self, name), self.trials) for name in Sweep._fields[1:]]
        return [Sweep(label, *(c[label] for c in columns)) for label in self.trials]

    def _x_limits(self, sweeps):
        rates = [t.learning_rate for one in sweeps for t in one.known]
        rates = [rate for rate in rates if not math.isnan(rate)]
        for one in sweeps:
            rates += [rate for rate in (one.stable_limit, *(one.automatic_range or ())) if rate]
        return min(rates) / BESIDE, max(rates) * BESIDE


def _by_label(values, labels):
    """The values by label; a single one is for all."""
    return values if isinstance(values, Mapping) else dict.fromkeys(labels, values)


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
    for each in axes:
        make_room(each)
    if len(axes) != 2:
        raise ValueError(
            "ax must be two axes, for objectives and epochs, such as those of "
            f"plt.subplots(2, sharex=True)[1]. Got {len(axes)}."
        )
    return axes
