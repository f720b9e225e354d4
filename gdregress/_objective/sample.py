"""How many rows a sample has that stands for all rows.

The minimum of m rows is as far from that of all as estimates from them are, F - F* being about
p / (2 m) of the loss of a row for p parameters, and their second derivatives along a direction
differ from those of all rows by about sqrt(p / m).

References
----------
Bottou and Bousquet, "The tradeoffs of large scale learning", 2008. Roosta-Khorasani and Mahoney,
"Sub-sampled Newton methods", 2019.
"""

import numpy as np

# One row of so many is taken, or more where there are fewer rows for each parameter.
STEP, ROWS_OF_A_PARAMETER = 16, 100
LARGEST_STEP, MANY_ROWS_OF_A_PARAMETER = 64, 1000
# A step that is not worth it, and numbers in all rows of which a sample saves more time than it
# takes.
LEAST_STEP, LEAST_NUMBERS = 4, 1 << 22
# Share of the diagonal of all rows that a sample has at least.
LEAST_SHARE = 0.5


def step_of(objective):
    """Of how many rows in memory one is taken; 1 where all rows are too few for a sample."""
    return _step(objective, STEP, ROWS_OF_A_PARAMETER)


def step_of_hessians(objective):
    """The same for second derivatives of rows in blocks, which are taken of some in each reading.

    Fewer are taken where even these are many for each parameter: a step then leaves about a
    thousandth of F - F*.
    """
    most = _step(objective, LARGEST_STEP, MANY_ROWS_OF_A_PARAMETER)
    return max(most, step_of(objective))


def _step(objective, most, rows_of_a_parameter):
    if objective.design.size < LEAST_NUMBERS:
        return 1
    rows = objective.design.n_samples
    step = min(most, rows // (rows_of_a_parameter * objective.zero_parameters().size))
    return step if step >= LEAST_STEP else 1


def hold_up(H, diagonal):
    """Where a sample has next to nothing in a column, let all rows make up for it, in place.

    Parameters
    ----------
    H : ndarray of shape (q, q)
        Second derivatives of the rows of the sample.
    diagonal : ndarray of shape (q,)
        About that of the second derivatives of all rows.
    """
    H.flat[:: len(H) + 1] = np.maximum(H.diagonal(), LEAST_SHARE * diagonal)
