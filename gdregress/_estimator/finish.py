"""How batches of a loss with kinks end at the minimum: over all rows, along envelopes."""

from dataclasses import replace

from gdregress._engines.envelope import Envelope
from gdregress._estimator.plan import plan_run
from gdregress.samplers import Batch


class Finish:
    """Hands a run over batches on to `Envelope` once it has come to a plateau.

    The subgradients of single rows do not shrink at a kink: with their steps batches come to rest
    within some per cent of the minimum, and nothing tells where they are. From there the method
    of multipliers takes some thirty epochs over all rows to the minimum, with a proven gap.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    prepared : Prepared
    hooks : Hooks
    """

    course = ()

    def __init__(self, estimator, prepared, hooks):
        self.estimator = estimator
        self.prepared = prepared
        self.hooks = hooks

    def is_due(self, row, stop):
        """Whether the descent over batches has ended."""
        return stop == "plateau"

    def renew(self, run, state, best):
        """The run over all rows that goes on from the best parameters."""
        state.restart_at(best.params, run.optimizer)
        components = replace(self.prepared.components, sampler=Batch())
        plan = plan_run(
            self.estimator,
            components,
            run.objective,
            self.prepared.frame,
            state,
            replace(self.hooks, renewal=None),
        )
        return replace(plan.run, max_iter=run.max_iter, started=run.started, history=run.history)


def finishes(estimator, prepared):
    """Whether batches are handed on: of losses that `Envelope` covers, with all left to "auto"."""
    components = prepared.components
    return (
        not components.sampler.takes_all_rows
        and estimator.learning_rate == "auto"
        and isinstance(estimator.optimizer, str)
        and estimator.optimizer == "auto"
        and not estimator.average
        and not estimator.early_stopping
        and Envelope.covers(prepared.objective)
    )
