"""The data of a loss curve, from the history of a fit or of a call to `minimize`."""

import math
from collections.abc import Mapping
from numbers import Real
from typing import NamedTuple

import numpy as np
from scipy.optimize import OptimizeResult

from gdregress._minimize.outcome import STATUS
from gdregress._solver.history import History
from gdregress.plotting._shared.estimators import final_estimator, fitted_estimator

# Columns of the history, by the name of the quantity on the axis.
X_COLUMNS = {"epoch": "epoch", "update": "t", "second": "seconds"}
Y_COLUMNS = {
    "objective": "objective",
    "loss": "loss",
    "gradient_norm": "gradient_norm",
    "gap": "objective",
}


class LossCurve(NamedTuple):
    """The curve of one descent, of this package or another.

    Parameters
    ----------
    label : str
        Name in the legend.
    x, y : ndarray of shape (n_epochs + 1,)
        Points of the curve; the first point is the start.
    validation : ndarray of shape (n_epochs + 1,) or None, default=None
        Score on the rows held out by early stopping.
    stop_reason : str or None, default=None
        Reason for the end of the run, which the legend states; None omits it.
    last_epoch : int or None, default=None
        Epoch in which the run ended.
    unit : {"epoch", "step"}, default="epoch"
        Passes over the data, or steps on a function without rows.
    """

    label: str
    x: np.ndarray
    y: np.ndarray
    validation: np.ndarray | None = None
    stop_reason: str | None = None
    last_epoch: int | None = None
    unit: str = "epoch"


def read_curves(sources, x, y, best):
    """The curves of some descents, and the objective from which their gaps are measured.

    Parameters
    ----------
    sources : dict of label to estimator or OptimizeResult
    x : key of `X_COLUMNS`
    y : key of `Y_COLUMNS`
    best : float or None
        The least objective, for the gap; None is estimated.
    """
    _check_choice("y", y, Y_COLUMNS)
    _check_choice("x", x, X_COLUMNS)
    _check_best(best, y)
    _check_dict(sources)
    curves = [_read_curve(label, source, x, y) for label, source in sources.items()]
    if y == "gap":
        best = _estimated_best(sources.values(), curves) if best is None else float(best)
        curves = [curve._replace(y=curve.y - best) for curve in curves]
    return curves, best


def _read_curve(label, source, x, y):
    history, reason = _history(source)
    scores = history.get("validation_score")
    steps = isinstance(source, Mapping) and history["epoch"] == history["t"]
    return LossCurve(
        label=str(label),
        x=np.asarray(history[X_COLUMNS[x]], dtype=float),
        y=np.asarray(history[Y_COLUMNS[y]], dtype=float),
        validation=None if scores is None else np.asarray(scores, dtype=float),
        stop_reason=reason,
        last_epoch=history["epoch"][-1],
        unit="step" if steps else "epoch",
    )


def name_of(source):
    """The default label of a curve."""
    return "minimize" if isinstance(source, Mapping) else type(final_estimator(source)).__name__


def _history(source):
    """The history of a source, and the reason for the end of its run."""
    if isinstance(source, Mapping):
        return _history_of_result(source)
    estimator = fitted_estimator(source)
    history, reason = estimator.history_, estimator.stop_reason_
    if reason == "plateau" and estimator.early_stopping:
        reason = "early stopping"
    if reason == "max_iter" and len(history) - 1 != estimator.max_iter:
        reason = "last epoch"  # partial_fit runs one epoch at a time
    return history, reason


def _history_of_result(result):
    """The history of an OptimizeResult, which is a dict, and the reason for its end."""
    history = result.get("history")
    if not isinstance(history, History):
        raise TypeError(
            f"A loss curve needs the history of every epoch, which this {type(result).__name__} "
            "does not have. Pass the result of gdregress.minimize or a fitted estimator; "
            "from_estimators takes a dict of them by label."
        )
    return history, {status: reason for reason, status in STATUS.items()}[result["status"]]


def _estimated_best(sources, curves):
    """The least objective: what the run that came closest has left, by its history, below its end.

    The smallest objective seen where no history knows; it is never above that.
    """
    ends = [_history(source)[0].row(-1) for source in sources]
    known = [row for row in ends if row["gap"] is not None and math.isfinite(row["gap"])]
    seen = min(map(_smallest, curves))
    if not known:
        return seen
    closest = min(known, key=lambda row: row["gap"])
    return min(seen, closest["objective"] - closest["gap"])


def _smallest(curve):
    return np.min(curve.y, where=np.isfinite(curve.y), initial=math.inf)


def _check_choice(name, choice, choices):
    if choice not in choices:
        known = ", ".join(map(repr, choices))
        raise ValueError(f"{name} must be one of {known}. Got {choice!r}.")


def _check_best(best, y):
    if best is None:
        return
    if y != "gap":
        raise ValueError(f"best={best!r} requires y='gap'. Got y={y!r}.")
    if not isinstance(best, Real) or not math.isfinite(best):
        raise ValueError(f"best must be a finite number, the least objective. Got {best!r}.")


def _check_dict(estimators):
    if not isinstance(estimators, Mapping) or isinstance(estimators, OptimizeResult):
        raise TypeError(
            'from_estimators takes a dict such as {"batch": batch, "stochastic": stochastic}. '
            f"Got {type(estimators).__name__}; from_estimator takes a single estimator."
        )
    if not estimators:
        raise ValueError("from_estimators needs at least one estimator. Got an empty dict.")
