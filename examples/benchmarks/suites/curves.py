"""Time to a given gap: the same objective for all libraries, measured after a number of epochs."""

import math
from dataclasses import replace

import numpy as np
from data import dense, flights_standardised, missing_for_flights
from objectives import half_mean_square, least_squares_optimum, relative_gap
from peers import (
    Descent,
    JAXLoop,
    MLPRegressorFit,
    NumPyLoop,
    PyTorchLoop,
    SGDRegressorFit,
    installed,
)
from timing import alternate, duration, quietly

from gdregress import GDRegressor

GAPS = (1e-2, 1e-4, 1e-6)
RATES = (0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)
QUICK_RATES = (0.01, 0.003)


def curves(quick):
    """Least squares on correlated columns, and on the flights where they are installed."""
    n, epochs = (4_800, 8) if quick else (32_000, 16)
    problems = {f"correlated columns, {n:,} x 20": dense(n, 20, correlation=0.9)}
    missing = missing_for_flights()
    if missing:
        print(f"\nflights are left out, missing: {', '.join(missing)}")
    else:
        X, y = flights_standardised(6_400 if quick else 43_000)
        problems[f"flights, standardised, {X.shape[0]:,} x {X.shape[1]}"] = X, y
    return [_compare(name, X, y, epochs, quick) for name, (X, y) in problems.items()]


def _compare(title, X, y, epochs, quick):
    best = least_squares_optimum(X, y)

    def gap(parameters):
        with np.errstate(over="ignore", invalid="ignore"):
            return relative_gap(half_mean_square(X, y, *parameters), best)

    runs, rates = _peers(X, y, gap, epochs, QUICK_RATES if quick else RATES)
    contenders = _ours(X, y, epochs) | {name: (run, epochs) for name, run in runs.items()}
    curves = _measure(contenders, gap, repeats=1 if quick else 3)
    _print_times(title, curves, rates)
    return {"title": title, "kind": "curves", "curves": curves, "learning_rates": rates}


def _ours(X, y, epochs):
    """Runs of GDRegressor with nothing tuned, and the most epochs of each."""
    settings = {
        "GDRegressor batch": ({}, 1024),
        "GDRegressor stochastic": ({"solver": "stochastic", "optimizer": "gd"}, epochs),
        "GDRegressor mini-batch": ({"solver": "mini-batch", "optimizer": "gd"}, epochs),
        "GDRegressor momentum": ({"solver": "mini-batch", "optimizer": "momentum"}, epochs),
        "GDRegressor average": (
            {"solver": "stochastic", "optimizer": "gd", "average": True},
            epochs,
        ),
    }

    def run(epochs, keywords):
        model = GDRegressor(**keywords, max_iter=epochs, tol=None, random_state=0).fit(X, y)
        return model.coef_, model.intercept_

    return {
        name: (lambda epochs, keywords=keywords: run(epochs, keywords), most)
        for name, (keywords, most) in settings.items()
    }


def _peers(X, y, gap, epochs, rates):
    """Runs of the others, each with the learning rate that ends nearest to the optimum."""
    peers = {
        SGDRegressorFit(): Descent(0.0, falling=True),
        MLPRegressorFit("adam"): Descent(0.0, 32, "adam"),
        NumPyLoop(): Descent(0.0, 32, "momentum", falling=True),
        PyTorchLoop("momentum"): Descent(0.0, 32, "momentum", falling=True),
        PyTorchLoop("adam"): Descent(0.0, 32, "adam", falling=True),
        JAXLoop("momentum"): Descent(0.0, 32, "momentum", falling=True),
        JAXLoop("adam"): Descent(0.0, 32, "adam", falling=True),
    }
    runs, chosen = {}, {}
    for peer in installed(peers):
        tried = {
            rate: peer.prepare(X, y, replace(peers[peer], learning_rate=rate)) for rate in rates
        }
        with quietly():
            gaps = {rate: gap(run(epochs)) for rate, run in tried.items()}
        chosen[peer.name] = min(gaps, key=gaps.get)
        runs[peer.name] = tried[chosen[peer.name]]
    return runs, chosen


def _measure(contenders, gap, repeats):
    """Epochs, median seconds and gap of fits of more and more epochs."""
    reached = {}

    def fit(name, run, count):
        reached[name, count] = run(count)

    fits = {
        (name, count): lambda name=name, run=run, count=count: fit(name, run, count)
        for name, (run, most) in contenders.items()
        for count in _counts(most)
    }
    medians = alternate(fits, repeats)
    return {
        name: {
            "epochs": _counts(most),
            "seconds": [medians[name, count] for count in _counts(most)],
            "gap": [gap(reached[name, count]) for count in _counts(most)],
        }
        for name, (_, most) in contenders.items()
    }


def _counts(most):
    """1, 2, 4, ... epochs."""
    return [2**k for k in range(int(math.log2(most)) + 1)]


def time_to(curve, wanted):
    """Seconds to a gap, on the line between two fits in the logarithm of the gap, or None."""
    seconds, gaps = curve["seconds"], curve["gap"]
    first = next((k for k, gap in enumerate(gaps) if gap <= wanted), None)
    if first is None or first == 0:
        return None if first is None else seconds[0]
    above, below = math.log(gaps[first - 1]), math.log(gaps[first])
    share = (above - math.log(wanted)) / (above - below)
    return seconds[first - 1] + share * (seconds[first] - seconds[first - 1])


def _print_times(title, curves, rates):
    print(f"\ntime to a relative gap, {title}")
    print(f"  {'':<44}" + "".join(f"{gap:>14.0e}" for gap in GAPS) + f"{'smallest gap':>14}  rate")
    for name, curve in curves.items():
        times = [time_to(curve, gap) for gap in GAPS]
        cells = ["not reached" if time is None else duration(time) for time in times]
        print(
            f"  {name:<44}" + "".join(f"{cell:>14}" for cell in cells)
            + f"{min(curve['gap']):>14.1e}  {rates.get(name, 'auto')}", flush=True
        )  # fmt: skip
