"""Threads over the rows: as many as the process is allowed, with results that do not depend on it.

The work is cut into pieces by its size alone, each piece is done by one thread, and the results
come back in the order of the pieces: sums over them are the same to the bit on any machine.
"""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

from sklearn.utils._openmp_helpers import _openmp_effective_n_threads

# Numbers that are worth a thread's while, and the most pieces.
SMALLEST_PIECE = 1 << 18
MOST_PIECES = 64


def pieces_of(n_rows, row_length, memory=0):
    """Ranges (start, stop) of rows, so long that each is worth a thread's while.

    Parameters
    ----------
    n_rows : int
    row_length : float
        Numbers read per row.
    memory : int, default=0
        Numbers that each piece needs for its result: it reads at least eight times as many.
    """
    smallest = max(SMALLEST_PIECE, 8 * memory)
    count = int(min(MOST_PIECES, max(1, n_rows * row_length // smallest)))
    return list(pairwise(n_rows * i // count for i in range(count + 1)))


def map_in_threads(function, pieces):
    """[function(start, stop) for each piece], shared out between the threads allowed.

    They are those of scikit-learn, which OMP_NUM_THREADS, threadpoolctl and joblib limit. The
    function must release the interpreter lock to gain from them.
    """
    n_threads = min(_openmp_effective_n_threads(), len(pieces))
    results = [None] * len(pieces)
    waiting = iter(range(len(pieces)))  # of which every thread takes the next

    def work():
        for i in waiting:
            results[i] = function(*pieces[i])

    if n_threads == 1:
        work()
        return results
    with ThreadPoolExecutor(n_threads - 1) as pool:
        others = [pool.submit(work) for _ in range(n_threads - 1)]
        work()
    for other in others:
        other.result()
    return results
