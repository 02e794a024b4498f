"""Probability that there is no fit without ridge, with every row and with an undersample.

For one feature, and for ten without signal, lines are exact formulas; for ten with signal they are
a formula of conic geometry, averaged over draws of the feature that carries the signal. No data set
is tested for separation on the way. The solver fails exactly where the verdict says so, and an
undersample fails at least as often as all rows.
"""

from math import comb

import matplotlib.pyplot as plt
import numpy as np
from common import LOOK, entries, legend, logarithmic, main, points, require
from matplotlib.figure import Figure
from scipy.special import ndtr

from mlbalance.simulation import Comparison, Row, Summary, compare_share
from simulations._verdicts import Verdict
from simulations.existence import COIN, LINE, METHODS, SPACE

NO_FIT = "P(no estimate)"
WEIGHTS, UNDERSAMPLE = (method.id for method in METHODS)
DASHES = {WEIGHTS: "-", UNDERSAMPLE: "--"}


def apart(separation: float, n_0: int, n_1: int) -> float:
    """Exact probability that two normal samples on a line do not overlap.

    All of one sample lie below the smallest of the other: an integral over the smallest, both ways.
    """
    x = np.linspace(-9.0, 9.0 + separation, 4001)
    low, high = ndtr(x), ndtr(x - separation)

    def beyond(n: int, upper: np.ndarray, m: int, lower: np.ndarray) -> float:
        smallest = 1 - (1 - upper) ** n  # distribution of the smallest of the upper sample
        middle = (lower[1:] ** m + lower[:-1] ** m) / 2
        return float(middle @ np.diff(smallest))

    return beyond(n_1, high, n_0, low) + beyond(n_0, low, n_1, high)


def cover(n: int, d: int) -> float:
    """Cover's probability that n points in general position with random labels are separable."""
    return float(sum(comb(n - 1, k) for k in range(min(d + 1, n))) / 2 ** (n - 1))


def separable(counts, d: int, separation: float, draws: int = 10_000) -> tuple[float, float]:
    """Probability that two Gaussian samples can be separated, and its Monte Carlo standard error.

    One of d > 1 features carries the signal. Given its values, times the labels +-1, and the labels
    as the columns of M, noise features are a uniformly random subspace of d - 1 dimensions, which
    meets the cone C of all vectors no smaller than some M a. By the Crofton formula (Amelunxen,
    Lotz, McCoy and Tropp 2014, Information and Inference 3:224) that has the probability
    2 (v_(d-2) + v_(d-4) + ...), v_k the intrinsic volumes of the polar cone up to sign,
    {w >= 0: M'w = 0}: the chance that a Gaussian vector is projected on a face of k dimensions. If
    the feature separates by itself C is the whole space. Volumes of either parity sum to one half,
    which is the control variate.
    """
    rng = np.random.default_rng(counts)
    y = np.repeat([-1.0, 1.0], counts)
    x, z = rng.standard_normal((2, draws, len(y)))
    x += separation * (y > 0)
    low, high = x[:, : counts[0]], x[:, counts[0] :]
    alone = (low.max(1) < high.min(1)) | (high.max(1) < low.min(1))
    M = np.stack([np.broadcast_to(y, x.shape), y * x])
    k = np.maximum(positive_part(M[:, ~alone], z[~alone]) - 2, 0)
    parity = (k - d) % 2 == 0
    meets = np.append(2.0 * (parity & (k <= d - 2)), np.ones(alone.sum()))
    control = np.append(parity - 0.5, np.zeros(alone.sum()))
    if control.any():
        meets -= (meets - meets.mean()) @ control / (control @ control) * control
    # One draw counts half, so that no error is zero where no draw meets the cone.
    return float(meets.mean()), float(np.hypot(meets.std() / np.sqrt(draws), 1 / draws))


def positive_part(M: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Numbers of positive entries of z - M a at the a that makes the positive part shortest.

    For many z (R, n) and M (2, R, n) at once, by Newton steps that are halved where they are long.
    """

    def left(a: np.ndarray) -> np.ndarray:
        return np.maximum(z - np.einsum("irn,ri->rn", M, a), 0.0)

    a = np.zeros((len(z), 2))
    for _ in range(50):
        part = left(a)
        gradient = np.einsum("irn,rn->ri", M, part)
        if np.abs(gradient).max(initial=0.0) < 1e-8:
            return (part > 0).sum(axis=1)
        hessian = np.einsum("irn,rn,jrn->rij", M, part > 0, M) + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, gradient[..., None])[..., 0]
        goal = (part**2).sum(axis=1) - 1e-4 * (gradient * step).sum(axis=1) + 1e-12
        while (long := (left(a + step) ** 2).sum(axis=1) > goal).any():
            step[long] /= 2
            goal[long] = (part[long] ** 2).sum(axis=1) + 1e-12
        a += step
    raise ArithmeticError("The projections of `separable` do not converge in 50 Newton steps.")


def predicted(cell) -> dict[str, tuple[float, float]]:
    """Probability and its own error by method, where there is a prediction."""
    counts, d, separation = (
        cell.source.counts,
        cell.factors["features"],
        cell.factors["separation"],
    )
    if d == 1:
        m = min(counts)
        return {
            WEIGHTS: (apart(separation, *counts), 0.0),
            UNDERSAMPLE: (apart(separation, m, m), 0.0),
        }
    if cell.source.random:
        return {WEIGHTS: (cover(sum(counts), d), 0.0)}
    m = min(counts)
    return {
        WEIGHTS: separable(counts, d, separation),
        UNDERSAMPLE: separable((m, m), d, separation),
    }


def compared(study, rows: Summary) -> list[Comparison]:
    """Comparisons of the shares without a fit."""
    check(study, rows)
    told, found = {cell.id: predicted(cell) for cell in study.cells}, []
    for row, cell, method in entries(study, rows, metric=NO_FIT):
        if method.id in told[cell.id]:
            p, error = told[cell.id][method.id]
            found.append(compare_share(row, p, row.failures, row.n, own_error=error))
    return found


def check(study, rows: Summary) -> None:
    """Refuse results in which the solver and the exact verdict differ."""
    for cell in study.cells:
        failures = {row.method: row.failures for row in rows.select(cell=cell.id, metric=NO_FIT)}
        for method in METHODS:
            own, exact = failures[method.id], failures[Verdict.of(method).id]
            words = f"{cell.id}: {method.label} fails {own} times, the verdict {exact}."
            require(own == exact, words)
        require(
            failures[WEIGHTS] <= failures[UNDERSAMPLE],
            f"{cell.id}: an undersample has a fit where all rows have none.",
        )


def draw(study, rows: Summary, _: list[Comparison]) -> Figure:
    figure, axes = plt.subplots(1, 3, sharey=True, figsize=(6.5, 2.9))
    line, coin, space = axes
    fine, by_coin = np.unique(np.geomspace(2, 24, 23).astype(int)), np.arange(12, 33)
    for s in (min(LINE)[0], max(LINE)[0]):  # the curve between would cross them
        for id, larger in ((WEIGHTS, 4), (UNDERSAMPLE, 1)):
            curve(line, fine, [apart(s, larger * m, m) for m in fine], id)
        observed(line, rows.select(features=1, separation=s, metric=NO_FIT))
        line.text(
            2.95, apart(s, 3, 3), f"separation {s:g}", fontsize=6.5, color="0.35", va="bottom"
        )
    line.set(xlabel="rows of the smaller class", title="one feature")
    logarithmic(line, x=(2, 4, 8, 16))
    curve(coin, by_coin, [cover(int(n), 10) for n in by_coin], WEIGHTS, label="predicted")
    observed(coin, rows.select(labels="drawn", metric=NO_FIT), list(COIN))
    coin.set(xlabel="rows", title="ten features, no signal")
    own = {"features": 10, "separation": 1.0}
    told = [predicted(cell) for cell in study.cells if own.items() <= cell.factors.items()]
    for id in DASHES:
        curve(space, list(SPACE), [p[id][0] for p in told], id)
    observed(space, rows.select(**own, metric=NO_FIT))
    space.set(xlabel="rows of the smaller class", title="ten features, separation 1")
    space.set_xticks(list(SPACE))
    axes[0].set_ylabel("P(no fit) (± 2 s.e.)")
    for axis in axes:
        axis.grid(axis="y")
    legend(figure, coin)
    return figure


def curve(axis, at, values, id: str, **style) -> None:
    axis.plot(at, values, DASHES[id], color="0.2", lw=1.0, **style)


def observed(axis, rows: list[Row], at: list[int] | None = None) -> None:
    """Shares of both methods, by default against the rows of the smaller class."""
    for method in METHODS:
        own = [row for row in rows if row.method == method.id]
        x = at or [row.factors["smallest"] for row in own]
        points(axis, x, own, **LOOK[method.id].of_points, label=method.label)


if __name__ == "__main__":
    main("existence", draw, compared)
