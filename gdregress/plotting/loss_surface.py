"""LossSurfaceDisplay: the objective over two parameters, and the descents on it."""

from numbers import Integral

from gdregress.plotting._loss_surface.drawing import DrawnSurface
from gdregress.plotting._loss_surface.estimator_surface import surface_of
from gdregress.plotting._loss_surface.function_surface import function_surface


class LossSurfaceDisplay(DrawnSurface):
    r"""The objective over two parameters, with the paths of descents on it.

    Drawn is the objective that the fit minimises, the very number in ``history_["objective"]``,

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
    paths : dict of str to ndarray of shape (n_points, 2), default=None
        Each descent, from its start on, by its label.
    path_values : dict of str to ndarray of shape (n_points,), default=None
        Height of the surface at their points.
    kept : dict of str to ndarray of shape (2,), default=None
        The parameters that a descent has returned, where they are not its last point.
    minimum : ndarray of shape (2,) or None, default=None
        Where the objective is least.
    minimum_value : float or None, default=None
        Height of the surface there.
    minimum_label : str, default="minimum"
        What to call it.
    xlabel, ylabel, zlabel : str
        What stands on the axes.
    is_projected : bool, default=False
        Whether the paths leave the plane, so that what is drawn is their shadow on it.
    unit : str, default="epoch"
        What lies between two points of a path.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Axes with the surface.
    figure_ : matplotlib.figure.Figure
        Figure with the axes.
    lines_ : dict of str to matplotlib.lines.Line2D
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
        estimator,
        X,
        y,
        *,
        sample_weight=None,
        features=None,
        target=None,
        grid=None,
        xlim=None,
        ylim=None,
        ax=None,
        **plot_options,
    ):
        """The surface around the path of one fit, drawn.

        Parameters
        ----------
        estimator : GDRegressor, GDClassifier, or a Pipeline or search that ends with one
            Fitted with ``store_path=True``. After a scaler the coefficients are those of the
            scaled columns, and labelled so.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data of the fit.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Their targets.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Their weights in the fit.
        features : None, "pca" or pair of int or str, default=None
            The two parameters that vary, such as ``(0, 1)``, ``("age", "bmi")`` or
            ``(0, "intercept")``; all others are held at the values that the fit has returned.
            "pca" is the plane through the returned parameters along which the path has moved
            most, in the units of the standardised columns under ``standardize=True``. None is
            the two parameters there are, and "pca" where there are more.
        target : int or None, default=None
            Row of ``coef_``, where it has several and ``features`` is a pair.
        grid : int or None, default=None
            Points along each side. None is 60, and fewer from 28,000 rows on.
        xlim, ylim : pair of float or None, default=None
            Limits of the window. None holds the path and the minimum, but not what a diverging
            path does beyond four times its initial height.
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
            Without ``store_path=True``, for data of another shape, or for features that there
            are none of.

        Warns
        -----
        UserWarning
            If the objective on these data is not that of the fit.

        Notes
        -----
        The minimum is found by a long batch descent from where the fit has ended. With more than
        two parameters a path leaves the plane; drawn is its shadow on it, whose height need not
        be the objective of that epoch.
        """
        models = {"path": estimator}
        arguments = (sample_weight, features, target, _checked_side(grid), xlim, ylim)
        return cls(**surface_of(models, X, y, *arguments)).plot(ax, **plot_options)

    @classmethod
    def from_estimators(
        cls,
        estimators,
        X,
        y,
        *,
        sample_weight=None,
        features=None,
        target=None,
        grid=None,
        xlim=None,
        ylim=None,
        ax=None,
        **plot_options,
    ):
        """Several fits of the same objective on one surface, drawn.

        Parameters
        ----------
        estimators : dict of str to estimator
            Fitted with ``store_path=True``, by label. What is held, is held at the values of
            the one that came lowest.
        X, y, sample_weight, features, target, grid, xlim, ylim, ax, **plot_options
            As in `from_estimator`.

        Returns
        -------
        display : LossSurfaceDisplay

        Raises
        ------
        ValueError
            Also if the estimators have minimised different objectives.
        """
        if not isinstance(estimators, dict) or not estimators:
            raise ValueError(
                "estimators must be a dict of at least one label and estimator, such as "
                f"{{'momentum': model}}. Got {type(estimators).__name__}."
            )
        arguments = (sample_weight, features, target, _checked_side(grid), xlim, ylim)
        return cls(**surface_of(estimators, X, y, *arguments)).plot(ax, **plot_options)

    @classmethod
    def from_function(
        cls,
        f,
        *,
        path=None,
        xlim=None,
        ylim=None,
        grid=100,
        vectorized=False,
        xlabel="x",
        ylabel="y",
        zlabel="f",
        ax=None,
        **plot_options,
    ):
        """The surface of a function of one's own, drawn.

        Parameters
        ----------
        f : callable
            ``f(x, y)``, or ``f(v)`` of a vector of two numbers as `gdregress.minimize` takes it.
        path : OptimizeResult, sequence of points, or dict of them, default=None
            What `gdregress.minimize` has returned, or the points of a descent; several by label.
        xlim, ylim : pair of float or None, default=None
            Limits of the window. None holds the path; without a path they must be given.
        grid : int, default=100
            Points along each side.
        vectorized : bool, default=False
            Whether f takes arrays: two of shape (grid, grid), or one of shape (2, grid, grid).
        xlabel, ylabel, zlabel : str
            What to call the two numbers and the function.
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
        side = 100 if grid is None else _checked_side(grid)
        data = function_surface(f, path, xlim, ylim, side, vectorized)
        labels = {"xlabel": xlabel, "ylabel": ylabel, "zlabel": zlabel, "unit": "step"}
        return cls(**data, **labels).plot(ax, **plot_options)


def _checked_side(grid):
    if grid is not None and (not isinstance(grid, Integral) or grid < 2):
        raise ValueError(f"grid must be a whole number of at least 2, or None. Got {grid!r}.")
    return grid
