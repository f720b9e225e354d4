"""What all other folders use: arrays of any library, checks of parameters, versions."""
