"""A study as data: aim, data-generating mechanisms, estimands, methods, performance (ADEMP)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mlbalance.inputs import InputError
from mlbalance.recipes import Recipe
from mlbalance.simulation.sources import Source

__all__ = ["Cell", "Study"]

_QUICK_REPLICATIONS = 50


@dataclass(frozen=True)
class Cell:
    """One data-generating mechanism of a study.

    `quick` cells make up the study's quick version; recipes named in `without` are left out, where
    a method of absolute size says nothing at these counts.
    """

    name: str
    source: Source
    quick: bool = True
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Study:
    """A simulation study (Morris, White & Crowther 2019).

    `recipes` are judged on every cell, each against `reference` where both have the same ridge.
    `root` seeds everything and has no default. Raises `InputError` for names that repeat or for
    an unknown reference.
    """

    name: str
    aim: str
    cells: tuple[Cell, ...]
    estimands: str
    recipes: tuple[Recipe, ...]
    reference: str
    replications: int
    root: int

    def __post_init__(self) -> None:
        cells = [cell.name for cell in self.cells]
        methods = [(recipe.name, recipe.ridge) for recipe in self.recipes]
        for kind, names in (("cells", cells), ("recipes", methods)):
            if not names or len(set(names)) < len(names):
                raise InputError(f"Study {self.name} needs {kind} of distinct names; has {names}.")
        missing = {name for cell in self.cells for name in cell.without} - {
            recipe.name for recipe in self.recipes
        }
        if missing:
            raise InputError(f"Study {self.name} leaves out recipes it does not have: {missing}.")
        if self.reference not in {recipe.name for recipe in self.recipes}:
            raise InputError(
                f"Study {self.name} has no recipe {self.reference!r} to refer to; it has "
                f"{', '.join(sorted({recipe.name for recipe in self.recipes}))}."
            )
        if self.replications < 2:
            raise InputError(f"Study {self.name} needs two replications or more.")

    def recipes_of(self, cell: Cell) -> tuple[Recipe, ...]:
        """The recipes that are judged on a cell."""
        return tuple(recipe for recipe in self.recipes if recipe.name not in cell.without)

    def quick(self) -> Study:
        """The same study with its quick cells and at most 50 replications; same seeds."""
        return replace(
            self,
            cells=tuple(cell for cell in self.cells if cell.quick),
            replications=min(self.replications, _QUICK_REPLICATIONS),
        )
