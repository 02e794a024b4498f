"""What a scheme costs in variance, and what a row of each class is worth."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import FloatArray, InputError, as_counts, as_prior
from mlbalance.schemes import ClassWeight, Scheme
from mlbalance.theory.moments import Moments, covariance, excess_risk

__all__ = ["Budget", "allocation", "budget", "effective_size", "harmonic_mean", "variance_ratio"]


class Budget(NamedTuple):
    """Where the variance of balanced class weighting comes from (label `budget`)."""

    share: FloatArray
    """(K,) share of each class in the variance; sums to one."""
    row_value: FloatArray
    """(K,) relative fall of the variance per row added to the class (a derivative)."""


def harmonic_mean(counts: npt.ArrayLike) -> float:
    """Harmonic mean H of the class counts (K,), in rows."""
    n_k = as_counts(counts, "A harmonic mean")
    return float(n_k.size / (1 / n_k).sum())


def effective_size(counts: npt.ArrayLike, scheme: Scheme | None = None) -> float:
    """Kish's effective number of rows, 1 / sum_i E W_i^2 (label `kish`).

    Class weighting (the default) of counts (K,) is worth K H rows of balanced data when classes
    are alike, undersampling K m. It does not predict the loss against the unweighted MLE.
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
    """Variance of a scheme's estimates over that of class weighting at the same prior.

    Without moments: of excess risk where tr(A^-1 V_k) is equal over classes, and of functionals a
    where a' A^-1 V_k A^-1 a is. At the uniform prior exchangeable classes and no signal are such
    (label `harmonic`; H/m for undersampling); at another prior neither is, and the number is a
    guide alone: give moments. The between-class term of random totals is left out. With moments
    `m`, at the scheme's prior: of excess risk, or of the linear functional (p,) of the contrasts.
    First order (label `loewner`: at least one for fixed totals). Raises as `covariance`.
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
    a = np.asarray(functional, dtype=float)
    if a.shape != m.hessian.shape[:1]:
        raise InputError(
            f"A functional has one number for each of {len(m.hessian)} contrasts; "
            f"it has shape {a.shape}."
        )
    return float((a @ covariance(m, scheme, n_k) @ a) / (a @ covariance(m, weighting, n_k) @ a))


def budget(
    counts: npt.ArrayLike,
    prior: npt.ArrayLike | None = None,
    trace: npt.ArrayLike | None = None,
) -> Budget:
    """Shares of the classes (K,) in the first-order excess risk of class weighting.

    `trace` (K,) is tr(A^-1 V_k), equal for all classes if not given (label `budget`).
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
    """Rows of each class (K,) that make the variance of class weighting least at a total cost.

    n_k is proportional to tau_k sqrt(trace_k / price_k), and prices times rows sum to `total`;
    traces and prices (K,) are equal if not given (label `budget`).
    """
    cost = _positive(price, n_classes, "price")
    trace_k = _positive(trace, n_classes, "trace")
    if not total > 0:
        raise InputError(f"A total must be above zero; it is {total}.")
    n_k = as_prior(prior, n_classes) * np.sqrt(trace_k / cost)
    return total * n_k / (n_k * cost).sum()


def _positive(values: npt.ArrayLike | None, n_classes: int, name: str) -> FloatArray:
    given = np.ones(n_classes) if values is None else np.asarray(values, dtype=float)
    if given.shape != (n_classes,) or not np.isfinite(given).all() or (given <= 0).any():
        raise InputError(f"A {name} is one positive number for each of {n_classes} classes.")
    return given
