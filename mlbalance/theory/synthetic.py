"""Synthetic rows of SMOTE: their moments, and what a balanced fit makes of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance import softmax
from mlbalance.inputs import DataError, FloatArray, InputError, as_floats
from mlbalance.populations.quadrature import hermite

__all__ = ["LogOdds", "smote_moments", "smote_target"]


class LogOdds(NamedTuple):
    """Log-odds `intercept + slope * x` of two classes along the axis of their means."""

    intercept: float
    """At the midpoint of the means; below zero against the class that was oversampled."""
    slope: float
    """Per standard deviation."""


def smote_moments(
    X: npt.ArrayLike, neighbours: npt.ArrayLike | None = None
) -> tuple[FloatArray, FloatArray]:
    """Mean and covariance of one synthetic row, given the rows of its class (label `smote`).

    The row is x_i + u (x_j - x_i), with i one of the n rows, j one of the neighbours of i and u
    uniform on (0, 1), all independent. With any other row as neighbour the covariance is
    (2n - 3)/(3 (n - 1)) of that of the rows, divisor n.

    Parameters
    ----------
    X : array (n, d)
        Rows of the class, at least two.
    neighbours : array (n, k), optional
        Indices of the neighbours of each row; all other rows if not given.

    Returns
    -------
    mean : array (d,)
    covariance : array (d, d)

    Raises
    ------
    DataError
        For fewer than two rows, or indices of another shape or beyond the rows.
    """
    rows = as_floats(X, DataError, "Rows of a class must be numbers (n, d)")
    if rows.ndim != 2 or len(rows) < 2:
        raise DataError(f"Rows are interpolated between two of a class; X has shape {rows.shape}.")
    n = len(rows)
    centre = rows.mean(axis=0)
    z = rows - centre
    own = z.T @ z / n
    if neighbours is None:
        return centre, (2 * n - 3) / (3 * (n - 1)) * own
    index = np.asarray(neighbours)
    known = index.ndim == 2 and len(index) == n and index.dtype.kind in "iu" and index.size > 0
    if not known or index.min() < 0 or index.max() >= n:
        raise DataError(
            f"Neighbours are indices (n, k) of the {n} rows; theirs has shape {index.shape}. Leave "
            "them out for all other rows."
        )
    near = z[index]
    shift = near.mean(axis=(0, 1)) / 2
    squares = np.einsum("ika,ikb->ab", near, near) / index.size
    cross = z.T @ near.mean(axis=1) / n
    second = (own + squares) / 3 + (cross + cross.T) / 6
    return centre + shift, second - np.outer(shift, shift)


def smote_target(separation: float, new: float = 1.0) -> LogOdds:
    """Balanced logistic fit, in the limit of many rows, after SMOTE of one of two Gaussian classes.

    Both have one covariance, and any other row of the class may be the neighbour. Synthetic rows
    are then normal with (1 - u)^2 + u^2 times the covariance, u uniform: two thirds of it in the
    mean. True log-odds are 0 + separation x (label `smote-target`).

    Parameters
    ----------
    separation : float
        Distance of the means, in standard deviations.
    new : float
        Share of synthetic rows in the class: 1 - n/M for n rows oversampled to M.

    Returns
    -------
    LogOdds

    Raises
    ------
    InputError
        For a separation that is not positive, or a share outside of 0 to 1.
    """
    if not (separation > 0 and 0 <= new <= 1):
        raise InputError(
            "A separation is positive and a share of synthetic rows lies between 0 and 1; given "
            f"are {separation!r} and {new!r}."
        )
    nodes, masses = hermite(1, 60)
    at, chances = np.polynomial.legendre.leggauss(12)
    scale = np.sqrt((1 + at**2) / 2)  # root of (1 - u)^2 + u^2, at = 2 u - 1
    half = separation / 2
    points = np.concatenate([nodes - half, nodes + half, *(half + c * nodes for c in scale)])
    parts = [masses, (1 - new) * masses, *(new * c / 2 * masses for c in chances)]
    labels = np.repeat([0, 1], [len(nodes), len(points) - len(nodes)])
    fit = softmax.fit(points, labels, np.concatenate(parts) / 2)
    intercept, slope = fit.theta[1] - fit.theta[0]
    return LogOdds(float(intercept), float(slope))
