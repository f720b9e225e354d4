"""Random problems of every kind, and what a fit says of itself beside where it has ended.

``python tests/fuzzing.py FIRST COUNT [SECONDS]`` fits as many, and prints each fault and a table.
"""

import sys
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from optima import KINKS, LABELS, LONG, SMOOTH, Problem, Terms
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

from gdregress import GDClassifier, GDRegressor
from gdregress.penalties import Box, GroupL2

EXACT, FAR = 1e-6, 1e-2
PENALTIES = ("none", "l2", "l1", "elasticnet", "array", "box", "group")


@dataclass
class Case:
    """One fit: what it is of, in words, and the arguments."""

    seed: int
    words: dict[str, Any]
    model: Any
    X: Any
    y: Any
    fit: dict[str, Any]
    problem: Problem
    faults: list[str] = field(default_factory=list)
    gap: float = np.nan

    def __str__(self):
        words = " ".join(f"{name}={word}" for name, word in self.words.items() if word)
        return f"{self.seed}: {self.gap:.2g} {', '.join(self.faults)} | {words}"


def case(seed, **fixed):
    """The case of a seed, some of whose choices may be fixed."""
    rng = np.random.default_rng(seed)
    drawn = _words(rng) | fixed
    X, words = _columns(rng, drawn)
    loss, n, p = drawn["loss"], *X.shape
    z = (X - X.mean(axis=0)) / np.where(X.std(axis=0) > 0, X.std(axis=0), 1)
    z = z @ rng.normal(size=(p, drawn["targets"])) / np.sqrt(p) + rng.normal(
        size=(n, drawn["targets"])
    ) * rng.choice([0.1, 1.0])
    y, targets = _targets(rng, z, loss, drawn)
    weights = 10.0 ** rng.uniform(-drawn["weights"], drawn["weights"], n)
    offset = rng.normal(size=n) if drawn["offset"] else np.zeros(n)
    terms, penalty = _penalty(
        rng, drawn["penalty"], X, y if loss in KINKS or loss in SMOOTH else z
    )
    settings = penalty | {
        "loss": "log_loss" if loss == "softmax" else loss,
        "solver": drawn["solver"],
        "fit_intercept": drawn["intercept"],
        "random_state": 0,
    }
    if loss == "quantile":
        from gdregress.losses import Quantile

        settings["loss"] = Quantile(0.8)
    if drawn["optimizer"] != "auto":
        settings["optimizer"] = drawn["optimizer"]
    classes = loss in LABELS or loss == "softmax"
    model = (GDClassifier if classes else GDRegressor)(**settings)
    given = {}
    if drawn["weights"]:
        given["sample_weight"] = weights
    if drawn["offset"]:
        given["offset"] = offset
    if drawn["start"]:
        given |= _start(rng, drawn["start"], X, drawn, targets)
    dtype = np.float32 if drawn["single"] else float
    stored = X.astype(dtype)
    y = y if classes else y.astype(dtype)
    exact_targets = targets if classes else y.astype(LONG).reshape(n, -1)
    shares = (weights if drawn["weights"] else np.ones(n)).astype(dtype).astype(LONG)
    problem = Problem(
        stored.astype(LONG),
        exact_targets if loss == "softmax" else exact_targets.astype(LONG),
        shares / shares.sum(),
        offset.astype(LONG),
        loss,
        terms,
        drawn["intercept"],
    )
    X = sparse.csr_array(stored) if drawn["sparse"] else stored
    return Case(seed, drawn | {"columns": words}, model, X, y, given, problem)


def _words(rng):
    loss = str(rng.choice([*SMOOTH, *KINKS, "log_loss", "softmax", "squared_error"]))
    solver = str(rng.choice(["batch", "batch", "batch", "mini-batch", "stochastic"]))
    penalty = str(rng.choice(["none", "l2", *PENALTIES]))
    if loss == "softmax":
        penalty = str(rng.choice(["none", "l2", "array"]))
    many = loss in ("squared_error", "softmax", *KINKS, "huber", "log_loss")
    targets = int(rng.choice([1, 1, 1, 3])) if many and penalty != "group" else 1
    targets = 1 if loss == "log_loss" else targets
    return {
        "loss": loss,
        "solver": solver,
        "penalty": penalty,
        "targets": 3 if loss == "softmax" else targets,
        "weights": int(rng.choice([0, 0, 0, 1, 3])),
        "offset": bool(loss == "poisson" and rng.random() < 0.4),
        "single": bool(rng.random() < 0.2),
        "sparse": bool(rng.random() < 0.2),
        "start": str(rng.choice(["", "", "", "near", "far"])),
        "intercept": bool(rng.random() < 0.85),
        "optimizer": "auto",
        "shape": str(rng.choice(["tall", "tall", "tall", "square", "wide"])),
        "size_y": float(rng.choice([1, 1, 1, 1e-4, 1e4])),
        "mean_y": float(rng.choice([0, 0, 0, 1e3, 1e6])),
    }


def _columns(rng, drawn):
    n = int(rng.choice([20, 60, 200, 400]))
    p = {"tall": int(rng.integers(1, 9)), "square": 12, "wide": 14}[drawn["shape"]]
    n = {"tall": max(n, 3 * p), "square": 12, "wide": 8}[drawn["shape"]]
    X = rng.normal(size=(n, p))
    words = []
    for _ in range(rng.integers(0, 3)):
        j, k = rng.integers(p), rng.integers(p)
        kind = rng.choice(["copy", "near", "near", "constant", "huge", "tiny", "mean", "mean"])
        words.append(str(kind))
        if kind == "copy" and j != k:
            X[:, j] = X[:, k]
        elif kind == "near" and j != k:
            apart = 10.0 ** -rng.integers(2, 10)
            words[-1] += f"{apart:.0e}"
            X[:, j] = X[:, k] + apart * X[:, k].std() * rng.normal(size=n)
        elif kind == "constant":
            X[:, j] = rng.choice([0.0, 1.0, 7.3])
        elif kind == "huge":
            X[:, j] *= 10.0 ** rng.integers(2, 8)
        elif kind == "tiny":
            X[:, j] *= 10.0 ** -rng.integers(2, 8)
        elif kind == "mean":
            X[:, j] += X[:, j].std() * 10.0 ** rng.integers(1, 6)
    if drawn["sparse"]:
        X = X * (rng.random((n, p)) < 0.3)
    return X, "+".join(words)


def _targets(rng, z, loss, drawn):
    """y as it is given to `fit`, and as the reference takes it."""
    one = z[:, 0]
    if loss == "softmax":
        y = np.argmax(z + 0.3 * rng.gumbel(size=z.shape), axis=1)
        y[:3] = [0, 1, 2]
        return y, y
    if loss in LABELS and drawn["targets"] == 3:
        y = np.argmax(z, axis=1)
        y[:3] = [0, 1, 2]
        return y, np.where(y[:, None] == np.arange(3), 1.0, -1.0)
    if loss in LABELS:
        y = (one + 0.5 * rng.logistic(size=len(one)) > rng.choice([0.0, 1.0])).astype(int)
        y[:2] = [0, 1]
        return y, (2.0 * y - 1)[:, None]
    if loss == "poisson":
        y = rng.poisson(np.exp(np.clip(one, -3, 3))).astype(float)
        y[0] = 1
        return y, y[:, None]
    if loss == "gamma":
        y = np.exp(np.clip(one, -3, 3)) * rng.gamma(2, 0.5, len(one)) + 1e-6
        return y * drawn["size_y"], y[:, None] * drawn["size_y"]
    y = z + (rng.standard_t(2, z.shape) if loss in ("huber", "absolute_error") else 0)
    y = y * drawn["size_y"] + drawn["mean_y"]
    return (y[:, 0] if drawn["targets"] == 1 else y), y


def _penalty(rng, kind, X, y):
    """Terms of the reference, and the parameters of the estimator."""
    p, zero = X.shape[1], np.zeros(X.shape[1], LONG)
    inf = np.full(p, np.inf, LONG)
    alpha = float(10.0 ** rng.uniform(-6, 0))
    one, ratio = LONG(alpha) + zero, LONG(0.5)
    if kind == "none":
        return Terms(zero, zero, -inf, inf), {"penalty": None}
    if kind == "box":
        low, high = rng.choice([-np.inf, 0.0, -0.5]), rng.choice([np.inf, 0.3, 1.0])
        terms = Terms(zero, zero, LONG(low) + zero, LONG(high) + zero)
        return terms, {"penalty": Box(float(low), float(high))}
    if kind == "group":
        labels = np.sort(rng.integers(0, max(1, p // 2), p))
        members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
        groups = [(m, alpha * np.sqrt(LONG(len(m)))) for m in members]
        return Terms(zero, zero, -inf, inf, groups), {"penalty": GroupL2(labels, alpha)}
    if kind == "array":
        each = 10.0 ** rng.uniform(-6, 0, p) * (rng.random(p) < 0.8)
        return Terms(zero, each.astype(LONG), -inf, inf), {"penalty": "l2", "alpha": each}
    if kind == "elasticnet":
        terms = Terms(ratio * one, ratio * one, -inf, inf)
        return terms, {"penalty": kind, "alpha": alpha, "l1_ratio": 0.5}
    terms = Terms(one, zero, -inf, inf) if kind == "l1" else Terms(zero, one, -inf, inf)
    return terms, {"penalty": kind, "alpha": alpha}


def _start(rng, where, X, drawn, targets):
    k = drawn["targets"]
    scale = np.where(X.std(axis=0) > 1e-12 * abs(X).max(axis=0), X.std(axis=0), 1)
    coef = rng.normal(size=(k, X.shape[1])) / scale * {"near": 0.1, "far": 3.0}[where]
    if drawn["loss"] not in LABELS and drawn["loss"] not in ("poisson", "gamma", "softmax"):
        coef *= drawn["size_y"]
    if drawn["penalty"] == "box":
        coef = 0 * coef
    start = coef if k > 1 else coef[0]
    return {"coef_init": start}


def judged(case):
    """The case, fitted, with the faults of what the fit said."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        case.model.fit(case.X, case.y, **case.fit)
    warned = any(issubclass(w.category, ConvergenceWarning) for w in caught)
    model, problem = case.model, case.problem
    coef = model.coef_.toarray() if sparse.issparse(model.coef_) else np.asarray(model.coef_)
    intercept = np.asarray(model.intercept_)
    value = problem.value(coef, intercept)
    best = min(value, problem.minimum(np.atleast_2d(coef), np.atleast_1d(intercept)))
    null = problem.null()
    left = null - best
    rounding = 1e-13 * (1.0 if case.words["loss"] in LABELS else np.max(abs(problem.y)))
    if not left > max(1e-10 * abs(null), rounding):
        case.gap = 0.0
        case.faults = ["nothing to learn, warned"] if warned else []
        return case
    case.gap = float((value - best) / left)
    if model.converged_ and case.gap > EXACT:
        case.faults.append('false "tolerance"')
    if case.gap > FAR and (model.converged_ or not warned):
        case.faults.append("silent")
    if warned and case.gap < EXACT:
        case.faults.append("false alarm")
    if not model.converged_ and case.gap >= EXACT:
        case.faults.append(f"unfinished ({model.stop_reason_})")
    return case


def main(first, count, seconds=280.0, **fixed):
    started, tally, fits = time.time(), Counter(), 0
    for seed in range(first, first + count):
        if time.time() - started > seconds:
            break
        made = case(seed, **fixed)
        try:
            made = judged(made)
        except ValueError as refused:
            made.faults = [f"refused: {str(refused)[:90]}"]
        fits += 1
        if made.faults:
            print(made, flush=True)
        tally.update(made.faults)
    print(f"{fits} fits from {first} on in {time.time() - started:.0f} s", dict(tally))


if __name__ == "__main__":
    settings = dict(each.split("=") for each in sys.argv[4:])
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), **settings)
