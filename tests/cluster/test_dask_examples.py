"""The examples in the docstrings of `gdregress.dask`, and the cluster that they start."""

import doctest
import subprocess
import sys

import pytest
from libraries import needed

from gdregress.dask import classifiers, regressors


@pytest.mark.parametrize("module", [regressors, classifiers], ids=lambda module: module.__name__)
def test_examples(module, cluster):
    needed("dask")
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    result = doctest.testmod(module, optionflags=flags)
    assert result.attempted and not result.failed


BY_ITSELF = """
import dask.array as da
from gdregress.dask import DaskGDRegressor

X = da.random.default_rng(0).normal(size=(1000, 3), chunks=(100, 3))
model = DaskGDRegressor().fit(X, X @ [1.0, 2.0, 3.0])
print(round(model.score(X, X @ [1.0, 2.0, 3.0]), 4), model.client is model.client)
"""


@pytest.mark.full
def test_a_script_without_a_cluster_starts_one_and_ends_in_silence():
    needed("dask")
    needed("distributed")
    result = subprocess.run(
        [sys.executable, "-c", BY_ITSELF], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "1.0 True"
    assert not result.stderr
