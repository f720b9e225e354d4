"""The batches of `fit_batches` as partitions of rows, read anew in each pass."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from scipy import sparse
from sklearn.utils.multiclass import unique_labels

from gdregress._estimator.components import build_components
from gdregress._estimator.input.batch_reader import ACCEPTED, Reader
from gdregress._estimator.input.classes import common_type, set_classes, weight_of_labels
from gdregress._estimator.input.data import validate_input
from gdregress._estimator.input.finite import check_all_finite
from gdregress._estimator.input.sizes import check_sizes
from gdregress._estimator.input.table import checked_weights
from gdregress._estimator.planning.method import asks_for_conjugate_gradients
from gdregress._objective.partitions import Block, LocalPartitions
from gdregress._objective.summary import merged, summary_of
from gdregress._utils.array_api import to_numpy
from gdregress._utils.validation import check_parameters, naming
from gdregress.exceptions import warn_user

# Numbers for which small batches are gathered: what a block costs besides its rows then does not
# count, or many rows are shuffled together.
BLOCK_SIZE, SHUFFLED_SIZE = 1 << 17, 1 << 20
_NO_ROWS = (
    "batches holds no row of a weight above 0. Check that it gives batches at all, and that their "
    "weights are not all 0."
)


def checked_batches(estimator, batches, classes=None, validated=False, prefetch=False):
    """The batches as partitions, and the components with the loss in its form for the targets.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
        To which the number of features is set, and the classes.
    batches : callable or iterable
        As the user gave it.
    classes : array-like or None
        Of a classifier; None to look for them, in a pass of its own.
    validated : bool
        Whether there are rows to validate on.
    prefetch : bool
        Whether each batch is read while the last one is used.
    """
    check_parameters(estimator)
    components = build_components(estimator, validated=validated)
    refuse_what_needs_all_rows(estimator, components, validated=validated)
    read = Reader(batches, prefetch)
    if hasattr(estimator, "_set_classes"):
        known = None if classes is None else unique_labels(classes)
        counts = known is None or isinstance(estimator.class_weight, str)
        set_classes(estimator, *(_labels(read) if counts else (None, None)), known)
    check = BatchCheck(estimator, components)
    partitions = Batches(read, check)
    if classes is not None:
        _warn_of_absent(estimator.classes_, partitions.summary.target)
    return partitions, replace(components, loss=check.loss)


def refuse_what_needs_all_rows(estimator, components, caller="fit_batches", validated=False):
    """Raise ValueError for parameters that rows in parts cannot have.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    components : Components
    caller : str
        What cannot have them.
    validated : bool
        Whether there are rows to validate on.
    """
    problems = {
        "early_stopping=True alone, which holds out single rows of all. Give rows to validate on "
        "as X_val and y_val": estimator.early_stopping and not validated,
        f"loss={type(components.loss.base_loss).__name__}, which PyTorch or JAX differentiates. "
        "Use a loss by name, or a subclass of Loss": components.loss.base_loss.needs_library,
        "optimizer='cg', which searches along the predictions of all rows. Use optimizer='auto', "
        "which takes Newton steps where it can": asks_for_conjugate_gradients(estimator),
    }
    for problem, present in problems.items():
        if present:
            raise ValueError(f"{caller} cannot be combined with {problem}.")


class BatchCheck:
    """Checks each batch as `fit` checks its input; errors say which batch it is.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    components : Components
    part : str, default="Batch"
        What errors call some rows.
    read_later : bool, default=False
        Whether it is left to `summary` to say that dense rows are finite.

    Attributes
    ----------
    loss : Loss
        In its form for the targets, once a batch has been seen.
    like : tuple or None
        Type of X, shape of the targets of one row, and whether X is sparse, of all batches.
    """

    def __init__(self, estimator, components, part="Batch", read_later=False):
        self.estimator = estimator
        self.components = components
        self.part = part
        self.read_later = read_later
        self.loss = self.like = None

    def __call__(self, batch, number, seen=False):
        """X, y and weights as arrays of NumPy of one type, without rows of weight 0.

        Parameters
        ----------
        batch : object
            As the user gave it.
        number : int
        seen : bool
            Whether its rows have been checked in a pass before.
        """
        with naming(f"{self.part} {number}"):
            X, y, weights = _unpacked(batch)
            _check_lengths(X, y)
            is_first = self.like is None
            y = y if is_first else labels_as_vector(self.estimator, y)
            (X, y, weights), self.loss = validate_input(
                self.estimator,
                *(X, y, weights),
                self.components,
                reset=is_first,
                in_parts=True,
                seen=seen,
                read_later=self.read_later,
            )
            X = X if sparse.issparse(X) else to_numpy(X)
            y, weights = to_numpy(y), None if weights is None else to_numpy(weights)
            if is_first:
                if len(y):
                    names = getattr(self.estimator, "feature_names_in_", None)
                    check_sizes(X, y, self.loss, names)
                self.like = X.dtype, y.shape[1:], sparse.issparse(X)
            return self._alike(X, y, weights)

    def summary(self, block):
        """The `Summary` of a block; an error says where a row is not finite."""
        try:
            found = summary_of(block, self.loss, self.estimator.fit_intercept)
        except ValueError:  # the moments say that one is not, but not where
            check_all_finite(block.X, self.estimator)
            raise
        if self.read_later and not np.isfinite(found.variance).all():
            check_all_finite(block.X, self.estimator)
        return found

    def _alike(self, X, y, weights):
        """The arrays in the type of the first batch."""
        (dtype, targets, is_sparse), part = self.like, self.part.lower()
        if y.shape[1:] != targets:
            raise ValueError(
                f"y has the shape {y.shape}, and that of the first {part} (n_rows, "
                f"{', '.join(map(str, targets))}). All need the same targets."
            )
        if sparse.issparse(X) != is_sparse:
            kinds = ("dense", "sparse")
            raise ValueError(
                f"X is {kinds[not is_sparse]}, and that of the first {part} {kinds[is_sparse]}. "
                "All need the same kind."
            )
        X = X.astype(dtype, copy=False)
        weights = None if weights is None else weights.astype(dtype, copy=False)
        return X, y.astype(dtype, copy=False), weights


class Batches(LocalPartitions):
    """Rows that come in batches, read from the first to the last in each pass.

    Parameters
    ----------
    read : Reader
    check : BatchCheck
    """

    def __init__(self, read, check):
        self.read = read
        self.check = check
        self.n_rows = None
        self.summary = self.reduce(summary, check, combine=merged)
        if self.summary is None:
            raise ValueError(_NO_ROWS)

    def blocks(self, rng=None, shuffle=False):
        parts, size, start, seen = [], 0, 0, self.n_rows is not None
        enough = SHUFFLED_SIZE if shuffle else BLOCK_SIZE
        for number, batch in self.read(rng if shuffle else None):
            if _is_empty(batch):
                continue
            parts.append(self.check(batch, number, seen))
            del batch
            size += parts[-1][0].size + parts[-1][0].shape[0]
            if size >= enough:
                block, parts, size = _gathered(parts, start), [], 0
                start += block.n_samples
                yield block
                del block  # before the next one is read
        block = _gathered(parts, start) if size else None
        self._check_rows(start + (block.n_samples if block else 0))
        if block:
            yield block

    def _check_rows(self, n_rows):
        """Raise ValueError where a pass has other rows than the first."""
        if self.n_rows is not None and n_rows != self.n_rows:
            raise ValueError(
                f"batches has given {n_rows:,} rows of a weight above 0 in this pass, and "
                f"{self.n_rows:,} in the first. Each pass needs the same rows: let the function "
                "open its file, or make its generator, anew."
            )
        self.n_rows = n_rows


def summary(block, check):
    """That of a block by a `BatchCheck`."""
    return check.summary(block)


def _gathered(parts, start):
    """One block of the rows of some batches."""
    X, y, weights = zip(*parts, strict=True)
    if all(w is None for w in weights):
        weights = None
    else:
        pairs = zip(weights, y, strict=True)
        weights = np.concatenate([np.ones(len(t), t.dtype) if w is None else w for w, t in pairs])
    if len(parts) == 1:
        X, y = X[0], y[0]
    else:
        X = sparse.vstack(X, format="csr") if sparse.issparse(X[0]) else np.concatenate(X)
        y = np.concatenate(y)
    X = X if sparse.issparse(X) else np.ascontiguousarray(X)
    return Block(X, y, weights, start)


def _unpacked(batch):
    """X, y and sample_weight or None."""
    if not isinstance(batch, (tuple, list)) or len(batch) not in (2, 3):
        kind = type(batch).__name__
        of = f" of {len(batch)}" if isinstance(batch, (tuple, list)) else ""
        keys = f" with the keys {list(batch)}" if isinstance(batch, Mapping) else ""
        raise TypeError(
            f"it is a {kind}{of}{keys}, and no (X, y) or (X, y, sample_weight). Pass a function "
            "that yields such tuples."
        )
    X, y, *weights = batch
    return X, y, weights[0] if weights else None


def _check_lengths(X, y):
    """Raise ValueError for other numbers of rows than of targets."""
    rows, targets = _n_rows(X), _n_rows(y)
    if None not in (rows, targets) and rows != targets:
        raise ValueError(
            f"X has {rows} rows, and y has {targets}: there must be a target for each row. Take "
            "both from the same table, and cut them at the same rows."
        )


def labels_as_vector(estimator, y):
    """The labels of a column as a vector, where scikit-learn has warned of an earlier column.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
        Whose targets that are no labels stay as they are.
    y : array or table
        As the user gave it.
    """
    shape = getattr(y, "shape", ())
    is_column = hasattr(estimator, "_set_classes") and len(shape) == 2 and shape[1] == 1
    return np.asarray(to_numpy(y))[:, 0] if is_column else y


def _is_empty(batch):
    """Whether a batch has neither rows nor targets, as the last of some readers."""
    if not isinstance(batch, (tuple, list)) or len(batch) < 2:
        return False
    return all(_n_rows(part) == 0 for part in batch[:2])


def _n_rows(part):
    """Number of rows of an array, a frame or a list; None of anything else."""
    if hasattr(part, "shape"):
        return part.shape[0] if part.shape else None
    return len(part) if hasattr(part, "__len__") else None


def _warn_of_absent(classes, shares):
    """Warn of the classes of which no row is.

    Parameters
    ----------
    classes : array
    shares : ndarray
        Of the rows, for each class, or for the second of two.
    """
    shares = shares if np.ndim(shares) else np.array([1 - shares, shares])
    absent = to_numpy(classes)[shares == 0].tolist()
    if absent:
        warn_user(
            f"No row is of the classes {absent}, which are among the classes given: their scores "
            "fall for ever, and the fit may have no minimum. Leave them out.",
            UserWarning,
        )


def _labels(read):
    """The `weight_of_labels` of all rows, in a pass of its own."""
    total, dtypes = Counter(), []
    for number, batch in read():
        if _is_empty(batch):
            continue
        with naming(f"Batch {number}"):
            _, y, weights = _unpacked(batch)
            if weights is not None:
                weights = checked_weights(weights, np.zeros(_n_rows(y)), all_zero=True)
            found, dtype = weight_of_labels(y, weights)
            total.update(found)
            dtypes.append(dtype)
    if not +total:
        raise ValueError(f"{_NO_ROWS} {ACCEPTED}.")
    return total, common_type(dtypes)
