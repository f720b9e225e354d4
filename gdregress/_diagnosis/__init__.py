"""What descent will do on some data, told by the eigenvalues before it is run."""
