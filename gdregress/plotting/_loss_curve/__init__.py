"""Parts of `LossCurveDisplay`: the curves from histories, and the markers of their ends."""
