"""Helpers of all other folders: arrays of any library, checks of parameters, versions."""
