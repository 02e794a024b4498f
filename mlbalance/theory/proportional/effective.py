"""Effective ridge, degrees of freedom and what they allow (label `effective-ridge`).

Two Gaussian classes of one covariance. A ridge fit of convex class losses shrinks eigenspace j by
chi/(chi + e_j), with an effective ridge chi that depends on losses, weights, rows and ridge; what
else they do is bounded by what unweighted least squares on all rows attains at the same chi.
Letters: e_j eigenvalues with masses p_j, s_j^2 the energy of half the difference of the means,
alpha_k rows of class k per feature, f_k the share of the class in the curvature.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import FloatArray, InputError, as_counts
from mlbalance.theory.proportional import binary
from mlbalance.theory.proportional.limit import Solution
from mlbalance.theory.proportional.mixture import Mixture

__all__ = [
    "EffectiveRidge",
    "degrees_of_freedom",
    "effective_ridge",
    "matched_ridge",
    "signal_to_noise",
]


class EffectiveRidge(NamedTuple):
    """A two-class fit by its effective ridge."""

    chi: float
    """Effective ridge, in units of the features' variance."""
    degrees_of_freedom: float
    """Trace of the hat matrix, intercept left out."""
    shares: FloatArray
    """(2,) share of each class in the curvature; they sum to one."""
    signal_to_noise: float
    """Squared half distance of the class means of a new row's logits over their variance."""
    bound: float
    """Largest `signal_to_noise` at these shares: attained by the square loss."""
    best: float
    """Largest at any shares: attained by unweighted least squares on all rows."""


def effective_ridge(solution: Solution, *, bags: float = 1) -> EffectiveRidge:
    """Effective ridge of a fit, or of an average of bags, and its bounds.

    Parameters
    ----------
    solution
        Of two classes of one covariance.
    bags
        Number of bags that are averaged, 1 or `np.inf`: these are one fit of all rows (label
        `bag-envelope`). A finite number of bags is no ridge fit and has no bounds of its own.

    Raises
    ------
    InputError
        For more than two classes, covariances that differ, or another number of bags.
    """
    found = solution.parameters
    if not isinstance(found, binary.Margins) or np.ptp(solution.mixture.scales) > 0:
        raise InputError(
            "An effective ridge is that of two classes of one covariance; there are "
            f"{solution.mixture.n_classes}, of scales {solution.mixture.scales.tolist()}."
        )
    if bags not in (1, np.inf):
        raise InputError(f"Bags are 1 or infinitely many here; {bags!r} was given.")
    problem = found.problem
    curvatures = problem.fractions * binary.curvatures(found)
    total, rows = float(curvatures.sum()), solution.rows
    n_features = rows.sum() / problem.load
    chi = problem.ridge / 2 / total
    variance = found.variance
    if bags > 1:
        rows, variance = rows / solution.kept_again, binary.overlap(found, solution.kept_again)[0]
    shares = curvatures / total
    return EffectiveRidge(
        chi,
        degrees_of_freedom(problem.mixture, n_features, chi),
        shares,
        found.signal**2 / variance,
        signal_to_noise(problem.mixture, rows, n_features, chi, shares),
        signal_to_noise(problem.mixture, rows, n_features, chi),
    )


def degrees_of_freedom(mixture: Mixture, n_features: float, chi: float) -> float:
    """Trace of the hat matrix at an effective ridge, intercept left out.

    Parameters
    ----------
    mixture
        Two classes of one covariance.
    n_features
        d
    chi
        Effective ridge, from 0 on.

    Returns
    -------
    d sum_j p_j e_j/(chi + e_j), at most d.
    """
    e = mixture.eigenvalues
    return float(n_features * (mixture.masses @ (e / (chi + e))))


def signal_to_noise(
    mixture: Mixture,
    rows: npt.ArrayLike,
    n_features: float,
    chi: float,
    shares: npt.ArrayLike | None = None,
) -> float:
    """m^2/q of the square loss at an effective ridge: the most that any convex loss attains.

    Parameters
    ----------
    mixture
        Two classes of one covariance.
    rows
        (2,) rows that are fitted, of each class.
    n_features
        d; only rows per feature count.
    chi
        Effective ridge, from 0 on, or `np.inf` for the nearest centroid.
    shares
        (2,) of the classes in the curvature; those of the rows, the best ones, if not given.

    Returns
    -------
    g_1^2 (1 - g_3 sum_k f_k^2/alpha_k) / (g_2 + (g_3/4) sum_k 1/alpha_k). With the best threshold
    the balanced error is Phi(-sqrt(m^2/q)).
    """
    n_k = np.asarray(rows, dtype=float)
    alpha = n_k / n_features
    f = n_k / n_k.sum() if shares is None else np.asarray(shares, dtype=float)
    e, p, energy = mixture.eigenvalues, mixture.masses, binary.energy(mixture)
    # Sums of powers of 1/(chi + e), times those of the scale, so that an infinite chi has a limit.
    scale = max(chi, 1.0)
    kept = 1 / (min(chi, 1.0) + e / scale)
    one, two, three = energy * kept, energy * e * kept**2, p * (e * kept) ** 2
    used = three.sum() / scale**2
    noise = three.sum() * (1 / alpha).sum() / 4
    return float(one.sum() ** 2 * (1 - used * (f**2 / alpha).sum()) / (two.sum() + noise))


def matched_ridge(mixture: Mixture, counts: npt.ArrayLike, n_features: float, chi: float) -> float:
    """Ridge at which unweighted least squares on all rows has an effective ridge.

    lambda' = chi (1 - df/n), twice that on the scale of the package, which is positive where n rows
    exceed the degrees of freedom.

    Parameters
    ----------
    mixture
        Two classes of one covariance.
    counts
        (2,) rows per class.
    n_features
        d
    chi
        Effective ridge, from 0 on.

    Returns
    -------
    Ridge on the mean-loss scale of `softmax.fit`.

    Raises
    ------
    InputError
        Where they do not.
    """
    n = float(as_counts(counts, "A matched ridge").sum())
    df = degrees_of_freedom(mixture, n_features, chi)
    if df >= n:
        raise InputError(
            f"An effective ridge of {chi:g} has {df:.4g} degrees of freedom; they must be fewer "
            f"than the {n:g} rows. Give a larger ridge."
        )
    return 2 * chi * (1 - df / n)
