"""The learning rates of many updates at once, for engines that take these together."""

from gdregress.schedules import factors_at


def learning_rates(run, state, n, size, start=0, stop=None):
    """Learning rates of an epoch's updates, a short last batch counting by its share.

    Also the last rate before that share.

    Parameters
    ----------
    run : Run
    state : State
    n, size : int
        Rows, and those of a batch.
    start, stop : int
        Updates within the epoch, `start` of which are behind the state; None for all.
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
