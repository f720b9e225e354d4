"""The order of the rows: NumPy's up to the size of the cache, dealt into piles beyond it."""

from itertools import permutations

import numpy as np
import pytest
from harness import kernels, threads
from numpy.testing import assert_array_equal
from scipy.stats import chi2

from gdregress import GDRegressor
from gdregress._core import core, row_orders
from gdregress._core.kernels import interpreted
from gdregress._core.row_orders import LARGEST_IN_CACHE, RowOrders, row_order

LARGE = LARGEST_IN_CACHE + 1
# Of a uniform shuffle, one seed in a hundred thousand gives a larger statistic.
RARE = 1e-5


def shuffled(n, seed, module=core.kernels):
    order = np.full(n, -1, dtype=np.int32)
    module.shuffle(order, np.zeros(257, dtype=np.int64), int(seed))
    return order


def assert_uniform(counts):
    """Pearson's chi-squared statistic is neither too large nor too small to be chance."""
    expected = np.sum(counts) / len(counts)
    statistic = np.sum((np.asarray(counts) - expected) ** 2) / expected
    assert RARE < chi2.sf(statistic, len(counts) - 1) < 1 - RARE


@pytest.mark.parametrize("n", [1, 2, 1000, LARGEST_IN_CACHE])
def test_small_orders_are_those_of_numpy(n):
    expected = np.random.RandomState(3).permutation(n)
    assert_array_equal(row_order(n, np.random.RandomState(3), True), expected)


@pytest.mark.parametrize("n", [5, LARGE])
def test_without_shuffle_the_rows_stay(n):
    rng = np.random.RandomState(3)
    before = rng.get_state()[2]
    assert_array_equal(row_order(n, rng, False), np.arange(n))
    assert rng.get_state()[2] == before


@pytest.mark.parametrize("n", [LARGE, 200_003])
def test_large_orders_are_permutations_of_their_seed(n):
    orders = [row_order(n, np.random.RandomState(seed), True) for seed in (0, 0, 1)]
    for order in orders:
        assert_array_equal(np.sort(order), np.arange(n))
    assert_array_equal(orders[0], orders[1])
    # two random permutations agree in one place on average
    assert np.sum(orders[0] == orders[2]) < 20
    assert np.sum(orders[0] == np.arange(n)) < 20


def test_every_epoch_has_its_own_order():
    rng = np.random.RandomState(0)
    orders = [row_order(LARGE, rng, True) for _ in range(3)]
    for a, b in ((0, 1), (1, 2), (0, 2)):
        assert np.sum(orders[a] == orders[b]) < 20


@pytest.mark.parametrize("n", [1, 2, 3, 4, 100, 1000, 3000])
@pytest.mark.parametrize("seed", [0, 1, 2**62 - 1, 2**63 + 12345])
def test_the_twins_agree(seed, n):
    order = shuffled(n, seed)
    assert_array_equal(order, shuffled(n, seed, interpreted))
    assert_array_equal(np.sort(order), np.arange(n))


def test_the_interpreted_core_shuffles_too():
    expected = row_order(LARGE, np.random.RandomState(0), True)
    with kernels(interpreted):
        assert_array_equal(row_order(LARGE, np.random.RandomState(0), True), expected)


def test_without_any_core_it_is_numpy():
    expected = np.random.RandomState(0).permutation(LARGE)
    with kernels(None):
        assert_array_equal(row_order(LARGE, np.random.RandomState(0), True), expected)


def test_all_orders_of_four_rows_are_equally_likely():
    counts = dict.fromkeys(permutations(range(4)), 0)
    seeds = np.random.RandomState(0).randint(2**62, size=24_000, dtype=np.int64)
    for seed in seeds:
        counts[tuple(shuffled(4, seed).tolist())] += 1
    assert_uniform(list(counts.values()))


@pytest.mark.parametrize("row", [0, 1, 999])
def test_a_row_lands_anywhere(row):
    seeds = np.random.RandomState(row).randint(2**62, size=10_000, dtype=np.int64)
    places = [int(np.flatnonzero(shuffled(1000, seed) == row)[0]) for seed in seeds]
    assert_uniform(np.bincount(places, minlength=1000))


def test_neighbours_are_parted():
    """Where the second row lands relative to the first: any distance, in either direction."""
    seeds = np.random.RandomState(5).randint(2**62, size=10_000, dtype=np.int64)
    distances = []
    for seed in seeds:
        place = np.argsort(shuffled(50, seed))
        distances.append((place[1] - place[0]) % 50 - 1)
    assert_uniform(np.bincount(distances, minlength=49))


def test_seeds_that_follow_each_other_give_unrelated_orders():
    orders = np.array([shuffled(1000, seed) for seed in range(500)])
    assert_uniform(np.bincount(orders[:, 0], minlength=1000))
    agreeing = np.sum(orders[1:] == orders[:-1], axis=1)
    assert 0.8 < agreeing.mean() < 1.2  # one place on average, with variance 1


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_fits_on_many_rows_follow_their_seed():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(LARGE, 2))
    y = X @ [1.0, -1.0] + rng.normal(size=LARGE)
    model = GDRegressor(solver="stochastic", max_iter=2, tol=None)
    coefs = [model.set_params(random_state=seed).fit(X, y).coef_ for seed in (0, 0, 1)]
    assert_array_equal(coefs[0], coefs[1])
    assert (coefs[0] != coefs[2]).all()


@pytest.mark.parametrize("most", [1, 3])
@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("n", [10, LARGE])
def test_orders_drawn_early_are_those_of_epoch_after_epoch(n, shuffle, most):
    orders, rng, plain = RowOrders(), np.random.RandomState(5), np.random.RandomState(5)
    for _ in range(3):
        assert_array_equal(orders.draw(n, rng, shuffle, most), row_order(n, plain, shuffle))
    assert_array_equal(rng.randint(2**31, size=3), plain.randint(2**31, size=3))


def test_an_order_drawn_early_is_dropped_when_the_generator_has_moved_on():
    orders, rng, plain = RowOrders(), np.random.RandomState(5), np.random.RandomState(5)
    orders.draw(LARGE, rng, True, most=9)
    row_order(LARGE, plain, True)
    rng.rand(), plain.rand()
    assert_array_equal(orders.draw(LARGE, rng, True, 9), row_order(LARGE, plain, True))
    assert_array_equal(orders.draw(LARGE + 1, rng, True, 9), row_order(LARGE + 1, plain, True))


@pytest.fixture
def drawn(monkeypatch):
    """What has been drawn in the background."""
    futures, in_background = [], row_orders.in_background

    def remembered(*args):
        futures.append(in_background(*args))
        return futures[-1]

    monkeypatch.setattr(row_orders, "in_background", remembered)
    return futures


@pytest.mark.parametrize("n_threads", [1, 2])
def test_orders_are_drawn_early_where_another_thread_is_allowed(drawn, n_threads):
    orders, rng, plain = RowOrders(), np.random.RandomState(5), np.random.RandomState(5)
    expected = [row_order(LARGE, plain, True) for _ in range(2)]
    with threads(n_threads):
        assert_array_equal(orders.draw(LARGE, rng, True, 2), expected[0])
        assert len(drawn) == n_threads - 1
        for future in drawn:
            assert_array_equal(future.result(), expected[1])
        assert_array_equal(orders.draw(LARGE, rng, True, 2), expected[1])
    assert len(drawn) == n_threads - 1


def test_a_fit_draws_no_order_that_it_does_not_need(drawn):
    X = np.random.RandomState(0).randn(LARGE, 1)
    model = GDRegressor(solver="stochastic", max_iter=3, tol=None, random_state=0)
    with threads(2):
        model.fit(X, X[:, 0] + X[::-1, 0])
        assert len(drawn) == 2
        model.partial_fit(X, X[:, 0])
    assert len(drawn) == 2
