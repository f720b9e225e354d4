"""Every instruction set that this machine has gives the numbers of the interpreted kernels.

The loops take the numbers of a row in vectors of the set's own length: the widths tried here leave
rests of every size.
"""

import os
import subprocess
import sys

import numpy as np
import pytest
from components import with_kernel
from numpy.testing import assert_allclose
from twins import assert_forms_agree, make_params, needs_compiler

from gdregress._core import core
from gdregress._core.instruction_set import INSTRUCTION_SETS, LIMIT, choose_instruction_set
from gdregress._core.kernels import interpreted
from gdregress._objective.column_moments import by_reading_once
from gdregress._objective.design import DesignMatrix
from gdregress._objective.fused_pass import column_mean_squares, fused_pass
from gdregress._objective.moments import _products
from gdregress.losses import LOSSES

WIDTHS = [1, 2, 3, 4, 7, 8, 11, 15, 17, 33]
pytestmark = [
    needs_compiler,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


@pytest.fixture(params=core.kernels.instruction_sets() if core.is_compiled() else [])
def instruction_set(request):
    core.kernels.use_instruction_set(request.param)
    yield request.param
    core.kernels.use_instruction_set(core.instruction_set)


@pytest.fixture(params=[np.float64, np.float32], ids=["float64", "float32"])
def dtype(request):
    return request.param


def make_data(n, p, k, dtype):
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(n, p)), rng.uniform(0.1, 2.0, size=(n, k) if k > 1 else n)
    weights = rng.uniform(0.5, 1.5, size=n)
    return [a.astype(dtype) for a in (X, y, weights / weights.mean())]


@pytest.mark.parametrize("p", WIDTHS)
def test_passes(p, dtype, instruction_set):
    """One target, and five: four at once and one."""
    for k in (1, 5):
        X, y, weights = make_data(6, p, k, dtype)
        design = DesignMatrix(X, True)
        args = design, y, weights, LOSSES["huber"](), make_params(p + 1, k, 1, dtype)
        passes = [fused_pass(*args, kernels=kernels) for kernels in (core.kernels, interpreted)]
        rtol = 1e-12 if dtype == np.float64 else 1e-6
        assert_allclose(passes[0][0], passes[1][0], rtol=rtol)
        assert_allclose(passes[0][1], passes[1][1], rtol=rtol, atol=rtol)
    squares = [
        column_mean_squares(design, weights, kernels) for kernels in (core.kernels, interpreted)
    ]
    assert_allclose(squares[0], squares[1], rtol=rtol)
    moments = [by_reading_once(X, weights, kernels) for kernels in (core.kernels, interpreted)]
    for compiled, twin in zip(*moments, strict=True):
        assert_allclose(compiled, twin, rtol=1e-12)


@pytest.mark.parametrize("p", WIDTHS)
def test_moments(p, dtype, instruction_set):
    X, y, weights = make_data(6, p, 2, dtype)
    shift = np.random.RandomState(1).normal(size=p + 2)
    totals = [_products(X, y, weights, shift, module) for module in (core.kernels, interpreted)]
    assert_allclose(totals[0], totals[1], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("loss", with_kernel(LOSSES))
def test_losses(loss, instruction_set):
    """Numbers of rows that are no multiple of any vector; predictions far from zero and near."""
    loss = LOSSES[loss]()
    z = np.concatenate([np.linspace(-4, 4, 77), [0.0, -300.0, 300.0, 1e-9]])
    z = z[abs(z) < 10] if loss.link == "log" else z
    y = np.where(np.arange(len(z)) % 2 == 0, 1.0, 0.25)
    for m in (len(z), 7, 3, 1):
        slopes = np.empty((2, m, 1))
        values = [
            fused_pass(
                DesignMatrix(z[:m, None], False),
                y[:m],
                None,
                loss,
                np.ones(1),
                slopes=slopes[i],
                kernels=kernels,
            )[0]
            for i, kernels in enumerate((core.kernels, interpreted))
        ]
        assert_allclose(values[0], values[1], rtol=1e-13)
        assert_allclose(slopes[0], slopes[1], rtol=1e-13, atol=1e-15)


def test_exponentials_and_logarithms_keep_their_digits(instruction_set):
    """exp(z) is the slope of "poisson" at y = 0, y - 1 - log y the loss of "gamma" at z = 0."""
    rng = np.random.RandomState(0)
    z = np.concatenate([rng.uniform(-707, 709.7, 61), rng.uniform(-1, 1, 30), [0.0, 709.78]])
    slopes = np.empty((len(z), 1))
    rows = DesignMatrix(z[:, None], False)
    fused_pass(rows, 0 * z, None, LOSSES["poisson"](), np.ones(1), slopes=slopes)
    assert_allclose(slopes[:, 0], np.exp(z), rtol=4e-16)
    for y in np.exp(np.concatenate([rng.uniform(-700, 700, 61), rng.uniform(0.5, 1, 9)])):
        one = DesignMatrix(np.ones((1, 1)), False)
        value, _ = fused_pass(one, np.array([y]), None, LOSSES["gamma"](), np.zeros(1))
        assert_allclose(value, y - 1 - np.log(y), rtol=2e-15)


@pytest.mark.parametrize(
    "settings",
    [
        {"learning_rate": 1e-3},
        {"learning_rate": 1e-3, "penalty": "l2", "alpha": 0.1},
        {"learning_rate": 1e-3, "penalty": "elasticnet", "alpha": 0.1},
        {"penalty": "l2", "alpha": 0.1},
        {"penalty": "elasticnet", "alpha": 0.1},
    ],
    ids=lambda settings: "-".join(map(str, settings.values())) or "auto",
)
@pytest.mark.parametrize("p", [3, 7, 33])
def test_stochastic_epochs(p, settings, instruction_set):
    """Rates that are given descend in the user's columns, automatic ones in scaled ones."""
    X, y, weights = make_data(9, p, 1, float)
    settings = {"solver": "stochastic", "max_iter": 2, **settings}
    forms = ("compiled", "interpreted")
    assert_forms_agree(X, y, weights, rtol=1e-10, forms=forms, **settings)


@pytest.mark.parametrize("limit", INSTRUCTION_SETS)
def test_the_environment_limits_the_choice(limit, monkeypatch):
    monkeypatch.setenv(LIMIT, limit)
    available = core.kernels.instruction_sets()
    wanted = limit if limit in available else available[-1]
    try:
        assert choose_instruction_set(core.kernels) == wanted
    finally:
        core.kernels.use_instruction_set(core.instruction_set)


def test_a_limit_is_read_when_the_package_is_imported():
    code = "import gdregress; gdregress.show_versions()"
    command, environment = [sys.executable, "-c", code], {**os.environ, LIMIT: "baseline"}
    printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "instruction set   baseline" in printed.stdout.splitlines()


def test_an_unknown_limit_is_an_error(monkeypatch):
    monkeypatch.setenv(LIMIT, "avx3")
    with pytest.raises(ValueError, match=r"one of baseline, avx2, avx512, or unset\. Got 'avx3'"):
        choose_instruction_set(core.kernels)
