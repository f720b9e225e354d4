"""Over many rows working sets take second derivatives of a sample, where these are good enough."""

import numpy as np
import pytest
from harness import assert_identical_run
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone

from gdregress import GDClassifier, GDRegressor
from gdregress._engines import working_sets
from gdregress._objective import sample
from gdregress._objective.moments_inside import curved_products
from gdregress.callbacks import Checkpoint
from gdregress.penalties import L1, L21, ElasticNet, GroupL2

COLUMNS = 6
# At least 100 rows of the sample for each parameter, the intercept included.
ROWS = 16 * 100 * (COLUMNS + 1)


@pytest.fixture
def read(monkeypatch):
    """How many rows the second derivatives of each step are those of."""
    found = []

    def counted(design, *args, **options):
        found.append(design.n_samples)
        return curved_products(design, *args, **options)

    monkeypatch.setattr(sample, "LEAST_NUMBERS", 1)
    monkeypatch.setattr(working_sets, "curved_products", counted)
    return found


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(ROWS, COLUMNS)) * [1, 2, 3, 0.1, 1, 1] + [0, 1, 50, 0, 0, 3]
    return X, (X - X.mean(axis=0)) @ [0.5, -0.2, 0.1, 3.0, 0.0, 0.0]


def targets(loss, z):
    rng = np.random.default_rng(1)
    if loss == "poisson":
        return rng.poisson(np.exp(z)).astype(float)
    if loss == "gamma":
        return rng.gamma(2.0, np.exp(z) / 2)
    if loss == "huber":
        return z + rng.standard_t(2, size=z.shape)
    return (z + rng.logistic(size=len(z)) > 0).astype(int)


def model_of(loss, penalty="l1", **parameters):
    kind = GDClassifier if loss in ("log_loss", "squared_hinge") else GDRegressor
    given = {"alpha": 0.01} if isinstance(penalty, str) else {}
    return kind(loss, penalty=penalty, **{"tol": 1e-8, **given, **parameters})


def same_minimum(model, other, **tolerance):
    assert model.stop_reason_ == other.stop_reason_ == "tolerance"
    assert_array_equal(model.coef_ != 0, other.coef_ != 0)
    assert_allclose(model.coef_, other.coef_, **tolerance)
    assert_allclose(model.intercept_, other.intercept_, **tolerance)


PENALTIES = {
    "l1": L1(0.02),
    "elasticnet": ElasticNet(0.02, l1_ratio=0.5),
    "groups": GroupL2(np.arange(COLUMNS) // 2, 0.02),
}


@pytest.mark.parametrize("penalty", list(PENALTIES))
@pytest.mark.parametrize("loss", ["poisson", "gamma", "huber", "log_loss", "squared_hinge"])
def test_it_ends_at_the_minimum_of_all_rows(rows, loss, penalty, read, monkeypatch):
    X, z = rows
    y, weights = targets(loss, z), np.linspace(0.1, 3, ROWS)
    model = model_of(loss, PENALTIES[penalty]).fit(X, y, sample_weight=weights)
    # of a step that is too long for any model, and of those from where only rounding is left
    assert read.count(ROWS) <= 3
    assert 2 < model.n_iter_ < 20
    monkeypatch.undo()
    same_minimum(model, clone(model).fit(X, y, sample_weight=weights), atol=1e-6)


@pytest.mark.parametrize("penalty", [L1(0.02), L21(0.02)], ids=["l1", "rows"])
def test_several_targets(rows, penalty, read, monkeypatch):
    X, z = rows
    Y = targets("huber", np.column_stack([z, X[:, 4] - z]))
    model = model_of("huber", penalty).fit(X, Y)
    of_all = read.count(ROWS) / Y.shape[1]
    assert of_all <= 2 < model.n_iter_ < 20
    monkeypatch.undo()
    same_minimum(model, clone(model).fit(X, Y), atol=1e-6)


@pytest.mark.parametrize("of_library", [sparse.csr_array, np.asfortranarray, np.float32])
def test_rows_may_be_sparse_by_columns_or_of_single_precision(rows, of_library, read, monkeypatch):
    X, z = rows
    y = targets("log_loss", z)
    model = model_of("log_loss", tol=1e-6).fit(of_library(X), y)
    assert read and max(read) < ROWS
    monkeypatch.undo()
    atol = 1e-3 if of_library is np.float32 else 1e-5
    same_minimum(model, model_of("log_loss", tol=1e-6).fit(X, y), atol=atol)


def test_rows_that_mislead_are_not_followed(rows, read, monkeypatch):
    X, z = rows
    y = targets("huber", z)
    y[::16] *= -100  # where the loss is straight
    model = model_of("huber").fit(X, y)
    assert max(read) == ROWS
    objectives = model.history_["objective"]
    assert (np.diff(objectives) <= 1e-12 * objectives[0]).all()
    monkeypatch.undo()
    same_minimum(model, clone(model).fit(X, y), atol=1e-6)


@pytest.mark.usefixtures("read")
def test_a_column_that_the_sample_has_nothing_of(rows):
    X, z = rows
    X[:, 3] = 0.0
    X[1::16, 3] = 1.0
    y = targets("log_loss", z + 2 * X[:, 3])
    model = model_of("log_loss", alpha=1e-4).fit(X, y)
    assert model.stop_reason_ == "tolerance" and model.n_iter_ < 15
    slopes = 1 / (1 + np.exp(-(X @ model.coef_[0] + model.intercept_[0]))) - y
    w, gradient = model.coef_[0], X.T @ slopes / ROWS
    assert w[3] > 1
    assert_allclose(gradient[w != 0], -1e-4 * np.sign(w[w != 0]), atol=1e-7)


def test_all_columns_are_read_where_a_copy_takes_longer(rows, read, monkeypatch):
    """A set of most columns has the design matrix itself; the steps are the same."""
    X, z = rows
    y, found = targets("log_loss", z), []
    for cost in (0, 1000):
        monkeypatch.setattr(working_sets, "PRODUCTS_OF_COPY", cost)
        found.append(model_of("log_loss").fit(X, y))
    assert 0 < np.count_nonzero(found[0].coef_) < COLUMNS
    same_minimum(*found, atol=1e-12)
    assert found[0].n_iter_ == found[1].n_iter_


@pytest.mark.usefixtures("read")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_resumed_run_is_the_same_to_the_bit(rows, tmp_path):
    X, z = rows
    y = targets("log_loss", z)
    whole = model_of("log_loss", tol=None, max_iter=5).fit(X, y)
    half = model_of("log_loss", tol=None, max_iter=2)
    half.set_callbacks(Checkpoint(tmp_path / "fit")).fit(X, y)
    resumed = clone(whole).fit(X, y, resume_from=tmp_path / "fit")
    assert_identical_run(resumed, whole)
