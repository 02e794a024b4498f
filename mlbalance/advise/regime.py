"""Regime of a number of rows and features: which theory applies, and whether there is a fit.

For Gaussian classes, counts, features and a separation answer two questions. Do all rows have a fit
without ridge, and does an undersample? How much of the advantage of class weights over an
undersample does the bias of their intercepts cost? Letters: n rows, n_k of class k, m of the
smallest class, d features, H the harmonic mean of the counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np

from mlbalance.advise.error_table import ErrorTable, equidistant
from mlbalance.advise.no_mle import NoMLE
from mlbalance.advise.regime_limits import ASSUMED, WEAKEST, WIDEST, name_of, refuse_features
from mlbalance.inputs import InputError, IntArray
from mlbalance.schemes import ClassWeight, Undersample
from mlbalance.theory import proportional

__all__ = ["ASSUMED", "REGIMES", "Fits", "Name", "Regime", "check_features", "regime"]

Name = Literal["first-order", "intercept-biased", "undersample-separable", "all-separable"]
REGIMES: tuple[Name, ...] = (
    "first-order",
    "intercept-biased",
    "undersample-separable",
    "all-separable",
)
_ROUNDING = 1e-9  # excess error that may be rounding


@dataclass(frozen=True)
class Fits:
    """Rows per feature of a sample against the number that a fit without ridge needs."""

    load: float
    """Rows per feature."""
    threshold: float | None
    """Load below which the rows are separable (label `mle-threshold`); None for more than two
    classes, where there is no general formula."""
    separable: bool | None
    """Whether they are, so that there is no fit: for two classes by the threshold, for more where
    P(no MLE) is above 1/2, by simulation unless it is certain. None where that is unknown."""
    separable_from: float | None
    """Smallest separation of two classes at which they are, zero if they are at any; None if it is
    above 8, and for more classes."""


@dataclass(frozen=True)
class Regime:
    """Regime of class counts and a number of features; see `REGIMES`."""

    features: int
    """Number of features d."""
    separation: float | None
    """Distance of neighbouring means, in standard deviations; if none is given, `ASSUMED` for two
    classes and None for more."""
    name: Name | None
    """One of `REGIMES`: all rows are separable, or only those of an undersample; or both fits exist
    and class weights keep at least nine tenths of their advantage ("first-order"), or less
    ("intercept-biased"). None where that is not known."""
    fits: dict[str, Fits]
    """By sample: "class-weights" (all rows) and "undersample"."""
    delta: float
    """d (1/m - mean of 1/n_k of the other classes): features per row of the smallest class less the
    mean of this number over the others."""
    flip: float | None
    """Delta above which an undersample has the smaller balanced error at threshold zero, with a
    strong ridge (label `flip`); None but for two classes of unequal counts."""
    taken_back: float | None
    """Share of the advantage of class weights over an undersample, in balanced error at the best
    thresholds, that the bias of their intercepts costs; one at the flip. For two classes with a
    strong ridge; for more at the largest ridge of `predicted`, None where it is not known or
    the prior is not uniform."""
    excess_ratio: float | None
    """Excess balanced error of an undersample relative to that of class weights, without ridge, in
    the proportional limit; H/m to first order. None for more than two classes, and where
    one of the fits does not exist or the ratio is not known."""
    predicted: ErrorTable | None = None
    """Predicted errors of the methods, where a separation was given."""


def check_features(features: float | None, separation: float | None) -> tuple[int, float | None]:
    """Check the number of features and the separation.

    Parameters
    ----------
    features
        Number of features d.
    separation
        Distance of neighbouring means, in standard deviations.

    Returns
    -------
    The number of features as an int, and the separation as a float or None.

    Raises
    ------
    InputError
        For a separation without features, or values out of range.
    """
    if features is None:
        raise InputError(
            "A separation came without features. Give both, as in --features 5 --separation 2."
        )
    refuse_features(features, separation)
    return int(features), None if separation is None else float(separation)


def regime(
    counts: IntArray,
    features: int,
    separation: float | None,
    no_mle: Mapping[str, NoMLE | None],
    table: ErrorTable | None,
    *,
    uniform: bool = True,
) -> Regime:
    """Regime of class counts and a number of features.

    Parameters
    ----------
    counts
        (K,) rows per class.
    features
        Number of features d.
    separation
        Distance of neighbouring means, in standard deviations.
    no_mle
        P(no MLE) of "class-weights" and "undersample", for more than two classes.
    table
        Predicted errors of the methods, where a separation was given.
    uniform
        Whether `table` is at the uniform prior.

    Returns
    -------
    The regime (labels `mle-threshold`, `flip`).
    """
    others = np.delete(counts, counts.argmin())
    delta = float(features * (1 / counts.min() - (1 / others).mean()))
    if counts.size > 2:
        fits = _fits_by_simulation(counts, features, no_mle)
        cost = table.taken_back if table is not None and uniform else None
        return Regime(features, separation, _name(fits, cost), fits, delta, None, cost, None, table)
    s = ASSUMED if separation is None else separation
    fits = _fits_by_threshold(counts, features, s)
    cost = _taken_back(counts, features, s)
    return Regime(
        features,
        s,
        _name(fits, cost),
        fits,
        delta,
        _flip(counts, s),
        cost,
        _excess_ratio(counts, features, s, fits),
        table,
    )


def _name(fits: dict[str, Fits], taken_back: float | None) -> Name | None:
    found = name_of(fits["class-weights"].separable, fits["undersample"].separable, taken_back)
    return cast("Name | None", found)


def _samples(counts: IntArray) -> dict[str, IntArray]:
    return {"class-weights": counts, "undersample": np.full_like(counts, counts.min())}


def _fits_by_threshold(counts: IntArray, features: int, separation: float) -> dict[str, Fits]:
    found = {}
    for name, n_k in _samples(counts).items():
        total = n_k.sum(dtype=float)
        load = float(total / features)
        threshold = proportional.separability_threshold(n_k / total, separation)
        found[name] = Fits(load, threshold, load < threshold, _separable_from(n_k / total, load))
    return found


def _separable_from(shares: np.ndarray, load: float) -> float | None:
    from scipy.optimize import brentq

    def excess(separation: float) -> float:
        return proportional.separability_threshold(shares, separation) - load

    if excess(0.0) > 0:
        return 0.0
    return None if excess(WIDEST) < 0 else float(brentq(excess, 0.0, WIDEST, xtol=1e-3))


def _fits_by_simulation(
    counts: IntArray, features: int, no_mle: Mapping[str, NoMLE | None]
) -> dict[str, Fits]:
    found = {}
    for name, n_k in _samples(counts).items():
        total, chance = n_k.sum(dtype=float), no_mle.get(name)
        separable = True if total <= features + 1 else None
        if chance is not None and not (chance.upper_bound and chance.value > 0.5):
            separable = chance.value > 0.5
        found[name] = Fits(float(total / features), None, separable, None)
    return found


def _taken_back(counts: IntArray, features: int, separation: float) -> float:
    errors = proportional.strong_ridge(counts, features, max(separation, WEAKEST))
    weighted, kept, best = (float(e.mean()) for e in errors)
    return (weighted - best) / (kept - best) if kept - best > 1e-12 else 0.0


def _flip(counts: IntArray, separation: float) -> float | None:
    ratio = float(counts.max() / counts.min())
    if ratio - 1 < 1e-6:
        return None
    return proportional.flip_boundary(max(separation, WEAKEST), ratio)


def _excess_ratio(
    counts: IntArray, features: int, separation: float, fits: dict[str, Fits]
) -> float | None:
    from scipy.special import ndtr

    if any(fit.separable for fit in fits.values()) or not separation:
        return None
    mixture, least = equidistant(2, features, separation), float(ndtr(-separation / 2))
    try:
        weighted, kept = (
            proportional.solve(mixture, counts, features, scheme, ridge=0).logits.balanced_error()
            for scheme in (ClassWeight(), Undersample())
        )
    except (proportional.ConvergenceError, ArithmeticError):
        return None
    return (kept - least) / (weighted - least) if weighted - least > _ROUNDING else None
