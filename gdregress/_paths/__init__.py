"""Whole regularisation paths: grid, folds and their moments, exact minima, fits one by one."""
