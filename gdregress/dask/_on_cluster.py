"""What both estimators do on a cluster: the client, `fit`, lazy predictions, blocks in turn."""

from __future__ import annotations

import atexit
import copy
from functools import partial
from os import PathLike
from typing import Any, Self

from sklearn.utils.validation import check_is_fitted

from gdregress._estimator.callbacks import refuse_refit
from gdregress._estimator.input.batches import labels_as_vector
from gdregress._estimator.prepare import prepare_partitions
from gdregress._utils.arguments import defaults, explains_arguments
from gdregress._utils.sklearn_versions import with_callbacks
from gdregress._utils.types import ArrayLike, MatrixLike
from gdregress._utils.validation import keep_fitted_state, naming
from gdregress.dask._blocks import checked_partitions
from gdregress.dask._collections import aligned, is_collection, map_rows, one_row
from gdregress.dask._errors import clear_errors
from gdregress.dask._library import beside_tasks, library

# Attributes that callbacks are kept in: files, locks and bars on the screen.
_CALLBACKS = ("_skl_callbacks", "_parent_callback_ctx")


class OnCluster:
    """Mixin before a local estimator, whose parameters and attributes it has."""

    _page = "gdregress.dask.{estimator_name}"
    _local: Any
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

    @explains_arguments
    def fit(
        self,
        X: MatrixLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        coef_init: ArrayLike | None = None,
        intercept_init: ArrayLike | None = None,
        X_val: MatrixLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
        updates_per_round: int | None = None,
        resume_from: str | PathLike[str] | None = None,
    ) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : dask Array of shape (n_samples, n_features) or dask DataFrame
            Training data; the blocks of an array may be sparse. Numbers of rows need not be known.
        y : dask Array, Series or DataFrame
            Targets or labels, of as many rows in as many partitions as X.
        sample_weight : dask Array or Series, or None
            Weights of the rows, times those of their classes.
        coef_init, intercept_init : array-like or None
            As of the local estimator's `fit`.
        X_val, y_val, sample_weight_val : array-like or None
            Rows to validate on, in the memory of this process, as of the local estimator's
            `fit`. ``early_stopping=True`` needs them.
        updates_per_round : int or None, default=None
            Of the stochastic and mini-batch solvers: how many updates are made on each partition
            between two averages. None makes a round of an epoch: all partitions together then
            make as many updates as there are batches in all rows.
        resume_from : str or Path or None
            File of a `gdregress.callbacks.Checkpoint`, from which an interrupted fit continues.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            As the local estimator's `fit`; errors of the data name the partition. An earlier
            fit stays usable.
        TypeError
            For what is no Dask collection.
        RuntimeError
            If the scheduler is gone, or workers die again and again.

        Warns
        -----
        DivergenceWarning, ConvergenceWarning, IgnoredParameterWarning
            As the local estimator's `fit`.
        """
        with keep_fitted_state(self):
            start, validation = (coef_init, intercept_init), (X_val, y_val, sample_weight_val)
            data = X, y, sample_weight
            self._fit_on_cluster(data, start, validation, updates_per_round, resume_from)
        return self

    @explains_arguments
    def predict(self, X: MatrixLike) -> Any:
        """What the local estimator predicts: numbers, or labels.

        Parameters
        ----------
        X : dask Array or DataFrame, or array-like of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        y : dask Array of shape (n_samples,) or (n_samples, n_targets)
            Computed when it is asked for; a NumPy array where X is none of Dask.
        """
        return self._by_rows("predict", X)

    @explains_arguments
    def score(self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """The score of the local estimator: R2, D2 under a log link, or accuracy.

        Parameters
        ----------
        X : dask Array or DataFrame, or array-like of shape (n_samples, n_features)
            Rows to predict.
        y : dask Array, Series or DataFrame, or array-like
            Their targets or labels.
        sample_weight : dask Array or Series, array-like or None
            Their weights.

        Returns
        -------
        score : float
            From sums over the partitions; at most 1.
        """
        if not is_collection(X):
            return self._local.score(self, X, y, sample_weight)
        return self._score_of_blocks(X, y, sample_weight)

    def _score_of_blocks(self, X, y, sample_weight):
        """The score of Dask collections, from sums over the partitions."""
        raise NotImplementedError

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
        with beside_tasks(), clear_errors(self.client):
            partitions, components = checked_partitions(self, *data, updates_per_round, validated)
            prepared = prepare_partitions(self, components, partitions, validation)
            self._fit_prepared(prepared, start, resume_from)

    def _learn_by_blocks(self, X, y, sample_weight, **arguments):
        """`partial_fit` of the local estimator, which travels from block to block."""
        learn, model = library("dask").delayed(_part_learned), self._sent()
        for number, block in enumerate(aligned(X, y, sample_weight)):
            model = learn(model, number, *block, arguments)
        client = self.client
        with beside_tasks(), clear_errors(client):
            self._take_fitted(client.compute(model).result())

    def _by_rows(self, method, X):
        """What a method of the local estimator answers: for a Dask collection lazily."""
        if not is_collection(X):
            return getattr(self._local, method)(self, X)
        check_is_fitted(self)
        model = self._sent(type(self))
        none = one_row(X)  # errors then have the name of this class
        meta = getattr(self._local, method)(self, none)[:0]
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
        with beside_tasks(), clear_errors(client):
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


def _answer(model, method, none, rows, block_id):
    with naming(f"Partition {block_id[0]}"):
        return getattr(model, method)(rows) if rows.shape[0] else none
