"""What a fitted estimator keeps, and how a later fit or another process continues from it."""
