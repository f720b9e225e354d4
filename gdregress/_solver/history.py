"""The history of a run: one row per epoch."""

import math
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NoReturn, Self, overload

from gdregress._utils.neighbours import COLUMNS as COLUMNS_OF_NEIGHBOURS
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
    "validation_loss": "{:>15.8g}",
    "seconds": "{:>9.3f}",
}


_Validated = Literal["validation_score", "validation_loss"]


class Row(dict[str, Any]):
    """The columns of an epoch; the error for an unknown one lists them."""

    def __missing__(self, column: str) -> NoReturn:
        raise KeyError(f"{column!r} is no column. The columns are: {', '.join(self)}.")


class History(dict[str, list[Any]]):
    """The course of a fit: a table of Python numbers, a dict of its columns.

    As in a frame of pandas, iteration and ``in`` go over the names of the columns, and ``len`` is
    the number of rows. ``pandas.DataFrame(history_)`` and ``json.dumps(history_)`` take it as it
    is. Columns that do not apply, as ``validation_score`` without rows to validate on, are
    absent.

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
                          mean square; for batch at the point of the last update's gradient
    ``gap``               what is left of the objective, F - F*: of a run that has ended by
                          "tolerance" measured from the minimum that it has reached; else, and
                          while it goes on, an estimate from the last gradient, which far from
                          the minimum may be many times too small or too large, and None for a
                          loss with kinks over batches
    ``learning_rate``     rate of the epoch's last update
    ``validation_score``  score on the rows held out or given as ``X_val``
    ``validation_loss``   weighted mean loss on these rows
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

    # The units of a gradient, shown beside its norm.
    _units: ClassVar[str] = "gradient_norm in units of the columns' root mean squares"
    # Count of the rows that are no epochs.
    _n_starts: ClassVar[int] = 1

    def __init__(self) -> None:
        super().__init__()
        self.coef: list[Array] = []
        self.intercept: list[Array] = []

    def copy(self) -> Self:
        """Return a copy of the rows, to which others may be added.

        Returns
        -------
        History
        """
        history = type(self)()
        history.update({name: list(column) for name, column in self.items()})
        history.coef, history.intercept = list(self.coef), list(self.intercept)
        return history

    def append(self, row: Mapping[str, Any]) -> None:
        """Add a row, a dict with a value for each column that applies."""
        if not row.keys() <= self.keys():
            self._open([name for name in row if row[name] is not None and name not in self])
        for name, column in self.items():
            column.append(row.get(name))

    def _open(self, names: Sequence[str]) -> None:
        """Add columns that have not applied so far."""
        if not names:
            return
        known = dict(self) | {name: [None] * len(self) for name in names}
        self.clear()
        self.update({name: known[name] for name in COLUMNS if name in known})

    def append_parameters(self, coef: Array, intercept: Array) -> None:
        """Add the parameters of the last row, in original units."""
        self.coef.append(coef)
        self.intercept.append(intercept)

    def append_row(self, other: "History", index: int) -> None:
        """Take over a row of another history, its parameters included."""
        self.append(other.full_row(index))
        if other.coef:
            self.append_parameters(other.coef[index], other.intercept[index])

    def correct(self, index: int, column: str, value: float) -> None:
        """Write a number that was known late."""
        if column not in self:
            self._open([column])
        self[column][index] = value

    def measure_gaps_from_last(self) -> None:
        """Once a run is at the minimum, its last row tells what every other one has missed.

        On its way gaps are estimates, over all rows of the point before the last update.
        """
        least, left = self["objective"][-1], self.get("gap", [None])[-1]
        if left is not None and math.isfinite(left):
            self["gap"] = [max(value - least, 0.0) + left for value in self["objective"]]

    def undo_last(self, index: int) -> None:
        """Give the last row, whose epoch was undone, the numbers of the row that is kept.

        Its own are the epoch, the learning rate that was tried, and the seconds.
        """
        for name, column in self.items():
            if name not in ("epoch", "learning_rate", "seconds"):
                column[-1] = column[index]
        if self.coef:
            self.coef[-1], self.intercept[-1] = self.coef[index], self.intercept[index]

    def forget(self, kept: int) -> None:
        """Drop all rows but the first and the last `kept`, once they are twice as many."""
        first = len(self) - kept
        if first <= kept:
            return
        for column in self.values():
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
        columns = {name: list(column) for name, column in self.items()}
        return {"columns": columns, "coef": list(self.coef), "intercept": list(self.intercept)}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        history = cls()
        columns = saved["columns"]
        history.update({name: list(columns[name]) for name in COLUMNS if _applies(columns, name)})
        history.coef, history.intercept = list(saved["coef"]), list(saved["intercept"])
        return history

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, column: Literal["epoch", "t"]) -> list[int]: ...
        @overload
        def __getitem__(self, column: _Validated) -> list[float | None]: ...
        @overload
        def __getitem__(self, column: str) -> list[float]: ...
        def __getitem__(self, column: str) -> list[Any]: ...

    def __missing__(self, column: str) -> NoReturn:
        reason = "does not apply to this fit" if column in COLUMNS else "is no column"
        columns = f"The columns are: {', '.join(self)}."
        meant = _meant_by(column)
        hint = f" Did you mean {meant!r}?" if meant in self else ""
        if (meant or column).startswith("validation_") and not hint:
            hint = " Rows to validate on are given to fit: fit(X, y, X_val=X_val, y_val=y_val)."
        raise KeyError(f"{column!r} {reason}. {columns}{hint}")

    if not TYPE_CHECKING:  # which would take any name for an attribute

        def __getattr__(self, name):
            """Say that columns are items."""
            column = name if name in COLUMNS else _meant_by(name)
            hint = f" Columns are items: history_[{column!r}]." if column else ""
            text = f"{type(self).__name__!r} object has no attribute {name!r}.{hint}"
            raise AttributeError(text, name=name, obj=self)

    def __len__(self) -> int:
        return len(self.get("epoch", ()))

    def columns(self) -> list[str]:
        """Names of the columns.

        Returns
        -------
        list of str
        """
        return list(self)

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
        return {name: column[index] for name, column in self.items()}

    def full_row(self, index: int) -> dict[str, Any]:
        """The same, with None for columns that do not apply."""
        return Row(dict.fromkeys(COLUMNS) | self.row(index))

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
        return pandas.DataFrame(dict(self)).set_index("epoch")

    def header(self, columns: Sequence[str] | None = None) -> str:
        """Names of the columns, aligned with `line`."""
        columns = columns or list(self)
        return " ".join(f"{name:>{len(_blank(name))}}" for name in columns)

    def line(self, row: int = -1, columns: Sequence[str] | None = None) -> str:
        """One row as aligned text."""
        columns = columns or list(self)
        cells = ((name, self[name][row]) for name in columns)
        return " ".join(_blank(n) if v is None else COLUMNS[n].format(v) for n, v in cells)

    def _rows_shown(self) -> list[int | None]:
        """Return the numbers of the first and last rows, None for those left out between."""
        n = len(self)
        return [*range(n)] if n <= 10 else [*range(5), None, *range(n - 5, n)]

    def _title(self) -> str:
        units = f", {self._units}" if self._units and "gradient_norm" in self else ""
        return f"History of {max(0, len(self) - self._n_starts)} epochs{units}"

    def __repr__(self) -> str:
        if not len(self):
            return "History of 0 epochs"
        lines = [self._title(), self.header()]
        lines += ["   ..." if row is None else self.line(row) for row in self._rows_shown()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """The same as a table, for notebooks."""
        names = list(self)
        head = "".join(f"<th>{name}</th>" for name in names)
        body = ""
        for row in self._rows_shown():
            cells = ["..."] * len(names) if row is None else self._cells(row)
            body += f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
        return (
            f"<table><caption>{self._title()}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )

    def _cells(self, row: int) -> list[str]:
        values = ((name, self[name][row]) for name in self)
        return ["" if v is None else COLUMNS[name].format(v).strip() for name, v in values]


class FunctionHistory(History):
    """That of a function, which has no columns: its gradient is in the units of x.

    It is taken at the end of the epoch, but at the point of the last update's gradient under
    "nesterov".
    """

    _units: ClassVar[str] = ""


def _meant_by(word: str) -> str:
    """The column that neighbouring libraries call so, or nothing."""
    return "".join(COLUMNS_OF_NEIGHBOURS.get(word, ()))


def _applies(columns: Mapping[str, list[Any]], name: str) -> bool:
    """Whether a saved column holds any value."""
    return any(value is not None for value in columns.get(name, ()))


def _blank(name: str) -> str:
    """Spaces of the width of a column: that of its numbers or of its name."""
    number = COLUMNS[name].format(0)
    return " " * max(len(number), len(name))
