"""The start of a run: afresh, at given coefficients, or at the end of the last one."""

import copy
from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state

from gdregress._estimator.input.columns_in_use import of_all_columns, same_columns
from gdregress._estimator.saving.saved_state import converted, restored, same_coordinates
from gdregress._estimator.saving.settings import settings
from gdregress._solver.averaging import SuffixAverage
from gdregress._solver.run import State
from gdregress._utils.array_api import asarray, namespace, to_numpy
from gdregress.samplers import SAMPLERS

# The fields of a state that hold arrays like the targets.
_OF_THE_TYPE_OF_Y = (
    "params",
    "memory",
    "epoch_momentum",
    "searched",
    "conjugate",
    "average",
    "anchor",
)


FITTED = ("coef_", "intercept_")


def given_start(estimator, prepared, coef_init, intercept_init):
    """State of a warm start or of given initial coefficients; None to start from null."""
    if coef_init is not None or intercept_init is not None:
        return _at(estimator, prepared, coef_init, intercept_init)
    if estimator.warm_start and hasattr(estimator, "_state"):
        return resumed(estimator, prepared)
    return None


def first_parameters(estimator, objective):
    """Return the start of a fit that is given none.

    The null model under an automatic rate; under a number zero, as in the textbooks, or the
    logarithm of the mean of y under a log link.
    """
    if estimator.learning_rate in ("auto", "line-search") or objective.loss.link == "log":
        return objective.null_parameters()
    return objective.zero_parameters()


def fresh_state(estimator, prepared, params):
    """State of a run that begins at `params`."""
    return State(
        params=params,
        rng=own_generator(estimator),
        average=_new_average(estimator.average),
        coordinates=prepared.objective.design.coordinates,
        settings=settings(estimator),
        columns=prepared.columns,
    )


def own_generator(estimator):
    """Return a generator of one run, seeded by the one that is given or by NumPy's global one.

    Others use these as well: numbers that a run draws early or puts back must not show there.
    Descent over all rows draws nothing, and a generator takes as long to make as a small fit.
    """
    given = estimator.random_state
    if isinstance(given, Integral) or SAMPLERS[estimator.solver].takes_all_rows:
        return check_random_state(given)
    return np.random.RandomState(check_random_state(given).randint(2**32, dtype=np.uint32))


def resumed(estimator, prepared):
    """The last state, its parameters moved to the units and type of the new data.

    The parameters are those of the attributes, to which other values may have been assigned.
    """
    saved, objective = estimator._state, prepared.objective
    if not same_columns(saved.get("columns"), prepared.columns):
        same_features = estimator.coef_.shape[-1] == prepared.n_features
        if saved["coordinates"] is not None or not same_features:
            return _in_other_coordinates(estimator, prepared, saved)
        saved = _of_columns(saved, prepared.columns, prepared.n_features)
    shape = (objective.design.n_parameters, *objective.output_shape)
    saved = _of_shape(shape, saved)
    if tuple(saved["params"].shape) != shape:
        raise ValueError(
            "The earlier fit cannot be continued: its coefficients and intercept have the "
            f"shape {tuple(saved['params'].shape)}, these data with these parameters need "
            f"{shape}. Fit a clone, or set warm_start=False."
        )
    if not same_coordinates(saved["coordinates"], objective.design.coordinates):
        return _in_other_coordinates(estimator, prepared, saved)
    optimizer = prepared.components.optimizer
    state = restored(of_type_of(objective.y, saved), optimizer)
    if state.settings != settings(estimator):
        # a rate reduced by plateaus does not hold under other parameters
        state.rate_factor, state.plateau, state.learning_rate = 1.0, None, None
        state.rate_has_failed, state.epoch_momentum, state.conjugate = False, None, None
        state.working_set = None
        state.average = _new_average(estimator.average)
        state.settings = settings(estimator)
    if is_assigned(estimator, saved):
        params = _given_parameters(estimator, objective, *_fitted(estimator, prepared), FITTED)
        state = state.moved_to(params, optimizer)
    state.params = objective.inside(state.params)
    state.coordinates = objective.design.coordinates
    return state


def is_assigned(estimator, saved):
    """Whether ``coef_`` or ``intercept_`` are no longer those that were fitted with a state."""
    now, known = fitted_numbers(estimator.coef_, estimator.intercept_), saved.get("fitted")
    return known is not None and not all(map(np.array_equal, now, known))


def fitted_numbers(coef, intercept):
    """Copies of ``coef_`` and ``intercept_``, to which nobody else writes."""
    return [np.array(to_numpy(coef)), np.array(to_numpy(intercept))]


def _of_columns(saved, columns, n_features):
    """A saved state in the user's units with its arrays for other columns; zero for new ones."""
    known, wanted = (
        np.arange(n_features) if numbers is None else np.asarray(numbers)
        for numbers in (saved.get("columns"), columns)
    )
    n_parameters = len(saved["params"])
    n_intercepts = n_parameters - len(known)
    intercept = np.arange(n_features, n_features + n_intercepts)
    known, wanted = np.append(known, intercept), np.append(wanted, intercept)

    def moved(array):
        if array.shape[:1] != (n_parameters,):
            return array
        return of_all_columns(array, known, n_features + n_intercepts)[wanted]

    arrays = {name: converted(saved.get(name), moved) for name in _OF_THE_TYPE_OF_Y}
    return {**saved, **arrays, "columns": columns}


def _of_shape(shape, saved):
    """A saved state of one target, given as a column where it was a vector, or the other way."""
    known = tuple(saved["params"].shape)
    if known == shape or {known, shape} != {shape[:1], (*shape[:1], 1)}:
        return saved

    def shaped(array):
        return namespace(array).reshape(array, shape) if tuple(array.shape) == known else array

    return {**saved, **{name: converted(saved.get(name), shaped) for name in _OF_THE_TYPE_OF_Y}}


def of_type_of(y, saved):
    """Return a saved state with arrays of the library, type and device of y."""
    xp, params = namespace(y), saved["params"]
    device = None if xp is np else y.device
    same_place = namespace(params) is xp and (xp is np or params.device == device)
    if same_place and params.dtype == y.dtype:
        return saved

    def cast(array):
        return asarray(to_numpy(array), xp, device, dtype=y.dtype)

    return {**saved, **{name: converted(saved.get(name), cast) for name in _OF_THE_TYPE_OF_Y}}


def _in_other_coordinates(estimator, prepared, saved):
    """The earlier parameters, counts and random numbers; memory and rate belong to the others."""
    state = _at(estimator, prepared, *_fitted(estimator, prepared))
    for name in ("count", "epoch", "weight_total", "row_total"):
        setattr(state, name, saved[name])
    state.rng = copy.deepcopy(saved["rng"])
    return state


def _fitted(estimator, prepared):
    """The coefficients of the columns of the run, and the intercept."""
    coef = estimator.coef_
    return coef if prepared.columns is None else coef[..., prepared.columns], estimator.intercept_


def _at(estimator, prepared, coef, intercept):
    """State of a run that begins at coefficients and an intercept in the units of the data."""
    objective = prepared.objective
    params = _given_parameters(estimator, objective, coef, intercept)
    return fresh_state(estimator, prepared, objective.inside(params))


def _given_parameters(
    estimator, objective, coef, intercept, names=("coef_init", "intercept_init")
):
    """Parameters in the run's units from coefficients in those of the data."""
    y, p, outputs = objective.y, objective.design.n_features, objective.output_shape
    xp = namespace(y)
    device = None if xp is np else y.device
    shapes, arrays = ((*outputs, p), outputs), []
    null = first_parameters(estimator, objective)
    null_parts = [to_numpy(part).T for part in objective.design.split(null)]
    given = zip(names, (coef, intercept), shapes, null_parts, strict=True)
    for name, value, shape, default in given:
        value = default if value is None else to_numpy(value)
        if outputs == () and value.shape == (1, *shape):
            value = value[0]
        value = np.ascontiguousarray(_checked_start(name, value, shape).T)
        arrays.append(asarray(value, xp, device, dtype=y.dtype))
    coef, intercept = arrays[0], xp.reshape(arrays[1], (1, *outputs))
    if estimator.fit_intercept:
        return objective.design.from_user(xp.concat([coef, intercept]))
    return objective.design.from_user(coef)


def _checked_start(name, value, shape):
    """Return given parameters as numbers of a shape; ValueError says what is wrong."""
    if value.shape != shape:
        raise ValueError(f"{name} must have the shape {shape}. Got {value.shape}.")
    try:
        numbers = value.astype(float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold numbers: {error}.") from error
    bad = numbers[~np.isfinite(numbers)]
    if bad.size:
        raise ValueError(f"{name} must hold finite numbers. Got {bad.size} like {bad[0]}.")
    return numbers


def _new_average(average):
    if not average:
        return None
    return SuffixAverage(None if isinstance(average, (bool, np.bool_)) else average)


def original_units(prepared, as_rows):
    """Function from the user's parameters to ``coef_`` and ``intercept_``.

    ``as_rows`` gives a single output the shapes (1, n_features) and (1,), as classifiers have it.
    """
    objective = prepared.objective
    to_user = prepared.to_user_library

    def original(params):
        coef, intercept = objective.design.split(params)
        if prepared.columns is not None:
            coef = of_all_columns(coef, prepared.columns, prepared.n_features)
        if coef.ndim == 2:
            return to_user(coef.T), to_user(intercept)
        if as_rows:
            intercept = namespace(coef).reshape(intercept, (1,))
            return to_user(coef[None, :]), to_user(intercept)
        return to_user(coef), float(intercept)

    return original
