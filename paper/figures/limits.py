"""What figures of many features share: the limit of a recipe's fit, beside what was observed."""

from functools import lru_cache

import numpy as np

from mlbalance.populations import Logits
from mlbalance.simulation import Comparison, compare
from mlbalance.theory import proportional
from mlbalance.theory.proportional import Mixture


def limit(mixture: Mixture, counts, n_features: float, recipe) -> Logits:
    """Law of a new row's logits under a recipe, its correction included."""
    counts = tuple(np.asarray(counts).tolist())
    solution = _solved(mixture, counts, n_features, recipe.scheme, recipe.ridge)
    law = solution.logits
    offset = np.zeros(mixture.n_classes)
    if recipe.correction == "prior":
        offset = solution.correction()
    elif recipe.correction == "loo":
        offset = law.calibration(slope=1.0).intercept
    return Logits(law.mean + offset, law.covariance)


@lru_cache(maxsize=4096)
def _solved(mixture: Mixture, counts: tuple, n_features: float, scheme, ridge: float):
    """Kept, for recipes may differ in their correction only."""
    return proportional.solve(mixture, counts, n_features, scheme, ridge=ridge)


_mixture = lru_cache(Mixture.of)


@lru_cache(maxsize=4096)
def predicted(source, recipe) -> tuple[float, ...]:
    """Numbers of `Limits` of a recipe on a source."""
    from simulations._limits import described

    population, counts = source.population, np.array(source.counts)
    law = limit(_mixture(population), counts, population.n_features, recipe)
    return described(law, counts)


def compared(study, rows: dict) -> list[Comparison]:
    """Every number of `Limits` of every recipe on every cell that was run."""
    from simulations._limits import Limits

    found = []
    for cell in study.cells:
        for recipe in study.recipes_of(cell):
            key = cell.name, recipe.name, recipe.ridge
            if (*key, Limits.columns[0]) in rows:
                for measure, value in zip(
                    Limits.columns, predicted(cell.source, recipe), strict=True
                ):
                    at = (*key, measure)
                    found.append(compare(at, value, rows[at]))
    return found
