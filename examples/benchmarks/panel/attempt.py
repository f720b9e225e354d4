"""One fit: its own statements, and the point at which it ended."""

import warnings
from dataclasses import dataclass

from sklearn.exceptions import ConvergenceWarning

from panel.optima import null, optimum

EXACT = 1e-6  # a gap below it is the minimum
FAR = 1e-2  # a gap above it is not, and has to be said


@dataclass(frozen=True)
class Attempt:
    """One fit; `gap` is (F - F*) / (F of the best constant - F*)."""

    table: str
    columns: str
    loss: str
    smooth: bool
    solver: str
    optimizer: str
    gap: float
    stop_reason: str
    epochs: int
    converged: bool
    warned: bool

    @property
    def finished(self):
        return self.stop_reason == "tolerance" and self.gap < EXACT

    @property
    def silent(self):
        return self.gap > FAR and (self.converged or not self.warned)

    @property
    def false_alarm(self):
        return self.warned and self.gap < EXACT


def attempts(problem, columns, runs):
    """Fit a problem with each of the settings.

    Parameters
    ----------
    problem : Problem
    columns : {"raw", "standardised"}
    runs : list of tuple of str
        Solver and optimizer; "default" leaves the optimizer as it is.

    Returns
    -------
    attempts : list of Attempt
        None of combinations that are refused, and none where no column helps.
    """
    best, constant = optimum(problem), null(problem)
    if constant - best <= 1e-6 * abs(constant):
        return []
    made = []
    for solver, optimizer in runs:
        chosen = {} if optimizer == "default" else {"optimizer": optimizer}
        fitted = fit(problem, solver=solver, **chosen)
        if fitted is None:
            continue
        model, warned = fitted
        gap = (problem.value(model.coef_, model.intercept_) - best) / (constant - best)
        made.append(
            Attempt(
                problem.table.name,
                columns,
                problem.loss,
                problem.formula.is_smooth,
                solver,
                optimizer,
                float(gap),
                model.stop_reason_,
                int(model.n_iter_),
                bool(model.converged_),
                warned,
            )
        )
    return made


def fit(problem, **settings):
    """The fitted model and whether it warned, or None where the settings are refused."""
    model = problem.estimator(**settings)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model.fit(problem.table.X, problem.targets)
        except ValueError as refused:
            print(f"  {problem.table.name}, {problem.loss}, {settings}: refused, {refused}")
            return None
    return model, any(issubclass(w.category, ConvergenceWarning) for w in caught)
