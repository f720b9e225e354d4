"""Types of the arguments of the displays."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from scipy.optimize import OptimizeResult

Limits: TypeAlias = Sequence[float] | np.ndarray
Scale: TypeAlias = Literal["auto", "linear", "log"]
# two parameters by number or name, or "pca"
Features: TypeAlias = Literal["pca"] | Sequence[int | str] | np.ndarray
DescentPath: TypeAlias = OptimizeResult | Sequence[Any] | np.ndarray
DescentPaths: TypeAlias = DescentPath | Mapping[str, DescentPath]
# rows that were not fitted: X, y and possibly weights
Validation: TypeAlias = tuple[Any, Any] | tuple[Any, Any, Any]
