"""How epochs are run: the plain engine defines them, all others are faster and equal to it."""
