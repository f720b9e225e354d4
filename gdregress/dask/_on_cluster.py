"""What both estimators do on a cluster: the client, lazy predictions, partial_fit by blocks."""

from __future__ import annotations

import atexit
import copy
from functools import partial
from typing import Any

from sklearn.utils.validation import check_is_fitted

from gdregress._estimator.batches import labels_as_vector
from gdregress._estimator.callbacks import refuse_refit
from gdregress._estimator.prepare import prepare_partitions
from gdregress._utils.arguments import defaults
from gdregress._utils.sklearn_versions import with_callbacks
from gdregress._utils.validation import naming
from gdregress.dask._blocks import checked_partitions
from gdregress.dask._collections import aligned, is_collection, map_rows, one_row
from gdregress.dask._errors import clear_errors
from gdregress.dask._library import library

# Attributes that callbacks are kept in: files, locks and bars on the screen.
_CALLBACKS = ("_skl_callbacks", "_parent_callback_ctx")


class OnCluster:
    """Mixin before a local estimator, whose parameters and attributes it has."""

    _page = "gdregress.dask.{estimator_name}"
    _local: type
    _client: Any = None

    @property
    def client(self) -> Any:
        """The `distributed.Client` that computes: the one set here, or the current one.

        Where there is none, the threads of this process become a cluster. Clones and pickles
        begin without one of their own.
        """
        return current_client() if self._client is None else self._client

    @client.setter
    def client(self, client: Any) -> None:
        self._client = client

    def to_local(self) -> Any:
        """The local estimator with the same parameters and, after `fit`, attributes.

        Returns
        -------
        model : GDRegressor or GDClassifier
            Predicts without Dask.
        """
        model = self._sent()
        vars(model).update({k: v for k, v in vars(self).items() if k in _CALLBACKS})
        return model

    def _sent(self, kind=None):
        """The local estimator as workers have it, without what belongs to this process.

        Of the class `kind`, or of the local one: errors have the name of the class in them.
        """
        kind = kind or self._local
        known = defaults(kind)
        model = kind(**{name: getattr(self, name) for name in known})
        left = {"_client", *_CALLBACKS}
        vars(model).update({k: v for k, v in vars(self).items() if k not in left})
        return copy.deepcopy(model)

    def _take_fitted(self, model):
        """Become what a local estimator has learned."""
        parameters = defaults(self._local)
        self._set_fitted({k: v for k, v in vars(model).items() if k not in parameters})

    @with_callbacks
    def _fit_on_cluster(self, data, start, validation, updates_per_round, resume_from):
        refuse_refit(self)
        validated = any(part is not None for part in validation)
        partitions, components = checked_partitions(self, *data, updates_per_round, validated)
        with clear_errors(partitions.client):
            prepared = prepare_partitions(self, components, partitions, validation)
            self._fit_prepared(prepared, start, resume_from)

    def _learn_by_blocks(self, X, y, sample_weight, **arguments):
        """`partial_fit` of the local estimator, which travels from block to block."""
        learn, model = library("dask").delayed(_part_learned), self._sent()
        for number, block in enumerate(aligned(X, y, sample_weight)):
            model = learn(model, number, *block, arguments)
        client = self.client
        with clear_errors(client):
            self._take_fitted(client.compute(model).result())

    def _by_rows(self, method, X):
        """What a method of the local estimator answers: for a Dask collection lazily."""
        if not is_collection(X):
            return getattr(super(), method)(X)
        check_is_fitted(self)
        model = self._sent()
        meta = getattr(super(), method)(one_row(X))[:0]  # errors then have the name of this class
        return map_rows(partial(_answer, model, method, meta), X, meta)

    def _by_blocks(self, function, X, y, sample_weight, *args):
        """function(model, X, y, sample_weight, *args) of every block, in their order."""
        check_is_fitted(self)
        model, delayed = self._sent(type(self)), library("dask").delayed
        blocks = aligned(X, y, sample_weight)
        parts = [
            delayed(_in_partition)(function, number, model, *block, *args)
            for number, block in enumerate(blocks)
        ]
        client = self.client
        with clear_errors(client):
            return client.gather(client.compute(parts))

    def __getstate__(self):
        return {k: v for k, v in super().__getstate__().items() if k != "_client"}


def current_client():
    """The current client, or one of a cluster of this process's threads."""
    distributed = library("distributed")
    try:
        return distributed.get_client()
    except ValueError:  # there is none
        client = distributed.Client(processes=False, dashboard_address=":0")
        atexit.register(client.close)  # before Dask's own, which warns of what is lost
        return client


def _in_partition(function, number, *args):
    with naming(f"Partition {number}"):
        return function(*args)


def _part_learned(model, number, X, y, sample_weight, arguments):
    """A model after one more block; the one that it is handed may be asked for again."""
    if len(y) == 0:
        return model
    y = labels_as_vector(model, y) if hasattr(model, "coef_") else y
    with naming(f"Partition {number}"):
        return copy.deepcopy(model).partial_fit(X, y, sample_weight=sample_weight, **arguments)


def _answer(model, method, none, rows):
    return getattr(model, method)(rows) if rows.shape[0] else none
