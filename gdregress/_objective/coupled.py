r"""Second derivatives of losses whose predictions of a row are coupled, as those of softmax are.

With P the probabilities of K classes in a row a, the second derivatives by the parameters of
classes k and l are

    H_kl = sum_i s_i (P_ik [k = l] - P_ik P_il) a_i a_i' / n.

As the P of a row add up to 1, every row of blocks adds up to zero, H_kk = - sum_{l != k} H_kl, and
H follows from the moments of K (K - 1) / 2 weightings of the rows. Parameters that are the same
for all classes change no probability: along them H is zero.

References
----------
Böhning, "Multinomial logistic regression algorithm", 1992, section 2.
"""

import math
from itertools import combinations

import numpy as np

from gdregress._objective.moments import affordable
from gdregress._objective.moments_inside import curved_products
from gdregress._objective.newton_system import EPS, NewtonSystem

# Most parameters of all classes.
LARGEST = 1024


def coupled_products(design, probabilities, weights):
    """H over some rows in the coordinates of a design matrix, of shape (K q, K q), class by class.

    It is a mean over these rows: for a sum over blocks of rows, multiply by how many there are.

    Parameters
    ----------
    design : DesignMatrix
        Of q parameters for each class, whose moments are `affordable`.
    probabilities : ndarray of shape (n_samples, K)
    weights : ndarray of shape (n_samples,) or None
        Of any mean.
    """
    q, k = design.n_parameters, probabilities.shape[1]
    H = np.zeros((k, q, k, q))
    for s, t in combinations(range(k), 2):
        both = probabilities[:, s] * probabilities[:, t]
        both = both if weights is None else both * weights
        part = curved_products(design, np.ascontiguousarray(both, dtype=design.X.dtype))
        H[s, :, t] = H[t, :, s] = -part
        H[s, :, s] += part
        H[t, :, t] += part
    return H.reshape(k * q, k * q)


def cost_in_passes(objective):
    """Return the cost of H in passes over the rows for all classes; inf if not affordable.

    The moments of one weighting cost 1 + q / 50 passes of one prediction a row, and K predictions
    at once cost K / 3 of these, as the rows are read once. The factor is not counted: rows with
    weights, and the same rows repeated, take the same steps.
    """
    design, k = objective.design, objective.loss.n_outputs
    if not objective.loss.coupled:
        return math.inf
    q = design.n_parameters
    # the systems of fewer rows than twice the columns are singular, or nearly so
    if k * q > LARGEST or not affordable(design) or design.n_samples < 2 * q:
        return math.inf
    return 1.5 * (k - 1) * (1 + q / 50)


class CoupledSystem(NewtonSystem):
    """(H + E) x = g for the gradients g of all classes together, E being diagonal.

    Where nothing is penalised the direction in which all classes are the same is flat. A gradient
    has no part along it, and neither has x: it is made as curved as the others.

    Parameters
    ----------
    H : ndarray of shape (K q, K q)
    flat : ndarray of shape (q, 1) or (q, K)
        E, of the penalty.
    n_classes : int
    eps : float
    """

    def __init__(self, H, flat, n_classes, eps=EPS):
        q, k = len(flat), n_classes
        extra = np.broadcast_to(flat, (q, k))
        blocks = H.reshape(k, q, k, q).copy()
        free = np.flatnonzero(~extra.any(axis=1))
        curved = np.einsum("sjsj->sj", blocks).mean(axis=0)
        blocks[:, free, :, free] += curved[free][:, None, None] / k
        H = blocks.reshape(k * q, k * q)
        H[np.diag_indices_from(H)] += extra.T.ravel()
        super().__init__(H, eps)

    def solve(self, gradient):
        """x, in the shape (q, K) of the gradient."""
        return super().solve(gradient.T.ravel()).reshape(gradient.T.shape).T
