"""What happened: one row per epoch."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, Self, overload

from gdregress._utils.types import Array

if TYPE_CHECKING:
    from pandas import DataFrame

COLUMNS = {
    "epoch": "{:>6d}",
    "t": "{:>9d}",
    "objective": "{:>14.8g}",
    "loss": "{:>14.8g}",
    "penalty": "{:>12.5g}",
    "gradient_norm": "{:>13.5g}",
    "gap": "{:>12.5g}",
    "learning_rate": "{:>13.5g}",
    "validation_score": "{:>16.6g}",
    "seconds": "{:>9.3f}",
}


class History:
    """The course of a fit, as columns of Python numbers.

    The first row is where the run starts, every other the end of an epoch; a fit that was stopped
    in the middle of an epoch ends with the row of its last complete epoch. Epochs are counted on
    over warm starts. ``history["objective"]`` is a list.

    Under an automatic rate of batches, an epoch that did not lower the objective is undone: its
    row repeats the numbers of the parameters that are kept, with the rate that was tried.

    ====================  ================================================================
    column                meaning
    ====================  ================================================================
    ``epoch``             passes over the data
    ``t``                 updates
    ``objective``         weighted mean loss + penalty, at the end of the epoch
    ``loss``              the weighted mean loss in it
    ``penalty``           the penalty in it
    ``gradient_norm``     norm of the gradient mapping, each column of X in units of its root
                          mean square; for batch at the point of the epoch's gradient
    ``gap``               estimate of what is left, F - F*; None for a loss with kinks over
                          batches. Exact, as far as the curvature tells, where a run ends
    ``learning_rate``     rate of the epoch's last update
    ``validation_score``  score on the rows held out, None without early stopping
    ``seconds``           since the data were ready, the work for an automatic rate included;
                          epochs that are measured together are known together
    ====================  ================================================================

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

    def __init__(self) -> None:
        self._columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
        self.coef: list[Array] = []
        self.intercept: list[Array] = []

    def append(self, row: Mapping[str, Any]) -> None:
        """Add a row, a dict with a value for each column."""
        for name, column in self._columns.items():
            column.append(row[name])

    def append_parameters(self, coef: Array, intercept: Array) -> None:
        """Add the parameters of the last row, in original units."""
        self.coef.append(coef)
        self.intercept.append(intercept)

    def append_row(self, other: "History", index: int) -> None:
        """Take over a row of another history, its parameters included."""
        self.append(other.row(index))
        if other.coef:
            self.append_parameters(other.coef[index], other.intercept[index])

    def correct(self, index: int, column: str, value: float) -> None:
        """Put a number in its place that was known later."""
        self._columns[column][index] = value

    def undo_last(self, index: int) -> None:
        """Give the last row, whose epoch was undone, the numbers of the row that is kept.

        Its own are the epoch, the learning rate that was tried, and the seconds.
        """
        for name, column in self._columns.items():
            if name not in ("epoch", "learning_rate", "seconds"):
                column[-1] = column[index]
        if self.coef:
            self.coef[-1], self.intercept[-1] = self.coef[index], self.intercept[index]

    def forget(self, kept: int) -> None:
        """Drop all rows but the first and the last `kept`, once there are twice as many."""
        first = len(self) - kept
        if first <= kept:
            return
        for column in self._columns.values():
            del column[1:first]
        # parameters may have been stored from a later row on
        for parameters in (self.coef, self.intercept):
            del parameters[1 : max(1, len(parameters) - kept)]

    def to_dict(self) -> dict[str, Any]:
        """Columns and parameters as lists, to be saved.

        Returns
        -------
        dict
        """
        columns = {name: list(column) for name, column in self._columns.items()}
        return {"columns": columns, "coef": list(self.coef), "intercept": list(self.intercept)}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        history = cls()
        history._columns = {name: list(saved["columns"][name]) for name in COLUMNS}
        history.coef, history.intercept = list(saved["coef"]), list(saved["intercept"])
        return history

    @overload
    def __getitem__(self, column: Literal["epoch", "t"]) -> list[int]: ...
    @overload
    def __getitem__(self, column: Literal["validation_score"]) -> list[float | None]: ...
    @overload
    def __getitem__(self, column: str) -> list[float]: ...
    def __getitem__(self, column: str) -> list[Any]:
        return self._columns[column]

    def __len__(self) -> int:
        return len(self._columns["epoch"])

    def columns(self) -> list[str]:
        """Names of the columns.

        Returns
        -------
        list of str
        """
        return list(self._columns)

    def row(self, index: int) -> dict[str, Any]:
        """One row.

        Parameters
        ----------
        index : int
            Its number; 0 is the start, -1 the last.

        Returns
        -------
        dict
            Its values by the names of the columns.
        """
        return {name: column[index] for name, column in self._columns.items()}

    def to_frame(self) -> "DataFrame":
        """The rows as a pandas DataFrame indexed by epoch.

        Returns
        -------
        pandas.DataFrame

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

    def _shown(self) -> list[str]:
        """Columns that hold at least one value."""
        return [
            name for name, values in self._columns.items() if any(v is not None for v in values)
        ]

    def header(self, columns: Sequence[str] | None = None) -> str:
        """Names of the columns, aligned with `line`."""
        columns = columns or self._shown()
        return " ".join(f"{name:>{len(_blank(name))}}" for name in columns)

    def line(self, row: int = -1, columns: Sequence[str] | None = None) -> str:
        """One row as aligned text."""
        columns = columns or self._shown()
        cells = ((name, self._columns[name][row]) for name in columns)
        return " ".join(_blank(n) if v is None else COLUMNS[n].format(v) for n, v in cells)

    def __repr__(self) -> str:
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


def _blank(name: str) -> str:
    """Spaces of the width of a column: that of its numbers or of its name."""
    number = COLUMNS[name].format(0)
    return " " * max(len(number), len(name))
