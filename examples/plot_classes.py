"""
Classes by gradient descent
===========================

``GDClassifier`` fits linear classifiers. This lesson descends in three ways to the same answer,
compares the hinge with the log loss where one can see them, tells ten digits apart by the
softmax, and searches for a learning rate. ``LogisticRegression`` stands beside it throughout: it
minimises the same objective by other means.

Run it with ``python examples/plot_classes.py``; it takes some seconds.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gdregress import GDClassifier

# Okabe and Ito's colours, which are told apart with any colour vision
BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"

# %%
# Three ways to take the rows
# ---------------------------
#
# The data are measurements of 569 tumours, thirty numbers each, malignant or benign. They are
# standardised, so that the penalty treats all columns alike.

cancer = load_breast_cancer()
X_train, X_test, y_train, y_test = train_test_split(
    cancer.data, cancer.target, stratify=cancer.target, random_state=0
)
scaler = StandardScaler().fit(X_train)
Z_train, Z_test = scaler.transform(X_train), scaler.transform(X_test)

# %%
# An epoch is one pass over the rows. Batch descent takes all rows for one update, mini-batch
# descent 32 of them, stochastic descent a single one: within an epoch they make 1, 14 and 426
# updates. ``tol=None`` lets each of them run the same 100 epochs.
#
# The objective is the mean log loss plus ``alpha / 2`` times the sum of the squared coefficients,
# which makes ``LogisticRegression(C=1 / (n_samples * alpha))`` the same problem.

alpha, epochs = 0.01, 100
common = {"alpha": alpha, "max_iter": epochs, "tol": None, "random_state": 0}
ways = {
    "batch": GDClassifier(**common),
    "mini-batch": GDClassifier(solver="mini-batch", batch_size=32, optimizer="gd", **common),
    "stochastic": GDClassifier(solver="stochastic", optimizer="gd", **common),
}
for model in ways.values():
    model.fit(Z_train, y_train)
reference = LogisticRegression(C=1 / (len(y_train) * alpha), tol=1e-10, max_iter=10_000)
reference.fit(Z_train, y_train)


def print_scores(models, X, y):
    """Accuracy and log loss of every model on rows that it has not seen."""
    print(f"{'':<20}{'accuracy':>10}{'log loss':>10}")
    for name, model in models.items():
        loss = log_loss(y, model.predict_proba(X))
        print(f"{name:<20}{model.score(X, y):>10.3f}{loss:>10.4f}")


print_scores({**ways, "LogisticRegression": reference}, Z_test, y_test)

# %%
# ``history_`` holds the objective after every epoch. Its distance to the minimum shows how they
# get there. The many small updates of batches and single rows are noisy, and it takes ever smaller
# steps to calm them. Batch descent has no noise: its steps remember the ones before, go as far as
# the objective falls, and are at the minimum after a few epochs.

margins = (2 * y_train - 1) * reference.decision_function(Z_train)
least = np.mean(np.logaddexp(0, -margins)) + alpha / 2 * np.sum(reference.coef_**2)

figure, axis = plt.subplots(figsize=(7, 4.5), layout="constrained")
styles = zip((BLUE, ORANGE, GREEN), ("-", "--", ":"), strict=True)
for (name, model), (colour, dashes) in zip(ways.items(), styles, strict=True):
    history = model.history_
    gap = np.asarray(history["objective"]) - least
    axis.plot(history["epoch"], gap, dashes, color=colour, linewidth=2, label=name)
axis.set(
    xlabel="epoch",
    ylabel="objective above its minimum",
    yscale="log",
    xlim=(0, epochs),
    title="Log loss with l2 on 426 tumours",
)
axis.set_xscale("symlog", linthresh=1)
axis.set_xticks([0, 1, 10, 100], ["0", "1", "10", "100"])
axis.legend(title="solver")
axis.grid(alpha=0.3)

# %%
# Hinge and log loss
# ------------------
#
# With two features one can see what a loss does. The log loss asks every row for a larger
# probability of its class, so that every row has a say, and it knows that probability everywhere:
# the dashed lines are where a tumour is benign with 10 % and with 90 %. The hinge asks for a
# margin of 1, the dashed lines, and does not care about the rows that are beyond theirs. The
# boundaries differ a little; of the two only the log loss has ``predict_proba``.

names = ["worst radius", "worst texture"]
columns = [list(cancer.feature_names).index(name) for name in names]
pairs = X_train[:, columns]
losses = {
    "log_loss": GDClassifier("log_loss", alpha=alpha),
    "hinge": GDClassifier("hinge", alpha=alpha),
}
# where the log loss puts a probability of 90 %, and the hinge its margin
bands = {"log_loss": (np.log(9), "P(benign) = 10 %, 90 %"), "hinge": (1.0, "margins")}

low, high = pairs.min(axis=0) - 1, pairs.max(axis=0) + 1
grid = np.meshgrid(np.linspace(low[0], high[0], 200), np.linspace(low[1], high[1], 200))
points = np.column_stack([side.ravel() for side in grid])

figure, axes = plt.subplots(1, 2, figsize=(10, 5.8), sharey=True, layout="constrained")
for axis, (name, model) in zip(axes, losses.items(), strict=True):
    pipeline = make_pipeline(StandardScaler(), model).fit(pairs, y_train)
    for label, colour, marker in ((0, ORANGE, "^"), (1, BLUE, "o")):
        rows = pairs[y_train == label]
        axis.scatter(
            *rows.T, s=18, color=colour, marker=marker, alpha=0.6, label=cancer.target_names[label]
        )
    level, band = bands[name]
    z = pipeline.decision_function(points).reshape(grid[0].shape)
    axis.contour(*grid, z, [-level, 0, level], colors="black", linestyles=["--", "-", "--"])
    accuracy = pipeline.score(X_test[:, columns], y_test)
    axis.set(title=f"{name}: {accuracy:.1%} of test rows right", xlabel=names[0])
    lines = [Line2D([], [], color="black", label="boundary")]
    lines += [Line2D([], [], color="black", linestyle="--", label=band)]
    handles = [*axis.get_legend_handles_labels()[0], *lines]
    axis.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2)
axes[0].set(ylabel=names[1])

# %%
# Ten classes
# -----------
#
# With more than two classes the log loss becomes the cross-entropy of the softmax, and ``coef_``
# has a row for each class. Those of 8 x 8 images are images themselves: orange pixels speak for
# the digit, violet ones against it. The tolerance is looser than the default: the pixels at the
# border are almost always empty, which makes the last digits of the objective slow to find, and
# they are of no use.

X, y = load_digits(return_X_y=True)
D_train, D_test, d_train, d_test = train_test_split(X / 16, y, stratify=y, random_state=0)
alpha = 0.001
digits = {
    "GDClassifier": GDClassifier(alpha=alpha, tol=0.002),
    "LogisticRegression": LogisticRegression(C=1 / (len(d_train) * alpha), max_iter=1000),
}
for model in digits.values():
    model.fit(D_train, d_train)
print_scores(digits, D_test, d_test)

coef = digits["GDClassifier"].coef_
largest = abs(coef).max()
figure, axes = plt.subplots(2, 5, figsize=(9, 4.2), layout="constrained")
for axis, label, row in zip(axes.flat, digits["GDClassifier"].classes_, coef, strict=True):
    image = axis.imshow(row.reshape(8, 8), cmap="PuOr_r", vmin=-largest, vmax=largest)
    axis.set(title=str(label), xticks=[], yticks=[])
figure.colorbar(image, ax=axes, label="coefficient")
figure.suptitle("Coefficients of the softmax, one image per digit")

# %%
# Which learning rate?
# --------------------
#
# ``learning_rate="auto"`` is found on the data, by trying. A grid search in a pipeline, which
# standardises within each fold, finds no better rate for twenty epochs of plain descent.

pipeline = make_pipeline(
    StandardScaler(), GDClassifier(alpha=0.01, optimizer="gd", max_iter=20, tol=None)
)
rates = {"gdclassifier__learning_rate": [0.001, 0.01, 0.1, "auto"]}
search = GridSearchCV(pipeline, rates, scoring="neg_log_loss").fit(X_train, y_train)

print(f"{'learning rate':<20}{'log loss, validated':>20}")
for tried, score in zip(
    search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
):
    print(f"{tried['gdclassifier__learning_rate']!s:<20}{-score:>20.4f}")
print(f"chosen: {search.best_params_['gdclassifier__learning_rate']}")

plt.show()
