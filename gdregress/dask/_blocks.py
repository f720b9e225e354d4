"""From Dask collections to checked blocks on the workers, as the fit needs them."""

from collections import Counter
from dataclasses import replace
from numbers import Integral

import numpy as np

from gdregress._estimator.components import build_components
from gdregress._estimator.input.batches import BatchCheck, refuse_what_needs_all_rows, summary
from gdregress._estimator.input.classes import common_type, set_classes, weight_of_labels
from gdregress._objective.partitions import Block, appended, some_targets, step_of_targets
from gdregress._objective.summary import merged
from gdregress._utils.validation import check_parameters
from gdregress.dask._collections import aligned, known_sizes
from gdregress.dask._library import library
from gdregress.dask._partitions import DaskPartitions
from gdregress.exceptions import IgnoredParameterWarning, warn_user


def checked_partitions(estimator, X, y, sample_weight, updates_per_round=None, validated=False):
    """The rows as partitions, and the components with the loss in its form for the targets.

    Parameters
    ----------
    estimator : DaskGDRegressor or DaskGDClassifier
        To which the number of features, their names and the classes are set.
    X, y, sample_weight : Dask collections
    updates_per_round : int or None
        As of `Partitions`.
    validated : bool
        Whether there are rows to validate on.
    """
    check_parameters(estimator)
    _check_round(updates_per_round)
    if updates_per_round is not None and estimator.solver == "batch":
        warn_user(
            f"updates_per_round={updates_per_round} has no effect: solver='batch' updates from "
            "sums over all partitions. Use solver='mini-batch' or 'stochastic'.",
            IgnoredParameterWarning,
        )
    client, delayed = estimator.client, library("dask").delayed
    rows = client.compute([delayed(_rows)(*block) for block in aligned(X, y, sample_weight)])
    sizes, labels = known_sizes(X), None
    if sizes is None or hasattr(estimator, "_set_classes"):
        sizes, labels = _facts(estimator, client, rows)
    if not any(sizes):
        raise ValueError("X has no rows.")
    check = _check(estimator, client, rows, sizes, labels, validated)
    starts = np.cumsum([0, *sizes[:-1]]).tolist()
    futures = client.map(_checked, rows, range(len(rows)), starts, check=check, pure=False)
    partitions = DaskPartitions(client, futures, updates_per_round)
    found = partitions.reduce_all(
        (summary, (check,), merged), (some_targets, (step_of_targets(sum(sizes)),), appended)
    )
    if found is None:
        raise ValueError("No partition has a row of a weight above 0.")
    partitions.summary, partitions.some_targets = found
    return partitions, replace(check.components, loss=check.loss)


def _check_round(updates):
    accepted = isinstance(updates, Integral) and not isinstance(updates, bool) and updates > 0
    if not (updates is None or accepted):
        raise ValueError(
            "updates_per_round must be an int of at least 1, or None for a round an epoch. Got "
            f"{updates!r}."
        )


def _facts(estimator, client, rows):
    """Numbers of rows of all blocks; the weight and the type of the labels, if there are any."""
    has_labels = hasattr(estimator, "_set_classes")
    sizes, weights, types = DaskPartitions(client, rows).reduce(_facts_of, has_labels)
    return sizes, (weights, common_type(types, "partition")) if types else None


def _check(estimator, client, rows, sizes, labels, validated):
    """What checks the blocks, which has seen the first one with rows."""
    local = estimator._sent(type(estimator))
    if labels is not None:
        set_classes(estimator, *labels)
        local.classes_, local._balanced = estimator.classes_, getattr(estimator, "_balanced", None)
    components = build_components(local, validated=validated)
    refuse_what_needs_all_rows(local, components, type(estimator).__name__, validated)
    first = next(number for number, size in enumerate(sizes) if size)
    check = BatchCheck(local, components, "Partition", read_later=True)
    check = client.submit(_first_checked, check, first, rows[first], pure=False).result()
    for name in ("n_features_in_", "feature_names_in_"):
        vars(estimator).pop(name, None)
        if hasattr(check.estimator, name):
            setattr(estimator, name, getattr(check.estimator, name))
    return check


def _rows(X, y, sample_weight):
    """The rows of a block as the collections have them."""
    return X, y, sample_weight


def _facts_of(rows, has_labels):
    """Number of rows of a block, the weight of each label there, and the type of the labels."""
    X, y, sample_weight = rows
    if not has_labels or not X.shape[0]:
        return [X.shape[0]], Counter(), []
    weights, dtype = weight_of_labels(y, sample_weight)
    return [X.shape[0]], weights, [dtype]


def _first_checked(check, number, rows):
    check(rows, number)
    return check


def _checked(rows, number, start, check):
    """The block of some rows, or None where none has a weight."""
    if not rows[0].shape[0]:
        return None
    X, y, weights = check(rows, number)
    return Block(X, y, weights, start) if len(y) else None
