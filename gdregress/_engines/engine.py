"""The base classes of engines, which run the epochs of a run."""

from abc import ABC, abstractmethod

import numpy as np


class Engine(ABC):
    """Runs epochs and measures each.

    ``method`` is that of the runs that it serves, see `Run`. ``frees_python`` says whether other
    threads can work during an epoch, ``by_epoch`` whether epochs run one after the other.

    Parameters
    ----------
    run : Run
    meter : Meter
        ``meter(state, rate, evaluated)`` measures an epoch and appends its row to the history;
        ``meter.append`` appends numbers that are known already.
    """

    method = "updates"
    frees_python = False
    by_epoch = False

    def __init__(self, run, meter):
        self.run = run
        self.meter = meter

    @classmethod
    def supports(cls, run, state):
        """Whether this engine can run the epochs of a run of its method from a state.

        It is called once a run; the state keeps its types and shapes later.
        """
        return True

    @abstractmethod
    def epochs(self, state, max_epochs):
        """Run epochs, and yield the row of each while `state` is the state after that epoch.

        The caller may change the state between two epochs: the next epoch starts from there.
        Closing the generator leaves the state at the last row.
        """


class EpochEngine(Engine):
    """An engine that runs one epoch after the other."""

    by_epoch = True

    @abstractmethod
    def epoch(self, state):
        """Run one pass over the data.

        Returns
        -------
        evaluated : tuple of (point, gradient) or None
            Those of an update over all rows.
        rate : float
            The learning rate of the last update.
        """

    def epochs(self, state, max_epochs):
        for _ in range(max_epochs):
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                if self.run.learned_rate is not None:
                    self.run.learned_rate.begin_epoch(state)
                evaluated, rate = self.epoch(state)
                row = self.meter(state, rate, evaluated)
            yield row
