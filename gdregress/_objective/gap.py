"""The gap: an estimate of F(w) - F* from the gradient and the curvature.

With g the gradient of F over the coordinates that may move and H its second derivative there,

    F(w) - F* = g' H^-1 g / 2

where F is quadratic. Elsewhere it is half the square of the Newton decrement, which approximates
F - F* near the minimum only. The gradient after a Newton step says how far the next ones go; the
estimate is refused where that gradient is not much smaller. Coordinates that a penalty holds at a
kink or a bound do not move: their part of the gradient mapping is zero.

References
----------
Boyd and Vandenberghe, "Convex optimization", 2004, section 9.5.1.
"""

import math
from functools import partial

import numpy as np
from scipy.linalg.lapack import dposv

from gdregress._objective.coupled import CoupledSystem, cost_in_passes
from gdregress._objective.moments import affordable
from gdregress._objective.moments_inside import row_products
from gdregress._utils.array_api import dot, is_single, to_numpy

# Passes that the matrix of several classes may cost.
COUPLED = 10
# Steps of conjugate gradients after which the decrement is given up.
MOST_STEPS = 100
# Curvature below this has lost its digits to underflow.
SMALLEST_CURVATURE = 1e-290
# Conjugate gradients end where the last steps add less than this share.
SETTLED = 0.02
# Share of its tip that a row may move under a Newton step. Beyond the tip the slope is that of a
# line but for 2 exp(-2 |r|), half its derivative: rows that leave for good move by half or more.
WITHIN_TIP = 0.4
# Rows beyond so many tips are not curved.
BEYOND_TIP = 20.0
# Share of the estimate that a Newton step may leave.
LEFT = 0.5
# Gradients along flat directions below this are rounding, in units of the slopes.
FLAT = 1e-8
# Gradients below so many times the rounding of the slopes have no digits.
NOISE = 1000.0
# And so many times that of the terms of predictions.
SUMS = 16.0
# The share of slopes that rounding may be: its square is what an estimate may miss.
MOST_NOISE = 1e-6


def remaining(objective, spectrum, params, step_size, shares=None, enough=math.inf):
    """Estimate of F(params) - F*; inf where it could not be computed.

    Parameters
    ----------
    objective : Objective
    spectrum : Spectrum
        Of its design matrix.
    params : array
    step_size : float
        Of the gradient mapping.
    shares : list of float or None
        What the targets contribute where nothing has been learned. The target that is worst
        beside its share then speaks for all, so that none hides behind a louder one.
    enough : float
        What ends a run. Where the decrement alone is more, rows in blocks are not read for the
        gradient after a Newton step.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # where next to nothing is curved
        return _remaining(objective, spectrum, params, step_size, shares, enough)


def _remaining(objective, spectrum, params, step_size, shares, enough):
    grad = objective.gradient(params)
    mapping = to_numpy(objective.gradient_mapping(params, grad, step_size)).astype(float)
    if not np.isfinite(mapping).all():
        return math.inf
    decrements = _decrements(objective, spectrum, params, grad)
    gaps, steps = decrements(mapping)
    gap = math.fsum(gaps)
    is_read = objective.has_rows or gap <= enough
    if is_read and not objective.loss.is_quadratic and 0 < gap < math.inf:
        if _leaves_tip(objective, params, steps):
            return math.inf
        # parameters of single precision cannot be changed by a small step
        there = params - objective.like_y(steps, exact=objective.in_one_pass())
        left = objective.gradient_mapping(there, objective.gradient(there), step_size)
        left = to_numpy(left).astype(float)
        after = math.fsum(decrements(left, gap)[0]) if np.isfinite(left).all() else math.inf
        if abs(after) <= LEFT * gap:  # it may be rounding below zero, or overflow
            more = _beyond_first_step(gap, max(after, 0.0), float(np.sum(left * steps)))
            gap, gaps = more * gap, [more * each for each in gaps]
        elif not _is_rounding(objective, spectrum, params, mapping):
            return math.inf
    if shares is None or len(gaps) == 1:
        return gap
    return max(gap / share for gap, share in zip(gaps, shares, strict=True))


def newton_step(objective, spectrum, params, gradient):
    """H^-1 g for a gradient at or near some parameters, inside as they are."""
    return _decrements(objective, spectrum, params, gradient)(gradient)[1]


def _leaves_tip(objective, params, steps):
    """Whether a Newton step takes rows that are curved, or meet their tip, to where they are not.

    Of log cosh with a y much larger than its tip as few rows are curved as there are parameters.
    The model by them is true within the tip; a row whose slope is at its bound wants to leave it,
    and what F gains where it ends may be any multiple of what the model foresees.
    """
    tip = objective.loss.tip
    if tip is None or not objective.has_rows:
        return False
    z = to_numpy(objective.predict(params)).astype(float)
    there = params - objective.like_y(steps, exact=objective.in_one_pass())
    moved = abs(to_numpy(objective.predict(there)).astype(float) - z)
    residual = abs(z - to_numpy(objective.y))
    meets = residual - moved < BEYOND_TIP * tip
    # what rounding makes of predictions is no move
    noise = NOISE * np.finfo(to_numpy(params).dtype).eps * np.max(abs(z), initial=0.0)
    return bool((meets & (moved > WITHIN_TIP * tip + noise)).any())


def _beyond_first_step(gap, after, slope):
    """How many times the decrement is what Newton steps have to go, one after the other.

    F falls along the first by its mean slope, and along each of the others by less, in the
    proportion of the gradients. It is 1 where F is quadratic; where it is exp(-t), as it is of
    classes that can be separated, with its minimum infinitely far, F is twice that and this 2.2.

    Parameters
    ----------
    gap, after : float
        Half the decrement of the gradients here and after a Newton step, by the curvature here.
    slope : float
        Product of that step with the gradient after it.
    """
    return max(1.0, (1 + slope / (2 * gap)) / (1 - math.sqrt(after / gap)))


def _decrements(objective, spectrum, params, grad):
    """From a gradient to g' H^-1 g / 2 of the targets, and H^-1 g: with the matrix or without.

    Without it all targets are one.
    """
    if objective.row_space is not None:
        return partial(_by_rows, objective.row_space, objective.predict(params))
    if not objective.has_rows and objective.loss.coupled and objective.has_hessians():
        H, flat = objective.hessians(params)[0], objective.penalty_curvature()
        return partial(_of_all_classes, H, flat)
    hessians, flat = _hessians(objective, spectrum, params), objective.penalty_curvature()
    if (
        objective.has_rows
        and objective.loss.coupled
        and cost_in_passes(objective) <= COUPLED
        and objective.penalty.is_quadratic
    ):
        H = objective.coupled_hessian(params)
        system = CoupledSystem(H, flat, objective.loss.n_outputs)
        if system.is_finite:
            return partial(_by_system, system)
    if hessians is None:
        return _ConjugateGradients(objective, params, grad, flat)
    return partial(_by_matrices, objective, spectrum, params, hessians, flat)


def _by_system(system, gradient, scale=0.0):
    """Half the decrement of all classes together, and the step."""
    step = system.solve(gradient)
    return [max(0.0, float(np.sum(gradient * step))) / 2], step


def _hessians(objective, spectrum, params):
    """Second derivatives of the smooth part, one for all targets or one each; None if too dear."""
    loss = objective.loss
    if loss.is_quadratic:
        return None if spectrum.matrix is None else [spectrum.matrix]
    if not affordable(objective.design) or loss.coupled:
        return None
    outputs = math.prod(objective.output_shape)
    if outputs * (1 + objective.design.n_parameters / 50) > MOST_STEPS:
        return None
    return objective.hessians(params)


def _hold_flat(objective, spectrum, params, hessians, gradients):
    """Remove gradients, in place, along coordinates in which the rows do not differ at all.

    There both gradient and curvature are rounding, see `Metric`. Where no row is curved that
    differs, as under Huber's loss, the gradient is none.
    """
    design, coordinates = objective.design, objective.design.coordinates
    if coordinates is None or coordinates.nearly_flat is None or not coordinates.nearly_flat.any():
        return
    noise = FLAT * objective.slope_size(params)
    masks = np.broadcast_to(coordinates.nearly_flat.T, (len(gradients), design.n_features))
    for k, (hessian, gradient, mask) in enumerate(zip(hessians, gradients, masks, strict=True)):
        curved = np.diag(hessian)[: design.n_features]
        small = abs(gradient[: design.n_features]) <= noise
        held = np.flatnonzero(mask & (curved == 0) & small & (gradient[: design.n_features] != 0))
        if len(held):
            of_target = design.of_targets()
            of_target = of_target[k if len(of_target) > 1 else 0]
            gradient[held[~_rows_differ(of_target, spectrum, held)]] = 0.0


def _rows_differ(design, spectrum, coordinates):
    """Whether predictions along these coordinates differ from row to row by more than rounding."""
    directions = np.eye(design.n_features)[:, coordinates]
    sizes = row_products(design, directions, None, spectrum.weights).spread
    mean, variance = (to_numpy(each).astype(float) for each in spectrum.mean_and_variance())
    terms = np.sqrt(mean**2 + variance) @ abs(design.coordinates.scaled(directions))
    rounding = max(design.n_samples, design.n_features) * np.finfo(float).eps
    return sizes > rounding * terms


def _is_rounding(objective, spectrum, params, mapping):
    """Whether a gradient is what rounding makes of the slopes that it is the mean of.

    These are differences themselves: of targets and of predictions, which are sums. Where little
    is left of the slopes by that, the gradient says nothing.
    """
    slope, h = objective.slope_size(params), objective.largest_curvature(params)
    eps = float(np.finfo(to_numpy(params).dtype).eps)
    noise = SUMS * eps * h * _summands(objective, spectrum, params)
    of_one = objective.loss.link == "log" or objective.loss.target_range in ("labels", "classes")
    if noise > MOST_NOISE * (h if of_one else slope):  # h: predictions have no units there
        noise = 0.0
    norm = objective.scaled_norm(mapping, to_numpy(objective.column_scales()))
    return norm <= NOISE * eps * slope + noise


def _summands(objective, spectrum, params):
    """The size of the terms of predictions; under a log link exp(z) adds its own rounding."""
    mean, variance = (to_numpy(each).astype(float) for each in spectrum.mean_and_variance())
    params = abs(to_numpy(objective.to_user(params)).astype(float))
    sizes = np.ones(len(params))
    sizes[: len(mean)] = np.sqrt(mean**2 + variance)
    return float(np.max(sizes @ params)) + (objective.loss.link == "log")


def _by_matrices(objective, spectrum, params, hessians, flat, gradient, scale=0.0):
    """Half the decrement of every target, and the steps in the shape of the gradient."""
    columns = gradient.reshape(len(gradient), -1).T
    hessians = hessians * len(columns) if len(hessians) == 1 else hessians
    _hold_flat(objective, spectrum, params, hessians, columns)
    flat = np.broadcast_to(flat, columns.T.shape).T
    found = [_half_decrement(*each) for each in zip(hessians, flat, columns, strict=True)]
    steps = np.array([step for _, step in found])
    return [gap for gap, _ in found], steps.T.reshape(gradient.shape)


def _half_decrement(hessian, flat, gradient):
    """g' H^-1 g / 2 over the coordinates with a gradient, and H^-1 g.

    inf where one of them is not curved.
    """
    free, step = np.flatnonzero(gradient), np.zeros_like(gradient)
    if not len(free):
        return 0.0, step
    if len(free) == len(gradient):
        H, g = hessian.copy(), gradient
    else:
        H, g = hessian[free[:, None], free], gradient[free]
        flat = flat[free]
    H.flat[:: len(free) + 1] += flat
    curved = H.diagonal()
    if not (curved.min() > SMALLEST_CURVATURE and np.isfinite(H).all()):
        return math.inf, step
    size = np.sqrt(curved)
    H, g = H / (size[:, None] * size), g / size
    if not np.isfinite(g).all():
        return math.inf, step
    H.flat[:: len(free) + 1] += len(g) * np.finfo(float).eps
    _, solved, failed = dposv(H, g)
    if failed:
        values, vectors = np.linalg.eigh(H)
        solved = vectors @ ((vectors.T @ g) / np.maximum(values, np.finfo(float).eps))
    step[free] = solved / size
    return float(g @ solved) / 2, step


def _by_rows(rows, z, gradient, scale=0.0):
    """Half the decrement of every target, and the steps, from the products of the rows."""
    steps = rows.newton_step(gradient, z)
    products = np.sum((gradient * steps).reshape(len(steps), -1), axis=0)
    if not np.isfinite(steps).all():
        return [math.inf] * len(products), 0 * steps
    return list(products / 2), steps


def _of_all_classes(H, flat, gradient, scale=0.0):
    """Half the decrement where the classes are coupled, and the step."""
    flat = np.broadcast_to(flat, gradient.shape)
    gap, step = _half_decrement(H, flat.T.ravel(), gradient.T.ravel())
    return [gap], step.reshape(gradient.T.shape).T


class _ConjugateGradients:
    """The decrements without the matrix, each step of which is one pass over the data.

    H v is the difference of two gradients. What k steps have found, sum_j (r_j' r_j)^2 /
    (p_j' H p_j) / 2, grows towards g' H^-1 g / 2.

    Parameters
    ----------
    objective : Objective
    params : array
        Where the curvature is that of.
    grad : array
        The gradient there.
    flat : ndarray
        Curvature of the penalty.
    """

    def __init__(self, objective, params, grad, flat):
        self.objective, self.params = objective, params
        self.base = to_numpy(grad).astype(float)
        self.flat = flat if self.base.ndim == 2 else flat[:, 0]
        precision = 1e-3 if is_single(params) else 1e-6
        self.size = precision * (1.0 + math.sqrt(dot(params, params)))

    def product(self, direction):
        """H d."""
        short = self.size / math.sqrt(float(np.vdot(direction, direction)))
        there = self.params + self.objective.like_y(short * direction)
        change = to_numpy(self.objective.gradient(there)).astype(float) - self.base
        return change / short + self.flat * direction

    def __call__(self, gradient, scale=0.0):
        """Half the decrement, of all targets together, and the step.

        ``scale`` is a size beside which small parts do not count.
        """
        held, step = gradient == 0, np.zeros_like(gradient)
        residual = direction = gradient
        square, total, recent = float(np.vdot(gradient, gradient)), 0.0, []
        for _ in range(MOST_STEPS):
            if square <= 0:
                return [total], step
            product = np.where(held, 0.0, self.product(direction))
            curved = float(np.vdot(direction, product))
            if not curved > 0:
                return [total if recent else math.inf], step
            length = square / curved
            step = step + length * direction
            part = square * length / 2
            total += part
            recent = [*recent, part][-3:]
            if len(recent) == 3 and sum(recent) <= SETTLED * max(total, scale):
                return [total], step
            residual = residual - length * product
            new = float(np.vdot(residual, residual))
            direction, square = residual + new / square * direction, new
        return [math.inf], step
