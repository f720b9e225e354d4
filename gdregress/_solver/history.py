"""What happened: one row per epoch."""

from importlib import import_module

COLUMNS = {
    "epoch": "{:>6d}",
    "t": "{:>9d}",
    "objective": "{:>14.8g}",
    "loss": "{:>14.8g}",
    "penalty": "{:>12.5g}",
    "gradient_norm": "{:>13.5g}",
    "learning_rate": "{:>13.5g}",
    "validation_score": "{:>16.6g}",
    "seconds": "{:>9.3f}",
}


class History:
    """The course of a fit, as columns of Python numbers.

    The first row is where the run starts, every other the end of an epoch; a fit that was stopped
    in the middle of an epoch ends with the row of its last complete epoch. Epochs are counted on
    over warm starts. ``history["objective"]`` is a list.

    ===================  ================================================================
    column               meaning
    ===================  ================================================================
    ``epoch``            passes over the data
    ``t``                updates
    ``objective``        weighted mean loss + penalty, at the end of the epoch
    ``loss``             the weighted mean loss in it
    ``penalty``          the penalty in it
    ``gradient_norm``    norm of the gradient mapping, each column of X in units of its root
                         mean square; for batch at the point of the epoch's gradient
    ``learning_rate``    rate of the epoch's last update
    ``validation_score`` score on the rows held out, None without early stopping
    ``seconds``          since the data were ready, the work for an automatic rate included;
                         epochs that are measured together are known together
    ===================  ================================================================

    Attributes
    ----------
    coef, intercept : list of arrays
        Parameters of each row in original units, with ``store_path=True``; empty otherwise.

    Examples
    --------
    >>> from gdregress import GDRegressor
    >>> model = GDRegressor(optimizer="gd", learning_rate=0.5, max_iter=2, tol=None)
    >>> history = model.fit([[0.0], [2.0]], [0.0, 2.0]).history_
    >>> history["objective"]
    [1.0, 0.125, 0.03125]
    """

    def __init__(self):
        self._columns = {name: [] for name in COLUMNS}
        self.coef = []
        self.intercept = []

    def append(self, row):
        """Add a row, a dict with a value for each column."""
        for name, column in self._columns.items():
            column.append(row[name])

    def append_parameters(self, coef, intercept):
        """Add the parameters of the last row, in original units."""
        self.coef.append(coef)
        self.intercept.append(intercept)

    def append_row(self, other, index):
        """Take over a row of another history, its parameters included."""
        self.append(other.row(index))
        if other.coef:
            self.append_parameters(other.coef[index], other.intercept[index])

    def to_dict(self):
        """Columns and parameters as lists, to be saved.

        Returns
        -------
        dict
        """
        columns = {name: list(column) for name, column in self._columns.items()}
        return {"columns": columns, "coef": list(self.coef), "intercept": list(self.intercept)}

    @classmethod
    def from_dict(cls, saved):
        """The inverse of `to_dict`."""
        history = cls()
        history._columns = {name: list(saved["columns"][name]) for name in COLUMNS}
        history.coef, history.intercept = list(saved["coef"]), list(saved["intercept"])
        return history

    def __getitem__(self, column):
        return self._columns[column]

    def __len__(self):
        return len(self._columns["epoch"])

    def columns(self):
        """Names of the columns."""
        return list(self._columns)

    def row(self, index):
        """One row as a dict; -1 is the last."""
        return {name: column[index] for name, column in self._columns.items()}

    def to_frame(self):
        """The rows as a pandas DataFrame indexed by epoch.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        try:
            pandas = import_module("pandas")
        except ImportError as error:
            raise ImportError(
                "history_.to_frame() needs pandas: pip install pandas. "
                "history_['objective'] and the other columns are lists without it."
            ) from error
        return pandas.DataFrame(self._columns).set_index("epoch")

    def _shown(self):
        """Columns that hold at least one value."""
        return [
            name for name, values in self._columns.items() if any(v is not None for v in values)
        ]

    def header(self, columns=None):
        """Names of the columns, aligned with `line`."""
        columns = columns or self._shown()
        return " ".join(f"{name:>{len(_blank(name))}}" for name in columns)

    def line(self, row=-1, columns=None):
        """One row as aligned text."""
        columns = columns or self._shown()
        cells = ((name, self._columns[name][row]) for name in columns)
        return " ".join(_blank(n) if v is None else COLUMNS[n].format(v) for n, v in cells)

    def __repr__(self):
        if not len(self):
            return "History of 0 epochs"
        columns, n = self._shown(), len(self)
        rows = range(n) if n <= 10 else [*range(5), *range(n - 5, n)]
        lines = [f"History of {n - 1} epochs", self.header(columns)]
        for previous, row in zip([-1, *rows], rows, strict=False):
            if row != previous + 1:
                lines.append("   ...")
            lines.append(self.line(row, columns))
        return "\n".join(lines)


def _blank(name):
    """Spaces of the width of a column: that of its numbers or of its name."""
    number = COLUMNS[name].format(0)
    return " " * max(len(number), len(name))
