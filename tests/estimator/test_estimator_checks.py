"""scikit-learn's own checks: of eight estimators by default, of all others under `full`."""

import inspect
import os

import pytest
from libraries import array_functions
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_param_validation,
    estimator_checks_generator,
    parametrize_with_checks,
)

from gdregress import GDClassifier, GDRegressor

# Every solver, optimizer and penalty with both estimators.
ESTIMATORS = [
    GDRegressor(),
    GDRegressor(penalty="l1", optimizer="gd", standardize=True, max_iter=100),
    GDRegressor(
        penalty="l2", solver="stochastic", optimizer="momentum", average=True, max_iter=20
    ),
    GDRegressor(
        "huber",
        penalty="elasticnet",
        solver="mini-batch",
        batch_size=8,
        optimizer="adam",
        max_iter=50,
    ),
    GDClassifier(),
    GDClassifier("hinge", penalty=None, solver="stochastic", optimizer="gd", max_iter=10),
    GDClassifier(
        "squared_hinge",
        penalty="l1",
        solver="mini-batch",
        batch_size=8,
        optimizer="momentum",
        max_iter=10,
    ),
    GDClassifier(
        "modified_huber", penalty="elasticnet", optimizer="adam", early_stopping=True, max_iter=30
    ),
]
OPTIMIZERS = ("gd", "momentum", "nesterov", "adam")
OTHERS = [
    *(GDRegressor(optimizer=optimizer) for optimizer in OPTIMIZERS if optimizer != "nesterov"),
    GDRegressor(standardize=True),
    GDRegressor(average=True),
    GDRegressor(early_stopping=True),
    *(GDRegressor(solver="stochastic", optimizer=o, max_iter=20) for o in OPTIMIZERS),
    *(
        GDRegressor(solver="mini-batch", batch_size=8, optimizer=o, max_iter=50)
        for o in OPTIMIZERS
    ),
    GDClassifier(optimizer="momentum", max_iter=30),
    # a strong penalty: its minimum is well determined
    GDClassifier("hinge", standardize=True, alpha=0.1),
    GDClassifier("squared_hinge", optimizer="gd", max_iter=30),
    GDClassifier("modified_huber", optimizer="adam"),
    GDClassifier("perceptron", average=True, max_iter=30),
    GDClassifier(solver="stochastic", max_iter=5),
    GDClassifier(solver="mini-batch", batch_size=8, optimizer="adam", max_iter=10),
    GDClassifier("hinge", solver="mini-batch", batch_size=8, optimizer="gd", max_iter=10),
    GDClassifier(early_stopping=True),
]
WEIGHT_CHECKS = (
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def expected_failures(estimator):
    """What random batches or rows held out fail.

    Two checks ask for equality to 1e-7, which random batches have only in expectation, and
    normalised steps only where no gradient is zero: at the best constant that of the intercept is.
    """
    adaptive = estimator.optimizer == "adam"
    if estimator.solver == "batch" and not estimator.early_stopping:
        reason = "a normalised step makes a full step of the rounding of a gradient of zero"
        return dict.fromkeys(WEIGHT_CHECKS, reason) if adaptive else {}
    if estimator.early_stopping:
        reason = "the rows held out are drawn at random, and copies are rows of their own"
    else:
        reason = (
            "weight k and k copies are other batches: equal in expectation, as "
            "test_sample_weight.py shows"
        )
    return dict.fromkeys(WEIGHT_CHECKS, reason)


def all_checks(estimators):
    known = inspect.signature(parametrize_with_checks).parameters
    strict = {"xfail_strict": True} if "xfail_strict" in known else {}  # from scikit-learn 1.8
    return parametrize_with_checks(estimators, expected_failed_checks=expected_failures, **strict)


@all_checks(ESTIMATORS)
def test_every_check_passes(estimator, check):
    check(estimator)


@pytest.mark.full
@all_checks(OTHERS)
def test_every_check_passes_of_others(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "check", [check_param_validation, check_dataframe_column_names_consistency]
)
@pytest.mark.parametrize("solver", ["batch", "stochastic", "mini-batch"])
@pytest.mark.parametrize("estimator", [GDRegressor, GDClassifier])
def test_checks_that_do_not_run_by_themselves(estimator, check, solver):
    check(estimator.__name__, estimator(solver=solver, max_iter=20))


def array_api_checks(estimator, namespace):
    """The array API checks with X of this namespace on the CPU."""
    for clone, check in estimator_checks_generator(estimator):
        keywords = check.keywords
        given = keywords.get("array_namespace") or (keywords.get("X_ns_and_device") or [None])[0]
        device = keywords.get("device_name") or (keywords.get("X_ns_and_device") or [0, None])[1]
        if given == namespace and device in (None, "cpu", "CPU_DEVICE", "device1"):
            yield clone, check


@pytest.mark.parametrize("namespace", ["array_api_strict", "torch"])
@pytest.mark.parametrize(
    "estimator",
    [
        GDRegressor(),
        GDClassifier(max_iter=30),
        GDClassifier("modified_huber", max_iter=30),
        GDClassifier("hinge", solver="mini-batch", max_iter=10),
    ],
    ids=str,
)
def test_array_api_checks_are_not_skipped(estimator, namespace):
    array_functions(namespace)
    assert os.environ.get("SCIPY_ARRAY_API") == "1"
    names, skipped = [], []
    for clone, check in array_api_checks(estimator, namespace):
        try:
            check(clone)
        except BaseException as error:
            if "Skip" not in type(error).__name__:
                raise
            skipped.append(f"{check.keywords}: {error}")
        names.append(check.func.__name__)
    assert "check_array_api_input" in names
    assert not [reason for reason in skipped if "cuda" not in reason and "MPS" not in reason]
