"""Streams: quality and time of `partial_fit`, beside SGDRegressor and SGDClassifier."""

import statistics
import time
import tracemalloc
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import (
    HuberRegressor,
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.preprocessing import StandardScaler
from timing import quietly

from gdregress import GDClassifier, GDRegressor

# Raw columns: standard deviations, and means in units of them.
SIZES = 10.0 ** np.arange(-3, 7)
MEANS = np.array([0, 5, -20, 100, 3, 0, -50, 10, 30, -5.0])
PEERS = {
    "squared_error": lambda: SGDRegressor(random_state=0),
    "huber": lambda: SGDRegressor("huber", epsilon=1.35, random_state=0),
    "log_loss": lambda: SGDClassifier("log_loss", random_state=0),
    "hinge": lambda: SGDClassifier("hinge", random_state=0),
}
BEST = {
    "squared_error": LinearRegression,
    "huber": lambda: HuberRegressor(alpha=0, max_iter=1000),
    "poisson": lambda: PoissonRegressor(alpha=0, max_iter=1000),
    "log_loss": lambda: LogisticRegression(C=1e6, max_iter=1000),
    "hinge": lambda: LogisticRegression(C=1e6, max_iter=1000),
}


@dataclass(frozen=True)
class Stream:
    """Chunks of rows, and the truth behind them.

    Parameters
    ----------
    name : str
    loss : str
    size, calls : int
        Rows of a chunk, and chunks.
    p : int
        Columns.
    noise : float
        Standard deviation of the noise of a number.
    drift : float
        Standard deviation of the steps of the coefficients from row to row, relative to them.
    jump : bool
        Whether the coefficients change their sign half way.
    raw : bool
        Whether the columns have the sizes and means above.
    classes : int
    one_class : bool
        Whether every chunk has rows of one class only.
    """

    name: str
    loss: str
    size: int
    calls: int
    p: int = 5
    noise: float = 1.0
    drift: float = 0.0
    jump: bool = False
    raw: bool = False
    classes: int = 0
    one_class: bool = False

    def chunks(self, seed=0):
        """Yield X, y and the z without noise that y was drawn from."""
        rng = np.random.default_rng(seed)
        w = self._coefficients(rng)
        for call in range(self.calls):
            if self.jump and call == self.calls // 2:
                w = -w
            step = self.drift * np.sqrt(self.size * np.mean(w**2))
            w = w + step * rng.normal(size=w.shape)
            rows = 8 * self.size * self.classes if self.one_class else self.size
            X = rng.normal(size=(rows, self.p))
            z = X @ w + (-3.0 if self.loss == "poisson" else 0.5)
            y = self._targets(z, rng)
            kept = np.flatnonzero(y == call % self.classes) if self.one_class else slice(None)
            X, y, z = (array[kept][: self.size] for array in (X, y, z))
            yield (X + MEANS) * SIZES if self.raw else X, y, z

    def _coefficients(self, rng):
        if self.loss == "poisson":
            return 0.3 * rng.choice([-1.0, 1.0], size=self.p)
        if self.classes:
            return rng.normal(size=(self.p, self.classes) if self.classes > 2 else self.p)
        return np.arange(1.0, self.p + 1)

    def _targets(self, z, rng):
        if self.loss == "poisson":
            return rng.poisson(np.exp(z)).astype(float)
        if self.classes == 2:
            return (rng.random(len(z)) < 1 / (1 + np.exp(-z))).astype(int)
        if self.classes:
            return (z + rng.gumbel(size=z.shape)).argmax(axis=1)
        y = z + self.noise * rng.normal(size=len(z))
        far = rng.random(len(z)) < (0.1 if self.loss == "huber" else 0.0)
        return np.where(far, y + 100 * rng.normal(size=len(z)), y)

    def error(self, predicted, z):
        """Squared error, or excess deviance, of raw predictions; share of classes missed."""
        with np.errstate(over="ignore", invalid="ignore"):
            if self.classes == 2:
                return np.mean((predicted.ravel() > 0) != (z > 0))
            if self.classes:
                return np.mean(predicted.argmax(axis=1) != z.argmax(axis=1))
            if self.loss == "poisson":
                return np.mean(np.exp(predicted) - np.exp(z) * (1 + predicted - z))
            return np.mean((predicted - z) ** 2)


def all_streams(share=1.0):
    """The streams, with a share of their calls."""

    def stream(name, loss, size, calls, **given):
        return Stream(name, loss, size, max(20, round(share * calls)), **given)

    squared, plain = "squared_error", "five columns, chunks of {}"
    sizes = ((1, 10_000), (5, 4_000), (50, 2_000), (5_000, 20))
    streams = [stream(plain.format(n), squared, n, calls, noise=3.0) for n, calls in sizes]
    for n, calls in ((1, 10_000), (50, 500)):
        streams += [
            stream(f"raw columns, chunks of {n}", squared, n, calls, p=10, noise=3.0, raw=True),
            stream(f"slow drift, chunks of {n}", squared, n, calls, drift=0.003),
            stream(f"fast drift, chunks of {n}", squared, n, calls, drift=0.03),
            stream(f"log loss, chunks of {n}", "log_loss", n, calls, classes=2),
            stream(f"hinge, chunks of {n}", "hinge", n, calls, classes=2),
        ]
    streams += [
        stream("a jump, chunks of 5", squared, 5, 2_000, jump=True),
        stream("huber, outliers, chunks of 5", "huber", 5, 2_000),
        stream("huber, raw columns, chunks of 1", "huber", 1, 8_000, p=10, raw=True),
        stream("few counts, chunks of 1", "poisson", 1, 8_000),
        stream("few counts, chunks of 20", "poisson", 20, 500),
        stream("few counts, raw columns, chunks of 5", "poisson", 5, 2_000, p=10, raw=True),
        stream("log loss, drift, chunks of 5", "log_loss", 5, 3_000, classes=2, drift=0.01),
    ]
    for loss in ("log_loss", "hinge"):
        name = loss.replace("_", " ")
        streams += [
            stream(f"{name}, raw columns, chunks of 5", loss, 5, 2_000, p=10, classes=2, raw=True),
            stream(f"{name}, one class a chunk of 20", loss, 20, 900, classes=3, one_class=True),
            stream(f"{name}, four classes, chunks of 5", loss, 5, 2_000, classes=4),
        ]
    return streams


def streams(quick):
    """Error before learning, of the second half and of the last tenth, beside SGD and the best."""
    print(f"\n{'':38}{'GD':^18}{'SGD':^18}{'best':>9}")
    return [_compare(stream) for stream in all_streams(0.2 if quick else 1.0)]


def stream_costs(quick):
    """Seconds and memory of a call of `partial_fit`, beside SGD."""
    return [_costs(size, p, 200 if quick else 2_000) for size in (1, 5, 50) for p in (5, 50)]


def _compare(stream):
    chunks = list(stream.chunks())
    scaler = StandardScaler().fit(np.concatenate([X for X, _, _ in chunks]))
    model = GDClassifier(stream.loss) if stream.classes else GDRegressor(stream.loss)
    errors = {"GD": prequential(stream, model, chunks), "SGD": (np.nan, np.nan)}
    if stream.loss in PEERS:
        scaled = [(scaler.transform(X), y, z) for X, y, z in chunks]
        errors["SGD"] = prequential(stream, PEERS[stream.loss](), scaled)
    errors["best"] = of_the_best(stream, chunks, scaler)
    figures = "".join(f"{a:9.2g}{b:9.2g}" for a, b in (errors["GD"], errors["SGD"]))
    print(f"{stream.name:38}{figures}{errors['best']:9.2g}", flush=True)
    return {"title": f"stream of {stream.name}", "errors": errors}


def prequential(stream, model, chunks):
    """Mean error of the second half and of the last tenth of chunks, each before it is learned."""
    errors = []
    classes = {"classes": np.arange(stream.classes)} if stream.classes else {}
    with quietly():
        for X, y, z in chunks:
            if hasattr(model, "coef_"):
                errors.append(stream.error(raw_prediction(model, X), z))
            model.partial_fit(X, y, **classes)
    last = max(1, len(errors) // 10)
    return float(np.mean(errors[len(errors) // 2 :])), float(np.mean(errors[-last:]))


def of_the_best(stream, chunks, scaler):
    """Error on all rows of the model that is fitted to all of them at once."""
    X, y, z = (np.concatenate(arrays) for arrays in zip(*chunks, strict=True))
    X = scaler.transform(X)
    return float(stream.error(raw_prediction(BEST[stream.loss]().fit(X, y), X), z))


def raw_prediction(model, X):
    z = X @ np.atleast_2d(model.coef_).T + model.intercept_
    return z[:, 0] if z.shape[1] == 1 else z


def _cpu_seconds(model, rows, targets):
    """Of the process alone: calls of a millisecond are interrupted where others work as well."""
    start = time.process_time()
    model.partial_fit(rows, targets)
    return time.process_time() - start


def _costs(size, p, calls):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(calls, size, p))
    y = X.sum(axis=2)
    seconds = {"GDRegressor": [], "SGDRegressor": []}
    models = {"GDRegressor": GDRegressor(), "SGDRegressor": SGDRegressor()}
    for rows, targets in zip(X, y, strict=True):
        for name, model in models.items():
            seconds[name].append(_cpu_seconds(model, rows, targets))
    tracemalloc.start()
    for _ in range(4):
        before = tracemalloc.get_traced_memory()[0]
        for rows, targets in zip(X, y, strict=True):
            models["GDRegressor"].partial_fit(rows, targets)
        grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    ours, theirs = medians.values()
    print(
        f"chunks of {size:>3} x {p:<3} {1e6 * ours:6.0f} us a call, SGDRegressor "
        f"{1e6 * theirs:6.0f} us: {ours / theirs:.2f} x; the last {calls:,} calls kept "
        f"{grown:,} bytes"
    )
    return {"title": f"partial_fit, chunks of {size} x {p}", "median_seconds": medians}
