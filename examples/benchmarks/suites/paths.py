"""Whole regularisation paths: 5 folds and 20 strengths, against grid searches and scikit-learn."""

import numpy as np
from data import dense
from sklearn.linear_model import ElasticNetCV, LassoCV, LogisticRegressionCV, RidgeCV
from sklearn.model_selection import GridSearchCV
from timing import alternate, report

from gdregress import GDClassifier, GDClassifierCV, GDRegressor, GDRegressorCV

FOLDS, STRENGTHS = 5, 20


def paths(quick):
    """Strengths by cross-validation: the same candidates, folds and scores."""
    n, p, repeats = (20_000 if quick else 100_000), 20, (1 if quick else 3)
    X, y = dense(n, p)
    kinds = {"l2": _ridge, "l1": _lasso, "elasticnet": _elastic_net}
    reports = [_squared_error(X, y, penalty, kinds[penalty], repeats) for penalty in kinds]
    labels = (y > np.median(y)).astype(int)
    return [*reports, _log_loss(X, labels, repeats)]


def _squared_error(X, y, penalty, theirs, repeats):
    n, alphas = len(y), np.geomspace(1e-4, 1.0, STRENGTHS)
    estimator = GDRegressor(penalty=penalty, l1_ratio=0.5)
    scoring = "neg_mean_squared_error"
    ours = GDRegressorCV(estimator, alphas=alphas, cv=FOLDS, scoring=scoring)
    grid = GridSearchCV(estimator, {"alpha": alphas}, cv=FOLDS, scoring=scoring)
    other = theirs(alphas, n)
    name = f"GDRegressorCV({penalty})"
    runs = {
        name: lambda: ours.fit(X, y),
        "GridSearchCV(GDRegressor)": lambda: grid.fit(X, y),
        type(other).__name__: lambda: other.fit(X, y),
    }
    seconds = alternate(runs, repeats)
    same = "the same" if np.isclose(_strength(other, n), ours.alpha_) else "another"
    return report(f"{penalty}, {n:,} x {X.shape[1]}, {same} strength", seconds, name)


def _strength(model, n):
    """The strength found, in our units."""
    trained = n * (FOLDS - 1) // FOLDS
    return model.alpha_ / trained if type(model) is RidgeCV else model.alpha_


def _ridge(alphas, n):
    # folds have a fifth fewer rows, which the sum of squares in Ridge counts
    return RidgeCV(
        alphas=n * (FOLDS - 1) // FOLDS * alphas, cv=FOLDS, scoring="neg_mean_squared_error"
    )


def _lasso(alphas, n):
    return LassoCV(alphas=alphas, cv=FOLDS)


def _elastic_net(alphas, n):
    return ElasticNetCV(alphas=alphas, l1_ratio=0.5, cv=FOLDS)


def _log_loss(X, y, repeats):
    n, alphas = len(y), np.geomspace(1e-6, 1e-1, STRENGTHS)
    scoring = "neg_log_loss"
    ours = GDClassifierCV(GDClassifier(), alphas=alphas, cv=FOLDS, scoring=scoring)
    trained = n * (FOLDS - 1) // FOLDS
    theirs = LogisticRegressionCV(
        Cs=1 / (trained * alphas),
        cv=FOLDS,
        scoring=scoring,
        l1_ratios=(0,),
        use_legacy_attributes=False,
    )
    name = "GDClassifierCV(log_loss)"
    runs = {name: lambda: ours.fit(X, y), "LogisticRegressionCV": lambda: theirs.fit(X, y)}
    seconds = alternate(runs, repeats)
    gap = np.abs(ours.scores_.T - np.squeeze(theirs.scores_)).max()
    return report(f"log loss, {n:,} x {X.shape[1]}, scores differ by {gap:.1e}", seconds, name)
