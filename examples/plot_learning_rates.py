"""
Learning rates: too small, right, too large
===========================================

Gradient descent walks downhill, and the learning rate is the length of its stride. Strides that
are too short take for ever, those that are too long climb the other side of the valley. This
lesson walks with four learning rates, finds out where the limit is and why, and looks at what
``learning_rate="auto"`` makes of it. Its end leaves the bowls of regression for a landscape with
a second valley and a saddle.

Run it with ``python examples/plot_learning_rates.py``.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import StandardScaler

from gdregress import GDRegressor, learning_rate_range_test, minimize
from gdregress.exceptions import ConvergenceWarning, DivergenceWarning
from gdregress.plotting import LearningRateDisplay, LossCurveDisplay, LossSurfaceDisplay

# %%
# Two numbers to find
# -------------------
#
# The progress of diabetes in 442 patients, predicted from their body mass index and their blood
# pressure. Both are standardised, and the target is measured from its mean, so that no intercept
# is needed and only two coefficients are left to find: few enough to draw.

X, y = load_diabetes(return_X_y=True, as_frame=True)
X = StandardScaler().set_output(transform="pandas").fit_transform(X[["bmi", "bp"]])
y = y - y.mean()

# %%
# Plain gradient descent, ``optimizer="gd"``, makes one step per epoch::
#
#     new coefficients = old coefficients - learning rate * gradient
#
# The gradient points uphill, and the objective is what is to become small: here half the mean
# squared error. Thirty epochs with each of three rates, which ``store_path=True`` remembers. Not
# all of them will arrive, and those that do not say so in a ``ConvergenceWarning``, which we
# expect and silence.

common = {"optimizer": "gd", "fit_intercept": False, "max_iter": 30, "store_path": True}
models = {f"rate {rate}": GDRegressor(learning_rate=rate, **common) for rate in (0.02, 0.5, 1.35)}
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)
    for model in models.values():
        model.fit(X, y)

for name, model in models.items():
    print(
        f"{name}: {model.stop_reason_} after {model.n_iter_} epochs, coef {model.coef_.round(2)}"
    )

# %%
# Only the middle one has arrived. How far above its minimum is the objective after each epoch?
# A fit with a small tolerance tells where the minimum is.

least = GDRegressor(fit_intercept=False, tol=1e-10).fit(X, y).loss_curve_[-1]
LossCurveDisplay.from_estimators(models, y="gap", best=least)
plt.show()

# %%
# The scale is logarithmic: a straight line means that every epoch leaves the same share of the
# gap. The middle one has ended by itself, where next to nothing is left; a circle marks it, and
# the level piece before it is the epoch that only found this out. The other two are late, but for
# very different reasons.
#
# Seen from above, the objective is a valley, and the contours are lines of equal height. The
# smallest rate creeps along the right path and runs out of epochs on the way. The largest leaps
# from one side of the valley to the other, and each leap is only a little shorter than the last.

LossSurfaceDisplay.from_estimators(models, X, y, side_by_side=True)
plt.show()

# %%
# One step too far
# ----------------
#
# A little larger still, and every leap ends higher than it began. The run is ended, the best
# coefficients so far are kept, and a ``DivergenceWarning`` says what has happened, where the limit
# is and what to do.

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always", DivergenceWarning)
    models["rate 1.6"] = GDRegressor(learning_rate=1.6, **common).fit(X, y)
print(caught[0].message)

# %%
# In the picture, it is the one line that goes the wrong way.

LossCurveDisplay.from_estimators(models, y="gap", best=least)
plt.show()

# %%
# A table of rates
# ----------------
#
# What each of them came to, with the norm of the last gradient that it stepped against, and what
# that says of the rate:


def verdict(model):
    if model.stop_reason_ == "diverged":
        return "too large: diverges"
    if model.converged_:
        return "right: arrives"
    steps = np.diff(model.history_.coef, axis=0)
    turns = np.mean(np.sum(steps[1:] * steps[:-1], axis=1) < 0)
    return "too large: swings" if turns > 0.5 else "too small: crawls"


print(f"{'':<10}{'epochs':>7}{'gap left':>10}{'gradient':>10}  verdict")
for name, model in models.items():
    row = model.history_.row(-1)
    print(
        f"{name:<10}{model.n_iter_:>7}{row['objective'] - least:>10.2g}"
        f"{row['gradient_norm']:>10.2g}  {verdict(model)}"
    )

# %%
# Why there is a limit
# --------------------
#
# Along any straight line the objective is a parabola, and its *curvature* says how quickly the
# slope changes on the way. Let L be the curvature in the direction where it is largest. In that
# direction a step with the rate 1 / L lands on the lowest point, wherever it starts. With twice
# that rate, 2 / L, it lands on the opposite side, exactly as high as before. Anything beyond
# climbs.
#
# For half the mean squared error these curvatures are the eigenvalues of the matrix of the
# columns' mean products, and 2 / L is the limit that the warning states.

curvatures = np.linalg.eigvalsh(X.T @ X / len(X))
print(f"curvatures {curvatures.round(4)}, 2 / L = {2 / curvatures.max():.4f}")

# %%
# What "auto" chooses
# -------------------
#
# The curvature depends on the columns of X only, so it can be computed before the first step.
# ``learning_rate="auto"``, the default, does that. For plain descent it takes 1 / L, half the
# limit: it never diverges, and is a good rate whatever the other curvatures are.

automatic = GDRegressor(**common).fit(X, y)
print(f"auto: {automatic.learning_rate_:.4f}, {automatic.n_iter_} epochs")

# %%
# Was that a good choice? ``LearningRateDisplay`` fits the model with many learning rates. Above is
# the objective where each of them ended, below the epochs it took. The shaded rates diverged.

LearningRateDisplay.from_estimator(GDRegressor(optimizer="gd", fit_intercept=False), X, y)
plt.show()

# %%
# The rates double from one dot to the next. Half the rate takes twice the epochs, until a thousand
# of them, ``max_iter``, are no longer enough. Closely below the limit one can be a little faster
# than "auto", if one is lucky, and closely above it all is lost. A rate that is too small wastes
# time, one that is too large destroys the fit; if in doubt, leave it on "auto".

# %%
# A rate for batches of rows
# --------------------------
#
# Over batches no curvature names the limit. A *range test* does: one run whose rate rises with
# every batch, until the loss explodes. It falls fastest where the rate is about right, and beyond
# the least loss larger rates gain nothing more. Dots are the losses of single batches; the line is
# that of the same rows before every update, in which no batch is luckier than another.

batches = GDRegressor(optimizer="gd", solver="mini-batch", fit_intercept=False, random_state=0)
found = learning_rate_range_test(X, y, batches)
print(f"steepest at {found.steepest:.2g}, least at {found.least:.2g}")

LearningRateDisplay.from_range_test(found)
plt.show()

# %%
# A second valley, and a saddle
# -----------------------------
#
# Mean losses of lines are bowls, with one minimum. Other functions, such as the losses of
# networks, are not. This one has two valleys, the left one deeper, and between them a *saddle*:
# the way over it is lowest there, and highest from valley to valley. The slope is zero in all
# three places.


def landscape(v):
    x, y = v
    return (x**2 - 4) ** 2 / 8 + x / 2 + y**2


def slope(v):
    x, y = v
    return np.array([x * (x**2 - 4) / 2 + 1 / 2, 2 * y])


# %%
# From the right, a small rate leads into the nearer valley, whatever lies behind the hill. A large
# one jumps across, by luck. And on the line that runs over the saddle, descent comes to rest on
# it and says that it has arrived, as the gradient is zero there. The least push aside would have
# sent it on.

left, saddle, right = np.sort(np.roots([0.5, 0, -2, 0.5]))
starts = {
    "rate 0.05": ([2.9, 1.5], 0.05),
    "rate 0.4": ([2.9, 1.5], 0.4),
    "along the ridge": ([saddle, 1.5], 0.05),
}
paths = {
    name: minimize(landscape, np.array(start), jac=slope, learning_rate=rate)
    for name, (start, rate) in starts.items()
}
for name, result in paths.items():
    x, y = result.x
    print(f"{name:<16} success {result.success}, at ({x:.3f}, {y:.3f}), f = {result.fun:.4f}")

window = {"xlim": (-3.3, 3.3), "ylim": (-2, 2)}
LossSurfaceDisplay.from_function(landscape, path=paths, side_by_side=True, **window)
plt.show()

# %%
# What tells a saddle from a minimum is the curvature: there one of them is negative.

for name, x in (("left valley", left), ("saddle", saddle), ("right valley", right)):
    print(f"{name:<13} curvatures {(3 * x**2 - 4) / 2:6.2f} and 2")

# %%
# In relief, what is behind the hills is drawn faintly.

LossSurfaceDisplay.from_function(landscape, path=paths, kind="surface", **window)
plt.show()
