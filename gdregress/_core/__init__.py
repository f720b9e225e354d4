"""The compiled kernels, the threads that run them, and how they are handed their arrays."""
