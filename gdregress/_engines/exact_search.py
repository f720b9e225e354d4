"""The exact line search on a convex function: the zero of its derivative along a direction."""

import math

# Intervals whose ends have a larger ratio are halved on a log scale. The number is no power of
# ten, as the trials are, so that rounding does not decide.
APART = 50.0


def zero_of_increasing(function, at_zero, share=0.01, most=40):
    """The point at which an increasing function, negative at zero, is small.

    The first trial is x = 1. Until an interval with a change of sign is known, x is multiplied or
    divided by growing powers, because the first trial may be wrong by any factor; three of four
    trials are zeros of the line through the last two values instead. In the interval the method is
    false position, with halving at every third step.

    Parameters
    ----------
    function : callable
    at_zero : float
        Value of the function at zero.
    share : float
    most : int
        Most evaluations; then the result is the largest x with a negative value.
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
