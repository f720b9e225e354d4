"""CoefficientPathDisplay: every coefficient, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from gdregress._utils.types import BaseEstimator
from gdregress.plotting._coefficient_path.courses import CoefficientCourse, read_courses
from gdregress.plotting._shared.arguments import check_count
from gdregress.plotting._shared.coefficients import DrawnCoefficients, largest
from gdregress.plotting._shared.display import AnimatedDisplay
from gdregress.plotting._shared.estimators import by_label
from gdregress.plotting._shared.marks import legend_entry
from gdregress.plotting._shared.panels import panels
from gdregress.plotting._shared.scale import chosen_count_scale, set_count, with_scale
from gdregress.plotting._shared.types import Axes, Scale

__all__ = ["CoefficientCourse", "CoefficientPathDisplay"]

# The lines of the reference.
DASHED = {"linestyle": "--", "linewidth": 1.0}


@dataclass(kw_only=True, eq=False, repr=False)
class CoefficientPathDisplay(AnimatedDisplay):
    """The coefficients after each epoch of a fit with ``store_path=True``.

    Parameters
    ----------
    courses : list of CoefficientCourse
        One for each model: a named tuple of ``epochs``, the numbers of the epochs, the first
        being the start; ``coef`` of shape (n_epochs + 1, n_features), the coefficients after
        each; ``intercept``, or None; and ``label``, None for a single model.
    feature_names : list of str
        One for each coefficient.
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

    courses: Sequence[CoefficientCourse]
    feature_names: Sequence[str]
    reference: np.ndarray | None = None
    coefficient_name: str = "coefficient"

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
        data = read_courses({None: estimator}, target, reference, intercept)
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
        data = read_courses(by_label(estimators), target, reference, intercept)
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
        check_count("max_features", max_features, 0)
        n, paths = len(self.feature_names), [course.columns for course in self.courses]
        lasts = [columns[~np.isnan(columns).any(axis=1)][-1] for columns in paths]
        along = [
            (course.epochs, np.linalg.norm((columns - last)[:, :n], axis=1))
            for course, columns, last in zip(self.courses, paths, lasts, strict=True)
        ]
        x_scale = chosen_count_scale(x_scale, along, "linear")
        sizes = np.max(np.abs(lasts), axis=0)
        named = largest(sizes[:n], max_features) + list(range(n, len(sizes)))
        names = {j: [*self.feature_names, "intercept"][j] for j in named}
        xlabel = with_scale("epoch", x_scale)
        self.axes_ = panels(ax, len(paths), xlabel, self.coefficient_name, size=(4.6, 4.0))
        self.reference_lines_, self._drawn = [], []
        for axes, course, columns in zip(self.axes_, self.courses, paths, strict=True):
            set_count(axes, x_scale)
            axes.set(**{"title": course.label or axes.get_title(), **(ax_kw or {})})
            drawn = DrawnCoefficients(axes, course.epochs, columns, names, line_kw)
            self._draw_reference(axes, drawn.lines, named)
            self._drawn.append(drawn)
        if legend:
            more = {"reference": legend_entry("reference", DASHED)}
            self._drawn[-1].draw_legend(more if self.reference_lines_ else {})
        self.lines_ = [line for drawn in self._drawn for line in drawn.lines.values()]
        self._ends = [np.array(line.get_xydata()) for line in self.lines_]
        return self

    def _draw_reference(self, axes, lines, named):
        known = [] if self.reference is None else self.reference
        self.reference_lines_ += [
            axes.axhline(known[j], color=lines[j].get_color(), alpha=0.8, **DASHED)
            for j in named
            if j < len(known)
        ]

    @property
    def n_frames(self) -> int:
        """Count of the epochs of the longest run, the start included."""
        return max(len(course.epochs) for course in self.courses)

    def _show_frame(self, index):
        for line, points in zip(self.lines_, self._ends, strict=True):
            line.set_data(*points[: index + 1].T)
        for drawn in self._drawn:
            if drawn.band is not None:
                drawn.band.show(index)
