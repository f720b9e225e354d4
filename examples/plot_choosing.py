"""
How strong a penalty, how many epochs
=====================================

A model of many columns learns the noise of few rows. Two things keep it from that: a penalty, and
stopping early. This lesson chooses the strength of the one by cross-validation and the epochs of
the other by a formula, and shows how much the two have in common.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from gdregress import GDRegressor, GDRegressorCV, closed_form_path, diagnose, implicit_ridge
from gdregress.plotting import RegularizationPathDisplay

# %%
# Many columns for few rows
# -------------------------
#
# The ten measurements of 442 patients, their squares and products: 65 columns, for 221 patients.
# The others judge what has been learned.

X, y = load_diabetes(return_X_y=True)
columns = make_pipeline(PolynomialFeatures(2, include_bias=False), StandardScaler())
X, X_new, y, y_new = train_test_split(X, y, test_size=0.5, random_state=0)
X, X_new = columns.fit_transform(X), columns.transform(X_new)

# %%
# Before anything is fitted: will plain descent finish on these columns? Sex has two values, so
# that its square says nothing new, and the condition number is infinite. That costs no epochs;
# what does are columns that are nearly alike.

model = GDRegressor(optimizer="gd", learning_rate=0.05)
diagnosis = diagnose(X, y, model)
print(diagnosis.sections()["Will it finish?"][0])
print(f"condition number of X: {diagnosis.condition_number:.0f}")
for one in diagnosis.predictions:
    momentum = f"{one.momentum:.5f}" if isinstance(one.momentum, float) else one.momentum or ""
    print(f"{one.optimizer:<10}{momentum:<9}{one.epochs:>12,} epochs at its best rate")

# %%
# The strength of a penalty
# -------------------------
#
# ``GDRegressorCV`` scores fifty strengths of an l2 penalty in five folds. For squared error that
# needs no fit: the moments of the folds tell all.

search = GDRegressorCV(alphas=50).fit(X, y)
RegularizationPathDisplay.from_estimator(search, X, y)
plt.show()
print(f"alpha {search.alpha_:.2f}: R2 {search.best_score_:.3f} in the folds, ", end="")
print(f"{search.score(X_new, y_new):.3f} on new patients")
print(f"without a penalty: {GDRegressor().fit(X, y).score(X_new, y_new):.3f} on new patients")

# %%
# The number of epochs
# --------------------
#
# Descent goes along the large eigenvalues of X'X first and along the small ones, which are mostly
# noise, late. After k epochs only part of the degrees of freedom is in use. With them,
# generalised cross-validation estimates the error on new rows without holding any out.

epochs = np.unique(np.geomspace(1, 100_000, 80).astype(int))
stopped = implicit_ridge(model, X, y, epochs)
coefs, intercepts = closed_form_path(model, X, y, epochs)
errors = np.mean((X_new @ coefs.T + intercepts - y_new[:, None]) ** 2, axis=0)

figure, axes = plt.subplots(2, 1, sharex=True, layout="constrained", figsize=(6.4, 5.6))
axes[0].loglog(stopped.epochs, stopped.gcv, label="estimate, GCV")
axes[0].loglog(stopped.epochs, errors, "--", label="error on new patients")
axes[0].loglog(stopped.epochs, stopped.mean_squared_error, ":", label="error on the rows fitted")
axes[0].set(ylabel="mean squared error")
axes[0].legend()
axes[1].semilogx(stopped.epochs, stopped.degrees_of_freedom)
axes[1].set(xlabel="epochs", ylabel="degrees of freedom")
plt.show()

# %%
# One is the other
# ----------------
#
# To each number of epochs belongs the ridge with as many degrees of freedom. That of the epochs
# which GCV prefers is of the order of the strength that cross-validation has chosen.

best = int(np.argmin(stopped.gcv))
print(f"{stopped.epochs[best]} epochs, {stopped.degrees_of_freedom[best]:.1f} degrees of freedom")
print(f"the ridge with as many: alpha {stopped.alpha[best]:.2f}; chosen: {search.alpha_:.2f}")
early = 1 - errors[best] / np.var(y_new)
print(f"R2 on new patients: stopped early {early:.3f}, ridge {search.score(X_new, y_new):.3f}")
