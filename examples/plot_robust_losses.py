"""
Losses that forgive outliers
============================

A loss says what a wrong prediction costs, and thereby whose wishes count when a line is drawn
through points that do not agree. This lesson spoils a few points and looks at what squared error,
Huber loss, absolute error and a quantile make of them.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from gdregress import GDRegressor
from gdregress.losses import AbsoluteError, Huber, Quantile, SquaredError
from gdregress.plotting import FitDisplay

# %%
# Four prices for the same mistake
# --------------------------------
#
# The residual is the prediction minus the truth. Squared error makes a mistake that is ten times
# as large a hundred times as expensive. The absolute error makes it ten times as expensive. Huber
# is the first for small residuals and like the second for those beyond ``epsilon``. A quantile
# charges differently for too little and too much: with 0.9 a prediction that is too low costs
# nine times as much as one that is too high by the same amount.

losses = {
    "squared error": SquaredError(),
    "Huber, epsilon 2": Huber(epsilon=2),
    "absolute error": AbsoluteError(),
    "quantile 0.9": Quantile(0.9),
}
# Okabe and Ito's colours, which are told apart with any colour vision
styles = (("#0072B2", "-"), ("#E69F00", "--"), ("#009E73", "-."), ("#CC79A7", ":"))
residuals = np.linspace(-5, 5, 201)
_, axis = plt.subplots(layout="constrained")
for (name, loss), (colour, dashes) in zip(losses.items(), styles, strict=True):
    costs = loss.value(np.zeros_like(residuals), residuals)
    axis.plot(residuals, costs, dashes, color=colour, linewidth=2, label=name)
axis.set(xlabel="residual: prediction - truth", ylabel="loss")
axis.legend()
plt.show()

# %%
# Sixty points, eight of them wrong
# ---------------------------------
#
# The growth of sixty plants by their hours of sun: the truth is 2 mm an hour and 1 mm without any
# sun, give or take some noise. The eight plants with the most sun were forgotten when it came to
# watering.

rng = np.random.default_rng(0)
hours = np.sort(rng.uniform(0, 10, 60))
X = pd.DataFrame({"sun (hours)": hours})
watered = pd.Series(2 * hours + 1 + rng.normal(0, 1, 60), name="growth (mm)")
spoiled = watered.copy()
spoiled[-8:] -= 25

# %%
# Every loss is fitted twice, before and after.

models = {}
print(f"{'slope (mm per hour)':<22}{'before':>8}{'after':>8}")
for name, loss in losses.items():
    before = GDRegressor(loss=loss).fit(X, watered)
    models[name] = GDRegressor(loss=loss).fit(X, spoiled)
    print(f"{name:<22}{before.coef_[0]:>8.2f}{models[name].coef_[0]:>8.2f}")

# %%
# Before, all of them find the slope. After, squared error has lost most of it. Here is why:


def truth(x):
    return 2 * x + 1


_, axes = plt.subplots(2, 2, figsize=(9, 7), sharex=True, sharey=True, layout="constrained")
for axis, (name, model) in zip(axes.flat, models.items(), strict=True):
    FitDisplay.from_estimator(model, X, spoiled, reference={"truth": truth}, ax=axis)
    axis.set_title(name)
    axis.label_outer()
plt.show()

# %%
# To squared error eight large mistakes are unbearable, and it would rather be a little wrong
# everywhere. With Huber loss and absolute error an outlier pulls at the line with a limited force,
# no matter how far away it is. They give way a little, as all eight pull at the same end, but they
# stay with the majority. The quantile hardly minds, as predictions that are too high are cheap for
# it; outliers above the line would have hurt it all the more.
#
# What a quantile is for
# ----------------------
#
# The minimiser of the quantile loss is a line with that share of the points below it. Two of them
# make a range that should hold eight points in ten, without any assumption about the noise. Here
# it grows with the hours of sun.

rng = np.random.default_rng(1)
hours = rng.uniform(0, 10, 300)
X = pd.DataFrame({"sun (hours)": hours})
growth = pd.Series(1 + 2 * hours + rng.normal(0, 0.3 + 0.4 * hours), name="growth (mm)")

shares = (0.1, 0.5, 0.9)
model = GDRegressor(loss=Quantile(shares)).fit(X, growth)
for share, predicted in zip(shares, model.predict(X).T, strict=True):
    print(f"quantile {share}: {np.mean(growth < predicted):.0%} of the points below")

# %%
# The fit in the picture is the middle one, the median. The range between the dashed and the dotted
# line opens with the noise.


def line(number):
    return lambda x: model.coef_[number, 0] * x + model.intercept_[number]


around = {f"quantile {shares[number]}": line(number) for number in (0, 2)}
median = GDRegressor(loss=Quantile(0.5)).fit(X, growth)
FitDisplay.from_estimator(median, X, growth, reference=around)
plt.show()
