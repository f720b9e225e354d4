"""RegularizationPathDisplay: coefficients and scores along the strengths of a penalty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from gdregress._utils.types import ArrayLike, MatrixLike, clone
from gdregress.model_selection import gd_path
from gdregress.plotting._shared.coefficients import DrawnCoefficients, largest
from gdregress.plotting._shared.display import Display
from gdregress.plotting._shared.estimators import feature_names
from gdregress.plotting._shared.figure import colours, foreground
from gdregress.plotting._shared.legend import legend_below
from gdregress.plotting._shared.lines import by_name
from gdregress.plotting._shared.panels import panels
from gdregress.plotting._shared.types import Axes

# Opacity of the band of scores.
BAND = 0.2


@dataclass(kw_only=True, eq=False, repr=False)
class RegularizationPathDisplay(Display):
    """Coefficients above, scores of the folds below, both by the strength of the penalty.

    Parameters
    ----------
    alphas : ndarray of shape (n_alphas,)
        Strengths.
    coef : ndarray of shape (n_features, n_alphas)
        Coefficients of the fits on all rows.
    scores : ndarray of shape (n_alphas, n_folds)
        Of each strength on each fold.
    feature_names : list of str
        One for each coefficient.
    best : float
        The strength that was chosen.
    score_name : str, default="score"
        Label of the lower vertical axis.

    Attributes
    ----------
    axes_ : ndarray of two matplotlib Axes
        That of the coefficients, and that of the scores.
    figure_ : matplotlib Figure
    lines_ : list of Line2D
        One line for each coefficient.
    score_line_ : Line2D
        Mean over the folds; the band around it is one standard deviation of them wide to either
        side.

    See Also
    --------
    CoefficientPathDisplay : Coefficients by epoch.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from gdregress import GDRegressor, GDRegressorCV
    >>> from gdregress.plotting import RegularizationPathDisplay
    >>> X, y = load_diabetes(return_X_y=True)
    >>> search = GDRegressorCV(GDRegressor(penalty="l1"), alphas=30).fit(X, y)
    >>> display = RegularizationPathDisplay.from_estimator(search, X, y)
    >>> len(display.lines_)
    10
    """

    alphas: np.ndarray
    coef: np.ndarray
    scores: np.ndarray
    feature_names: Sequence[str]
    best: float
    score_name: str = "score"

    @classmethod
    def from_estimator(
        cls,
        search: Any,
        X: MatrixLike,
        y: ArrayLike,
        *,
        target: int = 0,
        sample_weight: ArrayLike | None = None,
        ax: Sequence[Axes] | None = None,
        **options: Any,
    ) -> Self:
        """Draw the path of a fitted search; of several shares of l1 or rates that of the best.

        Parameters
        ----------
        search : GDRegressorCV or GDClassifierCV
            Fitted.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data of the fit.
        y : array-like
            Their targets.
        target : int, default=0
            Row of ``coef_`` where there are several.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Their weights.
        ax : sequence of two matplotlib Axes or None, default=None
            Where to draw coefficients and scores; a new figure by default.
        **options
            Passed to `plot`.

        Returns
        -------
        display : RegularizationPathDisplay

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the search is not fitted.
        ValueError
            If it has searched no strengths.
        """
        check_is_fitted(search)
        if search.alphas_ is None:
            raise ValueError("The search has tried no strengths of a penalty: there is no path.")
        n_alphas = np.shape(search.alphas_)[-1]
        blocks = np.reshape(search.scores_, (-1, n_alphas, search.n_splits_))
        chosen = search.best_index_ // n_alphas
        rows = np.reshape(search.alphas_, (-1, n_alphas))
        tried = rows[chosen * len(rows) // len(blocks)]
        model = clone(search.best_estimator_)
        alphas, coefs, _ = gd_path(X, y, model, alphas=tried, sample_weight=sample_weight)
        display = cls(
            alphas=alphas,
            coef=coefs if coefs.ndim == 2 else coefs[target],
            scores=blocks[chosen][np.argsort(-tried, kind="stable")],
            feature_names=feature_names(search.best_estimator_),
            best=search.alpha_,
            score_name=search.scoring if isinstance(search.scoring, str) else "score",
        )
        return display.plot(ax, **options)

    def plot(
        self,
        ax: Sequence[Axes] | None = None,
        *,
        max_features: int = 10,
        legend: bool = True,
        line_kw: dict[str, Any] | None = None,
        score_kw: dict[str, Any] | None = None,
        ax_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the coefficients, the largest with their names, and the scores.

        Parameters
        ----------
        ax : sequence of two matplotlib Axes or None, default=None
            Where to draw; a new figure by default.
        max_features : int, default=10
            Largest count of coefficients with a colour and a name, chosen by their magnitude
            under the weakest penalty; the others are faint.
        legend : bool, default=True
            Whether to draw legends, where there is room for them.
        line_kw, score_kw : dict or None, default=None
            Passed to ``Axes.plot`` for the lines with a name, and for the mean score.
        ax_kw : dict or None, default=None
            Passed to ``Axes.set`` of both panels, for instance ``{"xlim": (0.01, 1)}``.

        Returns
        -------
        self : RegularizationPathDisplay
        """
        self.axes_ = panels(ax, 2, size=(6.4, 3.2), columns=1, sharey=False)
        named = largest(self.coef[:, np.argmin(self.alphas)], max_features)
        names = {j: str(self.feature_names[j]) for j in named}
        drawn = DrawnCoefficients(self.ax_, self.alphas, self.coef.T, names, line_kw)
        self.lines_ = list(drawn.lines.values())
        if legend:
            drawn.draw_legend()
        self._draw_scores(self.axes_[1], score_kw)
        chosen = {"color": foreground(), "linestyle": ":", "linewidth": 1.0}
        for one in self.axes_:
            if (np.asarray(self.alphas) > 0).all():
                one.set_xscale("log")
            one.axvline(self.best, label=f"chosen: {self.best:.3g}", **chosen)
        self.ax_.set_ylabel("coefficient")
        self.axes_[1].set(xlabel="alpha, the strength of the penalty", ylabel=self.score_name)
        for one in self.axes_:
            one.set(**ax_kw or {})
        if legend:
            legend_below(self.axes_[1], *self.axes_[1].get_legend_handles_labels())
        return self

    def _draw_scores(self, ax, score_kw):
        mean, spread = self.scores.mean(axis=1), self.scores.std(axis=1)
        style = {"color": colours(1)[0], "label": "mean of the folds", **by_name(score_kw)}
        (self.score_line_,) = ax.plot(self.alphas, mean, **style)
        band = {"alpha": BAND, "linewidth": 0, "label": "their standard deviation"}
        colour = self.score_line_.get_color()
        ax.fill_between(self.alphas, mean - spread, mean + spread, color=colour, **band)
