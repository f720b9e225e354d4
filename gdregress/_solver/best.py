"""The best parameters of a run."""

import math


class Best:
    """The best finite parameters: by validation score, or else by objective.

    Among equal scores, which few held-out rows often have, the lower objective decides. Where the
    null parameters have no loss, as under the perceptron, any later parameters replace the start.

    Parameters
    ----------
    run : Run
    params : array
        Where the run starts.
    row : dict
        Of the history.

    Attributes
    ----------
    epoch : int
        At whose end the best parameters were; that of the start at first.
    """

    course = ("params", "epoch", "rank")

    def __init__(self, run, params, row):
        self.validated = run.stops_on_score
        self.params, self.epoch = params, row["epoch"]
        score, objective = self._rank(row)
        self.rank = score, math.inf if run.objective.is_unlearned(objective) else objective

    def offer(self, row, params):
        """Keep the parameters of an epoch if they are better than all before."""
        rank = self._rank(row)
        if rank < self.rank:
            self.rank, self.params, self.epoch = rank, params, row["epoch"]

    def _rank(self, row):
        """Return the key whose least value is the best; it is inf where not finite."""
        objective = row["objective"]
        score = row["validation_score"] if self.validated else 0.0
        if not math.isfinite(objective):
            return math.inf, math.inf
        return math.inf if math.isnan(score) else -score, objective
