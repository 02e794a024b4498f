"""Advice for Gaussian classes: first-order ratios, and the probability that no fit exists.

The classes are those of `populations.symmetric`: unit covariance, neighbouring means the
separation apart. The softmax model is then correctly specified.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mlbalance import theory
from mlbalance.advise.no_mle import NoMLE, no_mle
from mlbalance.inputs import DataError, InputError, IntArray
from mlbalance.populations import Gaussian, symmetric
from mlbalance.schemes import Scheme

__all__ = ["GaussianAdvice", "gaussian_advice"]

_MOST_FEATURES = 1000
# At a prior other than the uniform one; with more, quadrature takes seconds.
_MOST_CLASSES, _MOST_PARAMETERS = 8, 1200
_RTOL, _TOLERANCE = 5e-3, 0.05  # error aimed at, and error above which no ratio is given


@dataclass(frozen=True)
class GaussianAdvice:
    """Ratios and P(no MLE) for the classes of `populations.symmetric`."""

    features: int
    """d."""
    separation: float
    """Distance of neighbouring means, in standard deviations."""
    variance_ratio: dict[str, float] | None
    """Excess risk relative to class weights, by method, to first order; None where first order does
    not apply, see `refused`."""
    quadrature_error: float | None
    """Bound on the absolute error of these ratios; zero at the uniform prior, where the classes are
    exchangeable and no moments are needed."""
    no_mle: dict[str, NoMLE | None]
    """P(no MLE) of "class-weights" and "undersample"; None where too large to simulate."""
    refused: str | None
    """Reason why no ratio is given; None where ratios are given."""


def gaussian_advice(
    counts: IntArray,
    schemes: Mapping[str, Scheme],
    prior: tuple[float, ...] | None,
    features: int,
    separation: float,
) -> GaussianAdvice:
    """First-order ratios of schemes, and P(no MLE), for the classes of `populations.symmetric`.

    Parameters
    ----------
    counts
        (K,) rows per class.
    schemes
        Schemes at the prior, by name.
    prior
        (K,) target prior; uniform for None.
    features
        Number of features d.
    separation
        Distance of neighbouring means, in standard deviations.

    Returns
    -------
    The ratios (label `harmonic`) and probabilities.

    Raises
    ------
    InputError
        Where no scheme is given.
    DataError
        For features or a separation that `populations.symmetric` refuses.
    """
    if not schemes:
        raise InputError("Ratios are of schemes, by name; none was given. Give one at least.")
    if features > _MOST_FEATURES:
        beyond = f"ratios are computed for up to {_MOST_FEATURES:,} features"
        unknown = dict.fromkeys(("class-weights", "undersample"))
        return GaussianAdvice(features, separation, None, None, unknown, beyond)
    population = symmetric(counts.size, features, separation)
    ratios, error = None, None
    refused = _refusal(counts, features, prior)
    if refused is None:
        ratios, error, refused = _ratios(population, counts, schemes, prior)
    chances = no_mle(population, counts)
    return GaussianAdvice(features, separation, ratios, error, chances, refused)


def _refusal(counts: IntArray, d: int, prior: tuple[float, ...] | None) -> str | None:
    least, K = int(counts.min()), counts.size
    if least <= d:
        rows = "1 row" if least == 1 else f"{least:,} rows"
        return (
            f"an undersample keeps {rows} per class, fewer than the {d + 1:,} parameters per class,"
            " and the first-order ratio does not apply"
        )
    if prior is not None and (K > _MOST_CLASSES or (K - 1) * (1 + d) > _MOST_PARAMETERS):
        return (
            "at a prior other than the uniform one ratios are computed for up to "
            f"{_MOST_CLASSES} classes and {_MOST_PARAMETERS:,} parameters"
        )
    return None


def _ratios(
    population: Gaussian,
    counts: IntArray,
    schemes: Mapping[str, Scheme],
    prior: tuple[float, ...] | None,
) -> tuple[dict[str, float] | None, float | None, str | None]:
    """Ratios and a bound on their error, or the reason why there are none."""
    if prior is None:  # exchangeable classes have equal traces: no moments are needed (`harmonic`)
        return {k: theory.variance_ratio(counts, s) for k, s in schemes.items()}, 0.0, None
    unresolved = (
        "at this separation quadrature does not give the moments of so many parameters to within "
        f"{100 * _TOLERANCE:.0f} %"
    )
    try:
        found = theory.population_moments(population, prior, rtol=_RTOL)
    except DataError:
        return None, None, unresolved
    ratios = {k: theory.variance_ratio(counts, s, found.moments) for k, s in schemes.items()}
    # A relative error e of class k's trace changes a ratio r by e share_k (1 + c_k^2 - r).
    # For Sobol' points the error is a standard error: two of them.
    worst = found.error * (2 if found.method == "sobol" else 1)
    inverse = np.linalg.inv(found.moments.hessian)
    traces = (inverse * found.moments.score_cov).sum(axis=(1, 2))
    share = theory.budget(counts, prior, traces).share
    errors = {
        k: worst * float(share @ np.abs(1 + s.moments(counts).cv2 - ratios[k]))
        for k, s in schemes.items()
    }
    if not max(errors[k] / ratios[k] for k in schemes) <= _TOLERANCE:
        return None, None, unresolved
    return ratios, max(errors.values()), None
