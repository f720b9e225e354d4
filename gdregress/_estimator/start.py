"""Where a run starts: afresh, at given coefficients, or where the last one has ended."""

import copy
from dataclasses import replace
from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state

from gdregress._objective.base import null_parameters
from gdregress._solver.averaging import SuffixAverage
from gdregress._solver.solve import State
from gdregress._utils.array_api import asarray, namespace, to_numpy
from gdregress._utils.validation import defaults
from gdregress.samplers import SOLVERS, Batch


def given_start(estimator, objective, scaling, coef_init, intercept_init):
    """State of a warm start or of given initial coefficients; None to start from null."""
    if coef_init is not None or intercept_init is not None:
        params = _given_parameters(estimator, objective, scaling, coef_init, intercept_init)
        return fresh_state(estimator, params, scaling)
    if estimator.warm_start and hasattr(estimator, "_state"):
        return resumed(estimator, objective, scaling)
    return None


def fresh_state(estimator, params, scaling):
    """State of a run that begins at `params`."""
    return State(
        params=params,
        rng=own_generator(estimator),
        average=_new_average(estimator.average),
        scaling=scaling,
        settings=settings(estimator),
    )


def own_generator(estimator):
    """Random numbers of one run, seeded by the generator that is given or by NumPy's global one.

    Both are others' as well: what a run draws ahead, or puts back, must not be seen by them.
    Batch descent draws nothing, and a generator takes as long to make as a small fit.
    """
    given = estimator.random_state
    if (
        isinstance(given, Integral)
        or SOLVERS.get(estimator.solver, type(estimator.solver)) is Batch
    ):
        return check_random_state(given)
    return np.random.RandomState(check_random_state(given).randint(2**32, dtype=np.uint32))


def settings(estimator):
    """The parameters that bear on the course of a run, as text that can be compared."""
    passing = {"max_iter", "verbose", "warm_start", "store_path", "random_state"}
    names = [name for name in defaults(type(estimator)) if name not in passing]
    return repr([getattr(estimator, name) for name in names])


def resumed(estimator, objective, scaling):
    """A copy of the last state, its parameters moved to the units and type of the new data."""
    last, y = estimator._state, objective.y
    xp = namespace(y)
    shape = (objective.design.n_parameters, *objective.output_shape)
    if tuple(last.params.shape) != shape:
        raise ValueError(
            "The earlier fit cannot be continued: its coefficients and intercept have the "
            f"shape {tuple(last.params.shape)}, these data with these parameters need "
            f"{shape}. Fit a clone, or set warm_start=False."
        )
    state = replace(last, average=copy.deepcopy(last.average), plateau=copy.deepcopy(last.plateau))
    if last.settings != settings(estimator):
        # what plateaus have left of a rate says nothing under other parameters
        state.rate_factor, state.plateau, state.learning_rate = 1.0, None, None
        state.average = _new_average(estimator.average)
        state.settings = settings(estimator)
    state.rng = copy.deepcopy(last.rng)
    if not last.scaling.equals(scaling):
        fitted = estimator.coef_, estimator.intercept_
        params = _given_parameters(estimator, objective, scaling, *fitted)
        state = fresh_state(estimator, params, scaling)
    elif namespace(last.params) is not xp or last.params.dtype != y.dtype:
        device = None if xp is np else y.device
        params = asarray(to_numpy(last.params), xp, device, dtype=y.dtype)
        state = fresh_state(estimator, params, scaling)
    return state


def _given_parameters(estimator, objective, scaling, coef_init, intercept_init):
    """Parameters in the run's units from coefficients in those of the data."""
    y, p, outputs = objective.y, objective.design.n_features, objective.output_shape
    xp = namespace(y)
    device = None if xp is np else y.device
    shapes = {"coef_init": (*outputs, p), "intercept_init": outputs}
    arrays = {}
    null = null_parameters(objective.design, y, objective.weights, objective.loss)
    null_parts = [to_numpy(part).T for part in objective.design.split(null)]
    given = {"coef_init": coef_init, "intercept_init": intercept_init}
    for (name, value), default in zip(given.items(), null_parts, strict=True):
        value = default if value is None else to_numpy(value)
        if outputs == () and value.shape == (1, *shapes[name]):
            value = value[0]
        if value.shape != shapes[name] or not np.isfinite(value).all():
            raise ValueError(
                f"{name} must hold finite numbers in the shape {shapes[name]}. "
                f"Got shape {value.shape}."
            )
        value = value.astype(float)
        arrays[name] = asarray(np.ascontiguousarray(value.T), xp, device, dtype=y.dtype)
    intercept = xp.reshape(arrays["intercept_init"], (1, *outputs))
    coef, intercept = scaling.from_original(arrays["coef_init"], intercept)
    return xp.concat([coef, intercept]) if estimator.fit_intercept else coef


def _new_average(average):
    if not average:
        return None
    return SuffixAverage(None if isinstance(average, (bool, np.bool_)) else average)


def original_units(objective, scaling, as_rows, give_back):
    """Function from parameters to ``coef_`` and ``intercept_``.

    ``as_rows`` gives a single output the shapes (1, n_features) and (1,), as classifiers have it;
    ``give_back`` turns arrays of the run into those of the user's library.
    """

    def original(params):
        coef, intercept = scaling.to_original(*objective.design.split(params))
        if coef.ndim == 2:
            return give_back(coef.T), give_back(intercept)
        if as_rows:
            intercept = namespace(coef).reshape(intercept, (1,))
            return give_back(coef[None, :]), give_back(intercept)
        return give_back(coef), float(intercept)

    return original
