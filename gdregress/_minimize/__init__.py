"""`minimize`: the same loop on a function that the caller wrote."""
