"""The shared fit of the estimators: validate, build the objective, solve, set attributes."""

from __future__ import annotations

import copy
import warnings
from abc import ABCMeta, abstractmethod
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from gdregress._estimator.advice.diagnosis import report
from gdregress._estimator.callbacks import (
    EpochEnd,
    as_callback,
    print_end,
    print_epoch,
    refuse_refit,
)
from gdregress._estimator.export.html import LinkedHTML
from gdregress._estimator.export.sparse_coef import SparseCoef
from gdregress._estimator.input.batches import checked_batches
from gdregress._estimator.input.finite import check_all_finite
from gdregress._estimator.input.offset import NO_OFFSETS
from gdregress._estimator.input.sparse_input import check_structure
from gdregress._estimator.input.table import checked_table
from gdregress._estimator.input.validation_set import scorer_for
from gdregress._estimator.partial.growth import watch_growth
from gdregress._estimator.partial.parts import KEPT_ROWS, learn_part, learns_by_rows
from gdregress._estimator.partial.swings import watch
from gdregress._estimator.planning.convex_start import convex_start
from gdregress._estimator.planning.finish import renewal_for
from gdregress._estimator.planning.method import CONJUGATE_GRADIENTS
from gdregress._estimator.planning.plan import Hooks, plan_run
from gdregress._estimator.planning.refinement import refined
from gdregress._estimator.planning.sample_start import sample_start
from gdregress._estimator.planning.start import (
    fitted_numbers,
    fresh_state,
    given_start,
    original_units,
    resumed,
)
from gdregress._estimator.prepare import NOT_GIVEN, NoRows, prepare, prepare_partitions
from gdregress._estimator.saving.resume import going_on, held_out_seed, refuse_start, taken_up
from gdregress._estimator.saving.saved_state import (
    converted,
    live_attributes,
    plain_attributes,
    saved,
)
from gdregress._solver.history import History
from gdregress._solver.solve import solve
from gdregress._utils.arguments import NamesAttributes, NamesParameters, explains_arguments
from gdregress._utils.array_api import input_namespace, materialised, namespace, to_host, to_numpy
from gdregress._utils.sklearn_versions import CallbackSupportMixin, with_callbacks
from gdregress._utils.types import Array, BaseEstimator
from gdregress._utils.validation import (
    HasMethods,
    Interval,
    ScorerName,
    StrOptions,
    defaults,
)
from gdregress._utils.version import __version__
from gdregress.losses import Loss
from gdregress.optimizers import OPTIMIZERS, Optimizer
from gdregress.penalties import PENALTIES
from gdregress.samplers import SAMPLERS, MiniBatch
from gdregress.schedules import SCHEDULES

# What `fit` may be given beside X and y, as scorers name it.
OF_ROWS = ("sample_weight", "offset", "exposure")
# The attributes that a fit sets, besides those of its input.
RESULTS = (
    *("coef_", "intercept_", "n_iter_", "t_", "learning_rate_", "momentum_", "stop_reason_"),
    *("converged_", "history_", "loss_curve_", "validation_scores_", "_loss", "_state"),
)

StopReason = Literal["tolerance", "plateau", "max_iter", "diverged", "callback", "interrupted"]


class BaseGD(
    NamesParameters,
    NamesAttributes,
    LinkedHTML,
    SparseCoef,
    CallbackSupportMixin,
    BaseEstimator,
    metaclass=ABCMeta,
):
    """The base class of GDRegressor and GDClassifier."""

    coef_: Array
    intercept_: Array
    n_iter_: int
    t_: int
    n_features_in_: int
    feature_names_in_: npt.NDArray[np.object_]
    learning_rate_: float
    momentum_: float | Literal["auto"] | None
    converged_: bool
    stop_reason_: StopReason
    loss_curve_: list[float]
    validation_scores_: list[float]
    history_: History

    _parameter_constraints: dict[str, list[Any]] = {
        "penalty": [
            StrOptions(name for name in PENALTIES if name),
            HasMethods(["value", "prox"]),
            None,
        ],
        "alpha": [Interval(Real, 0, None, closed="left"), "array-like"],
        "l1_ratio": [Interval(Real, 0, 1, closed="both")],
        "fit_intercept": ["boolean"],
        "solver": [StrOptions(SAMPLERS)],
        "batch_size": MiniBatch._parameter_constraints["batch_size"],
        "optimizer": [
            StrOptions(["auto", CONJUGATE_GRADIENTS, *OPTIMIZERS]),
            Optimizer,
            HasMethods(["init", "update"]),
        ],
        "momentum": [Interval(Real, 0, 1, closed="left"), StrOptions(["auto"])],
        "learning_rate": [
            Interval(Real, 0, None, closed="neither"),
            StrOptions(["auto", "line-search"]),
        ],
        "schedule": [StrOptions(["auto", *SCHEDULES]), callable],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "preconditioner": [StrOptions(["auto", "columns", "moments"]), None],
        "standardize": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left"), None],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "early_stopping": ["boolean"],
        "scoring": [ScorerName(["loss", "score"]), callable],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "average": [Interval(Integral, 1, None, closed="left"), "boolean"],
        "shuffle": ["boolean"],
        "warm_start": ["boolean"],
        "store_path": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    _fitted_attributes = RESULTS
    _registries = {"penalty": PENALTIES, "optimizer": OPTIMIZERS, "schedule": SCHEDULES}

    # The losses by name; the target ranges that the estimator accepts, and advice for all others.
    _losses: dict[str, type[Loss]]
    _target_ranges: tuple[str, ...]
    _target_ranges_advice: str
    _coef_as_rows: bool = False
    _loss: Any  # a Loss
    _state: dict[str, Any]

    def set_callbacks(self, *callbacks: Any) -> Self:
        """Have functions or scikit-learn's callbacks called after every epoch of `fit`.

        `partial_fit` calls none: the loop over its calls is your own, and has ``history_`` after
        each.

        Parameters
        ----------
        *callbacks : callable or FitCallback
            A function is called with the epoch's row of ``history_``, a dict with all of its
            columns, None where one does not apply; it ends the fit by returning True. A callback
            of scikit-learn may ask for ``fitted_estimator``: a model that predicts as if the fit
            had ended with this epoch, whose ``history_`` keeps growing with the fit. Without
            arguments, those that were set before are removed.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        TypeError
            For anything else.

        Examples
        --------
        Stop on time, and keep the objective of each epoch:

        >>> from gdregress import GDRegressor
        >>> objectives = []
        >>> model = GDRegressor(max_iter=3, tol=None).set_callbacks(
        ...     lambda row: row["seconds"] > 60, lambda row: objectives.append(row["objective"])
        ... )
        >>> model = model.fit([[0.0], [1.0], [3.0]], [1.0, 2.0, 1.0])
        >>> objectives == model.loss_curve_
        True
        """
        super().set_callbacks(*map(as_callback, callbacks))
        return self

    @abstractmethod
    def _check_input(self, X, y, **checks):
        """Check X and y by `validate_data`, and y as a target of this estimator."""

    @abstractmethod
    def _encode_target(self, y, X, weights, loss, rows, in_parts):
        """Return targets as numbers of the type of X, weights, and the loss for these targets.

        Parameters
        ----------
        y : array of shape (n_samples,) or (n_samples, n_targets)
        X : array
        weights : array of shape (n_samples,) or None
        loss : Loss
        rows : ndarray of int or None
            Positions of the rows in the user's data, where rows have been removed.
        in_parts : bool
            Whether there are more rows than these, as in `partial_fit`.
        """

    @abstractmethod
    def _validation_score(self, loss, y, z, weights):
        """Score of raw predictions z on the rows held out."""

    def _score_weights(self, y, weights):
        """Return the weights in a score, from those in the objective and the encoded targets."""
        return weights

    def _check_schedule_of_parts(self):
        """Raise AttributeError for a schedule that has to know the number of updates."""
        name, by_name = self.schedule, isinstance(self.schedule, str)
        schedule = SCHEDULES[name]() if by_name and name in SCHEDULES else name
        horizon = getattr(schedule, "horizon", None)
        if learns_by_rows(self) or horizon is None or getattr(schedule, "scale", 1) is not None:
            return
        what = "an epoch" if horizon == "epoch" else "the run"
        raise AttributeError(
            f"schedule={name!r} counts in updates of {what} over all rows, which partial_fit "
            "cannot know from some of them. Give their number, for instance "
            f"schedule={type(schedule).__name__}(scale=10_000), or use schedule='invscaling'."
        )

    @with_callbacks
    def _fit(
        self,
        X,
        y,
        sample_weight,
        start=(None, None),
        validation=NOT_GIVEN,
        resume_from=None,
        offsets=NO_OFFSETS,
        moments=None,
    ):
        refuse_refit(self)
        self._forget_sparse_coef()
        in_use_only = start[0] is None and validation[0] is None
        known = {
            "in_use_only": in_use_only,
            "held_out_seed": None if resume_from is None else held_out_seed(resume_from),
            "moments": moments,
        }
        data = X, y, sample_weight, validation, offsets
        prepared = prepare(self, *data, **known)
        self._fit_prepared(prepared, start, resume_from, data)

    @with_callbacks
    def _fit_batches(self, batches, validation, prefetch, resume_from, classes=None):
        refuse_refit(self)
        self._forget_sparse_coef()
        validated = any(part is not None for part in validation)
        partitions, components = checked_batches(self, batches, classes, validated, prefetch)
        prepared = prepare_partitions(self, components, partitions, validation)
        self._fit_prepared(prepared, resume_from=resume_from)

    def _fit_prepared(self, prepared, start=(None, None), resume_from=None, data=None):
        """Descend, and set the attributes.

        Parameters
        ----------
        prepared : Prepared
        start : tuple of (coef_init, intercept_init)
        resume_from : path or None
            The file of a `Checkpoint`.
        data : tuple of (X, y, sample_weight, validation, offsets) or None
            As the user gave them, for trials of other settings; None for batches.
        """
        X, y, sample_weight, _, offsets = data or (None, None, None, None, NO_OFFSETS)
        course = None
        if resume_from is None:
            start = given_start(self, prepared, *start)
            continues = start is not None
            if start is None and prepared.components.loss.convex_start is not None:
                start = convex_start(self, prepared)
            if start is None:
                start, prepared = sample_start(self, prepared)
        else:
            refuse_start(start)
            prepared, start, course = taken_up(self, prepared, resume_from)
            continues = True
        original = original_units(prepared, self._coef_as_rows)
        # not every scorer accepts weights, or offsets
        metadata = dict(zip(OF_ROWS, (sample_weight, *offsets), strict=True))
        metadata = {name: values for name, values in metadata.items() if values is not None}
        loss = prepared.components.loss.without_offset
        epoch_end = EpochEnd(self, original, loss, X=X, y=y, metadata=metadata)
        hooks = Hooks(
            validate=None if prepared.held_out is None else scorer_for(self, prepared),
            store=original if self.store_path else None,
            on_epoch=epoch_end if epoch_end.has_work() else None,
        )
        hooks = replace(hooks, renewal=renewal_for(self, prepared, hooks))
        components, objective, frame = prepared.components, prepared.objective, prepared.frame
        plan = plan_run(self, components, objective, frame, start, hooks)
        state = plan.start or fresh_state(self, prepared, plan.first_params)
        state.held_out_seed = prepared.held_out_seed
        run = plan.run if course is None else going_on(plan.run, course)
        epoch_end.begin()
        result = solve(run, state, course)
        if self.tol == 0:
            result = refined(result, frame.spectrum)
        self._set_fitted(self._fitted(result, plan, state, prepared, original))
        if self.verbose:
            print_end(self.history_, self.stop_reason_, self.verbose)
        epoch_end.close()
        try:
            if result.interrupt is not None:
                raise result.interrupt
            report(self, result, plan.diagnostics, data, continues)
        finally:
            epoch_end.keep_changes()

    def _partial_fit(self, X, y, sample_weight, offsets=NO_OFFSETS):
        self._forget_sparse_coef()
        if learns_by_rows(self):
            learn_part(self, X, y, sample_weight, offsets)
            return
        earlier = getattr(self, "_state", None)
        totals = (earlier["weight_total"], earlier["row_total"]) if earlier else (0.0, 0)
        try:
            parts = {"reset": earlier is None, "in_parts": True, "earlier": totals}
            prepared = prepare(self, X, y, sample_weight, offsets=offsets, **parts)
        except NoRows:
            learn_part(self, X, y, sample_weight, offsets)
            return
        start = resumed(self, prepared) if earlier else None
        original = original_units(prepared, self._coef_as_rows)
        hooks = Hooks(store=original if self.store_path else None)
        components, objective = prepared.components, prepared.objective
        plan = plan_run(self, components, objective, prepared.frame, start, hooks, in_parts=True)
        state = plan.start or fresh_state(self, prepared, plan.first_params)
        before = state.params
        result = solve(plan.run, state)
        if result.interrupt is not None:
            raise result.interrupt  # in the middle of the rows: the call leaves no trace
        if not plan.run.line_search:
            watch(state, before, self, plan.run)
            watch_growth(state, self, plan.run, plan.diagnostics)
        fitted = self._fitted(result, plan, state, prepared, original)
        history = self.history_.copy() if earlier else History()
        for row in (-1,) if earlier else (0, -1):
            history.append_row(plan.run.history, row)
        history.forget(KEPT_ROWS)
        fitted |= {"history_": history, "loss_curve_": history["objective"][1:]}
        self._set_fitted(fitted | {"n_iter_": state.epoch})
        if self.verbose:
            print_epoch(history, self.verbose)
        report(self, result, plan.diagnostics, is_part=True)

    def _fitted(self, result, plan, state, prepared, original):
        """Return the attributes of a run that has ended, by name."""
        # a copy: users may write to the attributes, and the state must keep its numbers
        coef, intercept = original(namespace(result.params).asarray(result.params, copy=True))
        state.weight_total += prepared.weight_total
        state.row_total += prepared.row_total
        state.stream, state.fitted = None, fitted_numbers(coef, intercept)
        state.penalized = prepared.components.penalty.active
        state.has_intercept = bool(self.fit_intercept)
        history = plan.run.history
        fitted = {
            "coef_": coef,
            "intercept_": intercept,
            "n_iter_": result.n_iter,
            "t_": state.count,
            "learning_rate_": float(state.learning_rate * state.rate_factor),
            "momentum_": plan.momentum,
            "stop_reason_": result.stop_reason,
            "converged_": result.stop_reason == "tolerance",
            "history_": history,
            "loss_curve_": history["objective"][1:],
            "_loss": plan.run.objective.loss.without_offset,
            "_state": saved(state),
        }
        if "validation_score" in history:
            fitted["validation_scores_"] = history["validation_score"][1:]
        return fitted

    def _forget_sparse_coef(self):
        """Before a fit, which may start at the coefficients."""
        if sparse.issparse(getattr(self, "coef_", None)):
            self.densify()

    def _forget_results(self):
        """Delete the results of an earlier fit."""
        for name in RESULTS:
            vars(self).pop(name, None)

    def _set_fitted(self, fitted):
        """Set all attributes at once, so that an interrupt never leaves those of two fits."""
        vars(self).pop("validation_scores_", None)
        vars(self).update(fitted)

    def _raw_prediction(self, X, method):
        """X @ coef + intercept, in the namespace of X; a column for each row of ``coef_``."""
        check_is_fitted(self)
        xp, device = input_namespace(X)
        self._check_same_namespace(xp, device, method)
        check_structure(X)
        X = materialised(X)
        X = checked_table(
            self,
            X,
            accept_sparse=["csr", "csc", "coo"],
            accept_large_sparse=True,
            dtype=[xp.float64, xp.float32],
            ensure_all_finite=False,  # checked below, with a better message
            reset=False,
        )
        check_all_finite(X, self)
        if sparse.issparse(self.coef_):
            z = X @ self.coef_.T
            z = (z.toarray() if sparse.issparse(z) else z) + self.intercept_
            return z if np.ndim(self.intercept_) else z[:, 0]
        coef = self.coef_ if self.coef_.ndim == 1 else self.coef_.T
        return X @ coef + self.intercept_

    def _check_same_namespace(self, xp, device, method):
        fitted = namespace(self.coef_)
        same_device = xp is np or fitted is not xp or self.coef_.device == device
        if fitted is not xp or not same_device:
            raise ValueError(
                f"Inputs passed to {type(self).__name__}.{method}() must use the same namespace "
                "and the same device as those passed to fit(): it was fitted with "
                f"{fitted.__name__} and got {xp.__name__}. Convert the input, or fit again."
            )

    def __sklearn_is_fitted__(self):
        return hasattr(self, "coef_")

    @explains_arguments
    def to_numpy(self) -> Self:
        """Return a copy whose fitted attributes are NumPy arrays, which predicts for NumPy.

        Returns
        -------
        model : object
            The estimator, with the same parameters.
        """
        check_is_fitted(self)
        model = copy.copy(self)
        vars(model).update(live_attributes(converted(self._plain_fitted(), to_numpy)))
        return model

    def _plain_fitted(self):
        """Return the fitted attributes as plain values."""
        parameters = defaults(type(self))
        return plain_attributes({k: v for k, v in vars(self).items() if k not in parameters})

    def __getstate__(self):
        plain = self._plain_fitted()
        if namespace(getattr(self, "coef_", np.empty(0))) is not np:
            # so that a model fitted on an accelerator can be loaded without one
            plain = converted(plain, to_host)
        return {**super().__getstate__(), **plain, "_gdregress_version": __version__}

    def __setstate__(self, state):
        state = dict(state)
        version = state.pop("_gdregress_version", __version__)
        if version != __version__:
            warnings.warn(
                f"This {type(self).__name__} was saved by gdregress {version} and is loaded by "
                f"{__version__}; fit it again if its predictions matter.",
                UserWarning,
                stacklevel=2,
            )
        super().__setstate__(live_attributes(state))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.array_api_support = True
        return tags
