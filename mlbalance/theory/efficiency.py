"""Cost of a scheme in variance, and the worth of a row of each class and of a bag."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import FloatArray, InputError, as_counts, as_prior
from mlbalance.schemes import ClassWeight, Scheme
from mlbalance.theory.covariance import as_functional, covariance, excess_risk
from mlbalance.theory.moments import Moments

__all__ = [
    "Budget",
    "allocation",
    "bags_needed",
    "budget",
    "effective_size",
    "harmonic_mean",
    "variance_ratio",
]


class Budget(NamedTuple):
    """Shares of the classes in the first-order excess risk of class weights (label `budget`)."""

    share: FloatArray
    """(K,) share of each class; sums to one."""
    row_value: FloatArray
    """(K,) relative fall of the excess risk per row added to the class (a derivative)."""


def harmonic_mean(counts: npt.ArrayLike) -> float:
    """Harmonic mean H of the class counts (K,), in rows."""
    n_k = as_counts(counts, "A harmonic mean")
    return float(n_k.size / (1 / n_k).sum())


def effective_size(counts: npt.ArrayLike, scheme: Scheme | None = None) -> float:
    """Kish's effective number of rows, 1 / sum_i E W_i^2 (label `kish`).

    At the uniform prior K H for class weights and K m for an undersample of m rows per class. It
    does not predict the loss against the unweighted MLE.

    Parameters
    ----------
    counts : array (K,)
        Rows per class.
    scheme : Scheme, optional
        Class weights by default.

    Returns
    -------
    float
        In rows.

    Raises
    ------
    CountsError, PriorError, SchemeError
        For counts that are not positive, or that the scheme does not fit.
    """
    n_k = as_counts(counts, "An effective size")
    w = (ClassWeight() if scheme is None else scheme).moments(n_k)
    return float(1 / w.squares(n_k).sum())


def variance_ratio(
    counts: npt.ArrayLike,
    scheme: Scheme,
    m: Moments | None = None,
    functional: npt.ArrayLike | None = None,
) -> float:
    """First-order variance of a scheme's estimates over that of class weights at the same prior.

    At least one for fixed totals (label `loewner`).

    Parameters
    ----------
    counts : array (K,)
        Rows per class.
    scheme : Scheme
    m : Moments, optional
        At the scheme's prior, for the ratio of excess risks or of one functional. Without them it
        is the ratio of excess risks where tr(A^-1 V_k) is equal over classes, and of functionals a
        where a' A^-1 V_k A^-1 a is; the between-class term of random totals is left out. At the
        uniform prior exchangeable classes are such, and classes without signal (label `harmonic`;
        H/m for undersampling). At another prior neither is, and the number is a guide alone.
    functional : array (p,), optional
        Linear functional of the contrasts against class 0; by default the excess risk.

    Returns
    -------
    float

    Raises
    ------
    CountsError, PriorError, InputError
        As `covariance`, and for a functional without moments or of another length.
    """
    n_k = as_counts(counts, "A variance ratio")
    if m is None:
        if functional is not None:
            raise InputError("The ratio of one functional needs the moments of a population.")
        w = scheme.moments(n_k)
        return float(w.squares(n_k).sum() / (n_k * w.mean**2).sum())
    weighting = ClassWeight(prior=tuple(scheme.target(n_k).tolist()))
    if functional is None:
        return excess_risk(m, scheme, n_k) / excess_risk(m, weighting, n_k)
    a = as_functional(m, functional)
    return float((a @ covariance(m, scheme, n_k) @ a) / (a @ covariance(m, weighting, n_k) @ a))


def budget(
    counts: npt.ArrayLike,
    prior: npt.ArrayLike | None = None,
    trace: npt.ArrayLike | None = None,
) -> Budget:
    """Shares of the classes in the first-order excess risk of class weights (label `budget`).

    Parameters
    ----------
    counts : array (K,)
        Rows per class.
    prior : array (K,), optional
        Target prior; uniform by default.
    trace : array (K,), optional
        tr(A^-1 V_k); equal for all classes by default.

    Returns
    -------
    Budget

    Raises
    ------
    CountsError, PriorError, InputError
        For arrays that are not positive, or of other classes.
    """
    n_k = as_counts(counts, "A budget")
    cost = as_prior(prior, n_k.size) ** 2 * _positive(trace, n_k.size, "trace") / n_k
    share = cost / cost.sum()
    return Budget(share, share / n_k)


def allocation(
    total: float,
    n_classes: int,
    *,
    prior: npt.ArrayLike | None = None,
    trace: npt.ArrayLike | None = None,
    price: npt.ArrayLike | None = None,
) -> FloatArray:
    """Counts (K,) with the least first-order excess risk of class weights at a total cost.

    n_k is proportional to tau_k sqrt(trace_k / price_k) (label `budget`).

    Parameters
    ----------
    total : float
        Sum of prices times rows.
    n_classes : int
        K.
    prior, trace : array (K,), optional
        As in `budget`.
    price : array (K,), optional
        Of a row of each class; equal by default.

    Returns
    -------
    array (K,)
        Real numbers of rows.

    Raises
    ------
    PriorError, InputError
        For arrays or a total that are not positive.
    """
    cost = _positive(price, n_classes, "price")
    trace_k = _positive(trace, n_classes, "trace")
    if not total > 0:
        raise InputError(f"A total must be above zero; it is {total}.")
    n_k = as_prior(prior, n_classes) * np.sqrt(trace_k / cost)
    return total * n_k / (n_k * cost).sum()


def bags_needed(ratio: float, eps: float) -> int:
    """Independent bags that bring a variance within a factor 1 + eps of class weights.

    The least whole B >= (ratio - 1)/eps, at least one, to first order (label `bags-needed`). As
    many disjoint bags are at least as good, where the larger classes have rows for them
    (B m <= n_k).

    Parameters
    ----------
    ratio : float
        Variance ratio of one draw (`variance_ratio`), at least one.
    eps : float
        Relative tolerance, above zero.

    Returns
    -------
    int

    Raises
    ------
    InputError
        For a ratio below one or an eps that is not above zero.
    """
    if not 1 <= ratio < math.inf:
        raise InputError(f"A variance ratio to class weighting is at least 1; it is {ratio}.")
    if not eps > 0:
        raise InputError(f"A tolerance must be above zero; it is {eps}.")
    # A quotient that is a whole number but for rounding is that number.
    bags = (ratio - 1) / eps
    return max(1, math.ceil(bags * (1 - 1e-12)))


def _positive(values: npt.ArrayLike | None, n_classes: int, name: str) -> FloatArray:
    given = np.ones(n_classes) if values is None else np.asarray(values, dtype=float)
    if given.shape != (n_classes,) or not np.isfinite(given).all() or (given <= 0).any():
        raise InputError(f"A {name} is one positive number for each of {n_classes} classes.")
    return given
