"""
Scaling: a gorge becomes a bowl
===============================

A column in metres beside one in kilometres makes a valley that plain descent can hardly walk.
This lesson looks at the valley before and after its columns are scaled, counts epochs, and shows
what ``learning_rate="auto"`` does about it, and what no scaling of columns can do.

Run it with ``python examples/plot_scaling.py``.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from gdregress import GDRegressor
from gdregress.plotting import LossSurfaceDisplay

# %%
# Two columns, two units
# ----------------------
#
# The price of a flat by its distance to the centre in kilometres and its area in square metres,
# both measured from their means, so that two coefficients are all there is to find.

rng = np.random.default_rng(0)
flats = pd.DataFrame({"distance": rng.normal(0, 2, 500), "area": rng.normal(0, 25, 500)})
price = 4 * flats["area"] - 10 * flats["distance"] + rng.normal(0, 20, 500)
price -= price.mean()

# %%
# Along a coefficient, half the mean squared error is a parabola whose curvature is the mean square
# of its column:
#
# .. math:: \frac{\partial^2 F}{\partial w_j^2} = \frac{1}{n} \sum_i x_{ij}^2
#
# The largest curvature L limits the learning rate to 2 / L. The smallest says how slow descent is
# at that rate. Their ratio is the condition number.

scaled = StandardScaler().set_output(transform="pandas").fit_transform(flats)
for name, X in {"as they are": flats, "scaled": scaled}.items():
    curvatures = np.linalg.eigvalsh(X.T @ X / len(X))
    print(
        f"{name:<12} curvatures {curvatures.round(2)}, ratio {curvatures[1] / curvatures[0]:.1f}"
    )

# %%
# Before and after
# ----------------
#
# Plain descent at the rate 1 / L, a hundred epochs at most.


def descend(X):
    largest = np.linalg.eigvalsh(X.T @ X / len(X))[-1]
    model = GDRegressor(
        optimizer="gd",
        learning_rate=1 / largest,
        fit_intercept=False,
        max_iter=100,
        store_path=True,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # one of them will not be there
        return model.fit(X, price)


figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.8), layout="constrained")
model = descend(flats)
window = {"xlim": (-13, 3), "ylim": (-5, 11)}
LossSurfaceDisplay.from_estimator(model, flats, price, ax=left, **window)
left.set(title=f"as they are: {model.stop_reason_}, epoch {model.n_iter_}", aspect="equal")
model = descend(scaled)
window = {"xlim": (-90, 50), "ylim": (-20, 120)}
LossSurfaceDisplay.from_estimator(model, scaled, price, ax=right, **window)
right.set(title=f"scaled: {model.stop_reason_}, epoch {model.n_iter_}", aspect="equal")
plt.show()

# %%
# On the left the first step lands on the floor of a gorge, where there is next to no slope along
# the distance, and a hundred epochs are not enough to walk it. On the right the contours are
# almost circles, and the first step all but arrives.
#
# What "auto" does
# ----------------
#
# ``learning_rate="auto"`` descends in columns that are centred and scaled inside. The objective
# and the coefficients stay those of the columns as they are, and nobody has to scale them.

automatic = GDRegressor(optimizer="gd", fit_intercept=False).fit(flats, price)
print(
    f"{automatic.stop_reason_} after {automatic.n_iter_} epochs, coef {automatic.coef_.round(2)}"
)

# %%
# Without a penalty that is all there is to scaling. With one the units matter to the answer, too:
# a penalty on euros per metre is not one on euros per kilometre. ``standardize=True`` penalises
# the coefficients of the scaled columns.
#
# Columns that say the same
# -------------------------
#
# Scaling makes the curvatures along the axes equal. A valley between the axes it leaves as it is:
# here the rooms of a flat follow from its area. ``preconditioner="moments"`` descends in the
# metric of the second moments, in which that valley is a bowl, too. "auto" chooses it where
# scaled columns would take too many epochs.

rooms = flats["area"] / 25 + rng.normal(0, 0.05, 500)
correlated = flats.assign(rooms=rooms)
for preconditioner in ("columns", "moments"):
    model = GDRegressor(optimizer="gd", preconditioner=preconditioner, max_iter=100_000)
    model.fit(correlated, price)
    print(f"{preconditioner:<8} {model.stop_reason_} after {model.n_iter_} epochs")
