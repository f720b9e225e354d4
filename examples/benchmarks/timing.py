"""Times as ratios: every contender in one process, one after the other, several times over."""

import platform
import statistics
import time
import warnings
from importlib.metadata import PackageNotFoundError, version


def alternate(contenders, repeats):
    """Median seconds of each contender, run in turn so that the machine's drift hits all alike.

    Parameters
    ----------
    contenders : dict of str to callable
    repeats : int
        Counted rounds, after one that is not.
    """
    seconds = {name: [] for name in contenders}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for round_number in range(repeats + 1):
            for name, run in contenders.items():
                start = time.perf_counter()
                run()
                if round_number > 0:
                    seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(times) for name, times in seconds.items()}


def report(title, medians, ours):
    """Print the medians and how many times longer than ours each contender took."""
    print(f"\n{title}")
    for name, seconds in medians.items():
        print(f"  {name:<44}{seconds * 1e3:>12.2f} ms{seconds / medians[ours]:>9.2f} x")
    return {"title": title, "ours": ours, "median_seconds": medians}


def machine():
    """Processor and versions, one line each."""
    lines = [
        f"machine: {platform.machine()}, {platform.system()}, Python {platform.python_version()}"
    ]
    for package in ("gdregress", "scikit-learn", "numpy", "scipy", "torch", "jax"):
        try:
            lines.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            lines.append(f"{package} is missing: its comparisons are left out")
    return lines
