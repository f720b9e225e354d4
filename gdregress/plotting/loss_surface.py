"""LossSurfaceDisplay: the objective over two parameters, and the descents on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy.typing as npt

from gdregress._utils.types import BaseEstimator, MatrixLike, ObjectiveFunction
from gdregress.plotting._loss_surface.drawing import DrawnSurface
from gdregress.plotting._loss_surface.estimator_surface import estimator_surface
from gdregress.plotting._loss_surface.function_surface import function_surface
from gdregress.plotting._shared.estimators import by_label
from gdregress.plotting._shared.types import Axes, DescentPaths, Features, Limits


class LossSurfaceDisplay(DrawnSurface):
    r"""The objective over two parameters, with the paths of descents on it.

    The surface is the objective that the fit minimises, as in ``history_["objective"]``,

    .. math::

        F(\theta_0 + u d_1 + v d_2),

    where :math:`\theta_0` holds all other parameters fixed. Use `from_estimator`,
    `from_estimators` or `from_function` rather than the constructor.

    Parameters
    ----------
    x : ndarray of shape (n_x,)
        Positions along the first direction.
    y : ndarray of shape (n_y,)
        Positions along the second direction.
    values : ndarray of shape (n_y, n_x)
        Height of the surface.
    paths : dict of str to ndarray of shape (n_points, 2), optional
        Points of each descent from its start on, by label.
    path_values : dict of str to ndarray of shape (n_points,), optional
        Height of the surface at these points.
    kept : dict of str to ndarray of shape (2,), optional
        Returned parameters of a descent, if they are not its last point, by label.
    minimum : ndarray of shape (2,) or None, default=None
        Position of the minimum.
    minimum_value : float or None, default=None
        Height of the surface at the minimum.
    minimum_label : str, default="minimum"
        Name of the minimum in the legend.
    xlabel, ylabel, zlabel : str
        Labels of the axes.
    is_projected : bool, default=False
        Whether the paths leave the plane, so that the picture shows their projections.
    unit : str, default="epoch"
        Name of the step from one point of a path to the next.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The first axes.
    axes_ : ndarray of Axes
        All axes drawn on.
    figure_ : matplotlib.figure.Figure
        Figure with the axes.
    lines_ : list of matplotlib.lines.Line2D
        The path of each descent.

    References
    ----------
    Li, Xu, Taylor, Studer and Goldstein, "Visualizing the loss landscape of neural nets", 2018,
    for the principal directions of a path.

    Examples
    --------
    >>> import numpy as np
    >>> from gdregress import GDRegressor
    >>> from gdregress.plotting.loss_surface import LossSurfaceDisplay
    >>> X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([1.0, 3.0, 5.0, 7.0])
    >>> model = GDRegressor(optimizer="gd", store_path=True, max_iter=20, tol=None).fit(X, y)
    >>> display = LossSurfaceDisplay.from_estimator(model, X, y)
    >>> display.xlabel, display.ylabel, display.paths["path"].shape
    ('coefficient of x0', 'intercept', (21, 2))
    """

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: MatrixLike,
        y: npt.ArrayLike,
        *,
        sample_weight: npt.ArrayLike | None = None,
        features: Features | None = None,
        target: int | None = None,
        grid: int | None = None,
        xlim: Limits | None = None,
        ylim: Limits | None = None,
        ax: Axes | None = None,
        **plot_options: Any,
    ) -> Self:
        """Draw the surface around the path of one fit.

        Parameters
        ----------
        estimator : GDRegressor, GDClassifier, or a Pipeline or search that ends with one
            Fitted with ``store_path=True``. After a scaler the coefficients and their labels are
            those of the scaled columns.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data of the fit.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            The targets of the fit. Inside a TransformedTargetRegressor the objective is that
            of the transformed targets.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            The weights of the fit.
        features : None, "pca" or pair of int or str, default=None
            The two parameters that vary, such as ``(0, 1)``, ``("age", "bmi")`` or
            ``(0, "intercept")``; all others keep the values that the fit has returned. "pca" is
            the plane through the returned parameters along the first two principal directions of
            the path, in the units of the standardised columns under ``standardize=True``; the
            labels state the share of the movement in each; where the points shown lie on a line,
            the plane goes through the minimum. None varies both parameters of a fit
            with two, and is "pca" for a fit with more.
        target : int or None, default=None
            Row of ``coef_``, if it has two or more rows and ``features`` is a pair.
        grid : int or None, default=None
            Count of points along each side. None is 60, and fewer from 28,000 rows on.
        xlim, ylim : pair of float or None, default=None
            Limits of the window. None shows the path and the minimum, but not the points of a
            diverging path that are higher than four times its start.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; a new figure if None.
        **plot_options
            Passed to `plot`.

        Returns
        -------
        display : LossSurfaceDisplay

        Raises
        ------
        ValueError
            If the fit has not stored its path, if the data have another shape, or if a feature
            does not exist.

        Warns
        -----
        UserWarning
            If the objective on these data differs from the history of the fit.

        Notes
        -----
        A long batch descent from the end of the fit finds the minimum. With more than two
        parameters a path leaves the plane. The picture then shows its projection, whose height
        may differ from the objective of the epoch.
        """
        data = (X, y, sample_weight, features, target, grid, xlim, ylim)
        return cls(**estimator_surface({"path": estimator}, *data)).plot(ax, **plot_options)

    @classmethod
    def from_estimators(
        cls,
        estimators: Mapping[str, BaseEstimator],
        X: MatrixLike,
        y: npt.ArrayLike,
        *,
        sample_weight: npt.ArrayLike | None = None,
        features: Features | None = None,
        target: int | None = None,
        grid: int | None = None,
        xlim: Limits | None = None,
        ylim: Limits | None = None,
        ax: Axes | None = None,
        **plot_options: Any,
    ) -> Self:
        """Draw the paths of two or more fits of the same objective on one surface.

        Parameters
        ----------
        estimators : dict of str to estimator
            Fitted with ``store_path=True``, by label. Parameters that do not vary keep the
            values of the fit with the smallest objective.
        X, y, sample_weight, features, target, grid, xlim, ylim, ax, **plot_options : object
            As in `from_estimator`.

        Returns
        -------
        display : LossSurfaceDisplay

        Raises
        ------
        TypeError
            If ``estimators`` is no dict.
        ValueError
            As in `from_estimator`, and if the estimators have minimised different objectives.
        """
        data = (X, y, sample_weight, features, target, grid, xlim, ylim)
        return cls(**estimator_surface(by_label(estimators), *data)).plot(ax, **plot_options)

    @classmethod
    def from_function(
        cls,
        f: ObjectiveFunction,
        *,
        path: DescentPaths | None = None,
        xlim: Limits | None = None,
        ylim: Limits | None = None,
        grid: int | None = 100,
        vectorized: bool = False,
        xlabel: str = "x",
        ylabel: str = "y",
        zlabel: str = "f",
        ax: Axes | None = None,
        **plot_options: Any,
    ) -> Self:
        """Draw the surface of a function.

        Parameters
        ----------
        f : callable
            ``f(x, y)``, or ``f(v)`` of a vector of two numbers as `gdregress.minimize` takes it.
        path : OptimizeResult, sequence of points, or dict of them, default=None
            The result of `gdregress.minimize`, or the points of a descent; a dict holds the paths
            of different descents by label.
        xlim, ylim : pair of float or None, default=None
            Limits of the window. None shows the path; without a path both limits are required.
        grid : int, default=100
            Count of points along each side.
        vectorized : bool, default=False
            Whether f takes arrays: two of shape (grid, grid), or one of shape (2, grid, grid).
        xlabel, ylabel, zlabel : str
            Names of the two numbers and of the function.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; a new figure if None.
        **plot_options
            Passed to `plot`.

        Returns
        -------
        display : LossSurfaceDisplay

        Examples
        --------
        >>> from gdregress import minimize
        >>> from gdregress.plotting.loss_surface import LossSurfaceDisplay
        >>> def bowl(v):
        ...     return v[0] ** 2 + 10 * v[1] ** 2
        >>> result = minimize(bowl, [4.0, 1.0], learning_rate=0.08, max_iter=30)
        >>> display = LossSurfaceDisplay.from_function(bowl, path=result)
        >>> display.minimum.round(6) + 0.0
        array([0., 0.])
        """
        data = function_surface(f, path, xlim, ylim, 100 if grid is None else grid, vectorized)
        labels: Any = {"xlabel": xlabel, "ylabel": ylabel, "zlabel": zlabel, "unit": "step"}
        return cls(**data, **labels).plot(ax, **plot_options)
