"""CoefficientPathDisplay: every coefficient, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator

from gdregress.plotting._coefficient_path.band import Band
from gdregress.plotting._coefficient_path.coefficients import (
    coefficients_by_label,
    read_coefficients,
)
from gdregress.plotting._coefficient_path.end_labels import label_ends
from gdregress.plotting._shared.animated_display import AnimatedDisplay
from gdregress.plotting._shared.estimators import check_dict
from gdregress.plotting._shared.figure import foreground
from gdregress.plotting._shared.legend import legend_below
from gdregress.plotting._shared.lines import line_styles
from gdregress.plotting._shared.panels import panels
from gdregress.plotting._shared.scale import chosen_count_scale, finite, set_log_count, with_scale
from gdregress.plotting._shared.types import Scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

# Opacity of the lines without a name.
FAINT = 0.3
# Most lines without a name; more of them are a band.
MOST_FAINT = 30


class CoefficientPathDisplay(AnimatedDisplay):
    """The coefficients after each epoch of a fit with ``store_path=True``.

    Parameters
    ----------
    epochs : ndarray of shape (n_epochs + 1,), or dict of them
        Numbers of the epochs; the first is the start. For two or more models this, ``coef`` and
        ``intercept`` are dicts by label.
    coef : ndarray of shape (n_epochs + 1, n_features), or dict of them
        Coefficients after each epoch.
    feature_names : list of str
        One for each coefficient.
    intercept : ndarray of shape (n_epochs + 1,), dict of them, or None, default=None
        The intercept after each epoch.
    reference : ndarray of shape (n_features,) or (n_features + 1,) or None, default=None
        Expected final values of the coefficients, with the intercept last if it is included.
    coefficient_name : str, default="coefficient"
        Label of the vertical axis.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The first axes.
    axes_ : ndarray of Axes
        The axes of every model.
    figure_ : matplotlib Figure
    lines_ : list of Line2D
        One line for each coefficient, then the line of the intercept, model by model. More than
        30 coefficients without a name are a band instead.
    reference_lines_ : list of Line2D
        One line for each coefficient that has a name, from the largest on; empty without a
        reference.

    See Also
    --------
    LossCurveDisplay : The objective of the same epochs.

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> from sklearn.linear_model import LinearRegression
    >>> from gdregress import GDRegressor
    >>> from gdregress.plotting.coefficient_path import CoefficientPathDisplay
    >>> X, y = make_regression(n_samples=60, n_features=3, noise=5.0, random_state=0)
    >>> model = GDRegressor(store_path=True).fit(X, y)
    >>> least_squares = LinearRegression().fit(X, y)
    >>> display = CoefficientPathDisplay.from_estimator(model, reference=least_squares.coef_)
    >>> len(display.lines_)
    3
    """

    axes_: np.ndarray
    lines_: list[Line2D]
    reference_lines_: list[Line2D]

    def __init__(
        self,
        *,
        epochs: np.ndarray | Mapping[str, np.ndarray],
        coef: np.ndarray | Mapping[str, np.ndarray],
        feature_names: Sequence[str],
        intercept: np.ndarray | Mapping[str, np.ndarray | None] | None = None,
        reference: np.ndarray | None = None,
        coefficient_name: str = "coefficient",
    ) -> None:
        self.epochs = epochs
        self.coef = coef
        self.feature_names = feature_names
        self.intercept = intercept
        self.reference = reference
        self.coefficient_name = coefficient_name

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        *,
        target: int | None = None,
        reference: npt.ArrayLike | None = None,
        intercept: bool = False,
        ax: Axes | None = None,
        **options: Any,
    ) -> Self:
        """Draw the coefficients of a fitted estimator.

        Parameters
        ----------
        estimator : GDRegressor, GDClassifier or Pipeline
            Fitted with ``store_path=True``; or a Pipeline or search that ends with such an
            estimator. After earlier steps the coefficients belong to the transformed columns.
        target : int or None, default=None
            Row of ``coef_``; required if there are two or more rows.
        reference : array-like of shape (n_features,) or (n_features + 1,) or None, default=None
            Coefficients to compare with, such as those of least squares, drawn as dashed lines;
            with ``intercept=True`` an intercept may follow as the last number.
        intercept : bool, default=False
            Whether to draw the intercept too.
        ax : matplotlib Axes or None, default=None
            Where to draw; a new figure by default.
        **options
            Passed to `plot`.

        Returns
        -------
        display : CoefficientPathDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        TypeError
            If the estimator does not belong to this package.
        ValueError
            If the fit has not stored its path, if the target is missing or does not exist, or if
            the reference has another shape.
        """
        data = read_coefficients(estimator, target, reference, intercept)
        return cls(**data).plot(ax, **options)

    @classmethod
    def from_estimators(
        cls,
        estimators: Mapping[str, BaseEstimator],
        *,
        target: int | None = None,
        reference: npt.ArrayLike | None = None,
        intercept: bool = False,
        ax: Axes | Sequence[Axes] | np.ndarray | None = None,
        **options: Any,
    ) -> Self:
        """Draw the coefficients of two or more estimators side by side, in the same colours.

        Parameters
        ----------
        estimators : dict of str to estimator
            Fitted with ``store_path=True``, by label.
        target, reference, intercept : object
            As in `from_estimator`.
        ax : array of matplotlib Axes or None, default=None
            One for each estimator; a new figure by default.
        **options
            Passed to `plot`.

        Returns
        -------
        display : CoefficientPathDisplay

        Raises
        ------
        TypeError, ValueError
            As in `from_estimator`, and if the coefficients belong to different columns.
        """
        check_dict(estimators)
        data = coefficients_by_label(estimators, target, reference, intercept)
        return cls(**data).plot(ax, **options)

    def plot(
        self,
        ax: Axes | Sequence[Axes] | np.ndarray | None = None,
        *,
        max_features: int = 10,
        x_scale: Scale = "auto",
        legend: bool = True,
        line_kw: dict[str, Any] | None = None,
        ax_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the coefficients, the largest with their names.

        Parameters
        ----------
        ax : matplotlib Axes, array of them, or None, default=None
            Where to draw, one for each model; a new figure by default.
        max_features : int, default=10
            Largest count of coefficients with a colour and a name, chosen by their last
            magnitude; all others are faint lines or, if they are more than 30, a band of their
            range and their middle half. The intercept always has a name.
        x_scale : {"auto", "linear", "log"}, default="auto"
            Scale of the horizontal axis. "auto" is logarithmic if the coefficients cover nine
            tenths of their distance to the end in the first twentieth of the epochs.
        legend : bool, default=True
            Whether to draw a legend, where there is room for one.
        line_kw : dict or None, default=None
            Passed to ``Axes.plot`` for every line with a name; a dict under the name of a
            coefficient is for its line, ``{"lw": 1, "age": {"lw": 3}}``.
        ax_kw : dict or None, default=None
            Passed to ``Axes.set``, for instance ``{"ylabel": "slope"}``.

        Returns
        -------
        self : CoefficientPathDisplay

        Raises
        ------
        ValueError
            If the scale is unknown or ``max_features`` is negative.
        """
        if not isinstance(max_features, Integral) or max_features < 0:
            raise ValueError(f"max_features must be an int of at least 0. Got {max_features!r}.")
        courses = self._courses()
        x_scale = self._x_scale(x_scale, courses)
        named = self._named(courses, max_features)
        names = [self._name(j) for j in named]
        styles = dict(zip(named, line_styles(names, line_kw), strict=True))
        xlabel = with_scale("epoch", x_scale)
        self.axes_ = panels(ax, len(courses), xlabel, self.coefficient_name, size=(4.6, 4.0))
        self.ax_ = self.axes_[0]
        self.figure_ = self.ax_.figure
        self.lines_, self.reference_lines_, self._bands = [], [], []
        for axes, (label, epochs, paths) in zip(self.axes_, courses, strict=True):
            title = {"title": label} if label else {}
            self._prepare_axes(axes, x_scale, epochs, title | (ax_kw or {}))
            lines = self._draw_lines(axes, epochs, paths, styles)
            self._draw_reference(axes, styles, lines)
            label_ends(axes, [lines[j] for j in named], names)
        if legend:
            self._draw_legend(paths.shape[1] - len(named))
        self._ends = [line.get_xydata() for line in self.lines_]
        return self

    def _courses(self):
        """Label, epochs and coefficients with the intercept of every model."""
        columns = self.epochs, self.coef, self.intercept
        if not isinstance(self.coef, Mapping):
            columns = [{"": column} for column in columns]
        courses = []
        for label, coef in columns[1].items():
            paths, intercept = finite(coef), (columns[2] or {}).get(label)
            if intercept is not None:
                paths = np.column_stack([paths, finite(intercept)])
            courses.append((label, columns[0][label], paths))
        return courses

    def _x_scale(self, x_scale, courses):
        along = []
        for _, epochs, paths in courses:
            known = ~np.isnan(paths).any(axis=1)
            coef = paths[known, : len(self.feature_names)]
            along.append((epochs[known], np.linalg.norm(coef - coef[-1], axis=1)))
        return chosen_count_scale(x_scale, along, "linear")

    def _named(self, courses, max_features):
        """Numbers of the columns with a name: those that are largest at any end, the intercept."""
        lasts = [paths[~np.isnan(paths).any(axis=1)][-1] for _, _, paths in courses]
        largest = np.max(np.abs(lasts), axis=0)
        n = len(self.feature_names)
        order = np.argsort(-largest[:n], kind="stable")[:max_features].tolist()
        return order + list(range(n, len(largest)))

    def _name(self, column):
        return self.feature_names[column] if column < len(self.feature_names) else "intercept"

    def _prepare_axes(self, axes, x_scale, epochs, ax_kw):
        if x_scale == "log":
            set_log_count(axes)
        else:
            axes.xaxis.get_major_locator().set_params(integer=True)
        # the axis ends at the last epoch, so that the names are beside the ends
        if len(epochs) > 1:
            axes.set_xlim(epochs[0], epochs[-1])
        axes.set(**ax_kw)

    def _draw_lines(self, axes, epochs, paths, styles):
        """Draw a line or the band for every column, and return the lines by column."""
        others = [j for j in range(paths.shape[1]) if j not in styles]
        if len(others) > MOST_FAINT:
            self._bands.append(Band(axes, epochs, paths[:, others]))
            others = []
        faint = {"color": foreground(), "alpha": FAINT, "linewidth": 0.8, "zorder": 1}
        lines = {
            j: axes.plot(epochs, paths[:, j], **styles.get(j, faint))[0]
            for j in sorted([*styles, *others])
        }
        self.lines_ += lines.values()
        return lines

    def _draw_reference(self, axes, named, lines):
        if self.reference is None:
            return
        style = {"linestyle": "--", "linewidth": 1.0, "alpha": 0.8}
        self.reference_lines_ += [
            axes.axhline(self.reference[j], color=lines[j].get_color(), **style)
            for j in named
            if j < len(self.reference)
        ]

    def _draw_legend(self, n_faint):
        entries = {}
        if self._bands:
            entries |= self._bands[0].entries(n_faint)
        elif n_faint:
            faint = next(line for line in self.lines_ if line.get_alpha() == FAINT)
            entries[f"{n_faint} smaller coefficients"] = faint
        if self.reference_lines_:
            (dashed,) = self.ax_.plot([], [], "--", color=foreground(), linewidth=1.0)
            entries["reference"] = dashed
        if entries:
            legend_below(self.ax_, list(entries.values()), list(entries))

    @property
    def n_frames(self) -> int:
        """Count of the epochs of the longest run, the start included."""
        return max(len(epochs) for _, epochs, _ in self._courses())

    def _show_frame(self, index):
        for line, points in zip(self.lines_, self._ends, strict=True):
            line.set_data(*points[: index + 1].T)
        for band in self._bands:
            band.show(index)
