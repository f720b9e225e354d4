"""A fitted model as ONNX, as a model of scikit-learn, with sparse coefficients."""

import importlib.util
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from libraries import needed
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import config_context
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier, StackingRegressor, VotingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import GammaRegressor, PoissonRegressor, TweedieRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gdregress import GDClassifier, GDClassifierCV, GDRegressor, GDRegressorCV
from gdregress._estimator.export.onnx import _AfterImport
from gdregress.losses import NegativeBinomial, Quantile, Tweedie


def make_data(n=120):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, 4))
    return X, X @ [1.0, 2.0, 0.0, 0.5] + rng.normal(size=n)


X, Y = make_data()
POSITIVE = np.exp(Y / 3)
CLASSES = np.digitize(Y, [0.0, 1.5])
REGRESSORS = {
    "alone": lambda: GDRegressor().fit(X, Y),
    "huber": lambda: GDRegressor("huber").fit(X, Y),
    "poisson": lambda: GDRegressor("poisson").fit(X, POSITIVE),
    "tweedie": lambda: GDRegressor(Tweedie(1.7)).fit(X, POSITIVE),
    "negative binomial": lambda: GDRegressor(NegativeBinomial(0.5)).fit(X, POSITIVE.round()),
    "two targets": lambda: GDRegressor().fit(X, np.c_[Y, -Y]),
    "two amounts": lambda: GDRegressor("gamma").fit(X, np.c_[POSITIVE, 1 / POSITIVE]),
    "quantiles": lambda: GDRegressor(Quantile([0.1, 0.9])).fit(X, Y),
    "sparse": lambda: GDRegressor(penalty="l1", alpha=0.3).fit(X, Y).sparsify(),
    "pipeline": lambda: make_pipeline(StandardScaler(), GDRegressor("gamma")).fit(X, POSITIVE),
    "search": lambda: GridSearchCV(GDRegressor(penalty="l2"), {"alpha": [0.1, 1]}).fit(X, Y),
    "own search": lambda: GDRegressorCV(GDRegressor("poisson", penalty="l2"), alphas=2, cv=2).fit(
        X, POSITIVE
    ),
    "voting": lambda: VotingRegressor([("a", GDRegressor()), ("b", GDRegressor("huber"))]).fit(
        X, Y
    ),
    "stacking": lambda: StackingRegressor(
        [("a", GDRegressor()), ("b", GDRegressor("huber"))], final_estimator=GDRegressor()
    ).fit(X, Y),
}
CLASSIFIERS = {
    "two classes": lambda: GDClassifier().fit(X, Y > 0),
    "texts": lambda: GDClassifier().fit(X, np.where(Y > 0, "yes", "no")),
    "softmax": lambda: GDClassifier().fit(X, CLASSES),
    "own search": lambda: GDClassifierCV(alphas=2, cv=2).fit(X, CLASSES),
    "one against the rest": lambda: GDClassifier("modified_huber").fit(X, CLASSES),
    "no probability": lambda: GDClassifier("hinge").fit(X, Y > 0),
    "sparse": lambda: GDClassifier(penalty="l1", alpha=0.05).fit(X, CLASSES).sparsify(),
    "pipeline": lambda: make_pipeline(StandardScaler(), GDClassifier()).fit(X, CLASSES),
    "search": lambda: GridSearchCV(GDClassifier(), {"alpha": [0.1, 1]}).fit(X, CLASSES),
    "calibrated": lambda: CalibratedClassifierCV(GDClassifier()).fit(X, CLASSES),
    "calibrated margins": lambda: CalibratedClassifierCV(GDClassifier("hinge")).fit(X, Y > 0),
    "stacking": lambda: StackingClassifier(
        [("a", GDClassifier()), ("b", GDClassifier("modified_huber"))],
        final_estimator=GDClassifier(),
    ).fit(X, CLASSES),
}


both_types = pytest.mark.parametrize(
    "dtype, rtol",
    [(np.float64, 1e-11), pytest.param(np.float32, 1e-4, marks=pytest.mark.full)],
)


def in_onnx(model, dtype, **options):
    """What onnxruntime makes of the rows."""
    needed("onnxruntime")
    import onnxruntime
    from skl2onnx import to_onnx

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of libraries that convert and run
        graph = to_onnx(model, X[:1].astype(dtype), **options)
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {session.get_inputs()[0].name: X.astype(dtype)})


@both_types
@pytest.mark.parametrize("name", REGRESSORS)
def test_regressors_in_onnx(name, dtype, rtol):
    needed("skl2onnx")
    model = REGRESSORS[name]()
    (found,) = in_onnx(model, dtype)
    assert found.dtype == dtype
    expected = model.predict(X)
    assert_allclose(found.reshape(expected.shape), expected, rtol=rtol, atol=rtol)


@both_types
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifiers_in_onnx(name, dtype, rtol):
    needed("skl2onnx")
    model = CLASSIFIERS[name]()
    labels, scores = in_onnx(model, dtype, options={"zipmap": False})
    if hasattr(model, "predict_proba"):
        expected = model.predict_proba(X)
    else:
        expected = np.c_[-model.decision_function(X), model.decision_function(X)]
    assert_allclose(scores, expected, rtol=rtol, atol=rtol)
    if dtype == np.float64:
        assert_array_equal(labels, model.predict(X))


def test_the_option_of_the_guide_is_needed_for_64_bits():
    needed("skl2onnx")
    model = GDClassifier().fit(X, Y > 0)
    with pytest.raises(Exception, match="ZipMap"):
        in_onnx(model, np.float64)
    _, probability = in_onnx(model, np.float64, options={"zipmap": False})
    assert_allclose(probability, model.predict_proba(X), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("model", [GDRegressor, GDClassifier, GDRegressorCV, GDClassifierCV])
def test_onnx_needs_a_fitted_model(model):
    needed("skl2onnx")
    from skl2onnx import to_onnx

    with pytest.raises(NotFittedError, match=f"This {model.__name__} instance is not fitted yet"):
        to_onnx(model(), X[:1])


@pytest.mark.full
def test_importing_loads_no_converter_and_finds_it_later():
    needed("skl2onnx")
    code = """
import sys
import numpy as np
import gdregress
assert not {"skl2onnx", "onnx"} & {*sys.modules}
from sklearn.ensemble import StackingRegressor
model = StackingRegressor([("a", gdregress.GDRegressor())], gdregress.GDRegressor())
rows = np.arange(20.0).reshape(10, 2) % 7
model.fit(rows, rows[:, 0])
import importlib.util
assert importlib.util.find_spec("skl2onnx") is not None
import skl2onnx
assert type(skl2onnx.__spec__.loader).__module__ != "gdregress._estimator.export.onnx"
print(len(skl2onnx.to_onnx(model, rows[:1]).graph.node) > 0)
"""
    result = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True)
    assert result.stdout.strip() == b"True", result.stderr.decode()


def test_a_module_may_be_looked_for_before_it_is_imported(tmp_path, monkeypatch):
    (tmp_path / "imported_later.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    calls = []
    finder = _AfterImport("imported_later", lambda: calls.append("imported"))
    monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])
    for _ in range(2):
        assert importlib.util.find_spec("imported_later") is not None
    assert not calls
    importlib.import_module("imported_later")
    assert calls == ["imported"] and finder not in sys.meta_path
    del sys.modules["imported_later"]


# Twins in scikit-learn


@pytest.mark.parametrize(
    ("loss", "twin"),
    [
        ("poisson", PoissonRegressor),
        ("gamma", GammaRegressor),
        (Tweedie(1.3), TweedieRegressor),
    ],
)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_regressors_with_a_log_link(loss, twin, fit_intercept):
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = GDRegressor(loss, fit_intercept=fit_intercept).fit(frame, POSITIVE)
    other = model.to_sklearn()
    assert type(other) is twin
    assert_allclose(other.predict(frame), model.predict(frame), rtol=1e-14)
    assert other.score(frame, POSITIVE) == pytest.approx(model.score(frame, POSITIVE), abs=1e-12)
    assert_array_equal(other.feature_names_in_, list("abcd"))
    assert_array_equal(pickle.loads(pickle.dumps(other)).predict(frame), other.predict(frame))


@pytest.mark.parametrize(
    ("loss", "target", "what"),
    [
        (NegativeBinomial(), POSITIVE.round(), "NegativeBinomial"),
        ("poisson", np.c_[POSITIVE, POSITIVE], "several targets"),
    ],
)
def test_what_scikit_learn_does_not_have(loss, target, what):
    model = GDRegressor(loss).fit(X, target)
    with pytest.raises(ValueError, match=f"scikit-learn has no regressor of {what}"):
        model.to_sklearn()


# Sparse coefficients


@pytest.mark.parametrize("rows", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize(
    "make",
    [
        lambda: GDRegressor(penalty="l1", alpha=0.3).fit(X, Y),
        lambda: GDRegressor(penalty="l1", alpha=0.3).fit(X, np.c_[Y, -Y]),
        lambda: GDRegressor("poisson").fit(X, POSITIVE),
        lambda: GDClassifier(penalty="l1", alpha=0.05).fit(X, Y > 0),
        lambda: GDClassifier(penalty="l1", alpha=0.05).fit(X, CLASSES),
    ],
)
def test_sparse_coefficients_predict_the_same(make, rows):
    model = make()
    coef, expected = model.coef_, model.predict(X)
    assert model.sparsify().sparsify() is model
    assert sparse.issparse(model.coef_) and model.coef_.nnz == np.count_nonzero(coef)
    assert_allclose(model.predict(rows(X)), expected, rtol=1e-12)
    loaded = pickle.loads(pickle.dumps(model))
    assert_allclose(loaded.predict(rows(X)), expected, rtol=1e-12)
    assert_allclose(model.to_sklearn().predict(X), expected, rtol=1e-12)
    assert_array_equal(model.densify().coef_, coef)
    assert model.coef_.shape == coef.shape


def test_fits_go_on_from_sparse_coefficients():
    sparsified = GDRegressor(solver="mini-batch", learning_rate=0.01, random_state=0)
    dense = GDRegressor(solver="mini-batch", learning_rate=0.01, random_state=0)
    for _ in range(3):
        dense.partial_fit(X, Y)
        sparsified.partial_fit(X, Y).sparsify()
    assert_array_equal(sparsified.densify().coef_, dense.coef_)
    with pytest.raises(ValueError, match="NaN"):
        sparsified.sparsify().fit(X, np.full(len(Y), np.nan))
    assert sparse.issparse(sparsified.coef_)


def test_tensors_have_no_sparse_coefficients(torch):
    with config_context(array_api_dispatch=True):
        model = GDRegressor().fit(torch.asarray(X), torch.asarray(Y))
        with pytest.raises(ValueError, match=r"Call to_numpy\(\) before"):
            model.sparsify()
    assert sparse.issparse(model.to_numpy().sparsify().coef_)


# Saved by skops


@pytest.mark.parametrize(
    "make",
    [
        lambda: GDRegressor(Tweedie(1.4)).fit(X, POSITIVE),
        lambda: GDRegressor(Quantile([0.1, 0.9])).fit(X, Y),
        lambda: GDRegressor("negative_binomial").fit(X, POSITIVE.round()),
        lambda: GDRegressor(penalty="l1", alpha=[0.1, 0.2, 0.3, 0.4]).fit(X, Y),
        lambda: GDClassifier(class_weight="balanced").fit(X, Y > 1),
    ],
)
def test_skops_knows_the_estimator_and_the_given_components(make):
    needed("skops")
    from skops import io

    model = make()
    saved = io.dumps(model)
    unknown = io.get_untrusted_types(data=saved)
    components = {f"{type(c).__module__}.{type(c).__name__}" for c in (model, model.loss)}
    assert set(unknown) <= components
    loaded = io.loads(saved, trusted=unknown)
    assert_array_equal(loaded.predict(X), model.predict(X))
    assert_array_equal(getattr(loaded, "_balanced", None), getattr(model, "_balanced", None))


# Explained by SHAP


@pytest.mark.full
def test_shap_explains_both():
    shap = needed("shap")
    rows = shap.maskers.Independent(X, max_samples=len(X))  # 100 of them otherwise
    model = GDRegressor().fit(X, Y)
    values = shap.LinearExplainer(model, rows).shap_values(X)
    assert_allclose(values, (X - X.mean(axis=0)) * model.coef_, atol=1e-12)
    model = GDClassifier().fit(X, CLASSES)
    values = shap.LinearExplainer(model, rows).shap_values(X)
    expected = (X - X.mean(axis=0))[:, :, None] * model.coef_.T
    assert_allclose(values, expected, atol=1e-12)
