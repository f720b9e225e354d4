"""The saved state of a fitted estimator, and the fits that continue from it."""
