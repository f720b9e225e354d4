"""The learning rates of many updates, for engines that make them together."""

from gdregress.schedules import factors_at


def learning_rates(run, state, n, size, start=0, stop=None):
    """Learning rates of the updates of an epoch; that of a short last batch is times its share.

    Also returns the last rate without that share.

    Parameters
    ----------
    run : Run
    state : State
    n, size : int
        Counts of the rows, and of the rows of a batch.
    start, stop : int
        Updates of the epoch; the state has made the first `start`. None for all.
    """
    updates, first = -(-n // size), state.count - run.schedule_offset
    stop = updates if stop is None else stop
    base = run.learning_rate * state.rate_factor
    counts = range(first, first + stop - start)
    rates = base * factors_at(run.schedule, counts)
    last_rate = rates[-1]
    if stop == updates:
        rates[-1] *= (n - (updates - 1) * size) / size
    return rates, last_rate
