"""Parts of `DescentPathDisplay`: the curve of a function, its axes, and the steps on it."""
