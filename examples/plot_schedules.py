"""
Schedules: a learning rate that falls
=====================================

Updates from a few rows are noisy, and at a constant learning rate the noise never ends. A schedule
multiplies the rate by a factor that depends on the count of updates. This lesson draws those that
have a name, and races them.

Run it with ``python examples/plot_schedules.py``.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from gdregress import GDRegressor
from gdregress.plotting import LossCurveDisplay
from gdregress.schedules import Cosine, Exponential, InverseScaling, OneCycle, Step

# %%
# Factors
# -------
#
# A schedule is a function of the count t. A run of twenty epochs of fifty updates, which makes a
# thousand; ``scale`` says what a schedule counts in, an epoch or the run, and is filled in where a
# model is fitted. With s for it, these are
#
# .. math::
#
#     \text{invscaling: } (1 + t / s)^{-p} \qquad
#     \text{exponential: } d^{\,t / s} \qquad
#     \text{step: } d^{\lfloor t / (k s) \rfloor} \qquad
#     \text{cosine: } \tfrac{1}{2} (1 + \cos(\pi t / s))
#
# and the one-cycle schedule, which goes up before it comes down.

updates_per_epoch, epochs = 50, 20
t = np.arange(updates_per_epoch * epochs)
schedules = {
    "invscaling": InverseScaling(power_t=0.75, scale=updates_per_epoch),
    "exponential": Exponential(decay=0.8, scale=updates_per_epoch),
    "step": Step(decay=0.3, every=5, scale=updates_per_epoch),
    "cosine": Cosine(scale=len(t)),
    "one-cycle": OneCycle(scale=len(t)),
}
dashes = ("-", "--", "-", "-.", ":")
styles = {name: {"color": f"C{i}", "ls": dashes[i]} for i, name in enumerate(schedules)}
figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
for name, schedule in schedules.items():
    axis.plot(t / updates_per_epoch, schedule(t), **styles[name], label=name)
axis.set(xlabel="epoch", ylabel="factor of the learning rate", xticks=range(0, 21, 5))
axis.legend()
plt.show()

# %%
# The race
# --------
#
# 1,600 rows of five columns, batches of 32: fifty updates in an epoch. The rate is 0.3, times the
# factor of each.

rng = np.random.default_rng(0)
X = rng.normal(size=(1600, 5))
y = X @ np.array([1.0, 2.0, 3.0, 4.0, 5.0]) + rng.normal(size=1600)


def descend(schedule):
    model = GDRegressor(
        solver="mini-batch",
        optimizer="gd",
        learning_rate=0.3,
        schedule=schedule,
        max_iter=epochs,
        tol=None,
        random_state=0,
    )
    return model.fit(X, y)


least = GDRegressor(tol=1e-9).fit(X, y).loss_curve_[-1]
models = {
    name: descend(schedule) for name, schedule in {"constant": "constant", **schedules}.items()
}
styles["constant"] = {"color": "black"}
LossCurveDisplay.from_estimators(models, y="gap", best=least, line_kw=styles)
plt.show()

# %%
# How far above the minimum the objective is after the last epoch:

for name, model in models.items():
    print(f"{name:<12}{model.loss_curve_[-1] - least:.1e}")

# %%
# The constant rate comes down to the height of its noise in one epoch, and stays there. Every rate
# that falls ends far below. Cosine and one-cycle have their small steps at the very end of the run
# only; the exponential one has had them for a long time, and ends lowest here.
#
# Any function of the count will do, too:

halved = descend(lambda count: 0.5 ** (count // 100))
print(f"halved every second epoch: {halved.loss_curve_[-1] - least:.1e}")

# %%
# And where no rate is given, none of this is needed: variance reduction takes the noise out of the
# batches, and the rate is learned on the way.

with warnings.catch_warnings():
    warnings.simplefilter("error", ConvergenceWarning)
    automatic = GDRegressor(solver="mini-batch", random_state=0).fit(X, y)
left = automatic.loss_curve_[-1] - least
print(f"{automatic.stop_reason_} after {automatic.n_iter_} epochs, {left:.1e} above the minimum")
