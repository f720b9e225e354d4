"""
Beside SGDRegressor and a hand-written loop
===========================================

scikit-learn has a stochastic gradient descent already, and with PyTorch a loop of one's own is
quickly written. This lesson fits the same data in all three ways, with the same number of epochs,
and compares the errors by epoch and by second. Then it takes away the scaling of the columns.
"""

import time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LinearRegression, SGDRegressor
from sklearn.preprocessing import StandardScaler

from gdregress import GDRegressor
from gdregress.plotting import LossCurve, LossCurveDisplay

try:
    import torch
except ImportError:
    torch = None
    print("PyTorch is not installed, so its loop is left out. To see it: pip install torch")

# %%
# The data
# --------
#
# 20,000 rows of five columns in very different units, as in many a real table: the fourth holds
# numbers around 1000, the first numbers around 1. For now, they are standardised.

rng = np.random.default_rng(0)
units = np.array([1, 10, 100, 1000, 1])
raw = units * rng.normal(1, 1, size=(20_000, 5))
y = (raw / units) @ np.array([1, 2, 3, 4, 5]) + rng.normal(size=20_000)
scaled = StandardScaler().fit_transform(raw)


# %%
# Everybody minimises half the mean squared error. How small it can get is known from least
# squares, which ``LinearRegression`` solves directly; the pictures show how far above that
# everybody still is.


def half_squared_error(prediction):
    return float(np.mean((prediction - y) ** 2) / 2)


least = half_squared_error(LinearRegression().fit(scaled, y).predict(scaled))
epochs = 10

# %%
# The contestants
# ---------------
#
# Each of these functions returns the error and the seconds at the start and after every epoch.
# ``GDRegressor`` keeps both in ``history_``; its seconds include all that it does before the first
# epoch and the error itself. The others are run epoch by epoch, and only their fitting is timed.


def run_gdregressor(X, **parameters):
    model = GDRegressor(max_iter=epochs, tol=None, random_state=0, **parameters).fit(X, y)
    return model.history_["objective"], model.history_["seconds"]


def by_epoch(fit_one_epoch, predict):
    errors, seconds = [half_squared_error(0)], [0.0]
    for _ in range(epochs):
        began = time.perf_counter()
        fit_one_epoch()
        seconds.append(seconds[-1] + time.perf_counter() - began)
        errors.append(half_squared_error(predict()))
    return errors, seconds


def run_sgdregressor(X):
    model = SGDRegressor(penalty=None, random_state=0)
    return by_epoch(lambda: model.partial_fit(X, y), lambda: model.predict(X))


def run_pytorch(X):
    """Batches of 200 rows; single rows would take two hundred times as many steps."""
    torch.manual_seed(0)
    rows, target = torch.tensor(X), torch.tensor(y)
    coef = torch.zeros(5, dtype=rows.dtype, requires_grad=True)
    intercept = torch.zeros(1, dtype=rows.dtype, requires_grad=True)

    def fit_one_epoch():
        for batch in torch.randperm(len(target)).split(200):
            residual = rows[batch] @ coef + intercept - target[batch]
            (residual**2).mean().div(2).backward()
            with torch.no_grad():
                for parameter in (coef, intercept):
                    parameter -= 0.1 * parameter.grad
                    parameter.grad = None

    return by_epoch(fit_one_epoch, lambda: (rows @ coef + intercept).detach().numpy())


# %%
# On scaled columns
# -----------------
#
# ``SGDRegressor`` takes single rows with a learning rate that starts at 0.01 and falls slowly.
# ``GDRegressor`` can do the same, and, with ``average=True``, return the mean of the latest
# coefficients, in which the noise of single rows cancels. Its default, batch descent, is the
# third.

runs = {
    "SGDRegressor": run_sgdregressor(scaled),
    "GDRegressor, same rates": run_gdregressor(
        scaled, solver="stochastic", optimizer="gd", learning_rate=0.01, schedule="invscaling"
    ),
    "GDRegressor, average": run_gdregressor(
        scaled, solver="stochastic", optimizer="gd", average=True
    ),
    "GDRegressor, batch": run_gdregressor(scaled),
}
if torch is not None:
    runs["PyTorch loop"] = run_pytorch(scaled)

# %%
# ``LossCurveDisplay`` reads the history of our own estimators. What others have recorded is
# handed to it as a ``LossCurve``.


def curve(label, along, errors):
    return LossCurve(label, np.asarray(along), np.asarray(errors) - least)


def draw_by_epoch(runs):
    curves = [curve(label, range(epochs + 1), errors) for label, (errors, _) in runs.items()]
    LossCurveDisplay(curves=curves, y="gap", best=least).plot(scale="log")


draw_by_epoch(runs)
plt.show()

# %%
# With the same rates ``GDRegressor`` and ``SGDRegressor`` go much the same way, and the loop joins
# them: what keeps all three from coming closer is the noise of looking at a few rows at a time.
# Averaging removes most of it. Batch descent has none, and on columns like these, scaled and
# hardly related to each other, it has all the digits there are within a few epochs.
#
# An epoch of one is not an epoch of the other, though. Here is the same by the clock of the
# machine that has run this, a dot for each epoch. Mind the logarithmic scale of the time.

curves = [curve(label, seconds[1:], errors[1:]) for label, (errors, seconds) in runs.items()]
display = LossCurveDisplay(curves=curves, x="second", y="gap", best=least)
display.plot(scale="log", x_scale="log", line_kw={"marker": "."})
plt.show()

# %%
# Without scaling
# ---------------
#
# Now the columns as they came. A step that is right for a column around 1 is a million times too
# long for one around 1000.

unscaled = {
    "SGDRegressor": run_sgdregressor(raw),
    "GDRegressor, stochastic": run_gdregressor(raw, solver="stochastic", optimizer="gd"),
    "GDRegressor, batch": run_gdregressor(raw),
}
for label, (errors, _) in unscaled.items():
    print(f"{label:<30} start {errors[0]:6.2f}, after {epochs} epochs {errors[-1]:9.3g}")

draw_by_epoch(unscaled)
plt.show()

# %%
# ``SGDRegressor`` blows up, which its documentation warns of: it wants scaled columns.
# ``GDRegressor`` descends in columns that are centred and scaled inside, so that their units make
# no difference to it, and ``coef_`` is in the original ones. It begins at the mean of y, not at
# zero, and is ahead before the first epoch.
