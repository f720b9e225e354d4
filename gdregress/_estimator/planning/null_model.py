"""The null model: the best constant prediction, from which a run measures its progress."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gdregress._objective.curvature import prediction_scale


@dataclass(frozen=True, eq=False, repr=False)
class NullModel:
    """The objective and its gradient at the null model.

    Parameters
    ----------
    params : array
    objective : float
        The objective there. Of the perceptron, which has no loss before it has learned anything,
        the size of its slopes.
    has_scale : bool
        Whether that says how large objectives are.
    largest : float
        The objective there or where the run begins, the larger one.
    units : array or None
        In which the gradient mapping of the run is measured.
    reference : float
        Its norm there.
    """

    params: Any
    objective: float
    has_scale: bool
    largest: float
    units: Any = None
    reference: float = math.nan

    def measured(self, objective, step):
        """The same with the gradient mapping of a step size."""
        near = objective.sample or objective  # a scale need not be exact
        gradient = near.gradient(self.params)
        mapping = objective.gradient_mapping(self.params, gradient, step)
        units, reference = objective.measuring_units(mapping)
        return replace(self, units=units, reference=reference)


def null_model(objective, params, begin):
    """The null model of an objective; a ValueError if it overflows there or where a run begins.

    Parameters
    ----------
    objective : Objective
    params : array
        The null parameters.
    begin : array
        Where the run begins.
    """
    values = []
    with np.errstate(over="ignore", invalid="ignore"):
        for point in (params, begin):
            objective.recentre_for_value(point)
            # the gradient is needed where the run begins, and that of a sample will do elsewhere
            wanted = point is begin or objective.sample is None
            values.append(objective.value(point, next_point=point if wanted else None))
    has_scale = not objective.is_unlearned(values[0])
    if not has_scale:
        values[0] = prediction_scale(objective, params)
    largest = max(values)
    if not largest < math.inf:
        raise ValueError(
            f"The objective is {largest} before the first update: y, X or the initial "
            "coefficients are too large, or outside the penalty's domain. Rescale them."
        )
    return NullModel(params, values[0], has_scale, largest)
