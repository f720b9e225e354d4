"""The data of a picture of a fit: the rows, and the model's predictions between them."""

from collections.abc import Mapping

import numpy as np
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from gdregress._utils.array_api import asarray, input_namespace, to_numpy
from gdregress.plotting._fit.predictions import ResponsesByEpoch, response
from gdregress.plotting._shared.arguments import check_count
from gdregress.plotting._shared.estimators import checked_target, fitted_estimator, has_path

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
    check_count("n_points", n_points, 2)
    n_rows, n_columns = _shape_of(X)
    if n_rows > MOST:
        rows = np.sort(np.random.default_rng(0).choice(n_rows, MOST, replace=False))
        X, y = _safe_indexing(X, rows), _safe_indexing(y, rows)
    kinds = {is_classifier(model) for model in models.values()}
    if len(kinds) > 1:
        raise ValueError("Draw classifiers and regressors on different axes.")
    values, is_class = _numbers_of(X) if n_columns == 1 else None, kinds == {True}
    if reference is not None and (is_class or values is None):
        raise ValueError(
            "reference needs a regressor of one feature, whose line it is compared with."
        )
    if is_class:
        _check_classes(models, n_columns, values)
        y, name, target = to_numpy(y).ravel(), "", None
    else:
        y, name, target = _target_of(y, target)
    grid, shown = (np.empty(0), X) if values is None else _grid(X, values, n_points)
    if is_class:
        data = _of_classes(models, shown, y)
    elif values is None:
        data = _predicted(models, shown, y, name, target)
    else:
        data = _of_line(models, shown, y, name, target, reference, grid)
    if values is not None:
        first = next(iter(models.values()))
        data |= {"x": values, "grid": grid, "xlabel": _column_name(first, X)}
    by_epoch = ()
    if all(has_path(model) for model in models.values()):
        by_epoch = ResponsesByEpoch(list(models.values()), shown, target)
    return {**data, "by_epoch": by_epoch, "n_rows": n_rows}


def _check_classes(models, n_columns, values):
    if n_columns > 1:
        raise ValueError(
            f"FitDisplay draws classifiers of one feature, and X has {n_columns}. Use "
            "sklearn.inspection.DecisionBoundaryDisplay for two, or "
            "sklearn.metrics.ConfusionMatrixDisplay for any number."
        )
    if values is None:
        raise ValueError("FitDisplay draws classifiers of one feature of numbers.")
    classes = [to_numpy(model.classes_) for model in models.values()]
    if len(models) > 1 and len(classes[0]) > 2:
        raise ValueError(
            f"Classifiers on one picture must have two classes. Got {len(classes[0])}: draw each "
            "with from_estimator."
        )
    if not all(np.array_equal(classes[0], other) for other in classes):
        raise ValueError("Classifiers on one picture must have the same classes.")
    if len({hasattr(model, "predict_proba") for model in models.values()}) > 1:
        raise ValueError("Either all or none of the classifiers must have predict_proba.")


def _predicted(models, X, y, name, target):
    labels, lines = _lines(models, X, target)
    data = {"kind": "predicted", "x": np.tile(y, len(lines)), "y": lines.ravel()}
    if len(lines) > 1:
        data |= {"groups": np.repeat(np.arange(len(lines)), len(y)), "group_labels": labels}
    return {**data, "xlabel": f"actual {name}", "ylabel": f"predicted {name}"}


def _of_line(models, X, y, name, target, reference, grid):
    labels, lines = _lines(models, X, target)
    drawn = {"lines": lines, "line_labels": labels, "references": _references(reference, grid)}
    return {"kind": "line", "y": y, "ylabel": name, **drawn}


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


def _of_classes(models, X, y):
    first = next(iter(models.values()))
    classes = to_numpy(first.classes_)
    codes, names = _codes(y, classes), [str(name) for name in classes]
    lines = np.vstack([response(model, X) for model in models.values()])
    is_probability = hasattr(first, "predict_proba")
    threshold = None
    if len(classes) == 2:
        threshold = 0.5 if is_probability else 0.0
        heights = np.array([0.0, 1.0] if is_probability else [-1.0, 1.0])
        line_labels = [f"P({names[1]})" if is_probability else f"above 0: {names[1]}"]
        if len(models) > 1:
            line_labels = [f"{line_labels[0]}, {label}" for label in models]
    else:
        low, high = (0.0, 1.0) if is_probability else (lines.min(), lines.max())
        heights = low - ROW * (high - low) * (1 + np.arange(len(classes)))
        line_labels = [f"P({name})" for name in names] if is_probability else names
    return {
        "kind": "classes",
        "y": heights[codes],
        "groups": codes,
        "group_labels": names,
        "lines": lines,
        "line_labels": line_labels,
        "threshold": threshold,
        "ylabel": "probability" if is_probability else "decision function",
    }


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
    low, high = values.min(), values.max()
    margin = BEYOND * (high - low) or 0.5
    grid = np.linspace(low - margin, high + margin, n_points)
    if hasattr(X, "columns"):  # the model checks the column names of a pandas or polars frame
        return grid, type(X)({X.columns[0]: grid})
    xp, device = input_namespace(X)
    dtype = None if xp is np else X.dtype
    return grid, asarray(grid[:, None], xp, device, dtype=dtype)


def _column_name(model, X):
    return str(getattr(X, "columns", getattr(model, "feature_names_in_", ["x0"]))[0])


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


def _references(reference, grid):
    """The reference functions at the positions of the grid, by label."""
    if reference is None:
        return {}
    functions = reference if isinstance(reference, Mapping) else {"reference": reference}
    for function in functions.values():
        if not callable(function):
            raise TypeError(
                "reference must be a function of x, such as lambda x: 2 * x + 1, or a dict of "
                f"them by label. Got {type(function).__name__}."
            )
    lines = {str(label): np.asarray(f(grid), dtype=float) for label, f in functions.items()}
    return {label: np.broadcast_to(line, grid.shape) for label, line in lines.items()}
