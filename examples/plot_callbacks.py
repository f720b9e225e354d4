"""
Callbacks: watch a fit, and stop it
===================================

A callback is called while a model is fitted: after every epoch it may look at how things stand,
show it, and end the fit. scikit-learn has a progress bar for this. This lesson shows it, writes a
callback of its own that stops the fit once it is good enough, and puts early stopping beside it.
"""

import warnings
from importlib.util import find_spec

import matplotlib.pyplot as plt
from sklearn.callback import ProgressBar
from sklearn.datasets import load_diabetes
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from gdregress import GDRegressor
from gdregress.callbacks import History
from gdregress.exceptions import ConvergenceWarning
from gdregress.plotting import LivePlot, LossCurveDisplay

# %%
# A model that can learn too much
# -------------------------------
#
# The progress of diabetes in 442 patients. Besides the ten measurements, the model gets their
# squares and products, 65 columns for 264 patients: enough to learn the noise by heart. A fifth of
# the patients is put aside to watch the fit, another fifth to judge it in the end.

X, y = load_diabetes(return_X_y=True)
X, X_test, y, y_test = train_test_split(X, y, test_size=0.2, random_state=0)
X_fit, X_watch, y_fit, y_watch = train_test_split(X, y, test_size=0.25, random_state=0)

columns = make_pipeline(PolynomialFeatures(2, include_bias=False), StandardScaler())
X_fit = columns.fit_transform(X_fit)
X_watch, X_test = columns.transform(X_watch), columns.transform(X_test)
print(X_fit.shape, X_watch.shape, X_test.shape)

# %%
# A progress bar
# --------------
#
# ``set_callbacks`` is scikit-learn's and belongs to every estimator that supports callbacks. The
# progress bar needs the package ``rich``. We ask for 1000 epochs of plain descent, at a learning
# rate of our own so that there is something to watch; that this is not yet the minimum, a
# ``ConvergenceWarning`` would say, which we silence.

plain = {"optimizer": "gd", "learning_rate": 0.05, "max_iter": 1000}
to_the_end = GDRegressor(**plain)
if find_spec("rich") is None:
    print("No progress bar, as rich is not installed: pip install rich")
else:
    to_the_end.set_callbacks(ProgressBar())
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)
    to_the_end.fit(X_fit, y_fit)

# %%
# A picture that grows
# --------------------
#
# ``LivePlot`` draws columns of the history while the fit goes on: in a window or a notebook one
# sees the curve grow. Rows to watch make a second one.

live = LivePlot(("loss", "validation_loss"))
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)
    watched = GDRegressor(**plain).set_callbacks(live)
    watched.fit(X_fit, y_fit, X_val=X_watch, y_val=y_watch)
plt.show()

# %%
# A callback of one's own
# -----------------------
#
# The simplest callback is a function of the row that an epoch adds to ``history_``. If it returns
# True, the fit ends. ``History`` collects the rows in a table while the fit goes on, so that this
# function finds those before: it ends the fit when an epoch lowers the loss by less than a
# thousandth.

history = History()


def hardly_falls(row):
    return row["epoch"] > 1 and row["loss"] > 0.999 * history["loss"][-2]


short = GDRegressor(**plain).set_callbacks(history, hardly_falls).fit(X_fit, y_fit)
print(f"{short.stop_reason_}: epoch {short.n_iter_}, {len(history)} rows")

# %%
# A callback that needs the model is an object with four methods: ``setup`` and ``teardown``
# around the fit, and ``on_fit_task_begin`` and ``on_fit_task_end`` around each of its tasks, which
# are the whole fit and every epoch. Of what scikit-learn offers them they name what they need:
# ``fitted_estimator`` is a model that predicts as if the fit had ended here. The fit does end
# here if ``on_fit_task_end`` returns True.
#
# This one stops as soon as predictions for rows that it was given are off by no more than
# ``goal`` on average.


class GoodEnough:
    def __init__(self, X, y, goal):
        self.X, self.y, self.goal = X, y, goal

    def setup(self, estimator, context):
        self.errors = []

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        if context.task_name != "epoch":
            return False
        error = mean_absolute_error(self.y, fitted_estimator.predict(self.X))
        self.errors.append(error)
        return error <= self.goal

    def teardown(self, estimator, context):
        pass


watch = GoodEnough(X_watch, y_watch, goal=49)
good_enough = GDRegressor(**plain).set_callbacks(watch)
good_enough.fit(X_fit, y_fit)
print(f"{good_enough.stop_reason_}: epoch {good_enough.n_iter_}, error {watch.errors[-1]:.1f}")

# %%
# A fit that a callback has ended is what was asked for: it warns of nothing, and
# ``stop_reason_`` is "callback".
#
# Early stopping
# --------------
#
# What if one does not know which goal can be reached? ``early_stopping=True`` holds rows out by
# itself, follows the loss on them, stops when it has not improved for five epochs, and returns
# the coefficients of the best one.

early = GDRegressor(**plain, early_stopping=True, random_state=0)
early.fit(X_fit, y_fit)

# %%
# The markers in the picture are where each fit ended, and the star is the best validation score.

models = {"to the end": to_the_end, "good enough": good_enough, "early stopping": early}
LossCurveDisplay.from_estimators(models)
plt.show()

# %%
# The objective would have fallen further. But it is that of the patients who were fitted; what
# counts are those whom no fit has seen:

print(f"{'mean absolute error':<22}{'epochs':>8}{'fitted':>8}{'unseen':>8}")
for name, model in models.items():
    fitted = mean_absolute_error(y_fit, model.predict(X_fit))
    unseen = mean_absolute_error(y_test, model.predict(X_test))
    print(f"{name:<22}{model.n_iter_:>8}{fitted:>8.1f}{unseen:>8.1f}")

# %%
# A thousand epochs have made the fit better, and the predictions worse. Both ways of stopping in
# time have done better with a few dozen.
