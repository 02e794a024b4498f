"""What a threshold estimated from left-out logits adds to the balanced error.

Strokes are the limit: short dashes as if left-out logits were independent, long ones with the
correlation that they have. Where counts differ it adds a third to two thirds to the price. Still
the fitted intercept of all rows costs many times as much, with weights and without.
"""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from common import LOOK, entries, legend, main, points, require, strokes, where
from matplotlib.figure import Figure
from scipy.special import ndtr

from mlbalance.methods import Method
from mlbalance.simulation import Comparison, Summary, compare
from mlbalance.theory.proportional import Mixture, intercept_price, solve
from simulations.intercept_price import (
    AS_FITTED,
    COUNTS,
    METHODS,
    PRICE,
    RIDGES,
    SEPARATION,
    SHIFT,
)


@cache
def predicted(name: str, method: Method, *, independent: bool = False) -> dict[str, float]:
    """Mean squared shift, and the mean price of a normal shift of that variance."""
    d, counts = COUNTS[name]
    half = SEPARATION / 2
    fit = solve(Mixture.isotropic([[-half], [half]]), counts, d, method.scheme, ridge=method.ridge)
    ratio = fit.parameters.signal / np.sqrt(fit.parameters.variance)
    price = intercept_price(fit)
    # To second order the price is D phi(D)/2 times the squared shift; all orders for a normal one.
    rise = ratio * np.exp(-(ratio**2) / 2) / np.sqrt(2 * np.pi) / 2
    square = (price.independent if independent else price.left_out) / rise
    return {SHIFT: square, PRICE: ndtr(-ratio / np.sqrt(1 + square)) - ndtr(-ratio)}


def compared(study, rows: Summary) -> list[Comparison]:
    """Comparisons of shift and price with the limit."""
    return [
        compare(row, predicted(cell.id, method)[row.estimand])
        for row, cell, method in entries(study, rows, metric="mean")
        if row.estimand in (SHIFT, PRICE)
    ]


def draw(study, rows: Summary, found: list[Comparison]) -> Figure:
    names = [name for name in COUNTS if where(found, **_factors(name))]
    figure, axes = plt.subplots(1, len(RIDGES), sharey=True, figsize=(6.5, 2.9))
    for axis, ridge in zip(axes, RIDGES, strict=True):
        for method in METHODS:
            panel(axis, names, method.with_ridge(ridge), where(found, ridge=ridge, estimand=PRICE))
        axis.set_xticks(range(len(names)), names)
        axis.set_title(f"ridge {ridge:g}")
        axis.grid(axis="y")
    for name in names:
        for method in study.methods:
            own = {**_factors(name), "method": method.id, "ridge": method.ridge}
            seen = rows.one(**own, metric="mean", estimand=PRICE)
            fitted = rows.one(**own, metric="mean", estimand=AS_FITTED)
            whole, part = (
                predicted(name, method, independent=alone)[PRICE] for alone in (False, True)
            )
            require(
                method.scheme.random or 4 / 3 - 0.02 < whole / part < 5 / 3,
                f"{name}, {method.id}: correlation adds a third to two thirds.",
            )
            require(
                method.scheme.random or fitted.value > 5 * seen.value,
                f"{name}, {method.id}: the fitted intercept costs many times as much.",
            )
    axes[0].set_ylabel("added to the balanced error")
    axes[0].set_ylim(0.0)
    legend(figure, axes[0], ncols=3)
    return figure


def _factors(name: str) -> dict[str, int]:
    d, (largest, rarest) = COUNTS[name]
    return {"features": d, "largest": largest, "rarest": rarest}


def panel(axis, names: list[str], method: Method, found: list[Comparison]) -> None:
    look = LOOK[method.id]
    off = 0.22 * ([own.id for own in METHODS].index(method.id) - 1)
    for at, name in enumerate(names):
        whole, part = (predicted(name, method, independent=alone)[PRICE] for alone in (False, True))
        strokes(axis, [at + off], [whole], 0.1, color=look.color)
        strokes(axis, [at + off], [part], 0.05, color=look.color, ls=":")
        own = where(found, method=method.id, **_factors(name))
        points(axis, [at + off] * len(own), own, **look.of_points)
    axis.plot([], [], label=method.label, **look.of_points)


if __name__ == "__main__":
    main("intercept_price", draw, compared)
