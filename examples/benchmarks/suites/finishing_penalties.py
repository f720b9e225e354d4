"""Whether runs under l1 end at the minimum and say so, on real tables."""

import sys

from panel.attempt import Attempt, fit
from panel.optima import null
from panel.sparse_models import sparse_problems
from panel.tables import tables
from panel.tally import print_worst, tally

SOLVERS = ("batch", "mini-batch", "stochastic")
ROWS, EXACT, PROVEN = 2_000, 1e-10, 1e-6


def finishing_penalties(quick):
    """Smooth losses under l1, raw and standardised columns, every solver by its defaults.

    F* is the least value of all fits, one of them to a tolerance of 1e-10, whose subgradients
    bound how much lower the minimum can be.
    """
    made, bounds = [], []
    for table in tables(ROWS)[:: 3 if quick else 1]:
        print(f"  {table.name}, {table.X.shape[0]:,} x {table.X.shape[1]}", file=sys.stderr)
        for columns, data in (("raw", table), ("standardised", table.standardised())):
            for problem in sparse_problems(data):
                attempts, bound = _attempts(problem, columns)
                made += attempts
                bounds.append((bound, f"{table.name}, {columns}, {problem.loss}"))
    report = tally("smooth losses under l1, defaults", made)
    print_worst("not finished", made)
    proven = sum(bound < PROVEN for bound, _ in bounds)
    print(f"\nF* is proven to {PROVEN:.0e} of the gain on {proven} of {len(bounds)}; not on")
    print("\n".join(f"  {name}: {bound:.0e}" for bound, name in bounds if bound >= PROVEN))
    return [report]


def _attempts(problem, columns):
    """The fits of a problem, and the bound of the best one."""
    fitted = {solver: fit(problem, solver=solver) for solver in SOLVERS}
    models = [model for model, _ in fitted.values()]
    models.append(fit(problem, tol=EXACT, max_iter=10_000)[0])
    values = [problem.value(model.coef_, model.intercept_) for model in models]
    best, constant = min(values), null(problem)
    gain = constant - best
    if gain <= 1e-6 * abs(constant):
        return [], 0.0
    attempts = [
        Attempt(
            problem.table.name,
            columns,
            problem.loss,
            True,
            solver,
            "default",
            (value - best) / gain,
            model.stop_reason_,
            int(model.n_iter_),
            bool(model.converged_),
            warned,
        )
        for (solver, (model, warned)), value in zip(fitted.items(), values, strict=False)
    ]
    bounds = (problem.bound(model.coef_, model.intercept_) for model in models)
    return attempts, min(bounds) / gain
