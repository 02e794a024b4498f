"""Entry points of the solver: batches of fits and ridge paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import DataError, FloatArray, as_data, as_floats
from mlbalance.softmax.batch import LOST, Batch, Problems
from mlbalance.softmax.confirm import confirm
from mlbalance.softmax.many_rows import MemoryRows, RowSource, Some, solve_rows
from mlbalance.softmax.newton import Solution, solve
from mlbalance.softmax.objective import as_penalty

_MANY = 2**20
"""Doubles of a problem, features and classes of its rows, from which on rows are taken in pieces.
"""


@dataclass(frozen=True)
class Fit:
    """A batch of fits; shapes are leading axes (...), then K classes and d features.

    Coefficients are finite if and only if the status is "converged"; otherwise they are NaN, so
    that no failed fit looks like an estimate.
    """

    coef: FloatArray
    """(..., K, d), summing to zero over classes, in logits per unit of the feature."""
    intercept: FloatArray
    """(..., K), summing to zero over classes, in logits."""
    status: Any
    """(...) a key of `STATUS` for each problem; a plain string for one problem."""
    n_iter: Any
    """(...) steps taken, of L-BFGS (where parameters are many) and of Newton together."""
    grad_norm: Any
    """(...) largest component of the score relative to the sum of its absolute terms."""

    @property
    def theta(self) -> FloatArray:
        """(..., K, 1 + d): intercept, then coefficients."""
        return np.concatenate([self.intercept[..., None], self.coef], axis=-1)

    @property
    def converged(self) -> Any:
        """(...) whether the fit is an estimate."""
        return self.status == "converged"


def fit(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    n_classes: int | None = None,
    offset: npt.ArrayLike | None = None,
    ridge: npt.ArrayLike = 0.0,
    start: npt.ArrayLike | None = None,
    tol: float = 1e-10,
    max_iter: int = 200,
) -> Fit:
    """Minimise `loss` for every problem of a batch, by damped Newton steps.

    Beyond arguments and results a batch of any size takes some 8 MiB, or as much as one of its
    problems needs if that is more.

    Parameters
    ----------
    X, y, weights
        (..., n, d), (..., n) and (..., n); leading axes broadcast. Labels are 0..K-1. Rows of
        weight zero are left out. Weights are one per row if not given, and taken literally.
    n_classes
        K; the largest label plus one if not given.
    offset
        Known logits (K,) or (..., n, K), added before the softmax.
    ridge
        Penalty, one number or one per class (K,), on the scale of the weights' sum.
    start
        Coefficients (..., K, 1 + d) to start from, zeros if not given or not finite. They change
        the number of steps, and the result only within the tolerance.
    tol
        Above zero and below one. A fit has converged when every component of its score is at most
        `tol` times the sum of the absolute terms it is made of, or times that sum with the
        feature's mean absolute value over all classes' residuals in the place of the feature, if
        that is more. Features are measured from their value nearest to the weighted mean, so
        scaling features, or weights and ridge, changes nothing. With more features than rows of
        positive weight, these rounded up to a multiple of eight if as many are given, the largest
        component of features is compared with their largest sum, class by class.
    max_iter
        Newton steps allowed, one or more, and L-BFGS steps before them where parameters are many.

    Returns
    -------
    Fit
        With a status for each problem, see `STATUS`. Without a ridge "converged" is proved: the
        score and Hessian certify that a unique minimiser exists, or a theorem of the alternative
        does (`mlbalance.existence`). With a ridge it exists iff every class has weight.

    Raises
    ------
    DataError
        If the arguments do not fit together or are not finite.

    Notes
    -----
    Problems that are not settled after 40 steps are solved by least squares on the square roots of
    curvatures, in logarithms (`softmax.careful`). So separated classes under ridges down to 1e-12,
    own-class offsets of 1000, weights over twelve orders of magnitude and features of 1e-150 to
    1e150 are fitted, in any order of the classes. "max-iter" remains for

    - minimisers that no double is close enough to: where an outlier of 1e10 leaves coefficients to
      differ in their eleventh digit only, logits of 1e6 and more cancel, or under a ridge a class
      has coefficients of 1e-7 of the others' (they sum to zero), changing coefficients by their
      last bits changes the score by more than `tol`;
    - features so far from zero in units of their spread that rounding the intercept changes logits
      by more than a thousandth: subtract a constant from such a feature before the fit;
    - an outlier with most of the weight: it is the value nearest to the mean, and measured from it
      other rows lose the digits by which they differ;
    - classes so far apart in units of the ridge that residuals fall below exp(-1200);
    - problems whose matrix of roots, (n + d) (K - 1) by K (1 + d), has more than some 4 million
      entries, and which are not solved so.

    "undecided" is for problems without a ridge whose score proves nothing and whose verdict would
    take too much memory or time.
    """
    _check_control(tol, max_iter)
    data = as_data(X, y, weights, n_classes)
    even = start is None and offset is None and np.ptp(ridge) == 0
    penalty = as_penalty(ridge, data.n_classes)
    batch = Batch.of(data, offset, start)
    return _fits(batch, [penalty], tol, max_iter, even=bool(even))[0]


def _fits(
    batch: Batch, penalties: Sequence[FloatArray], tol: float, max_iter: int, *, even: bool
) -> list[Fit]:
    """Fits with several penalties, each but the first started from the fit before.

    `even` tells whether all probabilities are equal at the start, and all ridges too.
    """
    K, d = batch.data.n_classes, batch.data.X.shape[-1]
    found = [Solution.of((batch.size, K, 1 + d)) for _ in penalties]
    large = batch.weighted_rows() * (d + 1 + 2 * K) >= _MANY
    for r in np.flatnonzero(large):
        problems, start = None, batch.one(int(r))[-1]
        for step, penalty in enumerate(penalties):
            solution = _fit_many_rows(batch, int(r), penalty, start, tol, max_iter)
            if solution is None or solution.status[0] != "converged":
                problems = problems or next(batch.blocks(np.arange(batch.size) == r))[1]
                problems = problems.started(start[None])
                solution = _solved(problems, penalty, tol, max_iter, even=even and step == 0)
            found[step].put([r], solution)
            start = found[step].theta[r]
    for index, problems in batch.blocks(~large):
        for step, penalty in enumerate(penalties):
            if step > 0:
                problems = problems.started(found[step - 1].theta[index])
            solution = _solved(problems, penalty, tol, max_iter, even=even and step == 0)
            found[step].put(index, solution)
    return [_fit_of(each, batch.lead) for each in found]


def _solved(
    problems: Problems, penalty: FloatArray, tol: float, max_iter: int, *, even: bool
) -> Solution:
    """Solution in the features as given; zeros where there is no estimate."""
    # In the row space scores are another size: a digit more there is enough for `confirm`.
    within = tol if problems.basis is None else tol / 10
    found = solve(problems, penalty, within, max_iter, even=even)
    centred = confirm(problems, penalty, found, tol, max_iter)
    if problems.basis is not None and not penalty.any():
        found.status[found.status == "converged"] = "not-identified"
    lost = (found.status == "converged") & (problems.rounding(centred) > LOST)
    found.status[lost] = "max-iter"
    found.theta = problems.uncentre(centred)
    found.theta[found.status != "converged"] = 0.0
    return found


def _fit_of(found: Solution, lead: tuple[int, ...]) -> Fit:
    """Fits of all problems of a batch, with its leading axes."""
    K, q = found.theta.shape[1:]
    theta = np.where((found.status == "converged")[:, None, None], found.theta, np.nan)
    return Fit(
        coef=theta[..., 1:].reshape(*lead, K, q - 1),
        intercept=theta[..., 0].reshape(*lead, K),
        status=found.status.reshape(lead)[()],
        n_iter=found.steps.reshape(lead)[()],
        grad_norm=found.norm.reshape(lead)[()],
    )


def _fit_many_rows(
    batch: Batch, r: int, penalty: FloatArray, start: FloatArray, tol: float, max_iter: int
) -> Solution | None:
    """Solution of the problem at a flat index; None where it takes all rows at once."""
    X, y, weights, offset, _ = batch.one(r)
    total = weights.sum()
    rows = MemoryRows(Some(X, y, weights / total, offset), batch.data.n_classes)
    return solve_rows(rows, penalty / total, start, tol, max_iter)


def fit_rows(
    rows: RowSource, *, ridge: npt.ArrayLike = 0.0, tol: float = 1e-10, max_iter: int = 200
) -> Fit:
    """Minimise `loss` over rows that are elsewhere, as in a file or on other machines.

    Parameters
    ----------
    rows
        `counts` (K,), `n_features`, `total(function, *given)`, which adds what a function returns
        of pieces of rows, and `sample(ranks)`, some rows by their places in their class; weights
        sum to one (`softmax.many_rows.RowSource`).
    ridge, tol, max_iter
        As of `fit`.

    Returns
    -------
    Fit
        Of one problem. Without a ridge "undecided" where a sample of the rows, of 16 MiB, does not
        prove that there is a fit.

    Raises
    ------
    DataError
        As `fit`.
    """
    _check_control(tol, max_iter)
    K, q = rows.counts.size, rows.n_features + 1
    found = solve_rows(rows, as_penalty(ridge, K), np.zeros((K, q)), tol, max_iter)
    if found is None:
        found = Solution.of((1, K, q))
        found.status[:] = "undecided"
    theta = np.where(found.status[0] == "converged", found.theta[0], np.nan)
    steps, norm = found.steps[0], found.norm[0]
    return Fit(theta[:, 1:], theta[:, 0], str(found.status[0]), steps, norm)


def _check_control(tol: float, max_iter: int) -> None:
    """Raise `DataError` unless 0 < tol < 1 and max_iter is a whole number of one or more."""
    if not (isinstance(tol, float | int | np.number) and 0 < tol < 1):
        raise DataError(f"tol must be a number above zero and below one; it is {tol!r}.")
    if not isinstance(max_iter, int | np.integer) or max_iter < 1:
        raise DataError(f"max_iter must be a whole number of one or more; it is {max_iter!r}.")


def path(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    ridges: npt.ArrayLike,
    n_classes: int | None = None,
    offset: npt.ArrayLike | None = None,
    tol: float = 1e-10,
    max_iter: int = 200,
) -> list[Fit]:
    """Fits for several ridges, each started from that of the next larger one.

    Parameters
    ----------
    X, y, weights, n_classes, offset, tol, max_iter
        As for `fit`.
    ridges
        Penalties (L,), one for all classes each.

    Returns
    -------
    list of Fit
        One per ridge, in the order given.

    Raises
    ------
    DataError
        As `fit`, and unless `ridges` is one list of numbers.
    """
    _check_control(tol, max_iter)
    lam = np.atleast_1d(as_floats(ridges, DataError, "Ridges must be a list of numbers"))
    if lam.ndim != 1 or not lam.size:
        raise DataError(f"Ridges must be one list of numbers; theirs has shape {lam.shape}.")
    data = as_data(X, y, weights, n_classes)
    order = np.argsort(-lam, kind="stable")
    penalties = [as_penalty(lam[position], data.n_classes) for position in order]
    batch = Batch.of(data, offset, None)
    fits = _fits(batch, penalties, tol, max_iter, even=offset is None)
    return [fits[place] for place in np.argsort(order)]
