"""The course of a run in plain values, from which another process continues the run.

It is the state and the progress of the rules: each class names its fields that change in
``course``.
"""

from dataclasses import replace

from gdregress._solver.history import History

# The parts of a run whose fields change during it.
_PARTS = ("certificate", "divergence", "plateau", "line_search", "learned_rate", "renewal")


def course_of(run, state, best, **counts):
    """The course after an epoch, and the state from which a run is taken up.

    Parameters
    ----------
    run : Run
    state : State
    best : Best
    **counts
        Plain numbers of the loop.

    Returns
    -------
    course : dict
    state : State
    """
    parts = {name: getattr(run, name) for name in _PARTS} | {"best": best}
    course = {
        "parts": {name: _fields(part) for name, part in parts.items() if part is not None},
        "all_rows": run.sampler.takes_all_rows,
        "data": kind_of_data(run.objective),
        "history": run.history.to_dict(),
        "schedule_offset": run.schedule_offset,
        "counts": counts,
    }
    anchor = run.objective.finite_anchor() if run.objective.from_moments else state.anchor
    last = run.history["objective"][-1]
    return course, replace(state, anchor=anchor, snapshot=None, objective=last)


def kind_of_data(objective):
    """The form of the rows, on which the way to the minimum depends."""
    kind = "sparse" if objective.design.is_sparse else "dense"
    where = "in memory" if objective.has_rows else "in blocks"
    return f"{kind} rows of {objective.y.dtype} {where}"


def _fields(part):
    return {name: getattr(part, name) for name in part.course}


def take_up_rows(course, run):
    """Put the history so far in the place of the row of the start; the last row."""
    known = History.from_dict(course["history"])
    run.history.clear()
    run.history.update(known)
    run.history.coef, run.history.intercept = known.coef, known.intercept
    return run.history.full_row(-1)


def take_up_rules(course, run, best):
    """Let the rules have seen the course; the numbers of the loop."""
    parts = {name: getattr(run, name) for name in _PARTS} | {"best": best}
    for name, fields in course["parts"].items():
        vars(parts[name]).update(fields)
    return course["counts"]
