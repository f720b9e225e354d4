"""Rows of single precision in sums of double precision, a block of them at a time."""

import math

import numpy as np

from gdregress._objective.design import DesignMatrix
from gdregress._objective.evaluation import mean_loss

# Numbers of X that are converted at a time.
CONVERTED = 1 << 18


class InDouble(DesignMatrix):
    """A design matrix whose products are of double precision, whatever the type of X."""

    def predict(self, params):
        params = self.to_user(params.astype(float, copy=False))
        z = np.empty((self.n_samples, *params.shape[1:]))
        for rows in self.blocks():
            z[rows] = self.X[rows].astype(float) @ self.coef(params)
        if self.fit_intercept:
            z += params[-1]
        return z

    def adjoint(self, r):
        gradient = np.zeros((self.n_parameters, *r.shape[1:]))
        for rows in self.blocks():
            gradient[: self.n_features] += self.X[rows].astype(float).T @ r[rows]
        if self.fit_intercept:
            gradient[-1] = np.sum(r, axis=0, dtype=float)
        return gradient if self.coordinates is None else self.coordinates.pull_back(gradient)

    def blocks(self):
        """Slices of the rows, one after the other."""
        step = max(1, CONVERTED * self.n_samples // max(self.size, self.n_samples))
        return (slice(k, k + step) for k in range(0, self.n_samples, step))


def in_double(design):
    """The same map in double precision."""
    if design.X.dtype == float:
        return design
    return InDouble(design.X, design.fit_intercept, design.coordinates)


def value_as_stored(objective, params):
    """Loss and penalty at the user's parameters as they are stored, in double precision.

    Parameters
    ----------
    objective : DataObjective or QuadraticObjective
        On arrays of NumPy.
    params : ndarray
    """
    design = objective.design
    rows = InDouble(design.X, design.fit_intercept)
    weights, losses = objective.weights, []
    z = rows.predict(params)
    for some in rows.blocks():
        s = None if weights is None else weights[some].astype(float)
        y = objective.y[some].astype(float)
        losses.append(float(mean_loss(objective.loss, y, s, z[some])) * len(y))
    penalty = objective.penalty_value(design.from_user(params.astype(float)))
    if penalty == math.inf:  # bounds are rounded as the parameters are
        penalty = objective.penalty_value(design.from_user(params))
    return math.fsum(losses) / design.n_samples, penalty


def rounding_of_predictions(objective, params):
    """What rounding makes of F where it has kinks: eps times the slope times sum_j |w_j| rms(x_j).

    At a kink F moves as predictions do, times the steepest slope of the loss.

    Parameters
    ----------
    objective : Objective
    params : ndarray
        By the user's own columns.
    """
    squares = objective.design.in_coordinates(None).column_mean_squares(objective.weights)
    terms = np.sqrt(np.asarray(squares, dtype=float)) @ abs(params.astype(float))
    pieces = objective.loss.base_loss.of_target(0).pieces
    slope = max(-pieces.lower, pieces.upper)
    return float(np.finfo(float).eps * slope * np.sum(terms))
