"""Words of neighbouring libraries and their names here, for the hints of error messages.

Each table maps a word of scikit-learn, Keras, PyTorch, XGBoost or a textbook to names of this
package, of which the first accepted one is suggested, and to a sentence for the case that none is
accepted. To add a word, add it to its table.
"""

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, TypeAlias

import numpy as np

Accepts: TypeAlias = Callable[[Any], bool]


def _all(words: str, *meant: Any) -> dict[str, tuple[Any, ...]]:
    """A table in which some words have the same meaning."""
    return dict.fromkeys(words.split(), meant)


_LEARNING_RATE = "The learning rate belongs to the estimator: GDRegressor(learning_rate=0.1)."
_EPOCHS = "The number of epochs belongs to the estimator: GDRegressor(max_iter=100)."
_STRENGTH = "The strength of a penalty belongs to the estimator: penalty='l2', alpha=1e-3."
_BATCH = "The number of rows of an update belongs to the estimator: GDRegressor(batch_size=32)."
_SHARE = "The share that is held out belongs to the estimator: validation_fraction=0.1."
_OF_FIT = "It is an argument of GDRegressor.fit and GDClassifier.fit."
_WEIGHTS = "Of fit_batches each batch is (X, y, sample_weight)."
_RATES = "Under 'poisson' rates y / exposure with sample_weight=exposure are the same."
_CALLED = "Call it first, as in optax.adam(0.01)."
_OF_TORCH = "PyTorch's hold parameters of their own: use a name, such as 'adam', or one of optax."
_THREADS = "Threads are those that scikit-learn is allowed: OMP_NUM_THREADS, or threadpoolctl."
_RATES = (
    "A row with an exposure, or an offset of log(exposure), is one of the target y / exposure, "
    "for 'poisson' with the weight exposure."
)

# Names of parameters and arguments.
NAMES: dict[str, tuple[str, ...]] = {
    **_all("eta0 eta lr lr0 learning_rate_init initial_learning_rate", "learning_rate"),
    **_all("step_size stepsize", "learning_rate"),
    **_all("epochs n_epochs num_epochs max_epochs nb_epoch n_iter niter maxiter", "max_iter"),
    **_all("num_iter iterations n_iterations max_iterations num_steps n_steps", "max_iter"),
    **_all("lambda_ lam lamda lambd reg reg_lambda reg_alpha weight_decay strength", "alpha"),
    **_all("C", "The strength is alpha = 1 / (n_samples * C)."),
    **_all("n_jobs", _THREADS),
    **_all("regularization regularizer kernel_regularizer", "penalty"),
    **_all("l1_wt mixing mix", "l1_ratio"),
    **_all("criterion loss_function loss_fn loss_func cost objective", "loss"),
    **_all("optim opt optimiser algorithm method", "optimizer"),
    **_all("batchsize minibatch_size mini_batch_size bs", "batch_size"),
    **_all("beta1 b1", "beta_1"),
    **_all("beta2 b2", "beta_2"),
    **_all("betas", "There are two parameters: beta_1 and beta_2."),
    **_all("eps", "epsilon", "tol"),
    **_all("delta", "epsilon"),
    **_all("alpha q", "quantile"),
    **_all("save_freq period every_n_epochs", "every"),
    **_all("filepath filename file", "path"),
    **_all("tau", "quantile"),
    **_all("quantile", "It belongs to the loss: loss=Quantile(0.9)."),
    **_all("gamma decay_rate", "decay", "rho"),
    **_all("decay", "rho", "schedule"),
    **_all("patience n_iter_without_progress", "n_iter_no_change", "patience"),
    **_all("validation_split val_split val_fraction test_size", "validation_fraction"),
    **_all("validation_data eval_set val_data", "There are two arguments: X_val and y_val."),
    **_all("X_valid X_validation X_test", "X_val"),
    **_all("y_valid y_validation y_test", "y_val"),
    **_all("X_val y_val sample_weight_val coef_init intercept_init", _OF_FIT),
    **_all("offset exposure", _RATES),
    **_all("batch_size", _BATCH),
    **_all("sample_weight", _WEIGHTS),
    **_all("client", "Set it: model.client = client."),
    **_all("updates_per_round", "It is an argument of fit of the estimators of gdregress.dask."),
    **_all("sample_weight_eval_set eval_sample_weight", "sample_weight_val"),
    **_all("offset exposure", _RATES),
    **_all("Cs", "They are alphas = 1 / (n_samples * Cs)."),
    **_all("seed random_seed", "random_state"),
    **_all("lr_schedule scheduler lr_scheduler", "schedule"),
    **_all("tolerance ftol gtol xtol", "tol"),
    **_all("intercept bias use_bias fit_bias add_intercept", "fit_intercept"),
    **_all("weights weight sample_weights w", "sample_weight"),
    **_all("class_weights scale_pos_weight", "class_weight"),
    **_all("normalize scaling scale_features", "standardize"),
    **_all("nesterov nesterovs_momentum", "It is chosen by optimizer='nesterov'."),
    **_all("positive", "Bounds are a penalty: penalty=Box(lower=0)."),
    **_all("multi_class", "'log_loss' is the softmax, other losses are one against the rest."),
    **_all("callbacks", "Callbacks are set by the method set_callbacks."),
    **_all("grad gradient fprime df", "jac"),
    **_all("func f function", "fun", "function"),
    **_all("x_init start init w0", "x0", "coef_init"),
}
# Parameters that hold the numbers of a grid.
GRIDS = ("alphas", "l1_ratios", "learning_rates")
# Sentences for the case that the first meaning is not accepted.
ELSEWHERE = {
    "learning_rate": _LEARNING_RATE,
    "max_iter": _EPOCHS,
    "alpha": _STRENGTH,
    "batch_size": _BATCH,
    "validation_fraction": _SHARE,
}

OF_NUMBERS = "It is a loss of numbers: use GDRegressor."
OF_CLASSES = "It is a loss of classes: use GDClassifier."
_RATE = "learning_rate is a number, 'auto' or 'line-search'; how it falls is schedule="
_FIRST_ORDER = "Every optimizer here takes first-order steps; 'auto' chooses one."
_SOLVER = "solver says how many rows an update sees: 'batch' for all; see optimizer for the rest."

# Values of parameters that are chosen by name, in small letters and without "-", "_" and spaces.
VALUES: dict[str, dict[str, tuple[Any, ...]]] = {
    "loss": {
        **_all(
            "mse l2 ls leastsquares squarederror meansquarederror", "squared_error", OF_NUMBERS
        ),
        **_all("squaredloss mseloss rmse gaussian linear ols", "squared_error", OF_NUMBERS),
        **_all("reg:squarederror squarederror", "squared_error", OF_NUMBERS),
        **_all("mae l1 lad absoluteerror meanabsoluteerror", "absolute_error", OF_NUMBERS),
        **_all("absolute l1loss absoluteloss", "absolute_error", OF_NUMBERS),
        **_all("smoothl1 huberloss", "huber", OF_NUMBERS),
        **_all("pinball", "quantile", OF_NUMBERS),
        **_all("logloss log logistic logit softmax deviance nll", "log_loss", OF_CLASSES),
        **_all("crossentropy binarycrossentropy bce bceloss", "log_loss", OF_CLASSES),
        **_all("categoricalcrossentropy crossentropyloss", "log_loss", OF_CLASSES),
        **_all("binary:logistic", "log_loss", OF_CLASSES),
        **_all("svm hingeloss", "hinge", OF_CLASSES),
    },
    "optimizer": {
        **_all("sgd gradientdescent", "gd"),
        **_all("adamw adamax", "adam"),
        **_all("nag", "nesterov"),
        **_all("heavyball", "momentum"),
        **_all("saga sag", "svrg"),
        **_all("conjugategradient conjugategradients ncg nonlinearcg lsqr sparsecg", "cg"),
        "cg": (
            "It is for the estimators; scipy.optimize.minimize(method='CG') is for functions.",
        ),
        **_all("lbfgs bfgs newton newtoncg newtoncholesky", _FIRST_ORDER),
    },
    "solver": {
        **_all("sgd online", "stochastic"),
        **_all("gd full fullbatch bgd auto", "batch"),
        **_all("minibatchsgd", "mini-batch"),
        **_all("adam nesterov momentum rmsprop adagrad svrg nadam", "It is an optimizer."),
        **_all("saga sag lbfgs newtoncg newtoncholesky liblinear svd cholesky lsqr", _SOLVER),
    },
    "penalty": {
        **_all("ridge tikhonov squaredl2", "l2"),
        **_all("lasso", "l1"),
        **_all("l1l2 enet", "elasticnet"),
        **_all("null no", None),
        **_all("group grouplasso groupl2 groups", "It is an object: penalty=GroupL2(groups)."),
        **_all("l21 multitask multitasklasso", "It is an object: penalty=L21(alpha)."),
        **_all("box positive nonnegative bounds", "It is an object: penalty=Box(lower=0)."),
    },
    "learning_rate": {
        **_all("optimal pa1 pa2", "auto"),
        **_all("constant", _RATE + "'constant'."),
        **_all("invscaling", _RATE + "'invscaling'."),
        **_all("adaptive", _RATE + "'adaptive'."),
        **_all("exponential", _RATE + "'exponential'."),
        **_all("cosine", _RATE + "'cosine'."),
        **_all("armijo backtracking wolfe", "line-search"),
    },
    "schedule": {
        **_all("optimal", "auto"),
        **_all("inverse inversescaling inversetime", "invscaling"),
        **_all("exp exponentialdecay exponentiallr", "exponential"),
        **_all("steplr stepdecay piecewise", "step"),
        **_all("cosinedecay cosineannealing cosineannealinglr", "cosine"),
        **_all("plateau reducelronplateau", "adaptive"),
        **_all("onecyclelr", "one-cycle"),
        **_all("none", "constant"),
    },
    "momentum": _all("nesterov", "It is chosen by optimizer='nesterov'."),
    "preconditioner": _all("standard scale diagonal", "columns"),
    "scoring": {**_all("d2", "score"), **_all("mse", "neg_mean_squared_error")},
    "jac": {**_all("pytorch autograd", "torch"), **_all("numerical", None)},
    "sampler": {**_all("sgd online", "stochastic"), **_all("gd full fullbatch", "batch")},
    "class_weight": _all("balance auto", "balanced"),
}


def hint_for_name(name: str, known: Iterable[str]) -> str:
    """A suggestion for an unknown name: a sentence, or "".

    Parameters
    ----------
    name : str
        Name of a parameter or an argument.
    known : iterable of str
        The names that exist.
    """
    known = list(known)
    candidates = NAMES.get(name, ())
    meant = [c for c in candidates if _is_sentence(c) or c in known]
    meant = (
        _spelt_alike(name, known) or meant or [ELSEWHERE[c] for c in candidates if c in ELSEWHERE]
    )
    return _sentence(meant or get_close_matches(name, known, n=1, cutoff=0.7), str)


def hint_for_value(
    name: str,
    value: Any,
    names: Iterable[str],
    accepts: Accepts,
    elsewhere: Mapping[str, str] | None = None,
) -> str:
    """A suggestion for a value that a parameter does not accept: a sentence, or "".

    Parameters
    ----------
    name : str
        Name of the parameter.
    value : object
    names : iterable of str
        Names that the parameter accepts.
    accepts : callable
        Whether the parameter accepts a value.
    elsewhere : mapping of str to str or None
        Names that other estimators accept, each with a sentence that says so.
    """
    names, elsewhere = list(names), elsewhere or {}
    if isinstance(value, str):
        alike = _spelt_alike(value, elsewhere)
        meant = _spelt_alike(value, names) or [elsewhere[other] for other in alike]
        meant = meant or _meant_by_word(name, value, accepts)
        return _sentence(meant or get_close_matches(value.lower(), names, n=1, cutoff=0.7), repr)
    if name == "optimizer" and not isinstance(value, type):
        module = type(value).__module__
        if module.startswith("torch."):
            return f" {_OF_TORCH}"
        return f" {_CALLED}" if callable(value) else ""
    if name == "class_weight" and isinstance(value, (list, tuple, np.ndarray)):
        return " Name the classes: {0: 1.0, 1: 2.0}."
    if name == "random_state" and isinstance(value, np.random.Generator):
        return " scikit-learn takes no Generator: give a whole number."
    others: list[Any] = []
    if isinstance(value, (bool, np.bool_)):
        others = ["auto"] if value else [None]
    elif isinstance(value, (int, float, np.number)):
        whole = [int(value)] if float(value).is_integer() else []
        others = [*whole, *([bool(value)] if value in (0, 1) else [])]
        others += [[value]] if name in GRIDS else []
    return _sentence([other for other in others if accepts(other)], repr)


def _meant_by_word(name: str, word: str, accepts: Accepts) -> list[Any]:
    candidates = VALUES.get(name, {}).get(_plain(word), ())
    truth = {"true": True, "false": False, "none": None}
    if word.lower() in truth:
        candidates = (*candidates, truth[word.lower()])
    for kind in (int, float):
        try:
            candidates = (*candidates, kind(word))
        except ValueError:
            continue
    return [c for c in candidates if _is_sentence(c) or accepts(c)][:1]


def _plain(word: str) -> str:
    return word.lower().translate(str.maketrans("", "", "-_ "))


def _spelt_alike(word: str, names: Iterable[str]) -> list[str]:
    """The name that differs in capitals, hyphens, underscores and spaces only."""
    return [name for name in names if _plain(name) == _plain(word)][:1]


def _is_sentence(candidate: Any) -> bool:
    return isinstance(candidate, str) and candidate.endswith(".")


def _sentence(meant: list[Any], show: Callable[[Any], str]) -> str:
    if not meant:
        return ""
    return f" {meant[0]}" if _is_sentence(meant[0]) else f" Did you mean {show(meant[0])}?"
