"""How a run descends: where it starts, in which coordinates, at which rate, what ends it."""
