"""What figures of many features share: the limit of a recipe's fit, beside what was observed."""

from typing import NamedTuple

import numpy as np
from agreement import LIMIT, off
from common import require

from mlbalance.theory import proportional
from mlbalance.theory.proportional import Logits, Mixture


class Compared(NamedTuple):
    """A number of a recipe on a cell."""

    cell: str
    recipe: str
    ridge: float
    measure: str
    predicted: float
    observed: float
    error: float

    @property
    def z(self) -> float:
        """Standard errors between the two."""
        return off(self.observed, self.predicted, self.error)


def limit(mixture: Mixture, counts, n_features: float, recipe) -> Logits:
    """Law of a new row's logits under a recipe, its correction included."""
    solution = proportional.solve(mixture, counts, n_features, recipe.scheme, ridge=recipe.ridge)
    law = solution.logits
    offset = np.zeros(mixture.n_classes)
    if recipe.correction == "prior":
        offset = solution.correction()
    elif recipe.correction == "loo":
        offset = law.calibration(slope=1.0).intercept
    return Logits(law.mean + offset, law.covariance)


def compared(study, rows: dict) -> list[Compared]:
    """Every number of `Limits` of every recipe on every cell that was run."""
    from simulations._limits import Limits, described

    found = []
    for cell in study.cells:
        population, counts = cell.source.population, np.array(cell.source.counts)
        mixture = Mixture.of(population)
        for recipe in study.recipes_of(cell):
            if (cell.name, recipe.name, recipe.ridge, Limits.columns[0]) not in rows:
                continue
            law = limit(mixture, counts, population.n_features, recipe)
            for measure, value in zip(Limits.columns, described(law, counts), strict=True):
                row = rows[cell.name, recipe.name, recipe.ridge, measure]
                found.append(Compared(cell.name, *row[1:4], value, row.value, row.error))
    return found


def require_all(found: list[Compared]) -> None:
    """Every number within four standard errors of its limit."""
    require(bool(found), "there are numbers to compare.")
    worst = max(found, key=lambda c: np.nan_to_num(abs(c.z), nan=np.inf))
    require(
        abs(worst.z) <= LIMIT,
        f"{worst.cell}, {worst.recipe}, ridge {worst.ridge:g}, {worst.measure}: "
        f"{worst.observed:.4g} observed, {worst.predicted:.4g} predicted, {worst.z:+.1f} standard "
        f"errors of {worst.error:.2g} apart, {LIMIT:g} allowed.",
    )
