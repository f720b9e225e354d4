"""Continue an interrupted fit from the file of its last checkpoint."""

import math
import os
import re
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gdregress._estimator.components import over_all_rows
from gdregress._estimator.planning.coordinates import penalty_inside
from gdregress._estimator.planning.start import of_type_of
from gdregress._estimator.saving.saved_state import (
    converted,
    live_attributes,
    plain_attributes,
    restored,
    same_coordinates,
    saved,
)
from gdregress._estimator.saving.settings import parameters_as_text, settings
from gdregress._solver.course import kind_of_data
from gdregress._solver.run import SAME_VALUE
from gdregress._utils.array_api import to_numpy
from gdregress._utils.files import read, write


def save_course(path: Path, estimator: Any, course: Callable[[], Any]) -> None:
    """Write what `taken_up` reads.

    Parameters
    ----------
    path : Path
    estimator : GDRegressor or GDClassifier
        That is being fitted.
    course : callable
        Returns the course of the run and the state that belongs to it.
    """
    course, state = course()
    made_by = {**_maker(estimator), "kind of data": course.pop("data")}
    plain = plain_attributes({"_state": {**saved(state), "settings": None}})["_state"]
    content = {"made_by": made_by, "course": _simple(course), "state": _simple(plain)}
    write(Path(path), converted(content, to_numpy))


def _maker(estimator):
    """The class and the parameters by which a checkpoint is known again in any process."""
    texts = parameters_as_text(estimator, {"max_iter", "verbose"})
    parameters = {name: re.sub(r" at 0x[0-9a-fA-F]+", "", text) for name, text in texts.items()}
    classes = getattr(estimator, "classes_", None)
    labels = None if classes is None else repr(to_numpy(classes).tolist())
    return {"estimator": type(estimator).__name__, "parameters": parameters, "classes": labels}


def _simple(value):
    """The same with lists in the place of deques."""
    if isinstance(value, dict):
        return {key: _simple(part) for key, part in value.items()}
    if isinstance(value, tuple):
        return tuple(map(_simple, value))
    if isinstance(value, (list, deque)):
        return list(map(_simple, value))
    return value


def taken_up(estimator, prepared, path):
    """The fit in the coordinates of a checkpoint, its state, and the course of its run.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    prepared : Prepared
    path : str or Path

    Raises
    ------
    ValueError
        For a checkpoint of other parameters, of other classes, of other data or data of another
        kind, or of more epochs than `max_iter`.
    """
    content = read(_checked_path(path))
    now = {**_maker(estimator), "kind of data": kind_of_data(prepared.objective)}
    _check_maker(now, content["made_by"], path)
    _check_epochs(estimator, content["course"], path)
    plain = live_attributes({"_state": content["state"]})["_state"]
    if content["course"]["all_rows"] and not prepared.components.sampler.takes_all_rows:
        prepared = replace(prepared, components=over_all_rows(estimator, prepared.components))
    objective = prepared.objective
    shape = (objective.design.n_parameters, *objective.output_shape)
    if plain["params"].shape != shape:
        raise ValueError(
            f"The checkpoint {str(path)!r} is of parameters of the shape {plain['params'].shape}, "
            f"and these data need {shape}. Pass the data of the fit that was interrupted."
        )
    state = restored(of_type_of(objective.y, plain), prepared.components.optimizer)
    state.settings = settings(estimator)
    if not same_coordinates(plain["coordinates"], objective.design.coordinates):
        prepared = _in_coordinates(estimator, prepared, state.coordinates)
    _check_data(prepared.objective, state, path)
    return prepared, state, content["course"]


def held_out_seed(path):
    """The number by which the rows of a checkpoint's early stopping were drawn, or None."""
    return read(_checked_path(path))["state"]["held_out_seed"]


def _checked_path(path):
    """The path of a file; TypeError or OSError for anything else."""
    if not isinstance(path, (str, os.PathLike)):
        own = getattr(path, "path", None)
        hint = "" if own is None else f" Pass its path, {str(own)!r}."
        raise TypeError(
            "resume_from must be the path of the file of a Checkpoint. Got "
            f"{type(path).__name__}.{hint}"
        )
    if Path(path).is_dir():
        raise IsADirectoryError(
            f"resume_from={str(path)!r} is a folder. Pass the file of a Checkpoint in it."
        )
    if not Path(path).exists():
        raise FileNotFoundError(
            f"resume_from={str(path)!r} does not exist. Pass the file of a Checkpoint, or fit "
            "without resume_from if none has been saved yet."
        )
    return Path(path)


def _check_maker(now, made_by, path):
    for name, wanted in now.items():
        known = made_by[name]
        if known == wanted:
            continue
        if isinstance(wanted, dict):
            other = [key for key in wanted if known.get(key) != wanted[key]]
            known, wanted = (
                ", ".join(f"{key}={given.get(key)}" for key in other) for given in (known, wanted)
            )
        raise ValueError(
            f"The checkpoint {str(path)!r} was made by a fit with other {name}: {known}, not "
            f"{wanted}. Only max_iter and verbose may change: resume with what it was made with, "
            "or fit without resume_from."
        )


def _check_epochs(estimator, course, path):
    done = course["counts"]["n_iter"]
    if estimator.max_iter < done:
        raise ValueError(
            f"The checkpoint {str(path)!r} is of {done} epochs, more than "
            f"max_iter={estimator.max_iter}. Set max_iter to at least {done}: it counts epochs "
            "from the beginning."
        )


def refuse_start(start):
    """Raise ValueError for initial coefficients beside a checkpoint, which has its own."""
    for name, given in zip(("coef_init", "intercept_init"), start, strict=True):
        if given is not None:
            raise ValueError(
                f"{name} cannot be combined with resume_from, where the coefficients are those of "
                "the checkpoint. Leave one of both out."
            )


def _check_data(objective, state, path):
    """Raise ValueError where the objective of the checkpoint is not that of these data."""
    with np.errstate(over="ignore", invalid="ignore"):
        value = objective.value(state.reported())
    tolerance = max(SAME_VALUE, 10 * objective.rounding)
    if not math.isclose(value, state.objective, rel_tol=tolerance):
        raise ValueError(
            f"The checkpoint {str(path)!r} is of other data: its objective is "
            f"{state.objective:.6g}, and {value:.6g} on these. Pass the data of the fit that was "
            "interrupted."
        )


def _in_coordinates(estimator, prepared, coordinates):
    """The same fit in the coordinates that its run had at the checkpoint."""
    frame = prepared.frame.in_coordinates(coordinates)
    penalty = penalty_inside(estimator, prepared.components.penalty, coordinates)
    objective = prepared.objective.in_design(frame.design, penalty)
    return replace(prepared, frame=frame, objective=objective)


def going_on(run, course):
    """A planned run with what it has from its course before the first epoch."""
    seconds = course["history"]["columns"]["seconds"][-1]
    offset = course["schedule_offset"]
    return replace(run, started=run.started - seconds, schedule_offset=offset)
