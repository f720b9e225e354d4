"""The coefficients of every epoch, read from the history of a fit."""

from typing import NamedTuple

import numpy as np

from gdregress._utils.array_api import to_numpy
from gdregress.plotting._shared.estimators import (
    checked_target,
    earlier_steps,
    estimator_with_path,
    feature_names,
)
from gdregress.plotting._shared.scale import finite


class CoefficientCourse(NamedTuple):
    """The coefficients of one model after every epoch.

    Parameters
    ----------
    epochs : ndarray of shape (n_epochs + 1,)
        Numbers of the epochs; the first is the start.
    coef : ndarray of shape (n_epochs + 1, n_features)
    intercept : ndarray of shape (n_epochs + 1,) or None
    label : str or None
        None for a single model.
    """

    epochs: np.ndarray
    coef: np.ndarray
    intercept: np.ndarray | None = None
    label: str | None = None

    @property
    def columns(self) -> np.ndarray:
        """The coefficients, then the intercept; NaN where they are not finite."""
        added = [] if self.intercept is None else [self.intercept]
        return finite(np.column_stack([self.coef, *added]))


def read_courses(models, target, reference, intercept):
    """The parameters of a `CoefficientPathDisplay`, as keyword arguments.

    Parameters
    ----------
    models : dict of label to fitted estimator or Pipeline
    target : int or None
        Row of ``coef_``.
    reference : array-like or None
    intercept : bool

    Raises
    ------
    ValueError
        If the coefficients of the models belong to different columns.
    """
    read = [_read_course(k, model, target, intercept) for k, model in models.items()]
    names = {label: feature_names(model) for label, model in models.items()}
    columns = next(iter(names.values()))
    for label, each in names.items():
        if each != columns:
            raise ValueError(
                f"All estimators must have coefficients of the same columns, but {label!r} has "
                f"{each[:5]} ... and the first {columns[:5]} ...."
            )
    return {
        "courses": [course for course, _ in read],
        "feature_names": columns,
        "reference": _checked_reference(reference, len(columns), intercept),
        "coefficient_name": read[0][1],
    }


def _read_course(label, model, target, intercept):
    """The course of a model, and the name of its coefficients."""
    estimator = estimator_with_path(model)
    history = estimator.history_
    coef = np.stack([np.atleast_2d(to_numpy(coef)) for coef in history.coef]).astype(float)
    intercepts = np.stack([np.atleast_1d(to_numpy(b)) for b in history.intercept]).astype(float)
    classes = getattr(estimator, "classes_", None)
    what = "targets" if classes is None else f"classes {to_numpy(classes).tolist()}"
    row = checked_target(target, coef.shape[1], what)
    course = CoefficientCourse(
        # early calls to partial_fit may have run with store_path=False
        epochs=np.asarray(history["epoch"][-len(coef) :]),
        coef=coef[:, row],
        intercept=intercepts[:, row] if intercept else None,
        label=label,
    )
    name = "coefficient" + (" of the transformed columns" if earlier_steps(model) else "")
    if coef.shape[1] > 1:
        name += f", target {row}" if classes is None else f", class {to_numpy(classes)[row]}"
    return course, name


def _checked_reference(reference, n_features, intercept):
    if reference is None:
        return None
    reference = np.asarray(to_numpy(reference), dtype=float)
    shapes = [(n_features,)] + [(n_features + 1,)] * bool(intercept)
    if reference.shape not in shapes or not np.isfinite(reference).all():
        raise ValueError(
            "reference must hold finite numbers in the shape "
            f"{' or '.join(map(str, shapes))}. Got shape {reference.shape}."
        )
    return reference
