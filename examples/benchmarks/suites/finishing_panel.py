"""Whether runs end at the minimum and say so, on real tables with everything at its default."""

from dataclasses import asdict

from panel.attempt import attempts
from panel.problem import problems
from panel.tables import tables
from panel.tally import print_worst, tally

from gdregress.optimizers import OPTIMIZERS

SOLVERS = ("batch", "mini-batch", "stochastic")
ROWS, ROWS_OF_PROGRAMMES, ROWS_OF_OPTIMIZERS, QUICK_ROWS = 300_000, 20_000, 5_000, 2_000
QUICK_LOSSES = ("squared_error", "huber", "quantile", "poisson", "log_loss", "hinge")


def finishing_panel(quick):
    """Real tables raw and standardised, every solver, loss and optimizer, against the optimum."""
    chosen = tables(QUICK_ROWS)[::2] if quick else tables(ROWS)
    made = []
    for table in chosen:
        for columns, data in (("raw", table), ("standardised", table.standardised())):
            made += _of_table(data, columns, quick)
    defaults = [a for a in made if a.optimizer == "default"]
    named = [a for a in made if a.optimizer != "default"]
    reports = [
        tally("smooth losses, defaults", [a for a in defaults if a.smooth]),
        tally("losses with kinks, defaults", [a for a in defaults if not a.smooth]),
    ]
    reports += [
        tally(f"optimizer={name!r}", [a for a in named if a.optimizer == name])
        for name in dict.fromkeys(a.optimizer for a in named)
    ]
    print_worst("not finished with defaults", defaults)
    return [*reports, {"title": "attempts", "attempts": [asdict(a) for a in made]}]


def _of_table(table, columns, quick):
    """The defaults on all rows, named optimizers and linear programmes on some."""
    defaults = [(solver, "default") for solver in SOLVERS]
    named = [(solver, name) for solver in SOLVERS for name in OPTIMIZERS]
    made = []
    for problem in problems(table, QUICK_LOSSES if quick else None):
        most = ROWS if problem.formula.is_smooth else ROWS_OF_PROGRAMMES
        if len(table.y) > most:
            problem = problems(table.of_most(most), [problem.loss])[0]
        made += attempts(problem, columns, defaults)
    if not quick:
        for problem in problems(table.of_most(ROWS_OF_OPTIMIZERS)):
            made += attempts(problem, columns, named)
    return made
