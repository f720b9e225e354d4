"""
Penalties: small, few, or bounded coefficients
==============================================

A penalty says what large or forbidden coefficients cost. This lesson draws what l2, l1 and bounds
do to a coefficient in one step, and what they make of ten of them as the penalty grows.

Run it with ``python examples/plot_penalties.py``.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Lasso, Ridge
from sklearn.preprocessing import StandardScaler

from gdregress import GDRegressor
from gdregress.penalties import L1, L2, Box, GroupL2

# %%
# One step of a penalty
# ---------------------
#
# Descent minimises the mean loss plus ``alpha`` times R(w). After each step along the gradient of
# the loss, the coefficients go to the *prox* of the penalty:
#
# .. math:: \mathrm{prox}(w) = \mathrm{argmin}_u \; \alpha R(u) + \frac{(u - w)^2}{2 s}
#
# where s is the length of the step. In words: give in to the penalty, but stay near w.

w = np.linspace(-3, 3, 301)
penalties = {
    "l2: shrinks": L2(alpha=1.0),
    "l1: cuts off": L1(alpha=1.0),
    "Box(0, 2): clips": Box(lower=0.0, upper=2.0),
}
figure, axes = plt.subplots(1, 3, figsize=(11, 3.6), sharey=True, layout="constrained")
for axis, (name, penalty) in zip(axes, penalties.items(), strict=True):
    axis.plot(w, w, color="gray", linestyle=":", label="no penalty")
    axis.plot(w, penalty.prox(w, 1.0), linewidth=2, label="prox")
    axis.set(title=name, xlabel="w", aspect="equal")
axes[0].set(ylabel="prox(w)")
axes[0].legend()
plt.show()

# %%
# l2 makes every coefficient smaller by the same factor, and none of them zero. l1 makes all of
# them smaller by the same amount, so that the small ones become exactly zero. Bounds leave alone
# what is inside.
#
# Ten coefficients as the penalty grows
# -------------------------------------
#
# The progress of diabetes by ten standardised measurements. ``warm_start=True`` begins each fit
# where the last one ended.

X, y = load_diabetes(return_X_y=True, as_frame=True)
X = StandardScaler().set_output(transform="pandas").fit_transform(X)
alphas = {"l2": np.geomspace(1e-3, 1e2, 25), "l1": np.geomspace(0.1, 50, 25)}


def path(penalty):
    """Coefficients for each alpha, from the largest to the smallest."""
    model, coefficients = GDRegressor(penalty=penalty, warm_start=True), []
    for alpha in alphas[penalty][::-1]:
        model.set_params(alpha=alpha).fit(X, y)
        coefficients.append(model.coef_)
    return np.array(coefficients)


paths = {penalty: path(penalty) for penalty in alphas}
figure, axes = plt.subplots(1, 2, figsize=(11, 4.5), sharey=True, layout="constrained")
for axis, (penalty, coefficients) in zip(axes, paths.items(), strict=True):
    for column, name in enumerate(X.columns):
        dashes = ("-", "--", ":", "-.")[column % 4]  # ten lines need more than colours
        axis.plot(alphas[penalty][::-1], coefficients[:, column], dashes, label=name)
    axis.axhline(0, color="black", linewidth=0.8)
    axis.set(xscale="log", xlabel="alpha", title=penalty)
axes[0].set(ylabel="coefficient")
axes[1].legend(ncols=2)
plt.show()

# %%
# Under l2 all fade together. Under l1 they leave one after the other; those that stay longest are
# the ones that a short formula would use. s1 and s2 say almost the same, with opposite signs:
# either penalty soon makes do without most of both.

print(f"{'alpha':>8}  columns that l1 keeps")
for alpha, coefficients in zip(alphas["l1"][::-1], paths["l1"], strict=True):
    if alpha > 5:
        print(f"{alpha:>8.1f}  {', '.join(X.columns[coefficients != 0])}")

# %%
# They are the coefficients of scikit-learn's ``Ridge`` and ``Lasso``, whose penalties are these:

model = GDRegressor(penalty="l2", alpha=0.1, tol=1e-8).fit(X, y)
ridge = Ridge(alpha=len(y) * 0.1).fit(X, y)
print(f"l2, largest difference from Ridge: {np.abs(model.coef_ - ridge.coef_).max():.0e}")
model = GDRegressor(penalty="l1", alpha=1.0, tol=1e-8).fit(X, y)
lasso = Lasso(alpha=1.0, tol=1e-12, max_iter=100_000).fit(X, y)
print(f"l1, largest difference from Lasso: {np.abs(model.coef_ - lasso.coef_).max():.0e}")

# %%
# Bounds
# ------
#
# Sometimes one knows which way a coefficient must point. ``Box(lower=0)`` allows no negative ones;
# ``lower`` and ``upper`` may also be arrays with a bound for each column.

bounded = GDRegressor(penalty=Box(lower=0)).fit(X, y)
free = GDRegressor().fit(X, y)
print(f"{'':<5}{'free':>8}{'>= 0':>8}")
for name, one, other in zip(X.columns, free.coef_, bounded.coef_, strict=True):
    print(f"{name:<5}{one:>8.2f}{other:>8.2f}")

# %%
# Some columns, groups of columns
# -------------------------------
#
# ``alpha`` may be an array with a strength for each column: here age and sex are left free,
# whatever becomes of the others. ``GroupL2`` keeps groups of columns together, or drops them
# together, which suits the columns of one category: here the six serum values are one group.

strengths = np.where(X.columns.isin(["age", "sex"]), 0.0, 20.0)
some = GDRegressor(penalty="l1", alpha=strengths).fit(X, y)
groups = ["serum" if name.startswith("s") and name != "sex" else name for name in X.columns]
together = GDRegressor(penalty=GroupL2(groups, alpha=10.0)).fit(X, y)
print(f"{'':<5}{'some':>8}{'groups':>8}")
for name, one, other in zip(X.columns, some.coef_, together.coef_, strict=True):
    print(f"{name:<5}{one:>8.2f}{other:>8.2f}")
