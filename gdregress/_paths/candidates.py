"""What is known of the fits of all candidates before any is made."""

from gdregress._utils.arguments import defaults
from gdregress._utils.validation import build_component
from gdregress.penalties import PENALTIES
from gdregress.penalties.from_object import as_penalty

# Parameters that say how a fit gets to its minimum.
RULES = ("solver", "optimizer", "momentum", "schedule", "average")


def has_default_rules(estimator):
    """Whether fits get to their minima in the way that is the default."""
    known = defaults(type(estimator))
    return all(getattr(estimator, name) == known[name] for name in RULES)


def ends_at_minimum(estimator):
    """Whether fits end at one minimum wherever they begin, with as many epochs as by default."""
    searched = estimator.learning_rate in ("auto", "line-search")
    enough = estimator.max_iter >= defaults(type(estimator))["max_iter"]
    return searched and enough and estimator.tol is not None and not estimator.early_stopping


def penalties_of(estimator, grid):
    """The penalty of each candidate."""
    return [_penalty(estimator, parameters) for parameters in grid.candidates]


def _penalty(estimator, parameters):
    flat = {"alpha": estimator.alpha, "l1_ratio": estimator.l1_ratio} | parameters
    penalty, _ = build_component(as_penalty(estimator.penalty), PENALTIES, flat)
    own = [name for name in parameters if name.startswith("penalty__")]
    return penalty.set_params(**{n.removeprefix("penalty__"): parameters[n] for n in own})
