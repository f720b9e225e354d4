"""Set-up and data shared by the tests."""

import os

os.environ["SCIPY_ARRAY_API"] = "1"  # has to be set before anything imports SciPy
# the products of tests are small: threads would wait for those of the other workers
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pytest
from components import lacking
from libraries import needed


@pytest.fixture
def rng():
    """A fresh random generator with a fixed seed."""
    return np.random.RandomState(0)


@pytest.fixture
def torch():
    return needed("torch")


@pytest.fixture
def jax():
    """JAX in double precision."""
    jax = needed("jax")
    jax.config.update("jax_enable_x64", True)
    yield jax
    jax.config.update("jax_enable_x64", False)


@pytest.fixture
def small_data(rng):
    """23 rows, 3 columns, a noisy linear target."""
    X = rng.normal([0.5, 0.0, -0.3], size=(23, 3))
    y = X @ [1.0, -2.0, 0.5] + 3.0 + rng.normal(size=23)
    return X, y


@pytest.fixture
def small_weights():
    """Unequal weights for `small_data`, far from mean 1."""
    return np.random.RandomState(1).uniform(2.0, 9.0, size=23)


def pytest_terminal_summary(terminalreporter):
    """List the registered components that lack something, which fails no test."""
    if missing := lacking():
        terminalreporter.section("registered components that lack something")
        for thing, components in missing.items():
            terminalreporter.line(f"without {thing}: {', '.join(components)}")
