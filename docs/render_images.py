"""Render the pictures of docs/images: ``python docs/render_images.py``, half a minute.

They are written to docs/images.
"""

import warnings
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from gdregress import GDRegressor
from gdregress.plotting import (
    FitDisplay,
    LossSurfaceDisplay,
    animate_side_by_side,
    save_animation,
)

IMAGES = Path(__file__).parent / "images"


def main():
    # the paths are cut short on purpose
    warnings.simplefilter("ignore", ConvergenceWarning)
    IMAGES.mkdir(exist_ok=True)
    valley(IMAGES / "valley.png")
    line(IMAGES / "line.gif")


def valley(filename):
    """Four optimizers on the objective of two correlated columns."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 2)) @ np.array([[1.0, 0.9], [0.0, 0.3]])
    y = X @ np.array([2.0, -1.0]) + 0.1 * rng.normal(size=200)
    common = {"fit_intercept": False, "max_iter": 60, "tol": None, "store_path": True}
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


def line(filename):
    """Left the objective with the moving point, right the data with the moving line."""
    rng = np.random.RandomState(42)
    x = rng.uniform(0, 10, 50)
    y = 2 * x + 1 + rng.normal(0, 2, 50)
    model = GDRegressor(
        optimizer="gd", learning_rate=0.02, max_iter=400, tol=None, store_path=True
    ).fit(x[:, None], y)
    surface = LossSurfaceDisplay.from_estimator(model, x[:, None], y)
    fit = FitDisplay.from_estimator(model, x[:, None], y)
    animation = animate_side_by_side(surface, fit, frames=40, figsize=(8.5, 3.8))
    save_animation(animation, filename, fps=12, dpi=70)


if __name__ == "__main__":
    main()
