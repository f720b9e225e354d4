"""Converters to ONNX, registered with skl2onnx."""

import importlib.util
import sys
from importlib.abc import Loader, MetaPathFinder
from threading import local

import numpy as np
from sklearn.utils.validation import check_is_fitted

from gdregress._utils.array_api import to_numpy

OPTIONS = {
    "zipmap": [True, False, "columns"],
    "nocl": [True, False],
    "output_class_labels": [False, True],
    "raw_scores": [True, False],
}


def register_with_skl2onnx(regressor: type, classifier: type) -> None:
    """Register the converters as soon as the user imports skl2onnx, which this does not import.

    Parameters
    ----------
    regressor, classifier : classes
        GDRegressor and GDClassifier, or GDRegressorCV and GDClassifierCV.
    """

    def register():
        from skl2onnx import update_registered_converter
        from skl2onnx._parse import _parse_sklearn_classifier, _parse_sklearn_simple_model
        from skl2onnx.shape_calculators.linear_classifier import (
            calculate_linear_classifier_output_shapes,
        )
        from skl2onnx.shape_calculators.linear_regressor import (
            calculate_linear_regressor_output_shapes,
        )

        update_registered_converter(
            regressor,
            f"Gdregress{regressor.__name__}",
            calculate_linear_regressor_output_shapes,
            convert_regressor,
            parser=_of_fitted(_parse_sklearn_simple_model),
        )
        update_registered_converter(
            classifier,
            f"Gdregress{classifier.__name__}",
            calculate_linear_classifier_output_shapes,
            convert_classifier,
            parser=_of_fitted(_parse_sklearn_classifier),
            options=OPTIONS,
        )

    if "skl2onnx" in sys.modules:
        register()
    else:
        sys.meta_path.insert(0, _AfterImport("skl2onnx", register))


def _of_fitted(parse):
    """A parser of skl2onnx that raises NotFittedError for models that are not fitted."""

    def checked(scope, model, inputs, custom_parsers=None):
        check_is_fitted(model)
        return parse(scope, model, inputs, custom_parsers)

    return checked


def _model(operator):
    """The fitted model of an operator; for a search its best estimator."""
    return getattr(operator.raw_operator, "best_estimator_", operator.raw_operator)


def convert_regressor(scope, operator, container):
    """X @ coef + intercept, and its exponential under a log link."""
    from skl2onnx.common._apply_operation import apply_add, apply_cast, apply_exp, apply_reshape
    from skl2onnx.common.data_types import DoubleTensorType, guess_proto_type
    from skl2onnx.proto import onnx_proto

    model, variable = _model(operator), scope.get_unique_variable_name
    coef = np.atleast_2d(to_numpy(model._dense_coef())).T
    intercept = np.broadcast_to(np.atleast_1d(to_numpy(model.intercept_)), coef.shape[1])
    rows, kind = operator.inputs[0].full_name, onnx_proto.TensorProto.FLOAT
    if isinstance(operator.inputs[0].type, DoubleTensorType):
        kind = guess_proto_type(operator.inputs[0].type)
    as_numbers, product, raw = variable("rows"), variable("product"), variable("raw")
    apply_cast(scope, rows, as_numbers, container, to=kind)
    names = []
    for name, values in (("coef", coef), ("intercept", intercept)):
        names.append(variable(name))
        container.add_initializer(names[-1], kind, values.shape, values.ravel())
    container.add_node(
        "MatMul", [as_numbers, names[0]], product, name=scope.get_unique_operator_name("MatMul")
    )
    apply_add(scope, [product, names[1]], raw, container, broadcast=1)
    mean = raw
    if model._loss.link == "log":
        mean = variable("mean")
        apply_exp(scope, raw, mean, container)
    out = operator.outputs[0].full_name
    apply_reshape(scope, mean, out, container, desired_shape=(-1, coef.shape[1]))


def convert_classifier(scope, operator, container):
    """The operator of scikit-learn's classifier with the same coefficients and predictions."""
    from skl2onnx._supported_operators import sklearn_operator_name_map
    from skl2onnx.common._registration import get_converter

    model = operator.raw_operator
    twin = _model(operator).to_sklearn()
    options = container.get_options(model, dict.fromkeys(OPTIONS), fail=False) or {}
    container.add_options(id(twin), {k: v for k, v in options.items() if v is not None})
    operator.raw_operator = twin
    get_converter(sklearn_operator_name_map[type(twin)])(scope, operator, container)
    operator.raw_operator = model


class _AfterImport(MetaPathFinder, Loader):
    """Calls a function after a module has been imported for the first time.

    Parameters
    ----------
    name : str
        Name of the module.
    function : callable
    """

    def __init__(self, name, function):
        self.name = name
        self.function = function
        self.loader = None
        self.here = local()

    def find_spec(self, fullname, path=None, target=None):
        if fullname != self.name or hasattr(self.here, "asks_others"):
            return None
        self.here.asks_others = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            del self.here.asks_others
        if spec is not None:
            self.loader, spec.loader = spec.loader, self
        return spec

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        module.__spec__.loader = self.loader
        self.loader.exec_module(module)
        if self in sys.meta_path:  # find_spec alone imports no module
            sys.meta_path.remove(self)
        self.function()
