"""Steps between two epochs of variance reduction, whose snapshot has the gradient for them."""

import math

import numpy as np

from gdregress._core.threads import one_thread_of_blas
from gdregress._objective.sample import system_of_sample
from gdregress._utils.array_api import dot

# Share of the foreseen decrease by which a sample has to fall along a Newton step.
ENOUGH = 0.5


class EpochMomentum:
    """Nesterov's momentum from epoch to epoch, for epochs that are nearly free of noise.

    With w and v the ends of the last two epochs, the next one starts at

        u = w + (t - 1) / t' (w - v),    t' = (1 + sqrt(1 + 4 t^2)) / 2,

    and the sequence starts again at t = 1 where the epoch has turned against the last
    displacement, (u - w') . (w' - w) > 0, or was undone. An epoch of variance reduction is close
    to a function of its start, whose fixed point is the minimum: it is accelerated as a gradient
    step is, which counts where the epochs have few updates beside the condition number.

    References
    ----------
    Beck and Teboulle, "A fast iterative shrinkage-thresholding algorithm", 2009, section 4.
    O'Donoghue and Candes, "Adaptive restart for accelerated gradient schemes", 2015, section 3.2.
    Lin, Mairal and Harchaoui, "A universal catalyst for first-order optimization", 2015, who
    extrapolate the outer iterations of SVRG likewise.
    """

    def begin_epoch(self, state):
        """Move the parameters to where the epoch starts."""
        end = state.params
        before, t = state.epoch_momentum or (end, 1.0)
        next_t = (1 + math.sqrt(1 + 4 * t * t)) / 2
        if t > 1:
            state.params = end + ((t - 1) / next_t) * (end - before)
        state.epoch_momentum, self.start = (end, next_t), state.params

    def end_epoch(self, state):
        """Start the sequence again where the epoch has turned."""
        before, _ = state.epoch_momentum
        if dot(self.start - state.params, state.params - before) > 0:
            state.epoch_momentum = (before, 1.0)


class EpochNewton:
    """A Newton step before each epoch, with the second derivatives of a sample of the rows.

        u = w - H^-1 g,    g = grad F(w)

    The snapshot at w has g of all rows; H is that of every so many-th row, see `sample`. Of the
    distance to the minimum the step leaves the share by which H differs from the second
    derivatives of all rows, about sqrt(p / m) for m rows, along flat directions as along steep
    ones. So the epoch from u, whose gradients are reduced by the snapshot at w, has hardly to
    descend, which takes many updates in flat directions, and leaves its noise only.

    H may change along a long step. With F_s over the sample alone, the step is taken if

        F_s(u) - F_s(w) + (grad F(w) - grad F_s(w)) . (u - w),

    whose gradient at w is that of F, falls by a share of what H foresees. And if an epoch has been
    undone, the sample may lack rows that bend F most. Other epochs begin as under `EpochMomentum`.

    Parameters
    ----------
    objective : Objective
        With a sample.

    References
    ----------
    Roosta-Khorasani and Mahoney, "Sub-sampled Newton methods", 2019, for the step. Shamir, Srebro
    and Zhang, "Communication-efficient distributed optimization using an approximate Newton-type
    method", 2014, for the function of the sample. Gonen, Orabona and Shalev-Shwartz, "Solving
    ridge regression using sketched preconditioned SVRG", 2016, who precondition every update
    instead, at p^2 operations each.
    """

    def __init__(self, objective):
        self.objective = objective
        self.otherwise = EpochMomentum()

    def begin_epoch(self, state):
        """Move the parameters to where the epoch starts."""
        step = None if state.rate_has_failed else self._step(state)
        self.steps = step is not None
        if step is None:
            self.otherwise.begin_epoch(state)
            return
        state.params = (state.params - step).astype(state.params.dtype, copy=False)
        state.epoch_momentum = None

    def end_epoch(self, state):
        """Let the momentum know of an epoch that it began."""
        if not self.steps:
            self.otherwise.end_epoch(state)

    def _step(self, state):
        """H^-1 g at the snapshot; None where it is too long."""
        objective, params = self.objective, state.params
        l2 = objective.penalty_curvature()
        l2 = l2 if params.ndim == 2 else l2[:, 0]
        gradient = state.snapshot.gradient + l2 * params
        eps = float(np.finfo(params.dtype).eps)
        with one_thread_of_blas():  # as the products are small
            system = system_of_sample(objective, params, l2, eps)
            step = system.solve(gradient) if system.is_finite else None
        if step is None:
            return None
        foreseen = float(np.sum(gradient * step)) / 2
        return step if self._fall(state, step) >= ENOUGH * foreseen else None

    def _fall(self, state, step):
        """By how much the function of the sample falls along a step."""
        objective, some, w = self.objective, self.objective.sample, state.params
        u = (w - step).astype(w.dtype, copy=False)
        tilt = float(np.sum((state.snapshot.gradient - some.gradient(w)) * step))
        falls = some.loss_value(w) - some.loss_value(u) + tilt
        return falls + objective.penalty_value(w) - objective.penalty_value(u)
