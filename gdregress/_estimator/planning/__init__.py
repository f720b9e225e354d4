"""The plan of a run: its start, coordinates, method, learning rate and stopping rules."""
