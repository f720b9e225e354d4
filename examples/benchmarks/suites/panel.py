"""Our estimators beside the best solvers of each loss, on one panel of problems."""

from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np
from data import counts, dense, labelled, text
from panel.formulas import FORMULAS, QUANTILE
from panel.optima import best_constant
from peers import solvers
from search import smallest
from sklearn.base import clone
from timing import alternate, duration, quietly, report, seconds_of

from gdregress import GDClassifier, GDRegressor
from gdregress.losses import Quantile

GAP = 1e-6  # (F - F*) / (F of the best constant - F*)
LIMIT = 4096  # most iterations that anybody is given
PATIENCE = 20.0  # most seconds of a fit: who has not arrived by then is reported so


@dataclass(eq=False)
class Contest:
    """An objective on data, F = mean_i L(y_i, z_i) + l1 ||w||_1 + l2 ||w||^2 / 2.

    Parameters
    ----------
    title : str
    loss : str
    X, y : arrays
        Labels are 0 and 1.
    ours : dict of str to estimator
        The first is what the ratios refer to.
    peers : dict of str to estimator
        The first is also run for long, to find F*.
    l1, l2 : float
    """

    title: str
    loss: str
    X: object
    y: np.ndarray
    ours: dict
    peers: dict
    l1: float = 0.0
    l2: float = 0.0
    tried: dict = field(default_factory=dict)

    def run(self, repeats):
        """Print and return the report."""
        counts = {name: self.fewest(name) for name in self.contenders}
        fits = {
            name: partial(self.fit, name, count)
            for name, count in counts.items()
            if count is not None
        }
        seconds = dict.fromkeys(counts) | alternate(fits, repeats)
        notes = {name: self.note(name, count) for name, count in counts.items()}
        return report(self.title, seconds, next(iter(self.ours)), notes)

    @property
    def contenders(self):
        return self.ours | self.peers

    def fit(self, name, iterations):
        model = clone(self.contenders[name])
        if "max_iter" in model.get_params():
            model.set_params(max_iter=iterations)
        return model.fit(self.X, self.y)

    def attempt(self, name, iterations):
        """F and seconds of a fit of so many iterations, each made once."""
        if (name, iterations) not in self.tried:
            models = []
            with quietly():
                seconds = seconds_of(lambda: models.append(self.fit(name, iterations)))
            self.tried[name, iterations] = self.value(models[0]), seconds
        return self.tried[name, iterations]

    def fewest(self, name):
        """The fewest iterations that reach the gap, or None."""
        longest = 1
        while longest < LIMIT and self.attempt(name, longest)[1] < PATIENCE / 2:
            if self.gap(self.attempt(name, longest)[0]) <= GAP:
                break
            longest *= 2
        return smallest(lambda count: self.gap(self.attempt(name, count)[0]) <= GAP, longest)

    def note(self, name, count):
        """The gap at the end, and after how long, where it was not reached."""
        tried = [iterations for key, iterations in self.tried if key == name]
        iterations = count or max(tried)
        value, seconds = self.attempt(name, iterations)
        time = "" if count else f", {duration(seconds)}"
        return f"gap {self.gap(value):.1e}, max_iter={iterations}{time}"

    def gap(self, value):
        return (value - self.best) / (self.null - self.best)

    def value(self, model):
        """F of a fitted model, by the formulas of this benchmark."""
        return self._value(np.ravel(np.asarray(model.coef_, float)), np.ravel(model.intercept_)[0])

    def _value(self, w, intercept):
        with np.errstate(over="ignore", invalid="ignore"):
            losses = FORMULAS[self.loss].value(self.targets, self.X @ w + float(intercept))
            value = losses.mean() + self.l1 * np.abs(w).sum() + self.l2 * (w @ w) / 2
        return float(value) if np.isfinite(value) else np.inf

    @property
    def targets(self):
        return 2.0 * self.y - 1 if FORMULAS[self.loss].range == "labels" else self.y

    @cached_property
    def null(self):
        """F of the best constant."""
        constant = best_constant(FORMULAS[self.loss], self.targets)
        return self._value(np.zeros(self.X.shape[1]), constant)

    @cached_property
    def best(self):
        """The least F that ours or the first peer reaches when it is given time."""
        ours = clone(next(iter(self.ours.values()))).set_params(tol=1e-7, max_iter=LIMIT)
        with quietly():
            models = [ours.fit(self.X, self.y), self.fit(next(iter(self.peers)), 500)]
        return min(self.value(model) for model in models)


def panel(quick):
    """Seconds to a relative gap of 1e-6, each with the fewest iterations that reach it."""
    size = 0.02 if quick else 1.0
    return [make(size).run(1 if quick else 3) for make in CONTESTS]


def _regressors(*args, solvers_of_rows=("batch",), **parameters):
    common = {"tol": None, "random_state": 0, **parameters}
    return {f"GDRegressor {s}": GDRegressor(*args, solver=s, **common) for s in solvers_of_rows}


def _classifiers(*args, solvers_of_rows=("batch",), **parameters):
    common = {"tol": None, "random_state": 0, **parameters}
    return {f"GDClassifier {s}": GDClassifier(*args, solver=s, **common) for s in solvers_of_rows}


def _log_loss(size):
    n, l2 = int(200_000 * size), 1e-4
    X, y = labelled(n, 100, correlation=0.9)
    ours = _classifiers(alpha=l2, solvers_of_rows=("batch", "mini-batch"))
    title = f"log loss, {n:,} x 100, correlation 0.9"
    return Contest(title, "log_loss", X, y, ours, solvers.for_log_loss(n, l2), l2=l2)


def _poisson(size):
    n, l2 = int(200_000 * size), 1e-4
    X, y = counts(n, 50)
    ours = _regressors("poisson", penalty="l2", alpha=l2)
    return Contest(f"Poisson, {n:,} x 50", "poisson", X, y, ours, solvers.for_counts(l2), l2=l2)


def _gamma(size):
    n, l2 = int(200_000 * size), 1e-4
    X, y = counts(n, 50)
    ours = _regressors("gamma", penalty="l2", alpha=l2)
    peers = solvers.for_positive(l2)
    return Contest(f"gamma, {n:,} x 50", "gamma", X, y + 0.5, ours, peers, l2=l2)


def _squared_hinge(size):
    n, l2 = int(100_000 * size), 1e-4
    X, y = labelled(n, 50)
    ours = _classifiers("squared_hinge", alpha=l2)
    peers = solvers.for_margins(n, l2, "squared_hinge")
    return Contest(f"squared hinge, {n:,} x 50", "squared_hinge", X, y, ours, peers, l2=l2)


def _huber(size):
    n = int(200_000 * size)
    X, y = dense(n, 50)
    ours, peers = _regressors("huber"), solvers.for_huber(1.35)
    return Contest(f"Huber, {n:,} x 50", "huber", X, y, ours, peers)


def _log_loss_l1(size):
    n, l1 = int(100_000 * size), 1e-3
    X, y = labelled(n, 200)
    ours = _classifiers(penalty="l1", alpha=l1)
    peers = solvers.for_l1_log_loss(n, l1)
    return Contest(f"log loss with l1, {n:,} x 200", "log_loss", X, y, ours, peers, l1=l1)


def _lasso(n, p, share, size):
    """l1 a share of the least strength that leaves no coefficient."""
    n = int(n * max(size, 0.1))
    X, y = dense(n, p)
    l1 = share * float(np.abs((X - X.mean(axis=0)).T @ (y - y.mean())).max()) / n
    ours = _regressors(penalty="l1", alpha=l1)
    title = f"Lasso, {n:,} x {p:,}, alpha {share:.0%} of the largest"
    return Contest(title, "squared_error", X, y, ours, solvers.for_lasso(l1), l1=l1)


def _ridge(n, p, l2, size):
    n, p = int(n * max(size, 0.1)), int(p * max(size, 0.1))
    X, y = dense(n, p)
    ours = _regressors(penalty="l2", alpha=l2)
    peers = solvers.for_ridge(n, l2)
    return Contest(
        f"ridge, {n:,} x {p:,}, alpha {l2:g}", "squared_error", X, y, ours, peers, l2=l2
    )


def _text(size):
    n, l2 = int(50_000 * size), 1e-5
    X, y = text(n, n, 60)
    ours = _classifiers(alpha=l2, solvers_of_rows=("batch", "stochastic"))
    peers = solvers.for_sparse_log_loss(n, l2)
    return Contest(f"log loss, tf-idf of {n:,} x {n:,}", "log_loss", X, y, ours, peers, l2=l2)


def _hinge(size):
    n, l2 = int(100_000 * size), 1e-4
    X, y = labelled(n, 50)
    peers = solvers.for_margins(n, l2, "hinge")
    return Contest(
        f"hinge, {n:,} x 50", "hinge", X, y, _classifiers("hinge", alpha=l2), peers, l2=l2
    )


def _quantile(size):
    n = int(10_000 * max(size, 0.1))
    X, y = dense(n, 20)
    ours, peers = _regressors(Quantile(QUANTILE)), solvers.for_quantile(QUANTILE)
    return Contest(f"quantile {QUANTILE}, {n:,} x 20", "quantile", X, y, ours, peers)


CONTESTS = (
    _log_loss,
    _poisson,
    _gamma,
    _squared_hinge,
    _huber,
    _log_loss_l1,
    partial(_lasso, 100_000, 500, 0.01),
    partial(_lasso, 1_000, 10_000, 0.1),
    partial(_ridge, 2_000, 20_000, 0.1),
    partial(_ridge, 1_000, 10_000, 1e-3),
    _text,
    _hinge,
    _quantile,
)
