"""
Streams: learn from each row once
=================================

Measurements that come in day by day, a file that is larger than the memory: rows that are seen
once, in parts. ``partial_fit`` learns from each part and forgets it. This lesson follows
coefficients through a stream, lets the world change in the middle of it, and chooses how much of
the past to keep.

Run it with ``python examples/plot_streams.py``.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression

from gdregress import GDClassifier, GDRegressor
from gdregress.plotting import CoefficientPathDisplay

# %%
# Parts of rows
# -------------
#
# The consumption of a building by hour, from the temperature outside, in degrees, and the people
# inside. The columns are of different sizes, and nobody has scaled them: nobody could, as their
# means are not known before the last row.

rng = np.random.default_rng(0)
n_parts, n_rows = 200, 24
X = pd.DataFrame(
    {
        "temperature": rng.normal(12, 8, size=n_parts * n_rows),
        "people": rng.poisson(60, size=n_parts * n_rows),
    }
)
true = np.array([-1.5, 0.4])
y = 80 + X @ true + rng.normal(0, 3, size=len(X))
parts = [slice(start, start + n_rows) for start in range(0, len(X), n_rows)]

model = GDRegressor(store_path=True)
for rows in parts:
    model.partial_fit(X[rows], y[rows])

whole = LinearRegression().fit(X, y)
print("a stream      ", model.coef_.round(3), round(float(model.intercept_), 2))
print("least squares ", whole.coef_.round(3), round(float(whole.intercept_), 2))

# %%
# Every part is an epoch of the history. The coefficients are near after a few days, and settle:
# dashed, those of least squares on all rows at once.

look = {"x_scale": "linear", "ax_kw": {"xlabel": "day", "ylim": (-2, 1)}}
CoefficientPathDisplay.from_estimator(model, reference=whole.coef_, **look)
plt.show()

# %%
# A world that changes
# --------------------
#
# On day 100 the heating is renewed, and a degree makes half the difference. The mean over all
# rows would be wrong before and after. ``partial_fit`` has several learners at rates from quick
# to slow compete: the quick ones follow, the slow ones are exact, and those that predict the next
# rows best count. Dashed, the truth about the temperature.

slopes = np.where(np.arange(len(X)) < len(X) // 2, -1.5, -0.75)
drifting = 80 + slopes * X["temperature"] + 0.4 * X["people"] + rng.normal(0, 3, size=len(X))

follower, errors = GDRegressor(store_path=True), []
for rows in parts:
    if hasattr(follower, "coef_"):
        errors.append(np.mean((follower.predict(X[rows]) - drifting[rows]) ** 2))
    follower.partial_fit(X[rows], drifting[rows])
fixed = LinearRegression().fit(X, drifting)

display = CoefficientPathDisplay.from_estimator(follower, **look)
display.ax_.plot([0, 100, 100, 200], [-1.5, -1.5, -0.75, -0.75], "k--", lw=1)
plt.show()

# %%
# A fair test of a stream predicts each part before it learns from it. The noise alone has an
# error of 9.

late = slice(len(X) * 3 // 4, None)
error = np.mean((fixed.predict(X[late]) - drifting[late]) ** 2)
print(f"days 150 to 200: the stream {np.mean(errors[-50:]):.1f}, least squares on all {error:.1f}")

# %%
# Classes
# -------
#
# The first call has to name all classes, as later parts may hold some that it does not.

labels = np.where(y > np.median(y), "high", "low")
classifier = GDClassifier()
for rows in parts:
    classifier.partial_fit(X[rows], labels[rows], classes=["high", "low"])
print(f"accuracy on all rows: {classifier.score(X, labels):.3f}")
