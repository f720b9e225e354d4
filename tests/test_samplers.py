"""The rows of each update, and the count of updates."""

import numpy as np
import pytest

from gdregress import GDRegressor
from gdregress.samplers import SAMPLERS, Batch, MiniBatch, Stochastic

N = 23
INSTANCES = {
    **{name: sampler() for name, sampler in SAMPLERS.items()},
    "stochastic in order": Stochastic(shuffle=False),
    "5 rows": MiniBatch(5),
    "5 rows in order": MiniBatch(5, shuffle=False),
    "a quarter": MiniBatch(0.25),
    "1 row": MiniBatch(1),
    "all rows": MiniBatch(1.0),
    "more than all rows": MiniBatch(100),
}
every_sampler = pytest.mark.parametrize("sampler", INSTANCES.values(), ids=INSTANCES)


def epoch(sampler, rng=None, n=N):
    """Rows and share of every update of one epoch."""
    rng = np.random.RandomState(0) if rng is None else rng
    return [(np.arange(n)[rows], share) for rows, share in sampler.batches(n, rng)]


@every_sampler
def test_every_row_is_seen_once_in_an_epoch(sampler):
    seen = np.concatenate([rows for rows, _ in epoch(sampler)])
    np.testing.assert_array_equal(np.sort(seen), np.arange(N))


@every_sampler
def test_number_of_updates(sampler):
    assert sampler.updates_per_epoch(N) == len(epoch(sampler))


@every_sampler
def test_every_row_counts_the_same(sampler):
    """The step of an update times the weight of a row in its mean: share / rows in the batch."""
    counts = {round(share / len(rows), 12) for rows, share in epoch(sampler)}
    assert counts == {round(1 / sampler.size(N), 12)}


@pytest.mark.parametrize(
    ("sampler", "size", "updates"),
    [
        (Batch(), 23, 1),
        (Stochastic(), 1, 23),
        (MiniBatch(5), 5, 5),
        (MiniBatch(23), 23, 1),
        (MiniBatch(100), 23, 1),
        (MiniBatch(0.25), 6, 4),
        (MiniBatch(1.0), 23, 1),
        (MiniBatch(1e-9), 1, 23),
    ],
    ids=str,
)
def test_sizes(sampler, size, updates):
    assert sampler.size(N) == size
    assert sampler.updates_per_epoch(N) == updates


def test_last_batch_holds_the_rest():
    assert [len(rows) for rows, _ in epoch(MiniBatch(5))] == [5, 5, 5, 5, 3]
    assert [share for _, share in epoch(MiniBatch(5))] == [1.0, 1.0, 1.0, 1.0, 0.6]


@pytest.mark.parametrize("sampler", [Stochastic(shuffle=False), MiniBatch(5, shuffle=False)])
def test_without_shuffle_the_order_is_that_of_the_data(sampler):
    seen = np.concatenate([rows for rows, _ in epoch(sampler)])
    np.testing.assert_array_equal(seen, np.arange(N))


@pytest.mark.parametrize("sampler", [Stochastic(), MiniBatch(5)])
def test_shuffle_takes_a_fresh_permutation_each_epoch(sampler):
    rng, twin = np.random.RandomState(3), np.random.RandomState(3)
    orders = [np.concatenate([rows for rows, _ in epoch(sampler, rng)]) for _ in range(3)]
    for order in orders:
        np.testing.assert_array_equal(order, twin.permutation(N))
    assert (orders[0] != orders[1]).any()


@pytest.mark.parametrize(
    ("parameters", "updates"),
    [
        ({"solver": "batch"}, 1),
        ({"solver": "stochastic"}, 23),
        ({"solver": "mini-batch", "batch_size": 5}, 5),
        ({"solver": "mini-batch", "batch_size": 0.25}, 4),
    ],
    ids=str,
)
def test_updates_of_a_fit(small_data, parameters, updates):
    given = {"learning_rate": 0.01, "max_iter": 4, "tol": None, "random_state": 0}
    model = GDRegressor(**given, **parameters).fit(*small_data)
    assert model.history_["t"] == [0, updates, 2 * updates, 3 * updates, 4 * updates]
    assert model.t_ == 4 * updates


def test_the_same_seed_gives_the_same_fit(small_data):
    parameters = {"solver": "stochastic", "max_iter": 3, "tol": None}
    one, two, other = (
        GDRegressor(random_state=seed, **parameters).fit(*small_data) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one.coef_, two.coef_)
    assert (one.coef_ != other.coef_).all()


def test_the_earlier_name_of_the_registry_leads_to_todays():
    with pytest.warns(DeprecationWarning, match="SAMPLERS"):
        from gdregress.samplers import SOLVERS
    assert SOLVERS is SAMPLERS
