r"""Secants: what gradients along the last steps say of the curvature.

With s a step and v the change of the gradient along it, a matrix B becomes one that agrees with
the change, B s = v, and that is otherwise as close to B as it can be,

    B <- B - B s s' B / (s' B s) + v v' / (s . v),

the formula of Broyden, Fletcher, Goldfarb and Shanno. Its inverse is applied without forming it.

References
----------
Nocedal and Wright, "Numerical optimization", 2006, algorithm 7.4; Nocedal, "Updating quasi-Newton
matrices with limited storage", 1980.
"""

from gdregress._utils.array_api import namespace

# Secants that are kept, the last ones.
MOST = 10


def with_secant(secants, step, change):
    """The secants with one more, as a tuple of (step, change) pairs."""
    return (*secants, (step, change))[-MOST:]


def solved(solve, secants, gradient, products):
    """B^-1 g, of the matrix B after all secants.

    Parameters
    ----------
    solve : callable
        From g to B^-1 g of the matrix before them.
    secants : tuple of (step, change)
        The oldest first. Those without a positive product, of which no curvature is known, are
        passed over.
    gradient : array
        g, of the shape of the parameters.
    products : callable
        The products of two such arrays, one for each problem that is solved at once.
    """
    parts = []
    for step, change in reversed(secants):
        inverse = _inverse(products(step, change))
        part = inverse * products(step, gradient)
        gradient = gradient - part * change
        parts.append((step, change, inverse, part))
    found = solve(gradient)
    for step, change, inverse, part in reversed(parts):
        found = found + (part - inverse * products(change, found)) * step
    return found


def _inverse(product):
    xp = namespace(product)
    one, is_curved = xp.ones_like(product), product > 0
    return xp.where(is_curved, one / xp.where(is_curved, product, one), 0 * one)
