"""Parts of `LossSurfaceDisplay`: the objective over a plane of the parameters, and its drawing."""
