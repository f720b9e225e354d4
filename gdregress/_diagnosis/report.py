"""The report of `diagnose`."""

from dataclasses import dataclass
from html import escape
from math import inf, isnan

from gdregress._diagnosis.columns import ColumnFaults
from gdregress._diagnosis.predictions import Prediction


@dataclass(frozen=True)
class Diagnosis:
    """A prediction of descent on some data, printed as text and shown as a table in notebooks.

    Parameters
    ----------
    finishes : bool or None
        Whether the estimator ends by "tolerance" within its ``max_iter``; None if unknown.
    epochs : int or None
        Count of epochs of the run; None if unknown.
    how_known : str
        Whether a formula or a trial gives the count.
    condition_number : float
        Of X: its largest singular value over its smallest, a column of ones for the intercept
        included; inf if it is singular, nan if there are too many columns to tell.
    condition_number_of_columns : float
        The same, each column centred and divided by its standard deviation.
    eigenvalues, eigenvalues_of_columns : tuple of (float, float)
        Smallest and largest of X'X / n and of the objective's second derivative, in the
        user's own columns and in scaled ones.
    predictions, predictions_of_columns : list of Prediction
        For each rule at its best rate, in the user's own columns (``preconditioner=None``) and in
        scaled ones (``preconditioner="columns"``).
    columns : ColumnFaults
        The columns that slow descent down, and why.
    critical_batch_size : float
        The ratio max_i ||a_i||^2 / L of the scaled columns: rows of a batch beyond which larger
        ones save no updates (Ma, Bassily and Belkin, "The power of interpolation", 2018,
        theorem 4).
    theory : str
        How the predictions are computed, and for which part of the path they hold.
    recommendations : list of str
        Recommendations, each with its reason.
    """

    finishes: bool | None
    epochs: int | None
    how_known: str
    condition_number: float
    condition_number_of_columns: float
    eigenvalues: tuple[float, float]
    eigenvalues_of_columns: tuple[float, float]
    predictions: list[Prediction]
    predictions_of_columns: list[Prediction]
    columns: ColumnFaults
    critical_batch_size: float
    theory: str
    recommendations: list[str]

    def sections(self) -> dict[str, list[str]]:
        """The report as sentences under headings.

        Returns
        -------
        sections : dict of list of str
        """
        return {
            "Will it finish?": [self._verdict()],
            "What stands in the way": self.columns.sentences() or ["No column is at fault."],
            "Condition": [
                f"The condition number of X is {_number(self.condition_number)}, of its columns "
                f"centred and scaled {_number(self.condition_number_of_columns)}.",
                f"The curvature of the objective is between {self.eigenvalues[0]:.3g} and "
                f"{self.eigenvalues[1]:.3g} in your columns, between "
                f"{self.eigenvalues_of_columns[0]:.3g} and {self.eigenvalues_of_columns[1]:.3g} "
                "in scaled ones.",
                self.theory,
            ],
            "Epochs over all rows at the best rate, in your columns": _table(self.predictions),
            "Epochs over all rows at the best rate, in scaled columns": _table(
                self.predictions_of_columns
            ),
            "Batches": [
                f"Batches of more than about {self.critical_batch_size:.3g} rows save no "
                "updates: a single row has at most so many times the curvature that the mean has."
            ],
            "Recommended": self.recommendations,
        }

    def _verdict(self):
        if self.finishes is None:
            return f"That is not known: {self.how_known}."
        if self.epochs is None:
            return f"No: {self.how_known}."
        taken = "at once" if self.epochs == 0 else f"after {count_of_epochs(self.epochs)}"
        answer = "Yes," if self.finishes else "No, it would end"
        return f"{answer} {taken}, {self.how_known}."

    def __str__(self) -> str:
        lines = []
        for heading, sentences in self.sections().items():
            lines += [heading, *(f"  {sentence}" for sentence in sentences), ""]
        return "\n".join(lines[:-1])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """The report for notebooks."""
        parts = []
        for heading, sentences in self.sections().items():
            tag = "pre" if heading.startswith("Epochs") else "p"
            text = "\n".join(sentences) if tag == "pre" else "<br>".join(map(escape, sentences))
            parts.append(f"<h4>{escape(heading)}</h4><{tag}>{text}</{tag}>")
        return "".join(parts)


def _number(condition):
    """A condition number as text."""
    return "not known" if isnan(condition) else f"{condition:.3g}"


def count_of_epochs(number):
    """A number of epochs as text."""
    if number == inf:
        return "more than a billion epochs"
    return f"{number:,} epoch" if number == 1 else f"{number:,} epochs"


def _table(predictions):
    """Predictions as aligned lines."""
    rows = [("optimizer", "momentum", "stable rate", "best rate", "epochs")]
    for one in predictions:
        momentum = one.momentum
        rows.append(
            (
                one.optimizer,
                "" if momentum is None else momentum if momentum == "auto" else f"{momentum:.6g}",
                f"{one.stable_rate:.4g}",
                f"{one.best_rate:.4g}",
                f"{one.epochs:,}",
            )
        )
    widths = [max(len(row[j]) for row in rows) for j in range(5)]
    return [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    ]
