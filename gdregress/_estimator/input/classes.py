"""From labels to the numbers that losses understand, and the weights of the classes."""

from collections import Counter

import numpy as np
from sklearn.preprocessing import LabelEncoder
from sklearn.utils.multiclass import unique_labels

from gdregress._utils.array_api import asarray, namespace, to_numpy

# Labels that are looked up at a time.
ENCODED_ROWS = 1 << 16
# Whole numbers that are no farther apart are counted without being sorted.
COUNTED = 1 << 16


def refuse_missing_labels(y):
    """Raise ValueError naming the first label that is None, NaN or another mark of none.

    Parameters
    ----------
    y : array-like
        As the user gave it.
    """
    rows = missing_rows(y)
    if rows.size:
        first = np.asarray(to_numpy(y))[rows[0]]
        raise ValueError(
            f"y contains a missing label: y[{rows[0]}] is {np.ravel(first).tolist()[0]!r}, and "
            f"there are {rows.size}. Remove those rows, or give them a label of their own."
        )


def missing_rows(y):
    """Numbers of the rows of y that hold None, NaN or another mark of a missing value."""
    labels = np.asarray(to_numpy(y))
    if not (labels.ndim and labels.size) or labels.dtype.kind not in "fO":
        return np.array([], dtype=np.intp)
    labels = labels.reshape(len(labels), -1)
    is_missing = labels != labels if labels.dtype.kind == "f" else _missing(labels)
    return np.flatnonzero(is_missing.any(axis=1))


def _missing(labels):
    """Which objects of an array are None, or not equal to themselves."""
    return np.reshape([_is_missing(label) for label in labels.ravel().tolist()], labels.shape)


def _is_missing(label):
    try:
        return label is None or bool(label != label)
    except TypeError:  # pandas.NA, which answers no comparison
        return True
    except ValueError:  # an array, which is no label and is refused as such
        return False


def classes_of(y):
    """The labels that occur, sorted; an error if there is only one."""
    plain = isinstance(y, np.ndarray) and y.dtype.kind in "biuU"
    return check_classes(np.unique(y) if plain else LabelEncoder().fit(y).classes_)


def given_classes(classes, known):
    """The classes of the first call to `partial_fit`, or those known already.

    Parameters
    ----------
    classes : array-like or None
        As the caller gave them.
    known : array or None
        Those of an earlier fit.
    """
    if classes is None:
        if known is None:
            raise ValueError(
                "classes must be passed on the first call to partial_fit: all labels that will "
                "ever occur, for instance classes=np.unique(y)."
            )
        return known
    if known is not None and np.array_equal(to_numpy(known), classes):
        return known
    classes = unique_labels(classes)
    if known is not None and not np.array_equal(to_numpy(known), to_numpy(classes)):
        raise ValueError(
            f"`classes={classes!r}` is not the same as on last call to partial_fit, "
            f"was: {known!r}."
        )
    return check_classes(classes)


def check_classes(classes):
    """Raise ValueError for fewer than two classes."""
    if classes.shape[0] < 2:
        raise ValueError(
            "A classifier needs rows of at least 2 classes, but all of y is of one class: "
            f"{to_numpy(classes).tolist()[0]!r}. Check how y was made, or use DummyClassifier."
        )
    return classes


def encode(y, classes, like):
    """-1 and 1 for two classes; 0, 1, 2, ... for more: numbers of the type of `like`.

    Raises
    ------
    ValueError
        For labels that are not among the classes.
    """
    labels, names, xp = to_numpy(y), to_numpy(classes), namespace(like)
    codes = np.empty(len(labels), like.dtype if xp is np else float)
    for start in range(0, len(labels), ENCODED_ROWS):
        rows = slice(start, start + ENCODED_ROWS)
        numbers = _numbers_of(labels[rows], names)
        if numbers is None:
            _refuse_unknown(y, names)
            numbers = np.searchsorted(names, labels[rows])
        codes[rows] = numbers
    if len(names) == 2:
        codes *= 2
        codes -= 1
    return asarray(codes, xp, None if xp is np else like.device, dtype=like.dtype)


def _numbers_of(labels, names):
    """Numbers of the classes of some labels; None where these may not be comparable."""
    if not _are_alike(labels, names):
        return None
    if len(names) == 2:  # a fifth of the time
        is_second = labels == names[1]
        return is_second if (is_second | (labels == names[0])).all() else None
    numbers = np.searchsorted(names[:-1], labels)
    return numbers if np.array_equal(names[numbers], labels) else None


def weight_of_labels(y, sample_weight):
    """The weight of each label among some rows, and the type of the labels.

    Parameters
    ----------
    y : array
        As the user gave it.
    sample_weight : array or None

    Returns
    -------
    weights : Counter
        Sums of such counters leave out what has no weight.
    dtype : numpy.dtype or None
        To make an array of the labels again; None where NumPy finds it out.
    """
    refuse_missing_labels(y)
    labels = np.asarray(to_numpy(y)).ravel()
    weights = None if sample_weight is None else to_numpy(sample_weight)
    names, codes = _numbered(labels)
    totals = np.bincount(codes, weights, minlength=len(names))
    some = totals != 0
    found = zip(names[some].tolist(), totals[some].astype(float).tolist(), strict=True)
    return Counter(dict(found)), None if labels.dtype.kind == "U" else labels.dtype


def common_type(dtypes, part="batch"):
    """The type of the labels of all parts; an error where some are numbers and some are text.

    Parameters
    ----------
    dtypes : list of numpy.dtype or None
        As `weight_of_labels` returns them, of each part that has rows.
    part : str, default="batch"
        What errors call some rows.
    """
    is_number = [dtype is not None and dtype.kind in "biuf" for dtype in dtypes]
    if all(is_number):
        return np.result_type(*dtypes)
    if any(is_number):
        number, other = dtypes[is_number.index(True)], is_number.index(False)
        kind = "text" if dtypes[other] is None else f"of the type {dtypes[other]}"
        raise ValueError(
            f"The labels of one {part} are {kind} and those of another of the type {number}. All "
            "need the same type: convert them, for instance with y.astype(str)."
        )
    return None if None in dtypes else dtypes[0]


def _numbered(labels):
    """Names of labels, perhaps more than occur, and the number of each row's among them."""
    whole = labels.view(np.uint8) if labels.dtype.kind == "b" else labels
    if whole.dtype.kind == "f":
        with np.errstate(invalid="ignore"):  # of what is too large, which is then another number
            whole = labels.astype(np.int64)
        whole = whole if np.array_equal(whole, labels) else labels
    if whole.dtype.kind in "iu" and whole.size:
        low, high = int(whole.min()), int(whole.max())
        if high - low < COUNTED:
            names = np.array(range(low, high + 1), dtype=whole.dtype).astype(labels.dtype)
            wide = whole if whole.dtype.itemsize == 8 else whole.astype(np.int64)
            return names, (wide - wide.dtype.type(low)).astype(np.intp, copy=False)
    return np.unique(labels, return_inverse=True)


def set_classes(estimator, weights, dtype, classes=None):
    """Set the classes of an estimator, and the weights by which all have the same in total.

    Parameters
    ----------
    estimator : GDClassifier
    weights : Counter or None
        `weight_of_labels` of all rows; None where they are not known.
    dtype : numpy.dtype or None
        Of the labels.
    classes : array-like or None
        All labels, if they are known; else those that have a weight.
    """
    if classes is None:
        classes = classes_of(np.array(list(+weights), dtype=dtype))
    estimator._set_classes(classes)
    if isinstance(estimator.class_weight, str):
        mean, names = weights.total() / len(+weights), to_numpy(estimator.classes_).tolist()
        # a class without rows, of which there is a warning, counts as it is
        estimator._balanced = np.array([mean / (weights[name] or mean) for name in names])


def _are_alike(y, names):
    """Whether labels are numbers and the classes too, or text both."""
    kinds = ("biuf", "U")
    return any(y.dtype.kind in kind and names.dtype.kind in kind for kind in kinds)


def _refuse_unknown(y, names):
    labels = namespace(y).unique_values(y)
    unknown = set(to_numpy(labels).tolist()) - set(names.tolist())
    if unknown:
        raise ValueError(
            f"y contains labels that are not among the classes: {sorted(unknown, key=str)}. "
            f"The classes are {names}."
        )


def balanced_weights(classes, y, sample_weight):
    """S / (k S_c) of each of k classes, of total weights S_c and S: all classes weigh the same.

    As `compute_class_weight` of scikit-learn, which takes the weights of rows from 1.7 on.
    """
    weights = None if sample_weight is None else to_numpy(sample_weight)
    found, of_row = np.unique(to_numpy(y), return_inverse=True)
    totals = np.bincount(of_row, weights)
    of_class = totals.sum() / (len(found) * totals)
    return of_class[np.searchsorted(found, to_numpy(classes))]


def weighted_by_class(class_weight, classes, y, X, sample_weight, in_parts=False):
    """Sample weights times those of the rows' classes; None where all are equal.

    Parameters
    ----------
    class_weight : dict, array of shape (n_classes,) or None
    classes, y : array
    X : array
        Whose type the weights get.
    sample_weight : array or None
    in_parts : bool
        Whether these rows may have no weight.
    """
    if class_weight is None:
        return sample_weight
    names = to_numpy(classes)
    of_class = _looked_up(class_weight, names)
    if not (np.isfinite(of_class).all() and (of_class >= 0).all()):
        raise ValueError(f"class_weight must be finite and not negative. Got {class_weight!r}.")
    xp = namespace(X)
    factors = of_class[np.searchsorted(names, to_numpy(y))]
    factors = asarray(factors, xp, None if xp is np else X.device, dtype=X.dtype)
    weights = factors if sample_weight is None else sample_weight * factors
    if not in_parts and not bool(xp.any(weights > 0)):
        raise ValueError("class_weight and sample_weight leave no row with a weight above 0.")
    return weights


def without_class_weights(class_weight, classes, y, weights):
    """Weights of the rows without those of their classes; None where all are 1.

    Parameters
    ----------
    class_weight : dict, array of shape (n_classes,) or None
    classes : array of shape (n_classes,)
    y : array of shape (n_samples,)
        As `encode` returns it, of classes whose weight is not 0.
    weights : array of shape (n_samples,) or None
        As `weighted_by_class` returns them.
    """
    if class_weight is None or weights is None:
        return weights
    xp, names = namespace(weights), to_numpy(classes)
    factors = _looked_up(class_weight, names)[codes_of(y, len(names))]
    factors = asarray(factors, xp, None if xp is np else weights.device, dtype=weights.dtype)
    weights = weights / factors
    return None if bool(xp.all(weights == 1)) else weights


def codes_of(y, n_classes):
    """Numbers of the classes, from what `encode` returns."""
    codes = to_numpy(y)
    return (codes > 0 if n_classes == 2 else codes).astype(int)


def _looked_up(class_weight, names):
    """Weight of every class, 1 where none is given.

    Names of classes that do not occur are allowed as long as none of those that do is left out,
    as they may be missing from a fold.

    Parameters
    ----------
    class_weight : dict or array of shape (n_classes,)
    names : ndarray of shape (n_classes,)
    """
    if not isinstance(class_weight, dict):
        return class_weight
    labels = names.tolist()
    left_out = [label for label in labels if label not in class_weight]
    unknown = [label for label in class_weight if label not in labels]
    if left_out and unknown:
        raise ValueError(
            f"class_weight names the classes {unknown}, which do not occur, and not {left_out}, "
            "which do."
        )
    return np.array([class_weight.get(label, 1.0) for label in labels], dtype=float)
