"""How many rows a sample has that stands for all rows.

The minimum of m rows is as far from that of all as estimates from them are, F - F* being about
p / (2 m) of the loss of a row for p parameters, and their second derivatives along a direction
differ from those of all rows by about sqrt(p / m).

References
----------
Bottou and Bousquet, "The tradeoffs of large scale learning", 2008. Roosta-Khorasani and Mahoney,
"Sub-sampled Newton methods", 2019.
"""

# One row of so many is taken, or more where there are fewer rows for each parameter.
STEP, ROWS_OF_A_PARAMETER = 16, 100
# A step that is not worth it, and numbers in all rows of which a sample saves more time than it
# takes.
LEAST_STEP, LEAST_NUMBERS = 4, 1 << 22


def step_of(objective):
    """Of how many rows in memory one is taken; 1 where all rows are too few for a sample."""
    if objective.design.size < LEAST_NUMBERS:
        return 1
    rows = objective.design.n_samples
    step = min(STEP, rows // (ROWS_OF_A_PARAMETER * objective.zero_parameters().size))
    return step if step >= LEAST_STEP else 1
