"""Time of a fit on 10, 100 and 1,000 workers, from measurements here and a model.

Of K workers, each with n / K rows, a sum over all rows takes

    n / K * s + K * t + levels * (l + f * b / w),    levels = ceil(log K / log f)

seconds: s for a row; t for the scheduler to hand out a task and take its answer; and for each
level of the tree, in which f answers of b bytes become one, a latency l and the bandwidth w. The
first two are processor time on this machine, of one thread of a worker, and of the process of
client and scheduler. The network is assumed.
"""

import math
import time

import numpy as np
from timing import duration, quietly

from gdregress import GDClassifier
from gdregress._core.threads import threads_limited
from gdregress._estimator.components import build_components
from gdregress._estimator.prepare import prepare_partitions
from gdregress._objective.partitions import Block, Partitions, added
from gdregress._objective.summary import summary_of
from gdregress.dask._partitions import FAN_IN, DaskPartitions
from suites.cluster import processes

ROWS, COLUMNS = 1_000_000_000, 100
WORKERS = (10, 100, 1000)
# Of a network of 10 Gbit/s in one data centre.
LATENCY, BANDWIDTH = 0.5e-3, 1.25e9


def cluster_simulation(quick):
    """A billion rows of 100 columns, on workers of one thread."""
    seconds = row_seconds(20_000 if quick else 200_000)
    task = task_seconds((8, 16, 32) if quick else (16, 64, 192))
    p2, p = 8 * COLUMNS**2, 8 * COLUMNS
    # sums over all rows of a fit: how many, seconds of a row, bytes of an answer
    fits = {
        "squared error: moments, once": [(1, seconds["moments"], p2)],
        "log loss: 10 Newton steps": [(1, seconds["moments"], p2), (11, seconds["model"], p2)],
        "log loss: 50 epochs of first order": [
            (1, seconds["moments"], p2),
            (50, seconds["pass"], p),
        ],
    }
    print(
        f"\n{duration(task)} a task, {LATENCY * 1e3} ms, {BANDWIDTH / 1e9} GB/s, {FAN_IN} at once"
    )
    for name, each in seconds.items():
        print(f"  {name:<20}{each * 1e9:>9.0f} ns a row")
    print(f"\n{ROWS:,} x {COLUMNS}, {8e-9 * ROWS * COLUMNS:.0f} GB in memory")
    print(f"  {'workers':<38}" + "".join(f"{k:>12,}" for k in WORKERS))
    curves = {}
    for name, sums in fits.items():
        curves[name] = [fit_seconds(k, sums, task) for k in WORKERS]
        shares = [
            fit_seconds(1, sums, task) / k / s for k, s in zip(WORKERS, curves[name], strict=True)
        ]
        print(f"  {name:<38}" + "".join(f"{duration(s):>12}" for s in curves[name]))
        print(f"  {'  of that the rows':<38}" + "".join(f"{share:>12.0%}" for share in shares))
    many = np.unique(np.geomspace(1, 4000, 60).astype(int)).tolist()
    return [
        {
            "title": f"a fit of {ROWS:,} x {COLUMNS}",
            "kind": "simulation",
            "row_seconds": seconds,
            "task_seconds": task,
            "workers": many,
            "seconds": {
                name: [fit_seconds(k, sums, task) for k in many] for name, sums in fits.items()
            },
        }
    ]


def fit_seconds(workers, sums, task):
    """Seconds of all sums of a fit."""
    return sum(times * sum_seconds(workers, each, answer, task) for times, each, answer in sums)


def sum_seconds(workers, row, answer, task):
    """Seconds of one sum over all rows, see the module."""
    levels = math.ceil(math.log(workers, FAN_IN)) if workers > 1 else 0
    tree = levels * (LATENCY + FAN_IN * answer / BANDWIDTH)
    return ROWS / workers * row + workers * task + tree


class OneBlock(Partitions):
    """A block of this process."""

    def __init__(self, block, loss):
        self.block = block
        self.summary = summary_of(block, loss, True)

    def reduce(self, function, *args, combine=added):
        return function(self.block, *args)


def row_seconds(n):
    """Seconds of a row on one thread, for each kind of sum."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, COLUMNS))
    z = X @ rng.normal(size=COLUMNS) / 10
    block = Block(X, np.where(z + rng.logistic(size=n) > 0, 1.0, -1.0))
    model = GDClassifier()
    model.n_features_in_, components = COLUMNS, build_components(model)
    partitions = OneBlock(block, components.loss)
    objective = prepare_partitions(model, components, partitions).objective

    def anywhere(function):  # what has been computed at a point is kept
        return lambda: function(rng.normal(size=COLUMNS + 1) / 10)

    with threads_limited(1), quietly():
        return {
            "moments": fastest(lambda: summary_of(block, components.loss, True)) / n,
            "model": fastest(anywhere(objective.model)) / n,
            "pass": fastest(anywhere(objective.gradient)) / n,
        }


def fastest(function, *args):
    """Seconds of a processor that the fastest of seven runs takes."""
    times = []
    for _ in range(7):
        start = time.process_time()
        function(*args)
        times.append(time.process_time() - start)
    return min(times)


class ManyWorkers(DaskPartitions):
    """A task for each block, as if each lay on a worker of its own."""

    def _by_worker(self):
        found = super()._by_worker()
        return [(worker, [number]) for worker, numbers in found for number in numbers]


def task_seconds(counts):
    """Seconds by which a task more that does nothing makes a sum longer."""
    times = []
    with processes(2) as client:
        for count in counts:
            keys = [f"block-{count}-{number}" for number in range(count)]
            blocks = [client.submit(np.zeros, 1, key=key) for key in keys]
            times.append(fastest(ManyWorkers(client, blocks).reduce, np.sum))
    return float(np.polyfit(counts, times, 1)[0])
