"""A cluster of threads, which starts quickly, and data on it."""

import numpy as np
import pytest
from libraries import needed


@pytest.fixture(scope="session")
def cluster():
    """The client of three workers in this process."""
    distributed = needed("distributed")
    needed("dask")
    with distributed.Client(
        processes=False, n_workers=3, threads_per_worker=1, dashboard_address=":0"
    ) as client:
        yield client


@pytest.fixture
def table():
    """1,000 rows of raw columns, a number, a label and a weight each."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, 4)) * [1, 2, 3, 0.1] + [0, 1, 50, 0]
    y = X @ [1.0, -2.0, 3.0, 10.0] + rng.normal(size=1000)
    labels = np.where(y + 5 * rng.normal(size=1000) > np.median(y), "yes", "no")
    return X, y, labels, rng.integers(0, 4, size=1000).astype(float)
