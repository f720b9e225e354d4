"""The best specialised solvers of each problem, and ours, for the same objective.

Each function returns estimators by name; packages that are not installed are left out. Their
strengths are ours, F = mean loss + l1 ||w||_1 + l2 ||w||^2 / 2, in their own units.
"""

from importlib import import_module
from importlib.util import find_spec

import numpy as np
from scipy.optimize import minimize
from sklearn.base import BaseEstimator
from sklearn.linear_model import (
    GammaRegressor,
    Lasso,
    LogisticRegression,
    PoissonRegressor,
    QuantileRegressor,
    Ridge,
)
from sklearn.svm import LinearSVC

# The column of ones of LinearSVC is penalised as any other: this large, next to nothing.
INTERCEPT_SCALING = 100.0


def for_log_loss(n, l2):
    common = {"C": 1 / (n * l2), "tol": 0.0, "random_state": 0}
    names = ("newton-cholesky", "lbfgs", "saga")
    return {name: LogisticRegression(solver=name, **common) for name in names}


def for_sparse_log_loss(n, l2):
    common = {"C": 1 / (n * l2), "tol": 0.0, "random_state": 0}
    names = ("newton-cg", "lbfgs", "saga")
    return {name: LogisticRegression(solver=name, **common) for name in names}


def for_l1_log_loss(n, l1):
    common = {"C": 1 / (n * l1), "tol": 0.0}
    saga = LogisticRegression(solver="saga", l1_ratio=1.0, random_state=0, **common)
    return {
        "saga": saga,
        **_from("skglm", lambda skglm: skglm.SparseLogisticRegression(alpha=l1, tol=0.0)),
    }


def for_counts(l2):
    return _generalized(PoissonRegressor, "poisson", l2)


def for_positive(l2):
    return _generalized(GammaRegressor, "gamma", l2)


def _generalized(estimator, family, l2):
    def glum(package):
        parameters = {"alpha": l2, "l1_ratio": 0.0, "gradient_tol": 1e-300}
        return package.GeneralizedLinearRegressor(family=family, **parameters)

    return {
        "newton-cholesky": estimator(alpha=l2, solver="newton-cholesky", tol=1e-300),
        "lbfgs": estimator(alpha=l2, solver="lbfgs", tol=1e-300),
        **_from("glum", glum),
    }


def for_margins(n, l2, loss):
    """LinearSVC: in the primal where it can."""
    parameters = {"C": 1 / (n * l2), "loss": loss, "dual": loss == "hinge", "tol": 1e-300}
    return {"LinearSVC": LinearSVC(intercept_scaling=INTERCEPT_SCALING, **parameters)}


def for_lasso(l1):
    return {
        "Lasso": Lasso(alpha=l1, tol=0.0),
        **_from("celer", lambda celer: celer.Lasso(alpha=l1, tol=1e-14)),
        **_from("skglm", lambda skglm: skglm.Lasso(alpha=l1, tol=1e-14)),
    }


def for_ridge(n, l2):
    return {
        "Ridge lsqr": Ridge(alpha=n * l2, solver="lsqr", tol=0.0),
        "Ridge cholesky": Ridge(alpha=n * l2, solver="cholesky"),
    }


def for_quantile(level):
    return {"HiGHS": QuantileRegressor(quantile=level, alpha=0.0)}


def for_huber(epsilon):
    return {"L-BFGS-B": HuberByLbfgs(epsilon)}


class HuberByLbfgs(BaseEstimator):
    """Huber's loss with a given threshold by SciPy, as a user would write it."""

    def __init__(self, epsilon=1.35, max_iter=100):
        self.epsilon = epsilon
        self.max_iter = max_iter

    def fit(self, X, y):
        def objective(w):
            residual = X @ w[:-1] + w[-1] - y
            slope = np.clip(residual, -self.epsilon, self.epsilon)
            value = np.mean(slope * (residual - slope / 2))
            return value, np.append(X.T @ slope, slope.sum()) / len(y)

        options = {"maxiter": self.max_iter, "ftol": 0.0, "gtol": 0.0}
        start = np.zeros(X.shape[1] + 1)
        w = minimize(objective, start, jac=True, method="L-BFGS-B", options=options).x
        self.coef_, self.intercept_ = w[:-1], w[-1]
        return self


def _from(package, make):
    """One estimator of a package, if that is installed."""
    return {package: make(import_module(package))} if find_spec(package) else {}
