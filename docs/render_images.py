"""Render the picture of the first page: ``python docs/render_images.py``."""

import warnings
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from gdregress import GDRegressor
from gdregress.plotting import LossSurfaceDisplay

IMAGES = Path(__file__).parent / "images"


def valley(filename):
    """Four optimizers on the objective of two correlated columns."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 2)) @ np.array([[1.0, 0.9], [0.0, 0.3]])
    y = X @ np.array([2.0, -1.0]) + 0.1 * rng.normal(size=200)
    common = {"fit_intercept": False, "max_iter": 60, "tol": None, "store_path": True}
    common |= {"preconditioner": None}  # in these columns, which are a narrow valley
    largest_stable = 2 / np.linalg.eigvalsh(X.T @ X / len(X))[-1]
    paths = {
        "gradient descent": GDRegressor(
            optimizer="gd", learning_rate=0.93 * largest_stable, **common
        ),
        "momentum": GDRegressor(optimizer="momentum", momentum=0.8, **common),
        "Nesterov": GDRegressor(optimizer="nesterov", **common),
        "Adam": GDRegressor(optimizer="adam", learning_rate=0.3, **common),
    }
    for model in paths.values():
        model.fit(X, y)
    figure, axes = plt.subplots(2, 2, figsize=(8, 6), sharex=True, sharey=True)
    LossSurfaceDisplay.from_estimators(paths, X, y, side_by_side=True, ax=axes)
    for ax in figure.axes:
        ax.label_outer()
    figure.savefig(filename, dpi=80)


if __name__ == "__main__":
    warnings.simplefilter("ignore", ConvergenceWarning)  # the paths are cut short on purpose
    valley(IMAGES / "valley.png")
