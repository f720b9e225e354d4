"""Types of the arguments of the displays."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.optimize import OptimizeResult

if TYPE_CHECKING:
    from matplotlib.animation import FuncAnimation as FuncAnimation
    from matplotlib.axes import Axes as Axes
    from matplotlib.figure import Figure as Figure
    from matplotlib.figure import SubFigure as SubFigure
    from matplotlib.lines import Line2D as Line2D
else:  # importing the package imports no matplotlib
    Axes = Figure = FuncAnimation = Line2D = SubFigure = Any

Limits: TypeAlias = Sequence[float] | np.ndarray
Scale: TypeAlias = Literal["auto", "linear", "log"]
# two parameters by number or name, or "pca"
Features: TypeAlias = Literal["pca"] | Sequence[int | str] | np.ndarray
DescentPath: TypeAlias = OptimizeResult | Sequence[Any] | np.ndarray
DescentPaths: TypeAlias = DescentPath | Mapping[str, DescentPath]
# functions of an array, by label where they are several
Curve: TypeAlias = Callable[[np.ndarray], npt.ArrayLike]
Reference: TypeAlias = Curve | Mapping[str, Curve]
# rows that were not fitted: X, y and possibly weights
Validation: TypeAlias = tuple[Any, Any] | tuple[Any, Any, Any]
