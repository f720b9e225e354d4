"""
Early stopping and validation
=============================

A model that is flexible enough learns the noise of its rows as well as what they have in common,
and it learns that last. This lesson watches the loss on rows that were not fitted, stops where it
is lowest, in two ways, and shows that stopping early is much like a penalty.

Run it with ``python examples/plot_early_stopping.py``.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import RidgeCV
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from gdregress import GDRegressor
from gdregress.plotting import LossCurveDisplay

# %%
# Rows to fit, to watch and to judge
# ----------------------------------
#
# The progress of diabetes in 442 patients, by ten measurements, their squares and products: 65
# columns. Three fifths of the patients are fitted. A fifth is watched while that goes on, and a
# fifth is for the last word, which no fit has seen.

X, y = load_diabetes(return_X_y=True)
X, X_test, y, y_test = train_test_split(X, y, test_size=0.2, random_state=0)
X_fit, X_val, y_fit, y_val = train_test_split(X, y, test_size=0.25, random_state=0)
columns = make_pipeline(PolynomialFeatures(2, include_bias=False), StandardScaler())
X_fit = columns.fit_transform(X_fit)
X_val, X_test = columns.transform(X_val), columns.transform(X_test)
print(X_fit.shape, X_val.shape, X_test.shape)

# %%
# Training loss and validation loss
# ---------------------------------
#
# Two thousand epochs of plain descent, to the end. The loss on the rows that are fitted falls all
# the time. On the others it falls, has a lowest point, and rises.


plain = {"optimizer": "gd", "learning_rate": 0.05, "max_iter": 2000}
whole = GDRegressor(**plain, tol=None, store_path=True).fit(X_fit, y_fit)
LossCurveDisplay.from_estimator(whole, y="loss", validation=(X_val, y_val), label="training")
plt.show()

# %%
# Stop on rows of your own
# ------------------------
#
# ``fit`` takes the rows to watch. After each epoch the model is scored on them, and the fit ends
# when that has not improved for ``n_iter_no_change`` epochs. The coefficients are those of the
# best one.

own = GDRegressor(**plain, early_stopping=True).fit(X_fit, y_fit, X_val=X_val, y_val=y_val)
print(f"rows of one's own: {own.stop_reason_}, {own.n_iter_} epochs")

# %%
# Or have rows held out
# ---------------------
#
# Without rows of one's own, ``early_stopping=True`` holds out ``validation_fraction`` of those it
# is given. They are missing from the fit, and the choice depends on ``random_state``.

held_out = GDRegressor(**plain, early_stopping=True, validation_fraction=0.2, random_state=0)
held_out.fit(X_fit, y_fit)
print(f"rows held out: {held_out.stop_reason_}, {held_out.n_iter_} epochs")
LossCurveDisplay.from_estimator(held_out, y="loss", label="training")
plt.show()

# %%
# What it is worth
# ----------------
#
# On the patients whom no fit has seen, beside the best l2 penalty by cross-validation:

models = {"all 2000 epochs": whole, "own validation rows": own, "rows held out": held_out}
ridge = RidgeCV(alphas=np.geomspace(1e-2, 1e4, 60)).fit(X_fit, y_fit)
models["RidgeCV"] = ridge
for name, model in models.items():
    print(f"{name:<20} mean squared error {mean_squared_error(y_test, model.predict(X_test)):.0f}")

# %%
# Stopping is a penalty
# ---------------------
#
# Descent begins at zero and reaches the steep directions first. Where it stops, the coefficients
# along the flat ones are still small, which is what an l2 penalty does to them. Of a direction of
# curvature d, descent has learned the first share after t steps at the rate r, and a fit under l2
# learns the second, which is much the same for the third:
#
# .. math:: 1 - (1 - r d)^t, \qquad \frac{d}{d + \alpha}, \qquad \alpha = \frac{1}{r t}

curvatures = np.geomspace(1e-4, 10, 200)
figure, axis = plt.subplots(layout="constrained")
for steps, colour, width in ((20, "C0", 1), (200, "C1", 2), (2000, "C2", 3)):
    style = {"color": colour, "linewidth": width}
    stopped = 1 - (1 - 0.05 * curvatures) ** steps
    penalised = curvatures / (curvatures + 1 / (0.05 * steps))
    axis.plot(curvatures, stopped, **style, label=f"stopped after {steps} steps")
    axis.plot(curvatures, penalised, "--", **style, label=f"alpha = {1 / (0.05 * steps):.3g}")
axis.set(xscale="log", xlabel="curvature of a direction", ylabel="share learned")
axis.legend()
plt.show()

# %%
# The curves are not the same, but alike. The count of epochs is then a strength of a penalty, and
# one that costs no second fit to try: every epoch is one of them.
