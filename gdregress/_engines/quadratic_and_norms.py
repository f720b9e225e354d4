"""The minimum of a quadratic function plus norms of blocks, for few coefficients.

    Q(v) = c . v + v' H v / 2 + sum_b t_b ||v_b||_2

Blocks of a single coefficient make the norms an l1 norm. Sweeps of coordinate descent soon find
which blocks are zero and the signs of single coefficients. There Q is smooth, with the second
derivatives H + t_b (I - e e') / ||v_b||, e = v_b / ||v_b||, of which the second part is zero for
single coefficients: a Newton step then replaces many slow sweeps. The step ends early where a
single coefficient would change its sign, and where Q is least along it. Where that is soon, as
H is flat along a block or blocks would pass zero, the minimum of a quadratic bound of Q takes its
place if Q is lower there.

References
----------
Hunter and Li, "Variable selection using MM algorithms", 2005, for the bound of a norm.
"""

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from gdregress._core import core

ROUNDS, SWEEPS = 100, 20
# Of larger blocks, whose Newton steps are no more than near: the next model is nearer by then.
ROUNDS_OF_BLOCKS = 30
ROUNDING, JITTER = 1e-14, 1e-13
EPS = float(np.finfo(float).eps)
# Share of a Newton step below which the minimum of the bound may be lower: blocks that the step
# would carry beyond zero hold it up, each of them until it is zero.
SHORT = 0.1
# Diagonal entries of the factor of a matrix with ones on its diagonal.
NEARLY_FLAT = 1e-5
# Of the interval in which the minimum along a step is looked for.
HALVINGS = 20


def least(H, c, t, v, enough=0.0, sizes=None, kernels=core.kernels):
    """Return the minimiser of Q, or under blocks that need many rounds a point with a lower Q.

    Parameters
    ----------
    H : ndarray of shape (k, k)
        Positive semidefinite.
    c : ndarray of shape (k,)
    t : ndarray of shape (n_blocks,)
    v : ndarray of shape (k,)
        Where the search begins.
    enough : float, default=0.0
        Size of the changes of the gradient at which it may end.
    sizes : ndarray of int of shape (n_blocks,) or None
        Of the blocks, which follow one another; None for blocks of one.
    kernels : module
        The compiled core, or the same files run by Python.
    """
    blocks = Blocks(t, sizes)
    enough = max(enough, ROUNDING * float(np.max(abs(c) + blocks.by_coefficient(t))))
    H, v = np.ascontiguousarray(H), v.copy()
    bounds = blocks.largest_curvatures(H)
    for _ in range(ROUNDS if blocks.are_single else ROUNDS_OF_BLOCKS):
        g = c + H @ v
        if kernels.coordinate_descent(H, g, blocks.ends, bounds, t, v, enough, SWEEPS):
            break
        v = _towards(_within_blocks(H, c, blocks, v), H, c, blocks, v)
    return v


class Blocks:
    """Which coefficients belong together, and the norms of them.

    Parameters
    ----------
    t : ndarray of shape (n_blocks,)
    sizes : ndarray of int of shape (n_blocks,) or None
    """

    def __init__(self, t, sizes):
        self.t, self.sizes = t, sizes
        self.are_single = sizes is None or len(sizes) == sizes.sum()
        self.ends = np.arange(1, len(t) + 1) if self.are_single else np.cumsum(sizes)

    @property
    def turning(self):
        """The coefficients that may not change their sign at once."""
        single = True if self.are_single else self.sizes == 1
        return self.by_coefficient((self.t > 0) & single)

    def by_coefficient(self, values):
        """The value of the block of each coefficient."""
        return values if self.are_single else np.repeat(values, self.sizes)

    def norms(self, v):
        if self.are_single:
            return abs(v)
        return np.sqrt(np.add.reduceat(v * v, self.ends - self.sizes))

    def dot(self, v, u):
        """v_b . u_b of each block."""
        return np.add.reduceat(v * u, self.ends - self.sizes)

    def largest_curvatures(self, H):
        """The largest eigenvalue of each block of H."""
        if self.are_single:
            return H.diagonal().copy()
        largest = H.diagonal()[self.ends - 1]
        for b in np.flatnonzero(self.sizes > 1):
            block = slice(self.ends[b] - self.sizes[b], self.ends[b])
            largest[b] = np.linalg.eigvalsh(H[block, block])[-1]
        return largest

    def curvature(self, norms, directions, free):
        """t_b (I - e e') / ||v_b|| of the free coefficients, whose blocks are not zero."""
        number = self.by_coefficient(np.arange(len(self.t)))[free]
        bent = self.by_coefficient(np.divide(self.t, norms, 0 * self.t, where=norms > 0))[free]
        directions = directions[free]
        within = np.where(number[:, None] == number, -np.outer(bent * directions, directions), 0.0)
        within[np.diag_indices_from(within)] += bent
        return within


def _within_blocks(H, c, blocks, v):
    """The minimum of the quadratic model of Q where the blocks that are zero are held there."""
    norms = blocks.norms(v)
    free = blocks.by_coefficient((norms > 0) | (blocks.t == 0))
    size = blocks.by_coefficient(norms)
    directions = np.divide(v, size, 0 * v, where=size > 0)
    # of v, so that the next step refines what this one rounds
    slope = c + H @ v + blocks.by_coefficient(blocks.t) * directions
    bent = H[np.ix_(free, free)]
    if not blocks.are_single:
        bent += blocks.curvature(norms, directions, free)
    target = v.copy()
    target[free] -= solve(bent, slope[free], _rounding(H, c, blocks, v))
    return target


def _rounding(H, c, blocks, v):
    """Of the slopes; 0 for blocks, along which a flat H is bent by their norms."""
    if not blocks.are_single:
        return 0.0
    root = np.sqrt(np.diag(H))  # |H_ij| is at most the product of two of them
    return len(v) * EPS * float(np.max(abs(c) + root * (root @ abs(v)) + blocks.t))


def _towards(target, H, c, blocks, v):
    """The target, or a point on the way there: see the module."""
    crossing = np.flatnonzero((v * target < 0) & blocks.turning)
    step = target - v
    if len(crossing):
        shares = v[crossing] / (v - target)[crossing]
        first = np.argmin(shares)
        step = shares[first] * step
        step[crossing[first]] = -v[crossing[first]]
    if blocks.are_single:
        return v + step if len(crossing) else target
    share = _least_along(H, c, blocks, v, step)
    if share > SHORT:
        return v + share * step
    below = _below(H, c, blocks, v)
    falls_more = _growth(H, c, blocks, v, below - v) <= _growth(H, c, blocks, v, share * step)
    return below if falls_more else v + share * step


def _least_along(H, c, blocks, v, step):
    """The share of the step, at most 1, at which Q is least along it; 0 where it would not fall.

    Near the minimum it is 1. Where H is flat along a block, only its norm bends Q there, by less
    the longer the block becomes: the model of Newton's step is then good for a part of the way.
    """
    slope, bend = float(step @ (c + H @ v)), float(step @ (H @ step))

    def derivative(share):
        there = v + share * step
        norms = blocks.norms(there)
        along = blocks.dot(there, step)
        of_norms = np.divide(along, norms, -blocks.norms(step), where=norms > 0)
        return slope + share * bend + float(blocks.t @ of_norms)

    low, high = 0.0, 1.0
    if derivative(high) <= 0:
        return high
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if derivative(middle) < 0 else (low, middle)
    return low


def _below(H, c, blocks, v):
    """The minimum of a bound of Q that meets it at v.

    It has t (||u||^2 / ||v|| + ||v||) / 2 in place of t ||u||.
    """
    norms = blocks.norms(v)
    free = blocks.by_coefficient((norms > 0) | (blocks.t == 0))
    bound = np.divide(blocks.t, norms, 0 * norms, where=norms > 0)
    bent = H[np.ix_(free, free)]
    bent[np.diag_indices_from(bent)] += blocks.by_coefficient(bound)[free]
    target = v.copy()
    target[free] = -solve(bent, c[free])
    return target if _growth(H, c, blocks, v, target - v) <= 0 else v


def _growth(H, c, blocks, v, step):
    """Q(v + step) - Q(v)."""
    quadratic = step @ (c + H @ (v + step / 2))
    return quadratic + blocks.t @ (blocks.norms(v + step) - blocks.norms(v))


def solve(H, right, noise=0.0):
    """H^-1 right for a positive semidefinite H, with as little on its diagonal as it takes.

    Along directions in which H is flat, such as the difference of two copies of a column, what is
    rounding on the right moves nothing; nor does a coordinate that is not curved at all.

    Parameters
    ----------
    H : ndarray of shape (k, k)
    right : ndarray of shape (k,)
    noise : float, default=0.0
        Rounding of its entries.
    """
    step, curved = np.zeros_like(right), np.flatnonzero(np.diag(H) > 0)
    if len(curved) < len(H):
        step[curved] = solve(H[np.ix_(curved, curved)], right[curved], noise)
        return step
    size = np.sqrt(np.diag(H))
    scaled, right = H / np.outer(size, size), right / size
    scaled[np.diag_indices_from(scaled)] += JITTER
    try:
        factor = cho_factor(scaled)
        if not noise or np.min(np.diag(factor[0]), initial=1.0) > NEARLY_FLAT:
            return cho_solve(factor, right) / size
    except LinAlgError:
        pass
    values, vectors = np.linalg.eigh(scaled)
    along, lowest = vectors.T @ right, JITTER * len(size)
    along[(values <= 2 * lowest) & (abs(along) <= noise / np.min(size))] = 0.0
    return vectors @ (along / np.maximum(values, lowest)) / size
