"""Averages of the iterates: a suffix of them, so that the early ones are forgotten."""


class SuffixAverage:
    """Mean of the last parameters of a run.

    Parameters
    ----------
    start : int or None
        Average all parameters after this many updates. None averages a suffix that always
        holds between one half and three quarters of the updates so far: two means are kept,
        and whenever the count of updates doubles the older one is dropped.

    References
    ----------
    Rakhlin, Shamir and Sridharan, "Making gradient descent optimal for strongly convex
    stochastic optimization", 2012, section 5.
    """

    def __init__(self, start=None):
        self.start = start
        self.count = 0
        self._older, self._newer = _Mean(), _Mean()

    def update(self, params):
        """Take in the parameters after one more update."""
        self.count += 1
        if self.start is not None:
            if self.count > self.start:
                self._older.add(params)
            return
        self._older.add(params)
        self._newer.add(params)
        if self.count & (self.count - 1) == 0:
            self._older, self._newer = self._newer, _Mean()

    def value(self, params):
        """The mean, or the given parameters where none has been averaged yet."""
        return self._older.mean if self._older.n else params


class _Mean:
    """Running mean."""

    def __init__(self):
        self.n = 0
        self.mean = None

    def add(self, params):
        self.n += 1
        self.mean = params if self.n == 1 else self.mean + (params - self.mean) / self.n
