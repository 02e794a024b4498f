"""Mini-batches: covariance of their gradient, and the excess risk of constant-step SGD.

A batch has `size` rows, drawn independently. Three ways to draw it have class weighting as their
mean gradient (label `sgd-noise`):

- "weighted": rows alike, each weighted by tau_k/pi_k in the loss, pi_k the share of class k;
- "balanced": a class by the target prior tau, then one of its rows, all weighted alike;
- "stratified": tau_k `size` rows of every class, weighted alike.

Scores are on contrasts against class 0, class-major, p = (K - 1)(1 + d) numbers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import FloatArray, InputError, as_counts, as_prior
from mlbalance.schemes import ClassWeight
from mlbalance.theory.efficiency import effective_size
from mlbalance.theory.moments import Moments
from mlbalance.theory.variance import summed_variance

__all__ = ["SAMPLINGS", "batch_covariance", "batch_prior", "largest_step", "sgd_excess_risk"]

SAMPLINGS = ("weighted", "balanced", "stratified")


def batch_covariance(
    m: Moments, counts: npt.ArrayLike, size: float, sampling: str = "weighted"
) -> FloatArray:
    """Covariance (p, p) of the gradient of one mini-batch (label `sgd-noise`).

    With E_k the mean of ss' in class k and g the mean gradient it is, over `size`,
    sum tau_k^2/pi_k E_k - gg' for "weighted", sum tau_k E_k - gg' for "balanced", and
    sum tau_k V_k for "stratified". A ridge has no noise.

    Parameters
    ----------
    m : Moments
        At theta and the target prior tau; of a data set from `data_moments` with divisor "n_k".
    counts : array (K,)
        Rows per class; their shares are pi.
    size : float
        Rows of a batch, b; with "stratified" tau_k b of each class, whole or not.
    sampling : {"weighted", "balanced", "stratified"}

    Returns
    -------
    array (p, p)
        On contrasts against class 0.

    Raises
    ------
    CountsError, InputError
        For counts of other classes, a size that is not positive, or another sampling.
    """
    n_k, tau = as_counts(counts, "A batch"), m.prior
    if n_k.size != tau.size:
        raise InputError(f"The moments are of {tau.size} classes; counts of {n_k.size}.")
    if sampling not in SAMPLINGS:
        raise InputError(f"A batch is {', '.join(SAMPLINGS)}; {sampling!r} was given.")
    b = _as_size(size)
    within = tau**2 * n_k.sum() / n_k if sampling == "weighted" else tau
    between = np.diag(within) - np.outer(tau, tau)
    if sampling == "stratified":
        between = np.zeros_like(between)
    return summed_variance(within / b, m.score_cov, between / b, m.score_mean)


def sgd_excess_risk(m: Moments, noise: npt.ArrayLike, step: float, steps: float = np.inf) -> float:
    """Expected excess of the (penalised) risk in SGD with a constant step, in nats.

    The gradient is taken as linear at the optimum and its noise as that there, which holds for
    small steps (label `sgd-steps`): then it is the sum over eigenvectors v of the Hessian,
    eigenvalue l, of (step/4) v'Cv / (1 - step l/2), times 1 - (1 - step l)^(2 steps) after so many
    steps from the optimum. In the end that is step/4 times the trace of C, to first order. One
    vector of coefficients per class moves, as in the output layer of a network.

    Parameters
    ----------
    m : Moments
        At the minimiser of the (penalised) risk.
    noise : array (p, p)
        Covariance C of the gradient of a batch, as of `batch_covariance`.
    step : float
        Step size, or learning rate, eta; below 2 over the largest eigenvalue.
    steps : float
        Steps since the optimum.

    Returns
    -------
    float

    Raises
    ------
    InputError
        For a covariance of another shape, or a step that is not positive or too large.
    """
    C, K = np.asarray(noise, dtype=float), m.prior.size
    if C.shape != m.hessian.shape:
        raise InputError(f"The noise of {len(m.hessian)} contrasts is a square; it is {C.shape}.")
    # Class 0 has a vector of its own: minus the sum of the others in scores and Hessian.
    spread = np.kron(np.vstack([-np.ones(K - 1), np.eye(K - 1)]), np.eye(len(C) // (K - 1)))
    values, vectors = np.linalg.eigh(spread @ m.hessian @ spread.T)
    if not 0 < step * values[-1] < 2:
        raise InputError(
            f"A step lies between 0 and {2 / values[-1]:.4g}, two over the largest curvature; it "
            f"is {step}."
        )
    own = ((vectors.T @ spread) @ C * (vectors.T @ spread)).sum(axis=1)
    curved = values > 1e-10 * values[-1]  # shifts common to all classes have no noise
    l = values[curved]
    arrived = 1 - (1 - step * l) ** (2 * steps)
    return float((step / 4 * own[curved] / (1 - step * l / 2) * arrived).sum())


def largest_step(counts: npt.ArrayLike, size: float, prior: npt.ArrayLike | None = None) -> float:
    """Largest stable step of class weights in the loss over that of balanced batches.

    In mean square, where all rows have the same quadratic loss: 1/(1 + (D - 1)/b) with Kish's
    design effect D = sum tau_k^2/pi_k, n/(K H) at a uniform target (label `sgd-steps`).

    Parameters
    ----------
    counts : array (K,)
        Rows per class.
    size : float
        Rows of a batch, b.
    prior : array (K,), optional
        Target prior tau; uniform by default.

    Returns
    -------
    float
        At most one.

    Raises
    ------
    CountsError, PriorError, InputError
        For counts or a prior that are none, or a size that is not positive.
    """
    n_k = as_counts(counts, "A batch")
    tau = as_prior(prior, n_k.size)
    effect = n_k.sum() / effective_size(n_k, ClassWeight(prior=tuple(tau.tolist())))
    return float(1 / (1 + (effect - 1) / _as_size(size)))


def batch_prior(counts: npt.ArrayLike, size: int, prior: npt.ArrayLike | None = None) -> FloatArray:
    """Prior (K,) that a batch divided by its own sum of weights fits (label `batch-weights`).

    That is PyTorch's cross-entropy with `weight` and the reduction "mean". With weights
    w_k = tau_k/pi_k class k has b tau_k times the integral over t > 0 of
    exp(-t w_k) (sum_l pi_l exp(-t w_l))^(b-1); to first order in 1/b
    tau_k (1 - (w_k - sum_l tau_l w_l)/b).

    Parameters
    ----------
    counts : array (K,)
        Rows per class.
    size : int
        Rows of a batch, b.
    prior : array (K,), optional
        Target prior tau that the weights are made for; uniform by default.

    Returns
    -------
    array (K,)
        Its sum is one.

    Raises
    ------
    CountsError, PriorError, InputError
        For counts or a prior that are none, or a size that is not positive.
    """
    from scipy.integrate import quad_vec

    n_k = as_counts(counts, "A batch")
    tau, b = as_prior(prior, n_k.size), _as_size(size)
    shares = n_k / n_k.sum()
    w = tau / shares

    def density(t: float) -> FloatArray:
        factors = np.exp(-t * w)
        return np.asarray(b * tau * factors * (shares @ factors) ** (b - 1))

    found, _ = quad_vec(density, 0.0, np.inf, epsabs=1e-11, epsrel=1e-9)
    return np.asarray(found / found.sum())


def _as_size(size: float) -> float:
    if not size > 0:
        raise InputError(f"A batch has a positive number of rows; it is {size!r}.")
    return float(size)
