"""The start of a run: measure the first row, or take up the course of an interrupted run."""

from gdregress._solver.best import Best
from gdregress._solver.course import take_up_rows, take_up_rules
from gdregress._solver.meter import Meter


def begin(run, state, course=None):
    """Measure the start of a run.

    Parameters
    ----------
    run : Run
    state : State
        Its memory, rate and plateau are set where the run does not continue those of another.
    course : dict or None
        Of an interrupted run, see `course_of`.

    Returns
    -------
    run : Run
    state : State
    best : Best
    n_iter, cuts : int
    stop : str or None
        As for `Loop`.
    """
    _prepare(run, state)
    row = Meter(run)(state, rate=run.learning_rate * state.rate_factor)
    if course is not None:
        row = take_up_rows(course, run)
        _move_anchor(run, state)  # which measuring may have moved
    if run.line_search is not None:
        run.line_search.last = state.searched
    if run.learned_rate is not None:
        run.learned_rate.begin(state, row)
    state.objective = None  # that of the last run
    best = Best(run, state.reported(), row)
    if course is None:
        return run, state, best, 0, 0, None
    return _take_up(course, run, state, best, row)


def _take_up(course, run, state, best, row):
    """What `begin` returns of an interrupted run, which may have been about to be renewed."""
    n_iter, cuts, stop = take_up_rules(course, run, best).values()
    if run.is_renewed(row, stop):
        stop = None
        run = run.renewal.renew(run, state, best) if n_iter < run.max_iter else run
    return run, state, best, n_iter, cuts, stop


def _prepare(run, state):
    """Set the optimizer's memory unless it continues, and the last rate of a line search."""
    fresh = run.optimizer.init(state.params)
    if type(state.memory) is not type(fresh):
        state.memory = fresh
    if run.line_search is not None and state.learning_rate is not None:
        run.line_search.rate = state.learning_rate
    state.learning_rate = run.learning_rate
    if run.schedule.listens:
        state.plateau = run.plateau
    _move_anchor(run, state)


def _move_anchor(run, state):
    """Expand a quadratic objective where the last run has."""
    if state.anchor is not None and run.objective.from_moments:
        run.objective.move_anchor(state.anchor)
