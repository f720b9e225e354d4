r"""Penalties of groups of coefficients, which become zero together.

The prox of t ||u||_2 with a step size s_j for each coefficient minimises

    t ||u||_2 + sum_j (u_j - w_j)^2 / (2 s_j).

It is zero where sum_j (w_j / (s_j t))^2 <= 1, and elsewhere u_j = w_j r / (r + s_j t), whose norm
r is the only zero of

    h(r) = 1 / sqrt(phi(r)) - 1,    phi(r) = sum_j (w_j / (r + s_j t))^2.

h is concave and increasing, so that Newton's method from the left rises to the zero without a
safeguard: r <- r + phi (sqrt(phi) - 1) / psi, psi = sum_j w_j^2 / (r + s_j t)^3. It begins at
||w|| - t max_j s_j, which for equal steps is the answer.

References
----------
Yuan and Lin, "Model selection and estimation in regression with grouped variables", 2006.
Moré and Sorensen, "Computing a trust region step", 1983, for the form in which Newton's method is
used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any, NamedTuple

import array_api_compat
import numpy as np
import numpy.typing as npt

from gdregress._utils.array_api import array_like, asarray, namespace, to_numpy
from gdregress._utils.types import Array, ArrayLike
from gdregress._utils.validation import Interval
from gdregress.penalties.base import NormTerms, Penalty

# Newton steps at most, and the change that is rounding, in units of the type's.
NEWTON_STEPS, SETTLED = 50, 4


class Layout(NamedTuple):
    """Where the coefficients stand in an array with a row for each group.

    Parameters
    ----------
    members : ndarray of shape (n_groups, largest)
        Numbers of the features of each group, filled up with n_features.
    places : ndarray of shape (n_features,)
        Where each feature stands in the array, flattened; features in no group follow it.
    sizes : ndarray of shape (n_groups,)
    """

    members: npt.NDArray[np.intp]
    places: npt.NDArray[np.intp]
    sizes: npt.NDArray[np.intp]


class GroupL2(Penalty):
    r"""R(w) = alpha sum_g ``sqrt(|g|) ||w_g||_2``: the group lasso; ``|g|`` is the size of g.

    Of several targets each has its own groups.

    Parameters
    ----------
    groups : array-like of shape (n_features,), or list of lists of int
        The label of each feature's group, or for each group the numbers of its features. A
        feature in no list is not penalised.
    alpha : float, default=1e-4
        Strength.

    Examples
    --------
    Two columns of one group are used together, or not at all:

    >>> import numpy as np
    >>> from gdregress import GDRegressor
    >>> from gdregress.penalties import GroupL2
    >>> X = np.random.default_rng(0).normal(size=(50, 4))
    >>> y = X @ [2.0, 1.0, 0.1, 0.0]
    >>> model = GDRegressor(penalty=GroupL2(["a", "a", "b", "b"], alpha=0.2)).fit(X, y)
    >>> model.coef_ != 0
    array([ True,  True, False, False])
    """

    traceable = False
    _parameter_constraints = {
        "groups": ["array-like"],
        "alpha": [Interval(Real, 0, None, closed="left")],
    }
    _known: tuple[Any, int, Layout] | None = None

    def __init__(self, groups: ArrayLike, alpha: float = 1e-4) -> None:
        self.groups = groups
        self.alpha = alpha

    def value(self, w: Array) -> Any:
        rows, strengths = self._rows(w)
        return namespace(w).sum(strengths * norms(rows, axis=1))

    def prox(self, w: Array, step_size: Any) -> Array:
        xp = namespace(w)
        rows, strengths = self._rows(w)
        steps = self._rows(step_size + 0 * w)[0] if getattr(step_size, "ndim", 0) else step_size
        shrunk = xp.reshape(shrink_norms(rows, steps, strengths, axis=1), (-1, *w.shape[1:]))
        places = _indices(self._layout(w.shape[0]).places, w)
        return xp.take(xp.concat([shrunk, w]), places, axis=0)

    def check_features(self, n_features: int, names: Sequence[str] | None = None) -> None:
        self._layout(n_features)

    def norm_terms(self, n_features: int, n_targets: int = 1) -> NormTerms | None:
        layout = self._layout(n_features)
        # features in no list are groups of their own, without a strength
        groups = len(layout.sizes) + np.arange(n_features)
        for number, members in enumerate(layout.members):
            groups[members[members < n_features]] = number
        strengths = np.concatenate([self.alpha * np.sqrt(layout.sizes), np.zeros(n_features)])
        of_targets = n_targets * groups[:, None] + np.arange(n_targets)
        ones = np.ones(n_features * n_targets)
        return NormTerms(of_targets.ravel(), np.repeat(strengths, n_targets), ones)

    def _rows(self, w: Array) -> tuple[Array, Array]:
        """Coefficients as an array of shape (n_groups, largest, ...), and the strengths."""
        xp, layout = namespace(w), self._layout(w.shape[0])
        padded = xp.concat([w, 0 * w[:1, ...]])
        rows = xp.take(padded, _indices(layout.members.reshape(-1), w), axis=0)
        strengths = array_like(self.alpha * np.sqrt(layout.sizes), w)
        shape = (len(layout.sizes), 1, *(1,) * (w.ndim - 1))
        return xp.reshape(rows, (*layout.members.shape, *w.shape[1:])), xp.reshape(
            strengths, shape
        )

    def _layout(self, n_features: int) -> Layout:
        known = self._known
        if known is None or known[0] is not self.groups or known[1] != n_features:
            layout = _layout_of(_members(self.groups, n_features), n_features)
            self._known = known = (self.groups, n_features, layout)
        return known[2]


class L21(Penalty):
    r"""R(W) = alpha sum_j ``||w_j||_2`` with w_j the coefficients of feature j for all targets.

    A feature is used for every target or for none, as in scikit-learn's MultiTaskLasso, whose
    minimiser and alpha it has for squared error. For one target it is l1. Of more than two classes
    w_j are the coefficients for all classes.

    Parameters
    ----------
    alpha : float, default=1e-4
        Strength.

    References
    ----------
    Obozinski, Taskar and Jordan, "Joint covariate selection and joint subspace selection for
    multiple classification problems", 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from gdregress import GDRegressor
    >>> from gdregress.penalties import L21
    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> Y = X @ [[2.0, 0.1], [0.0, 0.1], [0.5, 1.0]]
    >>> (GDRegressor(penalty=L21(alpha=0.3)).fit(X, Y).coef_ != 0).tolist()
    [[True, False, True], [True, False, True]]
    """

    _parameter_constraints = {"alpha": [Interval(Real, 0, None, closed="left")]}

    def __init__(self, alpha: float = 1e-4) -> None:
        self.alpha = alpha

    def norm_terms(self, n_features: int, n_targets: int = 1) -> NormTerms | None:
        groups = np.repeat(np.arange(n_features), n_targets)
        return NormTerms(groups, np.full(n_features, self.alpha), np.ones(len(groups)))

    def value(self, w: Array) -> Any:
        rows = w if w.ndim == 2 else w[:, None]
        return self.alpha * namespace(w).sum(norms(rows, axis=1))

    def prox(self, w: Array, step_size: Any) -> Array:
        if w.ndim == 1:
            threshold = step_size * self.alpha
            return w - namespace(w).clip(w, -threshold, threshold)
        return shrink_norms(w, step_size, self.alpha, axis=1)


def norms(w: Array, axis: int) -> Array:
    """Euclidean norms along an axis, which stays with length 1; no square overflows."""
    xp = namespace(w)
    largest = xp.max(abs(w), axis=axis, keepdims=True)
    largest = xp.where(largest > 0, largest, xp.ones_like(largest))
    return largest * xp.sqrt(xp.sum((w / largest) ** 2, axis=axis, keepdims=True))


def shrink_norms(w: Array, step_size: Any, strength: Any, axis: int) -> Array:
    """argmin_u t ||u||_2 + sum_j (u_j - w_j)^2 / (2 s_j) of every group along an axis.

    Parameters
    ----------
    w : array
    step_size : float, or array that broadcasts over w
        s.
    strength : float, or array that broadcasts over w
        t.
    axis : int
    """
    xp, size = namespace(w), norms(w, axis)
    size = xp.where(size > 0, size, xp.ones_like(size))
    thresholds = step_size * strength / size  # in units of the norm of w
    if not getattr(step_size, "ndim", 0):
        return w * xp.clip(1 - thresholds, min=0.0)
    w_unit = w / size
    moved = thresholds > 0
    ratio = xp.where(moved, w_unit / xp.where(moved, thresholds, xp.ones_like(w)), 2 * w_unit)
    is_zero = xp.sum(ratio**2, axis=axis, keepdims=True) <= 1
    norm = xp.clip(1 - xp.max(thresholds, axis=axis, keepdims=True), min=0.0)
    norm = _norm_by_newton(w_unit, thresholds, xp.where(is_zero, xp.ones_like(norm), norm), axis)
    total = norm + thresholds
    return xp.where(is_zero, xp.zeros_like(w), w * (norm / xp.where(total > 0, total, 1 + 0 * w)))


def _norm_by_newton(w: Array, thresholds: Array, norm: Array, axis: int) -> Array:
    """The zero of h, beginning at or below it; see the module."""
    xp = namespace(w)
    eps = SETTLED * float(xp.finfo(w.dtype).eps)
    traced = array_api_compat.is_jax_array(w)  # whose host is not to wait for numbers
    for _ in range(NEWTON_STEPS):
        total = norm + thresholds
        total = xp.where(total > 0, total, xp.ones_like(total))
        phi = xp.sum((w / total) ** 2, axis=axis, keepdims=True)
        psi = xp.sum(w**2 / total**3, axis=axis, keepdims=True)
        step = phi * (xp.sqrt(phi) - 1) / xp.where(psi > 0, psi, xp.ones_like(psi))
        step = xp.clip(step, min=0.0)  # below it is rounding, or that of a group that is zero
        norm = xp.clip(norm + step, max=1.0)
        if not traced and bool(xp.all(step <= eps * norm)):
            break
    return norm


def _indices(numbers: npt.NDArray[np.intp], like: Array) -> Array:
    """Numbers of rows where an array is."""
    xp = namespace(like)
    return numbers if xp is np else asarray(numbers, xp, like.device)


def _members(groups: Any, n_features: int) -> list[npt.NDArray[np.intp]]:
    """Numbers of the features of each group, from labels or from lists."""
    if isinstance(groups, Mapping):
        raise ValueError(
            "The 'groups' parameter of GroupL2 must be a label for each feature, or lists of the "
            f"features' numbers. Got a {type(groups).__name__}: pass list(groups.values())."
        )
    values = groups if isinstance(groups, (list, tuple)) else to_numpy(groups)
    if all(np.ndim(value) == 0 for value in values):
        if len(values) != n_features:
            raise ValueError(
                "The 'groups' parameter of GroupL2 must hold a label for each of the "
                f"{n_features} features. Got {len(values)} labels; give as many as there are "
                "columns, or lists of the columns' numbers."
            )
        labels = {label: number for number, label in enumerate(dict.fromkeys(values))}
        numbers = np.array([labels[label] for label in values])
        return [np.flatnonzero(numbers == number) for number in range(len(labels))]
    return [_numbers_of(group, n_features) for group in values]


def _numbers_of(group: Any, n_features: int) -> npt.NDArray[np.intp]:
    """The features of one list, which are to be numbers of columns."""
    numbers = np.asarray(group)
    right = numbers.ndim == 1 and len(numbers) and numbers.dtype.kind in "iu"
    if not (right and (numbers >= 0).all() and (numbers < n_features).all()):
        raise ValueError(
            "The 'groups' parameter of GroupL2 must hold lists of the features' numbers, from 0 "
            f"to {n_features - 1}, none of them empty. Got the list {group!r}."
        )
    return numbers.astype(np.intp)


def _layout_of(members: list[npt.NDArray[np.intp]], n_features: int) -> Layout:
    counts = np.bincount(np.concatenate(members), minlength=n_features)
    if counts.max() > 1:
        raise ValueError(
            "The 'groups' parameter of GroupL2 must have each feature in one group at most. Got "
            f"feature {int(counts.argmax())} {counts.max()} times; copy the column where groups "
            "are to overlap."
        )
    sizes = np.array([len(group) for group in members])
    padded = np.full((len(members), sizes.max()), n_features, dtype=np.intp)
    places = padded.size + np.arange(n_features)
    for number, group in enumerate(members):
        padded[number, : len(group)] = group
        places[group] = number * padded.shape[1] + np.arange(len(group))
    return Layout(padded, places, sizes)
