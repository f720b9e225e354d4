"""A copy of the state of a run between two epochs, which can be restored."""


class RunSnapshot:
    """The fields of a state between two epochs. Their arrays are never written to, and not copied.

    Parameters
    ----------
    state : State
    with_random_state : bool
        Whether the random numbers are kept as well. To draw those of an epoch again may be
        cheaper than to keep them after each.
    """

    def __init__(self, state, with_random_state=False):
        self.fields = dict(vars(state))
        self.average = self.fields.pop("average")
        if self.average is not None:
            self.average = self.average.copy()
        self.random_state = state.rng.get_state(legacy=False) if with_random_state else None

    def restore(self, state):
        """Restore the state."""
        vars(state).update(self.fields)
        state.average = None if self.average is None else self.average.copy()
        if self.random_state is not None:
            state.rng.set_state(self.random_state)

    def is_current(self, state):
        """Whether the state is as it was put back; an average changes with the parameters."""
        return all(value is getattr(state, name) for name, value in self.fields.items())
