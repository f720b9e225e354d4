"""The loop: what it is handed, line search, averages, what ends it, the history it leaves."""
