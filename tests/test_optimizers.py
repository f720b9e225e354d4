"""Each optimizer's steps against the plain formulas of reference.py and against PyTorch."""

import numpy as np
import pytest
from components import with_formula
from grids import pairwise
from libraries import array_functions, needed
from reference import STEPS

from gdregress.optimizers import (
    OPTIMIZERS,
    AdaGrad,
    Adam,
    AMSGrad,
    GradientDescent,
    Momentum,
    NAdam,
    Nesterov,
    RMSProp,
)
from gdregress.penalties import ElasticNet

every_optimizer = pytest.mark.parametrize("name", OPTIMIZERS)
RATE = 0.03


def no_prox(w, step_size):
    return w


def random_gradients(rng, shape=(4,), steps=5):
    """A gradient for each step, its coordinates of very different sizes."""
    sizes = np.array([1e-3, 1.0, 10.0, 0.1]).reshape(-1, *[1] * (len(shape) - 1))
    return list(rng.normal(size=(steps, *shape)) * sizes)


def run(optimizer, start, gradients, prox=no_prox, rate=RATE):
    """Parameters at the start and after every step."""
    path, state = [start], optimizer.init(start)
    for gradient in gradients:
        params, state = optimizer.step(path[-1], gradient, state, rate, prox)
        path.append(params)
    return path


# Against the plain formulas


@pairwise(name=with_formula(OPTIMIZERS), alpha=[0.0, 0.5], shape=[(4,), (4, 2)])
def test_steps_are_those_of_the_plain_formula(name, alpha, shape, rng):
    prox = ElasticNet(alpha, l1_ratio=0.5).prox
    start, gradients = rng.normal(size=shape), random_gradients(rng, shape)
    path = run(OPTIMIZERS[name](), start, gradients, prox)
    expected = [start]
    for t in range(1, 6):
        point, step_size = STEPS[name](expected, gradients[:t], RATE)
        expected.append(prox(point, step_size))
    np.testing.assert_allclose(path, expected, rtol=1e-12, atol=1e-15)


OTHER_SETTINGS = [
    ("momentum", Momentum(0.5), {"momentum": 0.5}),
    ("nesterov", Nesterov(0.5), {"momentum": 0.5}),
    ("adagrad", AdaGrad(epsilon=0.1), {"epsilon": 0.1}),
    ("rmsprop", RMSProp(rho=0.6, epsilon=0.1), {"rho": 0.6, "epsilon": 0.1}),
    ("adam", Adam(0.5, 0.8, 0.1), {"beta_1": 0.5, "beta_2": 0.8, "epsilon": 0.1}),
    ("amsgrad", AMSGrad(0.5, 0.8, 0.1), {"beta_1": 0.5, "beta_2": 0.8, "epsilon": 0.1}),
    ("nadam", NAdam(0.5, 0.8, 0.1), {"beta_1": 0.5, "beta_2": 0.8, "epsilon": 0.1}),
]


@pytest.mark.parametrize(("name", "optimizer", "settings"), OTHER_SETTINGS, ids=str)
def test_every_parameter_is_used(name, optimizer, settings, rng):
    assert optimizer.get_params() == settings
    start, gradients = rng.normal(size=4), random_gradients(rng)
    path, expected = run(optimizer, start, gradients), [start]
    for t in range(1, 6):
        expected.append(STEPS[name](expected, gradients[:t], RATE, **settings)[0])
    np.testing.assert_allclose(path, expected, rtol=1e-12)
    defaults = run(OPTIMIZERS[name](), start, gradients)
    assert abs(path[-1] - defaults[-1]).max() > 1e-6


# Against PyTorch


def torch_path(make_optimizer, start, gradients):
    """The path of a torch.optim optimizer that is fed these gradients."""
    torch = needed("torch")
    parameter = torch.nn.Parameter(torch.asarray(start, dtype=torch.float64))
    optimizer, path = make_optimizer(torch.optim, [parameter]), [start]
    for gradient in gradients:
        parameter.grad = torch.asarray(gradient, dtype=torch.float64)
        optimizer.step()
        path.append(parameter.detach().numpy().copy())
    return path


IN_TORCH = {
    "gd": lambda optim, w: optim.SGD(w, lr=RATE),
    "momentum": lambda optim, w: optim.SGD(w, lr=RATE, momentum=0.9),
    "adagrad": lambda optim, w: optim.Adagrad(w, lr=RATE, eps=1e-10),
    "rmsprop": lambda optim, w: optim.RMSprop(w, lr=RATE, alpha=0.9, eps=1e-8),
    "adam": lambda optim, w: optim.Adam(w, lr=RATE, betas=(0.9, 0.999), eps=1e-8),
    "amsgrad": lambda optim, w: optim.Adam(w, lr=RATE, betas=(0.9, 0.999), amsgrad=True),
}


@pytest.mark.parametrize("name", IN_TORCH)
def test_steps_are_those_of_torch(name, rng):
    start, gradients = rng.normal(size=4), random_gradients(rng, steps=30)
    path = run(OPTIMIZERS[name](), start, gradients)
    np.testing.assert_allclose(
        path, torch_path(IN_TORCH[name], start, gradients), rtol=1e-10, atol=1e-12
    )


# Array libraries and types


@pairwise(name=OPTIMIZERS, dtype=["float64", "float32"], library=["torch", "array_api_strict"])
def test_same_numbers_on_every_array_library(name, dtype, library, rng):
    xp = array_functions(library)
    prox = ElasticNet(0.5, l1_ratio=0.5).prox
    start, gradients = rng.normal(size=4), random_gradients(rng)

    def there(array):
        return xp.asarray(array.tolist(), dtype=getattr(xp, dtype))

    path = run(OPTIMIZERS[name](), there(start), [there(g) for g in gradients], prox)
    assert {params.dtype for params in path} == {getattr(xp, dtype)}
    expected = run(OPTIMIZERS[name](), start, gradients, prox)
    tolerance = 1e-12 if dtype == "float64" else 1e-4
    np.testing.assert_allclose(
        [np.asarray(params) for params in path], expected, rtol=tolerance, atol=tolerance
    )


@every_optimizer
def test_float32_stays_float32_in_numpy(name, rng):
    start = rng.normal(size=4).astype(np.float32)
    gradients = [g.astype(np.float32) for g in random_gradients(rng)]
    path = run(OPTIMIZERS[name](), start, gradients, ElasticNet(0.5, 0.5).prox)
    assert {params.dtype for params in path} == {np.dtype(np.float32)}


# Properties


@every_optimizer
def test_a_step_changes_nothing_in_place(name, rng):
    """State in, state out: a step taken twice from the same state gives the same answer."""
    optimizer, params, gradient = OPTIMIZERS[name](), rng.normal(size=4), rng.normal(size=4)
    params, state = optimizer.step(params, gradient, optimizer.init(params), RATE, no_prox)
    first = optimizer.step(params, gradient, state, RATE, no_prox)[0]
    again = optimizer.step(params, gradient, state, RATE, no_prox)[0]
    np.testing.assert_array_equal(first, again)


@every_optimizer
def test_a_zero_gradient_at_the_start_moves_nothing(name):
    start = np.array([1.0, -2.0])
    np.testing.assert_array_equal(run(OPTIMIZERS[name](), start, [0 * start] * 3)[-1], start)


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if OPTIMIZERS[name].adaptive])
def test_adaptive_rules_do_not_see_the_scale_of_the_gradient(name, rng):
    start, gradients = np.zeros(4), random_gradients(rng)
    path = run(OPTIMIZERS[name](epsilon=1e-30), start, gradients)
    louder = run(OPTIMIZERS[name](epsilon=1e-30), start, [1e6 * g for g in gradients])
    np.testing.assert_allclose(louder, path, rtol=1e-10)


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if OPTIMIZERS[name].adaptive])
def test_adaptive_rules_hand_the_prox_a_step_for_each_coordinate(name, rng):
    sizes = []

    def prox(w, step_size):
        sizes.append(step_size)
        return w

    run(OPTIMIZERS[name](), np.zeros(4), random_gradients(rng), prox)
    for size in sizes:
        assert size.shape == (4,)
        assert len(set(size)) == 4


# Where the gradient is taken


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name != "nesterov"])
def test_gradient_is_taken_at_the_parameters(name, rng):
    optimizer, start = OPTIMIZERS[name](), rng.normal(size=4)
    params, state = optimizer.step(start, start, optimizer.init(start), RATE, no_prox)
    assert optimizer.lookahead(params, state) is params


def test_nesterov_looks_ahead_along_the_last_displacement(rng):
    optimizer, start = Nesterov(0.7), rng.normal(size=4)
    state = optimizer.init(start)
    np.testing.assert_array_equal(optimizer.lookahead(start, state), start)
    params, state = optimizer.step(start, rng.normal(size=4), state, RATE, no_prox)
    ahead = optimizer.lookahead(params, state)
    np.testing.assert_allclose(ahead, params + 0.7 * (params - start), rtol=1e-14)


# The accelerated sequence


def test_accelerated_momentum_follows_the_sequence():
    """(t - 1) / t' with t' = (1 + sqrt(1 + 4 t^2)) / 2, while nothing turns."""
    optimizer, params, gradient = Nesterov("auto"), np.zeros(2), np.array([1.0, 2.0])
    state, t = optimizer.init(params), 1.0
    for _ in range(10):
        t_next = (1 + np.sqrt(1 + 4 * t**2)) / 2
        assert optimizer.current_momentum(state) == pytest.approx((t - 1) / t_next, rel=1e-14)
        params, state = optimizer.step(params, gradient, state, RATE, no_prox)
        t = t_next
    assert optimizer.current_momentum(state) > 0.7


def test_accelerated_momentum_starts_again_when_the_step_turns():
    optimizer, params, gradient = Nesterov("auto"), np.zeros(2), np.array([1.0, 2.0])
    state = optimizer.init(params)
    for _ in range(5):
        params, state = optimizer.step(params, gradient, state, RATE, no_prox)
    assert optimizer.current_momentum(state) > 0.4
    params, state = optimizer.step(params, -0.1 * gradient, state, RATE, no_prox)
    assert optimizer.current_momentum(state) == 0.0


def test_accelerated_steps_converge_much_faster_than_plain_ones():
    """Distance to the minimum of a quadratic with condition number 10,000 after 500 steps."""
    curvature = np.array([1.0, 1e-4])

    def distance(optimizer):
        params = np.ones(2)
        state = optimizer.init(params)
        for _ in range(500):
            gradient = curvature * optimizer.lookahead(params, state)
            params, state = optimizer.step(params, gradient, state, 1.0, no_prox)
        return np.linalg.norm(params)

    assert distance(GradientDescent()) > 0.9
    assert distance(Nesterov("auto")) < 0.01
