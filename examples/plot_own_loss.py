"""
A loss of one's own
===================

Sometimes none of the losses in the books is the right one. Then write it down: ten lines make it
a part of ``GDRegressor``, with its learning rate, its stopping rule and its pictures. This lesson
writes a loss, gets its gradient wrong on purpose, and lets PyTorch find the gradient instead.
"""

import os

os.environ["SCIPY_ARRAY_API"] = "1"  # SciPy's switch for tensors, read when it is imported

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn import config_context

from gdregress import GDRegressor
from gdregress.losses import Loss
from gdregress.plotting import FitDisplay

# %%
# Late is worse than early
# ------------------------
#
# How many minutes will a delivery take, by its distance? Whoever promises too few has an angry
# customer, whoever promises too many merely a surprised one. Let us say that too few are nine
# times as bad as too many::
#
#     L(y, z) = weight * (z - y)^2 / 2      with weight 9 if z < y, and 1 otherwise
#
# where y is what it took and z what was promised. Descent also needs to know how the loss changes
# with the promise, its derivative by z, which is ``weight * (z - y)``.


class LateIsWorse(Loss):
    def weight(self, y, z):
        return 1 + 8 * (z < y)

    def value(self, y, z):
        return self.weight(y, z) * (z - y) ** 2 / 2

    def gradient(self, y, z):
        return self.weight(y, z) * (z - y)


# %%
# That is all. Both take arrays, y and z of all rows, and return one number for each. Nobody has
# told how curved this loss is, so how far a step should go is found on the way.

rng = np.random.default_rng(0)
X = pd.DataFrame({"distance (km)": rng.uniform(1, 10, 200)})
y = 10 + 3 * X["distance (km)"] + rng.gamma(2, 4, 200)
y.name = "time (minutes)"

average = GDRegressor().fit(X, y)
careful = GDRegressor(loss=LateIsWorse()).fit(X, y)
for name, model in {"squared error": average, "late is worse": careful}.items():
    late = np.mean(y > model.predict(X))
    print(f"{name}: {model.stop_reason_} after {model.n_iter_} epochs, {late:.0%} are late")

# %%
# Squared error is late with 42 % of the deliveries, ours with 13 %. The lines show what that
# costs: some minutes more in every promise.


def squared_error(x):
    return average.coef_[0] * x + average.intercept_


FitDisplay.from_estimator(careful, X, y, reference={"squared error": squared_error})
plt.show()

# %%
# A wrong gradient
# ----------------
#
# It is easily done: prediction minus truth, or truth minus prediction? A wrong sign would send the
# descent uphill. The gradient is therefore compared with the value before the first step: z is
# moved by a tiny amount, and the loss has to change as the gradient says.


class WrongSign(LateIsWorse):
    def gradient(self, y, z):
        return self.weight(y, z) * (y - z)


try:
    GDRegressor(loss=WrongSign()).fit(X, y)
except ValueError as error:
    print(error)

# %%
# The right number with the wrong sign: the message leaves little to look for.
#
# The formula alone
# -----------------
#
# PyTorch and JAX can differentiate a formula. Where the data are theirs, the loss may be a plain
# function of y and z, and there is no gradient to get wrong. For NumPy, that is refused with the
# reason:


def late_is_worse(y, z):
    return (1 + 8 * (z < y)) * (z - y) ** 2 / 2


derived = GDRegressor(loss=late_is_worse)
try:
    derived.fit(X, y)
except TypeError as error:
    print(error)

# %%
# With tensors it gives the same line as our class. ``array_api_dispatch`` is scikit-learn's
# switch for data of other libraries; SciPy's own is at the top of this file.

try:
    import torch
except ImportError:
    print("PyTorch is not installed, so this part is left out. To see it: pip install torch")
else:
    with config_context(array_api_dispatch=True):
        derived.fit(torch.tensor(X.to_numpy()), torch.tensor(y.to_numpy()))
    print(f"function of tensors: {float(derived.coef_[0]):.6f} minutes per km")
    print(f"class with gradient: {careful.coef_[0]:.6f} minutes per km")
