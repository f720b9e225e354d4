"""Pictures of a descent: what it did to the objective, the coefficients and the fit."""
