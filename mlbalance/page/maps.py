"""Maps of balanced errors: grids of `theory.proportional`, for the page.

Gaussian classes of equal separation in the proportional limit, the smallest of m rows and the
others alike: their errors depend on the number of classes, on m per feature, the ratio of the
counts and the separation. They are smooth in the logarithms of the former two and in the latter, so
that polynomials through Chebyshev's points give them in between; and so are their differences from
6 classes to 3, for which fewer points do. Where the others are not alike, their harmonic mean
stands for them: an undersample is then unchanged, and to first order the total variance of class
weights and of bags.

`python -m mlbalance.page.maps` solves the equations at these points anew and writes `maps.json`,
in an hour. Errors are kept as 8000 times the normal quantile, in two bytes each.
"""

from __future__ import annotations

import base64
import json
import math
import struct
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

__all__ = [
    "ENDS",
    "EXCESS",
    "FILE",
    "GRIDS",
    "TOLERANCE",
    "Grid",
    "collected",
    "errors_at",
    "excess_at",
    "points",
    "read",
]

Ends = tuple[tuple[float, float], ...]


class Grid(NamedTuple):
    """Points of a map, and the ridges that errors are known at."""

    classes: int
    """Number of classes K."""
    sizes: tuple[int, ...]
    """Number of points along each axis."""
    ridges: tuple[float, ...]
    """On the mean-loss scale."""
    less: int = 0
    """Number of classes whose quantiles are taken off; 0 for none."""


ENDS: Ends = ((math.log(0.1), math.log(20.0)), (0.0, math.log(100.0)), (1.0, 4.0))
"""Of the axes: log rows of the smallest class per feature, log ratio of the others to it, and the
distance of neighbouring means in standard deviations."""
GRIDS = (
    Grid(2, (17, 7, 5), (0.01, 0.1, 1.0, 10.0)),
    Grid(3, (9, 5, 4), (0.01, 0.1, 1.0)),
    Grid(6, (5, 3, 4), (0.01, 0.1, 1.0), less=3),
)
"""For 4 and 5 classes errors are read between these, in the logarithm of their number."""
TOLERANCE = {"two": 0.003, "more": 0.015, "excess": 0.01}
"""Most that an error between the points may be off, for two classes and for three to six, at the
best ridge; and that relative to itself of an excess ratio. Tests draw some and solve the
equations."""
EXCESS: tuple[Ends, tuple[int, ...]] = (
    ((0.2, math.sqrt(0.98)), (math.log(1.1), math.log(100.0)), (1.0, 4.0)),
    (9, 6, 6),
)
"""Ends and numbers of points of the excess ratio of two classes: root of one less the share of the
load of an undersample that it needs for a fit, log ratio of the counts, separation."""
FILE = Path(__file__).with_name("maps.json")

_LEFT_OUT = ("discriminant+loo", "class-weights+best-threshold")
"""In closed form on the page; and the same as with left-out intercepts."""
_UNIT = 8000
_FEATURES = 10**7  # the limit knows ratios alone


def points(ends: Ends, sizes: Sequence[int]) -> list[tuple[float, ...]]:
    """Chebyshev's points, the last axis first.

    Parameters
    ----------
    ends, sizes
        Ends of each axis, and number of points along it.

    Returns
    -------
    Coordinates of each.
    """
    each = []
    for (low, high), size in zip(ends, sizes, strict=True):
        middle, half = (low + high) / 2, (high - low) / 2
        each.append([middle - half * math.cos(math.pi * i / (size - 1)) for i in range(size)])
    return list(product(*each))


def errors_at(
    classes: int,
    log_load: float,
    log_ratio: float,
    separation: float,
    ridges: tuple[float, ...],
) -> dict[str, list[float]]:
    """Balanced errors by the equations.

    Parameters
    ----------
    classes
        Number of classes K.
    log_load, log_ratio, separation
        The point, as in `ENDS`.
    ridges
        (L,) on the mean-loss scale.

    Returns
    -------
    (L,) errors by id of the method.

    Raises
    ------
    ArithmeticError
        Where the equations are not solved.
    """
    import numpy as np

    from mlbalance.advise.error_table import predict_errors

    least = round(_FEATURES * math.exp(log_load))
    counts = np.array([least, *[round(least * math.exp(log_ratio))] * (classes - 1)])
    table = predict_errors(counts, _FEATURES, separation, None, ridges)
    found: dict[str, list[float]] = {}
    for name, row in table.errors.items() if table else ():
        if name in _LEFT_OUT:
            continue
        known = [float(error) for error in row if error is not None]
        if len(known) < len(row):
            raise ArithmeticError(f"{name} is not solved at {counts}, separation {separation:g}.")
        found[name] = known
    return found


def excess_at(root: float, log_ratio: float, separation: float) -> float:
    """How far the excess ratio of two classes is beyond one, relative to first order.

    Parameters
    ----------
    root, log_ratio, separation
        The point, as in `EXCESS`.

    Returns
    -------
    (r - 1) / (H/m - 1), r of `advise.Regime.excess_ratio`.

    Raises
    ------
    ConvergenceError
        Where the equations are not solved.
    """
    from scipy.special import ndtr

    from mlbalance.advise.error_table import equidistant
    from mlbalance.schemes import ClassWeight, Undersample
    from mlbalance.theory.proportional import separability_threshold, solve

    load = separability_threshold([0.5, 0.5], separation) / 2 / (1 - root**2)
    least = round(_FEATURES * load)
    counts = [least, round(least * math.exp(log_ratio))]
    mixture = equidistant(2, _FEATURES, separation)
    weighted, kept = (
        solve(mixture, counts, _FEATURES, scheme, ridge=0).logits.balanced_error()
        - float(ndtr(-separation / 2))
        for scheme in (ClassWeight(), Undersample())
    )
    return (kept / weighted - 1) / (2 / (1 + math.exp(-log_ratio)) - 1)


def collected(
    errors: Sequence[Sequence[dict[str, list[float]]]], excess: Sequence[float]
) -> dict[str, Any]:
    """What `maps.json` holds, from what is known at all points in their order.

    Parameters
    ----------
    errors
        Of `errors_at`, by grid and point; of a grid that is `less` another one, at its points, the
        errors of both: first its own.
    excess
        Of `excess_at`, by point.

    Returns
    -------
    By grid its classes, axes, ridges and by method the values; those of the excess ratio; numbers
    as `_packed` has them.
    """
    grids = []
    for grid, each in zip(GRIDS, errors, strict=True):
        own, other = each[: math.prod(grid.sizes)], each[math.prod(grid.sizes) :]
        values = {name: _quantiles([row[name] for row in own]) for name in own[0]}
        if grid.less:
            for name, told in values.items():
                base = _quantiles([row[name] for row in other])
                values[name] = [a - b for a, b in zip(told, base, strict=True)]
        grids.append(
            {
                "classes": grid.classes,
                "less": grid.less,
                "axes": _axes(ENDS, grid.sizes),
                "ridges": grid.ridges,
                "quantiles": {name: _packed(told) for name, told in values.items()},
            }
        )
    packed = _packed(list(excess))
    return {"unit": _UNIT, "grids": grids, "excess": {"axes": _axes(*EXCESS), "values": packed}}


def _axes(ends: Ends, sizes: Sequence[int]) -> list[list[float]]:
    return [[*each, size] for each, size in zip(ends, sizes, strict=True)]


def _quantiles(rows: Sequence[Sequence[float]]) -> list[float]:
    from scipy.special import ndtri

    return [float(ndtri(error)) for row in rows for error in row]


def _packed(values: Sequence[float]) -> str:
    """`_UNIT` times the values: pairs of bytes, the lower first, in base 64."""
    whole = [round(_UNIT * value) for value in values]
    return base64.b64encode(struct.pack(f"<{len(whole)}h", *whole)).decode("ascii")


def read() -> dict[str, Any]:
    """Content of `maps.json`.

    Returns
    -------
    As of `collected`, packed numbers as lists of whole ones.
    """
    found: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    for grid in found["grids"]:
        grid["quantiles"] = {name: _unpacked(told) for name, told in grid["quantiles"].items()}
    found["excess"]["values"] = _unpacked(found["excess"]["values"])
    return found


def _unpacked(told: str) -> list[int]:
    values = base64.b64decode(told)
    return list(struct.unpack(f"<{len(values) // 2}h", values))


def _solved(grid: Grid) -> list[dict[str, list[float]]]:
    at = points(ENDS, grid.sizes)
    classes = (grid.classes, grid.less) if grid.less else (grid.classes,)
    found = []
    for K, (load, ratio, separation) in product(classes, at):
        found.append(errors_at(K, load, ratio, separation, grid.ridges))
        print(f"{K} classes: {len(found)}/{len(at) * len(classes)}", flush=True)
    return found


if __name__ == "__main__":
    told = collected([_solved(grid) for grid in GRIDS], [excess_at(*at) for at in points(*EXCESS)])
    FILE.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
