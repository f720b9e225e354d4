"""Dask: workers, bytes, peers, and the overhead for data that fit into one machine."""

import time
from contextlib import contextmanager
from functools import partial

import numpy as np
from timing import alternate, quietly, report, seconds_of

from gdregress import GDClassifier, GDRegressor
from gdregress.dask import DaskGDClassifier, DaskGDRegressor

GAP = 1e-6
# Most epochs that are tried of the peers, one after the other, and seconds after which none is.
EPOCHS, MOST_SECONDS = (2, 4, 7, 12, 20, 40, 80, 160, 320), 40.0


def cluster_workers(quick):
    """One worker process and two on the same rows: at best 2 times as fast.

    Where other work shares the machine, the processor time of the busiest worker says more.
    """
    n, p = (400_000, 50) if quick else (1_500_000, 300)  # 20 s of one worker and more
    descent = {"solver": "mini-batch", "random_state": 0, "tol": 1e-6}
    models = {
        "log loss": DaskGDClassifier(tol=1e-6),
        "Huber loss, mini-batch": DaskGDRegressor("huber", **descent),
    }
    seconds, notes = {}, {}
    for workers in (2, 1):
        with processes(workers) as client, quietly():
            X, y, labels = rows(n, p, n // 40)
            for name, model in models.items():
                before = client.run(time.process_time)
                fit = partial(model.fit, X, labels if name == "log loss" else y)
                key = name, "2 processes" if workers == 2 else "1 process"
                seconds[key] = seconds_of(fit)
                after = client.run(time.process_time)
                busiest = max(after[worker] - before[worker] for worker in after)
                notes[key] = (
                    f"busiest worker {busiest:.1f} s of a processor, {model.n_iter_} epochs"
                )
    return [
        report(
            f"{name}, {n:,} x {p}",
            {key[1]: value for key, value in seconds.items() if key[0] == name},
            "2 processes",
            {key[1]: value for key, value in notes.items() if key[0] == name},
        )
        for name in models
    ]


def cluster_bytes(quick):
    """Bytes over the network of the machine in a fit of so many epochs, for n rows and 4 n."""
    import psutil

    def moved(run):
        before = psutil.net_io_counters(pernic=True)["lo"].bytes_sent
        run()
        return psutil.net_io_counters(pernic=True)["lo"].bytes_sent - before

    model = DaskGDRegressor(learning_rate=0.01, loss="huber", tol=None)
    reports = []
    for n in (50_000, 200_000) if quick else (200_000, 800_000):
        with processes(2), quietly():
            X, y, _ = rows(n, 20, n // 20)
            model.set_params(max_iter=1).fit(X, y)
            few = moved(partial(model.set_params(max_iter=5).fit, X, y))
            many = moved(partial(model.set_params(max_iter=55).fit, X, y))
        each = (many - few) / 50
        print(f"\n{n:,} x 20 in 20 partitions, two workers: {each / 1e3:.1f} kB an epoch")
        reports.append({"title": f"bytes of an epoch, {n:,} rows", "bytes": each})
    return reports


def cluster_peers(quick):
    """dask-ml on the same rows and objective, until it is within 1e-6 of its minimum."""
    from dask_ml.linear_model import LinearRegression, LogisticRegression

    n, reports = 100_000 if quick else 4_000_000, []
    with processes(2), quietly():
        X, y, labels = rows(n, 20, n // 20)
        for title, ours, peer, target, objective in (
            ("least squares", DaskGDRegressor, LinearRegression, y, half_mean_square),
            ("log loss", DaskGDClassifier, LogisticRegression, labels, log_loss),
        ):
            best = ours(penalty=None, fit_intercept=False, tol=1e-8).fit(X, target)
            least = objective(X, target, best.coef_.ravel())
            to_gain = objective(X, target, np.zeros(20)) - least
            tol = (GAP * least / to_gain) ** 0.5  # of what there is to gain; GAP is of the least
            model = ours(penalty=None, fit_intercept=False, tol=tol)
            model.fit(X, target)
            seconds = {model.__class__.__name__: seconds_of(partial(model.fit, X, target))}
            gap = objective(X, target, model.coef_.ravel()) / least - 1
            notes = {model.__class__.__name__: f"gap {gap:.1e}"}
            for solver in ("lbfgs", "admm", "gradient_descent"):
                name = f"dask-ml {peer.__name__}, {solver!r}"
                make = partial(peer, solver=solver, fit_intercept=False, C=1e12, tol=1e-14)
                seconds[name], notes[name] = reached(make, X, target, objective, least)
            reports.append(report(f"{title}, {n:,} x 20", seconds, next(iter(seconds)), notes))
    return reports


def reached(make, X, y, objective, least):
    """Seconds of the shortest fit that is near enough to the minimum, and a remark."""
    for epochs in EPOCHS:
        exact = {"abstol": 1e-12, "reltol": 1e-12} if make.keywords["solver"] == "admm" else {}
        model = make(max_iter=epochs, solver_kwargs=exact)
        taken = seconds_of(partial(model.fit, X, y))
        gap = objective(X, y, model.coef_.ravel()) / least - 1
        if gap <= GAP:
            return taken, f"{epochs} iterations"
        if taken > MOST_SECONDS:
            break
    return None, f"gap {gap:.1e} after {epochs} iterations, {taken:.1f} s"


def cluster_overhead(quick):
    """A fit on the threads of this process by Dask, beside the local fit of the same rows."""
    import distributed

    n, reports = 100_000 if quick else 1_000_000, []
    with quietly(), distributed.Client(processes=False, dashboard_address=":0"):
        X, y, labels = rows(n, 20, n // 8)
        data = X.compute(), y.compute(), labels.compute()
        for title, there, here, k in (
            ("squared error", DaskGDRegressor(), GDRegressor(), 1),
            ("Huber loss", DaskGDRegressor("huber"), GDRegressor("huber"), 1),
            ("log loss", DaskGDClassifier(), GDClassifier(), 2),
            (
                "log loss, mini-batch",
                DaskGDClassifier(solver="mini-batch", random_state=0),
                GDClassifier(solver="mini-batch", random_state=0),
                2,
            ),
        ):
            seconds = alternate(
                {
                    "on Dask": partial(there.fit, X, (X, y, labels)[k]),
                    "local": partial(here.fit, data[0], data[k]),
                },
                3,
            )
            notes = {"on Dask": f"{seconds['on Dask'] - seconds['local']:+.2f} s"}
            reports.append(report(f"{title}, {n:,} x 20", seconds, "local", notes))
    return reports


@contextmanager
def processes(workers):
    """A cluster of so many processes of one thread."""
    import distributed

    with (
        distributed.LocalCluster(
            n_workers=workers, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        client.run(_warm)  # imports are none of a fit's time
        yield client


def _warm():
    import gdregress.dask

    return gdregress.dask.DaskGDRegressor


def rows(n, p, chunk):
    """Columns in memory on the cluster, a linear target with noise, and labels 0 and 1."""
    import dask
    import dask.array as da
    import distributed

    rng = da.random.default_rng(0)
    coef = np.random.default_rng(1).normal(size=p)
    X = rng.normal(size=(n, p), chunks=(chunk, p))
    z = X @ coef
    y = z + rng.normal(size=n, chunks=chunk)
    labels = (z / np.sqrt(p) + rng.logistic(size=n, chunks=chunk) > 0).astype(int)
    data = dask.persist(X, y, labels)
    distributed.wait(data)
    return data


def half_mean_square(X, y, coef):
    return float((((X @ coef - y) ** 2).mean() / 2).compute())


def log_loss(X, y, coef):
    import dask.array as da

    z = X @ coef
    return float((da.logaddexp(0, z) - y * z).mean().compute())
