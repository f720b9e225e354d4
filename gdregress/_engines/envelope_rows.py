"""The rows of `Envelope`: in memory, or in blocks that are read again.

For rows in memory the positions and the slopes of the last round are stored. For rows in blocks no
array of the length of the rows is: a position is the prediction at the parameters, and the slope
of a row at the end of a round follows from the parameters at the ends of all rounds, which are
few.
"""

from abc import ABC, abstractmethod
from functools import partial
from typing import NamedTuple

import numpy as np

from gdregress._engines.multiplier_rows import Rows, joined
from gdregress._objective.design import DesignMatrix
from gdregress._objective.evaluation import sum_by_rows
from gdregress._objective.in_double import in_double
from gdregress._objective.products import Products, SummedProducts
from gdregress.losses.pieces import position

# Lengths at which blocks compute the derivative along a step; between them it is interpolated.
# Those of short steps are in units of the length that moves the rows by a width: if few rows are
# bent, a Newton step is long and ends at the first kinks.
SHORT = np.geomspace(1e-4, 1.0, 25)
LONG = np.array([0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.5, 2.0, 4.0, 10.0, 100.0])


class EnvelopeRows(ABC):
    """The rows of all targets; each target has its own `Multipliers`.

    Parameters
    ----------
    objective : Objective
    params : ndarray of shape (n_parameters, n_targets)
        The parameters at the start.

    Attributes
    ----------
    scales : list of float
        The root mean square of m at the start, for each target.
    bases : list of ndarray
        A' S A, or its diagonal.
    """

    scales: list
    bases: list

    @abstractmethod
    def models(self, targets):
        """For each target the gradient A' s c and the `Products` of the bent rows."""

    @abstractmethod
    def along(self, targets):
        """For each target its `Along`, and the derivative as a function of the length."""

    @abstractmethod
    def move(self, number, target, length):
        """Move the rows of a target by a share of its step."""

    @abstractmethod
    def recentre(self, number, target):
        """Set the centres of the next round to the slopes at the end of this one."""

    @abstractmethod
    def where(self, number):
        """The stored arrays of the rows of a target, by name."""

    @abstractmethod
    def go_to(self, number, where):
        """Continue from the stored arrays of another run."""


class InMemory(EnvelopeRows):
    """Rows whose positions are stored."""

    def __init__(self, objective, params):
        self.design, loss, n = objective.design, objective.loss, objective.n_samples
        if objective.weights is None:
            self.shares = np.broadcast_to(1 / n, n)  # a number takes no memory
        else:
            self.shares = objective.weights.astype(float) / n
        z, y = _predict(self.design, params), target_columns(objective.y, loss)
        found = [position(loss.base_loss, *pair) for pair in zip(y.T, z.T, strict=True)]
        self.u, self.signs = (list(each) for each in zip(*found, strict=True))
        self.centres = [0.0] * len(found)
        pieces = [_pieces(loss, k) for k in range(len(found))]
        self.scales = [_scale(self.shares, *each) for each in zip(pieces, self.u, strict=True)]
        products = Products(self.design, self.shares)
        base = products.diagonal() if products.matrix is None else products.matrix
        self.bases = [base] * len(found)

    def models(self, targets):
        self.rows = [
            Rows(target.pieces, u, sign, self.shares, centres, target.width)
            for target, u, sign, centres in zip(
                targets, self.u, self.signs, self.centres, strict=True
            )
        ]
        slopes = [rows.gradient() for rows in self.rows]
        slopes = slopes[0][:, None] if len(slopes) == 1 else np.column_stack(slopes)
        gradients = _adjoint(self.design, slopes).T
        del slopes  # as long as the rows
        products = [Products(self.design, rows.curvature()) for rows in self.rows]
        return list(zip(gradients, products, strict=True))

    def along(self, targets):
        moves = _predict(self.design, np.column_stack([target.step for target in targets]))
        candidates = [None] * len(targets)
        if targets[0].has_candidate:
            ways = np.column_stack([target.candidate - target.params for target in targets])
            ways = _predict(self.design, ways)
            candidates = [
                u + sign * dz for u, sign, dz in zip(self.u, self.signs, ways.T, strict=True)
            ]
        self.du = [
            sign * dz if np.ndim(sign) else dz
            for sign, dz in zip(self.signs, moves.T, strict=True)
        ]
        return [
            (
                rows.along(du, candidate, target.row_damping, target.scale),
                partial(self._derivative, number),
            )
            for number, (rows, du, candidate, target) in enumerate(
                zip(self.rows, self.du, candidates, targets, strict=True)
            )
        ]

    def _derivative(self, number, length):
        return self.rows[number].derivative(self.du[number], length)

    def move(self, number, target, length):
        moved = self.du[number]  # no longer needed
        moved *= length
        moved += self.u[number]
        self.u[number], self.du[number] = moved, None
        self.rows[number] = self.rows[number].at(moved)

    def recentre(self, number, target):
        self.centres[number] = self.rows[number].slopes_at(self.u[number])

    def where(self, number):
        return {"u": self.u[number], "centres": self.centres[number]}

    def go_to(self, number, where):
        self.u[number], self.centres[number] = where["u"], where["centres"]


class Course(NamedTuple):
    """The parameters from which the position and the centre of each row follow.

    Attributes
    ----------
    params : ndarray of shape (n_parameters,)
    ends : ndarray of shape (n_parameters, n_rounds)
        The parameters at the end of each round so far.
    widths : ndarray of shape (n_rounds,)
        The width of each round.
    width : float
        The width of this round.
    """

    params: np.ndarray
    ends: np.ndarray
    widths: np.ndarray
    width: float


class InBlocks(EnvelopeRows):
    """Rows in blocks: each sum over them is a reduction."""

    def __init__(self, objective, params):
        design, self.partitions = objective.design, objective.partitions
        self.parts = design.fit_intercept, design.coordinates, objective.loss
        self.eps = float(np.finfo(design.X.dtype).eps)
        self.total = self.partitions.summary.weight_total
        none = params[:, :0], params[0, :0]
        self.ends = [none] * params.shape[1]
        start = [Course(column, *none, 1.0) for column in params.T]
        squares = self.partitions.reduce(_squares, self.parts, self.total, start)
        self.scales = np.sqrt(squares).tolist()
        self.bases = list(np.broadcast_to(objective.products, (len(start),) + (len(params),) * 2))

    def models(self, targets):
        courses = self._courses(targets)
        gradient, matrices = self.partitions.reduce(_models, self.parts, self.total, courses)
        return [
            (column, SummedProducts(matrix, self.eps))
            for column, matrix in zip(gradient.T, matrices, strict=True)
        ]

    def along(self, targets):
        courses = self._courses(targets)
        lengths = [_lengths(target) for target in targets]
        ways = [
            (target.step, target.candidate, target.row_damping, target.scale, of_target)
            for target, of_target in zip(targets, lengths, strict=True)
        ]
        found = self.partitions.reduce(
            _along, self.parts, self.total, courses, ways, combine=_both
        )
        each = zip(lengths, *found, strict=True)
        return [(sums, _between(known, table)) for known, sums, table in each]

    def move(self, number, target, length):
        """Do nothing: no positions are stored."""

    def recentre(self, number, target):
        ends, widths = self.ends[number]
        ends = np.column_stack([ends, target.params])
        self.ends[number] = ends, np.append(widths, target.width)

    def where(self, number):
        return dict(zip(("ends", "widths"), self.ends[number], strict=True))

    def go_to(self, number, where):
        self.ends[number] = where["ends"], where["widths"]

    def _courses(self, targets):
        return [
            Course(target.params, *ends, target.width)
            for target, ends in zip(targets, self.ends, strict=True)
        ]


def target_columns(y, loss):
    """Targets, or the labels -1 and 1 of every class, as columns."""
    y = y.astype(float, copy=False)
    if loss.n_outputs is None:
        return y.reshape(len(y), -1)
    return np.where(y[:, None] == np.arange(loss.n_outputs), 1.0, -1.0)


def _lengths(target):
    """The lengths at which the derivative of a target along its step is computed."""
    moved = float(np.sqrt(target.step @ target.base @ target.step))
    unit = min(1.0, target.width / moved) if moved > 0 else 1.0
    return np.sort(np.concatenate([[0.0], unit * SHORT, np.geomspace(unit, 1.0, 9), LONG]))


def _between(lengths, derivatives):
    """The interpolated derivative as a function of the length, constant beyond the last one."""
    right = max(derivatives[-1], 0.0) or np.inf
    return partial(np.interp, xp=lengths, fp=derivatives, right=right)


def _pieces(loss, target):
    return loss.base_loss.of_target(target).pieces


def _scale(shares, pieces, u):
    squares = sum_by_rows(lambda shares, u: shares @ pieces.beyond(u) ** 2, shares, u)
    return float(np.sqrt(squares))


def _predict(design, columns):
    return in_double(design).predict(columns)


def _adjoint(design, columns):
    return in_double(design).adjoint(columns)


def _design(block, parts):
    return DesignMatrix(block.X, *parts[:2])


def _rows_of(block, parts, total, courses, ways=()):
    """The `Rows` of a block for each target, and their predictions at other parameters."""
    loss, rows = parts[2], []
    columns = [np.column_stack([course.params, course.ends]) for course in courses] + list(ways)
    z = _predict(_design(block, parts), np.column_stack(columns))
    starts = np.cumsum([each.shape[1] for each in columns])[:-1]
    z = np.split(z, starts, axis=1)
    shares = np.full(block.n_samples, 1 / total)
    if block.weights is not None:
        shares = block.weights.astype(float) / total
    for k, (course, y, own) in enumerate(
        zip(courses, target_columns(block.y, loss).T, z[: len(courses)], strict=True)
    ):
        pieces, centres = _pieces(loss, k), 0.0
        for end, width in zip(own[:, 1:].T, course.widths, strict=True):
            u, sign = position(loss.base_loss, y, end)
            centres = Rows(pieces, u, sign, shares, centres, width).slopes_at(u)
        u, sign = position(loss.base_loss, y, own[:, 0])
        rows.append(Rows(pieces, u, sign, shares, centres, course.width))
    return rows, z[len(courses) :]


def _squares(block, parts, total, courses):
    """The contribution of a block to the mean of m^2, for each target."""
    found, _ = _rows_of(block, parts, total, courses)
    return np.array([rows.shares @ rows.pieces.beyond(rows.u) ** 2 for rows in found])


def _models(block, parts, total, courses):
    """The contribution of a block to gradient and second derivatives of each target."""
    design, (found, _) = _design(block, parts), _rows_of(block, parts, total, courses)
    gradient = _adjoint(design, np.column_stack([rows.gradient() for rows in found]))
    return gradient, np.array([Products(design, rows.curvature()).matrix for rows in found])


def _along(block, parts, total, courses, ways):
    """The `Along` of a block for each target, and the derivative at some lengths."""
    sums, tables, y = [], [], target_columns(block.y, parts[2])
    columns = [np.column_stack([step, candidate]) for step, candidate, *_ in ways]
    found = _rows_of(block, parts, total, courses, columns)
    for rows, there, (*_, damping, scale, lengths), labels in zip(*found, ways, y.T, strict=True):
        du = rows.sign * there[:, 0]
        candidate, _ = position(parts[2].base_loss, labels, there[:, 1])
        sums.append(rows.along(du, candidate, damping, scale))
        tables.append([rows.derivative(du, length) for length in lengths])
    return tuple(sums), np.array(tables)


def _both(one, other):
    return joined(one[0], other[0]), one[1] + other[1]
