"""Learners at several rates, and which of them is believed."""

from dataclasses import dataclass

import numpy as np

# Rates in units of the one at which a row is met half way, each a quarter of the one before.
RATES = 4.0 ** -np.arange(7)
# A learner's average remembers this many times the rows that its rate forgets in.
MEMORY = 8.0
# Standard errors by which the candidate before must have been better to be believed.
THRESHOLD = 1.5


@dataclass(eq=False, repr=False)
class Learners:
    """Learners that see the same rows, each with a running average of its parameters.

    The candidates are the parameters of the quickest learner and the averages of all, from the
    quickest to the slowest. They predict a chunk before it is learned, and every average is
    compared with the candidate before it over as many rows as it remembers. What is reported is
    the slowest candidate that nothing speaks against. A learner that has been beaten at the end
    of a stretch of rows begins again where the candidate before it has arrived: a stream that
    drifts is followed at the rate that suits it, and one that does not settles.

    Parameters
    ----------
    iterates, averages : ndarrays of shape (n_learners, n_predictions, n_parameters)
        The intercept last.
    record : ndarray of shape (4, n_learners)
        By how much the candidate before has been better, discounted; the sum of the squared
        differences; rows since the learner began; rows until the next comparison that counts.
    tally : ndarray of shape (3,)
        Mean square of the slopes and mean loss of what is reported, and their number.

    References
    ----------
    Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", 1992.
    Dawid, "Statistical theory: the prequential approach", 1984, for losses before learning.
    """

    iterates: np.ndarray
    averages: np.ndarray
    record: np.ndarray
    tally: np.ndarray

    @classmethod
    def at(cls, params, rows=0):
        """Learners that begin at parameters of shape (n_predictions, n_parameters).

        Parameters
        ----------
        params : ndarray
        rows : int
            How many rows the parameters have been learned from.
        """
        many = np.repeat(params[None], len(RATES), axis=0)
        record = np.zeros((4, len(RATES)))
        record[2] = 2 * rows
        return cls(many, many.copy(), record, np.zeros(3))

    @property
    def candidates(self):
        """Of shape (n_learners + 1, n_predictions, n_parameters)."""
        return np.concatenate([self.iterates[:1], self.averages])

    @property
    def best(self):
        """Number of the candidate that is reported."""
        beaten = is_beaten(self.record).tolist()
        return beaten.index(True) if True in beaten else len(RATES)

    @property
    def reported(self):
        """Its parameters."""
        return self.iterates[0] if self.best == 0 else self.averages[self.best - 1]

    @property
    def rate(self):
        """Its rate, see `RATES`."""
        return float(RATES[max(0, self.best - 1)])

    @property
    def curvature(self):
        """Of the loss, as measured: its slopes are at most sqrt(2 h L), L being at least 0."""
        square, loss, _ = self.tally
        return float(square / (2 * loss)) if square > 0 and loss > 0 else 1.0

    def converted(self, convert):
        """A copy with iterates and averages in other coordinates."""
        iterates, averages = convert(self.iterates), convert(self.averages)
        return Learners(iterates, averages, self.record.copy(), self.tally.copy())

    def to_dict(self):
        """Plain arrays."""
        return dict(vars(self))

    @classmethod
    def from_dict(cls, saved):
        """The inverse of `to_dict`, which leaves the arrays that were saved as they are."""
        return cls(**saved)


def is_beaten(record):
    """Of every learner, whether the candidate before it has been better."""
    return record[0] > THRESHOLD * np.sqrt(record[1])
