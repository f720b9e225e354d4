"""Parts of `LossCurveDisplay`: the curves read from histories, and the markers of their ends."""
