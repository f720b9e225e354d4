"""`partial_fit` under an automatic rate: the rows of a call are learned one after the other."""

import time

import numpy as np
from scipy import sparse

from gdregress._estimator.callbacks import print_epoch
from gdregress._estimator.components import build_components, refuse_columns
from gdregress._estimator.input.data import validate_input
from gdregress._estimator.input.offset import NO_OFFSETS, beside_offsets
from gdregress._estimator.planning.start import fitted_numbers, is_assigned, own_generator
from gdregress._estimator.saving.saved_state import saved
from gdregress._estimator.saving.settings import settings
from gdregress._solver.history import History
from gdregress._solver.run import State
from gdregress._stream.stream import Stream
from gdregress._utils.array_api import asarray, namespace, to_numpy
from gdregress._utils.validation import check_parameters, warn_ignored
from gdregress.losses.constant import best_constant

# Rows of the history that are kept, besides the first; twice as many at most.
KEPT_ROWS = 1000


def learns_by_rows(estimator):
    """Whether `partial_fit` learns by rows, rather than by one epoch of the solver."""
    return estimator.learning_rate == "auto"


def learn_part(estimator, X, y, sample_weight, offsets=NO_OFFSETS):
    """Learn from one call of `partial_fit`; under any rate, from one without a row of weight.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    X, y, sample_weight
        As the user gave them.
    offsets : tuple of (offset, exposure)
        As the user gave them.
    """
    started, earlier = time.perf_counter(), getattr(estimator, "_state", None)
    check_parameters(estimator)
    components = build_components(estimator, in_parts=True)
    components, y = beside_offsets(components, X, y, offsets)
    (X, y, weights), loss = validate_input(
        estimator, X, y, sample_weight, components, earlier is None, in_parts=True
    )
    if y.shape[0]:
        names = getattr(estimator, "feature_names_in_", None)
        components = components.with_checked_penalty(X.shape[1], loss, y, names)
        if learns_by_rows(estimator):
            refuse_columns(components, "partial_fit under learning_rate='auto'")
    n_rows = y.shape[0]
    if earlier is not None and not n_rows:
        return
    if earlier is None and learns_by_rows(estimator):
        _warn_unused(estimator)
    state = dict(earlier) if earlier else _first_state(estimator)
    stream = _stream(estimator, state, X, y, weights, loss)
    part = _Part(estimator, X, y, weights, _of_numpy(loss, y), components.penalty, stream)
    history = estimator.history_.copy() if earlier else History()
    state["learning_rate"] = stream.learning_rate
    if not earlier:
        part.measure(history, state, started)
    state["weight_total"] += n_rows if weights is None else float(to_numpy(weights).sum())
    state["row_total"] += n_rows
    if n_rows:
        part.learn(state["row_total"] / state["weight_total"])
        state["count"] += n_rows
    state["epoch"] += 1
    state.update(stream=stream.to_dict(), params=part.params(), coordinates=None, columns=None)
    state.update(snapshot=None, memory=None, memory_type="NoneType", average=None, anchor=None)
    facts = {"penalized": components.penalty.active, "has_intercept": stream.fit_intercept}
    state.update(facts, learning_rate=stream.learning_rate)
    part.measure(history, state, started)
    history.forget(KEPT_ROWS)
    estimator._set_fitted(_fitted(state, part, loss, history))
    if estimator.verbose:
        print_epoch(history, estimator.verbose)


def _warn_unused(estimator):
    """Warn of parameters of epochs, which `partial_fit` by rows does not have."""
    reason = "partial_fit under learning_rate='auto' learns by a rule of its own, row by row"
    unused = dict.fromkeys(("momentum", "schedule", "average"), reason)
    if estimator.optimizer not in ("gd", "auto"):
        unused["optimizer"] = reason
    warn_ignored(estimator, unused)


def _first_state(estimator):
    state = State(params=None, rng=own_generator(estimator), settings=settings(estimator))
    return saved(state)


def _stream(estimator, state, X, y, weights, loss):
    """The stream so far; a new one that begins at the last fit, or at the best constant."""
    outputs = loss.output_shape(y)
    shape = (int(np.prod(outputs)), X.shape[1] + bool(estimator.fit_intercept))
    stream = None if state["stream"] is None else Stream.from_dict(state["stream"])
    if stream is not None and not is_assigned(estimator, state):
        _check_shape(stream.params.shape, shape)
        return stream
    params = np.zeros(shape)
    if hasattr(estimator, "coef_"):
        params = _parameters_of(estimator)
        _check_shape(params.shape, shape)
    elif estimator.fit_intercept and loss.target_range not in ("labels", "classes") and len(y):
        params[:, -1] = to_numpy(best_constant(loss, y, weights))
    rows = state["row_total"]
    if stream is not None:
        return stream.moved_to(params)
    return Stream.at(params, bool(estimator.fit_intercept), sparse.issparse(X), rows)


def _parameters_of(estimator):
    """The fitted parameters, of shape (n_predictions, n_parameters)."""
    coef = np.atleast_2d(to_numpy(estimator.coef_)).astype(float)
    if not estimator.fit_intercept:
        return coef
    intercept = np.atleast_1d(to_numpy(estimator.intercept_)).astype(float)
    return np.hstack([coef, intercept[:, None]])


def _check_shape(found, needed):
    if found != needed:
        raise ValueError(
            "The earlier fit cannot be continued: its coefficients and intercept have the "
            f"shape {found[::-1]}, these data with these parameters need {needed[::-1]}. "
            "Fit a clone."
        )


class _Part:
    """The rows of a call: learns from them and measures the objective.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    X, y, weights : arrays
        Of the user's library.
    loss : loss of NumPy arrays
    penalty : Penalty
    stream : Stream
    """

    def __init__(self, estimator, X, y, weights, loss, penalty, stream):
        self.estimator = estimator
        self.like, self.outputs = y, loss.output_shape(y)
        self.X = X if sparse.issparse(X) else to_numpy(X)
        self.y = to_numpy(y).astype(float)
        self.weights = np.ones(len(self.y)) if weights is None else to_numpy(weights).astype(float)
        self.loss, self.penalty, self.stream = loss, penalty, stream

    def learn(self, factor):
        """Learn with the weights times a factor, which makes the mean of all so far 1."""
        weights = self.weights * factor
        self.stream.learn(self.X, self.y, weights, self.loss, self.penalty)

    def split(self):
        """Coefficients of shape (n_predictions, n_features), and as many intercepts."""
        params = self.stream.params
        if self.stream.fit_intercept:
            return params[:, :-1], params[:, -1]
        return params, np.zeros(len(params))

    def params(self):
        """Return the parameters in the shape and type of `State.params`."""
        params = self.stream.params.T
        return self.in_library(params if self.outputs else params[:, 0])

    def in_library(self, array):
        """A copy of an array in the library, on the device and of the type of y."""
        xp = namespace(self.like)
        device = None if xp is np else self.like.device
        return asarray(np.array(array, order="C"), xp, device, dtype=self.like.dtype)

    def measure(self, history, state, started):
        """Add the objective on the rows of the call to the history."""
        coef, intercept = self.split()
        w = coef.T if self.outputs else coef[0]
        loss, penalty = 0.0, float(self.penalty.value(w)) if self.penalty.active else 0.0
        if len(self.y):
            with np.errstate(over="ignore", invalid="ignore"):
                z = self.X @ w + (intercept if self.outputs else intercept[0])
                values = np.asarray(self.loss.value(self.y, z))
                values = values if values.ndim == 1 else values.sum(axis=1)
                loss = float(self.weights @ values / self.weights.sum())
        history.append(
            {
                "epoch": state["epoch"],
                "t": state["count"],
                "objective": loss + penalty,
                "loss": loss,
                "penalty": penalty,
                "learning_rate": state["learning_rate"],
                "seconds": time.perf_counter() - started,
            }
        )
        if self.estimator.store_path:
            history.append_parameters(*self.fitted())

    def fitted(self):
        """``coef_`` and ``intercept_``."""
        coef, intercept = (self.in_library(array) for array in self.split())
        if self.outputs or self.estimator._coef_as_rows:
            return coef, intercept
        return coef[0, ...], float(intercept[0])


def _fitted(state, part, loss, history):
    """The attributes after a call, by name."""
    coef, intercept = part.fitted()
    state["fitted"] = fitted_numbers(coef, intercept)
    return {
        "coef_": coef,
        "intercept_": intercept,
        "n_iter_": state["epoch"],
        "t_": state["count"],
        "learning_rate_": state["learning_rate"],
        "momentum_": None,
        "stop_reason_": "max_iter",
        "converged_": False,
        "history_": history,
        "loss_curve_": history["objective"][1:],
        "_loss": loss.without_offset,
        "_state": state,
    }


class _InLibrary:
    """A loss that only its library can differentiate, as one of NumPy arrays."""

    def __init__(self, loss, like):
        self.loss, self.like = loss, like

    def __getattr__(self, name):
        return getattr(self.loss, name)

    def value(self, y, z):
        return to_numpy(self.loss.value(self._there(y), self._there(z)))

    def gradient(self, y, z):
        return to_numpy(self.loss.gradient(self._there(y), self._there(z)))

    def _there(self, array):
        return asarray(
            np.ascontiguousarray(array), namespace(self.like), self.like.device, self.like.dtype
        )


def _of_numpy(loss, y):
    return _InLibrary(loss, y) if loss.base_loss.needs_library else loss
