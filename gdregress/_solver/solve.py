"""The loop of batch, stochastic and mini-batch descent, which differ in their sampler."""

from contextlib import closing
from functools import partial

from gdregress._engines import choose_engine
from gdregress._solver.beginning import begin
from gdregress._solver.course import course_of
from gdregress._solver.ending import result_of
from gdregress._solver.meter import Meter

# A diverging run divides its automatic rate by CUT, at most MAX_CUTS times.
CUT, MAX_CUTS = 4.0, 40


def solve(run, state, course=None):
    """Descend until a rule ends the run, and leave `state` at the last update.

    Parameters
    ----------
    run : Run
    state : State
    course : dict or None
        See `course_of`: of an interrupted run, which goes on from `state`.

    Returns
    -------
    Result
    """
    loop = Loop(*begin(run, state, course))
    interrupt = None
    try:
        while loop.goes_on():
            loop.descend()
    except KeyboardInterrupt as error:
        loop.stop, interrupt = "interrupted", error
    return result_of(loop.run, state, loop.best, loop.stop or "max_iter", loop.n_iter, interrupt)


class Loop:
    """A run under way.

    Parameters
    ----------
    run : Run
    state : State
    best : Best
    n_iter, cuts : int
        Epochs so far, and how often the learning rate has been cut.
    stop : str or None
        Why the run has ended.
    """

    def __init__(self, run, state, best, n_iter=0, cuts=0, stop=None):
        self.run, self.state, self.best = run, state, best
        self.n_iter, self.cuts, self.stop = n_iter, cuts, stop

    def goes_on(self):
        return self.stop is None and self.n_iter < self.run.max_iter

    def descend(self):
        """Run epochs by one engine, until the run ends or is renewed."""
        run, state = self.run, self.state
        engine = choose_engine(run, state, Meter(run))
        with closing(engine.epochs(state, run.max_iter - self.n_iter)) as epochs:
            for row in epochs:
                self.stop, is_renewed = self._judge(row)
                if is_renewed or self.stop is not None:
                    break
        if self.goes_on():
            self.run = run.renewal.renew(run, state, self.best)

    def _judge(self, row):
        """Return why the run ends with an epoch, or None, and whether another run continues it."""
        run, state = self.run, self.state
        self.n_iter += 1
        kept = run.learned_rate is None or run.learned_rate.keeps(state, row)
        row = row if kept else run.history.full_row(-1)
        diverged = run.divergence.update(row)
        if diverged and run.may_cut_rate and self.cuts < MAX_CUTS:
            self._cut_rate()
            return None, False
        self.best.offer(row, state.reported())
        stop = diverged or (self._rule_that_ends(row) if kept else None)
        if run.on_epoch is not None and self._callbacks_end(stop):
            stop = stop or "callback"
        return (None, True) if run.is_renewed(row, stop) else (stop, False)

    def _cut_rate(self):
        self.cuts += 1
        self.state.rate_factor /= CUT
        self.state.restart_at(self.best.params, self.run.optimizer)

    def _rule_that_ends(self, row):
        run = self.run
        if stop := run.stopping.update(row):
            return stop
        if run.plateau is None or run.plateau.update(row) is None:
            return None
        return "plateau" if not run.schedule.listens else self._reduce_rate()

    def _reduce_rate(self):
        """Reduce the rate of an adaptive schedule; "plateau" once it is exhausted."""
        run, state = self.run, self.state
        state.rate_factor /= run.schedule.divisor
        run.plateau.restart()
        return "plateau" if state.rate_factor < run.schedule.smallest else None

    def _callbacks_end(self, stop):
        run, state = self.run, self.state
        counts = {"n_iter": self.n_iter, "cuts": self.cuts, "stop": stop}
        so_far = partial(course_of, run, state, self.best, **counts)
        return run.on_epoch(run.history, run.objective.to_user(state.reported()), so_far)
