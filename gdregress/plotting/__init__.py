"""Pictures of a descent: what it did to the objective, the coefficients and the fit.

Importing this package imports no matplotlib; drawing does.
"""

from gdregress.plotting.animation import animate_side_by_side, save_animation
from gdregress.plotting.coefficient_path import CoefficientPathDisplay
from gdregress.plotting.descent_path import DescentPathDisplay
from gdregress.plotting.fit import FitDisplay
from gdregress.plotting.learning_rate import LearningRateDisplay
from gdregress.plotting.live_plot import LivePlot
from gdregress.plotting.loss_curve import LossCurve, LossCurveDisplay
from gdregress.plotting.loss_surface import LossSurfaceDisplay
from gdregress.plotting.overview import OverviewDisplay
from gdregress.plotting.regularization_path import RegularizationPathDisplay

__all__ = [
    "CoefficientPathDisplay",
    "DescentPathDisplay",
    "FitDisplay",
    "LearningRateDisplay",
    "LivePlot",
    "LossCurve",
    "LossCurveDisplay",
    "LossSurfaceDisplay",
    "OverviewDisplay",
    "RegularizationPathDisplay",
    "animate_side_by_side",
    "save_animation",
]


def __dir__() -> list[str]:
    return sorted(__all__)
