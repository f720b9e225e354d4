"""The coordinates in which a run descends, and penalties in them.

A run may descend in coordinates u instead of the user's parameters (w, b):

    w = B u,    b = b' - m . w

m are the means of the columns, and the map B makes the columns of one size (`Columns`, a
diagonal) or the whole problem round (`Metric`). This is a change of variables: the objective,
and with it the minimiser, stays the user's. With g the gradient by (w, b), that by (u, b') is
(B' (g_w - m g_b), g_b).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from gdregress._core.threads import one_thread_of_blas
from gdregress._utils.array_api import array_like, as_column, namespace, to_numpy
from gdregress._utils.caches import computed_once
from gdregress.penalties import KernelTerms, NoPenalty, Penalty
from gdregress.penalties.base import NormTerms

# Eigenvalues below so many times their rounding have fewer than eight digits.
FEW_DIGITS = 1e8


class Coordinates(ABC):
    """An affine change of the parameters, of shape (p + intercept,) or (p + intercept, targets).

    Parameters are converted in double precision where the library is NumPy.

    Attributes
    ----------
    fit_intercept : bool
    separable : bool
        Whether each coordinate belongs to one coefficient.
    is_shared : bool
        Whether all targets have the same coordinates.
    varies : array of shape (n_features,) or None
        0 for constant columns, 1 for all others; None where all vary. A centred constant column
        is zero but for rounding, and so is the gradient along its coordinate.
    nearly_flat : ndarray of bool or None
        See `Metric`; None where there are none.
    """

    fit_intercept: bool
    mean: Any
    varies: Any = None
    separable = True
    is_shared = True
    nearly_flat: Any = None

    @abstractmethod
    def scaled(self, coordinates):
        """Return B u for coefficients u."""

    @abstractmethod
    def unscaled(self, coef):
        """The inverse of `scaled`."""

    @abstractmethod
    def pulled(self, gradient):
        """Return B' g for the gradient g by the coefficients of centred columns."""

    @abstractmethod
    def penalty(self, penalty):
        """Return a penalty of the user's coefficients as a penalty of u."""

    @abstractmethod
    def numbers(self):
        """Return the arrays by name, to be saved or traced."""

    def with_numbers(self, numbers):
        """Return these coordinates with other arrays; None for those that are not given."""
        return replace(self, **{**dict.fromkeys(self.numbers()), **numbers})

    def in_library_of(self, array):
        """Return these coordinates with arrays of the library, device and type of an array."""
        numbers = {name: _beside(values, array) for name, values in self.numbers().items()}
        return replace(self, **numbers)

    def to_user(self, params):
        """Return the user's parameters (w, b) at the coordinates (u, b')."""
        if not self.fit_intercept:
            return self.scaled(params)
        coef = self.scaled(params[:-1, ...])
        xp = namespace(coef)
        # that of the coefficients as they are stored: predictions at the means are not rounded
        coef = xp.astype(xp.astype(coef, params.dtype, copy=False), coef.dtype, copy=False)
        intercept = params[-1:, ...] - self._at_means(coef)
        return xp.concat([coef, intercept])

    def from_user(self, params):
        """The inverse of `to_user`."""
        if not self.fit_intercept:
            return self.unscaled(params)
        coef = params[:-1, ...]
        intercept = params[-1:, ...] + self._at_means(coef)
        return namespace(coef).concat([self.unscaled(coef), intercept])

    def pull_back(self, gradient):
        """Return the gradient by (u, b') from the gradient by (w, b)."""
        if not self.fit_intercept:
            return self.pulled(gradient)
        last = gradient[-1:, ...]
        centred = gradient[:-1, ...] - as_column(self.mean, gradient) * last
        return namespace(gradient).concat([self.pulled(centred), last])

    def of_target(self, target):
        """Return the coordinates of one target, which differ between targets in some metrics."""
        return self

    def _by_varying(self, gradient):
        """Return the gradient with zeros along constant columns."""
        return gradient if self.varies is None else as_column(self.varies, gradient) * gradient

    def _numbers(self, **numbers):
        return numbers if self.varies is None else {**numbers, "varies": self.varies}

    def _at_means(self, coef):
        """Return m . w of every target, of the shape of the intercepts."""
        if self.mean.ndim == 2:
            return (self.mean * coef).sum(axis=0)[None, :]
        return (self.mean @ coef)[None, ...]

    def equals(self, other):
        """Whether both hold the same numbers."""
        mine, theirs = self.numbers(), other.numbers()
        if mine.keys() != theirs.keys():
            return False
        same = (np.array_equal(to_numpy(mine[k]), to_numpy(theirs[k])) for k in mine)
        return self.fit_intercept == other.fit_intercept and all(same)


@dataclass(frozen=True, eq=False, repr=False)
class Columns(Coordinates):
    """B = diag(1 / s): every column centred by its mean and divided by its scale s.

    Parameters
    ----------
    mean, scale : arrays of shape (n_features,)
    fit_intercept : bool
        Without an intercept the mean must be zero, as a shift would need the intercept to undo it.
    varies : array of shape (n_features,) or None
    """

    mean: Any
    scale: Any
    fit_intercept: bool
    varies: Any = None

    @property
    def varying(self):
        """Indices of the columns that vary."""
        if self.varies is None:
            return np.arange(len(self.scale))
        return np.flatnonzero(to_numpy(self.varies))

    def of_columns(self, columns):
        """Return the coordinates of some of the columns."""
        varies = None if self.varies is None else self.varies[columns]
        return Columns(self.mean[columns], self.scale[columns], self.fit_intercept, varies)

    def scaled(self, coordinates):
        return coordinates / as_column(self.scale, coordinates)

    def unscaled(self, coef):
        return coef * as_column(self.scale, coef)

    def pulled(self, gradient):
        return self._by_varying(gradient) / as_column(self.scale, gradient)

    def penalty(self, penalty):
        return ColumnsPenalty(penalty, self.scale) if penalty.active else penalty

    def numbers(self):
        return self._numbers(mean=self.mean, scale=self.scale)


@dataclass(frozen=True, eq=False, repr=False)
class Metric(Coordinates):
    """A dense B, in whose coordinates a given matrix H is the identity: B' H B = 1.

    Parameters
    ----------
    mean : ndarray of shape (n_features,) or (n_features, n_targets)
    basis, inverse : ndarrays of shape (n_features, n_features)
        B and its inverse; of shape (n_targets, n_features, n_features) where every target has its
        own.
    strengths : ndarray of shape (n_features,) or (n_features, n_targets) or None
        c for which R(B u) = sum_j c_j u_j^2 / 2 for the penalty R; None where there is none.
    fit_intercept : bool
    nearly_flat : ndarray of bool of shape (n_features,) or (n_features, n_targets)
        Coordinates along which the columns all but cancel. Their second moments have no digits
        there; `moments_inside` takes these from the rows.
    varies : array of shape (n_features,) or None
        B leaves constant columns as they are.
    """

    mean: Any
    basis: Any
    inverse: Any
    strengths: Any
    fit_intercept: bool
    nearly_flat: Any
    varies: Any = None
    separable = False

    def of_target(self, target):
        if self.is_shared:
            return self
        strengths = None if self.strengths is None else self.strengths[:, target]
        own = self.mean[:, target], self.basis[target], self.inverse[target]
        nearly_flat = self.nearly_flat[:, target]
        return Metric(*own, strengths, self.fit_intercept, nearly_flat, self.varies)

    def scaled(self, coordinates):
        return _apply(self.basis, coordinates)

    def unscaled(self, coef):
        return _apply(self.inverse, coef)

    def pulled(self, gradient):
        return _apply(self.basis.mT, self._by_varying(gradient))

    @property
    def is_shared(self):
        return self.basis.ndim == 2

    def penalty(self, penalty):
        if not penalty.active:
            return penalty
        # without strengths the penalty is zero
        return NoPenalty() if self.strengths is None else DiagonalL2(self.strengths)

    def numbers(self):
        return self._numbers(mean=self.mean, basis=self.basis, inverse=self.inverse)


def metric_for_each(metrics):
    """Return the metric in which each target has the B of one of these."""
    strengths = [metric.strengths for metric in metrics]
    return Metric(
        mean=np.stack([metric.mean for metric in metrics], axis=1),
        basis=np.stack([metric.basis for metric in metrics]),
        inverse=np.stack([metric.inverse for metric in metrics]),
        strengths=None if strengths[0] is None else np.stack(strengths, axis=1),
        fit_intercept=metrics[0].fit_intercept,
        nearly_flat=np.stack([metric.nearly_flat for metric in metrics], axis=1),
        varies=metrics[0].varies,
    )


def _apply(matrix, values):
    """Matrix times values of shape (p,) or (p, n_targets), or each target's own matrix."""
    if matrix.ndim == 2:
        return matrix @ values
    return (matrix @ values.T[:, :, None])[:, :, 0].T


def metric_of(columns, covariance, slope_change, strengths, products=None, n_samples=1):
    """The `Metric` in which the curvature of a loss and of an l2 penalty are round together.

    With C the second moments of scaled columns, h the second derivative of the loss and
    D = diag(strengths) / h, C + D = L L' and L^-1 D L^-T = Q diag(c) Q'. For coordinates
    L^-T Q u of the scaled columns, the sum is the identity and the penalty sum_j h c_j u_j^2 / 2,
    so that its prox stays separable. Flat directions get the curvature of the flattest one that is
    curved; a direction is flat by the rule of `numpy.linalg.matrix_rank`: the rows are at most
    max(n, p) roundings of the largest there. Constant columns keep their coordinates.

    Parameters
    ----------
    columns : Columns
    covariance : ndarray of shape (n_features, n_features)
        C.
    slope_change : float
        h.
    strengths : ndarray of shape (n_features,)
        Of the penalty sum_j strengths_j u_j^2 / 2 of the scaled columns; zeros without one.
    products : callable or None
        From directions V of shape (n_features, k) to C V and V' C V as the rows have them, for
        directions in which C has no digits. Without it C decides.
    n_samples : int
        Number of rows.
    """
    scale, some = to_numpy(columns.scale).astype(float), columns.varying
    extra, basis, inverse = strengths[some] / slope_change, np.eye(len(scale)), np.eye(len(scale))
    products = products and partial(_products_of_some, products, some, len(scale))
    block = np.ix_(some, some)
    to_round, from_round, noise = _rounded(covariance[block], extra, products, n_samples)
    strengths = np.array(strengths, dtype=float)
    if extra.any():
        with one_thread_of_blas():
            shares, turn = np.linalg.eigh((to_round.T * extra) @ to_round)
        to_round, from_round = to_round @ turn, turn.T @ from_round
        noise = turn.T**2 @ noise
        strengths[some] = slope_change * np.clip(shares, 0.0, None)
    basis[block], inverse[block] = to_round, from_round
    nearly_flat = np.zeros(len(scale), dtype=bool)
    nearly_flat[some] = noise > 1 / FEW_DIGITS
    return Metric(
        mean=to_numpy(columns.mean).astype(float),
        basis=basis / scale[:, None],
        inverse=inverse * scale,
        strengths=strengths if strengths.any() else None,
        fit_intercept=columns.fit_intercept,
        nearly_flat=nearly_flat,
        varies=columns.varies,
    )


def _products_of_some(products, some, n_features, directions):
    """Return `products` for directions among some of the columns."""
    among = np.zeros((n_features, directions.shape[1]))
    among[some] = directions
    product, square = products(among)
    return product[some], square


def _rounded(covariance, extra, products, n_samples):
    """T with T' (C + D) T = 1, its inverse, and the rounding of C along each direction.

    The rounding is in units of the curvature there, and zero where it does not matter.
    """
    if not len(extra):
        return covariance, covariance, extra
    eps = np.finfo(float).eps
    rounding = max(n_samples, len(extra)) * eps
    size = np.sqrt(np.maximum(np.diag(covariance) + extra, 0.0))
    size[size <= rounding * size.max()] = 1.0  # columns without curved rows are rounding
    with one_thread_of_blas():
        values, vectors = np.linalg.eigh((covariance + np.diag(extra)) / np.outer(size, size))
    floor = values[-1] * len(values) * eps
    products = products if floor > 0 else None
    nearly_flat = values <= (FEW_DIGITS if products else 1.0) * floor
    flattest = values[~nearly_flat].min(initial=1.0)
    values = np.where(nearly_flat, floor if products else flattest, values)
    to_round = vectors / np.sqrt(values) / size[:, None]
    from_round = (vectors * np.sqrt(values)).T * size
    if not products:
        return to_round, from_round, np.zeros_like(values)
    noise = np.zeros_like(values)
    if nearly_flat.any():
        rounding = max(len(values) * eps, rounding**2 / floor)
        ends = (rounding, flattest / floor)
        noise[nearly_flat] = _resolve(to_round, from_round, nearly_flat, extra, products, *ends)
    return to_round, from_round, noise


def _resolve(to_round, from_round, nearly_flat, extra, products, rounding, flattest):
    """Make the curvature 1 along nearly flat directions, in place, by products of the rows.

    With V these directions, U the others, whose products are 1, and M = C + D: V - U (U' M V) has
    no product with U, and the Schur complement V' M V - (U' M V)' (U' M V) with itself. Returns
    the rounding of C in units of these products, 1 for flat directions.
    """
    U, V = to_round[:, ~nearly_flat], to_round[:, nearly_flat]
    product, square = products(V)
    shear = U.T @ (product + extra[:, None] * V)
    square = square + V.T @ (extra[:, None] * V) - shear.T @ shear
    curved, turn = np.linalg.eigh(square)
    size = np.sqrt(np.where(curved > rounding, curved, flattest))
    to_round[:, nearly_flat] = (V - U @ shear) @ turn / size
    from_round[~nearly_flat] += shear @ from_round[nearly_flat]
    from_round[nearly_flat] = (turn * size).T @ from_round[nearly_flat]
    return np.where(curved > rounding, 1 / size**2, 1.0)


class ColumnsPenalty(Penalty):
    """R(u / s): a penalty of the user's coefficients w = u / s in the coordinates u.

    Its prox at u with step size t is s prox_R(u / s) with step sizes t / s^2.

    Parameters
    ----------
    penalty : Penalty
        R, in the user's coefficients.
    scale : array of shape (n_features,)
    """

    def __init__(self, penalty: Penalty, scale: Any) -> None:
        self.penalty = penalty
        self.scale = scale

    def value(self, w: Any) -> Any:
        return self.penalty.value(w / self._scale_like(w))

    def prox(self, w: Any, step_size: Any) -> Any:
        scale = self._scale_like(w)
        # one step size for each coefficient of each target
        steps = 0 * w + step_size / scale**2
        return scale * self.penalty.prox(w / scale, steps)

    @property
    def traceable(self) -> bool:
        return self.penalty.traceable

    def _numbers(self):
        return {"scale": self.scale, **self.penalty._numbers()}

    def _with_numbers(self, numbers):
        of_penalty = {name: numbers[name] for name in numbers if name != "scale"}
        penalty = self.penalty._with_numbers(of_penalty) if of_penalty else self.penalty
        return ColumnsPenalty(penalty, numbers["scale"])

    @property
    def active(self) -> bool:
        return self.penalty.active

    @property
    def strong_convexity(self) -> float:
        largest = float(np.max(to_numpy(self.scale)))
        return self.penalty.strong_convexity / largest**2

    @computed_once
    def kernel_terms(self) -> KernelTerms | None:
        terms = self.penalty.kernel_terms
        if terms is None:
            return None
        s = to_numpy(self.scale).astype(float)
        bounds = terms.bounds
        if bounds is not None:
            bounds = tuple(np.asarray(bound, dtype=float) * s for bound in bounds)
        return KernelTerms(_over(terms.l1, s), _over(terms.l2, s**2), bounds)

    def norm_terms(self, n_features: int, n_targets: int = 1) -> NormTerms | None:
        terms = self.penalty.norm_terms(n_features, n_targets)
        if terms is None:
            return None
        scale = np.repeat(to_numpy(self.scale).astype(float), n_targets)
        return terms._replace(scale=terms.scale * scale)

    @property
    def smooth_part(self) -> Any:
        return self.penalty.smooth_part / to_numpy(self.scale).astype(float) ** 2

    def _scale_like(self, w):
        return as_column(array_like(self.scale, w), w)


class DiagonalL2(Penalty):
    """R(u) = sum_j c_j u_j^2 / 2, whose prox is u_j / (1 + s c_j).

    Parameters
    ----------
    strengths : ndarray of shape (n_features,) or (n_features, n_targets)
        c.
    """

    def __init__(self, strengths: Any) -> None:
        self.strengths = strengths

    def value(self, w: Any) -> Any:
        return namespace(w).sum(as_column(array_like(self.strengths, w), w) * w * w) / 2

    def prox(self, w: Any, step_size: Any) -> Any:
        return w / (1 + step_size * as_column(array_like(self.strengths, w), w))

    @property
    def strong_convexity(self) -> float:
        return float(np.min(self.strengths))

    @property
    def smooth_part(self) -> Any:
        return self.strengths

    @property
    def is_quadratic(self) -> bool:
        return True

    @property
    def kernel_terms(self) -> KernelTerms | None:
        return KernelTerms(l2=self.strengths) if self.strengths.ndim == 1 else None


def _over(strength, squares):
    """Return a strength in other units; a scalar zero stays one, as the core skips it."""
    return 0.0 if np.ndim(strength) == 0 and strength == 0 else strength / squares


def _beside(values, array):
    """Return values in the library of an array, in double precision for NumPy; None as None."""
    if values is None:
        return None
    return (
        np.asarray(to_numpy(values), float)
        if namespace(array) is np
        else array_like(values, array)
    )
