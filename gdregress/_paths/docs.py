"""What the docstrings of both searches say alike; `filled_in` puts it in."""

SEARCH = """
l1_ratios : array-like of shape (n_l1_ratios,) or None, default=None
    Shares of l1 in ``penalty="elasticnet"``. None keeps the estimator's.
learning_rates : array-like of shape (n_learning_rates,) or None, default=None
    None keeps the estimator's.
cv : int, splitter, iterable of (train, test) or None, default=None
    As in scikit-learn; None is 5. A number of folds has of every class its share.
scoring : str, callable or None, default=None
    Name of a scorer of scikit-learn or ``scoring(model, X, y)``. None is the estimator's
    `score`: R2, D2 under a log link, or accuracy.
n_jobs : int or None, default=None
    Folds that are fitted at the same time, in threads. Moments need none.
"""

SCORES = """
alpha_, l1_ratio_, learning_rate_ : float
    The best; those that were searched. Without a search, ``learning_rate_`` is that of the
    best estimator.
alphas_ : ndarray of shape (n_alphas,) or (n_l1_ratios, n_alphas)
    Strengths that were tried.
scores_ : ndarray of shape (n_l1_ratios, n_learning_rates, n_alphas, n_folds)
    Without the axes of what was not searched.
"""

BEST = """
best_params_ : dict
    Of the estimator.
best_score_ : float
    Mean over the folds.
best_index_, n_splits_ : int
scorer_ : callable
"""
