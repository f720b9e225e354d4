"""Epochs that batches of rows need to come close to the optimum of regularised classes."""

from panel.optima import null, optimum
from panel.problem import Problem
from panel.tables import Table
from sklearn import datasets
from timing import quietly

ALPHA, GAP, MOST = 1e-3, 1e-4, 300


def finishing_epochs(quick):
    """Standardised digits, cancer and iris, alpha=1e-3: epochs to a gap of 1e-4."""
    print(f"\n{'':<16}{'solver':<12}{'epochs':>8}{'last gap':>10}")
    lines = []
    for name in ("digits", "breast_cancer", "iris"):
        X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        table = Table(name, X, y, is_classes=True).standardised()
        for solver in ("mini-batch", "stochastic"):
            epochs, last = epochs_to(Problem(table, "log_loss", ALPHA), GAP, solver=solver)
            lines.append({"table": name, "solver": solver, "epochs": epochs, "last gap": last})
            print(f"{name:<16}{solver:<12}{epochs or f'> {MOST}':>8}{last:>10.1e}", flush=True)
    return [{"title": f"epochs to a gap of {GAP:.0e}, alpha={ALPHA}", "results": lines}]


def epochs_to(problem, gap, **settings):
    """The first epoch whose objective is so close, or None, and the last gap."""
    best, constant = optimum(problem), null(problem)
    model = problem.estimator(max_iter=MOST, tol=None, **settings)
    with quietly():
        model.fit(problem.table.X, problem.targets)
    gaps = [(value - best) / (constant - best) for value in model.history_["objective"]]
    return next((epoch for epoch, value in enumerate(gaps) if value <= gap), None), gaps[-1]
