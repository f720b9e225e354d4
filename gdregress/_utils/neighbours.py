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
_CALLED = "Call it first, as in optax.adam(0.01)."
_OF_TORCH = "PyTorch's hold parameters of their own: use a name, such as 'adam', or one of optax."
_LINK = "It belongs to the loss: 'log_loss' has a sigmoid, 'poisson' and 'gamma' have exp."
_KEPT = "Under early_stopping=True the parameters of the best epoch are kept anyway."
_CLIPPED = "Steps are not clipped: under learning_rate='auto' they cannot blow up."
_DEVICE = "X says where: tensors are fitted where they lie, under array_api_dispatch=True."
_PRECISION = "X says which: X.astype(numpy.float32) is fitted in single precision."
_PART = "For updates from a part of the rows: solver='mini-batch', batch_size=0.5."
_ERRORS = "Standard errors, z, p and intervals are those of model.summary(X, y)."
_COEFFICIENTS = "The coefficients are coef_, the intercept is intercept_."
_ASSIGNED = "Assign coef_ and intercept_, which partial_fit and warm_start go on from."
_COURSE = "The course of a fit is history_, the objective of each epoch loss_curve_."
_ALL_EPOCHS = "fit takes all epochs, partial_fit the rows of a part."
_PREPARED = "loss and optimizer are parameters of the estimator, and fit does the rest."
_SAVED = "Models are saved by joblib.dump(model, path) and read by joblib.load(path)."
_OF_SEARCHES = "It belongs to searches: GDRegressorCV, GDClassifierCV, GridSearchCV."
_STARTED = "Starts are arguments of fit: fit(X, y, coef_init=..., intercept_init=...)."
_SCHEDULE = "It belongs to the schedule: schedule=Exponential(decay=0.95)."
_THREADS = "Threads are those that scikit-learn is allowed: OMP_NUM_THREADS, or threadpoolctl."
_RATES = (
    "A row with an exposure, or an offset of log(exposure), is one of the target y / exposure, "
    "for 'poisson' with the weight exposure. GDRegressor.fit takes both for every log link."
)

# Names of parameters and arguments.
NAMES: dict[str, tuple[str, ...]] = {
    **_all("eta0 eta lr lr0 learning_rate_init initial_learning_rate", "learning_rate"),
    **_all("step_size stepsize", "learning_rate"),
    **_all("learning_rate", _LEARNING_RATE),
    **_all("n_estimators num_boost_round num_rounds num_iterations n_iter_", "max_iter"),
    **_all("epochs n_epochs num_epochs max_epochs nb_epoch n_iter niter maxiter", "max_iter"),
    **_all("num_iter iterations n_iterations max_iterations num_steps n_steps", "max_iter"),
    **_all("lambda_ lam lamda lambd reg reg_lambda reg_alpha weight_decay strength", "alpha"),
    **_all("C", "The strength is alpha = 1 / (n_samples * C)."),
    **_all("n_jobs nthread num_threads n_threads workers num_workers", _THREADS),
    **_all("regularization regularizer kernel_regularizer", "penalty"),
    **_all("l1_wt mixing mix", "l1_ratio"),
    **_all("criterion loss_function loss_fn loss_func cost objective family", "loss"),
    **_all("activation link link_function", _LINK),
    **_all("metric metrics eval_metric monitor", "scoring"),
    **_all("restore_best_weights restore_best", _KEPT),
    **_all("clipnorm clipvalue global_clipnorm max_grad_norm gradient_clip_val", _CLIPPED),
    **_all("device tree_method", _DEVICE),
    **_all("dtype precision", _PRECISION),
    **_all("subsample bagging_fraction", _PART),
    **_all("cov_type cov_kwds", _ERRORS),
    **_all("base_score init_score base_margin", "offset", _STARTED),
    **_all("optim opt optimiser algorithm method", "optimizer"),
    **_all("batchsize minibatch_size mini_batch_size bs", "batch_size"),
    **_all("beta1 b1", "beta_1"),
    **_all("beta2 b2", "beta_2"),
    **_all("betas", "There are two parameters: beta_1 and beta_2."),
    **_all("eps", "epsilon", "tol"),
    **_all("delta", "epsilon"),
    **_all("alpha", "quantile", "rho"),
    **_all("q", "quantile"),
    **_all("var_power p variance_power tweedie_variance_power", "power"),
    **_all("amsgrad", "It is chosen by optimizer='amsgrad'."),
    **_all("save_freq period every_n_epochs", "every"),
    **_all("filepath filename file", "path"),
    **_all("tau", "quantile"),
    **_all("quantile", "It belongs to the loss: loss=Quantile(0.9)."),
    **_all("gamma decay_rate", "decay", "rho", _SCHEDULE),
    **_all("decay", "rho", "schedule"),
    **_all("patience n_iter_without_progress", "n_iter_no_change", "patience"),
    **_all("early_stopping_rounds stopping_rounds", "n_iter_no_change"),
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
    **_all("Cs", "They are alphas = 1 / (n_samples * Cs)."),
    **_all("seed random_seed", "random_state"),
    **_all("lr_schedule scheduler lr_scheduler", "schedule"),
    **_all("tolerance ftol gtol xtol min_delta", "tol"),
    **_all("intercept bias use_bias fit_bias add_intercept", "fit_intercept"),
    **_all("weights weight sample_weights w freq_weights var_weights", "sample_weight"),
    **_all("label labels target targets endog", "y"),
    **_all("data features inputs exog", "X"),
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
# Columns of a history.
COLUMNS: dict[str, tuple[str, ...]] = {
    **_all("val_loss validation", "validation_loss"),
    **_all("val_score val_accuracy val_acc", "validation_score"),
    **_all("train_loss training_loss", "loss"),
    **_all("history cost fun", "objective"),
    **_all("lr eta", "learning_rate"),
    **_all("grad_norm gradient", "gradient_norm"),
    **_all("iter iteration n_iter", "epoch"),
    **_all("time elapsed", "seconds"),
}
# Attributes and methods of fitted models.
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    **_all("params parameters coef coefs coefs_ coefficients weights weight beta", _COEFFICIENTS),
    **_all("get_weights feature_importances_ state_dict", _COEFFICIENTS),
    **_all("set_weights load_state_dict", _ASSIGNED),
    **_all("bias intercept intercepts_", "The intercept is intercept_."),
    **_all("history evals_result evals_result_ train_score_", _COURSE),
    **_all("loss_ best_loss_ objective_ llf", "It is history_['objective'][-1]."),
    **_all(
        "best_iteration best_iteration_ n_epochs_ epochs_ nit", "The number of epochs is n_iter_."
    ),
    **_all("evaluate rsquared r2 rsquared_adj", "Use score(X, y)."),
    **_all("forward predict_on_batch fittedvalues inplace_predict", "Use predict(X)."),
    **_all("resid resids", "Residuals are y - predict(X)."),
    **_all("bse pvalues tvalues conf_int cov_params", _ERRORS),
    **_all("train_on_batch backward step zero_grad", _ALL_EPOCHS),
    **_all("compile build train eval", _PREPARED),
    **_all("to cuda cpu", _DEVICE),
    **_all("save save_model save_weights load load_model load_weights", _SAVED),
    **_all("cv_results_ best_params_ best_estimator_ best_score_ alpha_", _OF_SEARCHES),
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
        **_all("smoothl1 smoothl1loss huberloss reg:pseudohubererror", "huber", OF_NUMBERS),
        **_all("reg:absoluteerror", "absolute_error", OF_NUMBERS),
        **_all("pinball pinballloss reg:quantileerror quantileloss", "quantile", OF_NUMBERS),
        **_all("count:poisson poissonnllloss poissonnll", "poisson", OF_NUMBERS),
        **_all("reg:gamma", "gamma", OF_NUMBERS),
        **_all("reg:tweedie", "tweedie", OF_NUMBERS),
        **_all("nbinom negbin", "negative_binomial", OF_NUMBERS),
        **_all("logloss log logistic logit softmax deviance nll", "log_loss", OF_CLASSES),
        **_all("crossentropy binarycrossentropy bce bceloss", "log_loss", OF_CLASSES),
        **_all("categoricalcrossentropy crossentropyloss", "log_loss", OF_CLASSES),
        **_all("sparsecategoricalcrossentropy bcewithlogits nllloss", "log_loss", OF_CLASSES),
        **_all("bcewithlogitsloss binomial bernoulli multinomial", "log_loss", OF_CLASSES),
        **_all("binary:logistic binary:logitraw reg:logistic", "log_loss", OF_CLASSES),
        **_all("multi:softmax multi:softprob", "log_loss", OF_CLASSES),
        **_all("svm hingeloss binary:hinge", "hinge", OF_CLASSES),
    },
    # the axes of displays
    "x": {
        **_all("t step steps iter iteration iterations", "update"),
        **_all("time elapsed s", "second"),
    },
    "y": {word.replace("_", ""): column for word, column in COLUMNS.items()},
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
    "scoring": {
        **_all("d2", "score"),
        **_all("mse meansquarederror", "neg_mean_squared_error"),
        **_all("rmse rootmeansquarederror", "neg_root_mean_squared_error"),
        **_all("mae meanabsoluteerror", "neg_mean_absolute_error"),
        **_all("mape", "neg_mean_absolute_percentage_error"),
        **_all("medae", "neg_median_absolute_error"),
        **_all("rsquared r2score", "r2"),
        **_all("auc rocaucscore", "roc_auc"),
        **_all("logloss crossentropy", "neg_log_loss"),
        **_all("acc accuracyscore", "accuracy"),
    },
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


def belongs_to_estimator(name: str, parameters: Iterable[str]) -> str:
    """The parameter of an estimator that is meant by an argument of a method, or nothing."""
    parameters = list(parameters)
    candidates = [name, *NAMES.get(name, ())]
    return next((one for one in candidates if one in parameters), "")


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
    if isinstance(value, type) or type(value).__module__.startswith("torch."):
        # what other libraries have as a class may have a name here
        kind = value if isinstance(value, type) else type(value)
        word = hint_for_value(name, kind.__name__, names, accepts, elsewhere)
        of_torch = f" {_OF_TORCH}" if name == "optimizer" else ""
        return of_torch if value is not kind and of_torch else word or of_torch
    if isinstance(value, str):
        alike = _spelt_alike(value, elsewhere)
        meant = _spelt_alike(value, names) or [elsewhere[other] for other in alike]
        meant = meant or _meant_by_word(name, value, accepts)
        return _sentence(meant or get_close_matches(value.lower(), names, n=1, cutoff=0.7), repr)
    if name == "optimizer":
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
