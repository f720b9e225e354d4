"""A search for the smallest sufficient number of epochs."""


def smallest(enough, limit):
    """The smallest count up to a limit for which `enough` holds, or None.

    Doubles until it holds, then halves the interval; a count beyond the first that holds is
    taken to hold as well.

    Parameters
    ----------
    enough : callable
        ``enough(count)`` is a bool.
    limit : int

    Returns
    -------
    count : int or None
    """
    low, high = 0, 1
    while not enough(high):
        if high >= limit:
            return None
        low, high = high, min(2 * high, limit)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def loosest(enough, tolerances):
    """The first of the tolerances, from loose to tight, for which `enough` holds, or None."""
    return next((tol for tol in tolerances if enough(tol)), None)
