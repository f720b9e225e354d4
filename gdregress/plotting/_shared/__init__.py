"""Helpers of two or more displays: they read estimators and paths, and draw on axes."""
