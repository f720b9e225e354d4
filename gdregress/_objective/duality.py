r"""The duality gap of a convex loss under norms: a bound of F - F* that needs no curvature.

F(w) = L(w) + R(w), g the gradient of L and R* the conjugate of R. By Fenchel's duality, at the
slopes of the rows times any share rho in (0, 1],

    F(w) - F* <= (1 - rho) L(w) + R(w) + rho g . w + R*(-rho g)

for losses that are nowhere below 0, whose conjugates are convex and not above 0 at 0; for squared
error (1 - rho)^2 stands in place of 1 - rho. Under norms, R = sum_g t_g ||w_g||, R* is zero for
the largest rho at which rho ||g_g|| <= t_g for all groups, and infinite beyond it. A coefficient
that l2 holds as well, t |w| + c w^2 / 2, has R*(-g) = max(0, |g| - t)^2 / (2 c) instead. What an
intercept may gain, which no penalty holds, is estimated: g^2 / (2 h), h its curvature.

So it serves where columns add up, and second derivatives are singular or have no digits.

References
----------
Ndiaye, Fercoq, Gramfort and Salmon, "Gap safe screening rules for sparsity enforcing penalties",
2017, sections 2 and 3.
"""

import math

import numpy as np

from gdregress._objective.norms import norms_of
from gdregress._utils.array_api import to_numpy


def duality_gap(objective, params):
    """The bound at some parameters; inf where none is known.

    Parameters
    ----------
    objective : Objective
    params : array
    """
    loss, design = objective.loss, objective.design
    # the losses of the package are not below 0
    if not (objective.has_rows and loss.convex and loss.smooth and loss.kernel is not None):
        return math.inf
    n_targets = math.prod(objective.output_shape)
    norms = norms_of(objective.penalty, design.n_features, design.n_parameters, n_targets)
    if norms is None or not isinstance(objective.y, np.ndarray):
        return math.inf
    gradient = to_numpy(objective.gradient(params)).astype(float)
    w, g = params.ravel() / norms.units, gradient.ravel() * norms.units
    held = np.ones(len(w), dtype=bool)
    held[design.n_features * n_targets :] = False
    shape = (design.n_parameters, n_targets)
    curved = np.broadcast_to(objective.penalty_curvature(), shape).ravel() * norms.units**2
    strengths = norms.by_parameter(norms.strengths)
    if (held & (strengths == 0) & (curved == 0)).any():
        return math.inf
    single = norms.by_parameter(norms.sizes == 1) & (curved > 0)
    pull = norms.of(np.where(held & ~single, g, 0.0))
    rho = float(np.min(np.divide(norms.strengths, pull, np.ones_like(pull), where=pull > 0)))
    rho = min(1.0, rho)
    left = (1 - rho) ** (2 if loss.is_quadratic else 1) * objective.loss_value(params)
    of_norms = norms.value(params.ravel()) + float(curved @ w**2) / 2
    beyond = np.maximum(rho * abs(g[single]) - strengths[single], 0.0)
    of_l2 = float(np.sum(beyond**2 / curved[single])) / 2
    gap = left + of_norms + rho * float(g[held] @ w[held]) + of_l2
    return max(gap, 0.0) + _of_intercepts(objective, params, gradient)


def _of_intercepts(objective, params, gradient):
    """What the intercepts may gain."""
    if not objective.design.fit_intercept:
        return 0.0
    curvature = 1.0
    if not objective.loss.is_quadratic:
        curvature = objective.mean_curvature(params)
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.nan_to_num(gradient[-1] ** 2 / (2 * curvature), nan=0.0, posinf=math.inf)
    return float(np.sum(gain))
