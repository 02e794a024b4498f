"""Maps of balanced errors for two classes: grids of `theory.proportional`, for the page.

Two Gaussian classes in the proportional limit depend on the rows of the smaller class per feature,
the ratio of the counts and the separation. Errors are smooth in the logarithms of the former two
and in the latter, so that polynomials through Chebyshev's points give them in between.
`python -m mlbalance.page.maps` solves the equations at these points anew and writes `maps.json`,
in some minutes. Errors are kept as 8000 times the normal quantile, in two bytes each.
"""

from __future__ import annotations

import base64
import json
import math
import struct
from collections.abc import Iterable
from itertools import product
from pathlib import Path
from typing import Any

__all__ = ["AXES", "FILE", "RIDGES", "TOLERANCE", "collected", "errors_at", "points", "read"]

RIDGES = (0.01, 0.1, 1.0, 10.0)
"""On the mean-loss scale."""
AXES = (
    ("load", math.log(0.1), math.log(20.0), 17),
    ("ratio", 0.0, math.log(100.0), 7),
    ("separation", 1.0, 4.0, 5),
)
"""Name, ends and number of points: log rows of the smaller class per feature, log ratio of the
counts, and the distance of the means in standard deviations."""
FILE = Path(__file__).with_name("maps.json")
TOLERANCE = 0.002
"""Most that an error between the points may be off; a test draws some and solves the equations."""

_LEFT_OUT = ("discriminant+loo", "class-weights+best-threshold", "unweighted+prior")
"""Not smooth at a small ridge; the same as with left-out intercepts; and never the best."""

_UNIT = 8000
_FEATURES = 10**7  # the limit knows ratios alone


def points() -> list[tuple[float, float, float]]:
    """Chebyshev's points, in the order of loads, ratios and separations.

    Returns
    -------
    Log load, log ratio and separation of each.
    """
    each = []
    for _, low, high, size in AXES:
        middle, half = (low + high) / 2, (high - low) / 2
        each.append([middle - half * math.cos(math.pi * i / (size - 1)) for i in range(size)])
    return [(load, ratio, separation) for load, ratio, separation in product(*each)]


def errors_at(log_load: float, log_ratio: float, separation: float) -> dict[str, list[float]]:
    """Balanced errors by the equations.

    Parameters
    ----------
    log_load, log_ratio, separation
        The point, as in `AXES`.

    Returns
    -------
    (L,) errors at `RIDGES`, by id of the method.

    Raises
    ------
    ArithmeticError
        Where the equations are not solved.
    """
    import numpy as np

    from mlbalance.advise.error_table import predict_errors

    least = round(_FEATURES * math.exp(log_load))
    counts = np.array([least, round(least * math.exp(log_ratio))])
    table = predict_errors(counts, _FEATURES, separation, None, RIDGES)
    found: dict[str, list[float]] = {}
    for name, row in table.errors.items() if table else ():
        if name in _LEFT_OUT:
            continue
        known = [float(error) for error in row if error is not None]
        if len(known) < len(row):
            raise ArithmeticError(f"{name} is not solved at {counts}, separation {separation:g}.")
        found[name] = known
    return found


def collected(each: Iterable[dict[str, list[float]]]) -> dict[str, Any]:
    """What `maps.json` holds, from the errors at all points in their order.

    Parameters
    ----------
    each
        Of `errors_at`, by point.

    Returns
    -------
    Axes, ridges, unit, and by method `unit` times the normal quantiles of its errors: pairs of
    bytes, the lower first, in base 64.
    """
    from scipy.special import ndtri

    found: dict[str, bytes] = {}
    for errors in each:
        for name, row in errors.items():
            whole = [round(_UNIT * float(ndtri(error))) for error in row]
            found[name] = found.get(name, b"") + struct.pack(f"<{len(whole)}h", *whole)
    told = {name: base64.b64encode(values).decode("ascii") for name, values in found.items()}
    return {"axes": AXES, "ridges": RIDGES, "unit": _UNIT, "quantiles": told}


def read() -> dict[str, Any]:
    """Content of `maps.json`.

    Returns
    -------
    As of `collected`, the quantiles as lists of whole numbers.
    """
    found: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    for name, told in found["quantiles"].items():
        values = base64.b64decode(told)
        found["quantiles"][name] = list(struct.unpack(f"<{len(values) // 2}h", values))
    return found


if __name__ == "__main__":
    told = json.dumps(collected(errors_at(*point) for point in points()), indent=1)
    FILE.write_text(told + "\n", encoding="utf-8")
