"""The libraries that are compared, one adapter each."""

from peers.estimators import GDRegressorFit, MLPRegressorFit, SGDRegressorFit
from peers.floor import Floor
from peers.jax_loop import JAXLoop
from peers.numpy_loop import NumPyLoop
from peers.peer import Descent, Peer, installed, prepare_all
from peers.pytorch import CompiledPyTorchLoop, PyTorchLoop
from peers.row_learners import Mlxtend, River, VowpalWabbit

__all__ = [
    "CompiledPyTorchLoop",
    "Descent",
    "Floor",
    "GDRegressorFit",
    "JAXLoop",
    "MLPRegressorFit",
    "Mlxtend",
    "NumPyLoop",
    "Peer",
    "PyTorchLoop",
    "River",
    "SGDRegressorFit",
    "VowpalWabbit",
    "installed",
    "prepare_all",
]
