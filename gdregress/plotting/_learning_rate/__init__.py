"""Parts of `LearningRateDisplay`: the fits with many learning rates, and their markers."""
