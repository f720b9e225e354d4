"""The user's table: scikit-learn's checks of it, and errors that name column, row and cure."""

from collections.abc import Iterator, Mapping, Sequence, Set

import numpy as np
from scipy import sparse
from sklearn.utils.validation import check_array, validate_data

from gdregress._estimator.input.classes import missing_rows
from gdregress._utils.array_api import namespace, to_numpy
from gdregress._utils.sklearn_versions import check_sample_weight
from gdregress._utils.sources import advice_for_source

MOST_NAMED = 5
ENCODE = (
    "encode text and categories, for instance with make_column_transformer((OneHotEncoder(), {}), "
    "remainder='passthrough') in a pipeline"
)
WEIGHTS = "Weights are finite and at least 0; 0 leaves a row out."
COUNT = "turn dates into numbers, such as days since the first of them, or encode their parts"


def checked_table(estimator, X, *target, **checks):
    """X, and y if it is given, as scikit-learn's `validate_data` returns them.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    X : table
    *target : (y,) or nothing
    **checks
        Of `validate_data`.

    Raises
    ------
    TypeError
        For what is no table.
    ValueError
        For columns that are no numbers.
    """
    refuse_what_is_no_table(X)
    refuse_types(X, "X")
    if target:
        refuse_what_is_no_target(X, *target)
        if checks.get("y_numeric"):
            refuse_types(target[0], "y")
            refuse_missing_objects(target[0])
    try:
        named = {"y": target[0]} if target else {}
        return validate_data(estimator, X, **named, **checks)
    except (TypeError, ValueError) as error:
        message = (
            _rows_text(X)
            or _columns_text(X)
            or _names_text(error)
            or _target_text(error, checks, *target)
            or _width_text(error, *target)
        )
        if not message:
            raise
        if isinstance(error, TypeError):  # whose words scikit-learn's checks ask for
            raise TypeError(f"{message} NumPy says: {error}.") from error
        raise ValueError(message) from error


def refuse_what_is_no_table(X):
    """Raise TypeError, with advice, for an object that NumPy would wrap as a single one."""
    kind = type(X).__name__
    if hasattr(X, "collect") and not hasattr(X, "__array__"):
        raise TypeError(f"X is a {kind}, which holds no rows yet. Pass X.collect().")
    if isinstance(X, (str, bytes)):
        raise TypeError(
            f"X is text, {X[:40]!r}, and no table. Read a file first, for instance with "
            "pandas.read_csv."
        )
    if isinstance(X, Mapping) and not sparse.issparse(X):  # DOK is one
        raise TypeError(f"X is a {kind}, and no table. Pass pandas.DataFrame(X).")
    if X is None:
        raise TypeError("X is None. Pass an array, a frame or a sparse matrix with one row each.")
    if (advice := advice_for_source(X)) is not None:
        raise TypeError(advice)


def refuse_what_is_no_target(X, y):
    """Raise TypeError, with advice, for a sparse y and for what is no array of targets."""
    if sparse.issparse(y):
        flat = ".ravel()" if y.ndim == 2 and y.shape[1] == 1 else ""
        raise TypeError(
            f"y is a sparse matrix of shape {y.shape}, and targets are dense. Pass "
            f"y.toarray(){flat}."
        )
    if isinstance(y, (str, bytes)):
        raise TypeError(
            f"y is text, {y[:40]!r}, and no targets. If it is a column of X, pass its values, "
            f"X[{y[:40]!r}], and X without it."
        )
    if isinstance(y, (Set, Mapping, Iterator)):
        raise TypeError(
            f"y is a {type(y).__name__}, and no targets in the order of the rows. Pass a list or "
            "an array, one target for each row of X."
        )
    shapes = getattr(X, "shape", ()), getattr(y, "shape", ())
    if [len(shape) for shape in shapes] == [1, 2] and shapes[0][0] == shapes[1][0]:
        raise ValueError(
            f"X has the shape {tuple(shapes[0])} and y {tuple(shapes[1])}. The order of the "
            "arguments is (X, y), X being the table. Reshape your data if X is a single column."
        )


def refuse_missing_objects(y):
    """Raise ValueError naming the first target that is None, NaN or another mark of none."""
    is_list = isinstance(y, Sequence) and any(value is None for value in y)
    if is_list or getattr(y, "dtype", None) == np.dtype(object):
        missing = missing_rows(y)
        if missing.size:
            raise ValueError(
                f"Input y contains NaN. The first is y[{missing[0]}], and there are "
                f"{missing.size}. Remove those rows."
            )


def refuse_types(table, name):
    """Raise ValueError for complex numbers, and for dates, which NumPy turns into nanoseconds."""
    types = _types_of(table)
    fields = getattr(getattr(table, "dtype", None), "names", None)
    if fields:
        raise TypeError(
            f"{name} is a structured array with the fields {', '.join(fields)}. Pass "
            f"pandas.DataFrame({name})."
        )
    hidden = int(np.ma.count_masked(table)) if isinstance(table, np.ma.MaskedArray) else 0
    if hidden:
        raise ValueError(
            f"{name} is a masked array that hides {hidden} values, which would be read as "
            f"numbers. Fill them: {name}.filled(numpy.nan) with SimpleImputer in a pipeline, or "
            "remove those rows."
        )
    dates = [column for column, dtype in types if _is_date(dtype)]
    if dates:
        where = "" if dates == [None] else f" in {_listed(dates)}"
        raise ValueError(f"{name} holds dates or durations{where}: {COUNT}.")
    tensors = [dtype for _, dtype in types if not hasattr(dtype, "kind")]  # not of NumPy, pandas
    if any(str(dtype).endswith("bfloat16") for dtype in tensors):
        raise TypeError(
            f"{name} is of bfloat16, in whose 8 bits descent cannot end. Pass {name}.float()."
        )
    unreal = [dtype for _, dtype in types if getattr(dtype, "kind", "") == "c"]
    if unreal:
        raise ValueError(
            f"Complex data not supported: {name} is of {unreal[0]}. Pass its real part, and its "
            "imaginary part as further columns."
        )


def _types_of(table):
    """Names and types of the columns of a frame; a single one without a name for an array."""
    columns, dtypes = getattr(table, "columns", None), getattr(table, "dtypes", None)
    if columns is not None and dtypes is not None and getattr(table, "ndim", 2) == 2:
        return list(zip(columns, dtypes, strict=False))
    dtype = getattr(table, "dtype", None)
    if dtype is None and isinstance(table, Sequence) and len(table):
        dtype = getattr(table[0], "dtype", None)  # a list of NumPy's dates
    return [] if dtype is None else [(None, dtype)]


def _is_date(dtype):
    is_temporal = getattr(dtype, "is_temporal", None)  # of polars
    return (
        bool(is_temporal()) if callable(is_temporal) else getattr(dtype, "kind", "") in ("m", "M")
    )


def _rows_text(X):
    """Which row of a list is of another length than the first; nothing if all are alike."""
    if not (isinstance(X, Sequence) and X and isinstance(X[0], Sequence)):
        return ""
    lengths = [len(row) if isinstance(row, Sequence) else 0 for row in X]
    other = next((row for row, length in enumerate(lengths) if length != lengths[0]), None)
    if other is None:
        return ""
    return (
        f"The rows of X differ in length: row 0 has {lengths[0]} values and row {other} has "
        f"{lengths[other]}. Give each row one value for every feature."
    )


def _columns_text(X):
    """Return text that names columns without numbers and the cure; empty if none."""
    found = {}
    for name, values in _columns(X):
        worst = _first_that_is_no_number(values)
        if worst is not None:
            found[name] = worst
    if not found:
        return ""
    name, (row, value) = next(iter(found.items()))
    columns = list(found)
    label = repr(name) if isinstance(name, str) else name
    if hasattr(value, "year") or hasattr(value, "days"):
        return f"X holds dates or durations in {_listed(columns)}: {COUNT}."
    return (
        f"X holds what is no number in {_listed(columns)}: row {row} of column {label} is "
        f"{value!r}. Leave it out, or {ENCODE.format(columns[:MOST_NAMED])}."
    )


def _columns(X):
    """Names, or numbers, of the columns of a table of any types, and their values."""
    if sparse.issparse(X):
        return
    names = getattr(X, "columns", None)
    if names is not None and hasattr(X, "dtypes"):
        for name in names:
            yield name, np.asarray(X[name])
        return
    try:
        values = np.asarray(X, dtype=object)
    except (TypeError, ValueError):  # rows of unequal lengths, an array of a device
        return
    if values.ndim == 2:
        yield from enumerate(values.T)


def _first_that_is_no_number(values):
    """Row and value; None if all are numbers, or are marks of a missing one."""
    if values.dtype.kind in "biufc":
        return None
    for row, value in enumerate(values.tolist()):
        if value is None or type(value).__name__ in ("NAType", "NaTType"):
            continue
        try:
            float(value)
        except (TypeError, ValueError):
            return row, value
    return None


def _names_text(error):
    """Return scikit-learn's message on other columns than those of `fit`, with the cure."""
    text = str(error).strip()
    if "feature names" in text and "fit" in text:
        return f"{text}\nPass the columns of fit, in their order: X[model.feature_names_in_]."
    return ""


def _target_text(error, checks, y=None):
    """What is wrong with which target; nothing if it is something else."""
    if "Input y contains" in str(error):
        return f"{str(error).splitlines()[0]}{_where_missing('y', y)} Remove those rows."
    return _label_text(y) if checks.get("y_numeric") else ""


def _where_missing(name, values):
    """Where the first value is that is not finite; nothing if only fewer digits make it so."""
    values = np.asarray(values, dtype=object).ravel()
    missing = [row for row, value in enumerate(values) if not _is_finite(value)]
    if not missing:
        return ""
    return f" The first is {name}[{missing[0]}], and there are {len(missing)}."


def _width_text(error, y=None):
    """What to pass instead of labels in more than one column; nothing if it is something else."""
    text = str(error)
    if "y should be a 1d array" not in text or getattr(y, "ndim", 1) != 2:
        return ""
    return (
        f"{text.rstrip('.')}. Of one-hot columns pass y.argmax(axis=1); other labels "
        "in several columns are for MultiOutputClassifier."
    )


def _label_text(y):
    """Which target is no number; nothing if all are."""
    worst = _first_that_is_no_number(np.asarray(y, dtype=object).ravel())
    if worst is None:
        return ""
    row, value = worst
    return f"y holds what is no number: y[{row}] is {value!r}. Use GDClassifier for labels."


def checked_target(y, dtype):
    """Targets beside predictions as numbers of their type; errors say in which row."""
    try:
        return check_array(y, ensure_2d=False, dtype=dtype, input_name="y")
    except ValueError as error:
        text = _target_text(error, {}, to_numpy(y))
        raise ValueError(text or str(error)) from error


def refuse_labels(y):
    """Raise ValueError for a y of text that does not read as numbers."""
    text = _label_text(y) if getattr(y.dtype, "kind", "") in ("U", "S") else ""
    if text:
        raise ValueError(text)


def _is_finite(value):
    try:
        return bool(np.isfinite(float(value)))
    except (TypeError, ValueError):
        return False


def checked_weights(sample_weight, X, all_zero=False):
    """Weights of the rows as scikit-learn returns them, of the type of X.

    Parameters
    ----------
    sample_weight : array-like
    X : array
    all_zero : bool, default=False
        Whether no row needs to have a weight.
    """
    refuse_types(sample_weight, "sample_weight")
    try:
        weights = check_sample_weight(sample_weight, X)
    except (TypeError, ValueError) as error:
        text = str(error).splitlines()[0].rstrip(".") + "."
        if "sample_weight contains" in text:
            where = _where_missing("sample_weight", sample_weight)
            raise ValueError(f"{text}{where} {WEIGHTS}") from error
        text = text if "sample_weight" in text else f"sample_weight must be numbers: {text}"
        raise ValueError(f"{text} There must be one for each of the {X.shape[0]} rows.") from error
    xp = namespace(weights)
    if bool(xp.any(weights < 0)):
        row = int(np.argmax(to_numpy(weights) < 0))
        raise ValueError(
            "Negative values in data passed to `sample_weight`: the first is "
            f"sample_weight[{row}] = {float(weights[row])}. {WEIGHTS}"
        )
    if not all_zero and not bool(xp.any(weights > 0)):
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return weights


def _listed(names):
    named = [repr(name) if isinstance(name, str) else str(name) for name in names[:MOST_NAMED]]
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    kind = "column" if len(names) == 1 else "columns"
    return f"{kind} {', '.join(named)}{more}"
