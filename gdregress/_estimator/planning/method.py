"""The choice of the method of a run."""

from gdregress._engines.conjugate import ConjugateGradients
from gdregress._engines.directions import knows
from gdregress._engines.envelope import Envelope
from gdregress._engines.newton import Newton
from gdregress._engines.working_sets import WorkingSets
from gdregress._objective.row_space import suits
from gdregress._objective.sample import step_of

# Its name as ``optimizer``. It is not in OPTIMIZERS: conjugate directions and the search along
# them need the function of all rows, which step(params, grad, memory, learning_rate, prox) lacks.
CONJUGATE_GRADIENTS = "cg"


def method_of(estimator, components, objective):
    """The method of a run, see `Run`.

    ====================  ===============================================================
    envelope              losses with kinks, and those whose rounded tip is narrow beside the
                          residuals, over all rows; of rows in blocks where the columns are few
                          enough for their moments
    conjugate gradients   smooth convex losses over all rows, but for squared error where
                          its moments are known, which make updates free; and where they
                          are asked for by name
    working sets          l1 and norms of groups with a smooth loss over all rows, for numbers and
                          two classes, but for squared error where its moments are known
    newton                l1 with a smooth loss otherwise, and all smooth losses over rows in
                          blocks, each reading of which is dear, where the columns are few enough
                          for their moments
    updates               all others, and all whose optimizer or rate is chosen
    ====================  ===============================================================
    """
    if asks_for_conjugate_gradients(estimator):
        return "conjugate gradients"
    automatic = (
        _is_auto(estimator, "learning_rate", "optimizer")
        and components.sampler.takes_all_rows
        and not estimator.average
    )
    if automatic and not components.loss.smooth and Envelope.covers(objective):
        return "envelope"
    if not (automatic and _is_auto(estimator, "momentum", "schedule")):
        return "updates"
    if objective.is_narrow and Envelope.covers(objective):
        return "envelope"
    if objective.has_rows and not objective.from_moments:
        if ConjugateGradients.covers(objective):
            return "conjugate gradients"
        if WorkingSets.covers(objective):
            return "working sets"
    known = objective.from_moments and objective.penalty.is_quadratic
    return "newton" if not known and Newton.covers(objective) else "updates"


def takes_row_space(estimator, components, objective):
    """Whether conjugate gradients use second derivatives from the products of the rows."""
    return (
        objective.has_rows
        and estimator.preconditioner == "auto"
        and all_is_auto(estimator)
        and components.sampler.takes_all_rows
        and not estimator.average
        and ConjugateGradients.covers(objective)
        and suits(objective)
    )


def samples_curvature(estimator, components, objective):
    """Whether variance reduction begins on a sample, and epochs with its Newton steps."""
    loss = components.loss
    return (
        components.optimizer.variance_reduced
        and all_is_auto(estimator)
        and knows(loss)
        and not loss.is_quadratic
        and components.penalty.is_quadratic
        and objective.has_rows
        and step_of(objective.design, loss, objective.y) > 1
        and objective.has_hessians()
    )


def asks_for_conjugate_gradients(estimator):
    return isinstance(estimator.optimizer, str) and estimator.optimizer == CONJUGATE_GRADIENTS


def all_is_auto(estimator):
    """Whether all parameters of the descent are "auto"."""
    return _is_auto(estimator, "learning_rate", "optimizer", "momentum", "schedule")


def _is_auto(estimator, *names):
    values = (getattr(estimator, name) for name in names)
    return all(isinstance(value, str) and value == "auto" for value in values)
