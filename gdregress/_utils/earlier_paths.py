"""Deprecated import paths, each with the module that holds its contents today."""

import sys
import warnings
from importlib import import_module
from importlib.machinery import ModuleSpec

EARLIER_PATHS = {
    "averaging": "_solver.averaging",
    "callable_loss": "losses.from_function",
    "classification_losses": "losses.classification",
    "curvature": "_objective.curvature",
    "data_objective": "_objective.from_data",
    "derivatives": "_minimize.derivatives",
    "design": "_objective.design",
    "diagnosis": "_estimator.advice.diagnosis",
    "functions": "_minimize.minimize",
    "gradient_check": "losses.gradient_check",
    "history": "_solver.history",
    "line_search": "_solver.line_search",
    "moments": "_objective.moments",
    "multiclass": "losses.multiclass",
    "objective": "_objective.base",
    "quadratic_objective": "_objective.quadratic",
    "scores": "_estimator.scores",
    "solver": "_solver.solve",
    "stopping": "_solver.stopping",
    "threads": "_core.threads",
}


class EarlierPath:
    """Finds a module under its deprecated name, and warns of the new one."""

    def find_spec(self, fullname, path=None, target=None):
        package, _, name = fullname.partition(".")
        if package != "gdregress" or name not in EARLIER_PATHS:
            return None
        return ModuleSpec(fullname, self)

    def create_module(self, spec):
        today = f"gdregress.{EARLIER_PATHS[spec.name.partition('.')[2]]}"
        warnings.warn(
            f"{spec.name} is now {today}; names that are meant for users stand in gdregress, "
            "gdregress.losses, .optimizers, .penalties, .schedules, .samplers and .plotting.",
            DeprecationWarning,
            stacklevel=2,
        )
        return import_module(today)

    def exec_module(self, module):
        """Do nothing: `create_module` has imported the module under its own name."""


def install():
    """Add the finder of deprecated paths after all other finders."""
    if not any(isinstance(finder, EarlierPath) for finder in sys.meta_path):
        sys.meta_path.append(EarlierPath())
