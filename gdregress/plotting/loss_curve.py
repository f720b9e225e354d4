"""LossCurveDisplay: the objective, epoch by epoch."""

import numpy as np

from gdregress.plotting._loss_curve.curves import LossCurve, name_of, read_curves
from gdregress.plotting._loss_curve.stops import limits, mark_stop, stop_text
from gdregress.plotting._shared.figure import axes_or_new, foreground
from gdregress.plotting._shared.lines import legend_below, line_styles
from gdregress.plotting._shared.scale import (
    chosen_count_scale,
    chosen_scale,
    finite,
    set_log_count,
    set_log_ticks,
    with_scale,
)

X_LABELS = {"update": "updates", "second": "time (s)"}
Y_LABELS = {"objective": "objective", "loss": "loss", "gradient_norm": "norm of the gradient"}
# Entries of a legend that find a place between the curves.
MOST_INSIDE = 4
# Scores below say no more than that the model is worse than none; they need no room.
WORST_SHOWN = -1.0


class LossCurveDisplay:
    r"""The course of one descent or several: objective, loss, gradient or gap.

    The gap of epoch t is

    .. math::

        F(w_t) - F^*

    with the smallest objective known for F*.

    Parameters
    ----------
    curves : list of LossCurve
        `from_estimators` reads those of this package; one's own stand beside them.
    x : {"epoch", "update", "second"}
        What is counted along the horizontal axis.
    y : {"objective", "loss", "gradient_norm", "gap"}
        What the curves show.
    best : float or None, default=None
        F* of the gap, which needs it.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes of the curves.
    validation_ax_ : matplotlib Axes or None
        Axes of the validation scores, on the right.
    figure_ : matplotlib Figure
    lines_ : list of Line2D
        One for each curve.

    See Also
    --------
    LearningRateDisplay : Where descents with many learning rates end.

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

    def __init__(self, *, curves, x="epoch", y="objective", best=None):
        self.curves = curves
        self.x = x
        self.y = y
        self.best = best

    @classmethod
    def from_estimator(
        cls, estimator, *, y="objective", x="epoch", best=None, label=None, ax=None, **options
    ):
        """Draw the curve of one descent.

        Parameters
        ----------
        estimator : GDRegressor, GDClassifier, Pipeline or OptimizeResult
            A fitted estimator, a Pipeline or search that ends with one, or what
            `gdregress.minimize` returns.
        y : {"objective", "loss", "gradient_norm", "gap"}, default="objective"
            The objective with its penalty, the loss alone, the norm of the gradient (mapping),
            or the objective above ``best``.
        x : {"epoch", "update", "second"}, default="epoch"
            Passes over the data, updates, or time in seconds.
        best : float or None, default=None
            For ``y="gap"``: the least objective there is. None is the smallest of the curve,
            whose gap there is 0.
        label : str or None, default=None
            In the legend; the name of the class by default.
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
            If it is nothing that has a history.
        ValueError
            For another x or y, or a ``best`` that is not wanted or not finite.
        """
        label = name_of(estimator) if label is None else label
        return cls.from_estimators({label: estimator}, y=y, x=x, best=best, ax=ax, **options)

    @classmethod
    def from_estimators(
        cls, estimators, *, y="objective", x="epoch", best=None, ax=None, **options
    ):
        """Draw the curves of several descents on the same axes.

        Parameters
        ----------
        estimators : dict
            Labels and estimators or results, as `from_estimator` takes them.
        y : {"objective", "loss", "gradient_norm", "gap"}, default="objective"
            As in `from_estimator`.
        x : {"epoch", "update", "second"}, default="epoch"
            As in `from_estimator`.
        best : float or None, default=None
            For ``y="gap"``: the least objective there is. None is the smallest of all curves.
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
            If one is nothing that has a history, or they are no dict.
        ValueError
            For another x or y, a ``best`` that is not wanted or not finite, or no estimators.
        """
        curves, best = read_curves(estimators, x, y, best)
        return cls(curves=curves, x=x, y=y, best=best).plot(ax, **options)

    def plot(self, ax=None, *, scale="auto", x_scale="auto", show_validation=True, line_kw=None):
        """Draw the curves, and where and why each of them ended.

        A curve that rises far above its start, as one that diverges does, is cut at the upper
        edge where it would flatten the others, and the legend says how far it went. On a
        logarithmic axis what is not positive is drawn at the lower edge.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; a new figure by default.
        scale : {"auto", "linear", "log"}, default="auto"
            Scale of the vertical axis. "auto" is logarithmic where nothing is negative and the
            numbers span more than a factor of ten.
        x_scale : {"auto", "linear", "log"}, default="auto"
            Scale of the horizontal axis. "auto" is logarithmic where all curves make nine tenths
            of their way down in the first twentieth of the axis.
        show_validation : bool, default=True
            Whether the validation scores of early stopping are drawn, dashed, on an axis of their
            own on the right.
        line_kw : dict or None, default=None
            Passed to ``Axes.plot`` for every curve.

        Returns
        -------
        self : LossCurveDisplay

        Raises
        ------
        ValueError
            For another scale, or a logarithmic one without positive numbers.
        """
        values = [curve.y for curve in self.curves]
        every = np.concatenate(values)
        # gaps are negative by rounding, or because the best is another's
        scale = chosen_scale(scale, np.maximum(every, 0.0) if self.y == "gap" else every)
        along = [(curve.x, each) for curve, each in zip(self.curves, values, strict=True)]
        x_scale = chosen_count_scale(x_scale, along, scale)
        self.ax_ = ax = axes_or_new(ax)
        self.figure_ = ax.figure
        bottom, top, is_cut = limits(values, scale)
        self._prepare_axes(scale, x_scale, (bottom, top))
        styles = line_styles(len(self.curves), line_kw)
        if scale == "log":
            values = [np.where(each <= 0, bottom, each) for each in values]
        self.lines_ = [
            ax.plot(curve.x, finite(each), **style)[0]
            for curve, each, style in zip(self.curves, values, styles, strict=True)
        ]
        handles = [mark_stop(*both) for both in zip(self.lines_, self.curves, strict=True)]
        labels = [stop_text(*both) for both in zip(self.lines_, self.curves, strict=True)]
        self.validation_ax_ = None
        if show_validation and any(curve.validation is not None for curve in self.curves):
            self.validation_ax_ = ax.twinx()
            handles += self._draw_validation()
            labels += ["validation score (right axis)", "best validation score"]
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
        return f"objective above {self.best:.6g}"

    def _draw_validation(self):
        """Draw the scores on the axes on the right; two neutral lines for the legend."""
        ax, dashed = self.validation_ax_, {"linestyle": "--", "linewidth": 1.2}
        star = {"linestyle": "none", "marker": "*", "markersize": 10}
        for curve, line in zip(self.curves, self.lines_, strict=True):
            if curve.validation is not None:
                scores, colour = finite(curve.validation), line.get_color()
                best = np.nanargmax(scores)
                ax.plot(curve.x, scores, color=colour, **dashed)
                ax.plot(curve.x[best], scores[best], color=colour, **star)
        bottom, top = ax.get_ylim()
        if bottom < WORST_SHOWN < top:
            ax.set_ylim(bottom=WORST_SHOWN)
        ax.set_ylabel("validation score (dashed)")
        return [ax.plot([], [], color=foreground(), **style)[0] for style in (dashed, star)]
