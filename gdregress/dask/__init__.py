"""The estimators on a Dask cluster.

Importing this package imports no Dask; fitting does.
"""

from gdregress.dask.classifiers import DaskGDClassifier
from gdregress.dask.regressors import DaskGDRegressor

__all__ = ["DaskGDClassifier", "DaskGDRegressor"]


def __dir__() -> list[str]:
    return sorted(__all__)
