"""How a run gets to its minimum where everything is left to the package."""

from gdregress._engines.conjugate import ConjugateGradients
from gdregress._engines.envelope import Envelope
from gdregress._engines.working_sets import WorkingSets
from gdregress._estimator.metric import worth_moments


def method_of(estimator, components, objective):
    """The method of a run, see `Run`.

    ====================  ===============================================================
    envelope              losses with kinks, over all rows
    conjugate gradients   smooth convex losses over all rows, but for three classes and
                          more, and for squared error where its moments are known, which
                          make updates free
    working sets          l1 with a smooth loss over all rows whose columns are too many
                          for their moments, for one target
    updates               all others, and all whose optimizer or rate is chosen
    ====================  ===============================================================
    """
    automatic = (
        _is_auto(estimator, "learning_rate", "optimizer")
        and components.sampler.takes_all_rows
        and not estimator.average
    )
    if automatic and Envelope.covers(objective):
        return "envelope"
    automatic = automatic and _is_auto(estimator, "momentum", "schedule")
    if automatic and not objective.from_moments and ConjugateGradients.covers(objective):
        return "conjugate gradients"
    if automatic and not worth_moments(objective.design) and WorkingSets.covers(objective):
        return "working sets"
    return "updates"


def _is_auto(estimator, *names):
    values = (getattr(estimator, name) for name in names)
    return all(isinstance(value, str) and value == "auto" for value in values)
