"""The coefficients of every epoch, read from the history of a fit."""

from numbers import Integral

import numpy as np

from gdregress._utils.array_api import to_numpy
from gdregress.plotting._shared.estimators import earlier_steps, feature_names, fitted_estimator
from gdregress.plotting._shared.stored_path import check_stored


def coefficients_by_label(models, target, reference, intercept):
    """The parameters of a `CoefficientPathDisplay` of models by label, as keyword arguments.

    Raises
    ------
    ValueError
        If their coefficients belong to different columns.
    """
    read = {str(k): read_coefficients(m, target, reference, intercept) for k, m in models.items()}
    first = next(iter(read.values()))
    for label, each in read.items():
        if each["feature_names"] != first["feature_names"]:
            raise ValueError(
                f"All estimators must have coefficients of the same columns, but {label!r} has "
                f"{each['feature_names'][:5]} ... and the first {first['feature_names'][:5]} ...."
            )
    by_label = {
        name: {label: each[name] for label, each in read.items()}
        for name in ("epochs", "coef", "intercept")
    }
    return {**first, **by_label}


def read_coefficients(model, target, reference, intercept):
    """The parameters of a `CoefficientPathDisplay` of one model.

    Parameters
    ----------
    model : fitted estimator or Pipeline
    target : int or None
        Row of ``coef_``.
    reference : array-like or None
    intercept : bool
    """
    estimator = fitted_estimator(model)
    check_stored(estimator)
    history = estimator.history_
    coef = np.stack([np.atleast_2d(to_numpy(coef)) for coef in history.coef]).astype(float)
    intercepts = np.stack([np.atleast_1d(to_numpy(b)) for b in history.intercept]).astype(float)
    _, n_targets, n_features = coef.shape
    row = _checked_target(target, n_targets, estimator)
    return {
        # early calls to partial_fit may have run with store_path=False
        "epochs": np.asarray(history["epoch"][-len(coef) :]),
        "coef": coef[:, row],
        "feature_names": feature_names(model),
        "intercept": intercepts[:, row] if intercept else None,
        "reference": _checked_reference(reference, n_features, intercept),
        "coefficient_name": _name(model, estimator, row, n_targets),
    }


def _checked_target(target, n_targets, estimator):
    """The row of ``coef_`` to draw."""
    if n_targets == 1 and target is None:
        return 0
    if isinstance(target, Integral) and 0 <= target < n_targets:
        return int(target)
    classes = getattr(estimator, "classes_", None)
    which = "targets" if classes is None else f"classes {to_numpy(classes).tolist()}"
    raise ValueError(
        f"target must be the number of one of the {n_targets} {which}, from 0 to "
        f"{n_targets - 1}. Got {target!r}."
    )


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


def _name(model, estimator, row, n_targets):
    """The label of the vertical axis."""
    name = "coefficient"
    if earlier_steps(model) is not None:
        name += " of the transformed columns"
    if n_targets > 1:
        classes = getattr(estimator, "classes_", None)
        name += f", target {row}" if classes is None else f", class {to_numpy(classes)[row]}"
    return name
