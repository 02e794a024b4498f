"""Profile-likelihood intervals of unweighted fits, with Firth's penalty or without."""

from __future__ import annotations

from math import inf, sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import DataError, FloatArray, IntArray, as_data
from mlbalance.softmax.firth import Objective, evaluate

__all__ = ["profile_intervals"]

_TOL, _STEPS = 1e-9, 100
"""Of the square root of the likelihood ratio at an end, and steps to it and to each optimum."""


def profile_intervals(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    theta: npt.ArrayLike,
    functionals: npt.ArrayLike,
    *,
    firth: bool = False,
    level: float = 0.95,
) -> FloatArray:
    """Values of linear functionals that a likelihood-ratio test does not reject.

    Twice the summed log-loss, minimised with the functional fixed, less that of the fit is at most
    the chi-square quantile of one degree of freedom. With Firth's penalty the penalised loss takes
    its place (Heinze and Schemper 2002), and the ends are finite for separated classes too.

    Parameters
    ----------
    X : array (n, d)
    y : array (n,)
        Labels 0..K-1.
    theta : array (K, 1 + d)
        The fit, of `fit` without ridge or of `fit_firth`.
    functionals : array (m, p)
        On contrasts against class 0, p = (K - 1)(1 + d).
    firth : bool
        Whether the fit has Firth's penalty.
    level : float
        Nominal coverage, between 0 and 1.

    Returns
    -------
    array (m, 2)
        Lower and upper ends.

    Raises
    ------
    DataError
        For what is not one data set, and where an end is not found.
    """
    data, start = as_data(X, y, n_classes=np.shape(theta)[0]), np.array(theta, dtype=float)
    start -= start[0]
    profile = _Profile(data.X, data.y, firth, evaluate(start, data.X, data.y, firth=firth), start)
    wanted = NormalDist().inv_cdf((1 + level) / 2)
    rows = np.asarray(functionals, dtype=float)
    return np.array([[profile.end(a, -wanted), profile.end(a, wanted)] for a in rows])


class _Profile:
    def __init__(
        self, X: FloatArray, y: IntArray, firth: bool, best: Objective, theta: FloatArray
    ) -> None:
        self.X, self.y, self.firth, self.best, self.theta = X, y, firth, best, theta

    def end(self, a: FloatArray, wanted: float) -> float:
        """Value of a'theta where the signed root of the likelihood ratio is `wanted`."""
        theta, state = self.theta, self.best
        here = middle = float(a @ theta[1:].ravel())
        step = wanted * sqrt(float(a @ np.linalg.solve(state.information, a)))
        low, high = 0.0, inf  # of the distance from the middle
        for _ in range(_STEPS):
            theta, state = self._moved(theta, state, a, step)
            theta, state, slope = self._constrained(theta, state, a)
            here += step
            ratio = sqrt(max(2 * (state.value - self.best.value), 0.0))
            if abs(ratio - abs(wanted)) <= _TOL:
                return here
            away = abs(here - middle)
            low, high = (away, high) if ratio < abs(wanted) else (low, away)
            # The root of the ratio has the slope of the loss over itself.
            new = away + (abs(wanted) - ratio) * ratio / abs(slope) if slope else inf
            if not low < new < min(high, 4 * away):
                new = 2 * away if high == inf else (low + high) / 2
            step = (new - away) * (1 if wanted > 0 else -1)
        raise DataError(
            "An end of a profile-likelihood interval was not found. Scale the features to similar "
            'size, or ask for kind "moderated".'
        )

    def _moved(
        self, theta: FloatArray, state: Objective, a: FloatArray, step: float
    ) -> tuple[FloatArray, Objective]:
        """Coefficients with a'theta moved by a step along the profile, to first order."""
        along = np.linalg.solve(state.information, a)
        return self._at(theta, np.asarray(along * step / (a @ along), dtype=float))

    def _at(self, theta: FloatArray, change: FloatArray) -> tuple[FloatArray, Objective]:
        moved = theta.copy()
        moved[1:] += change.reshape(moved[1:].shape)
        return moved, evaluate(moved, self.X, self.y, firth=self.firth)

    def _constrained(
        self, theta: FloatArray, state: Objective, a: FloatArray
    ) -> tuple[FloatArray, Objective, float]:
        """Minimum with a'theta as it is, and the derivative of its value by that."""
        for _ in range(_STEPS):
            along = np.linalg.solve(state.information, a)
            slope = float(along @ state.score / (a @ along))
            free = state.score - slope * a
            change = np.asarray(-np.linalg.solve(state.information, free), dtype=float)
            if -(change @ free) <= _TOL**2:
                break
            length = 1.0
            while True:
                moved, new = self._at(theta, length * change)
                if new.value <= state.value or length < 1e-8:
                    break
                length /= 2
            if not new.value < state.value:
                break
            theta, state = moved, new
        return theta, state, slope
