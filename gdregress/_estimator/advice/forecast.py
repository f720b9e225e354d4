"""The epochs that a run still needs, where its pace is steady."""

import math

import numpy as np

# Paces of the third and the last quarter of a run that differ by more are not extrapolated.
STEADY = 1.2
# Nor is a pace to more epochs than it was measured on: directions that are flatter still have not
# been seen.
FARTHEST = 1.0
# Fewest epochs that have a pace; those under a momentum, which makes ripples; and those of an
# accelerated sequence, whose pace grows until it starts again.
FEWEST, FEWEST_WITH_MEMORY, FEWEST_WITH_RESTARTS = 16, 40, 150


def epochs_needed(gaps, threshold, fewest=FEWEST):
    """Epochs until the gap falls to a threshold at the geometric pace of the last half.

        log(gap / threshold) / pace,    pace = the mean fall of log(gap) in an epoch

    A pace that slackens, as that of k^-2 does, says nothing of the epochs to come: those of the
    third and of the last quarter have to agree. They are those of the running minimum, which
    momentum's ripples disturb less.

    Parameters
    ----------
    gaps : list of float
        F - F* at the end of each epoch.
    threshold : float
    fewest : int, default=16
        Epochs without which there is no pace.

    Returns
    -------
    epochs : int or None
        None where the pace is not steady.
    """
    gaps = np.minimum.accumulate(np.asarray(gaps, dtype=float))
    if not (threshold > 0 and len(gaps) > fewest and threshold < gaps[-1] < math.inf):
        return None
    quarter = (len(gaps) - 1) // 4
    early, middle, last = np.log(gaps[[-1 - 2 * quarter, -1 - quarter, -1]])
    paces = early - middle, middle - last
    if not (min(paces) > 0 and max(paces) <= STEADY * min(paces)):
        return None
    needed = (last - math.log(threshold)) / ((early - last) / (2 * quarter))
    return math.ceil(needed) if needed <= FARTHEST * len(gaps) else None


def fewest_epochs(optimizer):
    """Epochs without which a run by this optimizer has no pace."""
    if optimizer.restarts:
        return FEWEST_WITH_RESTARTS
    return FEWEST_WITH_MEMORY if optimizer.gradient_memory > 1 else FEWEST


def gaps_of(run, row, gap):
    """F - F* after each epoch up to a row, from the gap that is known there; None if unknown.

    The objective has fallen to it from above. Where several targets have a say in the gap, or
    rounding hides the fall, the square of the gradient mapping's norm has fallen as the gap has.

    Parameters
    ----------
    run : Run
    row : int
        Of the history.
    gap : float
    """
    objective = np.array(run.history["objective"][: row + 1])
    if not (run.certificate is None or _is_told_by(objective, gap, run)):
        norm = np.array(run.history["gradient_norm"][: row + 1])
        return gap * (norm / norm[-1]) ** 2 if norm[-1] > 0 else None
    return objective - objective[-1] + gap


def _is_told_by(objective, gap, run):
    rounding = run.objective.rounding * abs(float(objective[-1]))
    return run.objective.output_shape == () and gap > 10 * rounding
