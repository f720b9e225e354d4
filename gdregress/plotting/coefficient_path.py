"""CoefficientPathDisplay: every coefficient, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator

from gdregress.plotting._coefficient_path.coefficients import read_coefficients
from gdregress.plotting._coefficient_path.end_labels import label_ends
from gdregress.plotting._shared.figure import axes_or_new, foreground
from gdregress.plotting._shared.lines import legend_below, line_styles
from gdregress.plotting._shared.scale import chosen_count_scale, finite, set_log_count, with_scale
from gdregress.plotting._shared.types import Scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

# Opacity of the lines without a name.
FAINT = 0.3


class CoefficientPathDisplay:
    """The coefficients after each epoch of a fit with ``store_path=True``.

    Parameters
    ----------
    epochs : ndarray of shape (n_epochs + 1,)
        Numbers of the epochs; the first is the start.
    coef : ndarray of shape (n_epochs + 1, n_features)
        Coefficients after each epoch.
    feature_names : list of str
        One for each coefficient.
    intercept : ndarray of shape (n_epochs + 1,) or None, default=None
        The intercept after each epoch.
    reference : ndarray of shape (n_features,) or (n_features + 1,) or None, default=None
        Expected final values of the coefficients, with the intercept last if it is included.
    coefficient_name : str, default="coefficient"
        Label of the vertical axis.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    lines_ : list of Line2D
        One line for each coefficient, then the line of the intercept.
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

    ax_: Axes
    figure_: Figure
    lines_: list[Line2D]
    reference_lines_: list[Line2D]

    def __init__(
        self,
        *,
        epochs: np.ndarray,
        coef: np.ndarray,
        feature_names: Sequence[str],
        intercept: np.ndarray | None = None,
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
        display = cls(**read_coefficients(estimator, target, reference, intercept))
        return display.plot(ax, **options)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        max_features: int = 10,
        x_scale: Scale = "auto",
        line_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the coefficients, the largest with their names.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; a new figure by default.
        max_features : int, default=10
            Largest count of coefficients with a colour and a name, chosen by their last
            magnitude; the lines of all others are faint. The intercept always has a name.
        x_scale : {"auto", "linear", "log"}, default="auto"
            Scale of the horizontal axis. "auto" is logarithmic if the coefficients cover nine
            tenths of their distance to the end in the first twentieth of the epochs.
        line_kw : dict or None, default=None
            Passed to ``Axes.plot`` for every line with a name.

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
        paths = finite(self.coef)
        known = ~np.isnan(paths).any(axis=1)
        distance = np.linalg.norm(paths[known] - paths[known][-1], axis=1)
        along = [(self.epochs[known], distance)]
        x_scale = chosen_count_scale(x_scale, along, "linear")
        order = np.argsort(-np.abs(paths[known][-1]), kind="stable")
        named = [int(j) for j in order[:max_features]]
        names = list(self.feature_names)
        if self.intercept is not None:
            named.append(len(names))
            names.append("intercept")
            paths = np.column_stack([paths, finite(self.intercept)])
        self.ax_ = ax = axes_or_new(ax)
        self.figure_ = ax.figure
        self._prepare_axes(x_scale)
        self._draw_lines(paths, named, line_kw)
        self._draw_reference(named)
        label_ends(ax, [self.lines_[j] for j in named], [names[j] for j in named])
        self._draw_legend(len(names) - len(named))
        return self

    def _prepare_axes(self, x_scale):
        if x_scale == "log":
            set_log_count(self.ax_)
        else:
            self.ax_.xaxis.get_major_locator().set_params(integer=True)
        # the axis ends at the last epoch, so that the names are beside the ends
        if len(self.epochs) > 1:
            self.ax_.set_xlim(self.epochs[0], self.epochs[-1])
        self.ax_.set(xlabel=with_scale("epoch", x_scale), ylabel=self.coefficient_name)

    def _draw_lines(self, paths, named, line_kw):
        style = dict.fromkeys(range(paths.shape[1]))
        style |= dict(zip(named, line_styles(len(named), line_kw), strict=True))
        faint = {"color": foreground(), "alpha": FAINT, "linewidth": 0.8, "zorder": 1}
        self.lines_ = [
            self.ax_.plot(self.epochs, paths[:, j], **(style[j] or faint))[0] for j in style
        ]

    def _draw_reference(self, named):
        self.reference_lines_ = []
        if self.reference is None:
            return
        for j in named:
            if j < len(self.reference):
                line = self.ax_.axhline(
                    self.reference[j],
                    color=self.lines_[j].get_color(),
                    linestyle="--",
                    linewidth=1.0,
                    alpha=0.8,
                )
                self.reference_lines_.append(line)

    def _draw_legend(self, n_faint):
        handles, labels = [], []
        if n_faint:
            faint = [j for j in self.lines_ if j.get_alpha() == FAINT]
            handles.append(faint[0])
            labels.append(f"{n_faint} smaller coefficients")
        if self.reference_lines_:
            handles += self.ax_.plot([], [], "--", color=foreground(), linewidth=1.0)
            labels.append("reference")
        if handles:
            legend_below(self.ax_, handles, labels)
