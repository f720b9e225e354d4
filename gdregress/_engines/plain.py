"""The plain engine: the definition of an epoch, which all other engines must equal."""

from functools import partial

from gdregress._engines.engine import EpochEngine
from gdregress.samplers import ALL_ROWS
from gdregress.schedules import factor_at


class Plain(EpochEngine):
    """One update after the other, for every component and every array library."""

    @classmethod
    def supports(cls, run, state):
        return True

    def epoch(self, state):
        run, objective, optimizer = self.run, self.run.objective, self.run.optimizer
        base, evaluated = run.learning_rate * state.rate_factor, None
        for rows, share in objective.batches(run.sampler, state.rng):
            point = optimizer.lookahead(state.params, state.memory)
            if rows is ALL_ROWS:
                objective.recentre_for_gradient(point)
            grad = self._gradient(state, point, rows)
            if run.line_search is not None:
                base = self._searched_rate(state, point, grad)
            factor = factor_at(run.schedule, state.count - run.schedule_offset)
            rate = base * factor * share
            state.params, state.memory = optimizer.step(
                state.params, grad, state.memory, rate, objective.prox
            )
            state.count += 1
            if state.average is not None:
                state.average.update(state.params)
            elif run.sampler.takes_all_rows:
                evaluated = (point, grad)
        state.epoch += 1
        return evaluated, rate / share

    def _gradient(self, state, point, rows):
        objective = self.run.objective
        if self.run.optimizer.variance_reduced:
            return objective.reduced_gradient(point, rows, state.snapshot)
        return objective.gradient(point, rows)

    def _searched_rate(self, state, point, grad):
        search, next_point = self.run.line_search, partial(self._next_point, state, grad)
        state.learning_rate = search.search(self.run.objective, point, grad, next_point)
        state.searched = search.last
        return state.learning_rate

    def _next_point(self, state, grad, rate):
        """Return the point of the gradient after a step at this rate."""
        optimizer = self.run.optimizer
        return optimizer.lookahead(
            *optimizer.step(state.params, grad, state.memory, rate, self.run.objective.prox)
        )
