"""A copy of the state of a run between two epochs, which can be restored."""


class RunSnapshot:
    """The fields of a state between two epochs. Their arrays are never changed, so not copied.

    Parameters
    ----------
    state : State
    with_random_state : bool
        Whether the state of the random generator is stored as well. To draw the numbers of an
        epoch again may be faster than to store it after each.
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
        """Whether the state equals the snapshot; averages change with the parameters."""
        return all(value is getattr(state, name) for name, value in self.fields.items())
