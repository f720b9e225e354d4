"""`minimize` descends any function of any library, by the loop of the estimators."""

import numpy as np
import pytest
import scipy.optimize
from components import OVER_ALL_ROWS
from grids import pairwise
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import rosen, rosen_der

from gdregress import minimize
from gdregress.penalties import L1, Box
from gdregress.schedules import SCHEDULES

SQUARE = {"fun": lambda x: x**2, "jac": lambda x: 2 * x}
START = np.array([-1.2, 1.0])
MATRIX = np.array([[3.0, 0.5], [0.5, 1.0]])


def quadratic(x):
    return x @ MATRIX @ x / 2 - x[0]


def quadratic_slope(x):
    return MATRIX @ x - np.array([1.0, 0.0])


def value_and_slope(x):
    return quadratic(x), quadratic_slope(x)


MINIMUM = np.linalg.solve(MATRIX, [1.0, 0.0])


LIBRARIES = ["torch", "jax"]


@pytest.fixture
def xp(request):
    """The array functions of a library, those of JAX in double precision."""
    if request.param == "numpy":
        return np
    library = request.getfixturevalue(request.param)
    return library if request.param == "torch" else library.numpy


class TestReferenceFigures:
    """The functions of one variable, to every digit of the page that they come from."""

    @pytest.mark.parametrize(
        ("start", "rate", "steps", "expected"),
        [
            (4.0, 0.1, 30, "0.0049517602"),
            (4.0, 0.01, 30, "2.1819372775"),
            (4.0, 0.01, 20, "2.6704318870"),
            (4.0, 0.1, 20, "0.0461168602"),
            (4.0, 0.9, 20, "0.0461168602"),
            (10.0, 0.01, 20, "6.6760797176"),
            (10.0, 0.1, 20, "0.1152921505"),
            (10.0, 0.9, 20, "0.1152921505"),
            (10.0, 1.1, 20, "383.3759992447"),
        ],
    )
    def test_square(self, start, rate, steps, expected):
        result = minimize(**SQUARE, x0=start, learning_rate=rate, max_iter=steps)
        assert f"{result.x:.10f}" == expected

    def test_half_lands_in_one_step(self):
        result = minimize(**SQUARE, x0=10.0, learning_rate=0.5)
        assert result.x == 0.0 and result.success and result.path[1] == 0.0

    def test_all_steps_are_made_without_tol(self):
        result = minimize(**SQUARE, x0=4.0, learning_rate=0.5, max_iter=30, tol=None)
        assert result.nit == 30 and result.x == 0.0 and "max_iter=30" in result.message

    def test_path(self):
        path = minimize(**SQUARE, x0=4.0, max_iter=30).path
        assert [f"{path[step]:.10g}" for step in (1, 6, 11, 16)] == [
            "3.2",
            "1.048576",
            "0.3435973837",
            "0.1125899907",
        ]

    def test_shifted_square(self):
        path = minimize(lambda x: (x - 3) ** 2 + 1, 10.0, jac=lambda x: 2 * (x - 3), max_iter=30)
        shown = [f"{x:.10f}" for x in path.path[::5]]
        assert shown[1:] == [
            "5.2937600000",
            "3.7516192768",
            "3.2462906046",
            "3.0807045053",
            "3.0264452523",
            "3.0086655803",
        ]

    def test_momentum(self):
        result = minimize(**SQUARE, x0=10.0, optimizer="momentum", max_iter=20)
        assert f"{result.x:.10f}" == "-3.4925261659"

    @pytest.mark.parametrize("xp", ["numpy", *LIBRARIES], indirect=True)
    def test_one_neuron(self, xp):
        """Prediction w . (2, 2) + b of a target 0.1, by hand and by two libraries' derivatives."""
        x, start = xp.asarray(np.array([2.0, 2.0, 1.0])), xp.asarray(np.array([0.1, 0.01, 0.0]))

        def loss(w):
            return (0.1 - (w * x).sum()) ** 2

        jac = (lambda w: -2 * (0.1 - (w * x).sum()) * x) if xp is np else None
        result = minimize(loss, start, jac=jac, max_iter=100, tol=None)
        assert type(result.x) is type(start)
        predictions = [float((w * x).sum()) for w in result.path]
        assert_allclose(
            predictions[:6], [0.22, 0.004, 0.1768, 0.03856, 0.149152, 0.0606784], rtol=1e-12
        )
        losses = result.history["objective"]
        assert_allclose(losses[:4], [0.0144, 0.009216, 0.00589824, 0.0037748736], rtol=1e-12)
        assert f"{predictions[99]:.13f}" == "0.0999999999694"
        assert [f"{float(w):.10f}" for w in result.x] == [
            "0.0733333333",
            "-0.0166666667",
            "-0.0133333333",
        ]


class TestDerivatives:
    @pytest.mark.parametrize("jac", [quadratic_slope, True, None])
    def test_of_numpy(self, jac):
        fun = quadratic if jac is not True else value_and_slope
        result = minimize(fun, START, jac=jac, tol=1e-6)
        assert_allclose(result.x, MINIMUM, atol=1e-5)
        assert result.success
        assert ("finite differences" in result.message) == (jac is None)

    @pytest.mark.parametrize("xp", LIBRARIES, indirect=True)
    def test_of_numpy_by_a_library(self, xp, request):
        matrix = xp.asarray(MATRIX)
        library = request.node.callspec.params["xp"]
        result = minimize(lambda x: x @ matrix @ x / 2 - x[0], START, jac=library)
        assert isinstance(result.x, np.ndarray) and result.success
        assert_allclose(result.x, MINIMUM, atol=1e-7)

    @pytest.mark.parametrize("xp", LIBRARIES, indirect=True)
    def test_of_their_own_arrays(self, xp):
        start, matrix = xp.asarray(START), xp.asarray(MATRIX)
        result = minimize(lambda x: x @ matrix @ x / 2 - x[0], start)
        assert type(result.x) is type(start) and type(result.path[-1]) is type(start)
        assert_allclose(np.asarray(result.x), MINIMUM, atol=1e-7)
        expected = minimize(quadratic, START, jac=quadratic_slope)
        assert_allclose(np.asarray(result.path), expected.path, rtol=0, atol=1e-12)

    def test_evaluations_are_counted(self):
        calls = {"fun": 0, "jac": 0}

        def fun(x):
            calls["fun"] += 1
            return quadratic(x)

        def jac(x):
            calls["jac"] += 1
            return quadratic_slope(x)

        result = minimize(fun, START, jac=jac, max_iter=20, tol=None)
        assert (result.nfev, result.njev) == (calls["fun"], calls["jac"])
        assert result.njev <= 22

    def test_value_and_gradient_come_from_one_call_a_step(self):
        result = minimize(value_and_slope, START, jac=True, max_iter=20, tol=None)
        assert result.nfev <= 22 + 4  # those that compare the gradient with differences

    def test_arguments_reach_both(self):
        result = minimize(
            lambda x, a, b: (x - a) ** 2 + b, 0.0, (3.0, 1.0), jac=lambda x, a, b: 2 * (x - a)
        )
        assert result.x == pytest.approx(3.0) and result.fun == pytest.approx(1.0)


class TestStructures:
    @pytest.mark.parametrize(
        "start",
        [
            2.0,
            3,
            np.float32(2.0),
            np.ones((2, 3)),
            [1.0, 2.0],
            (1, 2),
            {"a": np.ones((2, 2)), "b": 1.5},
            [np.ones(2), {"c": np.zeros(())}],
        ],
        ids=str,
    )
    def test_come_back_as_they_came(self, start):
        def total(x):
            if isinstance(x, dict):
                return sum(total(value) for value in x.values())
            if isinstance(x, (list, tuple)):
                return sum(total(value) for value in x)
            return np.sum((np.asarray(x) - 1.0) ** 2)

        x = minimize(total, start, tol=1e-5).x
        assert total(x) < 1e-9
        if isinstance(start, dict):
            assert x.keys() == start.keys() and isinstance(x["b"], float)
        elif isinstance(start, list) and isinstance(start[0], np.ndarray):
            assert isinstance(x, list) and x[0].shape == (2,) and x[1]["c"].shape == ()
        elif isinstance(start, (float, int)):
            assert isinstance(x, float)
        else:
            assert x.shape == np.asarray(start).shape

    def test_the_start_is_left_alone(self):
        start = START.copy()
        result = minimize(quadratic, start, jac=quadratic_slope)
        assert_array_equal(start, START)
        assert_array_equal(result.path[0], START)
        assert len(result.path) == result.nit + 1

    def test_gradients_are_matched_by_their_keys(self, jax):
        """JAX sorts them."""
        start = {"w": jax.numpy.zeros(2), "b": jax.numpy.zeros(())}

        def fun(p):
            return ((p["w"] - jax.numpy.array([1.0, 2.0])) ** 2).sum() + (p["b"] - 5) ** 2

        result = minimize(fun, start, jac=jax.grad(fun), tol=1e-4)
        assert result.success
        assert_allclose(result.x["w"], [1.0, 2.0], atol=1e-3)
        assert_allclose(result.x["b"], 5.0, atol=1e-3)

    @pytest.mark.parametrize("xp", ["numpy", "torch"], indirect=True)
    def test_functions_may_write_into_x(self, xp):
        start = xp.asarray([3.0, 1.0])

        def jac(x):
            x *= 2
            return x

        result = minimize(lambda x: float((x**2).sum()), start, jac=jac)
        assert result.success and start.tolist() == [3.0, 1.0]
        assert_allclose(result.x, [0.0, 0.0], atol=1e-7)

    def test_functions_may_write_into_the_batch(self):
        seen = []

        def jac(x, batch):
            seen.append(batch.sum())
            batch[:] = 0
            return 2 * x

        minimize(lambda x, batch: x**2, 1.0, jac=jac, n_samples=4, max_iter=3, tol=None)
        assert set(seen) == {6}

    def test_parameters_of_torch_come_back_as_plain_tensors(self, torch):
        start = torch.nn.Parameter(torch.tensor([3.0, 1.0]))
        weight = torch.ones(2, requires_grad=True)
        result = minimize(lambda x: ((x - weight) ** 2).sum(), start, tol=1e-4)
        assert not result.x.requires_grad and not result.path[0].requires_grad
        assert weight.grad is None

    def test_tensors_in_a_dict(self, torch):
        start = {"w": torch.zeros(2), "b": torch.tensor(1.0)}
        result = minimize(lambda p: ((p["w"] - 1) ** 2).sum() + p["b"] ** 2, start, tol=1e-4)
        assert_allclose(result.x["w"], [1.0, 1.0], atol=1e-3)
        assert result.x["b"].shape == ()


class TestRates:
    @pytest.mark.parametrize("optimizer", OVER_ALL_ROWS)
    def test_every_optimizer(self, optimizer):
        result = minimize(
            quadratic, START, jac=quadratic_slope, optimizer=optimizer, max_iter=20_000, tol=1e-6
        )
        # the steps of rmsprop keep their length
        assert_allclose(result.x, MINIMUM, atol=0.1 if optimizer == "rmsprop" else 1e-4)

    @pytest.mark.parametrize("schedule", SCHEDULES)
    def test_every_schedule(self, schedule):
        result = minimize(quadratic, START, jac=quadratic_slope, schedule=schedule)
        assert quadratic(result.x) < quadratic(START)

    @pairwise(
        scale=[1e-6, 1.0, 1e6],
        optimizer=["gd", "momentum", "nesterov"],
        rate=["auto", "line-search"],
    )
    def test_rates_that_are_found(self, scale, optimizer, rate):
        result = minimize(
            lambda x: scale * quadratic(x),
            START,
            jac=lambda x: scale * quadratic_slope(x),
            optimizer=optimizer,
            learning_rate=rate,
            tol=1e-7 * scale,
            max_iter=5000,
        )
        assert result.success
        assert_allclose(result.x, MINIMUM, atol=1e-5)

    def test_auto_is_malitsky_and_mishchenko(self):
        """Their algorithm 1, written out."""
        x, rate, growth = START, 1e-6, np.inf
        new = x - rate * quadratic_slope(x)
        path = [x, new]
        for _ in range(30):
            change = quadratic_slope(new) - quadratic_slope(x)
            largest = np.sqrt(1 + growth) * rate
            found = min(largest, np.linalg.norm(new - x) / (2 * np.linalg.norm(change)))
            growth, rate = found / rate, found
            x, new = new, new - rate * quadratic_slope(new)
            path.append(new)
        result = minimize(
            quadratic, START, jac=quadratic_slope, learning_rate="auto", max_iter=31, tol=None
        )
        assert_allclose(result.path, path, rtol=1e-12)

    @pytest.mark.parametrize("x", [[-1.2, 1], [-1, 1.5], [2, 2], [-1.5, -1], [3, -2]])
    def test_the_swings_of_a_momentum_are_no_plateau(self, x):
        result = minimize(
            rosen,
            np.array(x, dtype=float),
            jac=rosen_der,
            optimizer="nesterov",
            momentum="auto",
            learning_rate="line-search",
            max_iter=5_000,
            tol=1e-6,
        )
        assert result.success, result.message
        assert_allclose(result.x, 1, atol=1e-5)

    @pytest.mark.parametrize("rate", ["auto", "line-search"])
    def test_rosenbrock(self, rate):
        result = minimize(
            rosen, START, jac=rosen_der, learning_rate=rate, max_iter=30_000, tol=1e-6
        )
        assert result.success
        assert_allclose(result.x, [1.0, 1.0], atol=1e-5)

    def test_not_for_adaptive_optimizers(self):
        with pytest.raises(ValueError, match="cannot be combined with Adam"):
            minimize(quadratic, START, optimizer="adam", learning_rate="auto")


class TestPenalties:
    def test_bounds(self):
        result = minimize(quadratic, START, jac=quadratic_slope, penalty=Box(0.0, 0.2))
        bounded = scipy.optimize.minimize(quadratic, [0.1, 0.1], bounds=[(0.0, 0.2)] * 2)
        assert_allclose(result.x, bounded.x, atol=1e-6)

    def test_l1_ends_at_zero(self):
        result = minimize(quadratic, START, jac=quadratic_slope, penalty=L1(5.0))
        assert_array_equal(result.x, [0.0, 0.0])
        assert result.success and result.fun == 0.0


class TestScipy:
    """As ``method`` of scipy.optimize.minimize."""

    def test_options_and_tol(self):
        result = scipy.optimize.minimize(
            rosen,
            START,
            jac=rosen_der,
            method=minimize,
            tol=1e-5,
            options={"learning_rate": "line-search", "max_iter": 30_000},
        )
        assert result.success
        assert_allclose(result.x, [1.0, 1.0], atol=1e-4)

    def test_both_callbacks(self):
        for callback in (lambda x: None, lambda intermediate_result: None):
            result = scipy.optimize.minimize(
                quadratic, START, jac=quadratic_slope, method=minimize, callback=callback
            )
            assert result.success

    def test_without_jac_and_with_args(self):
        result = scipy.optimize.minimize(
            lambda x, a: np.sum((x - a) ** 2), START, args=(2.0,), method=minimize, tol=1e-6
        )
        assert_allclose(result.x, [2.0, 2.0], atol=1e-5)

    def test_says_what_it_cannot(self):
        with pytest.raises(ValueError, match="Box"):
            scipy.optimize.minimize(quadratic, START, method=minimize, bounds=[(0, 1), (0, 1)])


class TestErrors:
    @pytest.mark.parametrize(
        ("parameters", "named"),
        [
            ({"learning_rate": 0}, "learning_rate"),
            ({"learning_rate": "fast"}, "learning_rate"),
            ({"optimizer": "sgd"}, "optimizer"),
            ({"schedule": "auto"}, "schedule"),
            ({"penalty": "l3"}, "penalty"),
            ({"max_iter": 0}, "max_iter"),
            ({"tol": -1}, "tol"),
            ({"callback": 3}, "callback"),
            ({"momentum": 1.5, "optimizer": "momentum"}, "momentum"),
            ({"jac": "tensorflow"}, "jac"),
        ],
    )
    def test_name_the_parameter(self, parameters, named):
        with pytest.raises(ValueError, match=named):
            minimize(quadratic, START, **parameters)

    def test_function_of_several_values(self):
        with pytest.raises(ValueError, match="single number"):
            minimize(lambda x: x, START)

    def test_gradient_of_another_length(self):
        with pytest.raises(ValueError, match="shape of x0"):
            minimize(quadratic, START, jac=lambda x: np.ones(3))

    @pytest.mark.parametrize(
        ("gradient", "message"),
        [
            ({"b": 0.0, "c": 0.0}, r"keys of x0, \['b', 'a'\]"),
            (np.zeros(2), "keys of x0"),
            ({"b": 0.0, "a": np.zeros((3, 2))}, r"shape of x0, \(2, 3\)"),
            ({"b": 0.0, "a": None}, "The gradient must be made of real numbers"),
        ],
    )
    def test_gradient_of_another_structure(self, gradient, message):
        start = {"b": 1.0, "a": np.ones((2, 3))}
        with pytest.raises((ValueError, TypeError), match=message):
            minimize(lambda x: x["b"], start, jac=lambda x: gradient)

    @pytest.mark.parametrize("start", [[], np.empty(0), {}])
    def test_start_of_nothing(self, start):
        with pytest.raises(ValueError, match="at least one number"):
            minimize(quadratic, start)

    @pytest.mark.parametrize("xp", ["numpy", "torch"], indirect=True)
    def test_complex_start(self, xp):
        with pytest.raises(TypeError, match="real numbers"):
            minimize(quadratic, xp.asarray([3 + 4j]))

    @pytest.mark.parametrize(
        "value",
        [
            None,
            "one",
            "1",
            np.str_("one"),
            np.array("one"),
            [1.0, 2.0],
            3 + 4j,
            np.complex128(1),
            b"1",
        ],
    )
    @pytest.mark.parametrize("jac", [None, quadratic_slope])
    def test_function_of_no_number(self, jac, value):
        with pytest.raises(TypeError, match=r"fun must return a single real number\. It returned"):
            minimize(lambda x: value, START, jac=jac)

    def test_function_of_value_and_gradient_without_jac(self):
        with pytest.raises(TypeError, match=r"If these are value and gradient, pass jac=True\."):
            minimize(value_and_slope, START)

    @pytest.mark.parametrize("gradient", ["a", None, [1.0, [2.0, 3.0]], ["a", "b"], [1j, 2.0]])
    def test_gradient_of_no_numbers(self, gradient):
        with pytest.raises(TypeError, match=r"The gradient must be .*real numbers"):
            minimize(quadratic, START, jac=lambda x: gradient)

    def test_function_of_a_value_with_jac(self):
        with pytest.raises(TypeError, match=r"jac=True.*fun must return value and gradient"):
            minimize(quadratic, START, jac=True)

    def test_another_library_is_asked_to_differentiate(self, torch):
        with pytest.raises(ValueError, match="x0 is torch's"):
            minimize(lambda x: (x**2).sum(), torch.ones(2), jac="jax")

    def test_constant_of_torch(self, torch):
        with pytest.raises(ValueError, match="computed from x"):
            minimize(lambda x: torch.tensor(3.0), torch.ones(2))

    def test_start_that_is_no_number(self):
        with pytest.raises(TypeError, match="real numbers"):
            minimize(quadratic, "start")


def test_the_printed_result_is_short():
    result = minimize(lambda x: ((x - 3) ** 2).sum(), np.zeros(2), max_iter=300, tol=None)
    text = repr(result)
    assert len(text) < 1000
    assert "history: History of 300 epochs\n" in text and "path: 301 points" in text
