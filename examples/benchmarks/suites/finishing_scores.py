"""Test scores of the defaults beside those of scikit-learn's stochastic descent.

Where ours are lower, the score of scikit-learn's minimum of the same objective tells whether the
descent or the objective is at fault: stochastic descent that ends early is regularised by it.
"""

from functools import partial

import numpy as np
from panel.problem import ALPHA
from panel.tables import tables
from sklearn.linear_model import LinearRegression, LogisticRegression, SGDClassifier, SGDRegressor
from sklearn.model_selection import ShuffleSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from timing import quietly

from gdregress import GDClassifier, GDRegressor

SOLVERS = ("batch", "mini-batch", "stochastic")
WORSE = 0.002
TEST_SHARE = 0.2
FEWEST_ROWS = 100  # a fifth of fewer says little
PAIRS = {
    # title: ours, theirs, of classes
    "squared error": (GDRegressor, SGDRegressor, False),
    "log loss": (GDClassifier, partial(SGDClassifier, loss="log_loss"), True),
    "hinge": (partial(GDClassifier, "hinge"), SGDClassifier, True),
}
EXACT = {
    # title: scikit-learn's minimum of our default objective; C = 1 / (n alpha)
    "squared error": lambda C: LinearRegression(),
    "log loss": lambda C: LogisticRegression(C=C, solver="newton-cholesky", tol=1e-8),
    # with the intercept penalised, a tenth as much as a coefficient
    "hinge": lambda C: LinearSVC(loss="hinge", C=C, intercept_scaling=10**0.5, max_iter=100_000),
}
PEERS = (("SGD",), ("SGD", "minimum"))


def finishing_scores(quick):
    """Standardised tables: the mean score of random test sets, ours worse by 0.002 counted."""
    splits = ShuffleSplit(3 if quick else 10, test_size=TEST_SHARE, random_state=0)
    lines = [
        _compare(table, loss, splits)
        for table in (tables(2_000)[::2] if quick else tables(20_000))
        if len(table.y) >= FEWEST_ROWS
        for loss, (_, _, of_classes) in PAIRS.items()
        if of_classes == table.is_classes
    ]
    print(f"\nworse by more than {WORSE} of {len(lines)}: than SGD, than SGD and the minimum")
    for solver in SOLVERS:
        counts = (sum(_is_behind(line, solver, *peers) for line in lines) for peers in PEERS)
        print(f"  {solver:<12}" + "".join(f"{count:>5}" for count in counts))
    return [{"title": "test scores beside SGDRegressor and SGDClassifier", "results": lines}]


def _compare(table, loss, splits):
    ours, theirs, _ = PAIRS[loss]
    models = {solver: ours(solver=solver, random_state=0) for solver in SOLVERS}
    models["SGD"] = theirs(random_state=0)
    with quietly():
        scores = {name: _score(model, table, splits) for name, model in models.items()}
        behind = [solver for solver in SOLVERS if _is_behind(scores, solver, "SGD")]
        if behind:
            C = 1 / (ALPHA * round((1 - TEST_SHARE) * len(table.y)))
            scores["minimum"] = _score(EXACT[loss](C), table, splits)
            shown = _text(scores, [*behind, "SGD", "minimum"])
            print(f"  {table.name:<24}{loss:<15}{shown}", flush=True)
    return {"table": table.name, "loss": loss, **scores}


def _is_behind(scores, solver, *peers):
    return all(scores[solver] < scores[peer] - WORSE for peer in peers if peer in scores)


def _score(model, table, splits):
    pipeline = make_pipeline(StandardScaler(with_mean=isinstance(table.X, np.ndarray)), model)
    return float(np.mean(cross_val_score(pipeline, table.X, table.y, cv=splits)))


def _text(scores, names):
    return ", ".join(f"{name} {scores[name]:.4f}" for name in names)
