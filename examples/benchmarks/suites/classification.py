"""GDClassifier beside scikit-learn's: epochs, time to a given gap, several classes, small data."""

from functools import partial

from data import csr, dense, labelled, late_flights, missing_for_flights
from objectives import log_loss, relative_gap
from search import smallest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, SGDClassifier
from timing import alternate, duration, quietly, report, seconds_of

from gdregress import GDClassifier
from suites.epochs import SHAPES, compare_epochs

ALPHA = 1e-4
RATE = 1e-4
GAPS = (1e-4, 1e-6)


def class_epoch(quick):
    """One shuffled epoch of single rows with l2, against SGDClassifier with the same rate."""
    reports = []
    for n, p in SHAPES:
        X, y = labelled(n // 20 if quick else n, p)
        reports += _compare_epochs(f"{X.shape[0]:,} x {p}", X, y, 3 if quick else 7)
    X, target = csr(2_000 if quick else 100_000, 50_000, 100)
    title = f"CSR, {X.shape[0]:,} x {X.shape[1]:,}"
    return reports + _compare_epochs(title, X, target > 0, 3)


def logistic(quick):
    """Log loss with l2 to a given gap, against LogisticRegression and SGDClassifier."""
    n = 2_000 if quick else 200_000
    problems = {
        f"{n:,} x 100": labelled(n, 100),
        f"correlated columns, {n:,} x 100": labelled(n, 100, correlation=0.9),
    }
    missing = missing_for_flights()
    if missing:
        print(f"\nflights are left out, missing: {', '.join(missing)}")
    else:
        for name, (X, y) in late_flights(4_000 if quick else None).items():
            problems[f"late flights, {name}, {X.shape[0]:,} x {X.shape[1]}"] = X, y
    reports = []
    for name, (X, y) in problems.items():
        contenders = _binary_contenders(len(y), 16 if quick else 128)
        reports += compare_times(f"log loss, {name}", X, y, contenders, 1 if quick else 3)
    return reports


def softmax(quick):
    """Ten classes: time to a given gap, and an epoch against ten of SGDClassifier's."""
    n, p = (2_000 if quick else 100_000), 50
    X, y = labelled(n, p, n_classes=10)
    contenders = {
        "GDClassifier batch": (GDClassifier(alpha=ALPHA, tol=None), 1024),
        "LogisticRegression lbfgs": (logistic_regression(n, "lbfgs"), 1024),
    }
    title = f"ten classes, {n:,} x {p}"
    reports = compare_times(f"softmax, {title}", X, y, contenders, 1 if quick else 3)
    return reports + _compare_epochs(title, X, y, 3, ["log_loss"])


def small_classes(quick):
    """What a call costs: a fit of 500 x 10, predictions of few and many rows, all defaults."""
    X, y = labelled(500, 10)
    models = {
        "GDClassifier()": GDClassifier(),
        "SGDClassifier(loss='log_loss')": SGDClassifier(loss="log_loss", random_state=0),
        "LogisticRegression()": LogisticRegression(),
    }
    fits = {name: partial(model.fit, X, y) for name, model in models.items()}
    reports = [report("fit, 500 x 10", alternate(fits, 20 if quick else 100), "GDClassifier()")]
    for n in (1, 500, 100_000):
        rows = dense(n, 10)[0]
        for method in ("predict", "predict_proba"):
            calls = {name: partial(getattr(model, method), rows) for name, model in models.items()}
            medians = alternate(calls, 50 if quick else 300)
            reports.append(report(f"{method}, {n:,} x 10", medians, "GDClassifier()"))
    return reports


def _compare_epochs(title, X, y, repeats, losses=("log_loss", "hinge")):
    """The same constant rate for both, so that both make the same updates."""
    common = {"penalty": "l2", "alpha": ALPHA, "tol": None, "random_state": 0}
    rate = {"learning_rate": "constant", "eta0": RATE}
    descent = {"learning_rate": RATE, "schedule": "constant", "optimizer": "gd"}
    reports = []
    for loss in losses:
        models = {
            "GDClassifier": GDClassifier(loss, solver="stochastic", **descent, **common),
            "SGDClassifier": SGDClassifier(loss, **rate, **common),
        }
        runs = {name: partial(_fit, model, X, y) for name, model in models.items()}
        name = f"stochastic epoch, {loss}, {title}"
        reports += compare_epochs(name, runs, repeats, ours="GDClassifier")
    return reports


def _binary_contenders(n, most):
    """The models, and the most epochs or iterations that each is given."""
    ours = partial(GDClassifier, alpha=ALPHA, tol=None, random_state=0)
    rows = partial(ours, solver="stochastic", optimizer="gd")
    sgd = SGDClassifier(loss="log_loss", alpha=ALPHA, tol=None, random_state=0)
    return {
        "GDClassifier batch": (ours(), 4096),
        "GDClassifier stochastic": (rows(), most),
        "GDClassifier average": (rows(average=True), most),
        "GDClassifier mini-batch": (ours(solver="mini-batch", optimizer="gd"), most),
        "LogisticRegression lbfgs": (logistic_regression(n, "lbfgs"), 1024),
        "LogisticRegression newton-cholesky": (logistic_regression(n, "newton-cholesky"), 64),
        "LogisticRegression sag": (logistic_regression(n, "sag"), most),
        "LogisticRegression saga": (logistic_regression(n, "saga"), most),
        "SGDClassifier": (sgd, most),
    }


def logistic_regression(n, solver, **parameters):
    """LogisticRegression with our objective: its C counts the sum of the losses, ours the mean.

    None of these solvers penalises the intercept either.
    """
    parameters = {"tol": 0.0, "random_state": 0} | parameters
    return LogisticRegression(C=1 / (n * ALPHA), solver=solver, **parameters)


def compare_times(title, X, y, contenders, repeats):
    """A report for each gap, every contender with the smallest `max_iter` that reaches it."""
    exact = logistic_regression(len(y), "lbfgs", tol=1e-10)
    with quietly():  # it may stop at rounding instead of its tolerance
        best = _objective(_fit(exact, X, y, 10_000), X, y)
    searches = {
        name: _Search(model, limit, X, y, best) for name, (model, limit) in contenders.items()
    }
    reports = []
    for gap in GAPS:
        epochs = {name: search.epochs_to(gap) for name, search in searches.items()}
        fits = {
            name: partial(_fit, contenders[name][0], X, y, count)
            for name, count in epochs.items()
            if count is not None
        }
        seconds = dict.fromkeys(contenders) | alternate(fits, repeats)
        notes = {name: searches[name].note(epochs[name]) for name in contenders}
        name = f"{title}, to a relative gap of {gap:.0e}"
        reports.append(report(name, seconds, "GDClassifier batch", notes))
    return reports


class _Search:
    """Fits of so many epochs, each made once: its gap to the optimum and its seconds."""

    def __init__(self, model, limit, X, y, best):
        self.model = model
        self.limit = limit
        self.X = X
        self.y = y
        self.best = best
        self.fits = {}

    def epochs_to(self, gap):
        """The fewest that reach the gap, or None."""
        return smallest(lambda epochs: self._try(epochs)[0] <= gap, self.limit)

    def note(self, epochs):
        """The gap after so many; None stands for as many as allowed, and adds how long it took."""
        gap, seconds = self._try(epochs or self.limit)
        time = "" if epochs else f", {duration(seconds)}"
        return f"gap {gap:.1e}, max_iter={epochs or self.limit}{time}"

    def _try(self, epochs):
        if epochs not in self.fits:
            model = clone(self.model)
            with quietly():
                seconds = seconds_of(partial(_fit, model, self.X, self.y, epochs))
            gap = relative_gap(_objective(model, self.X, self.y), self.best)
            self.fits[epochs] = gap, seconds
        return self.fits[epochs]


def _objective(model, X, y):
    return log_loss(X, y, model.coef_, model.intercept_, ALPHA)


def _fit(model, X, y, epochs):
    return model.set_params(max_iter=epochs).fit(X, y)
