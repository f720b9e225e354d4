"""
Batches and optimizers
======================

Two choices make a descent: which rows an update sees, and what it does with their gradient. All
rows, one or sixteen; plain, with momentum, RMSprop or Adam. Four small experiments.

Run it with ``python examples/plot_batches_and_optimizers.py``.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import SGDRegressor
from sklearn.preprocessing import StandardScaler

from gdregress import GDRegressor, minimize
from gdregress.plotting import (
    CoefficientPathDisplay,
    FitDisplay,
    LossCurveDisplay,
    LossSurfaceDisplay,
)
from gdregress.samplers import Sampler

# %%
# All rows, one, or sixteen
# -------------------------
#
# A hundred points around y = 3 x + 4. The loss of some rows is the mean of their squared errors;
# the gradient says how fast it grows with the slope w and the intercept b.

np.random.seed(42)
x = 2 * np.random.rand(100)
y = 4 + 3 * x + np.random.randn(100) * 0.5


def loss(line, rows):
    w, b = line
    return np.mean((w * x[rows] + b - y[rows]) ** 2)


def gradient(line, rows):
    w, b = line
    error = w * x[rows] + b - y[rows]
    return [2 * np.mean(error * x[rows]), 2 * np.mean(error)]


# %%
# Who chooses the rows is called a sampler. Batch descent takes all of them. The estimators also
# have stochastic and mini-batch descent, which go through the rows in a random order, each once
# an epoch. This one draws them anew for every update, as this experiment asks for.


class Draw(Sampler):
    """So many rows for each update, drawn by chance; an epoch is one update."""

    def __init__(self, n_rows, replace):
        self.n_rows = n_rows
        self.replace = replace

    def size(self, n_samples):
        return self.n_rows

    def updates_per_epoch(self, n_samples):
        return 1

    def batches(self, n_samples, rng):
        yield rng.choice(n_samples, self.n_rows, self.replace), 1.0


def descend(sampler, learning_rate, updates, optimizer="gd"):
    return minimize(
        loss,
        [0.0, 0.0],
        jac=gradient,
        n_samples=100,
        sampler=sampler,
        optimizer=optimizer,
        learning_rate=learning_rate,
        max_iter=updates,
        tol=None,
        random_state=42,
    )


ways = {
    "batch": descend("batch", learning_rate=0.1, updates=100),
    "stochastic": descend(Draw(1, replace=True), learning_rate=0.01, updates=1000),
    "mini-batch": descend(Draw(16, replace=False), learning_rate=0.05, updates=200),
}
for name, result in ways.items():
    w, b = result.x
    print(f"{name:<11} w = {w:.10f}, b = {b:.10f}, loss {result.fun:.10f}")

# %%
# On the map of the loss, batch descent is a smooth curve. A single row knows little of where the
# others want the line to be: the path trembles, but its updates cost a hundredth each.


def all_rows(line):
    return loss(line, slice(None))


map_of_the_loss = {"xlabel": "w", "ylabel": "b", "zlabel": "loss", "side_by_side": True}
LossSurfaceDisplay.from_function(all_rows, path=ways, **map_of_the_loss)
plt.show()

# %%
# By update the loss falls the faster, the larger the learning rate, and trembles the more, the
# fewer the rows. All three numbers of updates are enough to come near the least loss.

LossCurveDisplay.from_estimators(ways, x="update", scale="log", x_scale="log")
plt.show()

# %%
# Four optimizers
# ---------------
#
# An optimizer turns gradients into steps. Plain descent multiplies each by the learning rate;
# where the gradients are those of a few rows, many call it stochastic gradient descent, SGD.
# Momentum adds a share of the last step, like a ball that rolls on. RMSprop divides each
# parameter's step by the usual size of its gradient, so that steep and flat directions move at
# one pace. Adam does both. All four see the same batches of 16 rows; the learning rate that suits
# one does not suit another.

names = {
    "SGD": ("gd", 0.05),
    "SGD + momentum": ("momentum", 0.01),
    "RMSprop": ("rmsprop", 0.05),
    "Adam": ("adam", 0.2),
}
optimizers = {
    name: descend(Draw(16, replace=False), rate, updates=200, optimizer=optimizer)
    for name, (optimizer, rate) in names.items()
}
for name, result in optimizers.items():
    print(f"{name:<15} w = {result.x[0]:.4f}, b = {result.x[1]:.4f}, loss {result.fun:.6f}")

# %%
# SGD and RMSprop turn where they meet the floor of the valley, and follow it. Momentum and Adam,
# which has momentum as well, roll past it and curl back.

LossSurfaceDisplay.from_function(all_rows, path=optimizers, **map_of_the_loss)
plt.show()

# %%
# By update: momentum is the first at the floor, and rolls on; plain descent is the first to stay.
# Momentum and Adam, for all their swinging, end lower. RMSprop walks at a pace of its own, as slow
# far out as it is restless in the end.

LossCurveDisplay.from_estimators(optimizers, x="update", scale="log", x_scale="linear")
plt.show()

# %%
# Two features
# ------------
#
# ``GDRegressor`` in place of a loop of one's own, on y = 3 x1 - 2 x2 + 5. Its squared error has a
# factor of 1/2: it takes twice the learning rate of 0.1 and the loss is twice its objective.

np.random.seed(42)
X = np.random.randn(100, 2)
y = X @ [3, -2] + 5 + np.random.randn(100) * 0.5

model = GDRegressor(
    optimizer="gd",
    learning_rate=2 * 0.1,
    schedule="constant",
    max_iter=500,
    tol=None,
    store_path=True,
).fit(X, y)
first, last = model.history_["objective"][0], model.history_["objective"][-1]
print(f"w = ({model.coef_[0]:.10f}, {model.coef_[1]:.10f}), b = {model.intercept_:.10f}")
print(f"loss {2 * first:.10f} at the start, {2 * last:.10f} at the end")

# %%
# How the three numbers find their places. Dashed, the true ones.

CoefficientPathDisplay.from_estimator(model, reference=[3, -2, 5], intercept=True)
plt.show()

# %%
# With more than one feature the fit is shown as predicted against actual values.

FitDisplay.from_estimator(model, X, y)
plt.show()

# %%
# Beside SGDRegressor
# -------------------
#
# A thousand rows, five standardised columns, true coefficients 1 to 5. The learning rate is the
# default, derived from the data.

np.random.seed(42)
X = np.random.randn(1000, 5)
y = X @ [1, 2, 3, 4, 5] + np.random.randn(1000) * 0.5
scaler = StandardScaler().fit(X)
Z = scaler.transform(X)

models = {
    "SGDRegressor": SGDRegressor(random_state=0),
    "batch": GDRegressor(),
    "stochastic": GDRegressor(solver="stochastic", optimizer="gd", random_state=0),
    "mini-batch": GDRegressor(solver="mini-batch", optimizer="gd", random_state=0),
}
for name, model in models.items():
    coef = model.fit(Z, y).coef_ / scaler.scale_
    print(f"{name:<13}", *[f"{each:8.4f}" for each in coef], f"  {model.n_iter_} epochs")
