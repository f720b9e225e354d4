"""The least objective of some runs, from which gaps are measured."""

import math

import numpy as np


def least_objective(runs):
    """The least objective, and whether it is only the least that was seen.

    It is what the run that came closest has left, by its history, and never above the smallest
    objective seen.

    Parameters
    ----------
    runs : list of tuple
        The `History` of each run, and the reason for its end.
    """
    seen = min(smallest(history["objective"]) for history, _ in runs)
    ends = [_row_of_last_gap(*run) for run in runs]
    known = [row for row in ends if row["gap"] is not None and math.isfinite(row["gap"])]
    if not known:
        return seen, True
    closest = min(known, key=lambda row: row["gap"])
    return min(seen, closest["objective"] - closest["gap"]), False


def smallest(values):
    """The smallest finite number; infinite without any."""
    return np.min(values, where=np.isfinite(values), initial=math.inf)


def _row_of_last_gap(history, reason):
    """The row that was measured last, of a run that diverged that of the parameters kept.

    A gap that rows repeat belongs to the first of them.
    """
    if reason == "diverged":
        return history.full_row(int(np.nanargmin(history["objective"])))
    gaps = history.get("gap", [None])
    return history.full_row(gaps.index(gaps[-1]))
