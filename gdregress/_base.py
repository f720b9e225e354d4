"""The shared fit of the estimators: validate, build the objective, solve, set attributes."""

import copy
import warnings
from abc import ABCMeta, abstractmethod
from dataclasses import replace
from numbers import Integral, Real

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from gdregress._array_api import asarray, input_namespace, move_to, namespace, take_rows, to_numpy
from gdregress._plan import build_components, plan_run
from gdregress._validation import (
    Interval,
    StrOptions,
    check_indices,
    check_parameters,
    keep_fitted_state,
)
from gdregress._version import __version__
from gdregress.averaging import SuffixAverage
from gdregress.design import DesignMatrix, Scaling, standardised
from gdregress.diagnosis import warn_diverged, warn_not_converged
from gdregress.gradient_check import check_gradient
from gdregress.history import History
from gdregress.losses import LOSSES, Loss
from gdregress.objective import DataObjective, normalised_weights
from gdregress.optimizers import OPTIMIZERS, Optimizer
from gdregress.penalties import PENALTIES, Penalty
from gdregress.samplers import SOLVERS, MiniBatch
from gdregress.schedules import SCHEDULES
from gdregress.scores import explained
from gdregress.solver import State, solve
from gdregress.stopping import Never, NotFinite


class BaseGD(CallbackSupportMixin, BaseEstimator, metaclass=ABCMeta):
    """Everything that GDRegressor shares with estimators for other targets."""

    _parameter_constraints = {
        "loss": [StrOptions(set(LOSSES)), Loss],
        "penalty": [StrOptions({name for name in PENALTIES if name}), Penalty, None],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "l1_ratio": [Interval(Real, 0, 1, closed="both")],
        "fit_intercept": ["boolean"],
        "solver": [StrOptions(set(SOLVERS))],
        "batch_size": MiniBatch._parameter_constraints["batch_size"],
        "optimizer": [StrOptions(set(OPTIMIZERS)), Optimizer],
        "momentum": [Interval(Real, 0, 1, closed="left"), StrOptions({"auto"})],
        "learning_rate": [
            Interval(Real, 0, None, closed="neither"),
            StrOptions({"auto", "line-search"}),
        ],
        "schedule": [StrOptions({"auto", *SCHEDULES}), callable],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="left"), None],
        "standardize": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left"), None],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "average": [Interval(Integral, 0, None, closed="left"), "boolean"],
        "shuffle": ["boolean"],
        "warm_start": ["boolean"],
        "store_path": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    @abstractmethod
    def _validate_target(self, y, X, loss):
        """`y` as an array like X, checked for the loss."""

    def fit(self, X, y, sample_weight=None, *, coef_init=None, intercept_init=None):
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data. float32 is kept; sparse matrices are never made dense.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : array-like of shape (n_samples,) or None
            Weights of the rows: weight 2 counts as two copies, weight 0 removes the row.
        coef_init : array-like of the shape of ``coef_`` or None
            Coefficients to start from; zero without it.
        intercept_init : float or array-like of shape (n_targets,) or None
            Intercept to start from.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            For a parameter, an input or a combination that is not accepted. An earlier fit
            stays usable.

        Warns
        -----
        DivergenceWarning
            The run grew and was ended; the best finite parameters are kept.
        ConvergenceWarning
            ``max_iter`` epochs were not enough.
        IgnoredParameterWarning
            A parameter was set that has no effect together with the others.
        """
        with keep_fitted_state(self):
            self._fit(X, y, sample_weight, coef_init, intercept_init)
        return self

    def partial_fit(self, X, y, sample_weight=None):
        """Go over the given rows once, from where the last call has ended.

        The optimizer's memory, the count of updates that the schedule sees and the averages are
        kept; ``solver="batch"`` makes one update. ``learning_rate="auto"`` is derived from the
        rows of each call and never rises.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to learn from.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Their targets.
        sample_weight : array-like of shape (n_samples,) or None
            Their weights.

        Returns
        -------
        self : object
            The estimator.
        """
        with keep_fitted_state(self):
            self._partial_fit(X, y, sample_weight)
        return self

    @with_callbacks
    def _fit(self, X, y, sample_weight, coef_init, intercept_init):
        check_parameters(self)
        components = build_components(self)
        data = self._validate_fit_input(X, y, sample_weight, components, reset=True)
        train, held_out = self._hold_out(data)
        objective, scaling = self._build_objective(train, components)
        start = self._start(objective, scaling, coef_init, intercept_init)
        plan = plan_run(
            self,
            components,
            objective,
            feature_names=self._feature_names(),
            start=None if start is None else start.params,
        )
        state = start or self._fresh_state(plan.null_params, scaling)
        plan.run.validate = held_out and _Scorer(held_out, objective, scaling, components.loss)
        plan.run.store = self._original(objective, scaling) if self.store_path else None
        context = self._open_callbacks(X, y, sample_weight)
        plan.run.on_epoch = _EpochEnd(
            self, plan.run, self._original(objective, scaling), components.loss, context
        )
        result = solve(plan.run, state)
        self._set_fitted(result, plan, state, objective, scaling, components)
        self._close_callbacks(context)
        self._report(result, plan)

    def _partial_fit(self, X, y, sample_weight):
        check_parameters(self)
        for name in ("early_stopping", "standardize"):
            if getattr(self, name):
                raise ValueError(
                    f"partial_fit cannot be combined with {name}=True, which needs all rows at "
                    f"once. Set {name}=False"
                    + (" and scale the rows before." if name == "standardize" else ".")
                )
        components = build_components(self)
        first = not hasattr(self, "_state")
        data = self._validate_fit_input(X, y, sample_weight, components, reset=first)
        objective, scaling = self._build_objective(data, components)
        earlier = None if first else self._resumed(objective, scaling)
        plan = plan_run(
            self,
            components,
            objective,
            feature_names=self._feature_names(),
            start=None if first else earlier.params,
            whole_run=False,
        )
        state = earlier or self._fresh_state(plan.null_params, scaling)
        run, history = plan.run, History() if first else self.history_
        run.max_iter, run.stopping, run.plateau = 1, Never(), None
        run.divergence = NotFinite()
        if not first and run.safeguard:
            run.learning_rate = min(run.learning_rate, state.learning_rate)
        result = solve(run, state)
        self._set_fitted(result, plan, state, objective, scaling, components)
        for row in (0, -1) if first else (-1,):
            history.append(**run.history.row(row))
        self.history_, self.loss_curve_ = history, history["objective"][1:]
        self.n_iter_ = state.epoch
        if result.stop_reason != "max_iter":
            self._report(result, plan)

    def _validate_fit_input(self, X, y, sample_weight, components, reset):
        """X, y and weights as arrays of one namespace, rows of weight 0 removed."""
        xp, device = input_namespace(X)
        y, sample_weight = move_to(y, xp, device), move_to(sample_weight, xp, device)
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            accept_large_sparse=True,
            dtype=[xp.float64, xp.float32],
            # rows at random are slow to collect from columns
            order="C" if xp is np and self.solver != "batch" else None,
            multi_output=True,
            y_numeric=True,
            reset=reset,
        )
        if sparse.issparse(X):
            check_indices(X)
        weights = None
        if sample_weight is not None:
            sample_weight = _check_sample_weight(
                sample_weight, X, dtype=X.dtype, ensure_non_negative=True
            )
            kept = to_numpy(sample_weight) > 0
            if not kept.all():
                rows = np.flatnonzero(kept)
                X, y, sample_weight = (take_rows(a, rows) for a in (X, y, sample_weight))
            weights = normalised_weights(sample_weight)
        y = self._validate_target(y, X, components.loss)
        if type(components.loss) not in LOSSES.values():
            check_gradient(components.loss, y)
        return X, y, weights

    def _hold_out(self, data):
        """Split off the validation rows of early stopping."""
        if not self.early_stopping:
            return data, None
        n = data[0].shape[0]
        n_held_out = max(1, round(self.validation_fraction * n))
        if n_held_out >= n:
            raise ValueError(
                f"early_stopping would hold out {n_held_out} of {n} rows "
                f"(validation_fraction={self.validation_fraction}) and leave none to train on."
            )
        order = check_random_state(self.random_state).permutation(n)
        parts = order[n_held_out:], order[:n_held_out]
        return [
            tuple(None if array is None else take_rows(array, np.sort(rows)) for array in data)
            for rows in parts
        ]

    def _build_objective(self, data, components):
        X, y, weights = data
        design, scaling = DesignMatrix(X, self.fit_intercept), Scaling()
        if self.standardize:
            design, scaling = standardised(X, weights, self.fit_intercept)
        if weights is not None:
            weights = normalised_weights(weights)
        objective = DataObjective(design, y, weights, components.loss, components.penalty)
        return objective, scaling

    def _fresh_state(self, params, scaling):
        return State(
            params=params,
            rng=check_random_state(self.random_state),
            average=self._new_average(),
            scaling=scaling,
        )

    def _new_average(self):
        if self.average is False or self.average == 0:
            return None
        return SuffixAverage(None if self.average is True else self.average)

    def _start(self, objective, scaling, coef_init, intercept_init):
        """State of a warm start or of given initial coefficients; None to start from null."""
        if coef_init is not None or intercept_init is not None:
            params = self._given_parameters(objective, scaling, coef_init, intercept_init)
            return self._fresh_state(params, scaling)
        if self.warm_start and hasattr(self, "_state"):
            return self._resumed(objective, scaling)
        return None

    def _given_parameters(self, objective, scaling, coef_init, intercept_init):
        y, p = objective.y, objective.design.n_features
        xp = namespace(y)
        device = None if xp is np else y.device
        shapes = {"coef_init": (*y.shape[1:], p), "intercept_init": y.shape[1:]}
        arrays = {}
        for name, value in {"coef_init": coef_init, "intercept_init": intercept_init}.items():
            value = np.zeros(shapes[name]) if value is None else to_numpy(np.asarray(value))
            if value.size != np.prod(shapes[name], dtype=int) or not np.isfinite(value).all():
                raise ValueError(
                    f"{name} must hold finite numbers in the shape {shapes[name]}. "
                    f"Got shape {value.shape}."
                )
            value = value.reshape(shapes[name]).astype(float)
            arrays[name] = asarray(np.ascontiguousarray(value.T), xp, device, dtype=y.dtype)
        intercept = xp.reshape(arrays["intercept_init"], (1, *y.shape[1:]))
        coef, intercept = scaling.from_original(arrays["coef_init"], intercept)
        return xp.concat([coef, intercept]) if self.fit_intercept else coef

    def _resumed(self, objective, scaling):
        """A copy of the last state, its parameters moved to the units and type of the new data."""
        state, y = self._state, objective.y
        xp = namespace(y)
        shape = (objective.design.n_parameters, *y.shape[1:])
        if tuple(state.params.shape) != shape:
            raise ValueError(
                "The earlier fit cannot be continued: its coefficients and intercept have the "
                f"shape {tuple(state.params.shape)}, these data with these parameters need "
                f"{shape}. Fit a clone, or set warm_start=False."
            )
        resumed = replace(state, average=copy.deepcopy(state.average))
        if not isinstance(self.random_state, np.random.RandomState):
            resumed.rng = copy.deepcopy(state.rng)
        if not state.scaling.equals(scaling):
            intercept = self.intercept_
            resumed = self._fresh_state(
                self._given_parameters(objective, scaling, to_numpy(self.coef_), intercept),
                scaling,
            )
        elif namespace(state.params) is not xp or state.params.dtype != y.dtype:
            device = None if xp is np else y.device
            params = asarray(to_numpy(state.params), xp, device, dtype=y.dtype)
            resumed = self._fresh_state(params, scaling)
        return resumed

    def _original(self, objective, scaling):
        """Function from parameters to ``coef_`` and ``intercept_``."""

        def original(params):
            coef, intercept = scaling.to_original(*objective.design.split(params))
            return (coef, float(intercept)) if coef.ndim == 1 else (coef.T, intercept)

        return original

    def _set_fitted(self, result, plan, state, objective, scaling, components):
        self.coef_, self.intercept_ = self._original(objective, scaling)(result.params)
        self.n_iter_ = result.n_iter
        self.t_ = state.count
        self.learning_rate_ = float(state.learning_rate * state.rate_factor)
        self.momentum_ = plan.momentum
        self.stop_reason_ = result.stop_reason
        self.converged_ = result.stop_reason in ("tolerance", "plateau")
        self.history_ = plan.run.history
        self.loss_curve_ = self.history_["objective"][1:]
        if self.early_stopping:
            self.validation_scores_ = self.history_["validation_score"][1:]
        self._loss = components.loss
        self._state = state

    def _report(self, result, plan):
        """Warn of what went wrong; hand an interrupt on to the caller."""
        if result.interrupt is not None:
            raise result.interrupt
        if result.stop_reason == "diverged":
            warn_diverged(plan.run, plan.facts)
        elif result.stop_reason == "max_iter" and self.tol is not None:
            warn_not_converged(plan.run, plan.facts)

    def _feature_names(self):
        names = getattr(self, "feature_names_in_", None)
        return [f"x{j}" for j in range(self.n_features_in_)] if names is None else list(names)

    def _open_callbacks(self, X, y, sample_weight):
        """Context of the callbacks, or None where none is set."""
        if not getattr(self, "_skl_callbacks", None) and not hasattr(self, "_parent_callback_ctx"):
            return None
        context = self._init_callback_context(max_subtasks=self.max_iter)
        metadata = {"sample_weight": sample_weight}
        self._callback_data = {"X": X, "y": y, "metadata": metadata}
        context.call_on_fit_task_begin(estimator=self, **self._callback_data)
        return context

    def _close_callbacks(self, context):
        if context is not None:
            context.call_on_fit_task_end(estimator=self, **self._callback_data)
            del self._callback_data

    def _raw_prediction(self, X, method):
        """X @ coef + intercept, in the namespace of X."""
        check_is_fitted(self)
        xp, device = input_namespace(X)
        self._check_same_namespace(xp, device, method)
        X = validate_data(
            self,
            X,
            accept_sparse=["csr", "csc", "coo"],
            accept_large_sparse=True,
            dtype=[xp.float64, xp.float32],
            reset=False,
        )
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

    def __getstate__(self):
        return {**super().__getstate__(), "_gdregress_version": __version__}

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
        super().__setstate__(state)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.array_api_support = True
        return tags


class _EpochEnd:
    """What happens after each epoch besides the descent: printing and callbacks."""

    def __init__(self, estimator, run, original, loss, context):
        self.estimator = estimator
        self.run = run
        self.original = original
        self.loss = loss
        self.context = context

    def __call__(self, params):
        if self.estimator.verbose:
            self._print()
        if self.context is None:
            return False
        subcontext = self.context.subcontext(task_name="epoch")
        data = self.estimator._callback_data
        subcontext.call_on_fit_task_begin(estimator=self.estimator, **data)
        return subcontext.call_on_fit_task_end(
            estimator=self.estimator,
            reconstruction_attributes=lambda: self._attributes(params),
            **data,
        )

    def _attributes(self, params):
        coef, intercept = self.original(params)
        return {"coef_": coef, "intercept_": intercept, "_loss": self.loss}

    def _print(self):
        """Every epoch with verbose=2; with verbose=1 epochs 1, 2, 5, 10, 20, 50, ..."""
        history = self.run.history
        epoch = len(history) - 1
        digits = str(epoch)
        if epoch == 1:
            print(history.header())
        if self.estimator.verbose > 1 or (digits[0] in "125" and set(digits[1:]) <= {"0"}):
            print(history.line())


class _Scorer:
    """Score of parameters on the rows held out."""

    def __init__(self, held_out, objective, scaling, loss):
        self.X, self.y, self.weights = held_out
        self.objective = objective
        self.scaling = scaling
        self.loss = loss

    def __call__(self, params):
        coef, intercept = self.scaling.to_original(*self.objective.design.split(params))
        return explained(self.loss, self.y, self.X @ coef + intercept, self.weights)
