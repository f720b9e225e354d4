"""A cache of the last evaluations, which saves passes over the data."""

from gdregress._utils.array_api import same_numbers


class Cache:
    """Results by the parameters at which they were computed.

    Parameters
    ----------
    size : int
        How many results are kept; the one that was used longest ago is dropped first.
    """

    def __init__(self, size):
        self.size = size
        self._kept = []

    def get(self, params, by_numbers=True):
        """The result at these parameters, or None.

        Parameters
        ----------
        params : array
        by_numbers : bool
            Whether another array of the same numbers will do: to compare them, the host waits
            for an accelerator.
        """
        matches = [lambda known: known is params]
        if by_numbers:
            matches.append(lambda known: same_numbers(known, params))
        for match in matches:
            for i, (known, result) in enumerate(self._kept):
                if match(known):
                    self._kept.append(self._kept.pop(i))
                    return result
        return None

    def keep(self, params, result):
        """Keep a result, and return it."""
        self._kept = [*self._kept, (params, result)][-self.size :]
        return result

    def last(self):
        """The result that was kept or used last."""
        return self._kept[-1][1]
