"""A fit that is resumed from its last checkpoint ends as the one that was not interrupted."""

import json
import subprocess
import sys

import numpy as np
import pytest
from harness import assert_identical_run
from hooks import EpochHook
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_wine

from gdregress import GDClassifier, GDRegressor
from gdregress._utils.files import read, write
from gdregress.callbacks import Checkpoint

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


class Interrupt(Exception):
    """What ends a fit in the middle."""


class EndAt(EpochHook):
    """A callback that raises at the end of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        if context.task_name == "epoch" and fitted_estimator.n_iter_ == self.epoch:
            raise Interrupt


def make_data(n=120, p=5):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, p)) * [1, 10, 100, 1e-3, 1] + [0, 5, 1000, 0, 3]
    X[:, 1] = X[:, 0] + 1e-2 * X[:, 1]
    z = X @ (np.linspace(1, -2, p) / [1, 10, 100, 1e-3, 1])
    return X, z - z.mean() + rng.normal(size=n)


def interrupted_fit(model, path, at, fit, every=1):
    """Fit until the end of an epoch, and leave a checkpoint."""
    model.set_callbacks(Checkpoint(path, every), EndAt(at))
    with pytest.raises(Interrupt):
        fit(model)
    model.set_callbacks()


def assert_resumed_is_whole(path, model, at, fit, every=1):
    whole = fit(clone(model))
    at = min(at, whole.n_iter_ - 1)
    interrupted_fit(clone(model), path, at, fit, min(at, every))
    resumed = fit(clone(model), resume_from=path)
    assert_identical_run(resumed, whole)
    assert resumed.learning_rate_ == whole.learning_rate_


RUNS = {
    "moments": {},
    "conjugate gradients": {"loss": "huber"},
    "line search": {"loss": "huber", "optimizer": "nesterov"},
    "a line search by name": {"learning_rate": "line-search"},
    "envelopes": {"loss": "absolute_error"},
    "subgradients": {"loss": "absolute_error", "optimizer": "gd"},
    "variance reduction": {"solver": "mini-batch"},
    "averages": {"solver": "stochastic", "average": True},
    "adam on batches": {"solver": "mini-batch", "optimizer": "adam"},
    "an adaptive schedule": {"optimizer": "adam"},
    "a schedule of the run": {
        "solver": "mini-batch",
        "schedule": "one-cycle",
        "learning_rate": 1e-6,
    },
    "l1": {"penalty": "l1", "loss": "huber"},
    "early stopping": {"early_stopping": True},
    "a metric that is renewed": {
        "loss": "log_cosh",
        "optimizer": "momentum",
        "preconditioner": "moments",
        "max_iter": 100,
        "tol": None,
    },
    "a path": {"store_path": True},
}


@pytest.mark.parametrize("at", [3, pytest.param(40, marks=pytest.mark.full)])
@pytest.mark.parametrize("run", RUNS)
def test_resumed_to_the_bit(tmp_path, run, at):
    X, y = make_data()
    given = {"max_iter": 60, "random_state": 0, "tol": 1e-8, **RUNS[run]}

    def fit(model, **resume):
        return model.fit(X, y, **resume)

    assert_resumed_is_whole(tmp_path / "fit", GDRegressor(**given), at, fit)


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_working_sets_whose_model_is_kept(tmp_path, at):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(100, 1000))
    y = X @ rng.normal(size=1000)

    def fit(model, **resume):
        return model.fit(X, y, **resume)

    model = GDRegressor(penalty="l1", alpha=1.0, tol=None, max_iter=6)
    assert_resumed_is_whole(tmp_path / "fit", model, at, fit)


@pytest.mark.parametrize("generator", [None, np.random.RandomState(3)], ids=["None", "generator"])
@pytest.mark.parametrize("solver", ["batch", "mini-batch"])
def test_rows_that_were_held_out_at_random_are_held_out_again(tmp_path, solver, generator):
    X, y = make_data()
    given = {"solver": solver, "early_stopping": True, "n_iter_no_change": 99, "tol": None}
    given |= {"optimizer": "gd", "random_state": generator}
    whole = GDRegressor(max_iter=5, **given)
    whole.set_callbacks(Checkpoint(tmp_path / "fit", every=3)).fit(X, y)
    resumed = GDRegressor(max_iter=5, **given).fit(X, y, resume_from=tmp_path / "fit")
    assert_array_equal(resumed.coef_, whole.coef_)
    assert resumed.validation_scores_ == whole.validation_scores_


@pytest.mark.parametrize("before_the_end", [3, 1])
def test_batches_that_finish_along_envelopes(tmp_path, before_the_end):
    X, y = make_data()
    model = GDRegressor(loss="absolute_error", solver="mini-batch", random_state=0)
    at = model.fit(X, y).n_iter_ - before_the_end
    assert model.converged_

    def fit(model, **resume):
        return model.fit(X, y, **resume)

    assert_resumed_is_whole(tmp_path / "fit", clone(model), at, fit)


@pytest.mark.parametrize("at", [99, 100, 103])
def test_batches_of_classes_that_finish_over_all_rows(tmp_path, at):
    X, y = load_wine(return_X_y=True)
    model = GDClassifier("squared_hinge", solver="mini-batch", random_state=0)

    def fit(model, **resume):
        return model.fit(X, y, **resume)

    assert fit(clone(model)).n_iter_ > at
    assert_resumed_is_whole(tmp_path / "fit", model, at, fit)


@pytest.mark.parametrize(
    ("given", "size"),
    [
        ({}, 1),
        ({"loss": "huber"}, 1),
        ({"loss": "huber"}, 1000),
        ({"solver": "mini-batch"}, 1),
        ({"loss": "absolute_error", "penalty": "l1"}, 1),
    ],
    ids=str,
)
def test_resumed_fit_of_batches(tmp_path, given, size):
    X, y = make_data()
    y = y * size
    batches = [(X[start : start + 50], y[start : start + 50]) for start in range(0, 120, 50)]
    model = GDRegressor(max_iter=60, random_state=0, tol=1e-8, **given)

    def fit(model, **resume):
        return model.fit_batches(batches, **resume)

    assert_resumed_is_whole(tmp_path / "fit", model, 2 if "penalty" not in given else 12, fit)


def test_resumed_classifier_of_text_labels(tmp_path):
    X, y = make_data()
    labels = np.array(["high", "low", "middle"])[np.digitize(y, [-1, 1])]

    def fit(model, **resume):
        return model.fit(X, labels, **resume)

    model = GDClassifier(solver="mini-batch", max_iter=30, random_state=0)
    assert_resumed_is_whole(tmp_path / "fit", model, 7, fit)


def test_from_an_older_checkpoint(tmp_path):
    X, y = make_data()

    def fit(model, **resume):
        return model.fit(X, y, **resume)

    model = GDRegressor(solver="mini-batch", max_iter=20, tol=None, random_state=0)
    assert_resumed_is_whole(tmp_path / "fit", model, 13, fit, every=5)
    assert read(tmp_path / "fit")["course"]["counts"]["n_iter"] == 10


def test_of_a_fit_that_had_ended(tmp_path):
    X, y = make_data()
    model = GDRegressor(loss="huber", optimizer="nesterov", tol=1e-6)
    model.set_callbacks(Checkpoint(tmp_path / "fit")).fit(X, y)
    resumed = clone(model).set_callbacks().fit(X, y, resume_from=tmp_path / "fit")
    assert_identical_run(resumed, model)


def test_more_epochs_may_be_asked_for(tmp_path):
    X, y = make_data()
    given = {"solver": "mini-batch", "tol": None, "random_state": 0}
    GDRegressor(max_iter=4, **given).set_callbacks(Checkpoint(tmp_path / "fit")).fit(X, y)
    whole = GDRegressor(max_iter=9, **given).fit(X, y)
    assert_identical_run(
        GDRegressor(max_iter=9, **given).fit(X, y, resume_from=tmp_path / "fit"), whole
    )


class TestErrors:
    def fails(self, path, message, data=None, error=ValueError, **given):
        X, y = make_data()
        model = GDRegressor(max_iter=3, tol=None)
        model.set_callbacks(Checkpoint(path)).fit(X, y)
        with pytest.raises(error, match=message):
            GDRegressor(max_iter=3, tol=None, **given).fit(*data or (X, y), resume_from=path)

    def test_other_parameters(self, tmp_path):
        message = (
            r"other parameters: loss='squared_error', not loss='huber'\. .*without resume_from"
        )
        self.fails(tmp_path / "fit", message, loss="huber")
        message = "penalty=None, alpha=0.0001, not penalty='l2', alpha=0.1\\. Only"
        self.fails(tmp_path / "fit", message, penalty="l2", alpha=0.1)

    def test_fewer_epochs_than_have_been(self, tmp_path):
        X, y = make_data()
        GDRegressor(max_iter=3, tol=None).set_callbacks(Checkpoint(tmp_path / "fit")).fit(X, y)
        with pytest.raises(
            ValueError, match=r"of 3 epochs, more than max_iter=2\. Set max_iter to"
        ):
            GDRegressor(max_iter=2, tol=None).fit(X, y, resume_from=tmp_path / "fit")

    def test_a_start_beside_a_checkpoint(self, tmp_path):
        X, y = make_data()
        GDRegressor(max_iter=3, tol=None).set_callbacks(Checkpoint(tmp_path / "fit")).fit(X, y)
        model = GDRegressor(max_iter=3, tol=None)
        for name, value in (("coef_init", np.zeros(5)), ("intercept_init", 0.0)):
            with pytest.raises(ValueError, match=f"{name} cannot be combined with resume_from"):
                model.fit(X, y, resume_from=tmp_path / "fit", **{name: value})

    @pytest.mark.parametrize("given", [{"store_path": True}, {"random_state": 1}], ids=str)
    def test_parameters_that_other_fits_do_not_compare(self, tmp_path, given):
        name = next(iter(given))
        message = f"other parameters: {name}=.*, not {name}={given[name]}. Only max_iter"
        self.fails(tmp_path / "fit", message, **given)

    @pytest.mark.parametrize(
        "given",
        [{}, {"loss": "huber"}, {"loss": "huber", "optimizer": "nesterov"}],
        ids=str,
    )
    def test_another_kind_of_data(self, tmp_path, given):
        X, y = make_data()
        fits = {
            "dense rows of float64 in memory": lambda model, **resume: model.fit(X, y, **resume),
            "sparse rows of float64 in memory": lambda model, **resume: model.fit(
                sparse.csr_array(X), y, **resume
            ),
            "dense rows of float32 in memory": lambda model, **resume: model.fit(
                X.astype(np.float32), y, **resume
            ),
            "dense rows of float64 in blocks": lambda model, **resume: model.fit_batches(
                [(X, y)], **resume
            ),
        }
        model = GDRegressor(max_iter=2, tol=None, **given)
        for made, fit in fits.items():
            fit(clone(model).set_callbacks(Checkpoint(tmp_path / "fit")))
            for kind, resumed in fits.items():
                if kind == made:
                    continue
                with pytest.raises(ValueError, match=f"kind of data: {made}.*, not {kind}"):
                    resumed(clone(model), resume_from=tmp_path / "fit")

    def test_other_data(self, tmp_path):
        X, y = make_data()
        self.fails(tmp_path / "fit", "of other data: its objective", (X, y + 1e-3 * X[:, 2]))
        self.fails(tmp_path / "fit", r"of the shape \(6,\)", (X[:, :3], y))

    def test_other_files(self, tmp_path):
        X, y = make_data()
        other = tmp_path / "other"
        other.write_bytes(b"text")
        np.savez(tmp_path / "arrays.npz", a=np.zeros(2))
        np.save(tmp_path / "array.npy", np.zeros(2))
        for path in (other, tmp_path / "arrays.npz", tmp_path / "array.npy"):
            with pytest.raises(ValueError, match="is no file of a Checkpoint"):
                GDRegressor().fit(X, y, resume_from=path)
        with pytest.raises(FileNotFoundError):
            GDRegressor().fit(X, y, resume_from=tmp_path / "none")

    def test_of_the_callback(self, tmp_path):
        with pytest.raises(ValueError, match="every must be an int of at least 1"):
            Checkpoint(tmp_path / "fit", every=0)
        with pytest.raises(ValueError, match="folder that exists"):
            Checkpoint(tmp_path / "none" / "fit")
        with pytest.raises(ValueError, match=r"must be that of a file.*model.checkpoint"):
            Checkpoint(tmp_path)


class TestFile:
    def test_values_come_back(self, tmp_path):
        content = {
            "text": "ü",
            "numbers": [1, 0.1 + 0.2, float("inf"), -0.0, True, None],
            "pair": (np.arange(3, dtype=np.float32), {"deep": np.zeros((0, 2))}),
        }
        write(tmp_path / "file", content)
        found = read(tmp_path / "file")
        assert found["numbers"] == content["numbers"] and found["text"] == "ü"
        array, deep = found["pair"]
        np.testing.assert_array_equal(array, content["pair"][0])
        assert array.dtype == np.float32 and deep["deep"].shape == (0, 2)

    def test_a_part_of_a_file_is_no_file(self, tmp_path):
        write(tmp_path / "file", {"array": np.arange(50.0), "text": "a" * 100})
        content = (tmp_path / "file").read_bytes()
        for length in range(0, len(content), 7):
            (tmp_path / "part").write_bytes(content[:length])
            with pytest.raises(ValueError, match="is no file of a Checkpoint"):
                read(tmp_path / "part")

    def test_holds_no_pickle(self, tmp_path):
        X, y = make_data()
        model = GDRegressor(solver="mini-batch", max_iter=2, tol=None)
        model.set_callbacks(Checkpoint(tmp_path / "fit")).fit(X, y)
        with np.load(tmp_path / "fit", allow_pickle=False) as arrays:
            assert all(arrays[name].dtype != object for name in arrays)
            json.loads(arrays["json"].tobytes())

    def test_a_write_that_fails_leaves_the_old_file(self, tmp_path, monkeypatch):
        write(tmp_path / "file", {"a": 1})

        def fails(*args, **kwargs):
            raise OSError("disk full")

        monkeypatch.setattr("numpy.savez", fails)
        with pytest.raises(OSError, match="disk full"):
            write(tmp_path / "file", {"a": 2})
        assert read(tmp_path / "file") == {"a": 1}


KILLED = """
import os, random, signal, sys, time, warnings
import numpy as np
from gdregress import GDRegressor
from gdregress._utils.files import read
from gdregress.callbacks import Checkpoint

warnings.simplefilter("ignore")
path, kills, every = sys.argv[1], int(sys.argv[2]), 3
rng = np.random.RandomState(0)
X = rng.normal(size=(200, 4))
y = X @ [1.0, 2.0, 3.0, 4.0] + rng.normal(size=200)
model = GDRegressor(solver="stochastic", average=True, max_iter=400, tol=None, random_state=0)
chance, fits, lost = random.Random(0), 0, []

def fit_in_child(pipe):
    def tell(row):
        os.write(pipe, row["epoch"].to_bytes(4, "big"))
    model.set_callbacks(tell, Checkpoint(path, every))
    model.fit(X, y, resume_from=path if os.path.exists(path) else None)
    os._exit(0)

def epochs_of_killed_child():
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        fit_in_child(write_end)
    os.close(write_end)
    with open(read_end, "rb") as told:
        first = told.read(4)  # an epoch has ended, or the fit
        time.sleep(chance.uniform(0.0, 0.1))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        numbers = first + told.read()
    return int.from_bytes(numbers[-4:], "big") if numbers else None

def epochs_saved():
    return read(path)["course"]["counts"]["n_iter"] if os.path.exists(path) else 0

whole = None
for _ in range(kills):
    last = epochs_of_killed_child()
    if last is not None:
        lost.append(last - epochs_saved())
    if epochs_saved() >= 396:  # the next run begins
        resumed = model.set_callbacks().fit(X, y, resume_from=path)
        whole = whole or GDRegressor(**model.get_params()).fit(X, y)
        assert (resumed.coef_ == whole.coef_).all() and resumed.n_iter_ == whole.n_iter_ == 400
        fits += 1
        os.remove(path)
if os.path.exists(path):
    resumed = model.set_callbacks().fit(X, y, resume_from=path)
    whole = whole or GDRegressor(**model.get_params()).fit(X, y)
    assert (resumed.coef_ == whole.coef_).all() and resumed.n_iter_ == whole.n_iter_ == 400
assert len(lost) >= kills // 2 and 0 <= min(lost) and max(lost) <= every, lost
print(f"{len(lost)} of {kills} killed after an epoch, at most {max(lost)} epochs lost")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL: use Linux or macOS")
@pytest.mark.parametrize("kills", [8, pytest.param(100, marks=pytest.mark.full)])
def test_killed_at_random_moments(tmp_path, kills):
    command = [sys.executable, "-c", KILLED, str(tmp_path / "fit"), str(kills)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert "epochs lost" in done.stdout
