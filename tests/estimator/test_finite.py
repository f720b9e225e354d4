"""NaN and infinity are found in any place; large finite numbers are accepted."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import Ridge

from gdregress import GDRegressor
from gdregress._estimator.input import data
from gdregress._estimator.input.finite import check_all_finite

# scikit-learn, which has the last word, adds up infinities of both signs
pytestmark = pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning:numpy")

SHAPE = (40_000, 20)  # 800,000 numbers: three pieces
PLACES = [(0, 0), (0, 19), (13_333, 7), (26_666, 0), (39_999, 19)]


@pytest.fixture(scope="module", params=["C", "F", "strided"])
def rows(request):
    """Finite numbers in an array that tests may write into, if they clean up."""
    if request.param == "strided":
        larger = np.ones((SHAPE[0], 2 * SHAPE[1]))
        larger[:, 1::2] = np.nan
        return larger[:, ::2]
    return np.ones(SHAPE, order=request.param)


@pytest.fixture
def spoil(rows):
    """Put a value into some places; the array is clean again after the test."""
    touched = []

    def put(value, *places):
        for place in places:
            touched.append(place)
            rows[place] = value
        return rows

    yield put
    for place in touched:
        rows[place] = 1.0


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_the_error_is_that_of_scikit_learn_and_names_the_place(value, place, spoil):
    X = spoil(value, place)
    messages = []
    for model in (Ridge(), GDRegressor()):
        with pytest.raises(ValueError, match="Input X contains") as caught:
            model.fit(X, np.arange(SHAPE[0]))
        messages.append(str(caught.value).splitlines()[0])
    assert messages[1].startswith(messages[0])
    assert f"The first is in row {place[0]}, column {place[1]}; 1 of {SHAPE[0]}" in messages[1]


def test_infinities_do_not_cancel(spoil):
    X = spoil(np.inf, PLACES[1])
    X = spoil(-np.inf, PLACES[2])
    with pytest.raises(ValueError, match="infinity"):
        check_all_finite(X, GDRegressor())


def test_sums_may_overflow(spoil):
    """Huge numbers of one sign, then of the other in another piece as well."""
    check_all_finite(spoil(1.7e308, (0, 0), (0, 1), (1, 0), (1, 1)), GDRegressor())
    check_all_finite(spoil(-1.7e308, *[(39_000 + i, 3) for i in range(9)]), GDRegressor())


def test_sums_may_overflow_in_single_precision():
    X = np.full(SHAPE, 3e38, dtype=np.float32)
    check_all_finite(X, GDRegressor())
    X[-1, -1] = np.nan
    with pytest.raises(ValueError, match="Input X contains NaN"):
        check_all_finite(X, GDRegressor())


def test_huge_numbers_beside_a_nan(spoil):
    X = spoil(1.7e308, *[(i, 0) for i in range(9)])
    spoil(np.nan, PLACES[-1])
    with pytest.raises(ValueError, match="Input X contains NaN"):
        check_all_finite(X, GDRegressor())


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_wide_table_whose_variances_tell(value, dtype):
    X = np.random.RandomState(0).normal(size=(20, 600)).astype(dtype)
    X[7, 333] = value
    with pytest.raises(ValueError, match="first is in row 7, column 333; 1 of 20"):
        GDRegressor(penalty="l1").fit(X, np.arange(20.0))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_sparse_and_small(value):
    for X in (np.ones((5, 3)), sparse.csr_array(np.ones(SHAPE))):
        check_all_finite(X, GDRegressor())
        (X.data if sparse.issparse(X) else X.reshape(-1))[-1] = value
        with pytest.raises(ValueError, match="Input X contains"):
            check_all_finite(X, GDRegressor())


def test_a_fit_leaves_the_warnings_on(spoil):
    """Only the sum is silenced."""
    check_all_finite(spoil(1.7e308, (0, 0), (0, 1)), GDRegressor())
    assert np.geterr()["over"] == "warn"


@pytest.mark.parametrize("columns", [3, 200])
@pytest.mark.parametrize(
    ("given", "readings"),
    [
        ({}, 0),
        ({"penalty": "l1"}, 0),
        ({"solver": "stochastic", "max_iter": 1, "tol": None}, 0),
        ({"preconditioner": None}, 1),
        ({"learning_rate": 1e-3, "max_iter": 2, "tol": None}, 1),
        ({"early_stopping": True}, 1),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_variances_of_all_columns_spare_a_reading_of_its_own(
    given, readings, columns, monkeypatch
):
    rng = np.random.RandomState(0)
    X, calls = rng.normal(size=(100, columns)), []
    monkeypatch.setattr(data, "check_all_finite", lambda X, estimator: calls.append(X))
    model = GDRegressor(random_state=0, **given).fit(X, X.sum(axis=1))
    assert len(calls) == readings
    # rows of weight zero are in no variance
    model.fit(X, X.sum(axis=1), sample_weight=rng.uniform(size=100))
    assert len(calls) == readings + 1
