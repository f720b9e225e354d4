"""Time to end at the minimum, beside the solvers of scikit-learn."""

import time
from functools import partial

from data import dense, flights, flights_example, labelled, late_flights, missing_for_flights
from panel.attempt import attempts
from panel.problem import Problem
from panel.tables import Table
from sklearn.linear_model import SGDClassifier, SGDRegressor
from timing import alternate, quietly, report

from gdregress import GDClassifier, GDRegressor
from suites.classification import ALPHA, compare_times, logistic_regression

# More make the linear programme take longer than all the rest.
ROWS_OF_PROGRAMME = 20_000


def finishing_speed(quick):
    """Epochs and seconds to the minimum: flights, correlated columns, ten classes, small data."""
    repeats = 1 if quick else 3
    reports = [*_log_losses(quick, repeats), _ten_classes(quick, repeats), *_small(quick)]
    if missing_for_flights():
        print(f"\nflights are left out, missing: {', '.join(missing_for_flights())}")
        return reports
    return [_least_squares(quick), _quantile(quick), *_late(quick, repeats), *reports]


def _least_squares(quick):
    """Flights one-hot with the defaults: epochs, how they ended, and R2 beside Ridge's."""
    X_train, X_test, y_train, y_test = flights(20_000 if quick else None)["scaled and one-hot"]
    model = GDRegressor()
    start = time.perf_counter()
    with quietly():
        model.fit(X_train, y_train)
    seconds = time.perf_counter() - start
    ridge = flights_example().ridge(y_train).fit(X_train, y_train).score(X_test, y_test)
    line = {
        "epochs": model.n_iter_,
        "end": model.stop_reason_,
        "seconds": seconds,
        "R2": model.score(X_test, y_test),
        "R2 of Ridge": ridge,
    }
    return _print("flights one-hot, squared error, defaults", line)


def _quantile(quick):
    """The 0.8 quantile of the same; of some rows, the gap to the linear programme's optimum."""
    X, _, y, _ = flights(2_000 if quick else None)["scaled and one-hot"]
    table = Table("flights one-hot", X, y)
    problem = Problem(table, "quantile", 0.0)
    with quietly():
        model = problem.estimator().fit(X, problem.targets)
    some = Problem(table.of_most(ROWS_OF_PROGRAMME), "quantile", 0.0)
    (attempt,) = attempts(some, "raw", [("batch", "default")])
    line = {
        "epochs": model.n_iter_,
        "end": model.stop_reason_,
        f"of {len(some.table.y):,} rows, epochs": attempt.epochs,
        "end there": attempt.stop_reason,
        "gap there": attempt.gap,
    }
    return _print("flights one-hot, quantile 0.8, defaults", line)


def _late(quick, repeats):
    X, y = late_flights(4_000 if quick else None)["scaled and one-hot"]
    contenders = {
        "GDClassifier batch": (_ours(), 4096),
        "LogisticRegression lbfgs": (logistic_regression(len(y), "lbfgs"), 1024),
    }
    title = f"log loss, late flights one-hot, {X.shape[0]:,} x {X.shape[1]}"
    return compare_times(title, X, y, contenders, repeats)


def _log_losses(quick, repeats):
    """Neighbouring columns with a correlation of 0.9."""
    n, most = (2_000, 64) if quick else (200_000, 128)
    X, y = labelled(n, 100, correlation=0.9)
    contenders = {
        "GDClassifier batch": (_ours(), 4096),
        "GDClassifier mini-batch": (_ours(solver="mini-batch"), most),
        "GDClassifier stochastic": (_ours(solver="stochastic"), most),
        "LogisticRegression newton-cholesky": (logistic_regression(n, "newton-cholesky"), 64),
        "LogisticRegression lbfgs": (logistic_regression(n, "lbfgs"), 1024),
        "LogisticRegression saga": (logistic_regression(n, "saga"), most),
    }
    return compare_times(f"log loss, {n:,} x 100, correlation 0.9", X, y, contenders, repeats)


def _ten_classes(quick, repeats):
    n = 2_000 if quick else 100_000
    X, y = labelled(n, 50, n_classes=10)
    contenders = {
        "GDClassifier batch": (_ours(), 1024),
        "GDClassifier mini-batch": (_ours(solver="mini-batch"), 128),
        "LogisticRegression lbfgs": (logistic_regression(n, "lbfgs"), 1024),
    }
    return compare_times(f"softmax, ten classes, {n:,} x 50", X, y, contenders, repeats)[-1]


def _small(quick):
    """A fit of 500 x 10 with the defaults."""
    pairs = (
        (GDRegressor(), SGDRegressor(random_state=0), dense(500, 10)),
        (GDClassifier(), SGDClassifier(loss="log_loss", random_state=0), labelled(500, 10)),
    )
    reports = []
    for ours, theirs, (X, y) in pairs:
        name = type(ours).__name__
        fits = {name: partial(ours.fit, X, y), type(theirs).__name__: partial(theirs.fit, X, y)}
        medians = alternate(fits, 20 if quick else 100)
        reports.append(report("fit, 500 x 10, defaults", medians, name))
    return reports


def _ours(**settings):
    return GDClassifier(alpha=ALPHA, tol=None, random_state=0, **settings)


def _print(title, line):
    cells = (
        f"{name} {v:.4g}" if isinstance(v, float) else f"{name} {v}" for name, v in line.items()
    )
    print(f"\n{title}\n  " + ", ".join(cells), flush=True)
    return {"title": title, "results": line}
