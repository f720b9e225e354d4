"""
A small network by minimize
===========================

A line cannot follow a wave. A few neurons with a bend in them can, and ``minimize`` finds their
weights by the same descent as every other function. This lesson writes a network of eight hidden
neurons, checks its gradient, trains it with mini-batches, and meets what straight lines do not
have: more than one minimum.

Run it with ``python examples/plot_small_network.py``.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import check_grad

from gdregress import GDRegressor, minimize
from gdregress.plotting import FitDisplay, LossCurveDisplay

# %%
# Rows along a wave
# -----------------
#
# Two hundred rows of one feature, and the line that is nearest to them.

rng = np.random.default_rng(0)
x = rng.uniform(-3, 3, size=200)
y = np.sin(2 * x) + rng.normal(0, 0.1, size=200)
column = x[:, None]
line = GDRegressor().fit(column, y)
print(
    f"the best line leaves a mean squared error of {np.mean((line.predict(column) - y) ** 2):.3f}"
)

# %%
# Eight neurons
# -------------
#
# A hidden neuron multiplies x by a weight, adds a bias and bends the result by tanh. The
# prediction is a weighted sum of all of them:
#
# .. math:: z(x) = b + \sum_{k=1}^{8} v_k \tanh(u_k x + c_k)
#
# ``minimize`` takes x0 as an array, or as a dict of arrays, and hands functions the same. So the
# network is a dict of its four parts.

n_hidden = 8


def new_network(seed):
    rng = np.random.default_rng(seed)
    return {
        "u": rng.normal(size=n_hidden),
        "c": rng.normal(size=n_hidden),
        "v": rng.normal(size=n_hidden) / np.sqrt(n_hidden),
        "b": np.zeros(1),
    }


def predict(network, x):
    hidden = np.tanh(np.outer(x, network["u"]) + network["c"])
    return hidden @ network["v"] + network["b"]


def loss(network, rows):
    return np.mean((predict(network, x[rows]) - y[rows]) ** 2) / 2


# %%
# The gradient by the chain rule
# ------------------------------
#
# The derivative of tanh is 1 - tanh^2. From the error backwards, each part of the network gets
# its share; this is backpropagation.


def gradient(network, rows):
    hidden = np.tanh(np.outer(x[rows], network["u"]) + network["c"])
    error = (hidden @ network["v"] + network["b"] - y[rows]) / len(rows)
    inner = np.outer(error, network["v"]) * (1 - hidden**2)
    return {
        "u": x[rows] @ inner,
        "c": inner.sum(axis=0),
        "v": hidden.T @ error,
        "b": error.sum(keepdims=True),
    }


# %%
# A gradient by hand is soon wrong somewhere. SciPy compares it with differences of the loss, and
# ``minimize`` does so too, at the start, and refuses one that does not fit. PyTorch and JAX would
# derive it: ``jac="torch"``.

everything = np.arange(len(x))
parts = np.cumsum([n_hidden] * 3)


def as_dict(flat):
    return dict(zip("ucvb", np.split(flat, parts), strict=True))


start = np.concatenate(list(new_network(0).values()))
difference = check_grad(
    lambda flat: loss(as_dict(flat), everything),
    lambda flat: np.concatenate(list(gradient(as_dict(flat), everything).values())),
    start,
)
print(f"root of the squared differences of all 25 numbers: {difference:.0e}")

# %%
# Training
# --------
#
# Mini-batches of 32 of the 200 rows, plain descent and Adam, 300 epochs each.

common = {
    "jac": gradient,
    "n_samples": len(x),
    "sampler": "mini-batch",
    "max_iter": 300,
    "tol": None,
    "random_state": 0,
}
ways = {
    "plain": minimize(loss, new_network(0), learning_rate=0.1, **common),
    "Adam": minimize(loss, new_network(0), optimizer="adam", learning_rate=0.02, **common),
}
LossCurveDisplay.from_estimators(ways)
plt.show()

# %%
# The noise alone has a loss of 0.005, below which there is only learning by heart.

for name, result in ways.items():
    print(f"{name:<6} loss {result.history['objective'][-1]:.4f}")

# %%
# The curve that Adam has found, and how it came about: ``path`` holds the network after every
# epoch.

display = FitDisplay.from_estimator(line, column, y, line_kw={"label": "best line", "ls": ":"})
grid = np.linspace(-3, 3, 300)
dashes = {10: "C2-.", 40: "C1--", 300: "k-"}
for epoch in dashes:
    network = ways["Adam"].path[epoch]
    display.ax_.plot(grid, predict(network, grid), dashes[epoch], label=f"epoch {epoch}")
display.ax_.legend()
plt.show()

# %%
# More than one minimum
# ---------------------
#
# The loss of a line is a bowl: wherever one begins, the same line is at its bottom. Networks
# have many minima. Renumbering the neurons gives the same curve from other weights, and some
# minima are higher than others. Five networks that differ by their first weights only:

ends = [
    minimize(loss, new_network(seed), optimizer="adam", learning_rate=0.02, **common)
    for seed in range(5)
]
losses = sorted(result.history["objective"][-1] for result in ends)
print("losses after 300 epochs:", *[f"{each:.4f}" for each in losses])

# %%
# Where one begins decides how far one comes in the same time, and to which minimum in the end.
# Hence the habit of starting several times and keeping the best. For a line, or any other loss
# that ``GDRegressor`` and ``GDClassifier`` have, once is enough.
