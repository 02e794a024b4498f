"""Regime of a number of features from closed forms, and errors of the methods from the maps.

In plain Python, which the page translates; `f` holds the functions of `page.formulas`, with `erfc`.
The fields are those of `advise.Regime`. Where advice solves the equations of the proportional
limit, the page has maps of their solutions (`page.maps`), and closed forms of the discriminant.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from mlbalance.advise.regime_limits import ASSUMED, WEAKEST, WIDEST, name_of

__all__ = [
    "at_classes",
    "barycentric",
    "mapped",
    "ratio_of_others",
    "regime",
    "strong_ridge",
    "threshold",
]

_GOLDEN = (math.sqrt(5) - 1) / 2
_FAR = 12.0  # standard deviations beyond which nothing is left of a normal distribution
_NOTHING = 1e-13  # shortfall that is rounding
_EQUAL = 1e-4
_CLOSE = 5e-3
_MOST_CLASSES = 6


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
        return {
            **found,
            "separation": separation,
            "flip": None,
            "taken_back": None,
            "fits": fits,
            "name": _name(fits, None),
            "predicted": _predicted(f, maps, counts, features, separation),
        }
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
        "excess_ratio": _excess_ratio(maps, counts, fits, s),
        "predicted": _predicted(f, maps, counts, features, separation),
    }


def ratio_of_others(counts: Sequence[int]) -> float:
    """Harmonic mean of the classes but the smallest, relative to it.

    Parameters
    ----------
    counts
        (K,) rows per class.

    Returns
    -------
    One for equal classes; for two the ratio of their counts.
    """
    m, K = min(counts), len(counts)
    return (K - 1) / (m * sum([1 / n for n in counts]) - 1)


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
    f: Any, maps: Any, classes: int, load: float, ratio: float, separation: float
) -> dict[str, Sequence[float]] | None:
    """Balanced errors of the methods, from the maps and for the discriminant in closed form.

    Parameters
    ----------
    f
        Functions of `page.formulas`, and `erfc`.
    maps
        Content of `maps.json`, and `cdf`, the normal distribution.
    classes
        Number of classes K.
    load
        Rows of the smallest class per feature.
    ratio
        Of the others to it, from one on (`ratio_of_others`).
    separation
        Distance of neighbouring means in standard deviations.

    Returns
    -------
    By id of the method, at each ridge of `at_classes` and at the best of these; None beyond the
    maps, and for more than six classes.
    """
    shares, ridges = at_classes(maps, classes)
    if not ridges:
        return None
    found: dict[str, list[float]] = {}
    for g, grid in enumerate(maps.grids):
        if not shares[g]:
            continue
        weights = _weights(grid["axes"], [math.log(load), math.log(ratio), separation])
        if weights is None:
            return None
        columns = len(grid["ridges"])
        for name, values in grid["quantiles"].items():
            own = [
                shares[g] * sum([w * values[columns * i + c] for i, w in enumerate(weights)])
                for c in range(len(ridges))
            ]
            before = found.get(name, [0.0 for _ in ridges])
            found[name] = [before[c] + own[c] for c in range(len(ridges))]
    errors = {name: [maps.cdf(q / maps.unit) for q in row] for name, row in found.items()}
    if classes == 2:
        errors["discriminant+loo"] = [
            _discriminant(f, load, load * ratio, separation, ridge) for ridge in ridges
        ]
    return {name: [*row, min(row)] for name, row in errors.items()}


def at_classes(maps: Any, classes: int) -> tuple[list[float], list[float]]:
    """Weights of the maps for a number of classes.

    Parameters
    ----------
    maps
        Content of `maps.json`.
    classes
        Number of classes K.

    Returns
    -------
    Weights of the grids in the quantiles: those of the polynomial in log K through the grids'
    numbers of classes; and the ridges that all of the grids with a weight have, none for more than
    six classes.
    """
    if classes > _MOST_CLASSES:
        return [0.0 for _ in maps.grids], []
    known = [grid["classes"] for grid in maps.grids]
    weights = []
    for i, own in enumerate(known):
        others = [k for j, k in enumerate(known) if j != i]
        product = 1.0
        for k in others:
            product = product * math.log(classes / k) / math.log(own / k)
        weights.append(product)
    for i, grid in enumerate(maps.grids):  # a grid of differences counts for its base too
        if grid["less"]:
            j = known.index(grid["less"])
            weights[j] = weights[j] + weights[i]
    ridges = maps.grids[0]["ridges"]
    if classes > known[0]:
        ridges = maps.grids[1]["ridges"]
    return weights, ridges


def _weights(axes: Sequence[Any], place: Sequence[float]) -> list[float] | None:
    """Weights of the values at the points of a map; None beyond it."""
    each = []
    for at, (low, high, size) in zip(place, axes, strict=True):
        if not low - 1e-9 <= at <= high + 1e-9:
            return None
        each.append(barycentric(at, low, high, size))
    return [u * v * w for u in each[0] for v in each[1] for w in each[2]]


def _discriminant(f: Any, rare: float, common: float, separation: float, ridge: float) -> float:
    """Balanced error of least squares on all rows, its intercept set on rows left out."""
    s, load = separation / 2, rare + common
    chi = f.effective_ridge(ridge / 2, 1 / load)
    return _tail(f, math.sqrt(f.signal_to_noise(s, chi, rare, common)))


def _excess_ratio(
    maps: Any, counts: Sequence[int], fits: dict[str, Any], separation: float
) -> float | None:
    """Excess error of an undersample relative to class weights, without a ridge."""
    m, kept = min(counts), fits["undersample"]
    if fits["class-weights"]["separable"] or kept["separable"]:
        return None
    ratio = max(counts) / m
    (_, highest, _), (lowest, _, _), _ = maps.excess["axes"]
    root = min(math.sqrt(1 - kept["threshold"] / kept["load"]), highest)
    place = [root, max(math.log(ratio), lowest), separation]
    weights = _weights(maps.excess["axes"], place)
    if weights is None:
        return None
    beyond = sum([w * v for w, v in zip(weights, maps.excess["values"], strict=True)]) / maps.unit
    return 1 + beyond * (2 / (1 + 1 / ratio) - 1)


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
    f: Any, maps: Any, counts: Sequence[int], features: int, separation: float | None
) -> dict[str, Any] | None:
    """The method with the smallest error at its best ridge, as `advise.ErrorTable` has it."""
    if separation is None:
        return None
    m, K = min(counts), len(counts)
    errors = mapped(f, maps, K, m / features, ratio_of_others(counts), separation)
    if errors is None:
        return {"recommended": None, "errors": None}
    # As near as maps can tell them apart: those of more classes less so.
    close = _EQUAL if K == 2 else _CLOSE
    best = [(name, row[-1]) for name, row in errors.items()]
    least = min([error for _, error in best])
    chosen = [name for name, error in best if error <= least + close]
    return {"recommended": chosen[0], "errors": errors}
