"""The run that continues another one: over all rows after batches, or in another metric."""

from dataclasses import replace

from gdregress._engines.envelope import Envelope
from gdregress._engines.newton import Newton
from gdregress._engines.working_sets import WorkingSets
from gdregress._estimator.components import over_all_rows
from gdregress._estimator.planning.coordinates import frame_of, penalty_inside
from gdregress._estimator.planning.method import all_is_auto
from gdregress._estimator.planning.metric import l2_strength, takes_metric
from gdregress._estimator.planning.plan import plan_run
from gdregress._estimator.planning.renewal import EPOCHS, EPOCHS_OF_BATCHES, Renewal, move

# Epochs of variance reduction after which a run of several targets, or one under l1, is too
# ill-conditioned for it.
EPOCHS_OF_SMOOTH_LOSSES = 100


class Finish:
    """Continues a run over batches over all rows, by the automatic method or the named optimizer.

    The subgradients of single rows do not shrink at a kink: batches come to rest within some per
    cent of the minimum. From that plateau the method of multipliers takes some thirty epochs over
    all rows to the minimum, with a proven gap. A loss with a tip that is narrow beside the
    residuals has next to a kink: there an epoch over batches is enough.

    Variance reduction has one rate for all classes or targets, whose curvatures may be far apart,
    and no metric for each of them. Runs over all rows have both, and their epochs cost a third.
    Nor has it a metric under l1, where these take Newton steps, or where columns are sparse or
    more than the rows: there it goes on for half of the epochs. Other optimizers come to rest
    earlier, as the noise of single rows does not shrink.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    prepared : Prepared
    hooks : Hooks
    """

    course = ("waited",)

    def __init__(self, estimator, prepared, hooks):
        self.estimator = estimator
        self.prepared = prepared
        self.hooks = hooks
        self.epochs = EPOCHS_OF_SMOOTH_LOSSES
        several = prepared.objective.output_shape != ()
        if not several and not _takes_newton_steps(estimator, prepared):
            self.epochs = max(self.epochs, estimator.max_iter // 2)
        self.waited = 0
        self.is_narrow = _is_narrow(estimator, prepared)

    def is_due(self, row, stop):
        """Whether the descent over batches has ended."""
        if not self.prepared.components.loss.smooth:
            return stop == "plateau"
        if self.is_narrow:
            return True
        self.waited += 1
        return stop == "plateau" or (stop is None and self.left() <= 0)

    def left(self):
        """Return the epochs until then, for smooth losses."""
        return self.epochs - self.waited

    def renew(self, run, state, best):
        """The run over all rows that goes on from the best parameters."""
        estimator, prepared, known = self.estimator, self.prepared, run.objective
        components = over_all_rows(estimator, prepared.components)
        spectrum = prepared.frame.user_spectrum
        frame = frame_of(estimator, components, spectrum, known.y, known.weights)
        frame = replace(frame, columns=prepared.frame.columns)
        penalty = penalty_inside(estimator, components.penalty, frame.design.coordinates)
        objective = prepared.objective.in_design(frame.design, penalty)
        prepared = replace(prepared, components=components, frame=frame, objective=objective)
        move(known, frame.design, state, best)
        state.restart_at(best.params, components.optimizer)
        state.learning_rate = state.searched = state.snapshot = None
        state.rate_factor, state.rate_has_failed = 1.0, False
        hooks = replace(self.hooks, renewal=renewal_for(estimator, prepared, self.hooks))
        run_to = plan_run(estimator, components, objective, frame, state, hooks).run
        state.learning_rate = run_to.learning_rate
        return replace(run_to, max_iter=run.max_iter, started=run.started, history=run.history)


def renewal_for(estimator, prepared, hooks):
    """Return a `Finish`, a `Renewal` or None.

    A `Finish` for batches that end over all rows; a `Renewal` where the curvature varies, for runs
    that are or may be in a metric.
    """
    components, objective = prepared.components, prepared.objective
    if _finishes_over_all_rows(estimator, prepared):
        return Finish(estimator, prepared, hooks)
    if not objective.has_rows:
        return None
    coordinates, all_rows = objective.design.coordinates, components.sampler.takes_all_rows
    if coordinates is None or components.loss.is_quadratic or not components.loss.smooth:
        return None
    if all_rows and _is_narrow(estimator, prepared) and Envelope.covers(objective):
        return None  # its envelopes bend elsewhere in each round, and suit any coordinates
    if all_rows and not coordinates.separable:
        return Renewal(estimator, prepared, hooks, EPOCHS)
    may_renew = objective.output_shape == () and _may_take_metric(estimator, prepared)
    return Renewal(estimator, prepared, hooks, EPOCHS_OF_BATCHES) if may_renew else None


def _finishes_over_all_rows(estimator, prepared):
    """Whether a run over batches ends over all rows, at an automatic rate."""
    smooth = prepared.components.loss.smooth
    automatic = (
        not prepared.components.sampler.takes_all_rows
        and estimator.learning_rate == "auto"
        and isinstance(estimator.optimizer, str)
        and (estimator.optimizer == "auto" or (smooth and estimator.schedule == "auto"))
        and not estimator.average
        and not estimator.early_stopping
        and estimator.tol is not None
    )
    if not automatic:
        return False
    if not smooth:
        return Envelope.covers(prepared.objective)
    if _is_narrow(estimator, prepared):
        return True
    objective, loss = prepared.objective, prepared.components.loss
    if _takes_newton_steps(estimator, prepared):
        return True
    may_take_metric = _may_take_metric(estimator, prepared)
    if objective.output_shape != ():
        return may_take_metric
    is_renewed = may_take_metric and not loss.is_quadratic
    return objective.has_rows and loss.convex and not is_renewed


def _is_narrow(estimator, prepared):
    """Whether the loss has next to a kink, whose minimum a run over all rows finds."""
    objective = prepared.objective
    if not (all_is_auto(estimator) and objective.is_narrow):
        return False
    return objective.loss.pieces is None or Envelope.covers(objective)


def _takes_newton_steps(estimator, prepared):
    """Whether a run of variance reduction under l1 would take Newton steps over all rows."""
    objective = prepared.objective
    if objective.penalty.is_quadratic or not all_is_auto(estimator):
        return False
    return WorkingSets.covers(objective) or Newton.covers(objective)


def _may_take_metric(estimator, prepared):
    """Whether a run of variance reduction may continue in a metric."""
    components, objective = prepared.components, prepared.objective
    return (
        estimator.preconditioner == "auto"
        and components.optimizer.variance_reduced
        and prepared.frame.has_moments
        and l2_strength(components.penalty) is not None
        and takes_metric(components, objective.design)
    )
