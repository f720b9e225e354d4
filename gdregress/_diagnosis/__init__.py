"""Predictions of a descent from the eigenvalues of its second derivatives, before it runs."""
