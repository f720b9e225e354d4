"""Ratios of times: all libraries in one process, one after the other, several times."""

import statistics
import time
import warnings
from contextlib import contextmanager
from functools import partial

# Epochs are timed over at least so long, or noise would be larger than they are.
LEAST_SECONDS = 0.02
# Threads of BLAS go on spinning for some ten milliseconds after the products of one contender, and
# take the cores from the next: it waits as long as that one has taken, up to this.
PAUSE = 0.1


def alternate(contenders, repeats):
    """Median seconds of each contender; see `rounds`."""
    seconds = rounds(contenders, repeats)
    return {name: statistics.median(times) for name, times in seconds.items()}


def rounds(contenders, repeats):
    """Seconds of each contender, run in turn so that the machine's drift hits all alike.

    Parameters
    ----------
    contenders : dict of str to callable
    repeats : int
        Counted rounds, after one that is not: it compiles, allocates and fills caches.

    Returns
    -------
    seconds : dict of str to list of float
    """
    seconds = {name: [] for name in contenders}
    taken = 0.0
    with quietly():
        for round_number in range(repeats + 1):
            for name, run in contenders.items():
                time.sleep(min(taken, PAUSE))
                taken = seconds_of(run)
                if round_number > 0:
                    seconds[name].append(taken)
    return seconds


def seconds_of(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


@contextmanager
def quietly():
    """Without warnings: runs of a given length or rate are meant to end short of the optimum."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def epoch_seconds(runs, repeats):
    """Seconds of an epoch, and of a whole fit of one epoch, for each contender.

    An epoch is the difference of a fit of four epochs, or more where that is too short to be
    timed, and one of a single epoch in the same round: what a fit does around its epochs cancels
    out.

    Parameters
    ----------
    runs : dict of str to callable
        ``run(epochs)`` is a whole fit of so many epochs.
    repeats : int
        Counted rounds.

    Returns
    -------
    per_epoch, fit_of_one : dict of str to float
        Medians over the rounds.
    """
    extra = {name: _extra_epochs(run) for name, run in runs.items()}
    contenders = {
        (name, epochs): partial(run, epochs)
        for name, run in runs.items()
        for epochs in (1, 1 + extra[name])
    }
    seconds = rounds(contenders, repeats)
    per_epoch = {
        name: statistics.median(
            (more - one) / extra[name]
            for one, more in zip(seconds[name, 1], seconds[name, 1 + extra[name]], strict=True)
        )
        for name in runs
    }
    return per_epoch, {name: statistics.median(seconds[name, 1]) for name in runs}


def _extra_epochs(run):
    """Epochs beyond the first that take `LEAST_SECONDS`, at least three."""
    extra = 3
    with quietly():
        run(1)
        one = seconds_of(partial(run, 1))
        while seconds_of(partial(run, 1 + extra)) - one < LEAST_SECONDS:
            extra *= 3
    return extra


def report(title, seconds, ours, notes=None):
    """Print the seconds and how many times longer than ours each contender took.

    Parameters
    ----------
    title : str
    seconds : dict of str to float or None
        None stands for a contender that has not got there.
    ours : str
        The contender that the ratios refer to.
    notes : dict of str to str or None
        A remark to each contender.

    Returns
    -------
    result : dict
        The same for a file.
    """
    notes = notes or {}
    print(f"\n{title}")
    for name, value in seconds.items():
        if value is None:
            figures = f"{'not reached':>12}{'':>11}"
        elif seconds[ours] is None:
            figures = f"{duration(value):>12}{'':>11}"
        else:
            figures = f"{duration(value):>12}{value / seconds[ours]:>9.2f} x"
        print(f"  {name:<44}{figures}  {notes.get(name, '')}".rstrip(), flush=True)
    return {"title": title, "ours": ours, "median_seconds": seconds, "notes": notes}


def duration(seconds):
    """Three digits with a unit."""
    for unit, factor in (("s", 1), ("ms", 1e3), ("us", 1e6)):
        if abs(seconds) * factor >= 1 or unit == "us":
            value = seconds * factor
            decimals = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
            return f"{value:.{decimals}f} {unit}"
