"""What every room needs: arrays of any library, checks of parameters, versions."""
