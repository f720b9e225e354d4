"""What the docstrings of both estimators say alike; `filled_in` puts it in."""

STRENGTH = """
alpha : float or array-like of shape (n_features,), default=1e-4
    Strength of a penalty given by name, of all features or of each.
l1_ratio : float in [0, 1], default=0.15
    Share of l1 in ``penalty="elasticnet"``.
"""

RUN = """
fit_intercept : bool, default=True
    Whether to fit the intercept b.
solver : {"batch", "stochastic", "mini-batch"}, default="batch"
    Rows per update: all, one, or `batch_size`. With a smooth loss each of them ends at the
    minimum and says so, see `tol`.
batch_size : int or float, default=32
    Rows per update of "mini-batch"; a float in (0, 1] is a fraction of all rows.
optimizer : str, Optimizer or optax.GradientTransformation, default="auto"
    "gd", "svrg", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "amsgrad", "nadam",
    "cg", or an instance such as ``Adam(beta_1=0.8)``. "auto", at ``learning_rate="auto"`` and
    unless `average` or `momentum` is set, is "svrg" for batches of a smooth loss; over all
    rows conjugate gradients with exact steps for smooth convex losses under l2 or no penalty,
    but where squared error has its moments; proximal Newton steps for smooth convex losses
    under l1 or norms of groups, of more than two classes under l1 and up to 512 columns; and
    Newton steps along smooth envelopes of the loss for "absolute_error", "quantile",
    "epsilon_insensitive" and "hinge", under no penalty, l1, l2, both or `Box`. In all other
    cases it is "nesterov". "svrg", for batches of smooth losses, corrects each gradient by one
    over all rows and converges at a constant rate; by "auto" its epochs over many rows begin
    with a Newton step, whose second derivatives are those of a sample of the rows; under l1,
    with several targets, or with three classes and more, a run by "auto" that it has not ended
    after 100 epochs goes on over all rows where the columns are few enough for their moments;
    where "svrg" has no metric, and with an optimizer given by its name, it does after half of
    the epochs. "cg", for ``solver="batch"`` and smooth convex losses under l2 or no penalty,
    asks for the conjugate gradients: momentum by conjugacy, and steps to the minimum along
    each direction. The adaptive ones add an epsilon of 1e-8 to the size of the gradient: bring
    numbers y to a size well above it. A transformation of optax has its own learning rate; it
    asks for ``learning_rate=1.0`` and no penalty.
momentum : float in [0, 1) or "auto", default="auto"
    For "momentum" and "nesterov". "auto" is, for ``solver="batch"``, the accelerated sequence
    with adaptive restart where the loss is smooth (nesterov), and the optimal constant where
    the smallest curvature is known, as that of squared error is (momentum); 0.9 otherwise.
learning_rate : float, "auto" or "line-search", default="auto"
    A number is the step of the textbooks: in the user's own columns unless `preconditioner`
    says otherwise, beginning at zero coefficients, and at an intercept of zero but for losses
    with a log link. "auto" and "line-search" begin at the best constant prediction; with all
    else left to "auto", smooth losses over very many rows begin at the minimum of a sample.

    "auto", over all rows: 1 / L, L the largest curvature, for squared error; backtracking for
    other smooth losses, whose curvature varies, but for the adaptive optimizers and, where
    the curvature is bounded, for heavy ball momentum. A run that diverges continues from its
    best parameters at a quarter of the rate. For batches of rows the rate begins at
    a bound of the curvature and is learned: an epoch that lowered the objective is kept and
    raises it, fourfold until one has failed and by a tenth from then on; any other is undone
    and the rate divided by 4. In `partial_fit` see there.

    "line-search" is Armijo backtracking, for solver="batch", smooth losses and optimizers
    that are not adaptive.
schedule : str, Schedule or callable, default="auto"
    Factor of the learning rate by the count of updates: "constant", "invscaling",
    "exponential", "step", "cosine", "one-cycle", "adaptive", an instance such as
    ``Exponential(decay=0.9)``, or any function of the count. "auto" is constant where the rate
    is learned, for "svrg" and "adagrad", and over all rows; there "rmsprop", "adam" and
    "nadam", and losses with kinks, have their rate halved whenever the objective makes no
    progress. Batches at a given rate have (1 + epochs)^-0.75, where a hundred updates count
    as an epoch if it has fewer.
power_t : float, default=0.25
    Exponent of "invscaling".
preconditioner : {"auto", "columns", "moments"} or None, default="auto"
    Coordinates in which the run descends; objective, penalty, minimiser and everything
    reported stay in the user's units. "columns": each column centred and divided by its
    standard deviation; without an intercept by its root mean square, and not centred. For
    batches a tenth of the largest squared deviation is added to the variance, so that rare
    values do not make single rows huge. Sparse matrices are centred implicitly, those columns
    for which it pays. "moments": the metric of the second moments of the columns, in which
    few epochs are enough however the columns are correlated. It needs a smooth loss, l2 or no
    penalty, at most 512 columns in NumPy or sparse, and all rows, or "svrg" with batches of at
    least an eighth as many rows as there are columns. None: the columns as they are.

    "auto" is None where `learning_rate` is a number. Otherwise it is "columns", or "moments"
    where the rows are at least twice as many as the columns and the condition number says
    that scaled columns would need more epochs than `max_iter` (squared error), than 25 (other
    losses), or than 150 (batches).

    Where everything is left to "auto" and the columns are at least twice as many as the rows,
    which are 1024 at most, conjugate gradients under l2 are preconditioned by all second
    derivatives, which the products of the rows have: one epoch of squared error is enough.
standardize : bool, default=False
    Centre and scale the columns, and penalise the coefficients of the scaled ones: another
    objective wherever there is a penalty. ``coef_`` and ``intercept_`` are in the original
    units.
max_iter : int, default=1000
    Most epochs, that is passes over the data.
tol : float or None, default=1e-4
    The run ends by "tolerance" when what is left of the objective, F - F*, is at most tol^2 of
    what the best constant prediction has left, F_null - F*: by an estimate from gradient and
    curvature for smooth losses; by a duality gap, which is proven, for "absolute_error",
    "quantile", "epsilon_insensitive" and "hinge" under ``optimizer="auto"`` and under no
    penalty, l1, l2, both or `Box`, whose batches are followed by epochs over all rows. Other
    runs of losses with kinks, and all with `early_stopping`, end on a plateau: when the
    objective has not improved by `tol` of itself, or the validation score by `tol`, for
    `n_iter_no_change` epochs. 0 asks for all digits, and for squared error without a penalty
    on up to 100,000 numbers the last step computes residuals in twice the precision, so that
    an ill-conditioned X costs none of them. None asks for all `max_iter` epochs.
n_iter_no_change : int, default=5
    Epochs without improvement that make a plateau; more where the swings of a momentum last
    longer. For runs that end on one, see `tol`, and for ``schedule="adaptive"``.
early_stopping : bool, default=False
    Hold out `validation_fraction` of the rows, of every class its share, or take those that
    `fit` is given as ``X_val``; stop on their score, and restore the best parameters.
    ``history_["gap"]`` says how far the objective of the rows that are trained on is from its
    minimum.
scoring : {"loss", "score"}, str or callable, default="loss"
    Score of the rows to validate on: "loss" is 1 - L / L_null, the share of the mean loss
    there that the best constant has and the model has not; "score" is that of the method
    `score`: R2, D2 under a log link, or accuracy. Or the name of a scorer of scikit-learn,
    such as "neg_mean_absolute_error" or "roc_auc", or a function ``scoring(model, X, y)``,
    larger being better. `class_weight` counts in "loss" only.
validation_fraction : float in (0, 1), default=0.1
    Share of the rows held out. Not used where `fit` is given ``X_val``.
average : bool or int, default=False
    Return the average of the last half or more of the iterates, or of all after this many
    updates; objective and tolerance are measured at the average.
shuffle : bool, default=True
    Whether each epoch takes the rows in a new random order.
warm_start : bool, default=False
    Continue the last fit, its optimizer's memory included.
store_path : bool, default=False
    Keep the coefficients after every epoch in ``history_``.
random_state : int, RandomState instance or None, default=None
    Order of the rows, and the rows held out.
verbose : int, default=0
    1 prints some epochs, 2 all of them.
"""

RESULTS = """
n_iter_ : int
    Epochs run.
t_ : int
    Updates made.
n_features_in_ : int
    Number of features seen in fit.
feature_names_in_ : ndarray of shape (`n_features_in_`,)
    Names of the features, if X has names that are all strings.
learning_rate_ : float
    Learning rate before the schedule: as given, as derived, or the last one where it was
    searched or learned. In the coordinates of the run, see `preconditioner`. Steps along
    smooth envelopes have none, and leave here the one derived.
momentum_ : float, "auto" or None
    Momentum used: a number, "auto" for the accelerated sequence, None for optimizers
    without it.
converged_ : bool
    Whether the run ended by "tolerance". Nothing else proves that it is at the minimum.
    The coefficients have fewer digits than the objective: their relative error is at most
    about ``tol`` times the square root of the condition number of X'X. Of a loss that is
    not convex, such as "cauchy", it is a minimum that may be a local one.
stop_reason_ : str
    "tolerance", "plateau", "max_iter", "diverged", "callback" or "interrupted". After a
    plateau, a divergence or an interrupt, and with `early_stopping`, the best parameters are
    kept, not the last.
loss_curve_ : list of float
    Objective at the end of each epoch.
validation_scores_ : list of float
    Score on the rows to validate on at the end of each epoch, where there are any.
history_ : History
    One row per epoch: objective, loss, penalty, gradient norm, gap, learning rate, seconds.
    The gap is an estimate of F - F*, or a proven bound of it, see `tol`; None where nothing
    is known. It is measured at the end of the run, where it could end it, and now and then;
    in between it follows the square of the gradient norm.
"""

OUTCOME_OF_FIT = """
Returns
-------
self : object
    The fitted estimator.

Raises
------
ValueError
    For a parameter, an input or a combination that is not accepted. An earlier fit
    stays usable.
TypeError
    For an input that is no table of numbers, such as a lazy frame, an iterable of
    batches, a dict or a sparse y; for formulas of components that stand on the instance;
    and for a loss that is a function, where X is NumPy's.

Warns
-----
DivergenceWarning
    The run grew and was ended; the best finite parameters are kept.
ConvergenceWarning
    The run ended without a proof that it is at the minimum: after ``max_iter`` epochs, on
    a plateau, or where no epoch was better than the start.
IgnoredParameterWarning
    A parameter was set that has no effect together with the others.
"""
