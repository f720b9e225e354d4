"""OverviewDisplay: surface, loss, fit and coefficients of some descents on one figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, cast

import numpy as np
import numpy.typing as npt
from sklearn.base import is_classifier

from gdregress._utils.types import BaseEstimator, MatrixLike
from gdregress.plotting._shared.display import AnimatedDisplay
from gdregress.plotting._shared.estimators import by_label
from gdregress.plotting._shared.figure import pyplot
from gdregress.plotting._shared.types import Figure, SubFigure
from gdregress.plotting.coefficient_path import CoefficientPathDisplay
from gdregress.plotting.fit import FitDisplay
from gdregress.plotting.loss_curve import LossCurveDisplay, YAxis
from gdregress.plotting.loss_surface import LossSurfaceDisplay

# Inches of one panel.
WIDTH, HEIGHT = 4.6, 4.0


@dataclass(kw_only=True, eq=False, repr=False)
class OverviewDisplay(AnimatedDisplay):
    """Some descents of one objective: its surface, the loss, the fit, and the coefficients.

    Use `from_estimators` rather than the constructor. The displays of the panels are attributes,
    and the whole figure can be animated.

    Parameters
    ----------
    estimators : dict of str to estimator
        Fitted with ``store_path=True``, by label.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        The data of the fits.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        The targets of the fits.
    target : int or None, default=None
        Row of ``coef_``, if it has two or more rows.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
    axes_ : ndarray of matplotlib.axes.Axes
        All panels.
    ax_ : matplotlib.axes.Axes
        The panel of the surface.
    surface_ : LossSurfaceDisplay
    loss_ : LossCurveDisplay
    fit_ : FitDisplay or None
        None for classifiers of two or more features.
    coefficients_ : CoefficientPathDisplay

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> from gdregress import GDRegressor
    >>> from gdregress.plotting import OverviewDisplay
    >>> X, y = make_regression(n_samples=60, n_features=2, noise=5.0, random_state=0)
    >>> models = {
    ...     name: GDRegressor(optimizer=name, store_path=True, max_iter=20, tol=None).fit(X, y)
    ...     for name in ("gd", "nesterov")
    ... }
    >>> display = OverviewDisplay.from_estimators(models, X, y)
    >>> len(display.axes_)
    5
    """

    estimators: Mapping[str, BaseEstimator]
    X: MatrixLike
    y: npt.ArrayLike
    target: int | None = None

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: MatrixLike,
        y: npt.ArrayLike,
        *,
        target: int | None = None,
        figure: Figure | SubFigure | None = None,
        **options: Any,
    ) -> Self:
        """Draw one fit, as `from_estimators` draws some.

        Parameters
        ----------
        estimator : GDRegressor, GDClassifier, or a Pipeline or search that ends with one
            Fitted with ``store_path=True``.
        X, y, target : object
            As in the constructor.
        figure : matplotlib Figure, SubFigure or None, default=None
            Where to draw; a new one if None.
        **options
            Passed to `plot`.

        Returns
        -------
        display : OverviewDisplay
        """
        models = {type(estimator).__name__: estimator}
        return cls.from_estimators(models, X, y, target=target, figure=figure, **options)

    @classmethod
    def from_estimators(
        cls,
        estimators: Mapping[str, BaseEstimator],
        X: MatrixLike,
        y: npt.ArrayLike,
        *,
        target: int | None = None,
        figure: Figure | SubFigure | None = None,
        **options: Any,
    ) -> Self:
        """Draw some fits of one objective.

        Parameters
        ----------
        estimators, X, y, target : object
            As in the constructor.
        figure : matplotlib Figure, SubFigure or None, default=None
            Where to draw; a new one if None.
        **options
            Passed to `plot`.

        Returns
        -------
        display : OverviewDisplay

        Raises
        ------
        TypeError
            If ``estimators`` is no dict.
        ValueError
            As in `LossSurfaceDisplay.from_estimators`.
        """
        models = by_label(estimators)
        return cls(estimators=models, X=X, y=y, target=target).plot(figure, **options)

    def plot(
        self,
        figure: Figure | SubFigure | None = None,
        *,
        y: YAxis = "gap",
        legend: bool = True,
        line_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the panels.

        Parameters
        ----------
        figure : matplotlib Figure, SubFigure or None, default=None
            Where to draw; a new one if None.
        y : str, default="gap"
            What the panel of the loss shows, as in `LossCurveDisplay.from_estimator`.
        legend : bool, default=True
            Whether to draw legends, where there is room for them.
        line_kw : dict or None, default=None
            Passed to ``Axes.plot`` for surface and loss; a dict under the label of an estimator
            is for its lines.

        Returns
        -------
        self : OverviewDisplay
        """
        models, n_models = self.estimators, len(self.estimators)
        first = next(iter(models.values()))
        shows_fit = not (is_classifier(first) and np.shape(self.X)[1] > 1)
        top = 2 + shows_fit
        if figure is None:
            size = (WIDTH * max(top, min(n_models, 3)), 2 * HEIGHT)
            figure = pyplot().figure(figsize=size, layout="constrained")
        self._figure = figure
        halves: Any = figure.subfigures(2, 1)
        self._upper, lower = halves
        panels = self._upper.subplots(1, top)
        data, style = (models, self.X, self.y), {"legend": legend, "line_kw": line_kw}
        plane = {"target": self.target, "ax": panels[0]}
        self.surface_ = LossSurfaceDisplay.from_estimators(*data, **plane, **style)
        self.loss_ = LossCurveDisplay.from_estimators(models, y=y, ax=panels[1], **style)
        place, self.fit_ = {"target": self.target, "legend": legend}, None
        if shows_fit:
            self.fit_ = FitDisplay.from_estimators(*data, ax=panels[2], **place)
        row = lower.subplots(1, n_models, sharey=True, squeeze=False).ravel()
        self.coefficients_ = CoefficientPathDisplay.from_estimators(models, ax=row, **place)
        for one in row:
            one.label_outer()
        self.axes_ = np.array([*panels, *self.coefficients_.axes_])
        return self

    @property
    def figure_(self) -> Figure:
        """The figure of all panels."""
        return cast("Figure", self._figure)

    @property
    def n_frames(self) -> int:
        """Count of the points of the longest path."""
        return self.surface_.n_frames

    def _show_frame(self, index):
        for display in (self.surface_, self.loss_, self.fit_, self.coefficients_):
            if display is not None:
                display._show_frame(index)

    def _set_title(self, text):
        self._upper.suptitle(text)  # the layout makes no room for one above both halves
