"""Penalties R(w): what large or forbidden coefficients cost."""

from gdregress.penalties.base import KernelTerms, Penalty
from gdregress.penalties.from_object import ObjectPenalty
from gdregress.penalties.groups import L21, GroupL2
from gdregress.penalties.separable import L1, L2, PENALTIES, Box, ElasticNet, NoPenalty

__all__ = [
    "L1",
    "L2",
    "L21",
    "PENALTIES",
    "Box",
    "ElasticNet",
    "GroupL2",
    "KernelTerms",
    "NoPenalty",
    "ObjectPenalty",
    "Penalty",
]
