"""
Batch, stochastic, mini-batch
=============================

How many rows should be looked at before a step is taken? All of them give the exact direction,
but every step costs a pass over the data. A single row gives a rough direction, almost for free.
This lesson runs both, and the compromise between them, on the same data: by the epoch, by the
update, by the second, and as paths on the same surface.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler

from gdregress import GDRegressor
from gdregress.exceptions import ConvergenceWarning
from gdregress.plotting import LossCurveDisplay, LossSurfaceDisplay

# %%
# Twenty thousand flats
# ---------------------
#
# The rent of a flat by its area, its rooms, its age and its distance to the centre: made-up
# numbers, enough of them for time to matter. Large flats have many rooms, so that two columns say
# almost the same, which makes descent slow and worth watching.

rng = np.random.default_rng(0)
n = 20_000
area = rng.normal(80, 25, n)
flats = pd.DataFrame(
    {
        "area": area,
        "rooms": area / 25 + rng.normal(0, 0.25, n),
        "age": rng.uniform(0, 100, n),
        "distance": rng.exponential(5, n),
    }
)
euros = 12 * area + 60 * flats["rooms"] - 2 * flats["age"] - 25 * flats["distance"]
rent = euros / 100 + rng.standard_t(3, n)  # in hundreds of euros, some of them quite wrong
X = StandardScaler().set_output(transform="pandas").fit_transform(flats)

# %%
# Three solvers
# -------------
#
# An epoch is one pass over all rows. Within an epoch "batch" makes a single update of the
# coefficients, "mini-batch" one for every 32 rows, "stochastic" one for every row. All of them
# take plain steps, ``optimizer="gd"``, so that the rows are the only difference.
#
# The loss is Huber's: squared error for small mistakes, milder for large ones. Squared error
# itself would spoil the comparison, as batch descent then needs the rows only once: all of its
# epochs can be computed from their sums. ``tol=None`` makes all of them run to their last epoch.
#
# The rougher the direction, the smaller the steps have to be: each solver is given a learning
# rate that suits it, that of single rows fifty times smaller than that of all rows. With
# single rows and with mini-batches it also falls from epoch to epoch, to calm the noise.

common = {"loss": "huber", "optimizer": "gd", "tol": None, "store_path": True, "random_state": 0}
solvers = {
    "batch": GDRegressor(learning_rate=0.5, max_iter=60, **common),
    "mini-batch": GDRegressor(solver="mini-batch", learning_rate=0.05, max_iter=20, **common),
    "stochastic": GDRegressor(solver="stochastic", learning_rate=0.01, max_iter=20, **common),
}
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)  # few epochs, and not all will be there
    for model in solvers.values():
        model.fit(X, rent)

print(f"{'':<12}{'epochs':>8}{'updates':>10}{'learning rate':>16}")
for name, model in solvers.items():
    print(f"{name:<12}{model.n_iter_:>8}{model.t_:>10,}{model.learning_rate_:>16.3g}")

# %%
# By epoch and by update
# ----------------------
#
# How far above its minimum is the objective? A batch descent to a small tolerance tells where
# the minimum is.

least = GDRegressor(loss="huber", tol=1e-8).fit(X, rent).loss_curve_[-1]
LossCurveDisplay.from_estimators(solvers, y="gap", best=least)
plt.show()

# %%
# Per epoch there is no contest: after their first one, mini-batch and stochastic descent are where
# batch descent takes dozens to get. Then noise takes over, and they hop about close to the
# minimum, while batch descent comes closer with every step.
#
# Counted by updates the order is the reverse. Batch descent makes the most of every single one of
# its few updates. The others are measured after each epoch only: the straight line to the first
# measurement is no descent.

LossCurveDisplay.from_estimators(solvers, x="update", y="gap", best=least, x_scale="log")
plt.show()

# %%
# By second
# ---------
#
# What one pays is time. This is how it went on the machine that has run this lesson:

LossCurveDisplay.from_estimators(solvers, x="second", y="gap", best=least)
plt.show()

# %%
# Neither epochs nor updates tell this: the more rows an update looks at, the longer it takes, but
# the more it gets for its time from each of them. Which curve is the lowest when your patience
# ends?
#
# Paths
# -----
#
# The coefficients of area and rooms, epoch by epoch, on the objective. Batch descent rushes into
# the valley, in which area may be traded for rooms, and then creeps along its floor. The others
# have made most of the way within the first epoch, update by update. "Projected" says that the
# paths move in the three other parameters as well, which a plane cannot show.

LossSurfaceDisplay.from_estimators(solvers, X, rent, features=("area", "rooms"), grid=40)
plt.show()

# %%
# Why the learning rate falls
# ---------------------------
#
# With a constant rate stochastic descent would go on hopping for ever, about as far as its steps
# are long. The same twenty epochs with a constant and with a falling rate, seen from close by:

constant = GDRegressor(
    solver="stochastic", learning_rate=0.01, schedule="constant", max_iter=20, **common
)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)
    constant.fit(X, rent)
schedules = {"constant rate": constant, "falling rate": solvers["stochastic"]}

window = {"xlim": (2.75, 3.25), "ylim": (0.4, 0.9)}
LossSurfaceDisplay.from_estimators(
    schedules, X, rent, features=("area", "rooms"), grid=40, **window
)
plt.show()

# %%
# The one that falls comes to rest where the other goes on circling. That is why
# ``schedule="auto"``, the default, means a falling rate for rows and mini-batches at a given
# learning rate, and a constant one for batch descent, which has no noise to calm.
#
# Nothing of this has to be chosen: ``GDRegressor(solver="stochastic")`` learns its rate from epoch
# to epoch and takes the noise out of its directions (``optimizer="svrg"``). It needs no falling
# rate then, and ends at the minimum.
