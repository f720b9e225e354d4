"""`partial_fit` under an automatic rate, and its warnings under one that is given."""
