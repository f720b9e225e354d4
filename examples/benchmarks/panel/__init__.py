"""Real tables, the optima of their objectives by other solvers, and what a fit makes of them."""
