"""The measurement after each epoch: a row of the history."""

import math
import time
from dataclasses import replace

import numpy as np


class Meter:
    """Appends a row to the history after each epoch, and returns it.

    Parameters
    ----------
    run : Run
    """

    def __init__(self, run):
        self.run = run

    def on(self, objective):
        """A meter of the same run with another form of its objective."""
        return Meter(replace(self.run, objective=objective))

    def __call__(self, state, rate, evaluated=None):
        """Measure the state after an epoch.

        Parameters
        ----------
        state : State
            Is put back to the point of the last gradient if that gradient ends the run: the step
            taken since may have left the minimum again.
        rate : float
            The last learning rate.
        evaluated : tuple of (point, gradient) or None
            Of the last update, if it was over all rows.
        """
        run, objective, params, next_point = self.run, self.run.objective, state.reported(), None
        if evaluated is not None and self._next_gradient_is_at(state, params):
            evaluated = None
        point, grad = self._full_gradient(state, params) if evaluated is None else evaluated
        mapping = objective.gradient_mapping(point, grad, run.gradient_step)
        norm = objective.scaled_norm(mapping, run.gradient_units)
        gap, ends = (None, False) if evaluated is None else self.judge(norm, point)
        if ends:
            params = self._minimiser(point, grad, rate)
            state.restart_at(params, run.optimizer)
        elif evaluated is not None:
            next_point = run.optimizer.lookahead(params, state.memory)
        objective.recentre_for_value(params)
        loss, penalty = objective.loss_value(params, next_point), objective.penalty_value(params)
        return self.append(state, params, rate, loss, penalty, norm, gap=gap)

    def _next_gradient_is_at(self, state, params):
        """Whether the gradient at the end of an epoch is that of the next step, and costs nothing.

        It is not asked for where the function is not finite, as the run ends there.
        """
        run, objective = self.run, self.run.objective
        if not objective.keeps_gradients:
            return False
        at_end = run.optimizer.lookahead(params, state.memory) is params
        return at_end and math.isfinite(objective.loss_value(params, params))

    def judge(self, norm, point):
        """Return the gap at the point of a gradient, and whether it ends the run.

        Parameters
        ----------
        norm : float
            Of the gradient mapping there.
        point : array
        """
        value = self._last_value()
        gap = self._gap(norm, point, value)
        return gap, self.run.stopping.ends_at(norm, gap, value)

    def _gap(self, norm, point, value):
        """Return the gap at a point; None without an estimate."""
        certificate = self.run.certificate
        return None if certificate is None else certificate.gap(norm, point, value)

    def _last_value(self):
        """The last objective that is known."""
        history = self.run.history
        return history["objective"][-1] if len(history) else math.inf

    def threshold(self):
        """Norm of the gradient mapping at which a run might end; -1 is never reached."""
        certificate = self.run.certificate
        return -1.0 if certificate is None else certificate.threshold(self._last_value())

    def _full_gradient(self, state, params):
        """A point and its gradient over all rows, of which variance reduction keeps a snapshot."""
        objective = self.run.objective
        if self.run.optimizer.variance_reduced:
            state.snapshot = None  # as long as the rows, and of no more use
            state.snapshot = objective.snapshot(params)
            return params, state.snapshot.gradient
        objective.recentre_for_gradient(params)
        return params, objective.gradient(params)

    def _minimiser(self, point, grad, rate):
        """Where a run ends whose gradient mapping is small enough at a point."""
        if not self.run.objective.penalty.active:
            return point
        # where the curvature has no bound, only the rate is known not to be too large
        step_size = min(self.run.gradient_step, rate)
        return self.run.objective.prox(point - step_size * grad, step_size)

    def deferred(self, params, evaluated=None):
        """Loss, penalty and gradient norm as `DeferredScalar`, if the gradient ends no run."""
        run, objective = self.run, self.run.objective
        loss, penalty = objective.deferred_loss(params), objective.deferred_penalty(params)
        if evaluated is None:
            objective.recentre_for_gradient(params)
            evaluated = params, objective.gradient(params)
        mapping = objective.gradient_mapping(*evaluated, run.gradient_step)
        return loss, penalty, objective.deferred_norm(mapping, run.gradient_units)

    def append(self, state, params, rate, loss, penalty, norm, now=None, gap=None):
        """Add a row to the history.

        Parameters
        ----------
        state : State
        params : array
            The parameters that are reported.
        rate, loss, penalty, norm : float
        now : float or None
            The time at which these were known, if not now.
        gap : float or None
            What is left of the objective where the gradient was taken; None to estimate it at
            the parameters.
        """
        run, validated, kept, now = self.run, None, None, now or time.perf_counter()
        if run.validate is not None or run.store is not None:
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                user = run.objective.to_user(params)
                validated = None if run.validate is None else run.validate(user)
                kept = None if run.store is None else run.store(user)
        gap = self._gap(norm, params, loss + penalty) if gap is None else gap
        row = {
            "epoch": state.epoch,
            "t": state.count,
            "objective": loss + penalty,
            "loss": loss,
            "penalty": penalty,
            "gradient_norm": norm,
            "gap": gap,
            "learning_rate": rate,
            "seconds": now - run.started,
        }
        if validated is not None:
            row["validation_score"], row["validation_loss"] = validated
        run.history.append(row)
        if kept is not None:
            run.history.append_parameters(*kept)
        return row
