"""Logits of each row by the fit without it, for a path of ridges.

The weight v of the row goes to the rest of its class, which is scaled by a = 1 + c with
c = v/(pi_k - v), so that the prior stays. With H = C_w + c C_k + lam, C_k the part of C_w of class
k, a row at m_k + delta leaves H - v a^2 delta delta' and E - c delta g', where g = pi_k^(1/2) e_k
- pi_k pi^(1/2). H has one spectrum per class, whatever the ridge and the row.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance.discriminant.fitting import as_ridge, solve
from mlbalance.discriminant.problem import Problem, Spectrum, logits_map, spectrum
from mlbalance.inputs import FloatArray, IntArray, as_data

__all__ = ["leave_one_out"]

_LEAST = 1e-6
"""Smallest 1 - beta delta' H^-1 delta: the relative error of logits is 1e-16 over its square."""

_HEAVY = 0.6
"""Share of its class from which on a row is left out by another fit: updates would lose digits."""


class LeftOutLogits(NamedTuple):
    """Leave-one-out logits of a path."""

    logits: FloatArray
    """(L, n, K), summing to zero over classes; all NaN unless converged."""
    status: npt.NDArray[np.str_]
    """(L,) keys of `softmax.STATUS`: that of the first fit that failed."""


def leave_one_out(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    weights: npt.ArrayLike,
    leaving: npt.ArrayLike,
    *,
    ridges: npt.ArrayLike,
    n_classes: int | None = None,
) -> LeftOutLogits:
    """Logits of each row by the fit of `fit` without it, exactly.

    One factorisation per class, n d min(n, d) each, serves all ridges if rows of a class lose the
    same weight; others have one per weight. A ridge then costs n K (d + K^2).

    Parameters
    ----------
    X, y, weights
        (n, d), (n,) and (n,), as in `fit`. Rows of weight zero keep their logits.
    leaving
        (n,) weight that leaves with each row, at most its own; it goes to the rest of the class.
    ridges
        (L,), on the scale of the weights' sum.
    n_classes
        K; the largest label plus one if not given.

    Returns
    -------
    LeftOutLogits
        The status is "no-mle" where a class would lose all its weight, and "not-identified" or
        "max-iter" where without a row features are collinear within classes, or so nearly, as at
        ridges below 1e-5 of the variances with more features than rows, that rounding counts.

    Raises
    ------
    DataError
        If the arguments do not fit together or are not finite.
    """
    data, lams = as_data(X, y, weights, n_classes), np.atleast_1d(as_ridge(ridges))
    v, K = np.asarray(leaving, dtype=float), data.n_classes
    z = np.full((lams.size, data.y.size, K), np.nan)
    status = np.full(lams.size, "no-mle", dtype="U14")
    used, total = data.weights > 0, data.weights.sum()
    totals = np.bincount(data.y, data.weights, K)
    # Unless some class would be empty.
    if totals.all() and (totals[data.y] - v > 1e-12 * totals[data.y])[used].all():
        given = data.X[used], data.y[used], data.weights[used], K
        for even in (False, True):
            at = np.flatnonzero((lams == 0) == even)
            if at.size:
                problem = Problem.of(*given, even=even)
                found = _path(problem, v[used] / total, lams[at] / total, data.X, used)
                z[at], status[at] = found
    z[status != "converged"] = np.nan
    return LeftOutLogits(z, status)


def _path(
    problem: Problem,
    leaving: FloatArray,
    ridges: FloatArray,
    X: FloatArray,
    used: npt.NDArray[np.bool_],
) -> LeftOutLogits:
    """Logits of all rows X (n, d) at ridges for weights of sum one, and status."""
    fits = [solve(problem, ridge) for ridge in ridges]
    z = np.stack([X @ theta[:, 1:].T + theta[:, 0] for theta, _ in fits])
    status = np.array([outcome for _, outcome in fits], dtype="U14")
    at = np.flatnonzero(used)
    for k in range(problem.totals.size):
        own = (problem.codes == k) & (leaving > 0)
        for v in np.unique(leaving[own]):
            rows = np.flatnonzero(own & (leaving == v))
            heavy = v > _HEAVY * problem.totals[k]
            without = _Heavy(problem, rows, v) if heavy else _Group.of_rows(problem, k, rows, v)
            for l in np.flatnonzero(status == "converged"):
                z[l, at[rows]], status[l] = without.logits(problem.penalty(ridges[l]))
    return LeftOutLogits(z, status)


class _Heavy(NamedTuple):
    """A row that is most of its class, without which the fit is made anew."""

    problem: Problem
    rows: IntArray
    """(1,)"""
    v: float

    def logits(self, penalty: float) -> tuple[FloatArray, str]:
        """Logits (1, K) of the row left out, and status."""
        problem, (i,) = self.problem, self.rows
        own = problem.codes == problem.codes[i]
        w = problem.weights.copy()
        w[own] *= w[own].sum() / (w[own].sum() - self.v)
        w[i] *= max(1 - self.v / problem.weights[i], 0.0)
        kept = w > 0
        data = problem.Z[kept], problem.codes[kept], w[kept]
        left = Problem.of(*data, problem.totals.size, even=not penalty)
        theta, status = solve(left, 2 * penalty)
        return (theta[:, 1:] @ problem.Z[i] + theta[:, 0])[None], status


class _Group(NamedTuple):
    """Rows of one class that lose the same weight, in the axes of one spectrum."""

    k: int
    rows: IntArray
    pi: FloatArray
    """(K,)"""
    c: float
    beta: float
    """v a^2"""
    of: Spectrum
    """Of C_w + c C_k."""
    E: FloatArray
    """(r, K)"""
    delta: FloatArray
    """(rows, r) rows less their class mean."""
    squared: FloatArray
    """(rows, r) of `delta`."""

    @classmethod
    def of_rows(cls, problem: Problem, k: int, rows: IntArray, v: float) -> _Group:
        c = v / (problem.totals[k] - v)
        own = problem.codes == k
        away = problem.Z[own] - problem.means[k]
        scaled = np.sqrt(c * problem.weights[own])[:, None] * away
        of = spectrum(np.concatenate([problem.within, scaled]))
        E = of.vectors.T @ problem.between
        delta = (problem.Z[rows] - problem.means[k]) @ of.vectors
        return cls(k, rows, problem.totals, c, v * (1 + c) ** 2, of, E, delta, delta**2)

    def logits(self, penalty: float) -> tuple[FloatArray, str]:
        """Logits (rows, K) of the rows left out, and status."""
        k, pi, c, delta, E = self.k, self.pi, self.c, self.delta, self.E
        unit, j, jwj = self.of.metrics(penalty)
        h, h2 = (self.squared @ np.column_stack([j, jwj])).T
        q, q2 = delta @ (j[:, None] * E), delta @ (jwj[:, None] * E)
        left = 1 - self.beta * unit * h
        if not (left > _LEAST).all():
            return np.full(q.shape, np.nan), "max-iter" if penalty else "not-identified"
        # Products of E and delta in the metrics J and J C_w J without the row: by Sherman and
        # Morrison, J becomes J + (beta/left) J delta delta' J, and C_w loses beta delta delta'.
        gain, lost = self.beta * unit / left, self.beta / left**2
        JE = (E.T * j) @ E + _outer(gain, q, q)
        Jd, Jdd = q / left[:, None], h / left
        WE = (E.T * jwj) @ E + _outer(gain, q, q2) + _outer(gain, q2, q)
        WE += _outer(gain * (gain * h2) - lost, q, q)
        Wd = q2 / left[:, None] + (gain * h2 / left - lost * h)[:, None] * q
        Wdd = h2 / left**2 - lost * h**2
        # E becomes E - c delta g'.
        g = -np.sqrt(pi * pi[k]) * np.sqrt(pi[k])
        g[k] += np.sqrt(pi[k])
        g = np.broadcast_to(g, q.shape)
        T = JE - _outer(c, Jd, g) - _outer(c, g, Jd) + _outer(c**2 * Jdd, g, g)
        S = WE - _outer(c, Wd, g) - _outer(c, g, Wd) + _outer(c**2 * Wdd, g, g)
        # The row less the mean of all is (1 + c pi_k) delta + E e_k / pi_k^(1/2).
        p = (1 + c * pi[k]) * (Jd - c * Jdd[:, None] * g)
        p += (JE[:, :, k] - c * Jd[:, [k]] * g) / np.sqrt(pi[k])
        G, sound = logits_map(T, S)
        if not sound.all():
            return np.full(q.shape, np.nan), "no-mle"
        near = np.einsum("nkl,nlk->nk", G, T) / (2 * pi)
        z = (G @ p[:, :, None])[:, :, 0] / np.sqrt(pi) - near + np.log(pi)
        return z - z.mean(axis=1, keepdims=True), "converged"


def _outer(factor: float | FloatArray, a: FloatArray, b: FloatArray) -> FloatArray:
    """(rows, K, K) products of rows of a and b (rows, K), times a factor of each."""
    return np.asarray((np.reshape(factor, (-1, 1)) * a)[:, :, None] * b[:, None, :])
