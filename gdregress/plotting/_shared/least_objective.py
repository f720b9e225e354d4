"""The least objective of some runs, from which gaps are measured."""

import math
from typing import Literal, TypeAlias

import numpy as np

Known: TypeAlias = Literal["known", "estimated", "seen"]
# How the least objective is written on an axis of gaps.
_ABOVE = {"known": " ", "estimated": " the\nestimate ", "seen": "\nthe best seen, "}


def gap_label(best, how):
    """The label of an axis of gaps, which says where their least objective comes from."""
    return f"objective above{_ABOVE[how]}{best:.6g}"


def least_objective(runs):
    """The least objective, and how it is known.

    It is what the run that came closest has left, by its history, and never above the smallest
    objective seen. A run that has ended by the tolerance has found it, "known"; the others have
    "estimated" it from a gradient; "seen" is the smallest objective of runs that know no gap.

    Parameters
    ----------
    runs : list of tuple
        The `History` of each run, and the reason for its end.

    Returns
    -------
    best : float
    how : {"known", "estimated", "seen"}
    """
    seen = min(smallest(history["objective"]) for history, _ in runs)
    ends = [(_row_of_last_gap(*run), run[1]) for run in runs]
    told = [end for end in ends if end[0]["gap"] is not None and math.isfinite(end[0]["gap"])]
    if not told:
        return seen, "seen"
    closest, reason = min(told, key=lambda end: end[0]["gap"])
    how = "known" if reason == "tolerance" else "estimated"
    return min(seen, closest["objective"] - closest["gap"]), how


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
