"""First-order covariance of a scheme's estimates, and what follows: risk, intercepts, t intervals.

Covariances are on contrasts against class 0, class-major, p = (K - 1)(1 + d) numbers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import CountsError, FloatArray, InputError, IntArray, PriorError, as_counts
from mlbalance.schemes import ClassWeight, Scheme
from mlbalance.theory.moments import Moments
from mlbalance.theory.variance import score_variance, summed_variance

__all__ = [
    "as_functional",
    "check_prior",
    "covariance",
    "degrees_of_freedom",
    "excess_risk",
    "intercept_excess",
    "loss_gap",
]

_SAME = 1e-7
"""Difference of two priors below which they are one, written twice; `as_prior` allows 1e-8."""


def covariance(
    m: Moments, scheme: Scheme, counts: npt.ArrayLike, kind: str = "design"
) -> FloatArray:
    """First-order covariance (p, p) of a scheme's estimates (label `sandwich`).

    Kinds, each with the case in which it is right:

    `"design"` is A^-1 J_W A^-1, with J_W of `score_variance`: fixed counts, and random ones where
    weights are made from the observed counts; any model and ridge.

    `"robust"` is the mean of HC0 over the scheme's draws, A^-1 (sum_i E W_i^2 s_i s_i') A^-1, with
    scores that are not centred and copies clustered on their row: rows drawn independently with
    their labels, and weights that do not depend on the counts, such as none, or tau_k/pi_k of a
    population's shares pi_k, thinned or not; any model, no ridge. In the case of `"design"` it is
    right for slopes of a correctly specified model without ridge, and too large on intercepts by
    `intercept_excess` (label `intercept-shift`).

    `"model"` is A^-1 over the number of rows that the fit is given, copies counted as rows: slopes
    of a correctly specified, unweighted model without ridge. On intercepts it is too large by D.
    Software prints it for weighted fits and copies too, where it is wrong (label `naive-se`).

    Parameters
    ----------
    m : Moments
        At the minimiser of the (penalised) risk at the scheme's prior. For a data set they come
        from `data_moments`, with divisor n_k - 1, or n_k for "robust".
    scheme : Scheme
    counts : array (K,)
        Rows per class.
    kind : {"design", "robust", "model"}

    Returns
    -------
    array (p, p)
        On contrasts against class 0.

    Raises
    ------
    PriorError
        For moments at another prior than the scheme's.
    CountsError, InputError
        For counts of other classes, another kind, or "model" of a scheme that is not one fit of a
        known number of rows.
    """
    check_prior(m, scheme, counts)
    n_k = as_counts(counts, "A covariance")
    if kind == "model":
        return np.asarray(np.linalg.inv(m.hessian) / _rows_given(scheme, n_k))
    if kind == "design":
        J = score_variance(m, scheme, n_k)
    elif kind == "robust":
        # E ss' within a class is V_k + mu_k mu_k': no total enters.
        own = scheme.moments(n_k).squares(n_k)
        J = summed_variance(own, m.score_cov, np.diag(own), m.score_mean)
    else:
        raise InputError(
            f'A covariance is of kind "model", "design" or "robust"; {kind!r} was given.'
        )
    half = np.linalg.solve(m.hessian, J)
    cov = np.linalg.solve(m.hessian, half.T)
    return (cov + cov.T) / 2


def excess_risk(m: Moments, scheme: Scheme, counts: npt.ArrayLike) -> float:
    """First-order expected excess of the (penalised) risk over its minimum, in nats.

    tr(A^-1 J_W) / 2 (label `excess-risk`). Parameters and errors are those of `covariance`.
    """
    check_prior(m, scheme, counts)
    return float(np.trace(np.linalg.solve(m.hessian, score_variance(m, scheme, counts))) / 2)


def loss_gap(m: Moments, scheme: Scheme, counts: npt.ArrayLike) -> float:
    """First-order expected risk of a fit less its own (weighted) training loss, in nats.

    tr(A^-1 J_W), twice the excess risk (label `excess-risk`). Parameters and errors are those of
    `covariance`.
    """
    return 2 * excess_risk(m, scheme, counts)


def intercept_excess(
    counts: npt.ArrayLike, n_features: int = 0, scheme: Scheme | None = None
) -> FloatArray:
    """Covariance of kind "robust" less "design" for a correctly specified model without ridge.

    Zero on slopes. On intercepts it is diag((1 + c_k^2)/n_k) + 11' (1 + c_0^2)/n_0 where class
    totals are fixed, whatever the target prior: D = diag(1/n_k) + 11'/n_0 for class weights (label
    `intercept-shift`). Random totals vary in "design" too, and their part is taken off: D is left
    of thinning that is not renormalised, (1 - 1/N) D of a balanced sampler's N draws.

    Parameters
    ----------
    counts : array (K,)
        Rows per class.
    n_features : int
        Features d.
    scheme : Scheme, optional
        Class weights by default.

    Returns
    -------
    array (p, p)
        On contrasts against class 0.

    Raises
    ------
    CountsError, InputError
        For counts that are not positive, or a negative number of features.
    """
    n_k = as_counts(counts, "An intercept excess")
    if n_features < 0:
        raise InputError(f"A number of features is not negative; {n_features} was given.")
    w = (ClassWeight() if scheme is None else scheme).moments(n_k)
    tau = n_k * w.mean
    # The mean score of class k moves its own intercept by -1/tau_k: of contrasts, row k.
    moved = np.vstack([np.full(n_k.size - 1, 1 / tau[0]), -np.diag(1 / tau[1:])])
    intercept = np.zeros((1 + n_features, 1 + n_features))
    intercept[0, 0] = 1.0
    return np.asarray(np.kron(moved.T @ (np.diag(w.squares(n_k)) - w.total_cov) @ moved, intercept))


def degrees_of_freedom(
    m: Moments,
    scheme: Scheme,
    counts: npt.ArrayLike,
    functional: npt.ArrayLike,
    *,
    freedom: npt.ArrayLike | None = None,
) -> float:
    """Satterthwaite's degrees of freedom of the variance of a functional (label `small-n`).

    With v_k = tau_k^2 (1 + c_k^2) a' A^-1 V_k A^-1 a / n_k and f_k degrees of freedom of V_k they
    are (sum v_k)^2 / sum(v_k^2 / f_k): between the smallest f_k and their sum.

    Parameters
    ----------
    m : Moments
        At the scheme's prior.
    scheme : Scheme
    counts : array (K,)
        Rows that V_k is estimated from: those kept, with `ClassWeight`, when only an undersample
        was seen.
    functional : array (p,)
        a, on contrasts against class 0.
    freedom : array (K,), optional
        f_k, those of `moderate`; n_k - 1, of the plug-in, by default.

    Returns
    -------
    float

    Raises
    ------
    CountsError
        For a class of one row.
    PriorError
        For moments at another prior than the scheme's.
    InputError
        For a functional of another length or without variance.
    """
    n_k = as_counts(counts, "A variance estimate")
    if (n_k < 2).any():
        raise CountsError(
            f"A variance needs two rows of every class; counts are {tuple(n_k.tolist())}. Collect "
            f"rows for class {int(np.argmin(n_k))}."
        )
    a = as_functional(m, functional)
    check_prior(m, scheme, n_k)
    w, direction = scheme.moments(n_k), np.linalg.solve(m.hessian, a)
    v = w.squares(n_k) * (m.score_cov @ direction @ direction)
    total = v.sum()
    if not total > 0:
        raise InputError(
            "The functional has no variance: it is zero, or the features are constant."
        )
    own = n_k - 1 if freedom is None else np.asarray(freedom)
    return float(total**2 / (v**2 / own).sum())


def as_functional(m: Moments, functional: npt.ArrayLike) -> FloatArray:
    """A linear functional (p,) of the contrasts; raises `InputError` for another shape."""
    a = np.asarray(functional, dtype=float)
    if a.shape != m.hessian.shape[:1]:
        raise InputError(
            f"A functional has one number for each of {len(m.hessian)} contrasts; "
            f"it has shape {a.shape}."
        )
    return a


def check_prior(m: Moments, scheme: Scheme, counts: npt.ArrayLike) -> None:
    """Raise `PriorError` for a scheme whose target is not the prior that A was computed for."""
    tau = scheme.target(as_counts(counts, "A covariance"))
    if tau.shape != m.prior.shape:
        raise InputError(f"The moments are of {m.prior.size} classes; counts of {tau.size}.")
    if np.abs(tau - m.prior).max() > _SAME:
        shown = [", ".join(f"{t:.4g}" for t in prior) for prior in (m.prior, tau)]
        raise PriorError(
            f"The moments are at prior ({shown[0]}); the scheme's is ({shown[1]}). Compute them at "
            "the scheme's, with theta the optimum there."
        )


def _rows_given(scheme: Scheme, n_k: IntArray) -> float:
    """Rows that a fit of the scheme takes for independent ones: copies count as rows."""
    if scheme.bags == 1 and scheme.fixed_size:
        return float(scheme.rows_used(n_k).sum())
    raise InputError(
        f'A covariance of kind "model" is of one fit with a known number of rows; {scheme!r} '
        'is not. Ask for kind "design".'
    )
