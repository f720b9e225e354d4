"""The candidates of a search, and strengths worth a try where the user gives their number only."""

import warnings
from itertools import product
from numbers import Integral, Real

import numpy as np
from sklearn.base import clone

from gdregress._estimator.prepare import prepare
from gdregress._objective.base import null_parameters
from gdregress._objective.curvature import loss_curvature
from gdregress._utils.array_api import to_numpy
from gdregress._utils.validation import check_parameters
from gdregress.exceptions import IgnoredParameterWarning

# Smallest strength as a share of the largest, with an l1 norm and without.
SHARE, SHARE_OF_L2 = 1e-3, 1e-6
# Largest strength of l2, in units of the curvature of the loss along a mean column.
LARGEST_OF_L2 = 10.0
# l1_ratio below which the largest strength is that of a ratio of this.
SMALLEST_RATIO = 1e-3
# By which rounding might leave a coefficient that is not zero.
ROUNDING = 1e-12


def alphas_of(alphas, estimator, X, y, sample_weight, l1_ratio):
    """The strengths as given, not yet checked, or so many on a grid, the largest first.

    With an l1 norm the largest is the smallest at which all coefficients are zero,
    max_j |dF/dw_j| / l1_ratio at the best constant. That of l2 is ten times the mean curvature of
    the loss along the columns.

    Parameters
    ----------
    alphas : int or array-like
    estimator : GDRegressor or GDClassifier
    X, y, sample_weight
        As the user gave them.
    l1_ratio : float
        0 where there is no l1 norm.
    """
    if not isinstance(alphas, Integral):
        return alphas
    largest = largest_alpha(estimator, X, y, sample_weight, l1_ratio)
    share = SHARE if l1_ratio > 0 else SHARE_OF_L2
    return largest * (1 + ROUNDING) * np.geomspace(1, share, alphas)


def largest_alpha(estimator, X, y, sample_weight, l1_ratio):
    """The largest strength of a grid, see `alphas_of`."""
    given = {"preconditioner": None, "learning_rate": 1.0, "optimizer": "gd", "schedule": "auto"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IgnoredParameterWarning)  # of what is set here
        objective = prepare(estimator.set_params(**given), X, y, sample_weight).objective
    null = null_parameters(objective.design, objective.y, objective.weights, objective.loss)
    if l1_ratio > 0:
        gradient = to_numpy(objective.design.coef(objective.gradient(null)))
        return float(np.max(abs(gradient))) / max(l1_ratio, SMALLEST_RATIO) or 1.0
    squares = to_numpy(objective.design.coef(objective.column_mean_squares))
    return LARGEST_OF_L2 * loss_curvature(objective, null) * float(np.mean(squares)) or 1.0


class Grid:
    """The candidates, alphas innermost, and what a step of the grid is called.

    Parameters
    ----------
    search : GDRegressorCV or GDClassifierCV
    estimator : GDRegressor or GDClassifier
    X, y, sample_weight
        As the user gave them.

    Attributes
    ----------
    names : dict of str to str
        The estimator's parameter for "l1_ratio", "learning_rate" and "alpha", of those that vary.
    candidates : list of dict
        Parameters of the estimator.
    alphas : ndarray of shape (n_alphas,) or (n_l1_ratios, n_alphas)
    shape : tuple of int
        Of the scores, without the folds.
    """

    def __init__(self, search, estimator, X, y, sample_weight):
        self.names = _names(search, estimator)
        rates = _numbers("learning_rates", search.learning_rates, 0, np.inf, with_lower=False)
        ratios = _numbers("l1_ratios", search.l1_ratios, 0, 1)
        self.alphas, self.candidates, alphas = None, [], []
        for ratio in ratios or [None]:
            strengths = [None]
            if "alpha" in self.names:
                share = _share_of_l1(estimator, ratio)
                strengths = alphas_of(search.alphas, clone(estimator), X, y, sample_weight, share)
                strengths = _numbers("alphas", strengths, 0, np.inf)
                alphas.append(strengths)
            for rate, alpha in product(rates or [None], strengths):
                values = {"l1_ratio": ratio, "learning_rate": rate, "alpha": alpha}
                self.candidates.append({self.names[n]: values[n] for n in self.names})
        if alphas:
            self.alphas = np.array(alphas if ratios else alphas[0])
        given = [ratios, rates, alphas[0] if alphas else None]
        self.shape = tuple(len(values) for values in given if values)

    def in_order(self):
        """Numbers of the candidates so that the strengths fall within the others."""
        name = self.names.get("alpha")
        if name is None:
            return [[i] for i in range(len(self.candidates))]
        n = self.shape[-1]
        blocks = [range(i, i + n) for i in range(0, len(self.candidates), n)]
        return [sorted(block, key=lambda i: -self.candidates[i][name]) for block in blocks]


def _names(search, estimator):
    """The estimator's parameters that vary, by their names in the search."""
    by_name = isinstance(estimator.penalty, str)
    own = {} if by_name or estimator.penalty is None else estimator.penalty.get_params(deep=False)
    names = {}
    if search.l1_ratios is not None:
        names["l1_ratio"] = "l1_ratio" if by_name else "penalty__l1_ratio"
        if not (estimator.penalty == "elasticnet" or "l1_ratio" in own):
            raise ValueError(
                "l1_ratios needs penalty='elasticnet', and the estimator has "
                f"{estimator.penalty!r}. Set it, or leave l1_ratios out."
            )
    if search.learning_rates is not None:
        names["learning_rate"] = "learning_rate"
    if by_name:
        names["alpha"] = "alpha"
    elif "alpha" in own:
        names["alpha"] = "penalty__alpha"
    elif search.learning_rates is None:
        raise ValueError(
            f"The penalty of the estimator, {estimator.penalty!r}, has no alpha, and "
            "learning_rates is None: there is nothing to choose. Set penalty='l2' or "
            "learning_rates."
        )
    return names


def _numbers(name, values, lower, upper, with_lower=True):
    """Values of a grid as Python's numbers; ValueError for what is none."""
    if values is None:
        return None
    values = np.asarray(values, dtype=object)
    if values.ndim != 1:
        raise ValueError(
            f"{name} must be one-dimensional, a number for each candidate. Got an array of shape "
            f"{values.shape}; strengths of single features belong to the penalty of the estimator."
        )
    numbers = values.tolist()
    if not numbers:
        raise ValueError(f"{name} is empty. Give at least one number.")
    for number in numbers:
        if isinstance(number, str) and name == "learning_rates":
            continue
        inside = isinstance(number, Real) and lower <= number <= upper
        if not inside or not (with_lower or number > lower):
            where = f"from {lower} to {upper}" if with_lower else f"above {lower}"
            raise ValueError(f"{name} must hold numbers {where}. Got {number!r}.")
    return numbers


def _share_of_l1(estimator, ratio):
    """Share of the l1 norm in a penalty; 0 without one."""
    if ratio is not None:
        return ratio
    penalty = estimator.penalty
    if isinstance(penalty, str):
        return {"l1": 1.0, "elasticnet": estimator.l1_ratio}.get(penalty, 0.0)
    check_parameters(penalty)
    terms = penalty.kernel_terms
    l1, l2 = (0.0, 1.0) if terms is None else (np.max(terms.l1), np.max(terms.l2))
    return float(l1 / (l1 + l2)) if l1 + l2 > 0 else 0.0
