"""GDClassifier reaches the minimum that scikit-learn, SciPy and linear programming find.

Stated tolerances, as measured with margin:

===========================  ==========================================================
all rows, smooth loss        coefficients 1e-6; 1e-5 of other rules than the default
single precision             coefficients 1e-3; 1e-7 of the way down from the null model
all rows, loss with kinks    objective 1e-4 above the minimum, relative to it
stochastic and mini-batches  1 % of the objective at the start above the minimum
===========================  ==========================================================

RMSProp over all rows comes to 1e-8 of the objective, but its steps do not shrink by themselves:
the rate that is cut at plateaus may be too small before the flattest direction is done. By
batches it ends where its scaled slopes have the mean zero, not the slopes themselves.
"""

import warnings
from functools import cache

import numpy as np
import pytest
from components import OVER_ALL_ROWS, with_formula
from grids import each_once, pairwise
from libraries import needed_version
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse, special
from scipy.optimize import linprog, minimize
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from threadpoolctl import threadpool_limits

from gdregress import GDClassifier
from gdregress.losses.classification import CLASSIFICATION_LOSSES, LogLoss
from gdregress.optimizers import OPTIMIZERS

N, P = 120, 4
ALPHA, L1_RATIO = 0.03, 0.4
SINGLE = 3e-4  # tolerance of single precision, whatever is asked for
TIGHT = {"tol": 1e-10, "max_iter": 20_000}
SHARE_OF_L1 = {None: 0.0, "l2": 0.0, "l1": 1.0, "elasticnet": L1_RATIO}
SMOOTH = [name for name in CLASSIFICATION_LOSSES if CLASSIFICATION_LOSSES[name].smooth]
# those whose formulas are written here again
WITH_MINIMUM = ["log_loss", "squared_hinge", "modified_huber"]

two_or_three_classes = pytest.mark.parametrize("k", [2, 3])
with_and_without_intercept = pytest.mark.parametrize("fit_intercept", [True, False])


@cache
def data(k=2):
    """Rows of k classes of different sizes that overlap."""
    rng = np.random.RandomState(0)
    X = rng.normal([0.5, 0.0, -0.3, 0.0], [1.0, 2.0, 1.0, 0.5], size=(N, P))
    z = X @ [1.0, -0.7, 0.0, 0.5] + rng.logistic(size=N)
    return X, np.searchsorted([0.7, 2.0][: k - 1], z)


@cache
def weights():
    return np.random.RandomState(1).uniform(0.1, 5.0, size=N)


def alpha_of(penalty):
    return 0.0 if penalty is None else ALPHA


def classifier(loss="log_loss", penalty="l2", **parameters):
    """The model fitted with all rows per update, to a narrow tolerance."""
    given = {} if penalty is None else {"alpha": ALPHA}
    if penalty == "elasticnet":
        given["l1_ratio"] = L1_RATIO
    return GDClassifier(loss, penalty=penalty, **TIGHT | given | parameters)


def centred(parameters):
    """Their differences between the classes, which are all that softmax sees."""
    return parameters - parameters.mean(axis=0) if len(parameters) > 1 else parameters


def assert_same_model(ours, coef, intercept, atol=1e-6):
    if ours.penalty is None and ours.loss == "log_loss":
        assert_allclose(centred(ours.coef_), centred(coef), atol=atol)
    else:
        assert_allclose(ours.coef_, coef, atol=atol)
    if ours.loss == "log_loss":
        assert_allclose(centred(ours.intercept_), centred(np.asarray(intercept)), atol=atol)
    else:
        assert_allclose(ours.intercept_, intercept, atol=atol)


# The minimum by SciPy ---------------------------------------------------------------------


def losses_and_slopes(loss, y, z):
    """L and dL/dz of labels y, written for arrays."""
    m = y * z
    missing = np.maximum(1 - m, 0)
    return {
        "log_loss": lambda: (-special.log_expit(m), -y * special.expit(-m)),
        "squared_hinge": lambda: (missing**2, -2 * y * missing),
        "modified_huber": lambda: (
            np.where(m < -1, -4 * m, missing**2),
            -2 * y * np.minimum(missing, 2),
        ),
    }[loss]()


def joint_losses_and_slopes(loss, y, z):
    """The same for numbers of classes and one z for each class: softmax, or a sum."""
    own = y[:, None] == np.arange(z.shape[1])
    if loss == "log_loss":
        return -special.log_softmax(z, axis=1)[own], special.softmax(z, axis=1) - own
    losses, slopes = losses_and_slopes(loss, np.where(own, 1, -1), z)
    return losses.sum(axis=1), slopes


@cache
def minimum_by_scipy(loss, penalty, k, weighted=False, fit_intercept=True, alpha=None):
    """Coefficients and intercepts by L-BFGS-B, w split into a positive and a negative part."""
    X, y = data(k)
    rows = 1 if k == 2 else k
    s = weights() / weights().sum() if weighted else np.full(N, 1 / N)
    alpha = alpha_of(penalty) if alpha is None else alpha
    l1 = alpha * SHARE_OF_L1[penalty]
    l2 = alpha - l1
    size = rows * P

    def cost(u):
        w, b = (u[:size] - u[size : 2 * size]).reshape(rows, P), u[2 * size :]
        z = X @ w.T + (b if fit_intercept else 0)
        if k == 2:
            losses, slopes = losses_and_slopes(loss, 2 * y - 1, z[:, 0])
            slopes = slopes[:, None]
        else:
            losses, slopes = joint_losses_and_slopes(loss, y, z)
        slopes = s[:, None] * slopes
        gradient = (slopes.T @ X + l2 * w).ravel()
        of_intercept = slopes.sum(axis=0) if fit_intercept else np.zeros(rows)
        value = s @ losses + l1 * u[: 2 * size].sum() + l2 * (w**2).sum() / 2
        return value, np.concatenate([gradient + l1, l1 - gradient, of_intercept])

    result = minimize(
        cost,
        np.zeros(2 * size + rows),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None)] * (2 * size) + [(None, None)] * rows,
        options={"maxiter": 10_000, "maxfun": 100_000, "ftol": 0.0, "gtol": 1e-10},
    )
    u = result.x
    return (u[:size] - u[size : 2 * size]).reshape(rows, P), u[2 * size :]


@pytest.mark.parametrize(
    ("penalty", "fit_intercept"), [*((name, True) for name in SHARE_OF_L1), ("l1", False)]
)
@two_or_three_classes
@pytest.mark.parametrize("loss", WITH_MINIMUM)
def test_minimum(loss, k, penalty, fit_intercept):
    model = classifier(loss, penalty, fit_intercept=fit_intercept).fit(*data(k))
    assert model.converged_
    assert_same_model(model, *minimum_by_scipy(loss, penalty, k, fit_intercept=fit_intercept))


@two_or_three_classes
@pytest.mark.parametrize("penalty", [None, "elasticnet"])
@pytest.mark.parametrize("loss", WITH_MINIMUM)
def test_weighted_minimum(loss, penalty, k):
    model = classifier(loss, penalty).fit(*data(k), sample_weight=weights())
    assert_same_model(model, *minimum_by_scipy(loss, penalty, k, weighted=True))


@pytest.mark.parametrize(
    ("loss", "k", "penalty"),
    [
        ("log_loss", 2, "l2"),
        ("log_loss", 3, "l2"),
        ("log_loss", 3, "l1"),
        ("squared_hinge", 2, "l1"),
        ("modified_huber", 3, "l2"),
    ],
)
@pytest.mark.parametrize("optimizer", OVER_ALL_ROWS)
def test_minimum_of_every_optimizer(optimizer, loss, k, penalty):
    model = classifier(loss, penalty, optimizer=optimizer, tol=1e-8, max_iter=4000)
    if optimizer == "rmsprop":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(*data(k))
    else:
        assert model.fit(*data(k)).converged_
    minimum = minimum_by_scipy(loss, penalty, k)
    assert_same_model(model, *minimum, atol=1e-3 if optimizer == "rmsprop" else 1e-5)
    least = objective(loss, penalty, *minimum, k)
    found = objective(loss, penalty, model.coef_, model.intercept_, k)
    assert -1e-10 <= found - least <= 1e-8 * least


@two_or_three_classes
@pytest.mark.parametrize("loss", WITH_MINIMUM)
def test_minimum_by_line_search(loss, k):
    model = classifier(loss, "l1", learning_rate="line-search").fit(*data(k))
    assert model.converged_
    assert_same_model(model, *minimum_by_scipy(loss, "l1", k))


@two_or_three_classes
@pytest.mark.parametrize("loss", WITH_MINIMUM)
def test_coefficients_that_the_l1_penalty_removes(loss, k):
    coef, _ = minimum_by_scipy(loss, "l1", k, alpha=0.2)
    model = classifier(loss, "l1", alpha=0.2).fit(*data(k))
    assert 0 < (coef == 0).sum() < coef.size
    assert_array_equal(model.coef_ == 0, coef == 0)


# The minimum of scikit-learn --------------------------------------------------------------


def logistic_regression(total_weight, fit_intercept=True, class_weight=None):
    """The log loss with l2 in the terms of scikit-learn: C sum_i s_i L_i + ||w||^2 / 2."""
    return LogisticRegression(
        C=1 / (ALPHA * total_weight),
        fit_intercept=fit_intercept,
        class_weight=class_weight,
        solver="newton-cholesky",
        tol=1e-12,
        max_iter=1000,
    )


@with_and_without_intercept
@pytest.mark.parametrize("weighted", [False, True])
@two_or_three_classes
def test_log_loss_is_logistic_regression(k, weighted, fit_intercept):
    X, y = data(k)
    s = weights() if weighted else None
    theirs = logistic_regression(N if s is None else s.sum(), fit_intercept).fit(X, y, s)
    ours = classifier(fit_intercept=fit_intercept).fit(X, y, s)
    assert_same_model(ours, theirs.coef_, theirs.intercept_)
    assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6)
    assert_allclose(ours.decision_function(X), theirs.decision_function(X), atol=1e-5)
    assert_array_equal(ours.predict(X), theirs.predict(X))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("class_weight", ["balanced", {0: 0.5, 1: 4.0}])
@two_or_three_classes
def test_class_weights_are_those_of_logistic_regression(k, class_weight, weighted):
    if class_weight == "balanced" and weighted:
        needed_version("scikit-learn", "1.7")  # before, it balanced numbers of rows
    X, y = data(k)
    s = weights() if weighted else np.ones(N)
    if class_weight == "balanced":  # every class the same total, all together the same as before
        of_class = s.sum() / (k * np.bincount(y, weights=s))
    else:
        of_class = np.array([0.5, 4.0, 1.0])
    theirs = logistic_regression(s @ of_class[y], class_weight=class_weight).fit(X, y, s)
    ours = classifier(class_weight=class_weight).fit(X, y, s if weighted else None)
    assert_same_model(ours, theirs.coef_, theirs.intercept_)
    assert abs(ours.coef_ - classifier().fit(X, y).coef_).max() > 1e-3


@pytest.mark.parametrize("l1_ratio", [0.0, L1_RATIO, 1.0])
@two_or_three_classes
def test_elasticnet_is_that_of_logistic_regression(k, l1_ratio):
    needed_version("scikit-learn", "1.8")  # before, an l1_ratio alone was no penalty
    X, y = data(k)
    theirs = LogisticRegression(
        C=1 / (ALPHA * N), l1_ratio=l1_ratio, solver="saga", tol=1e-10, max_iter=20_000
    ).fit(X, y)
    ours = classifier("log_loss", "elasticnet", l1_ratio=l1_ratio).fit(X, y)
    assert_same_model(ours, theirs.coef_, theirs.intercept_)


@pytest.mark.parametrize("weighted", [False, True])
@two_or_three_classes
def test_squared_hinge_is_the_linear_support_vector_machine(k, weighted):
    """Without the intercept, which LinearSVC penalises."""
    X, y = data(k)
    s = weights() if weighted else np.ones(N)
    theirs = LinearSVC(
        C=1 / (ALPHA * s.sum()),
        loss="squared_hinge",
        dual=False,
        fit_intercept=False,
        tol=1e-12,
        max_iter=100_000,
    ).fit(X, y, s)
    ours = classifier("squared_hinge", fit_intercept=False).fit(X, y, s)
    assert_same_model(ours, theirs.coef_, np.zeros(1 if k == 2 else k))


class OneVsRestLogLoss(LogLoss):
    """The log loss without softmax: more than two classes are told from the rest one by one."""

    multinomial = False


@pytest.mark.parametrize("loss", ["squared_hinge", "modified_huber", OneVsRestLogLoss()], ids=str)
@pytest.mark.parametrize("penalty", [None, "l1", "elasticnet"])
def test_one_against_the_rest_is_one_fit_for_each_class(loss, penalty):
    X, y = data(3)
    joint = classifier(loss, penalty).fit(X, y, weights())
    for t in range(3):
        alone = classifier(loss, penalty).fit(X, y == t, weights())
        assert_allclose(joint.coef_[t], alone.coef_[0], atol=1e-6)
        assert_allclose(joint.intercept_[t], alone.intercept_[0], atol=1e-6)


def test_one_against_the_rest_is_that_of_scikit_learn():
    X, y = data(3)
    theirs = OneVsRestClassifier(logistic_regression(N)).fit(X, y)
    ours = classifier(OneVsRestLogLoss()).fit(X, y)
    assert_allclose(ours.coef_, np.vstack([e.coef_ for e in theirs.estimators_]), atol=1e-6)
    assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6)
    assert_array_equal(ours.predict(X), theirs.predict(X))


@pytest.mark.parametrize("solver", ["stochastic", "mini-batch"])
@pytest.mark.parametrize("loss", ["hinge", "perceptron", "squared_hinge"])
def test_one_against_the_rest_takes_the_steps_of_one_fit_for_each_class(loss, solver):
    X, y = data(3)
    given = {"solver": solver, "learning_rate": 0.01, "max_iter": 5, "tol": None}
    joint = classifier(loss, random_state=0, **given).fit(X, y)
    for t in range(3):
        alone = classifier(loss, random_state=0, **given).fit(X, y == t)
        assert_allclose(joint.coef_[t], alone.coef_[0], rtol=1e-10)


# Losses with kinks ------------------------------------------------------------------------


def hinge_objective(coef, intercept, s, penalty):
    X, y = data()
    z = X @ np.ravel(coef) + np.ravel(intercept)[0]
    loss = np.average(np.maximum(1 - (2 * y - 1) * z, 0), weights=s)
    share = SHARE_OF_L1[penalty]
    w = np.ravel(coef)
    return loss + alpha_of(penalty) * (share * abs(w).sum() + (1 - share) * w @ w / 2)


@cache
def least_hinge(penalty, weighted):
    """Least mean of t_i >= 0 with t_i >= 1 - y_i (x_i . w + b), w = u - v, by linear programming.

    With l2 by the support vector machine of scikit-learn, which leaves the intercept free.
    """
    X, y = data()
    s = weights() if weighted else np.ones(N)
    if penalty == "l2":
        C = 1 / (ALPHA * s.sum())
        theirs = SVC(kernel="linear", C=C, tol=1e-8).fit(X, y, s)
        return hinge_objective(theirs.coef_, theirs.intercept_, s, penalty)
    label = (2 * y - 1)[:, None]
    each = np.full(2 * P, alpha_of(penalty))
    result = linprog(
        np.concatenate([each, [0.0], s / s.sum()]),
        A_ub=np.hstack([-label * X, label * X, -label, -np.eye(N)]),
        b_ub=-np.ones(N),
        bounds=[(0, None)] * (2 * P) + [(None, None)] + [(0, None)] * N,
    )
    return result.fun


@each_once(penalty=[None, "l1", "l2"], optimizer=OVER_ALL_ROWS, weighted=[False, True])
def test_hinge(penalty, optimizer, weighted):
    s = weights() if weighted else None
    model = classifier("hinge", penalty, optimizer=optimizer, tol=1e-7).fit(*data(), s)
    found = hinge_objective(model.coef_, model.intercept_, s, penalty)
    least = least_hinge(penalty, weighted)
    assert -1e-7 <= found - least <= 1e-4 * least


@pytest.mark.parametrize("solver", ["batch", "stochastic"])
@pytest.mark.parametrize("optimizer", ["gd", "momentum", "nesterov"])
@two_or_three_classes
def test_perceptron_separates_what_can_be_separated(k, optimizer, solver):
    rng = np.random.RandomState(0)
    corners = np.array([[0.0, 5.0], [5.0, 0.0], [-5.0, -5.0]])
    y = np.arange(60) % k
    X = corners[y] + rng.uniform(-1.0, 1.0, size=(60, 2))
    given = {"solver": solver, "random_state": 0, "tol": 1e-6}
    model = classifier("perceptron", None, optimizer=optimizer, **given).fit(X, y)
    assert model.score(X, y) == 1
    assert model.loss_curve_[-1] <= 1e-6


# Stochastic and mini-batches --------------------------------------------------------------

EPOCHS = {"stochastic": {"max_iter": 200}, "mini-batch": {"max_iter": 400, "batch_size": 16}}


def objective(loss, penalty, coef, intercept, k, rows=data):
    X, y = rows(k)
    z = X @ coef.T + intercept
    if k == 2:
        losses = losses_and_slopes(loss, 2 * y - 1, z[:, 0])[0]
    else:
        losses = joint_losses_and_slopes(loss, y, z)[0]
    share, alpha = SHARE_OF_L1[penalty], alpha_of(penalty)
    return losses.mean() + alpha * (share * abs(coef).sum() + (1 - share) * (coef**2).sum() / 2)


@pytest.mark.parametrize("solver", EPOCHS)
@pytest.mark.parametrize(
    ("optimizer", "loss", "k"),
    [
        *((optimizer, "log_loss", 3) for optimizer in OPTIMIZERS),
        ("gd", "log_loss", 2),
        ("gd", "squared_hinge", 2),
        ("gd", "squared_hinge", 3),
        ("nesterov", "modified_huber", 2),
        ("nesterov", "modified_huber", 3),
    ],
)
def test_minimum_by_batches(optimizer, loss, k, solver):
    settings = {"tol": None, "random_state": 0, **EPOCHS[solver]}
    model = classifier(loss, "elasticnet", optimizer=optimizer, solver=solver, **settings)
    model.fit(*data(k))
    least = objective(loss, "elasticnet", *minimum_by_scipy(loss, "elasticnet", k), k)
    found = objective(loss, "elasticnet", model.coef_, model.intercept_, k)
    start = model.history_["objective"][0]
    assert start - least > 0.05 * start  # there is a way to go
    share = 0.03 if optimizer == "rmsprop" else 0.01
    assert -1e-9 <= found - least <= share * start
    assert model.loss_curve_[-1] == pytest.approx(found, rel=1e-9)


# Sparse rows and single precision ---------------------------------------------------------


@cache
def thin_data(k):
    """Rows of which most entries are zero."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(200, 12)) * (rng.uniform(size=(200, 12)) < 0.3)
    z = X @ rng.normal(size=12) + rng.logistic(size=200)
    return X, np.searchsorted([0.0, 1.5][: k - 1], z)


@pairwise(
    k=[2, 3],
    solver=["batch", "stochastic", "mini-batch"],
    loss=CLASSIFICATION_LOSSES,
    storage=[sparse.csr_array, sparse.csc_matrix, sparse.coo_array],
)
def test_sparse_equals_dense(k, solver, loss, storage):
    X, y = thin_data(k)
    # at a given rate, as automatic runs of sparse batches centre fewer columns
    given = {"solver": solver, "random_state": 0, "max_iter": 5, "tol": None}
    given["learning_rate"] = 0.05
    dense = classifier(loss, "elasticnet", **given).fit(X, y)
    thin = classifier(loss, "elasticnet", **given).fit(storage(X), y)
    assert_allclose(thin.coef_, dense.coef_, rtol=1e-9, atol=1e-12)
    assert_allclose(thin.intercept_, dense.intercept_, rtol=1e-9, atol=1e-12)
    assert_allclose(thin.decision_function(storage(X)), dense.decision_function(X), atol=1e-10)
    assert_array_equal(thin.predict(storage(X)), dense.predict(X))


@pytest.mark.parametrize("storage", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("loss", sorted(set(SMOOTH) & set(with_formula(CLASSIFICATION_LOSSES))))
@two_or_three_classes
def test_single_precision_is_close(k, loss, storage):
    X, y = thin_data(k)
    double = classifier(loss).fit(X, y)
    single = classifier(loss, tol=1e-5).fit(storage(X.astype(np.float32)), y)
    assert single.coef_.dtype == np.float32
    assert single.converged_
    assert_allclose(single.coef_, double.coef_, atol=1e-3)
    assert_allclose(single.intercept_, double.intercept_, atol=1e-3)
    least, found = (
        objective(loss, "l2", model.coef_.astype(float), model.intercept_, k, thin_data)
        for model in (double, single)
    )
    way = double.history_["objective"][0] - least
    assert -1e-9 * way <= found - least <= SINGLE**2 * way


# Real data --------------------------------------------------------------------------------

LOADERS = {"iris": load_iris, "breast cancer": load_breast_cancer, "digits": load_digits}


@cache
def real_data(name):
    X, y = LOADERS[name](return_X_y=True)
    parts = train_test_split(X, y, random_state=0, stratify=y)
    scaler = StandardScaler().fit(parts[0])
    return scaler.transform(parts[0]), scaler.transform(parts[1]), parts[2], parts[3]


@pytest.mark.parametrize(
    ("name", "alpha"),
    [(name, alpha) for name in LOADERS for alpha in (1e-2, 1e-1)]
    + [("iris", 1e-3), ("breast cancer", 1e-3)],
)
def test_real_data_as_well_as_logistic_regression(name, alpha):
    X, X_test, y, y_test = real_data(name)
    theirs = LogisticRegression(C=1 / (alpha * len(X)), tol=1e-8, max_iter=10_000)
    with threadpool_limits(1):  # threads that wait for each other take a hundred times as long
        theirs.fit(X, y)
    ours = GDClassifier(alpha=alpha).fit(X, y)
    assert ours.converged_
    assert ours.score(X_test, y_test) >= theirs.score(X_test, y_test) - 0.002
    left = [log_loss(y_test, model.predict_proba(X_test)) for model in (ours, theirs)]
    assert left[0] <= left[1] + 0.002


@pytest.mark.parametrize(
    ("loss", "name", "solver"),
    [
        *((loss, "iris", "batch") for loss in CLASSIFICATION_LOSSES),
        *((loss, "iris", "stochastic") for loss in CLASSIFICATION_LOSSES),
        *((loss, "breast cancer", "batch") for loss in CLASSIFICATION_LOSSES),
        ("log_loss", "breast cancer", "mini-batch"),
        ("log_loss", "digits", "batch"),
    ],
)
def test_defaults_on_real_data_converge_or_say_so(loss, name, solver):
    X, X_test, y, y_test = real_data(name)
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always")
        model = GDClassifier(loss, solver=solver, random_state=0).fit(X, y)
    assert all(issubclass(warning.category, ConvergenceWarning) for warning in raised)
    assert model.converged_ == (not raised)
    assert model.score(X_test, y_test) > 0.85
