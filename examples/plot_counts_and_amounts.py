"""
Counts, amounts and exposure
============================

How many claims does a policy make, and what do they cost? Neither is a number that a straight line
should predict: both are never negative, and their spread grows with their mean. This lesson fits
the losses that are made for them, with policies that were watched for unequal times.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from gdregress import GDRegressor
from gdregress.losses import NegativeBinomial, Tweedie

# %%
# Four thousand policies
# ----------------------
#
# The rate of claims per year falls with the age of the driver and grows with the power of the car.
# Some policies were watched for a month and some for two years. A claim costs a thousand on
# average, and most policies cost nothing.

rng = np.random.default_rng(0)
n = 4000
X = pd.DataFrame({"age (decades)": rng.uniform(2, 8, n), "power (10 kW)": rng.uniform(4, 15, n)})
years = rng.uniform(1 / 12, 2, n)
rate = np.exp(-1.5 - 0.25 * X["age (decades)"] + 0.12 * X["power (10 kW)"])
claims = pd.Series(rng.poisson(years * rate), name="claims")
costs = pd.Series([rng.gamma(2.0, 500.0, count).sum() for count in claims], name="cost")
print(f"{np.mean(claims == 0):.0%} without a claim, at most {claims.max()} claims")

# %%
# Counts
# ------
#
# Poisson loss predicts exp(x . w + b). ``exposure`` says for how long each policy was watched: a
# policy of two years is expected to have twice the claims, and says twice as much about the rate.

model = GDRegressor("poisson").fit(X, claims, exposure=years)
ignorant = GDRegressor("poisson").fit(X, claims)
print(f"{'':<16}{'truth':>8}{'fitted':>8}{'without exposure':>18}")
for name, truth, one, other in zip(X, (-0.25, 0.12), model.coef_, ignorant.coef_, strict=True):
    print(f"{name:<16}{truth:>8.2f}{one:>8.2f}{other:>18.2f}")
print(f"{'intercept':<16}{-1.5:>8.2f}{model.intercept_:>8.2f}{ignorant.intercept_:>18.2f}")

# %%
# Without it the rates are those of a policy watched for as long as the average one, and no policy
# is given more weight than another. The standard errors say how sure the coefficients are, without
# presuming that the counts are Poisson's:

print(model.summary(X, claims, exposure=years))

# %%
# Where counts vary more than Poisson's, as when drivers differ in ways that no column knows,
# ``NegativeBinomial`` counts a large one as less of a surprise. Its ``dispersion`` is given, not
# fitted.

hidden = rng.gamma(2.0, 0.5, n)
varied = rng.poisson(hidden * years.mean() * rate)
for name, loss in (("Poisson", "poisson"), ("negative binomial", NegativeBinomial(0.5))):
    fitted = GDRegressor(loss).fit(X, varied)
    print(f"{name:<18} age {fitted.coef_[0]:>6.3f}  power {fitted.coef_[1]:>6.3f}")

# %%
# Amounts, of which most are zero
# -------------------------------
#
# The Tweedie loss with a power between 1 and 2 takes the cost of a policy as it is: zero, or any
# amount above. It needs no second model for whether there was a claim.

costly = GDRegressor(Tweedie(1.6)).fit(X, costs, exposure=years)
predicted = costly.predict(X)
print(f"share of deviance explained: {costly.score(X, costs, exposure=years):.3f}")

# %%
# In the picture policies are put in ten groups by the cost that is predicted for a year. The costs
# that came, per year of exposure, follow the diagonal as far as the luck of 400 policies lets
# them: dear policies are dear, and about as dear as was said.

groups = np.argsort(np.argsort(predicted)) * 10 // n
totals = pd.DataFrame({"cost": costs, "years": years, "said": predicted * years}).groupby(groups)
came, said = (totals[name].sum() / totals["years"].sum() for name in ("cost", "said"))
_, axis = plt.subplots(layout="constrained")
axis.plot([0, said.max()], [0, said.max()], color="0.6", label="as predicted")
axis.plot(said, came, "o", color="#0072B2", label="groups of 400 policies")
axis.set(xlabel="predicted cost per year", ylabel="cost per year")
axis.legend()
plt.show()
