"""Suffix averages of the iterates, which forget the early ones."""

import copy


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
        self._older, self._newer = Mean(), Mean()

    def update(self, params):
        """Take in the parameters after one more update."""
        for mean in self.means():
            mean.add(params)
        self.advance(1)

    def updates_to_next_mean(self):
        """How many updates from here the same means take in."""
        if self.start is None:
            return (1 << self.count.bit_length()) - self.count
        return self.start - self.count if self.count < self.start else 1 << 62

    def means(self):
        """The means that take in the next parameters."""
        if self.start is None:
            return [self._older, self._newer]
        return [self._older] if self.count >= self.start else []

    def advance(self, n_updates):
        """Count updates that the means have taken in, at most `updates_to_next_mean`."""
        self.count += n_updates
        if self.start is None and self.count & (self.count - 1) == 0:
            self._older, self._newer = self._newer, Mean()

    def to_dict(self):
        """The means and counts, to be saved."""
        means = {"older": vars(self._older).copy(), "newer": vars(self._newer).copy()}
        return {"start": self.start, "count": self.count, **means}

    @classmethod
    def from_dict(cls, saved):
        """The inverse of `to_dict`."""
        average = cls(saved["start"])
        average.count = saved["count"]
        average._older, average._newer = Mean(**saved["older"]), Mean(**saved["newer"])
        return average

    def copy(self):
        """The same means, to be updated separately; arrays are shared, as none is written to."""
        other = copy.copy(self)
        other._older, other._newer = copy.copy(self._older), copy.copy(self._newer)
        return other

    def value(self, params):
        """The mean, or the given parameters where none has been averaged yet."""
        return self._older.mean if self._older.n else params


class Mean:
    """Running mean of n arrays."""

    def __init__(self, n=0, mean=None):
        self.n = n
        self.mean = mean

    def add(self, params):
        self.n += 1
        self.mean = params if self.n == 1 else self.mean + (params - self.mean) / self.n
