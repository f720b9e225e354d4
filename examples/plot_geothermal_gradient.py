"""
The geothermal gradient
=======================

The deeper the well, the warmer it is. By how much? Eight measurements, a straight line, and
gradient descent in the units of the standardised depth; the answer in degrees per kilometre.

Run it with ``python examples/plot_geothermal_gradient.py``.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gdregress import GDRegressor
from gdregress.plotting import FitDisplay, LossCurveDisplay

# %%
# Eight measurements
# ------------------
#
# Depths in kilometres and temperatures in degrees Celsius. A model of scikit-learn takes its
# features as a table, here of a single column.

depth = np.array([0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0]).reshape(-1, 1)
temperature = np.array([30.0, 45.0, 58.0, 72.0, 88.0, 97.0, 115.0, 128.0])

# %%
# A line by descent
# -----------------
#
# The line is ``temperature = w * depth + b``. Descent starts with w = b = 0 and changes both so
# that the cost falls, the mean of the squared errors. It does so best when the columns have a
# mean of 0 and a standard deviation of 1, which ``StandardScaler`` sees to: then neither number
# disturbs the other, and one learning rate suits both.
#
# Textbooks descend the mean squared error, GDRegressor half of it, whose gradient is half as
# long. A textbook's learning rate of 0.1 is therefore 0.2 here, and its cost twice our objective.
# ``tol=None`` makes all of the 100 epochs.

model = make_pipeline(
    StandardScaler(),
    GDRegressor(
        optimizer="gd",
        learning_rate=2 * 0.1,
        schedule="constant",
        max_iter=100,
        tol=None,
        store_path=True,
    ),
)
model.fit(depth, temperature)
descent = model[-1]
cost = [2 * objective for objective in descent.history_["objective"]]
print(f"w = {descent.coef_[0]:.10f}, b = {descent.intercept_:.10f}")
print(f"cost at the start {cost[0]:.10g}, before the last update {cost[99]:.10f}")

# %%
# An epoch is one pass over the rows, here one update from all eight of them. On the left the
# cost seems to have arrived after ten epochs. On the right, where equal distances are equal
# factors, one sees it fall for as long again. What remains then is what no line can explain. The
# legend says why the descent has ended: ``max_iter`` epochs were made.

figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
for axis, scale in zip(axes, ("linear", "log"), strict=True):
    LossCurveDisplay.from_estimator(descent, scale=scale, x_scale="linear", ax=axis)
plt.show()

# %%
# Back in degrees and kilometres
# ------------------------------
#
# The fitted w counts standard deviations of the depth. Divided by that standard deviation it is
# the geothermal gradient; the prediction for depth 0 is the temperature at the surface.

per_kilometre = descent.coef_[0] / model[0].scale_[0]
surface = model.predict([[0.0]])[0]
print(f"{per_kilometre:.2f} degrees per kilometre, {surface:.2f} degrees at the surface")

# %%
# The pipeline scales what it is handed, so that the line can be drawn in original units; dashed,
# it goes on to the surface.

display = FitDisplay.from_estimator(model, depth, temperature)
display.ax_.axline((0, surface), slope=per_kilometre, color="tab:gray", linestyle="--", zorder=0)
display.ax_.set(xlabel="depth (km)", ylabel="temperature (°C)", xlim=(0, 4.2), ylim=(0, 140))
plt.show()

# %%
# The same line on its way. It begins flat, at 0 degrees, rises and tilts.

animation = display.animate(frames=30, interval=150)
display.ax_.set(xlabel="depth (km)", ylabel="temperature (°C)")
plt.show()
