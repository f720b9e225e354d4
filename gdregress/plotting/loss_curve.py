"""LossCurveDisplay: the objective, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.optimize import OptimizeResult

from gdregress._utils.types import BaseEstimator
from gdregress.plotting._loss_curve.curves import LossCurve, XAxis, YAxis, name_of, read_curves
from gdregress.plotting._loss_curve.other_rows import draw_held_out, draw_scores
from gdregress.plotting._loss_curve.stops import down_to, limits, mark_stop, stop_text
from gdregress.plotting._shared.display import AnimatedDisplay
from gdregress.plotting._shared.least_objective import Known, gap_label
from gdregress.plotting._shared.legend import MOST_INSIDE, draw_legend
from gdregress.plotting._shared.lines import line_styles
from gdregress.plotting._shared.panels import panels
from gdregress.plotting._shared.scale import (
    chosen_count_scale,
    chosen_scale,
    finite,
    set_count,
    set_log_ticks,
    with_scale,
)
from gdregress.plotting._shared.types import Axes, Scale, Validation

X_LABELS = {"update": "updates", "second": "time (s)"}


@dataclass(kw_only=True, eq=False, repr=False)
class LossCurveDisplay(AnimatedDisplay):
    r"""The objective, loss, gap, gradient or learning rate of descents, epoch by epoch.

    The gap of epoch t is

    .. math::

        F(w_t) - F^*

    where F* is the least objective, as far as it is known.

    Parameters
    ----------
    curves : list of LossCurve
        `from_estimators` reads the curves of this package; the constructor accepts any others.
    x : {"epoch", "update", "second"}
        Quantity on the horizontal axis.
    y : str
        Quantity on the vertical axis, as in `from_estimator`.
    best : float or None, default=None
        F*, required for the gap.
    best_is : {"known", "estimated", "seen"}, default="known"
        Where F* comes from, which the axis says: it is given or a run has ended there by the
        tolerance, or estimated from a gradient, or the smallest objective seen.
    scaled_columns : bool, default=False
        Whether the gradients are those by columns in units of their root mean squares.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes of the curves.
    validation_ax_ : matplotlib Axes or None
        Axes of the validation scores, on the right.
    figure_ : matplotlib Figure
    lines_ : list of Line2D
        One line for each curve.

    See Also
    --------
    LearningRateDisplay : The ends of descents with many learning rates.

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> from gdregress import GDRegressor
    >>> from gdregress.plotting.loss_curve import LossCurveDisplay
    >>> X, y = make_regression(n_samples=60, n_features=3, noise=5.0, random_state=0)
    >>> plain = GDRegressor(optimizer="gd").fit(X, y)
    >>> fast = GDRegressor(optimizer="nesterov").fit(X, y)
    >>> display = LossCurveDisplay.from_estimators({"plain": plain, "Nesterov": fast}, y="gap")
    >>> display.ax_.get_xlabel()
    'epoch'
    """

    curves: Sequence[LossCurve]
    x: XAxis = "epoch"
    y: YAxis = "objective"
    best: float | None = None
    best_is: Known = "known"
    scaled_columns: bool = False

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator | OptimizeResult,
        *,
        y: YAxis = "objective",
        x: XAxis = "epoch",
        best: float | None = None,
        validation: Validation | None = None,
        label: str | None = None,
        ax: Axes | None = None,
        **options: Any,
    ) -> Self:
        """Draw the curve of one descent.

        Parameters
        ----------
        estimator : GDRegressor, GDClassifier, Pipeline or OptimizeResult
            A fitted estimator, a Pipeline or search that ends with one, or the result of
            `gdregress.minimize`.
        y : str, default="objective"
            "objective" with its penalty, "loss" alone, "gap" of the objective above ``best``,
            "gradient_norm", "learning_rate", or "validation_score" and "validation_loss" of a
            fit with validation rows; all but the gap are columns of ``history_``. With "loss",
            the loss on the validation rows of the fit is a dashed line on the same axis.
        x : {"epoch", "update", "second"}, default="epoch"
            Passes over the data, updates, or time in seconds.
        best : float or None, default=None
            For ``y="gap"``: the minimum of the objective. None is what the gap at the end of
            ``history_`` tells, which the axis calls an estimate unless the run has ended by the
            tolerance. Where that knows none, it is the smallest objective seen, and
            points closer to it than its run was halfway are not drawn: what is left is of their
            size. Gaps smaller than their rounding are drawn at it.
        validation : tuple of (X, y) or (X, y, sample_weight), or None, default=None
            For ``y="loss"``: rows that the fit has not seen, on which the loss is drawn as the
            dashed line. Needs ``store_path=True``.
        label : str or None, default=None
            Name in the legend; None is the name of the class.
        ax : matplotlib Axes or None, default=None
            Where to draw; a new figure by default.
        **options
            Passed to `plot`.

        Returns
        -------
        display : LossCurveDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        TypeError
            If the estimator or result has no history of this package.
        ValueError
            If x or y is unknown, or if ``best`` is not finite or given without ``y="gap"``.
        """
        models = {name_of(estimator) if label is None else label: estimator}
        data = read_curves(models, x, y, best, validation)
        return cls(x=x, y=y, **data).plot(ax, **options)

    @classmethod
    def from_estimators(
        cls,
        estimators: Mapping[str, BaseEstimator | OptimizeResult],
        *,
        y: YAxis = "objective",
        x: XAxis = "epoch",
        best: float | None = None,
        validation: Validation | None = None,
        ax: Axes | None = None,
        **options: Any,
    ) -> Self:
        """Draw the curves of two or more descents on the same axes.

        Parameters
        ----------
        estimators : dict
            Estimators or results as in `from_estimator`, by label.
        y : str, default="objective"
            As in `from_estimator`.
        x : {"epoch", "update", "second"}, default="epoch"
            As in `from_estimator`.
        best : float or None, default=None
            As in `from_estimator`; None is told by the ``history_`` that came closest.
        validation : tuple of (X, y) or (X, y, sample_weight), or None, default=None
            As in `from_estimator`.
        ax : matplotlib Axes or None, default=None
            Where to draw; a new figure by default.
        **options
            Passed to `plot`.

        Returns
        -------
        display : LossCurveDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If an estimator is not fitted.
        TypeError
            If an estimator or result has no history of this package, or if ``estimators`` is not
            a dict.
        ValueError
            If x or y is unknown, if ``best`` is not finite or given without ``y="gap"``, or if
            the dict is empty.
        """
        data = read_curves(estimators, x, y, best, validation)
        return cls(x=x, y=y, **data).plot(ax, **options)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        scale: Scale = "auto",
        x_scale: Scale = "auto",
        show_validation: bool = True,
        legend: bool = True,
        line_kw: dict[str, Any] | None = None,
        ax_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the curves, and the place and reason of their ends.

        The upper edge cuts a curve that rises far above its start, such as one that diverges, if
        it would flatten the others; the legend then states its last value. On a logarithmic axis
        a curve goes down to the lower edge where it is not positive, and ends there.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; a new figure by default.
        scale : {"auto", "linear", "log"}, default="auto"
            Scale of the vertical axis. "auto" is logarithmic if nothing is negative and the
            numbers span more than a factor of ten.
        x_scale : {"auto", "linear", "log"}, default="auto"
            Scale of the horizontal axis. "auto" is logarithmic if all curves make nine tenths of
            their fall in the first twentieth of the axis.
        show_validation : bool, default=True
            Whether to draw the validation scores as dashed lines, with their own axis on the
            right. Validation losses, which need none, are drawn instead where y is "loss".
        legend : bool, default=True
            Whether to draw a legend, where there is room for one.
        line_kw : dict or None, default=None
            Passed to ``Axes.plot`` for every curve; a dict under the label of a curve is for
            that curve, ``{"lw": 1, "momentum": {"lw": 3}}``.
        ax_kw : dict or None, default=None
            Passed to ``Axes.set``, for instance ``{"ylim": (0, 1), "title": "Loss"}``.

        Returns
        -------
        self : LossCurveDisplay

        Raises
        ------
        ValueError
            If a scale is unknown, or logarithmic without positive numbers.
        """
        shown = [curve.shown for curve in self.curves]
        heights = [y for _, y in shown]
        heights += [curve.held_out[1] for curve in self.curves if curve.held_out is not None]
        every = np.concatenate(heights)
        # gaps are negative where ``best`` is too high
        scale = chosen_scale(scale, np.maximum(every, 0.0) if self.y == "gap" else every)
        x_scale = chosen_count_scale(x_scale, shown, scale)
        self.axes_ = panels(ax, 1)
        bottom, top, is_cut = limits(heights, scale)
        self._prepare_axes(scale, x_scale, {"ylim": (bottom, top), **(ax_kw or {})})
        styles = line_styles([curve.label for curve in self.curves], line_kw)
        self.lines_ = [
            self.ax_.plot(x, finite(down_to(bottom, y) if scale == "log" else y), **style)[0]
            for (x, y), style in zip(shown, styles, strict=True)
        ]
        runs = list(zip(self.lines_, self.curves, strict=True))
        ends = [mark_stop(*run) for run in runs]
        dashed, entries = self._draw_other_rows(runs, show_validation)
        self._ends = [end[1:] for end in ends]
        self._moving = [(li, np.array(li.get_xydata()), curve) for li, curve in runs + dashed]
        if legend:
            labels = [*(stop_text(*run) for run in runs), *entries]
            short = [*(curve.label for curve in self.curves), *entries]
            most = 0 if is_cut or entries else MOST_INSIDE
            draw_legend(self.ax_, [*ends, *entries.values()], labels, short, most_inside=most)
        return self

    def _draw_other_rows(self, runs, show_validation):
        """Draw losses or scores of some runs on rows that were not fitted.

        Returns
        -------
        dashed : list of (Line2D, LossCurve)
            Those on the axes of the curves.
        entries : dict of str to artist
            Entries of the legend.
        """
        self.validation_ax_ = None
        if held_out := [run for run in runs if run[1].held_out is not None]:
            return draw_held_out(self.ax_, held_out)
        scored = [run for run in runs if run[1].validation is not None]
        if not show_validation or not scored or self.y.startswith("validation"):
            return [], {}
        self.validation_ax_ = self.ax_.twinx()
        return [], draw_scores(self.validation_ax_, scored)

    def _prepare_axes(self, scale, x_scale, ax_kw):
        ax = self.ax_
        ax.set(yscale=scale, ylim=ax_kw["ylim"])
        if scale == "log":
            set_log_ticks(ax.yaxis)
        if self.x != "second":
            set_count(ax, x_scale)
        else:
            ax.set_xscale(x_scale)
            if x_scale == "linear":
                ax.locator_params(axis="x", nbins=4)  # fractions of a second are long numbers
        xlabel, ylabel = X_LABELS.get(self.x, self.unit), self._y_label()
        labels = {"xlabel": with_scale(xlabel, x_scale), "ylabel": with_scale(ylabel, scale)}
        ax.set(**labels | ax_kw)

    def _y_label(self):
        if self.y == "gap":
            return gap_label(self.best, self.best_is)
        if self.y == "gradient_norm":
            return "norm of the gradient" + (",\nscaled columns" if self.scaled_columns else "")
        return self.y.replace("_", " ")

    @property
    def unit(self) -> str:
        """Name of what the horizontal axis counts: "step" on functions without rows."""
        return "step" if {curve.unit for curve in self.curves} == {"step"} else "epoch"

    @property
    def n_frames(self) -> int:
        """Count of the rows of the longest history."""
        return max(len(curve.x) for curve in self.curves)

    def _show_frame(self, index):
        for line, points, curve in self._moving:
            line.set_data(*points[points[:, 0] <= _x_at(curve, index)].T)
        for ends, curve in zip(self._ends, self.curves, strict=True):
            y = np.nan_to_num(curve.y[min(index, len(curve.y) - 1)], nan=np.inf)
            for marker in ends:
                marker.set_data([_x_at(curve, index)], [np.clip(y, *self.ax_.get_ylim())])


def _x_at(curve, index):
    return float(curve.x[min(index, len(curve.x) - 1)])
