"""Solutions of problems with more features than rows, judged in the features."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlbalance.inputs import FloatArray
from mlbalance.softmax.batch import Problems
from mlbalance.softmax.careful import solve_carefully
from mlbalance.softmax.newton import Solution
from mlbalance.softmax.objective import design, residuals


def confirm(
    problems: Problems, penalty: FloatArray, found: Solution, tol: float, max_iter: int
) -> FloatArray:
    """Coefficients (R, K, 1 + d) of the centred features; the status in `found` is corrected.

    The score of a solution in the row space is judged in the features: its largest component by
    class is compared with the largest sum of absolute terms. Features of very different size lose
    digits in the row space; where too many are lost the problem is solved again in the features,
    if that is feasible.
    """
    theta = problems.to_features(found.theta)
    if problems.features is None:
        return theta
    norm = _score_in_features(problems, penalty, theta)
    ended = (found.status == "converged") | (found.status == "max-iter")
    found.status[ended] = np.where(norm[ended] <= tol, "converged", "max-iter")
    found.norm[ended] = norm[ended]
    for r in np.flatnonzero(ended & ~(norm <= tol) & penalty.any()):
        again, size, steps = solve_carefully(
            design(problems.features[r]),
            problems.y[r],
            problems.weights[r],
            None if problems.offset is None else problems.offset[r],
            penalty / problems.total[r],
            theta=theta[r],
            tol=tol,
            max_iter=max_iter - int(found.steps[r]),
            by_class=True,
        )
        found.steps[r] += steps
        if size <= tol:
            theta[r], found.norm[r], found.status[r] = again, size, "converged"
    return theta


def _score_in_features(problems: Problems, penalty: FloatArray, theta: FloatArray) -> FloatArray:
    """Score (R,) by class: the intercept's, and the largest component over the largest sum."""
    features: Any = problems.features
    z = theta @ np.swapaxes(design(features), 1, 2)
    z = z if problems.offset is None else z + problems.offset
    weighted = residuals(z, problems.y) * problems.weights[:, None, :]
    pull = penalty / problems.total[:, None, None] @ theta[..., 1:]
    size = np.abs(weighted @ features + pull).max(axis=2)
    terms = (np.abs(weighted) @ np.abs(features) + np.abs(pull)).max(axis=2)
    ratio = size / np.where(terms > 0, terms, 1.0)
    total = np.abs(weighted).sum(axis=2)
    # Residuals that are zero in doubles prove nothing: with a ridge they are solved in logarithms.
    lost = np.inf if penalty.any() else 0.0
    rest = np.abs(weighted.sum(axis=2)) / np.where(total > 0, total, 1.0)
    return np.asarray(np.maximum(ratio, np.where(total > 0, rest, lost)).max(axis=1))
