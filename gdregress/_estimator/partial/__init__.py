"""What `partial_fit` has of its own."""
