"""A study as data: aim, data-generating mechanisms, estimands, methods, performance (ADEMP)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

import numpy as np

from mlbalance.inputs import InputError
from mlbalance.recipes import Recipe
from mlbalance.simulation.outcomes import Outcome, Predictive
from mlbalance.simulation.sources import Source

__all__ = ["Cell", "Study"]

_QUICK_REPLICATIONS = 50


@dataclass(frozen=True)
class Cell:
    """One data-generating mechanism of a study.

    `truth` gives the true value of estimands by name. `quick` cells make up the study's quick
    version; recipes named in `without` are left out, where a method of absolute size says nothing
    at these counts.
    """

    name: str
    source: Source
    truth: Mapping[str, float] = field(default_factory=dict)
    quick: bool = True
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Study:
    """A simulation study (Morris, White & Crowther 2019).

    `recipes` are judged on every cell by `outcomes`, each against `reference` where both have the
    same ridge; `measures` are the performance measures asked for beyond those that every outcome
    has. `root` seeds everything and has no default. Raises `InputError` for names that repeat or
    are unknown.
    """

    name: str
    aim: str
    cells: tuple[Cell, ...]
    estimands: str
    recipes: tuple[Recipe, ...]
    reference: str
    replications: int
    root: int
    outcomes: tuple[Outcome, ...] = (
        Predictive("log-loss", "error", "worst-class error", "excess risk"),
    )
    measures: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        from mlbalance.simulation.measures import check_measures

        cells = [cell.name for cell in self.cells]
        methods = [(recipe.name, recipe.ridge) for recipe in self.recipes]
        for kind, names in (("cells", cells), ("recipes", methods), ("outcomes", self.columns)):
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
        check_measures(self.measures)
        for outcome in self.outcomes:
            for cell in self.cells:
                if isinstance(outcome, Predictive):
                    outcome.check(cell.source.n_classes)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of what is recorded of a recipe on a replicate."""
        return tuple(column for outcome in self.outcomes for column in outcome.columns)

    def cell(self, name: str) -> Cell:
        """The cell of a name. Raises `InputError` if there is none."""
        for cell in self.cells:
            if cell.name == name:
                return cell
        known = ", ".join(repr(cell.name) for cell in self.cells)
        raise InputError(f"Study {self.name} has no cell {name!r}; it has {known}.")

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

    def description(self) -> dict[str, str]:
        """What the rows of the study depend on, part by part, in words; arrays by their digests."""
        parts = {"root seed": str(self.root), "outcomes": _described(self.outcomes)}
        parts |= {f"cell {cell.name!r}": _described(cell.source) for cell in self.cells}
        for r in self.recipes:
            parts[f"recipe {r.name!r}, ridge {r.ridge:g}"] = _described(r)
        return parts


def _described(value: Any) -> str:
    if isinstance(value, np.ndarray):
        digest = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()[:12]
        shown = str(value.tolist()) if value.size <= 8 else f"{digest} {value.shape}"
        return f"{value.dtype}[{shown}]"
    if is_dataclass(value) and not isinstance(value, type):
        inside = ", ".join(
            f"{part.name}={_described(getattr(value, part.name))}" for part in fields(value)
        )
        return f"{type(value).__name__}({inside})"
    if isinstance(value, tuple | list):
        return f"({', '.join(map(_described, value))})"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{k}: {_described(v)}' for k, v in value.items())}}}"
    return repr(value)
