"""Whether what was observed agrees with first-order theory but for the next order, by cell.

`python paper/figures/first_order.py NAME RESULTS` prints all comparisons of a figure.
"""

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from agreement import LIMIT, off
from common import require

from mlbalance import theory
from mlbalance.schemes import Bagging, Scheme

SECOND = 3.0
"""What first order may miss, relative, is this many times p/rows: fixed before any run."""


class Compared(NamedTuple):
    """One observation against its prediction."""

    cell: str
    recipe: str
    what: str
    predicted: float
    observed: float
    error: float
    share: float
    """p/rows of the fit: contrasts over effective rows, which the next order is proportional to."""

    @property
    def z(self) -> float:
        """Distance in standard errors, nothing allowed."""
        return (self.observed - self.predicted) / self.error

    @property
    def miss(self) -> float:
        """Relative excess over the prediction."""
        return self.observed / self.predicted - 1

    @property
    def passes(self) -> bool:
        """Within LIMIT standard errors after what second order is allowed; never, if NaN."""
        allowance = SECOND * self.share * self.predicted
        return abs(off(self.observed, self.predicted, self.error, allowance)) <= LIMIT


def share(population, counts, scheme: Scheme) -> float:
    """Contrasts over effective rows of one fit; bags are fits of their own."""
    one = scheme.base if isinstance(scheme, Bagging) else scheme
    p = (population.n_classes - 1) * (1 + population.n_features)
    return p / theory.effective_size(counts, one)


def require_all(found: list[Compared]) -> None:
    """Refuse if a comparison fails, or there is none."""
    require(bool(found), "there is nothing to compare.")
    for c in found:
        far = f"{c.observed:.4g} ± {c.error:.2g} against {c.predicted:.4g}, z = {c.z:.1f}"
        require(c.passes, f"{c.what}, {c.recipe}, {c.cell}: {far}.")


def require_second_order(found: list[Compared], small: str, large: str) -> None:
    """Refuse unless the misses fall as p/rows from cells that end in `small` to those in `large`.

    Within LIMIT standard errors, with nothing allowed for what comes after second order.
    """
    for one, other in by_size(found, small, large):
        z = z_of_fall(one, other)
        far = f"{one.miss:.1%} at {small}, {other.miss:.1%} at {large}, z = {z:.1f}"
        require(abs(z) <= LIMIT, f"{one.what}, {one.recipe}, {one.cell}: not as 1/rows, {far}.")


def by_size(found: list[Compared], small: str, large: str) -> list[tuple[Compared, Compared]]:
    """Comparisons of the same at both counts."""
    at = {c[:3]: c for c in found}
    pairs = ((c, at.get((c.cell.replace(small, large), *c[1:3]))) for c in found)
    return [(c, other) for c, other in pairs if c.cell.endswith(small) and other is not None]


def z_of_fall(small: Compared, large: Compared) -> float:
    """Standard errors of the miss at the large counts from that at the small ones, scaled."""
    scale = large.share / small.share
    errors = large.error / large.predicted, scale * small.error / small.predicted
    return float((large.miss - scale * small.miss) / np.hypot(*errors))


def print_table(found: list[Compared]) -> None:
    """Every comparison, then how many there are."""
    for c in found:
        verdict = "pass" if c.passes else "FAIL"
        print(
            f"{c.cell:32} {c.recipe:36} {c.what:12} {c.predicted:11.5g} {c.observed:11.5g} "
            f"± {c.error:9.2g}  z {c.z:6.2f}  allowed {SECOND * c.share:6.1%}  {verdict}"
        )
    z = np.array([abs(c.z) for c in found])
    allowed = sum(abs(c.z) > LIMIT and c.passes for c in found)
    print(
        f"{len(found)} comparisons, {sum(not c.passes for c in found)} fail; largest |z| "
        f"{z.max():.1f}, root mean square {np.sqrt((z**2).mean()):.2f}; {allowed} beyond {LIMIT:g} "
        "pass by the allowance"
    )


if __name__ == "__main__":
    from importlib import import_module

    from common import ROOT, table

    if len(sys.argv) != 3:
        sys.exit("usage: python paper/figures/first_order.py NAME RESULTS")
    sys.path.insert(0, str(ROOT))
    name, results = sys.argv[1], Path(sys.argv[2])
    print_table(import_module(name).compared(table(results / f"{name}.csv")))
