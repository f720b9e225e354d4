"""The data of a picture of a fit: the rows, and the model's predictions between them."""

from collections.abc import Mapping
from numbers import Integral

import numpy as np
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from gdregress._utils.array_api import asarray, input_namespace, to_numpy
from gdregress.plotting._fit.predictions import ResponseByEpoch, StackedResponses, response
from gdregress.plotting._shared.estimators import checked_target, fitted_estimator
from gdregress.plotting._shared.stored_path import has_path

# Length of the lines beyond the data on either side, as a share of the range of the data.
BEYOND = 0.05
# Distance between the rows of points of three or more classes, as a share of the curves' height.
ROW = 0.06
# Most rows that are drawn, the same random choice each time.
MOST = 10_000


def fit_data(models, X, y, target, reference, n_points):
    """The parameters of a `FitDisplay` of models by label, as keyword arguments.

    Raises
    ------
    ValueError
        If the models cannot be drawn on these data, or not on one picture.
    """
    for model in models.values():
        check_is_fitted(model)
    check_consistent_length(X, y)
    columns, n_rows = _shape_of(X)[1], _shape_of(X)[0]
    if n_rows > MOST:
        rows = np.sort(np.random.default_rng(0).choice(n_rows, MOST, replace=False))
        X, y = _safe_indexing(X, rows), _safe_indexing(y, rows)
    kinds = {is_classifier(model) for model in models.values()}
    if len(kinds) > 1:
        raise ValueError("Draw classifiers and regressors on different axes.")
    values = _numbers_of(X) if columns == 1 else None
    if kinds == {True}:
        _check_classes(models, columns, values)
        _no_reference(reference)
        data, shown = _of_classes(models, X, values, y, n_points)
    elif values is None:
        _no_reference(reference)
        data, shown, target = _predicted(models, X, y, target)
    else:
        data, shown, target = _of_line(models, X, values, y, target, reference, n_points)
    by_epoch = ()
    if all(has_path(model) for model in models.values()):
        runs = [ResponseByEpoch(model, shown, target) for model in models.values()]
        by_epoch = runs[0] if len(runs) == 1 else StackedResponses(runs)
    return {**data, "by_epoch": by_epoch, "n_rows": n_rows}


def _check_classes(models, columns, values):
    if columns > 1:
        raise ValueError(
            f"FitDisplay draws classifiers of one feature, and X has {columns}. Use "
            "sklearn.inspection.DecisionBoundaryDisplay for two, or "
            "sklearn.metrics.ConfusionMatrixDisplay for any number."
        )
    if values is None:
        raise ValueError("FitDisplay draws classifiers of one feature of numbers.")
    first = next(iter(models.values())).classes_
    if len(models) > 1 and len(first) > 2:
        raise ValueError(
            f"Classifiers on one picture must have two classes. Got {len(first)}: draw each with "
            "from_estimator."
        )
    if any(not np.array_equal(to_numpy(m.classes_), to_numpy(first)) for m in models.values()):
        raise ValueError("Classifiers on one picture must have the same classes.")


def _predicted(models, X, y, target):
    y, name, target = _target_of(y, target)
    labels, lines = _lines(models, X, target)
    data = {"kind": "predicted", "x": np.tile(y, len(lines)), "y": lines.ravel()}
    if len(lines) > 1:
        data |= {"groups": np.repeat(np.arange(len(lines)), len(y)), "group_labels": labels}
    return {**data, "xlabel": f"actual {name}", "ylabel": f"predicted {name}"}, X, target


def _of_line(models, X, values, y, target, reference, n_points):
    y, name, target = _target_of(y, target)
    grid, grid_X = _grid(X, values, n_points)
    labels, lines = _lines(models, grid_X, target)
    data = {
        "kind": "line",
        "x": values,
        "y": y,
        "grid": grid,
        "lines": lines,
        "line_labels": labels,
        "references": _references(reference, grid),
        "xlabel": _column_name(next(iter(models.values())), X),
        "ylabel": name,
    }
    return data, grid_X, target


def _lines(models, X, target):
    """Predictions of regressors, and their names: those of the models, or of their quantiles."""
    labels, lines = [], []
    for label, model in models.items():
        lines.append(response(model, X, target))
        names = [label]
        if len(lines[-1]) > 1:
            prefix = "" if len(models) == 1 else f"{label}, "
            quantiles = fitted_estimator(model)._loss.quantile
            names = [f"{prefix}quantile {quantile:g}" for quantile in to_numpy(quantiles)]
        labels += names
    return labels, np.vstack(lines)


def _of_classes(models, X, values, y, n_points):
    first = next(iter(models.values()))
    classes = to_numpy(first.classes_)
    codes = _codes(to_numpy(y).ravel(), classes)
    grid, grid_X = _grid(X, values, n_points)
    lines = np.vstack([response(model, grid_X) for model in models.values()])
    is_probability = all(hasattr(model, "predict_proba") for model in models.values())
    if not is_probability and any(hasattr(model, "predict_proba") for model in models.values()):
        raise ValueError("Either all or none of the classifiers must have predict_proba.")
    names = [str(name) for name in classes]
    if len(classes) == 2:
        heights = np.array([0.0, 1.0] if is_probability else [-1.0, 1.0])
        line_labels = [f"P({names[1]})" if is_probability else f"above 0: {names[1]}"]
        if len(models) > 1:
            line_labels = [f"{line_labels[0]}, {label}" for label in models]
    else:
        low, high = (0.0, 1.0) if is_probability else (lines.min(), lines.max())
        heights = low - ROW * (high - low) * (1 + np.arange(len(classes)))
        line_labels = [f"P({name})" for name in names] if is_probability else names
    data = {
        "kind": "classes",
        "x": values,
        "y": heights[codes],
        "groups": codes,
        "group_labels": names,
        "grid": grid,
        "lines": lines,
        "line_labels": line_labels,
        "threshold": (0.5 if is_probability else 0.0) if len(classes) == 2 else None,
        "xlabel": _column_name(first, X),
        "ylabel": "probability" if is_probability else "decision function",
    }
    return data, grid_X


def _shape_of(X):
    shape = X.shape if hasattr(X, "shape") else np.shape(X)
    if len(shape) != 2:
        raise ValueError(
            f"X must have the shape (n_samples, n_features). Got {tuple(shape)}: a single "
            "feature is X.reshape(-1, 1)."
        )
    return shape


def _numbers_of(X):
    """The only column of X as floats; None if it does not hold numbers."""
    column = (X.toarray() if sparse.issparse(X) else to_numpy(X))[:, 0]
    return column.astype(float) if column.dtype.kind in "biuf" else None


def _grid(X, values, n_points):
    """Positions over the range of the data, and the same positions in the container of X."""
    if not isinstance(n_points, Integral) or n_points < 2:
        raise ValueError(f"n_points must be an int of at least 2. Got {n_points!r}.")
    low, high = values.min(), values.max()
    margin = BEYOND * (high - low) or 0.5
    grid = np.linspace(low - margin, high + margin, n_points)
    if hasattr(X, "columns"):  # the model checks the column names of a pandas or polars frame
        return grid, type(X)({X.columns[0]: grid})
    xp, device = input_namespace(X)
    dtype = None if xp is np else X.dtype
    return grid, asarray(grid[:, None], xp, device, dtype=dtype)


def _column_name(model, X):
    names = getattr(X, "columns", None)
    if names is None:
        names = getattr(model, "feature_names_in_", ["x0"])
    return str(names[0])


def _target_of(y, target):
    """The values of one target, its name, and its number where there are more."""
    name = getattr(y, "name", None)
    values = to_numpy(y).astype(float)
    if values.ndim == 1 or values.shape[1] == 1:
        return values.ravel(), "y" if name is None else str(name), None
    n_targets = values.shape[1]
    target = checked_target(target, n_targets, "targets")
    names = getattr(y, "columns", [f"y{k}" for k in range(n_targets)])
    return values[:, target], str(names[target]), target


def _codes(labels, classes):
    unknown = sorted(set(labels.tolist()) - set(classes.tolist()), key=str)
    if unknown:
        raise ValueError(
            f"y contains labels that are not among the classes: {unknown}. "
            f"The classes are {classes}."
        )
    return np.searchsorted(classes, labels)


def _no_reference(reference):
    if reference is not None:
        raise ValueError(
            "reference needs a regressor of one feature, whose line it is compared with."
        )


def _references(reference, grid):
    """The reference functions at the positions of the grid, by label."""
    if reference is None:
        return {}
    functions = reference if isinstance(reference, Mapping) else {"reference": reference}
    lines = {}
    for label, function in functions.items():
        if not callable(function):
            raise TypeError(
                "reference must be a function of x, such as lambda x: 2 * x + 1, or a dict of "
                f"them by label. Got {type(function).__name__}."
            )
        line = np.asarray(function(grid), dtype=float)
        lines[str(label)] = np.broadcast_to(line, grid.shape)
    return lines
