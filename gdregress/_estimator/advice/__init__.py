"""What users are told of a run that has not converged: measured, predicted, tried."""
