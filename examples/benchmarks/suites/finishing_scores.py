"""Test scores of the defaults beside those of scikit-learn's stochastic descent."""

from functools import partial

import numpy as np
from panel.tables import tables
from sklearn.linear_model import SGDClassifier, SGDRegressor
from sklearn.model_selection import ShuffleSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from timing import quietly

from gdregress import GDClassifier, GDRegressor

SOLVERS = ("batch", "mini-batch", "stochastic")
WORSE = 0.002
FEWEST_ROWS = 100  # a fifth of fewer says little
PAIRS = {
    # title: ours, theirs, of classes
    "squared error": (GDRegressor, SGDRegressor, False),
    "log loss": (GDClassifier, partial(SGDClassifier, loss="log_loss"), True),
    "hinge": (partial(GDClassifier, "hinge"), SGDClassifier, True),
}


def finishing_scores(quick):
    """Standardised tables: the mean score of random test sets, ours worse by 0.002 counted."""
    splits = ShuffleSplit(3 if quick else 10, test_size=0.2, random_state=0)
    lines = [
        _compare(table, loss, splits)
        for table in (tables(2_000)[::2] if quick else tables(20_000))
        if len(table.y) >= FEWEST_ROWS
        for loss, (_, _, of_classes) in PAIRS.items()
        if of_classes == table.is_classes
    ]
    print(f"\nworse by more than {WORSE} of {len(lines)}:")
    for solver in SOLVERS:
        print(f"  {solver:<12}{sum(line[solver] < line['theirs'] - WORSE for line in lines):>4}")
    return [{"title": "test scores beside SGDRegressor and SGDClassifier", "results": lines}]


def _compare(table, loss, splits):
    ours, theirs, _ = PAIRS[loss]
    models = {solver: ours(solver=solver, random_state=0) for solver in SOLVERS}
    models["theirs"] = theirs(random_state=0)
    with quietly():
        scores = {name: _score(model, table, splits) for name, model in models.items()}
    behind = [s for s in SOLVERS if scores[s] < scores["theirs"] - WORSE]
    if behind:
        print(f"  {table.name:<24}{loss:<15}" + _text(scores, [*behind, "theirs"]), flush=True)
    return {"table": table.name, "loss": loss, **scores}


def _score(model, table, splits):
    pipeline = make_pipeline(StandardScaler(with_mean=isinstance(table.X, np.ndarray)), model)
    return float(np.mean(cross_val_score(pipeline, table.X, table.y, cv=splits)))


def _text(scores, names):
    return ", ".join(f"{name} {scores[name]:.4f}" for name in names)
