"""Real tables, the optima of their objectives by other solvers, and the results of fits."""
