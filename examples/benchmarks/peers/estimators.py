"""GDRegressor, and the estimators of scikit-learn that use gradient descent."""

from functools import partial

import numpy as np
from sklearn import config_context
from sklearn.linear_model import SGDRegressor
from sklearn.neural_network import MLPRegressor

from gdregress import GDRegressor
from peers.peer import DECAY, MOMENTUM, Peer


class GDRegressorFit(Peer):
    """Ours, with the solver that the batch size stands for.

    Parameters
    ----------
    library : {"torch", "jax"} or None, default=None
        Hands over the data as arrays of this library.
    own_loss : bool, default=False
        Hands over the squared error as a function, which the library has to differentiate.
    """

    def __init__(self, library=None, own_loss=False):
        self.library = library
        self.own_loss = own_loss
        self.modules = (library,) if library else ()
        self.name = "GDRegressor"
        if library:
            self.name += f", {library} arrays" + (" and loss" if own_loss else "")

    def prepare(self, X, y, descent):
        settings = {
            "solver": "stochastic",
            "optimizer": descent.optimizer,
            "learning_rate": descent.learning_rate,
            "schedule": "auto" if descent.falling else "constant",
            "tol": None,
            "random_state": 0,
        }
        if descent.batch_size > 1:
            settings |= {"solver": "mini-batch", "batch_size": descent.batch_size}
        if descent.optimizer == "momentum":
            settings["momentum"] = MOMENTUM
        if descent.l2:
            settings |= {"penalty": "l2", "alpha": descent.l2}
        if self.own_loss:
            settings["loss"] = _half_square
        if self.library is None:
            return partial(_fit, GDRegressor, X, y, settings)
        asarray = _asarray_of(self.library)
        return partial(_fit_dispatched, GDRegressor, asarray(X), asarray(y), settings)


class SGDRegressorFit(Peer):
    """scikit-learn's stochastic descent, which knows single rows only."""

    name = "SGDRegressor"

    def prepare(self, X, y, descent):
        settings = {
            "penalty": "l2" if descent.l2 else None,
            "alpha": descent.l2,
            "learning_rate": "invscaling" if descent.falling else "constant",
            "eta0": descent.learning_rate,
            "tol": None,
            "random_state": 0,
        }
        return partial(_fit, SGDRegressor, X, y, settings)


class MLPRegressorFit(Peer):
    """scikit-learn's neural network without a hidden layer, which is a linear model."""

    def __init__(self, optimizer="momentum"):
        self.optimizer = optimizer
        self.name = f"MLPRegressor, no hidden layer, {optimizer}"

    def prepare(self, X, y, descent):
        settings = {
            "hidden_layer_sizes": (),
            "solver": "adam" if self.optimizer == "adam" else "sgd",
            "momentum": MOMENTUM if self.optimizer == "momentum" else 0.0,
            "nesterovs_momentum": False,
            "alpha": 0.0,
            "batch_size": descent.batch_size,
            "learning_rate": "invscaling" if descent.falling else "constant",
            "learning_rate_init": descent.learning_rate,
            "power_t": DECAY / 3,  # it counts rows, not epochs
            # it has no way to run a given number of epochs but a patience without end
            "n_iter_no_change": 10**9,
            "tol": 0.0,
            "random_state": 0,
        }

        def run(epochs):
            model = MLPRegressor(**settings, max_iter=epochs).fit(X, y)
            return model.coefs_[0][:, 0], model.intercepts_[0][0]

        return run


def _fit(estimator, X, y, settings, epochs):
    model = estimator(**settings, max_iter=epochs).fit(X, y)
    intercept = model.intercept_
    return model.coef_, intercept if isinstance(intercept, float) else intercept[0]


def _fit_dispatched(*given):
    with config_context(array_api_dispatch=True):
        return [np.asarray(part) for part in _fit(*given)]


def _half_square(y, z):
    return (z - y) ** 2 / 2


def _asarray_of(library):
    """Function from NumPy's arrays to those of a library."""
    if library == "torch":
        import torch

        return torch.from_numpy
    import jax

    jax.config.update("jax_enable_x64", True)  # else float64 data would be made float32
    return jax.numpy.asarray
