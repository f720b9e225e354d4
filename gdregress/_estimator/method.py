"""How a run gets to its minimum where everything is left to the package."""

from gdregress._engines.conjugate import ConjugateGradients
from gdregress._engines.envelope import Envelope


def method_of(estimator, components, objective):
    """The method of a run, see `Run`.

    ====================  ===============================================================
    envelope              losses with kinks, over all rows
    conjugate gradients   smooth losses over all rows, for one target; but for squared
                          error where its moments are known, which make updates free
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
    return "updates"


def _is_auto(estimator, *names):
    values = (getattr(estimator, name) for name in names)
    return all(isinstance(value, str) and value == "auto" for value in values)
