"""The progress bar of an animation that is written to a file."""
