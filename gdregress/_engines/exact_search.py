"""The exact line search on a convex function: the zero of its derivative along a direction."""

import math

# Ends of an interval that are farther apart than this are halved by their ratio: no power of ten,
# as the trials are, so that rounding does not decide.
APART = 50.0


def zero_of_increasing(function, at_zero, share=0.01, most=40):
    """Where an increasing function that is negative at zero has fallen to a share of its size.

    By false position, every third time by halving. 1 is tried first. As long as the function is
    known to be negative at zero only, or positive nowhere, x is divided or multiplied by powers
    that grow: the first trial may be off by any factor. Before, three times of four, it is tried
    where a line through the last two values is zero.

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
    low, at_low, high, at_high, x = 0.0, at_zero, math.inf, math.inf, 1.0
    for count in range(1, most + 1):
        value = function(x)
        if abs(value) <= -share * at_zero:
            return x
        if value < 0:
            extrapolated = x - value * (x - low) / (value - at_low) if value > at_low else math.inf
            low, at_low = x, value
        else:
            high, at_high = x, value
        if high == math.inf:
            far = low * 4.0**count
            x = min(extrapolated, far) if count % 4 else far
        elif low == 0 and count % 2 == 0:
            x = high / 10.0**count
        elif count % 3 == 0:
            x = math.sqrt(low * high) if high > APART * low > 0 else (low + high) / 2
        else:
            x = low - at_low * (high - low) / (at_high - at_low)
    return low
