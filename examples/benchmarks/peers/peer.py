"""The interface of all libraries that are compared."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec

DECAY = 0.75
MOMENTUM = 0.9


@dataclass(frozen=True)
class Descent:
    """The same descent for everyone: half the mean squared error, from zero, shuffled epochs.

    Parameters
    ----------
    learning_rate : float
    batch_size : int, default=1
    optimizer : {"gd", "momentum", "adam"}, default="gd"
    falling : bool, default=False
        Whether the learning rate falls: by each library's own schedule where it has one, else as
        (1 + epochs)^-0.75.
    l2 : float, default=0.0
        Strength of the penalty, for the contenders that have one.
    """

    learning_rate: float
    batch_size: int = 1
    optimizer: str = "gd"
    falling: bool = False
    l2: float = 0.0

    def rate(self, epoch):
        """The learning rate of the epochs of a loop."""
        return self.learning_rate * (1 + epoch) ** -DECAY if self.falling else self.learning_rate


class Peer(ABC):
    """One contender.

    Attributes
    ----------
    name : str
        As printed.
    modules : tuple of str
        What must be importable.
    """

    name = ""
    modules = ()

    def missing(self):
        """What is not installed of what it needs."""
        return [module for module in self.modules if find_spec(module) is None]

    @abstractmethod
    def prepare(self, X, y, descent):
        """Convert the data and compile, which is not timed.

        Parameters
        ----------
        X : ndarray of shape (n, p)
        y : ndarray of shape (n,)
        descent : Descent

        Returns
        -------
        run : callable
            ``run(epochs)`` starts from zero, makes so many epochs, and returns the coefficients
            and the intercept.
        """


def installed(peers):
    """The peers that can run; the others are named."""
    for peer in peers:
        if peer.missing():
            _name_missing(peer.name, ", ".join(peer.missing()))
    return [peer for peer in peers if not peer.missing()]


@cache
def _name_missing(name, missing):
    """Cached, so that it is said once."""
    print(f"\n{name} is left out, missing: {missing}")


def prepare_all(peers, X, y, descent):
    """Runs by name of the peers that are installed."""
    return {peer.name: peer.prepare(X, y, descent) for peer in installed(peers)}
