"""The snapshot of variance reduction: the full gradient at a point, and the slopes there."""

from typing import Any, NamedTuple


class Snapshot(NamedTuple):
    """The loss over all rows, differentiated at one point.

    Parameters
    ----------
    params : array
        The point.
    slopes : array of the shape of the raw predictions
        dL/dz of every row there, without its weight.
    gradient : array of the shape of `params`
        Of the weighted mean loss there.
    """

    params: Any
    slopes: Any
    gradient: Any
