"""Fixed points of smooth maps: Anderson acceleration, and damped sweeps where it does not settle.

Points are flat vectors of real components (logarithms of positive quantities) of comparable scale:
steps are capped, and judged, by their largest component.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import FloatArray

__all__ = ["FixedPoint", "solve"]

Map = Callable[[FloatArray], FloatArray]

_PROGRESS = 0.9  # factor of the smallest residual that counts as one
_DAMPING = (0.5, 0.25, 0.1, 0.05)  # of the first damped sweeps, the next ones, ...


class FixedPoint(NamedTuple):
    """End of a search."""

    point: FloatArray
    """(p,) of the smallest residual; of the start if the map could not be evaluated."""
    residual: float
    """Largest component of step(point) - point; infinite if it could not be evaluated."""
    sweeps: int
    """Evaluations of the map."""
    converged: bool
    """Whether `residual` is within the tolerance."""


def solve(
    step: Map,
    start: npt.ArrayLike,
    *,
    tolerance: float = 1e-10,
    max_sweeps: int = 1000,
    memory: int = 5,
    cap: float = 1.0,
    fallback: Map | None = None,
) -> FixedPoint:
    """A point with step(point) = point, by Anderson acceleration of the last moves.

    After 4 `memory` sweeps without progress, or where the map is not finite or raises an
    `ArithmeticError` or `LinAlgError`, the search goes back to the best point and makes as many
    damped sweeps before it accelerates again; every time more strongly damped. It never raises for
    want of convergence: see `converged`.

    Parameters
    ----------
    step : callable
        Map of a point (p,) to a point.
    start : array (p,)
    tolerance : float
        Of the largest component of step(point) - point.
    max_sweeps : int
        Evaluations of the map.
    memory : int
        Moves that are combined.
    cap : float
        Largest move of a component per sweep.
    fallback : callable, optional
        Map with the same fixed points for the damped sweeps.

    Returns
    -------
    FixedPoint
    """
    best = FixedPoint(np.array(start, dtype=float), np.inf, 0, False)
    x, history, spell = best.point, _History(memory), 4 * memory
    idle = damped = spells = sweep = 0
    while sweep < max_sweeps:
        sweep += 1
        f = _residual(fallback if damped and fallback else step, x)
        size = float(np.abs(f).max(initial=0.0)) if np.isfinite(f).all() else np.inf
        idle = 0 if size < _PROGRESS * best.residual else idle + 1
        if size < best.residual and not (damped and fallback):
            best = FixedPoint(x, size, sweep, size <= tolerance)
        if best.converged or best.residual == np.inf:
            break
        if damped and size < np.inf:
            move = _DAMPING[min(spells, len(_DAMPING)) - 1] * f
            damped, idle = (damped - 1 if size > tolerance else 0), 0
        elif size == np.inf or idle > spell:
            x, damped, spells, idle = best.point, spell, spells + 1, 0
            history.clear()
            continue
        else:
            move = history.move(x, f)
        x = x + move * min(1.0, cap / max(float(np.abs(move).max()), cap))
    return best._replace(sweeps=sweep)


class _History:
    """Points and their residuals, the last `memory` + 1 of them."""

    def __init__(self, memory: int) -> None:
        self.points: deque[tuple[FloatArray, FloatArray]] = deque(maxlen=memory + 1)

    def clear(self) -> None:
        self.points.clear()

    def move(self, x: FloatArray, f: FloatArray) -> FloatArray:
        """To the combination of images whose residuals, were the map linear, cancel best."""
        self.points.append((x, f))
        if len(self.points) == 1:
            return f
        xs, fs = (np.stack(part) for part in zip(*self.points, strict=True))
        dx, df = np.diff(xs, axis=0), np.diff(fs, axis=0)
        share = np.linalg.lstsq(df.T, f, rcond=1e-12)[0]
        return np.asarray(f - share @ (dx + df))


def _residual(step: Map, x: FloatArray) -> FloatArray:
    try:
        return np.asarray(step(x)) - x
    except (ArithmeticError, np.linalg.LinAlgError):
        return np.full_like(x, np.nan)
