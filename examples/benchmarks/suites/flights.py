"""The flights of the example: time to the test score of Ridge, and the example's own tables."""

import subprocess
import sys
import tempfile
from pathlib import Path

from data import EXAMPLES, flights_example, missing_for_flights
from data import flights as load
from search import smallest
from sklearn.base import clone
from sklearn.linear_model import SGDRegressor
from timing import alternate, duration, quietly, report

CLOSE = 1e-4
BATCH_EPOCHS = 4_096


def flights(quick):
    """Time to a test R2 within 1e-4 of Ridge's, with the fewest epochs that reach it."""
    missing = missing_for_flights()
    if missing:
        print(f"\nflights are left out, missing: {', '.join(missing)}")
        return []
    rows, most = (20_000, 32) if quick else (None, 256)
    return [_compare(name, split, most) for name, split in load(rows).items()]


def example(quick):
    """The tables of the README, printed by the example itself."""
    missing = missing_for_flights()
    if missing:
        print(f"\nthe example is left out, missing: {', '.join(missing)}")
        return []
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(EXAMPLES / "flight_delays.py"), "--png"]
        command += [str(Path(folder) / "curves.png"), *(["--rows", "20000"] if quick else [])]
        output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    print(f"\n{output}")
    return [{"title": "examples/flight_delays.py", "output": output}]


def _compare(name, split, most):
    X_train, _, y_train, _ = split
    module = flights_example()
    ridge = module.ridge(y_train)
    wanted = ridge.fit(X_train, y_train).score(*split[1::2]) - CLOSE
    fits, notes, reached = {}, {}, {}
    for model_name, (model, limit) in _contenders(module, most).items():
        epochs = _fewest_epochs(model, limit, wanted, split)
        reached[model_name] = epochs is not None
        notes[model_name] = f"{epochs or limit} epochs"
        model = clone(model).set_params(max_iter=epochs or limit, tol=None)
        fits[model_name] = lambda model=model: model.fit(X_train, y_train)
    fits["Ridge"] = lambda: ridge.fit(X_train, y_train)
    seconds = alternate(fits, 3)
    for model_name in [name for name in reached if not reached[name]]:
        notes[model_name] = f"in {notes[model_name]}, {duration(seconds[model_name])}"
        seconds[model_name] = None
    title = f"flights, {name}, {X_train.shape[0]:,} x {X_train.shape[1]}"
    return report(f"{title}, to a test R2 of {wanted:.4f}", seconds, "GDRegressor batch", notes)


def _contenders(module, most):
    """The iterative models, and the most epochs that each is given."""
    ours = module.gd_models()
    return {
        "GDRegressor batch": (ours["GDRegressor batch"], BATCH_EPOCHS),
        "GDRegressor stochastic": (ours["GDRegressor stochastic"], most),
        "GDRegressor mini-batch": (ours["GDRegressor mini-batch"], most),
        "SGDRegressor": (SGDRegressor(random_state=0), most),
    }


def _fewest_epochs(model, limit, wanted, split):
    X_train, X_test, y_train, y_test = split

    def enough(epochs):
        candidate = clone(model).set_params(max_iter=epochs, tol=None)
        with quietly():
            return candidate.fit(X_train, y_train).score(X_test, y_test) >= wanted

    return smallest(enough, limit)
