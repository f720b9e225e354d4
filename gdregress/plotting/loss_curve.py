"""LossCurveDisplay: the objective, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

import numpy as np
from scipy.optimize import OptimizeResult
from sklearn.base import BaseEstimator

from gdregress.plotting._loss_curve.curves import LossCurve, name_of, read_curves
from gdregress.plotting._loss_curve.stops import down_to, limits, mark_stop, stop_text
from gdregress.plotting._loss_curve.validation import draw_validation
from gdregress.plotting._shared.figure import axes_or_new
from gdregress.plotting._shared.lines import legend_below, line_styles
from gdregress.plotting._shared.scale import (
    chosen_count_scale,
    chosen_scale,
    finite,
    set_log_count,
    set_log_ticks,
    with_scale,
)
from gdregress.plotting._shared.types import Scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

XAxis: TypeAlias = Literal["epoch", "update", "second"]
YAxis: TypeAlias = Literal["objective", "loss", "gradient_norm", "gap"]

X_LABELS = {"update": "updates", "second": "time (s)"}
Y_LABELS = {"objective": "objective", "loss": "loss", "gradient_norm": "norm of the gradient"}
# Largest count of entries for which a legend has room between the curves.
MOST_INSIDE = 4


class LossCurveDisplay:
    r"""The objective, loss, gradient or gap of one or more descents, epoch by epoch.

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
    y : {"objective", "loss", "gradient_norm", "gap"}
        Quantity on the vertical axis.
    best : float or None, default=None
        F*, required for the gap.

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

    ax_: Axes
    validation_ax_: Axes | None
    figure_: Figure
    lines_: list[Line2D]

    def __init__(
        self,
        *,
        curves: Sequence[LossCurve],
        x: XAxis = "epoch",
        y: YAxis = "objective",
        best: float | None = None,
    ) -> None:
        self.curves = curves
        self.x = x
        self.y = y
        self.best = best

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator | OptimizeResult,
        *,
        y: YAxis = "objective",
        x: XAxis = "epoch",
        best: float | None = None,
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
        y : {"objective", "loss", "gradient_norm", "gap"}, default="objective"
            The objective with its penalty, the loss alone, the norm of the gradient (mapping),
            or the objective above ``best``.
        x : {"epoch", "update", "second"}, default="epoch"
            Passes over the data, updates, or time in seconds.
        best : float or None, default=None
            For ``y="gap"``: the minimum of the objective. None is estimated by the gap at the
            end of ``history_``; where that knows none, it is the smallest objective seen.
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
        label = name_of(estimator) if label is None else label
        return cls.from_estimators({label: estimator}, y=y, x=x, best=best, ax=ax, **options)

    @classmethod
    def from_estimators(
        cls,
        estimators: Mapping[str, BaseEstimator | OptimizeResult],
        *,
        y: YAxis = "objective",
        x: XAxis = "epoch",
        best: float | None = None,
        ax: Axes | None = None,
        **options: Any,
    ) -> Self:
        """Draw the curves of two or more descents on the same axes.

        Parameters
        ----------
        estimators : dict
            Estimators or results as in `from_estimator`, by label.
        y : {"objective", "loss", "gradient_norm", "gap"}, default="objective"
            As in `from_estimator`.
        x : {"epoch", "update", "second"}, default="epoch"
            As in `from_estimator`.
        best : float or None, default=None
            For ``y="gap"``: the minimum of the objective. None is estimated by the gap at the
            end of the ``history_`` that came closest; where none knows, it is the smallest
            objective seen.
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
        curves, best = read_curves(estimators, x, y, best)
        return cls(curves=curves, x=x, y=y, best=best).plot(ax, **options)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        scale: Scale = "auto",
        x_scale: Scale = "auto",
        show_validation: bool = True,
        line_kw: dict[str, Any] | None = None,
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
            Whether to draw the validation scores of early stopping as dashed lines, with their
            own axis on the right.
        line_kw : dict or None, default=None
            Passed to ``Axes.plot`` for every curve.

        Returns
        -------
        self : LossCurveDisplay

        Raises
        ------
        ValueError
            If a scale is unknown, or logarithmic without positive numbers.
        """
        values = [curve.y for curve in self.curves]
        every = np.concatenate(values)
        # gaps are negative by rounding, or because ``best`` is too high
        scale = chosen_scale(scale, np.maximum(every, 0.0) if self.y == "gap" else every)
        along = [(curve.x, each) for curve, each in zip(self.curves, values, strict=True)]
        x_scale = chosen_count_scale(x_scale, along, scale)
        self.ax_ = ax = axes_or_new(ax)
        self.figure_ = ax.figure
        bottom, top, is_cut = limits(values, scale)
        self._prepare_axes(scale, x_scale, (bottom, top))
        styles = line_styles(len(self.curves), line_kw)
        if scale == "log":
            values = [down_to(bottom, each) for each in values]
        self.lines_ = [
            ax.plot(curve.x, finite(each), **style)[0]
            for curve, each, style in zip(self.curves, values, styles, strict=True)
        ]
        handles = [mark_stop(*both) for both in zip(self.lines_, self.curves, strict=True)]
        labels = [stop_text(*both) for both in zip(self.lines_, self.curves, strict=True)]
        self.validation_ax_ = None
        if show_validation and any(curve.validation is not None for curve in self.curves):
            self.validation_ax_ = ax.twinx()
            entries = draw_validation(self.validation_ax_, self.curves, self.lines_)
            handles += entries.values()
            labels += entries
        if is_cut or self.validation_ax_ is not None or len(labels) > MOST_INSIDE:
            legend_below(ax, handles, labels)
        else:
            ax.legend(handles, labels)
        return self

    def _prepare_axes(self, scale, x_scale, y_limits):
        ax = self.ax_
        ax.set_yscale(scale)
        ax.set_ylim(y_limits)
        if scale == "log":
            set_log_ticks(ax.yaxis)
        if x_scale == "log" and self.x == "second":
            ax.set_xscale("log")
        elif x_scale == "log":
            set_log_count(ax)
        elif self.x != "second":
            ax.xaxis.get_major_locator().set_params(integer=True)
        ax.set_xlabel(with_scale(self._x_label(), x_scale))
        ax.set_ylabel(with_scale(self._y_label(), scale))

    def _x_label(self):
        if self.x != "epoch":
            return X_LABELS[self.x]
        return "step" if {curve.unit for curve in self.curves} == {"step"} else "epoch"

    def _y_label(self):
        if self.y != "gap":
            return Y_LABELS[self.y]
        is_seen = any(np.any(curve.y == 0) for curve in self.curves)
        return f"objective above {'the best seen, ' if is_seen else ''}{self.best:.6g}"
