"""`minimize`: the loop of the estimators on a function of the caller."""
