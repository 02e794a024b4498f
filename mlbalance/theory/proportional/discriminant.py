"""Effective sample size of least squares on class indicators, K classes (label `kish-bags`).

At an effective ridge chi weights enter the Mahalanobis matrix of the scores, on which a
discriminant depends, by one number, the effective sample size n_eff: one over the sum of f_k^2/n_k,
f_k the share of class k in the curvature of the fit.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import FloatArray, InputError, as_counts
from mlbalance.theory.proportional.effective import degrees_of_freedom
from mlbalance.theory.proportional.mixture import Mixture

__all__ = ["effective_size_at", "mahalanobis_matrix"]


def effective_size_at(
    mixture: Mixture, counts: npt.ArrayLike, n_features: float, chi: float, weights: npt.ArrayLike
) -> float:
    """Effective sample size of weighted least squares on all rows at an effective ridge.

    Parameters
    ----------
    mixture
        K classes with a common covariance.
    counts
        (K,) rows of each class.
    n_features
        Number of features d.
    chi
        Effective ridge, above 0.
    weights
        (K,) weight of each row of a class, on any scale.

    Returns
    -------
    (sum_k n_k h_k)^2/sum_k n_k h_k^2 with h_k = w_k/(1 + w_k V) and sum_k n_k h_k V = df. It
    tends to Kish's effective sample size of the weights as chi grows, and is n for equal weights.
    For infinitely many undersamples it is Kish's size of balanced weights at any chi.

    Raises
    ------
    InputError
        Where the degrees of freedom are not fewer than the rows.
    """
    from scipy.optimize import brentq

    n_k, w = as_counts(counts, "An effective size"), np.asarray(weights, dtype=float)
    df = degrees_of_freedom(mixture, n_features, chi)
    if df >= n_k.sum():
        raise InputError(
            f"An effective ridge of {chi:g} has {df:.4g} degrees of freedom; they must be fewer "
            f"than the {n_k.sum()} rows. Give a larger ridge."
        )

    def excess(log_V: float) -> float:
        pull = w * np.exp(log_V)
        return float(n_k @ (pull / (1 + pull))) - df

    V = np.exp(brentq(excess, -60 - np.log(w.max()), 60 - np.log(w.min()), xtol=1e-14))
    h = w / (1 + w * V)
    return float((n_k @ h) ** 2 / (n_k @ h**2))


def mahalanobis_matrix(
    mixture: Mixture, rows: npt.ArrayLike, n_features: float, chi: float, size: float
) -> FloatArray:
    """Mahalanobis matrix M Q^-1 M' of the scores of least squares at an effective ridge.

    Parameters
    ----------
    mixture
        K classes with a common covariance, all scales one.
    rows
        (K,) rows of each class that are fitted, by one fit or by many bags together.
    n_features
        Number of features d.
    chi
        Effective ridge.
    size
        Effective sample size n_eff.

    Returns
    -------
    (K, K), M the class means of new rows' scores around their mean over classes, Q their covariance
    within classes: (1 - df_2/n_eff) G P (P' Psi P)^-1 P' G, P a basis of contrasts;
    G and Psi as in the proof of label `kish-bags`.
    """
    n_k, K = np.asarray(rows, dtype=float), mixture.n_classes
    e, kept = mixture.eigenvalues, 1 / (chi + mixture.eigenvalues)
    centred = np.eye(K) - 1 / K
    gram = centred @ mixture.gram @ centred
    df2 = float(n_features * (mixture.masses @ (e * kept) ** 2))
    means = np.tensordot(kept, gram, 1)
    spread = np.tensordot(e * kept**2, gram, 1) + df2 * np.diag(1 / n_k)
    basis = np.linalg.svd(centred)[0][:, : K - 1]
    middle = basis @ np.linalg.inv(basis.T @ spread @ basis) @ basis.T
    return np.asarray((1 - df2 / size) * means @ middle @ means)
