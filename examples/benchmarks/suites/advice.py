"""Whether the advice of warnings helps, and whether the predicted epochs suffice."""

import warnings
from collections import Counter
from dataclasses import dataclass
from itertools import product

from panel.advice import advised, predicted
from panel.attempt import EXACT
from panel.optima import null, optimum
from panel.problem import Problem, problems
from panel.tables import tables
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import ConvergenceWarning

from gdregress.optimizers import OPTIMIZERS

TABLES = ("diabetes", "College", "breast_cancer")
SMOOTH = ("squared_error", "huber", "poisson", "log_loss")
LOSSES = ("squared_error", "huber", "absolute_error", "poisson", "log_loss", "hinge")
SOLVERS = ("batch", "mini-batch", "stochastic")
RATES = ("auto", 1e-3, 0.1, 10.0)
EPOCHS, MOST_EPOCHS = 100, 20_000


def advice(quick):
    """Every warning's advice followed literally, and its prediction run to the end."""
    made = [run for problem in _problems() for run in _runs(problem, quick)]
    warned = [run for run in made if run.text is not None]
    followed = Counter(_follow(run) for run in warned)
    print(f"\n{len(made)} fits, {len(warned)} warnings; their advice followed:")
    for outcome, count in followed.most_common():
        print(f"  {outcome:<20}{count:>6}")
    predictions = Counter(_check(run) for run in warned if predicted(run.text) is not None)
    print("epochs predicted:")
    for outcome, count in predictions.most_common():
        print(f"  {outcome:<20}{count:>6}")
    results = {"advice": dict(followed), "predictions": dict(predictions)}
    return [{"title": "advice of warnings", "results": results}]


def predictions(quick):
    """Epochs that warnings predict for plain descent on many tables, against those made."""
    made = [
        _fit(problem, problem.estimator(max_iter=epochs, optimizer=optimizer, **rate))
        for table in tables(2_000)[:: 4 if quick else 1]
        for problem in problems(table, SMOOTH)
        for optimizer in ("gd", "momentum")
        for epochs in (50, 200, 1000)
        for rate in ({}, {"preconditioner": "columns"})
    ]
    told = [run for run in made if run.text is not None and predicted(run.text) is not None]
    outcomes = Counter(_check(run) for run in told)
    objectives = {(run.problem.table.name, run.problem.loss) for run in told}
    print(f"\n{len(made)} fits, {len(told)} predictions for {len(objectives)} objectives:")
    for outcome, count in outcomes.most_common():
        print(f"  {outcome:<20}{count:>6}")
    results = {"objectives": len(objectives), **outcomes}
    return [{"title": "epochs that warnings predict", "results": results}]


@dataclass(frozen=True, eq=False)
class Run:
    """A fit, its relative gap, and the warning that it ended with."""

    problem: Problem
    model: BaseEstimator
    gap: float
    text: str | None


def _problems():
    chosen = [table for table in tables(2_000) if table.name in TABLES]
    return [problem for table in chosen for problem in problems(table, LOSSES)]


def _runs(problem, quick):
    optimizers = ("nesterov", "adam") if quick else tuple(OPTIMIZERS)
    rates = ("auto", 0.1) if quick else RATES
    for solver, optimizer, rate in product(SOLVERS, optimizers, rates):
        settings = {"solver": solver, "optimizer": optimizer, "learning_rate": rate}
        try:
            yield _fit(problem, problem.estimator(max_iter=EPOCHS, **settings))
        except ValueError:
            continue  # a combination that is refused


def _fit(problem, model):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(problem.table.X, problem.targets)
    best, constant = optimum(problem), null(problem)
    gap = (problem.value(model.coef_, model.intercept_) - best) / (constant - best)
    texts = [str(w.message) for w in caught if issubclass(w.category, ConvergenceWarning)]
    return Run(problem, model, gap, texts[-1] if texts else None)


def _follow(run):
    """What came of the advice."""
    try:
        settings = advised(run.text)
        if settings is None:
            return "nothing advised"
        after = _fit(run.problem, clone(run.model).set_params(**settings))
    except (SyntaxError, NameError, TypeError, ValueError) as error:
        print(f"  cannot be followed: {error}\n{run.text}")
        return "cannot be followed"
    if after.gap < max(EXACT, 0.99 * run.gap):
        return "better"
    print(
        f"  no better: {run.problem.table.name}, {run.problem.loss}, {_text(run.model)}, "
        f"{settings}: gap {run.gap:.2e} -> {after.gap:.2e}"
    )
    return "no better"


def _check(run):
    """How many epochs a run needs to end by itself, against those predicted."""
    more, epochs = predicted(run.text), run.model.max_iter
    if epochs + 2 * more > MOST_EPOCHS:
        return "too many to run"
    model = clone(run.model).set_params(max_iter=epochs + 2 * more)
    needed = _fit(run.problem, model).model.n_iter_ - epochs
    if model.stop_reason_ == "max_iter":
        outcome = "too few by 2 x"
    elif more > 2 * needed:
        outcome = "too many by 2 x"
    else:
        return "within 2 x"
    print(
        f"  {outcome}: {run.problem.table.name}, {run.problem.loss}, {_text(run.model)}: "
        f"{more} predicted, {needed} made"
    )
    return outcome


def _text(model):
    return f"{model.solver}, {model.optimizer}, learning_rate={model.learning_rate}"
