"""The rows to validate on: held out of the data, or given by the user."""

from dataclasses import replace
from functools import partial

from sklearn.base import is_classifier

from gdregress._estimator.input.classes import codes_of
from gdregress._estimator.input.data import hold_out, read_in_place, validate_input
from gdregress._estimator.planning.start import original_units
from gdregress._objective.base import normalised_weights
from gdregress._objective.evaluation import mean_loss
from gdregress._utils.array_api import namespace, to_numpy, widest_type
from gdregress._utils.validation import naming, warn_ignored


def rows_to_validate(estimator, data, given, components, seed=None):
    """The rows to train on, those to validate on or None, and the numbers of the former.

    The numbers are None where these are all rows.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    data : tuple of (X, y, weights)
        All rows of the fit, checked and encoded.
    given : tuple of (X_val, y_val, sample_weight_val)
        As the user gave them, each None if not.
    components : Components
        The loss in its form for these targets.
    seed : int or None
        By which rows are held out, of the estimator's `random_state` if it is None.
    """
    if all(part is None for part in given):
        return hold_out(estimator, data, components, seed)
    for name, part in zip(("X_val", "y_val"), given, strict=False):
        if part is None:
            there = ("X_val", "y_val", "sample_weight_val")
            names = [n for n, one in zip(there, given, strict=True) if one is not None]
            raise ValueError(f"{' and '.join(names)} without {name}: give both X_val and y_val.")
    reason = "X_val is given, so that no rows are held out"
    warn_ignored(estimator, {"validation_fraction": reason})
    return data, _checked(estimator, data, given, components), None


def _checked(estimator, data, given, components):
    """The user's rows, checked and encoded as those to train on have been."""
    with naming("In X_val, y_val or sample_weight_val"):
        rows, _ = validate_input(estimator, *given, components, reset=False, in_parts=True)
    if not rows[1].shape[0]:
        raise ValueError("sample_weight_val leaves no row of X_val with a weight above 0.")
    rows, _ = read_in_place(rows, components)
    if rows[1].shape[1:] != data[1].shape[1:]:
        raise ValueError(
            f"y_val has the shape {rows[1].shape} and y {data[1].shape}. Give as many targets in "
            "the one as in the other."
        )
    if namespace(rows[1]) is not namespace(data[1]):
        raise ValueError(
            f"X_val is of {namespace(rows[1]).__name__} and X of {namespace(data[1]).__name__}. "
            "Convert one of them."
        )
    return rows


class Scorer:
    """Score and mean loss of the user's parameters on the rows to validate on.

    The score by ``scoring="loss"`` is the share 1 - L(w) / L(null) of the mean loss there that
    the null model of the training rows has; by "score" that of the estimator's `score`; else what
    scikit-learn's scorer of that name, or a function ``scoring(model, X, y)``, answers. The loss
    counts rows as the objective does, all other scores without the weights of the classes.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    prepared : Prepared
    original : callable
        From the user's parameters to ``coef_`` and ``intercept_`` in the library of the run.
    """

    def __init__(self, estimator, prepared, original):
        self.estimator, self.original = estimator, original
        self.X, self.y, weights = prepared.held_out
        self.weights = estimator._score_weights(self.y, weights)
        self.relative = None if weights is None else normalised_weights(weights)
        self.objective = prepared.objective
        self.wide_y = _wide(self.y)
        self.null_loss = self._null_loss()
        self.scorer = _scorer(estimator)

    def __call__(self, params):
        """The score, and the mean loss."""
        coef, intercept = self.objective.design.split(params)
        z = self.X @ coef + intercept
        loss = self._loss(_wide(z))
        scoring = self.estimator.scoring
        if isinstance(scoring, str) and scoring == "loss":
            return 1 - loss / self.null_loss, loss
        if self.scorer is None:
            of_rows = self.objective.loss, self.y, z, self.weights
            return self.estimator._validation_score(*of_rows), loss
        weights = {} if self.weights is None else {"sample_weight": self.weights}
        y, offset = self.objective.loss.split_target(self.y)
        model = self._model(params, offset)
        return float(self.scorer(model, self.X, self._labels(y), **weights)), loss

    def _model(self, params, offset):
        """A model with these parameters, to which rows without names, and offsets, are known."""
        model = object.__new__(type(self.estimator))
        vars(model).update(vars(self.estimator))
        vars(model).pop("feature_names_in_", None)
        model.coef_, model.intercept_ = self.original(params)
        model._loss = self.objective.loss.without_offset
        if offset is not None:
            model.predict = partial(model.predict, offset=offset)
        return model

    def _labels(self, y):
        """The targets as the user has them."""
        if not is_classifier(self.estimator):
            return y
        classes = to_numpy(self.estimator.classes_)
        return classes[codes_of(y, len(classes))]

    def _loss(self, z):
        return float(mean_loss(self.objective.loss, self.wide_y, self.relative, z))

    def _null_loss(self):
        """Of the rows to validate on; of those to train on where the former are met exactly."""
        objective = self.objective
        null = objective.null_parameters()
        _, intercept = objective.design.split(objective.to_user(null))
        return self._loss(_constant(intercept, self.wide_y)) or objective.loss_value(null) or 1.0


def scorer_for(estimator, prepared):
    """Return the scorer of each epoch by the rows to validate on."""
    in_run = original_units(replace(prepared, to_user_library=_as_it_is), estimator._coef_as_rows)
    return Scorer(estimator, prepared, in_run)


def _as_it_is(array):
    return array


def _scorer(estimator):
    """Return the function that scores a model, or None where the estimator does it itself."""
    scoring = estimator.scoring
    if not isinstance(scoring, str):
        return scoring
    if scoring in ("loss", "score"):
        return None
    from sklearn.metrics import get_scorer

    return get_scorer(scoring)


def _wide(array):
    """Return an array in the highest precision of its library, as squares overflow single."""
    return namespace(array).astype(array, widest_type(array))


def _constant(value, targets):
    """Raw predictions of the same value for all rows."""
    rows = 0 * targets[(slice(None),) + (0,) * (targets.ndim - 1)]
    return rows + value if value.ndim == 0 else rows[:, None] + value
