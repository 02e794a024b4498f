"""How many features the rows can bear: which theory holds, and whether there is a fit.

Two questions that counts, features and a separation answer for Gaussian classes. Without a ridge:
have all rows a fit, and has an undersample? And: how much of what class weights gain over an
undersample do their biased intercepts take back? Letters: n rows, m of the smallest class, d.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mlbalance.advise.no_mle import NoMLE
from mlbalance.advise.predicted import Predicted, equidistant
from mlbalance.inputs import InputError, IntArray
from mlbalance.schemes import ClassWeight, Undersample
from mlbalance.theory import proportional

__all__ = ["ASSUMED", "REGIMES", "Fits", "Name", "Regime", "checked", "regime"]

Name = Literal["first-order", "intercept-biased", "undersample-separable", "all-separable"]
REGIMES: tuple[Name, ...] = (
    "first-order",
    "intercept-biased",
    "undersample-separable",
    "all-separable",
)
ASSUMED = 2.0
"""Separation of two classes where none is given: 16 % error at best."""

_SLIGHT = 0.1  # share taken back, up to which first order is a guide
_WEAKEST = 1e-3  # separation: at zero the shares are limits
_WIDEST = 8.0  # separation up to which thresholds are searched
_LARGEST = 70.0  # separation: an error of 1e-268; at 80 it underflows
_UNTOLD = 1e-9  # excess error that is not told from rounding


@dataclass(frozen=True)
class Fits:
    """Rows a feature against what a fit without ridge needs: all rows, or an undersample."""

    load: float
    """Rows of the fit per feature."""
    threshold: float | None
    """Load below which the rows can be separated (label `mle-threshold`); None for more than two
    classes, of which no formula is known."""
    separable: bool | None
    """Whether they can, and there is no fit; for more than two classes from P(no MLE) by
    simulation, None where that was not asked for or is too large."""
    separable_from: float | None
    """Separation of two classes from which on they can, zero if always; None beyond 8."""


@dataclass(frozen=True)
class Regime:
    """What so many features mean for the choice; see `REGIMES`."""

    features: int
    """d."""
    separation: float | None
    """Of neighbouring means, in standard deviations; of two classes `ASSUMED` if not given."""
    name: Name | None
    """All can be separated, or an undersample; or both fits exist and class weights keep nine
    tenths of their lead ("first-order"), or less. None where it is not known."""
    fits: dict[str, Fits]
    """Of "class-weights" (all rows) and "undersample"."""
    delta: float
    """d (1/m - mean of 1/n_k of the other classes): features a row of the smallest class, more
    than the others have."""
    flip: float | None
    """Delta from which an undersample has the smaller balanced error at threshold zero and a
    strong ridge (label `flip`); None unless for two unequal classes."""
    taken_back: float | None
    """Balanced error that class weights lose by their intercepts, over the lead of their direction
    on the undersample's; one at the flip. With a strong ridge, of more classes at the largest of
    the table; None where that is missing or of another prior than the uniform one."""
    excess_ratio: float | None
    """Excess balanced error of an undersample over that of class weights, without ridge, exact;
    to first order H/m. None unless for two classes of which both fits exist."""
    predicted: Predicted | None = None
    """Errors of the methods, where a separation was given."""


def checked(features: float | None, separation: float | None) -> tuple[int, float | None]:
    """Features and separation in their range; raises `InputError`."""
    if features is None:
        raise InputError(
            "A separation came without features. Give both, as in --features 5 --separation 2."
        )
    if isinstance(features, bool) or not 1 <= features < math.inf or features != int(features):
        raise InputError(f"Features are a whole number from 1 on; {features} was given.")
    if separation is not None and not 0 <= separation <= _LARGEST:
        raise InputError(
            f"A separation is a number from 0 to {_LARGEST:g}, in standard deviations; "
            f"{separation} was given."
        )
    return int(features), None if separation is None else float(separation)


def regime(
    counts: IntArray,
    features: int,
    separation: float | None,
    no_mle: Mapping[str, NoMLE | None],
    table: Predicted | None,
    *,
    uniform: bool = True,
) -> Regime:
    """The regime of class counts (K,); `no_mle` and `table` are what more than two classes need.

    `uniform` says whether the table is of the uniform prior.
    """
    others = np.delete(counts, counts.argmin())
    delta = float(features * (1 / counts.min() - (1 / others).mean()))
    if counts.size > 2:
        fits = _simulated(counts, features, no_mle)
        back = table.taken_back if table is not None and uniform else None
        return Regime(features, separation, _name(fits, back), fits, delta, None, back, None, table)
    s = ASSUMED if separation is None else separation
    fits = _fits(counts, features, s)
    back = _taken_back(counts, features, s)
    return Regime(
        features,
        s,
        _name(fits, back),
        fits,
        delta,
        _flip(counts, s),
        back,
        _excess_ratio(counts, features, s, fits),
        table,
    )


def _name(fits: dict[str, Fits], taken_back: float | None) -> Name | None:
    everything, kept = (fits[name].separable for name in ("class-weights", "undersample"))
    if everything:
        return "all-separable"
    if everything is None or kept is None:
        return None
    if kept:
        return "undersample-separable"
    if taken_back is None:
        return None
    return "first-order" if taken_back <= _SLIGHT else "intercept-biased"


def _samples(counts: IntArray) -> dict[str, IntArray]:
    return {"class-weights": counts, "undersample": np.full_like(counts, counts.min())}


def _fits(counts: IntArray, features: int, separation: float) -> dict[str, Fits]:
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
    return None if excess(_WIDEST) < 0 else float(brentq(excess, 0.0, _WIDEST, xtol=1e-3))


def _simulated(
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
    errors = proportional.strong_ridge(counts, features, max(separation, _WEAKEST))
    weighted, kept, best = (float(e.mean()) for e in errors)
    return (weighted - best) / (kept - best) if kept - best > 1e-12 else 0.0


def _flip(counts: IntArray, separation: float) -> float | None:
    ratio = float(counts.max() / counts.min())
    if ratio - 1 < 1e-6:
        return None
    return proportional.flip_boundary(max(separation, _WEAKEST), ratio)


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
    # Of classes that hardly differ, both are rounding.
    return (kept - least) / (weighted - least) if weighted - least > _UNTOLD else None
