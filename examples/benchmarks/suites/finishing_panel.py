"""Whether runs on real tables end at the minimum, and whether they report it correctly."""

import sys
from dataclasses import asdict

from panel.attempt import attempts
from panel.problem import problems
from panel.tables import tables
from panel.tally import print_worst, tally

from gdregress.optimizers import OPTIMIZERS

SOLVERS = ("batch", "mini-batch", "stochastic")
ROWS, ROWS_OF_PROGRAMMES, ROWS_OF_OPTIMIZERS = 300_000, 20_000, 1_000
QUICK_ROWS = 2_000
QUICK_LOSSES = ("squared_error", "huber", "quantile", "poisson", "log_loss", "hinge")
QUICK_LOSSES_OF_OPTIMIZERS = ("squared_error", "log_loss")


def finishing_panel(quick):
    """Real tables raw and standardised, every solver and loss, the optimizer at its default."""
    runs = [(solver, "default") for solver in SOLVERS]
    chosen = tables(QUICK_ROWS if quick else ROWS)
    made = _all_attempts(chosen, QUICK_LOSSES if quick else None, runs)
    reports = [
        tally("smooth losses, defaults", [a for a in made if a.smooth]),
        tally("losses with kinks, defaults", [a for a in made if not a.smooth]),
    ]
    print_worst("not finished with defaults", made)
    return [*reports, _for_file(made)]


def finishing_optimizers(quick):
    """The same for every optimizer by its name, on a thousand rows of each table."""
    runs = [(solver, name) for name in OPTIMIZERS for solver in SOLVERS]
    chosen = tables(ROWS_OF_OPTIMIZERS)[:: 3 if quick else 1]
    made = _all_attempts(chosen, QUICK_LOSSES_OF_OPTIMIZERS if quick else None, runs)
    reports = [
        tally(f"optimizer={name!r}", [a for a in made if a.optimizer == name])
        for name in dict.fromkeys(a.optimizer for a in made)
    ]
    print_worst("far with a named optimizer", [a for a in made if a.silent])
    return [*reports, _for_file(made)]


def _all_attempts(chosen, losses, runs):
    made = []
    for table in chosen:
        print(f"  {table.name}, {table.X.shape[0]:,} x {table.X.shape[1]}", file=sys.stderr)
        for columns, data in (("raw", table), ("standardised", table.standardised())):
            for problem in problems(data, losses):
                made += attempts(_small_enough(problem), columns, runs)
    return made


def _small_enough(problem):
    """With few enough rows for the linear programme that finds the optimum of a kink."""
    if problem.formula.is_smooth:
        return problem
    return problems(problem.table.of_most(ROWS_OF_PROGRAMMES), [problem.loss])[0]


def _for_file(made):
    return {"title": "attempts", "attempts": [asdict(attempt) for attempt in made]}
