"""The loop: parts of a run, what ends it, what it leaves in the history."""
