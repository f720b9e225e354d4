"""The warnings of runs that have not converged: measured, predicted, tried."""
