"""Where a convex function is least along a direction: the zero of its derivative."""

import math


def zero_of_increasing(function, at_zero, share=0.01, most=40):
    """Where an increasing function that is negative at zero has fallen to a share of its size.

    By false position, every third time by halving, or by a tenth as long as the function is
    known to be negative at zero only; 1 is tried first.

    Parameters
    ----------
    function : callable
    at_zero : float
        Its value at zero.
    share : float
    most : int
        Most evaluations, after which the largest x is the answer where it is negative.
    """
    if not at_zero < 0:
        return 0.0
    low, at_low, high, at_high, x = 0.0, at_zero, math.inf, 0.0, 1.0
    for count in range(most):
        value = function(x)
        if abs(value) <= -share * at_zero:
            return x
        if value < 0:
            low, at_low = x, value
        else:
            high, at_high = x, value
        if high == math.inf:
            x = 4 * low
        elif count % 3 == 2:
            x = (low + high) / 2 if low > 0 else high / 10
        else:
            x = low - at_low * (high - low) / (at_high - at_low)
    return low
