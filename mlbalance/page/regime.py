"""Regime of a number of features from closed forms, and errors of the methods from the maps.

In plain Python, which the page translates; `f` holds the functions of `page.formulas`, with `erfc`.
The fields are those of `advise.Regime`. Where advice solves the equations of the proportional
limit, the page has maps of their solutions (`page.maps`), for two classes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from mlbalance.advise.regime_limits import ASSUMED, WEAKEST, WIDEST, name_of

__all__ = ["barycentric", "mapped", "regime", "strong_ridge", "threshold"]

_GOLDEN = (math.sqrt(5) - 1) / 2
_FAR = 12.0  # standard deviations beyond which nothing is left of a normal distribution
_NOTHING = 1e-13  # shortfall that is rounding
_EQUAL = 1e-5


def regime(
    f: Any,
    maps: Any,
    counts: Sequence[int],
    features: int,
    separation: float | None,
    chances: Sequence[float | None],
) -> dict[str, Any]:
    """Fields of `advise.Regime`.

    Parameters
    ----------
    f
        Functions of `page.formulas`, and `erfc`.
    maps
        Content of `maps.json`, and `cdf`, the normal distribution.
    counts
        (K,) rows per class.
    features
        Number of features d.
    separation
        Distance of neighbouring means, in standard deviations; None if not given.
    chances
        Probability that all rows, and an undersample, have no fit, by simulation; None if unknown.

    Returns
    -------
    The fields by name.
    """
    m, K = min(counts), len(counts)
    others = [n for k, n in enumerate(counts) if k != counts.index(m)]
    delta = features * (1 / m - sum([1 / n for n in others]) / len(others))
    found = {"features": features, "delta": delta, "excess_ratio": None, "predicted": None}
    if K > 2:
        everything = _fits_by_simulation(sum(counts), features, chances[0])
        kept = _fits_by_simulation(K * m, features, chances[1])
        fits = {"class-weights": everything, "undersample": kept}
        more = {"separation": separation, "flip": None, "taken_back": None}
        return {**found, **more, "fits": fits, "name": _name(fits, None)}
    s = ASSUMED if separation is None else separation
    alone = separation is None
    fits = {
        "class-weights": _fits_by_threshold(f, counts[0], counts[1], features, s, alone),
        "undersample": _fits_by_threshold(f, m, m, features, s, alone),
    }
    taken = _taken_back(f, counts, features, s)
    return {
        **found,
        "separation": s,
        "name": _name(fits, taken),
        "fits": fits,
        "flip": _flip(f, max(counts) / m, s),
        "taken_back": taken,
        "predicted": None if alone else _predicted(maps, counts, features, s),
    }


def _name(fits: dict[str, Any], taken_back: float | None) -> str | None:
    everything, kept = fits["class-weights"]["separable"], fits["undersample"]["separable"]
    return name_of(everything, kept, taken_back)


def _fits_by_simulation(rows: int, features: int, chance: float | None) -> dict[str, Any]:
    separable = True if rows <= features + 1 else None
    if chance is not None:
        separable = chance > 0.5
    return {
        "load": rows / features,
        "threshold": None,
        "separable": separable,
        "separable_from": None,
    }


def _fits_by_threshold(
    f: Any, one: int, other: int, features: int, separation: float, alone: bool
) -> dict[str, Any]:
    load, share = (one + other) / features, one / (one + other)
    found = threshold(f, share, separation)
    return {
        "load": load,
        "threshold": found,
        "separable": load < found,
        "separable_from": _separable_from(f, share, load) if alone else None,
    }


def _separable_from(f: Any, share: float, load: float) -> float | None:
    if threshold(f, share, 0.0) > load:
        return 0.0
    if threshold(f, share, WIDEST) < load:
        return None
    return _root(lambda s: threshold(f, share, s) - load, 0.0, WIDEST, 1e-5)


def threshold(f: Any, share: float, separation: float) -> float:
    """Load below which two Gaussian classes can be separated (label `mle-threshold`).

    Parameters
    ----------
    f
        Functions of `page.formulas`.
    share
        Of one class in the rows.
    separation
        Distance of the means in standard deviations.

    Returns
    -------
    Rows per feature.
    """
    s = separation / 2
    far = s + _FAR

    def along(c: float) -> float:
        return _least(lambda b: f.shortfall(c, b, s, share), -far, far)

    least = _least(along, 0.0, 1 - 1e-9)
    return 1 / least if least > _NOTHING else math.inf


def _least(function: Callable[[float], float], low: float, high: float) -> float:
    """Least value of a function with one minimum, by golden sections."""
    one, other = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    below, above = function(one), function(other)
    while high - low > 2e-7:
        if below < above:
            high, other, above = other, one, below
            one = high - _GOLDEN * (high - low)
            below = function(one)
        else:
            low, one, below = one, other, above
            other = low + _GOLDEN * (high - low)
            above = function(other)
    return min(below, above)


def _root(function: Callable[[float], float], low: float, high: float, within: float) -> float:
    """Zero of a function that changes sign once, by halving."""
    rising = function(high) > 0
    while high - low > within:
        middle = (low + high) / 2
        if (function(middle) > 0) == rising:
            high = middle
        else:
            low = middle
    return (low + high) / 2


def strong_ridge(f: Any, rare: float, common: float, separation: float) -> dict[str, float]:
    """Balanced errors as the ridge grows (label `ridge-limit`).

    Parameters
    ----------
    f
        Functions of `page.formulas`, and `erfc`.
    rare, common
        Rows per feature of the smaller and the larger class.
    separation
        Distance of the means in standard deviations.

    Returns
    -------
    Of class weights and of an undersample at threshold zero, and at the best threshold.
    """
    s = separation / 2
    minority = _tail(f, f.ridge_minority(s, rare, common))
    majority = _tail(f, f.ridge_majority(s, rare, common))
    return {
        "weighted": (minority + majority) / 2,
        "undersampled": _tail(f, f.ridge_undersampled(s, rare)),
        "best": _tail(f, f.ridge_best(s, rare, common)),
    }


def _tail(f: Any, x: float) -> float:
    """Probability of a standard normal variable below -x."""
    tail: float = f.erfc(x / math.sqrt(2)) / 2
    return tail


def _taken_back(f: Any, counts: Sequence[int], features: int, separation: float) -> float:
    m, most = min(counts), max(counts)
    found = strong_ridge(f, m / features, most / features, max(separation, WEAKEST))
    gap = found["undersampled"] - found["best"]
    return (found["weighted"] - found["best"]) / gap if gap > 1e-12 else 0.0


def _flip(f: Any, ratio: float, separation: float) -> float | None:
    if ratio - 1 < 1e-6:
        return None
    s = max(separation, WEAKEST)

    def gain(log_delta: float) -> float:
        rare = (1 - 1 / ratio) / math.exp(log_delta)
        found = strong_ridge(f, rare, rare * ratio, s)
        return found["weighted"] - found["undersampled"]

    return math.exp(_root(gain, 0.0, math.log(20.0), 1e-12))


def mapped(
    maps: Any, load: float, ratio: float, separation: float
) -> dict[str, Sequence[float]] | None:
    """Balanced errors of the methods for two classes, from the maps.

    Parameters
    ----------
    maps
        Content of `maps.json`, and `cdf`, the normal distribution.
    load
        Rows of the smaller class per feature.
    ratio
        Of the counts, from one on.
    separation
        Distance of the means in standard deviations.

    Returns
    -------
    By id of the method, at each ridge of the maps and at the best of these; None beyond the maps.
    """
    weights = []
    place = [math.log(load), math.log(ratio), separation]
    for at, (_, low, high, size) in zip(place, maps.axes, strict=True):
        if not low - 1e-9 <= at <= high + 1e-9:
            return None
        weights.append(barycentric(at, low, high, size))
    columns = len(maps.ridges)
    each = [u * v * w for u in weights[0] for v in weights[1] for w in weights[2]]
    found: dict[str, Sequence[float]] = {}
    for name, values in maps.quantiles.items():
        errors = [
            maps.cdf(sum([w * values[columns * i + c] for i, w in enumerate(each)]) / maps.unit)
            for c in range(columns)
        ]
        found[name] = [*errors, min(errors)]
    return found


def barycentric(at: float, low: float, high: float, size: int) -> list[float]:
    """Weights of the values at Chebyshev's points in the polynomial through them.

    Parameters
    ----------
    at
        Where it is wanted.
    low, high, size
        Ends of the interval, and number of points.

    Returns
    -------
    (size,) weights, which sum to one.
    """
    points = [
        (low + high) / 2 - (high - low) / 2 * math.cos(math.pi * i / (size - 1))
        for i in range(size)
    ]
    if at in points:
        return [1.0 if at == point else 0.0 for point in points]
    found = [
        (-1) ** i * (0.5 if i in (0, size - 1) else 1.0) / (at - point)
        for i, point in enumerate(points)
    ]
    total = sum(found)
    return [weight / total for weight in found]


def _predicted(
    maps: Any, counts: Sequence[int], features: int, separation: float
) -> dict[str, Any]:
    """The method with the smallest error at its best ridge, as `advise.ErrorTable` has it."""
    m = min(counts)
    errors = mapped(maps, m / features, max(counts) / m, separation)
    if errors is None:
        return {"recommended": None, "errors": None}
    best = [(name, row[-1]) for name, row in errors.items()]
    least = min([error for _, error in best])
    chosen = [name for name, error in best if error <= least + _EQUAL]
    return {"recommended": chosen[0], "errors": errors}
