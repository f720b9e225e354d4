"""Finds the columns that make descent slow from the moments of the columns."""

from dataclasses import dataclass, field

import numpy as np

# Ratio of two standard deviations from which descent in the user's columns is slow.
RATIO_OF_SIZES = 10.0
# Correlation beyond which two columns are near-duplicates.
DUPLICATES = 0.99
# Relative size below which a number is the rounding error of zero.
ROUNDING = 1e-10
# Largest count of names in a sentence.
MOST_NAMED = 5


@dataclass
class ColumnFaults:
    """The columns that slow descent down, by name; a list is empty where none does.

    Attributes
    ----------
    largest, smallest : str or None
        Columns whose standard deviations differ by more than ten times.
    ratio : float
        Ratio of these two deviations.
    constant : list of str
    off_centre : list of str
        Columns whose mean is more than ten times their standard deviation.
    duplicates : list of (str, str, float)
        Pairs, and their correlation.
    one_hot : list of list of str
        Sets of columns of 0 and 1 that add up to 1 in every row, as the intercept does.
    """

    largest: str | None = None
    smallest: str | None = None
    ratio: float = 1.0
    constant: list[str] = field(default_factory=list)
    off_centre: list[str] = field(default_factory=list)
    duplicates: list[tuple[str, str, float]] = field(default_factory=list)
    one_hot: list[list[str]] = field(default_factory=list)

    def sentences(self) -> list[str]:
        """One sentence for each fault."""
        said = []
        if self.largest is not None:
            said.append(
                f"The standard deviation of {self.largest} is {self.ratio:.3g} times that of "
                f"{self.smallest}."
            )
        if self.off_centre:
            said.append(
                f"The means of {listed(self.off_centre)} are more than ten times their standard "
                "deviations."
            )
        if self.constant:
            said.append(f"Constant, like the intercept: {listed(self.constant)}.")
        for first, second, correlation in self.duplicates[:MOST_NAMED]:
            said.append(
                f"{first} and {second} are near-duplicates: correlation {correlation:.5f}."
            )
        if len(self.duplicates) > MOST_NAMED:
            said.append(f"So are {len(self.duplicates) - MOST_NAMED} more pairs.")
        for names in self.one_hot:
            said.append(f"The {len(names)} columns {listed(names)} add up to 1 in every row.")
        return said


def listed(names):
    """Names separated by commas; of many names the first few and the count of the others."""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def column_faults(mean, variance, covariance, names, fit_intercept):
    """The faults of some columns.

    Parameters
    ----------
    mean, variance : ndarray of shape (n_features,)
        Means and variances of the user's columns.
    covariance : ndarray of shape (n_features, n_features) or None
        None finds the faults of single columns only.
    names : list of str
    fit_intercept : bool
    """
    deviation = np.sqrt(np.maximum(variance, 0.0))
    varies = deviation > ROUNDING * np.abs(mean)
    faults = ColumnFaults(constant=[names[j] for j in np.flatnonzero(~varies)])
    kept = np.flatnonzero(varies)
    if not len(kept):
        return faults
    by_size = kept[np.argsort(deviation[kept])]
    ratio = float(deviation[by_size[-1]] / deviation[by_size[0]])
    if ratio > RATIO_OF_SIZES:
        faults.largest, faults.smallest, faults.ratio = (
            names[by_size[-1]],
            names[by_size[0]],
            ratio,
        )
    far = kept[np.abs(mean[kept]) > RATIO_OF_SIZES * deviation[kept]]
    faults.off_centre = [names[j] for j in far]
    if covariance is None:
        return faults
    correlation = covariance[np.ix_(kept, kept)] / np.outer(deviation[kept], deviation[kept])
    first, second = np.nonzero(np.triu(np.abs(correlation) > DUPLICATES, 1))
    pairs = sorted(zip(first, second, strict=True), key=lambda pair: -abs(correlation[pair]))
    faults.duplicates = [
        (names[kept[i]], names[kept[j]], float(correlation[i, j])) for i, j in pairs
    ]
    if fit_intercept:
        faults.one_hot = [[names[j] for j in some] for some in _one_hot_sets(mean, covariance)]
    return faults


def _one_hot_sets(mean, covariance):
    """Sets of neighbouring columns of 0 and 1 that add up to 1 in every row."""
    products = covariance + np.outer(mean, mean)
    is_binary = (np.abs(np.diag(products) - mean) <= ROUNDING) & (mean > 0) & (mean < 1)
    sets, current = [], []
    for j in np.flatnonzero(is_binary):
        excludes = all(abs(products[i, j]) <= ROUNDING for i in current)
        current = [*current, j] if current and excludes and j == current[-1] + 1 else [j]
        if len(current) > 1 and abs(mean[current].sum() - 1) <= ROUNDING:
            sets.append(current)
            current = []
    return sets
