"""The data of a picture of a fit: the rows, and the model's predictions between them."""

from collections.abc import Mapping
from numbers import Integral

import numpy as np
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from gdregress._utils.array_api import asarray, input_namespace, to_numpy
from gdregress.plotting._fit.predictions import response

# Length of the lines beyond the data on either side, as a share of the range of the data.
BEYOND = 0.05
# Distance between the rows of points of three or more classes, as a share of the curves' height.
ROW = 0.06


def fit_data(model, X, y, target, reference, n_points):
    """The parameters of a `FitDisplay`, and the X at which it predicts."""
    check_is_fitted(model)
    check_consistent_length(X, y)
    columns = _shape_of(X)[1]
    if is_classifier(model) and columns > 1:
        raise ValueError(
            f"FitDisplay draws classifiers of one feature, and X has {columns}. Use "
            "sklearn.inspection.DecisionBoundaryDisplay for two, or "
            "sklearn.metrics.ConfusionMatrixDisplay for any number."
        )
    values = _numbers_of(X) if columns == 1 else None
    if is_classifier(model):
        if values is None:
            raise ValueError("FitDisplay draws classifiers of one feature of numbers.")
        _no_reference(reference)
        return _of_classes(model, X, values, y, n_points)
    y, name, target = _target_of(y, target)
    if values is None:
        _no_reference(reference)
        predicted = response(model, X, target)[0]
        labels = {"xlabel": f"actual {name}", "ylabel": f"predicted {name}"}
        return {"kind": "predicted", "x": y, "y": predicted, **labels}, X
    grid, grid_X = _grid(X, values, n_points)
    data = {
        "kind": "line",
        "x": values,
        "y": y,
        "grid": grid,
        "lines": response(model, grid_X, target),
        "line_labels": ["fit"],
        "references": _references(reference, grid),
        "xlabel": _column_name(model, X),
        "ylabel": name,
    }
    return data, grid_X


def _of_classes(model, X, values, y, n_points):
    classes = to_numpy(model.classes_)
    codes = _codes(to_numpy(y).ravel(), classes)
    grid, grid_X = _grid(X, values, n_points)
    lines = response(model, grid_X)
    is_probability = hasattr(model, "predict_proba")
    names = [str(name) for name in classes]
    if len(classes) == 2:
        heights = np.array([0.0, 1.0] if is_probability else [-1.0, 1.0])
        line_labels = [f"P({names[1]})" if is_probability else f"above 0: {names[1]}"]
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
        "xlabel": _column_name(model, X),
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
    """The values of one target, its name and its number."""
    name = getattr(y, "name", None)
    values = to_numpy(y).astype(float)
    if values.ndim == 1 or values.shape[1] == 1:
        return values.ravel(), "y" if name is None else str(name), 0
    n_targets = values.shape[1]
    if not isinstance(target, Integral) or not 0 <= target < n_targets:
        raise ValueError(
            f"target must be the number of one of the {n_targets} targets, from 0 to "
            f"{n_targets - 1}. Got {target!r}."
        )
    names = getattr(y, "columns", [f"y{k}" for k in range(n_targets)])
    return values[:, target], str(names[target]), int(target)


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
