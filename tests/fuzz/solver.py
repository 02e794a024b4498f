"""Random hard problems through `softmax.fit`: every status has to be true.

`python tests/fuzz/solver.py` or `make fuzz`; exit 1 if any is not, with the number to replay.
A problem is a function of (seed, number). Eight numbers in a row are of one shape and ridge, so
that they are also fitted as one batch; what else they are differs, but for bags of one data set.

Every problem: no exception, no warning, coefficients finite iff "converged", the batch equals the
loop bit for bit, a class without weight is "no-mle", and a score recomputed with long doubles is
zero to tolerance where it is said to be. A random share, and whatever ended in "max-iter", go to
the oracles: a simplex in whole numbers decides existence, and Newton's method from zero, in 50
digits (small problems) or long doubles, finds the minimiser. "max-iter" is true only of problems
without one, or whose minimiser doubles do not resolve: where moving its coefficients by their last
bits moves the score by more than the tolerance. Coefficients are those of features as given, and of
features as `fit` measures them: from the value nearest to the weighted mean, which is an outlier if
that has most of the weight; the last digits of the others, small beside it, are then lost. Both,
and what no oracle could answer, are counted.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Any

import mpmath
import numpy as np

from mlbalance import softmax
from mlbalance.existence import verdict

BATCH = 8
TOL = 1e-10
"""What `fit` promises of the score, relative to the sum of its absolute terms."""

ULP = 2.0**-53
Rng = np.random.Generator

# --- problems ------------------------------------------------------------------------------------


@dataclass
class Problem:
    number: int
    family: str
    X: Any  # (n, d)
    y: Any  # (n,)
    weights: Any  # (n,)
    offset: Any  # (n, K) or None
    n_classes: int
    ridge: Any  # number or (K,)
    start: Any = None  # (K, 1 + d)
    traits: tuple[str, ...] = ()
    rounded: bool = False
    """whether columns are collinear to rounding only"""

    @property
    def ridged(self) -> bool:
        return bool(np.any(self.ridge))

    @property
    def absent(self) -> bool:
        return np.unique(self.y[self.weights > 0]).size < self.n_classes


def overlapping(rng: Rng, p: Problem) -> None:
    p.X += rng.choice([0.0, 0.3, 1.0]) * rng.normal(size=(p.n_classes, p.X.shape[1]))[p.y]


def along(rng: Rng, p: Problem, position: Any) -> None:
    """Put rows at `position` on one axis, and turn the axes half of the time."""
    p.X[:, 0] = position
    if rng.random() < 0.5:
        p.X = p.X @ np.linalg.qr(rng.normal(size=(p.X.shape[1],) * 2))[0]


def separated(rng: Rng, p: Problem) -> None:
    along(
        rng, p, rng.choice([1.5, 50.0]) * rng.permutation(p.n_classes)[p.y] + rng.random(p.y.size)
    )


def quasi_separated(rng: Rng, p: Problem) -> None:
    """Classes in order on whole numbers, the next one from where the last one ends."""
    p.X[:, 0] = rng.permutation(p.n_classes)[p.y] + rng.integers(0, 2, size=p.y.size)
    if rng.random() < 0.5:
        p.X[:, 1:] = rng.integers(-2, 3, size=p.X[:, 1:].shape)
        p.X = p.X @ np.triu(rng.integers(1, 3, size=(p.X.shape[1],) * 2))


def nearly_separated(rng: Rng, p: Problem) -> None:
    """Classes in order, with gaps or overlaps of 1e-1 to 1e-12 between their ends.

    Either one pair of ends is that near, or all are. Then the direction that separates the last
    classes hangs on the others, and what counts is the product: that stays above 1e-12.
    """
    chain = rng.random() < 0.5
    least = -12.0 / (p.n_classes - 1 if chain else 1)
    margin = 10.0 ** (least + (-1.0 - least) * rng.random())
    reach = np.full(p.n_classes, 1.3)
    near = slice(None) if chain else rng.integers(p.n_classes)
    reach[near] = 1.0 + rng.choice([-margin, margin])
    inside = rng.random(p.y.size)
    for k in range(p.n_classes):
        rows = np.flatnonzero(p.y == k)
        inside[rows[:1]], inside[rows[1:2]] = 0.0, 1.0
    along(rng, p, rng.permutation(p.n_classes)[p.y] + inside * reach[p.y])


def combination(rng: Rng, p: Problem) -> Any:
    """Of the columns but the last: exact on a binary grid; to rounding if that is all there is."""
    others, coef = p.X[:, :-1], rng.integers(-2, 3, size=p.X.shape[1] - 1)
    if p.family == "collinear" and rng.random() < 0.5:
        p.rounded = True
        coef = rng.normal(size=coef.size)
    else:
        others[:] = np.round(others * 2**10) / 2**10
    return others @ coef + 1.0


def collinear(rng: Rng, p: Problem) -> None:
    p.X[:, -1] = combination(rng, p)


def nearly_collinear(rng: Rng, p: Problem) -> None:
    p.X[:, -1] = combination(rng, p) + 10.0 ** rng.uniform(-14, -3) * rng.normal(size=p.y.size)


def constant(rng: Rng, p: Problem) -> None:
    p.X[:, rng.integers(p.X.shape[1])] = rng.choice([0.0, 0.1, 1.0, 1e6])


def single_rows(rng: Rng, p: Problem) -> None:
    """Some classes keep one row, the first, and the others take theirs."""
    big = rng.integers(p.n_classes)
    for k in rng.permutation(p.n_classes)[: rng.integers(1, p.n_classes + 1)]:
        if k != big:
            p.y[np.flatnonzero(p.y == k)[1:]] = big


def absent(rng: Rng, p: Problem) -> None:
    gone = p.y == rng.integers(p.n_classes)
    if rng.random() < 0.5:
        p.weights[gone & (np.arange(p.y.size) > 0)] = 0.0
    else:
        p.y[gone] = rng.integers(p.n_classes)


def weighted(rng: Rng, p: Problem) -> None:
    """Over twelve orders of magnitude, by row or by class; some are zero."""
    size = p.n_classes if rng.random() < 0.5 else p.y.size
    weights = 10.0 ** rng.uniform(-12, 0, size=size)
    p.weights *= (weights[p.y] if size == p.n_classes else weights) * 10.0 ** rng.integers(-3, 4)
    if rng.random() < 0.5:
        p.weights[1:] *= rng.random(p.y.size - 1) < 0.8


def bag(rng: Rng, p: Problem) -> None:
    p.weights *= rng.multinomial(p.y.size, np.full(p.y.size, 1.0 / p.y.size))


def offset(rng: Rng, p: Problem) -> None:
    """Up to +-1000: free, one per class, or for or against the own class."""
    size = 10.0 ** rng.uniform(-1, 3)
    kind = rng.integers(3)
    if kind == 0:
        p.offset = rng.uniform(-size, size, size=(p.y.size, p.n_classes))
    elif kind == 1:
        p.offset = np.tile(rng.uniform(-size, size, size=p.n_classes), (p.y.size, 1))
    else:
        p.offset = rng.choice([-size, size]) * np.eye(p.n_classes)[p.y]


def integers(rng: Rng, p: Problem) -> None:
    """Small whole numbers, with ties and duplicates."""
    p.X = np.round(p.X * rng.choice([0.7, 1.5]))


def outlier(rng: Rng, p: Problem) -> None:
    p.X[rng.integers(p.y.size), rng.integers(p.X.shape[1])] *= 10.0 ** rng.uniform(2, 13)


def extreme(rng: Rng, p: Problem) -> None:
    """Units whose squares, or what they are multiplied with, leave the doubles."""
    p.X *= rng.choice([1e-150, 1e-100, 1e100, 1e150])


def scaled(rng: Rng, p: Problem) -> None:
    """Units from 1e-8 to 1e8; powers of two where others would break ties."""
    size = rng.uniform(-8, 8, size=p.X.shape[1])
    p.X *= 10.0**size if p.traits == ("scales",) else 2.0 ** np.round(size / np.log10(2))


def far(rng: Rng, p: Problem) -> None:
    p.X += rng.choice([-1e6, 0.0, 1e6], size=p.X.shape[1])


FAMILIES: dict[str, Callable[[Rng, Problem], None]] = {
    "overlapping": overlapping,
    "integers": integers,
    "separated": separated,
    "quasi-separated": quasi_separated,
    "nearly separated": nearly_separated,
    "collinear": collinear,
    "nearly collinear": nearly_collinear,
    "constant": constant,
    "single rows": single_rows,
    "absent": absent,
    "weights": weighted,
    "bag": bag,
    "offsets": offset,
    "outlier": outlier,
    "scales": scaled,
    "far": far,
    "extreme": extreme,
}


def rng_of(seed: int, *key: int) -> Rng:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def batch_of(seed: int, batch: int) -> list[Problem]:
    """Problems BATCH * batch and on; if one of them has an offset, the others have one of zero."""
    rng = rng_of(seed, 0, batch)
    n, d, K = shape_of(rng)
    sizes = 10.0 ** rng.uniform(-12, 3, size=K)
    ridge = [0.0, 0.0, 0.0, 0.0, sizes[0], sizes[0], sizes[0], sizes][rng.integers(8)]
    bags, started = rng.random() < 0.1, rng.random() < 0.1
    problems = [problem(seed, BATCH * batch + i, (n, d, K), ridge) for i in range(BATCH)]
    if bags:
        shared = {name: getattr(problems[0], name) for name in ("X", "y", "offset", "rounded")}
        problems = [replace(p, family="bags of one", **shared) for p in problems]
    for p in problems:
        if p.offset is None and any(other.offset is not None for other in problems):
            p.offset = np.zeros((n, K))
        if started:
            largest = np.abs(p.X).max(axis=0)
            size = 10.0 ** rng.uniform(-2, 1) / np.where(largest > 0, largest, 1.0)
            p.start = rng.normal(size=(K, 1 + d)) * np.append(1.0, size)
    return problems


def shape_of(rng: Rng) -> tuple[int, int, int]:
    """Rows, features, classes: mostly few; some of many features, more than rows or not."""
    n, d = round(2 * 100.0 ** rng.random()), round(0.5 + 10.0 * rng.random() ** 2)
    K = int(2 + min(rng.geometric(0.35) - 1, rng.integers(11)))
    kind = rng.random()
    if kind < 0.1:
        n, d = round(2 * 30.0 ** rng.random()), int(rng.integers(11, 40))
    elif kind < 0.13:
        n, d, K = int(rng.integers(31, 200)), int(rng.integers(1, 4)), int(rng.integers(11, 31))
    return n, d, K


def problem(seed: int, number: int, shape: tuple[int, int, int], ridge: Any) -> Problem:
    rng = rng_of(seed, 1, number)
    n, d, K = shape
    X, y = rng.normal(size=(n, d)), rng.integers(K, size=n)
    y[: min(n, K)] = rng.permutation(K)[:n]
    names = list(FAMILIES)
    family = str(rng.choice([*names, "mixed", "mixed", "mixed", "mixed"]))
    traits = [family]
    if family == "mixed":
        traits = sorted(rng.choice(names, size=rng.integers(2, 5), replace=False), key=names.index)
    p = Problem(number, family, X, y, np.ones(n), None, K, ridge, traits=tuple(map(str, traits)))
    for trait in traits:
        FAMILIES[trait](rng, p)
    if not p.weights.any():
        p.weights[0] = 1.0
    return p


# --- what is checked of every problem ------------------------------------------------------------


class ViolationError(Exception):
    """A status that is not true, or a promise not kept."""


def require(truth: Any, message: str) -> None:
    if not truth:
        raise ViolationError(message)


def fitted(p: Problem) -> softmax.Fit:
    given = {"n_classes": p.n_classes, "offset": p.offset, "start": p.start, "ridge": p.ridge}
    return softmax.fit(p.X, p.y, p.weights, tol=TOL, **given)


def fitted_as_batch(problems: list[Problem]) -> softmax.Fit:
    """All at once, in two rows of four; what bags share is given once."""

    def stack(name: str) -> Any:
        arrays = [getattr(p, name) for p in problems]
        if arrays[0] is None or all(array is arrays[0] for array in arrays):
            return arrays[0]
        return np.stack(arrays).reshape(2, len(arrays) // 2, *arrays[0].shape)

    together = {name: stack(name) for name in ("X", "y", "weights", "offset", "start")}
    return fitted(replace(problems[0], **together))


def check_batch(found: softmax.Fit, alone: list[softmax.Fit | None]) -> Iterator[int]:
    """Positions at which the batch is not the single fit, bit for bit."""
    for at, single in enumerate(alone):
        if single is not None:
            where = np.unravel_index(at, found.status.shape)
            pairs = [
                (found.theta[where], single.theta),
                (found.status[where], single.status),
                (found.n_iter[where], single.n_iter),
                (found.grad_norm[where], single.grad_norm),
            ]
            if not all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in pairs):
                yield at


def check(p: Problem, found: softmax.Fit) -> float:
    """Raise unless the outcome is what it says; returns the score relative to what is allowed."""
    require(found.status in softmax.STATUS, f"there is no status {found.status!r}")
    for part in (found.coef, found.intercept):
        ok = np.isfinite(part) if found.status == "converged" else np.isnan(part)
        require(ok.all(), f"{found.status} with coefficients {part.tolist()}")
    if p.absent:
        require(found.status == "no-mle", f"{found.status} though a class has no weight")
    if p.ridged and not p.absent:
        require(found.status in ("converged", "max-iter"), f"{found.status} with a ridge")
    if found.status != "converged":
        return 0.0
    require(found.grad_norm <= TOL, f"converged with a score of {found.grad_norm}")
    score, allowed = score_and_allowance(p, found.theta)
    worst = float((score / allowed).max())
    require(worst <= 1.0, f"the score is {worst:.3g} times what is allowed")
    return worst


def penalty_of(ridge: Any) -> Any:
    """Of the best of all coefficient sets with the same probabilities, for ridges (K,)."""
    between = np.outer(ridge, ridge) / ridge.sum() if np.any(ridge) else np.outer(ridge, ridge)
    between = between * (1 - np.eye(len(ridge), dtype=int))
    return np.diag(between.sum(axis=1)) - between


def score_and_allowance(p: Problem, theta: Any) -> tuple[Any, Any]:
    """Absolute score (K, q) and what is allowed of it: tolerance and rounding."""
    score, size, rounding = score_and_terms(p, theta)
    allowed = 1.01 * TOL * size + 4 * sum(theta.shape) * ULP * rounding
    if judged_by_class(p):
        allowed[:, 1:] = allowed[:, 1:].max(axis=1, keepdims=True)
    return score, np.maximum(allowed, np.finfo(float).tiny)


def judged_by_class(p: Problem) -> bool:
    """Whether `fit` compares the largest component of the score with the largest sum of a class.

    So it does with more features than rows of positive weight, these counted in eights.
    """
    eights = -8 * (-np.count_nonzero(p.weights) // 8)
    return p.X.shape[1] > min(len(p.X), eights)


def score_and_terms(p: Problem, theta: Any, measured: bool = False) -> tuple[Any, Any, Any]:
    """Absolute score (K, q), the terms it is relative to, and what last bits do to it.

    Both as `fit` promises them; where two values are as near to the mean, it is either. Logits are
    sums of doubles, and so is the mean over classes that is taken off coefficients: what moving
    these by their last bits does to the score no solver can help. With `measured`, it is what last
    bits do in features as given or as measured from the value nearest to the mean, if that is more.
    """
    kept = p.weights > 0
    w, X, theta = (np.asarray(a, np.longdouble) for a in (p.weights[kept], p.X[kept], theta))
    away = np.abs(X - w @ X / w.sum())
    near = away <= away.min(axis=0) * (1 + 1e-9)
    centre = np.where(near, X, np.inf).min(axis=0)
    Z = np.hstack([np.ones((len(X), 1)), X - centre])
    reach = np.abs(Z) + np.append(0, np.where(near, X, -np.inf).max(axis=0) - centre)
    z = X @ theta[:, 1:].T + theta[:, 0]
    largest = np.broadcast_to(np.abs(theta).max(axis=0), theta.shape)
    blur = np.abs(X) @ largest[:, 1:].T + largest[:, 0]
    if measured:
        intercept = np.abs(theta[:, 0] + theta[:, 1:] @ centre).max()
        blur = np.maximum(blur, np.abs(X - centre) @ largest[:, 1:].T + intercept)
    if p.offset is not None:
        z, blur = z + p.offset[kept], blur + np.abs(p.offset[kept])
    prob = np.exp(z - z.max(axis=1, keepdims=True))
    prob /= prob.sum(axis=1, keepdims=True)
    own = np.eye(p.n_classes, dtype=bool)[p.y[kept]]
    r = np.where(own, 0, prob)
    r[own] = -r.sum(axis=1)
    # Of p_k, by the others' logits and its own; where p_k is nearly one, both are small.
    p_blur = prob * blur
    rest = (1 - np.eye(p.n_classes)) @ prob.T
    blur = prob * (rest.T * blur + (p_blur.sum(axis=1, keepdims=True) - p_blur))
    penalty = penalty_of(np.broadcast_to(p.ridge, p.n_classes).astype(np.longdouble))
    coef, no = theta[:, 1:], np.zeros((p.n_classes, 1))
    pull = np.hstack([no, penalty @ coef])
    score = np.abs((w[:, None] * r).T @ Z + pull)
    size = (w[:, None] * np.abs(r)).T @ reach + np.abs(pull)
    size = np.maximum(size, size[:, :1] * (size.sum(axis=0) / size[:, 0].sum()))
    # What is below 1e-300 has not all its bits.
    pulled = np.abs(penalty) @ (largest[:, 1:] + 1e-300)
    rounding = (w[:, None] * blur).T @ np.abs(Z) + np.hstack([no, pulled])
    return score, size, rounding


# --- oracle: existence in whole numbers ----------------------------------------------------------


def whole(column: Any) -> list[int]:
    """Doubles, less the first of them and times a power of two, as whole numbers."""
    exact = [Fraction(value) - Fraction(column[0]) for value in column.tolist()]
    common = max(value.denominator for value in exact)
    return [int(value * common) for value in exact]


def margin_columns(p: Problem) -> tuple[Any, Any]:
    """Design (n, q) and margins own minus other (m, N) in contrasts to class 0, whole numbers."""
    kept = p.weights > 0
    X, y = p.X[kept], p.y[kept]
    Z = np.array([[1] * len(X), *(whole(column) for column in X.T)], dtype=object).T
    rows = set()
    for z, own in zip(Z.tolist(), y.tolist(), strict=True):
        for other in range(p.n_classes):
            if other != own:
                row = [[v * ((own == k) - (other == k)) for v in z] for k in range(1, p.n_classes)]
                rows.add(tuple(value for part in row for value in part))
    return Z, np.array(sorted(rows), dtype=object).T


def exact_verdict(p: Problem) -> str:
    """By theorems of the alternative, without rounding.

    Some direction has all margins >= 0 and one > 0 iff no mixture that uses every margin is zero
    (Stiemke); all > 0 iff no mixture is (Gordan).
    """
    Z, A = margin_columns(p)
    if feasible(A, -A.sum(axis=1)):
        return "exists" if rank(Z) == Z.shape[1] else "not identified"
    ones = np.ones((1, A.shape[1]), dtype=object)
    right = np.array([0] * len(A) + [1], dtype=object)
    return "quasi-separated" if feasible(np.vstack([A, ones]), right) else "separated"


def feasible(A: Any, b: Any) -> bool:
    """Whether A u = b for some u >= 0, by the simplex method on whole numbers."""
    T = np.hstack([A, b[:, None]])
    T[b < 0] *= -1
    T = np.array([row // max(1, np.gcd.reduce(row)) for row in T], dtype=object)
    T = np.vstack([T, -T.sum(axis=0)])
    m, scale, stalled = len(A), 1, 0
    basis = [A.shape[1] + i for i in range(m)]
    while T[-1, -1] != 0:
        improving = np.flatnonzero(T[-1, :-1] < 0)
        if not improving.size:
            return False
        # The steepest column, or the first one (Bland) where that could go round in circles.
        enter = improving[0] if stalled > 20 else improving[np.argmin(T[-1, improving])]
        rows = [i for i in range(m) if T[i, enter] > 0]
        leave = min(rows, key=lambda i: (Fraction(T[i, -1], T[i, enter]), basis[i]))
        stalled = stalled + 1 if T[leave, -1] == 0 else 0
        basis[leave] = int(enter)
        T, scale = pivoted(T, scale, leave, enter)
    return True


def pivoted(T: Any, scale: int, row: int, column: int) -> tuple[Any, int]:
    """T over the common denominator `scale` after a pivot; every division is exact (Bareiss)."""
    pivot = T[row, column]
    new = (T * pivot - np.outer(T[:, column], T[row])) // scale
    new[row] = T[row]
    return (new, pivot) if pivot > 0 else (-new, -pivot)


def rank(Z: Any) -> int:
    T, scale, found = Z.T.copy(), 1, 0
    for column in range(T.shape[1]):
        rows = [i for i in range(found, len(T)) if T[i, column] != 0]
        if rows:
            T[[found, rows[0]]] = T[[rows[0], found]]
            T, scale = pivoted(T, scale, found, column)
            found += 1
    return found


# --- oracle: the minimiser in more digits --------------------------------------------------------


@dataclass
class Minimiser:
    theta: Any
    """(C, q) contrasts to the class of most weight, of centred features"""
    inverse: Any
    """(C q, C q) of the Hessian there"""


@dataclass
class Extended:
    """A problem in numbers of more digits than a double, features centred, heaviest class first."""

    p: Problem
    digits: int

    def __post_init__(self) -> None:
        p = self.p
        kept = p.weights > 0
        total = np.bincount(p.y, p.weights, p.n_classes)
        self.order = np.argsort(-total, kind="stable")
        self.y = np.argsort(self.order)[p.y[kept]]
        X = self.numbers(p.X[kept])
        self.weights = self.numbers(p.weights[kept]) / self.numbers(p.weights[kept]).sum()
        self.centre = self.numbers(np.median(p.X[kept], axis=0))
        self.Z = np.hstack([X[:, :1] * 0 + 1, X - self.centre])
        self.offset = 0 if p.offset is None else self.numbers(p.offset[kept][:, self.order])
        ridge = self.numbers(np.broadcast_to(p.ridge, (p.n_classes,)))
        self.penalty = penalty_of(ridge[self.order] / self.numbers(p.weights[kept]).sum())

    def numbers(self, array: Any) -> Any:
        if self.digits < 20:
            return np.asarray(array, dtype=np.longdouble)
        return np.vectorize(as_mpf, otypes=[object])(array)

    def exp(self, z: Any) -> Any:
        return np.exp(z) if self.digits < 20 else np.vectorize(exp_below, otypes=[object])(z)

    def log(self, z: Any) -> Any:
        return np.log(z) if self.digits < 20 else np.vectorize(mpmath.log, otypes=[object])(z)

    def contrasts(self, theta: Any) -> Any:
        """Of coefficients (K, q) as returned."""
        theta = self.numbers(theta)[self.order]
        theta[:, 0] += theta[:, 1:] @ self.centre
        return theta[1:] - theta[0]

    def restored(self, contrasts: Any) -> Any:
        """Coefficients (K, q) as a fit would return them, rounded to doubles."""
        theta = np.vstack([contrasts[:1] * 0, contrasts])
        theta = theta - theta.sum(axis=0) / len(theta)
        theta[:, 0] -= theta[:, 1:] @ self.centre
        return theta[np.argsort(self.order)].astype(float)

    def loss(self, theta: Any) -> Any:
        z = self.logits(theta)
        z = z - z.max(axis=1, keepdims=True)
        own = z[np.arange(len(z)), self.y]
        pull = (theta[:, 1:] * (self.penalty[1:, 1:] @ theta[:, 1:])).sum() / 2
        return self.weights @ (self.log(self.exp(z).sum(axis=1)) - own) + pull

    def logits(self, theta: Any) -> Any:
        return self.Z @ np.vstack([theta[:1] * 0, theta]).T + self.offset

    def derivatives(self, theta: Any) -> tuple[Any, Any]:
        """Gradient (C q,) and Hessian (C q, C q)."""
        z = self.logits(theta)
        prob = self.exp(z - z.max(axis=1, keepdims=True))
        prob = prob / prob.sum(axis=1, keepdims=True)
        C, q = theta.shape
        own = np.arange(C + 1) == self.y[:, None]
        residual = np.where(own, prob * 0, prob)
        residual = np.where(own, -residual.sum(axis=1, keepdims=True), residual)
        gradient = (self.weights[:, None] * residual[:, 1:]).T @ self.Z
        gradient[:, 1:] += self.penalty[1:, 1:] @ theta[:, 1:]
        hessian = np.zeros((C, q, C, q), dtype=self.Z.dtype)
        for k in range(C):
            for l in range(k + 1):
                others = np.delete(prob, k + 1, axis=1).sum(axis=1)
                curvature = prob[:, k + 1] * (others if k == l else -prob[:, l + 1])
                block = (self.Z * (self.weights * curvature)[:, None]).T @ self.Z
                block[1:, 1:] += np.eye(q - 1, dtype=int) * self.penalty[k + 1, l + 1]
                hessian[k, :, l], hessian[l, :, k] = block, block.T
        return gradient.ravel(), hessian.reshape(C * q, C * q)

    def minimiser(self, theta: Any, steps: int = 200) -> Minimiser | None:
        """By Newton's method from theta, with step halving until far inside its region; or None."""
        last, loss = np.inf, self.loss(theta)
        for _ in range(steps):
            g, H = self.derivatives(theta)
            inverse = inverted(H, 10.0 ** (4 - self.digits))
            if inverse is None:
                return None
            step, decrement = (inverse @ g).reshape(theta.shape), g @ inverse @ g
            spread = self.spread(inverse, theta.shape)
            inside = 4 * decrement * spread < 0.01
            if inside and (decrement == 0 or decrement > last / 4):
                return Minimiser(theta, inverse)
            last = decrement if inside else np.inf
            length = 1.0
            while not inside and not self.loss(theta - length * step) < loss:
                length /= 2
                if length < 1e-12:
                    return None
            theta = theta - length * step
            loss = self.loss(theta)
        return None

    def spread(self, inverse: Any, shape: tuple[int, int]) -> Any:
        """Largest squared change of a logit along a direction of length one by the Hessian."""
        C, q = shape
        blocks = inverse.reshape(C, q, C, q)
        return max(((self.Z @ blocks[k, :, k]) * self.Z).sum(axis=1).max() for k in range(C))


def exp_below(z: mpmath.mpf) -> mpmath.mpf:
    """Exponential of a logit less the largest one; zero where no digit of it would be kept.

    Digits of a far smaller one cost as much as its size, which Newton's method may let grow.
    """
    return mpmath.exp(z) if z > -1e6 else mpmath.mpf(0)


def as_mpf(value: Any) -> mpmath.mpf:
    """Exactly, of a double or long double."""
    high = float(value)
    return mpmath.mpf(high) + float(value - high)


def inverted(H: Any, least: float) -> Any:
    """Inverse of a positive definite matrix by sweeps; None if a pivot is relatively small."""
    diagonal = np.diag(H).copy()
    A = H.copy()
    for k in range(len(A)):
        pivot = A[k, k]
        if not pivot > least * diagonal[k]:
            return None
        row, column = A[k] / pivot, A[:, k].copy()
        A = A - np.outer(column, row)
        A[k], A[:, k] = row, -column / pivot
        A[k, k] = 1 / pivot
    return A


# --- a batch through everything -------------------------------------------------------------------


@dataclass
class Outcome:
    number: int
    family: str
    status: str = "error"
    checked: tuple[str, ...] = ()
    score: float = 0.0
    """of what is allowed"""
    error: float = 0.0
    """of coefficients, relative to the largest"""
    violations: tuple[str, ...] = ()

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """What is raised inside, warnings too, is a violation."""
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                yield
            except ViolationError as broken:
                self.violations += (str(broken),)
            except Exception as error:
                last = traceback.extract_tb(error.__traceback__)[-1]
                where = f"{last.filename}, line {last.lineno}: {last.line}"
                self.violations += (f"{type(error).__name__}: {error} in {where}",)


def outcomes(seed: int, batch: int, rate: float = 0.1) -> list[Outcome]:
    """Of a batch; an oracle is asked about a share `rate` of the problems it can answer."""
    problems = batch_of(seed, batch)
    found = [Outcome(p.number, p.family) for p in problems]
    alone: list[softmax.Fit | None] = [None] * len(problems)
    for i, (p, outcome) in enumerate(zip(problems, found, strict=True)):
        with outcome.recorded():
            alone[i] = fit = fitted(p)
            outcome.status = str(fit.status)
            outcome.score = check(p, fit)
            ask_oracles(seed, p, fit, outcome, rate)
    with found[0].recorded():
        for at in check_batch(fitted_as_batch(problems), alone):
            found[at].violations += ("not the same in a batch",)
    return found


def ask_oracles(seed: int, p: Problem, fit: softmax.Fit, outcome: Outcome, rate: float) -> None:
    n, q = np.count_nonzero(p.weights), p.X.shape[1] + 1
    size, margins = (p.n_classes - 1) * q, n * (p.n_classes - 1)
    asked = rng_of(seed, 2, p.number).random(2) < rate
    decidable = not p.ridged and not p.absent and size * margins < 2500
    if decidable and (asked[0] or fit.status == "max-iter"):
        outcome.checked += ("existence",)
        check_existence(p, str(fit.status))
    if fit.status == "max-iter":
        outcome.checked += (check_unfinished(p),)
    if asked[1] and fit.converged:
        error = check_minimiser(p, fit, 50 if n * size**2 < 1500 else 19)
        outcome.checked += ("minimiser" if error is not None else "gave up",)
        outcome.error = error or 0.0


MAXIMUM = ("exists", "not identified")
TRUTHS = {
    "converged": ("exists",),
    "no-mle": ("separated", "quasi-separated"),
    "not-identified": ("not identified",),
    **dict.fromkeys(
        ("max-iter", "undecided"), ("exists", "not identified", "separated", "quasi-separated")
    ),
}


def check_existence(p: Problem, status: str) -> None:
    truth = exact_verdict(replace(p, X=p.X[:, :-1]) if p.rounded else p)
    if p.rounded:
        truth = "not identified" if truth == "exists" else truth
    said = verdict(p.X, p.y, p.weights, n_classes=p.n_classes)
    if {status, said} & {"not-identified", "not identified"} and truth != "not identified":
        # As near to collinear as doubles resolve a curvature, or a value, may be said to be it.
        least = smallest_angle(p.X[p.weights > 0])
        require(least < (1e-7 if truth == "exists" else 1e-12), f"{status}, but in truth {truth}")
        return
    require(truth in TRUTHS[status], f"{status}, but in truth {truth}")
    # Large doubles are whole numbers too, of which digits were lost.
    whole_numbers = np.array_equal(p.X, np.round(p.X)) and np.abs(p.X).max(initial=0) < 2**26
    agreed = said == truth if whole_numbers else (said in MAXIMUM) == (truth in MAXIMUM)
    require(agreed, f"existence.verdict says {said}, but in truth {truth}")


def smallest_angle(X: Any) -> float:
    """Smallest singular value of (1, X) relative to the largest, rows and columns of one length.

    Zero if it is less than the rounding of some column, relative to a typical deviation in it.
    """
    if len(X) <= X.shape[1]:
        return 0.0
    middle = np.median(X, axis=0)
    X = X - middle
    typical = np.median(np.abs(X), axis=0)
    lost = 32 * ULP * np.abs(middle) + 1e-300
    rounding = float((lost / np.maximum(typical, lost)).max())
    Z = np.hstack([np.ones((len(X), 1)), X / np.maximum(typical, 1e-300)])
    for axis in (1, 0):
        Z /= np.maximum(np.abs(Z).max(axis=axis, keepdims=True), 1e-300)  # squares stay finite
        Z /= np.maximum(np.sqrt((Z**2).sum(axis=axis, keepdims=True)), 1e-300)
    values = np.linalg.svd(Z, compute_uv=False)
    angle = float(values[-1] / values[0])
    return angle if angle > rounding else 0.0


def check_minimiser(p: Problem, fit: softmax.Fit, digits: int) -> float | None:
    """Raise unless coefficients are those of the minimiser; their error relative to the largest.

    What is allowed of the score, through the inverse Hessian, is allowed of coefficients. None if
    Newton's method gets nowhere, neither from zero nor, the minimiser being unique, from the fit.
    """
    mpmath.mp.dps = digits
    exact = Extended(p, digits)
    at = exact.contrasts(fit.theta)
    best = exact.minimiser(at * 0) or exact.minimiser(at)
    if best is None:
        return None
    allowed = score_and_allowance(p, fit.theta)[1][exact.order][1:] / p.weights.sum()
    bound = 2 * np.abs(best.inverse) @ exact.numbers(allowed).ravel()
    bound = bound.reshape(at.shape) + 10.0 ** (6 - digits) * np.abs(best.theta)
    error = np.abs(at - best.theta)
    worst = float((error / np.maximum(bound, 1e-300)).max())
    require(worst <= 1.0, f"a coefficient is off by {worst:.3g} times what is allowed")
    return float(error.max() / max(np.abs(best.theta).max(), 1e-300))


def check_unfinished(p: Problem) -> str:
    """Raise if the problem has a minimiser that doubles resolve; else why it is not known to."""
    n, size = np.count_nonzero(p.weights), (p.n_classes - 1) * (1 + p.X.shape[1])
    if n * size**2 > 3e6:
        return "gave up"
    digits = 50 if n * size**2 < 5000 else 19
    mpmath.mp.dps = digits
    exact = Extended(p, digits)
    best = exact.minimiser(exact.contrasts(np.zeros((p.n_classes, 1 + p.X.shape[1]))))
    if best is None:
        return "gave up"
    score, terms, rounding = score_and_terms(p, exact.restored(best.theta), measured=True)
    blurred = 4 * sum(score.shape) * ULP * rounding
    if judged_by_class(p):
        terms[:, 1:] = terms[:, 1:].max(axis=1, keepdims=True)
    resolved = (np.maximum(score, blurred) <= TOL * terms).all()
    require(not resolved, "max-iter, but doubles resolve the minimiser")
    return "unresolved"


# --- the whole run -------------------------------------------------------------------------------


COLUMNS = ["problems", *softmax.STATUS, "existence", "minimiser", "unresolved"]
COLUMNS += ["gave up", "violations"]


class Table:
    """Counts by family, and the worst of scores and errors."""

    def __init__(self) -> None:
        self.rows: dict[str, Counter[str]] = defaultdict(Counter)
        self.worst: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])

    def add(self, outcome: Outcome) -> None:
        for family in (outcome.family, "all"):
            row, worst = self.rows[family], self.worst[family]
            row.update(["problems", outcome.status, *outcome.checked])
            row["violations"] += bool(outcome.violations)
            worst[:] = max(worst[0], outcome.score), max(worst[1], outcome.error)

    def __str__(self) -> str:
        families = [*(family for family in self.rows if family != "all"), "all"]
        lines = [["family", *COLUMNS, "score", "error"]]
        for family in families:
            counts = [str(self.rows[family][column]) for column in COLUMNS]
            lines.append([family, *counts, *(f"{worst:.2g}" for worst in self.worst[family])])
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
            for line in lines
        )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Random hard problems through softmax.fit.")
    parser.add_argument("--problems", type=int, default=100_000, help="how many (100000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", type=int, metavar="NUMBER", help="replay one, by all oracles")
    given = parser.parse_args(arguments)
    if given.only is not None:
        return replayed(given.seed, given.only)

    began, table, broken = time.perf_counter(), Table(), 0
    for outcome in run(given.seed, given.problems, given.jobs):
        table.add(outcome)
        for violation in outcome.violations:
            broken += 1
            print(f"{outcome.number} ({outcome.family}): {violation}", flush=True)
    print(table)
    print(
        "score: the worst, of what is allowed; error: the worst, relative to the largest "
        f"coefficient. {time.perf_counter() - began:.0f} s."
    )
    if broken:
        print(f"Replay one: python {sys.argv[0]} --seed {given.seed} --only NUMBER")
    return 1 if broken else 0


def run(seed: int, problems: int, jobs: int = 1) -> Iterator[Outcome]:
    batches = range(-(-problems // BATCH))
    if jobs == 1:
        for batch in batches:
            yield from outcomes(seed, batch)
        return
    with ProcessPoolExecutor(jobs) as pool:
        for found in pool.map(partial(outcomes, seed), batches, chunksize=25):
            yield from found


def replayed(seed: int, number: int) -> int:
    p = batch_of(seed, number // BATCH)[number % BATCH]
    outcome = outcomes(seed, number // BATCH, rate=1.0)[number % BATCH]
    print(f"{p.family} {p.traits}: n, d {p.X.shape}, K {p.n_classes}, ridge {p.ridge}")
    for name in ("X", "y", "weights", "offset", "start"):
        value = getattr(p, name)
        with np.printoptions(threshold=200):
            print(f"{name} = {value.tolist() if value is not None and value.size < 200 else value}")
    print(outcome)
    return 1 if outcome.violations else 0


if __name__ == "__main__":
    sys.exit(main())
