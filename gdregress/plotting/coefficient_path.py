"""CoefficientPathDisplay: every coefficient, epoch by epoch."""

from numbers import Integral

import numpy as np

from gdregress.plotting._coefficient_path.coefficients import read_coefficients
from gdregress.plotting._coefficient_path.end_labels import label_ends
from gdregress.plotting._shared.figure import axes_or_new, foreground
from gdregress.plotting._shared.lines import legend_below, line_styles
from gdregress.plotting._shared.scale import chosen_count_scale, finite, set_log_count, with_scale

FAINT = 0.3


class CoefficientPathDisplay:
    """The coefficients after each epoch of a fit with ``store_path=True``.

    Parameters
    ----------
    epochs : ndarray of shape (n_epochs + 1,)
        The first is the start.
    coef : ndarray of shape (n_epochs + 1, n_features)
        Coefficients after each of them.
    feature_names : list of str
        One for each coefficient.
    intercept : ndarray of shape (n_epochs + 1,) or None, default=None
        The intercept after each epoch.
    reference : ndarray of shape (n_features,) or (n_features + 1,) or None, default=None
        Where the coefficients, and the intercept as the last of them, should arrive.
    coefficient_name : str, default="coefficient"
        What the numbers are, for the vertical axis.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    lines_ : list of Line2D
        One for each coefficient, then that of the intercept.
    reference_lines_ : list of Line2D
        One for each line that has a label, from the largest coefficient on, if there is a
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

    def __init__(
        self,
        *,
        epochs,
        coef,
        feature_names,
        intercept=None,
        reference=None,
        coefficient_name="coefficient",
    ):
        self.epochs = epochs
        self.coef = coef
        self.feature_names = feature_names
        self.intercept = intercept
        self.reference = reference
        self.coefficient_name = coefficient_name

    @classmethod
    def from_estimator(
        cls, estimator, *, target=None, reference=None, intercept=False, ax=None, **options
    ):
        """Draw the coefficients of a fitted estimator.

        Parameters
        ----------
        estimator : GDRegressor, GDClassifier or Pipeline
            Fitted with ``store_path=True``; or a Pipeline or search that ends with one, whose
            coefficients are those of the columns that it was handed.
        target : int or None, default=None
            Which row of ``coef_``, where there are several targets or classes.
        reference : array-like of shape (n_features,) or (n_features + 1,) or None, default=None
            Coefficients to compare with, such as those of least squares, drawn dashed; one more
            with ``intercept=True``, the last.
        intercept : bool, default=False
            Whether the intercept is drawn too.
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
            If it is none of this package.
        ValueError
            Without ``store_path=True``; for a target that is missing or does not exist; for a
            reference of another shape.
        """
        display = cls(**read_coefficients(estimator, target, reference, intercept))
        return display.plot(ax, **options)

    def plot(self, ax=None, *, max_features=10, x_scale="auto", line_kw=None):
        """Draw the coefficients, the largest with their names.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; a new figure by default.
        max_features : int, default=10
            Most coefficients that get a colour and a name, the largest by their last magnitude;
            all others are faint. The intercept has its name in any case.
        x_scale : {"auto", "linear", "log"}, default="auto"
            Scale of the horizontal axis. "auto" is logarithmic where the coefficients make nine
            tenths of their way in the first twentieth of the epochs.
        line_kw : dict or None, default=None
            Passed to ``Axes.plot`` for every line with a name.

        Returns
        -------
        self : CoefficientPathDisplay

        Raises
        ------
        ValueError
            For another scale or a negative ``max_features``.
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
        # up to the last epoch, so that the names stand beside the ends
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
