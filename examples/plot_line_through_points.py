"""
A line through points
=====================

Fifty points around a line, and descents at four learning rates: one creeps, one arrives, two run
away. Why they do can be seen on a map of the loss, and foretold from two numbers.

Run it with ``python examples/plot_line_through_points.py``; it takes some seconds.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LinearRegression

from gdregress import DivergenceWarning, GDRegressor, minimize
from gdregress.plotting import (
    FitDisplay,
    LearningRateDisplay,
    LossCurveDisplay,
    LossSurfaceDisplay,
)

# %%
# The points, and a loss
# ----------------------
#
# They scatter around y = 2 x + 1.

np.random.seed(42)
X = np.random.uniform(0, 10, 50)
y = 2 * X + 1 + np.random.normal(0, 2, 50)
column = X.reshape(-1, 1)  # as scikit-learn takes a single feature

# %%
# Any line is a slope m and an intercept b. Its loss is the mean of the squared errors, or
# residuals: what a line misses a point by is the side of a square, and the loss is the mean of
# their areas. A miss that is twice as large counts four times.

figure, axis = plt.subplots(figsize=(4.4, 6.4), layout="constrained")
axis.plot(X[:8], y[:8], "o")
axis.axline((0, 4), slope=1, color="tab:red", label="y = x + 4")
for point, target in zip(X[:8], y[:8], strict=True):
    missed = target - (point + 4)
    square = plt.Rectangle((point, point + 4), -missed, missed, alpha=0.25, linewidth=0)
    axis.add_patch(square)
axis.set(xlabel="x", ylabel="y", aspect="equal", title="Eight of the points, one line")
figure.legend(loc="outside lower center")
plt.show()

# %%
# The gradient says how fast the loss grows with slope and intercept: twice the mean of the errors,
# each times x for the slope, times 1 for the intercept.


def loss(line):
    m, b = line
    return np.mean((m * X + b - y) ** 2)


def gradient(line):
    m, b = line
    error = m * X + b - y
    return [2 * np.mean(error * X), 2 * np.mean(error)]


def descend(learning_rate, steps):
    return minimize(
        loss, [0.0, 0.0], jac=gradient, learning_rate=learning_rate, max_iter=steps, tol=None
    )


# %%
# A thousand steps
# ----------------
#
# ``LinearRegression`` solves the equations instead of walking: the exact answer to compare with.

result = descend(0.01, 1000)
exact = LinearRegression().fit(column, y)
losses = result.history["objective"]
print(f"descent:        m = {result.x[0]:.10f}, b = {result.x[1]:.10f}")
print(f"least squares:  m = {exact.coef_[0]:.10f}, b = {exact.intercept_:.10f}")
print(f"loss after the first update {losses[1]:.10f}, after the last {losses[-1]:.10f}")

# %%
# The loss drops in a few steps, and then takes hundreds for the little that is left.

LossCurveDisplay.from_estimator(result, label="rate 0.01", x="update", scale="log")
plt.show()

# %%
# The map shows why. Over slope and intercept the loss is a long, narrow valley. Descent goes
# against the gradient, which is at right angles to the contours: first straight across, to the
# bottom of the valley, then along it, where there is next to no slope.

surface = LossSurfaceDisplay.from_function(
    loss, path=result, xlabel="slope m", ylabel="intercept b", zlabel="loss"
)
surface.ax_.plot(2, 1, "P", color="tab:red", markersize=10, zorder=10)
surface.ax_.annotate("true line", (2, 1), (0.7, 1.6), arrowprops={"arrowstyle": "->"})
plt.show()

# %%
# In the data the end of that walk is a line that one cannot tell from least squares. The true
# one differs from both by the luck of fifty points. ``GDRegressor`` makes the same steps; its
# squared error has a factor of 1/2, for which it takes twice the learning rate.

model = GDRegressor(optimizer="gd", learning_rate=2 * 0.01, max_iter=1000, tol=None)
model.fit(column, y)
print(f"GDRegressor:    m = {model.coef_[0]:.10f}, b = {model.intercept_:.10f}")

FitDisplay.from_estimator(model, column, y, reference={"true line": lambda x: 2 * x + 1})
plt.show()

# %%
# Four learning rates
# -------------------
#
# Five hundred steps at each. ``minimize`` is told by ``tol=None`` to go on as long as there are
# numbers.

descents = {f"rate {rate}": descend(rate, 500) for rate in (0.001, 0.01, 0.05, 0.1)}
figure, axes = plt.subplots(2, 2, figsize=(10, 7), layout="constrained")
for axis, (name, descent) in zip(axes.flat, descents.items(), strict=True):
    last = descent.history["objective"][-1]
    text = f"{last:.1e}" if last > 1e6 else f"{last:.10f}"
    print(f"{name:<10} loss {text} after {descent.nit} steps")
    LossCurveDisplay.from_estimator(
        descent, label=name, x="update", scale="log", x_scale="linear", ax=axis
    )
    axis.set_title(f"loss {last:.4g}")
plt.show()

# %%
# At 0.05 the loss has 276 digits in the end; the picture follows it to the 200th. At 0.1 it is
# soon too large for the computer, which holds numbers up to 1.8e308; whoever goes on from there
# gets nan, which is not a number.

print(descents["rate 0.1"].message)

# %%
# The largest stable rate
# -----------------------
#
# How strongly the loss bends is a matter of direction: little along the valley, much across it.
# The second derivatives of the loss, in a table called the Hessian, know both numbers as their
# eigenvalues. A learning rate above 2 divided by the larger one overshoots across the valley by
# more than it came from.

A = np.column_stack([X, np.ones(50)])
flat, steep = np.linalg.eigvalsh(2 * A.T @ A / 50)
print(f"eigenvalues of the Hessian: {flat:.10f} and {steep:.10f}")
print(f"largest stable learning rate: {2 / steep:.7f}")

# %%
# ``LearningRateDisplay`` tries many. The dashed line is that limit, twice as large here because
# of the factor of 1/2.

LearningRateDisplay.from_estimator(model.set_params(max_iter=500), column, y)
plt.show()

# %%
# ``GDRegressor`` does not wait for 276 digits. It ends a run that diverges, keeps the best line
# it has seen, names the limit and says what to do.

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always", DivergenceWarning)
    model.set_params(learning_rate=2 * 0.05).fit(column, y)
print(*str(caught[0].message).splitlines(), sep="\n")

# %%
# The descent in motion
# ---------------------
#
# Last, the walk across and along the valley.

animation = surface.animate(frames=60)
plt.show()
