"""The objective from the data themselves."""

import warnings

import numpy as np

from gdregress._objective.design import DesignMatrix
from gdregress._objective.from_data import DataObjective
from gdregress.losses import Huber
from gdregress.penalties import NoPenalty


class OwnHuber(Huber):
    """A loss that the core does not know, so that NumPy multiplies."""

    def value(self, y, z):
        return super().value(y, z)


def test_the_flag_of_an_invalid_product_is_no_warning():
    """BLAS raises it for finite numbers, too, now and then; infinite ones raise it always."""
    design = DesignMatrix(np.array([[np.inf, -np.inf], [1.0, 2.0]]), False)
    objective = DataObjective(design, np.zeros(2), None, OwnHuber(), NoPenalty())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(objective.loss_value(np.ones(2)))
        assert np.isnan(objective.gradient(np.ones(2))).all()
