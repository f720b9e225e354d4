"""The data of a loss curve, from the history of a fit or of a call to `minimize`."""

import math
from collections.abc import Mapping
from numbers import Real
from typing import Literal, NamedTuple, TypeAlias, get_args

import numpy as np

from gdregress._minimize.outcome import STATUS
from gdregress._solver.history import History
from gdregress.plotting._loss_curve.held_out import check_validation, held_out_losses
from gdregress.plotting._shared.arguments import check_choice
from gdregress.plotting._shared.estimators import by_label, final_estimator, fitted_estimator
from gdregress.plotting._shared.least_objective import least_objective, smallest

XAxis: TypeAlias = Literal["epoch", "update", "second"]
YAxis: TypeAlias = Literal[
    "objective",
    "loss",
    "gradient_norm",
    "gap",
    "learning_rate",
    "validation_score",
    "validation_loss",
]
# Columns of the history, where they are not called like the quantity on the axis.
COLUMNS = {"update": "t", "second": "seconds", "gap": "objective"}
# Gaps smaller than this multiple of the objective are the rounding of its sum.
ROUNDING = 8 * float(np.finfo(float).eps)


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
    n_drawn : int or None, default=None
        Count of the first points that are drawn; None draws all.
    held_out : ndarray of shape (2, n_points) or None, default=None
        Points of the curve of the loss on other rows.
    """

    label: str
    x: np.ndarray
    y: np.ndarray
    validation: np.ndarray | None = None
    stop_reason: str | None = None
    last_epoch: int | None = None
    unit: str = "epoch"
    n_drawn: int | None = None
    held_out: np.ndarray | None = None

    @property
    def shown(self) -> tuple[np.ndarray, np.ndarray]:
        """The points that are drawn."""
        return self.x[: self.n_drawn], self.y[: self.n_drawn]


def read_curves(sources, x, y, best, validation=None):
    """The parameters of a `LossCurveDisplay`, as keyword arguments.

    Parameters
    ----------
    sources : dict of label to estimator or OptimizeResult
    x : XAxis
    y : YAxis
    best : float or None
        The least objective, for the gap; None is estimated.
    validation : tuple of X, y and possibly weights, or None
        Other rows, on which the loss is drawn too.
    """
    check_choice("y", y, get_args(YAxis))
    check_choice("x", x, get_args(XAxis))
    _check_best(best, y)
    sources = by_label(sources)
    curves = [_read_curve(label, source, x, y) for label, source in sources.items()]
    if validation is not None:
        check_validation(validation, y)
        losses = [held_out_losses(s, COLUMNS.get(x, x), validation) for s in sources.values()]
        curves = [c._replace(held_out=own) for c, own in zip(curves, losses, strict=True)]
    how = "known"
    if y == "gap" and best is None:
        best, how = least_objective([_history(source) for source in sources.values()])
    if best is not None:
        curves = [curve._replace(y=_above(best, curve.y)) for curve in curves]
    if how == "seen":
        curves = _without_ends(curves)
    scaled = any(not isinstance(source, Mapping) for source in sources.values())
    return {"curves": curves, "best": best, "best_is": how, "scaled_columns": scaled}


def _above(best, objectives):
    """Gaps, of which those smaller than their rounding are as large."""
    gaps, rounding = objectives - best, ROUNDING * abs(best)
    return np.where(abs(gaps) < rounding, rounding, gaps)


def _without_ends(curves):
    """Leave out the points closer to the best seen than its run was halfway.

    What that run has left is of their size, so that the curves would dive towards it.
    """
    lowest = min((curve.y for curve in curves), key=smallest)
    gained = lowest[len(lowest) // 2]
    ends = [len(curve.y) - int(np.argmax(curve.y[::-1] >= gained)) for curve in curves]
    drawn = [end if end < len(curve.y) else None for curve, end in zip(curves, ends, strict=True)]
    return [curve._replace(n_drawn=n) for curve, n in zip(curves, drawn, strict=True)]


def _read_curve(label, source, x, y):
    history, reason = _history(source)
    steps = isinstance(source, Mapping) and history["epoch"] == history["t"]
    if COLUMNS.get(y, y) not in history:
        raise ValueError(
            f"y={y!r} is not in the history of {label!r}, which holds {', '.join(history)}."
            + (" Fit with X_val and y_val." if y.startswith("validation") else "")
        )
    columns = {name: np.asarray(values, dtype=float) for name, values in history.items()}
    along, losses = columns[COLUMNS.get(x, x)], columns.get("validation_loss")
    return LossCurve(
        label=label,
        x=along,
        y=columns[COLUMNS.get(y, y)],
        validation=columns.get("validation_score"),
        stop_reason=reason,
        last_epoch=history["epoch"][-1],
        unit="step" if steps else "epoch",
        held_out=np.array([along, losses]) if y == "loss" and losses is not None else None,
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


def _check_best(best, y):
    if best is None:
        return
    if y != "gap":
        raise ValueError(f"best={best!r} requires y='gap'. Got y={y!r}.")
    if not isinstance(best, Real) or not math.isfinite(best):
        raise ValueError(f"best must be a finite number, the least objective. Got {best!r}.")
