"""A study as data: aim, data-generating mechanisms, estimands, methods, performance (ADEMP)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from numbers import Integral
from typing import Any

from mlbalance.inputs import InputError
from mlbalance.recipes import Recipe
from mlbalance.simulation.code import code_of
from mlbalance.simulation.criterion import Claim, Criterion
from mlbalance.simulation.fingerprint import Walk
from mlbalance.simulation.outcomes import Outcome, Predictive
from mlbalance.simulation.sources import Source

__all__ = ["Cell", "Study"]

_QUICK_REPLICATIONS = 50
_MOST_REPLICATIONS = 10**9

_SOURCE = ("n_classes", "dependence", "truth", "replicate", "test")
"""What a source must have."""


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
    has. `root` seeds everything and has no default. `criterion` and `claims` say, before the run,
    when it agrees with its predictions and what it is to show besides. `observes` names the labels
    (`mlbalance.claims`) that it is a witness of, and for each the recorded number that shows it.
    `file` is where the study is written, if that is known; what it does besides defining then
    counts as its code. Raises `InputError` for names that repeat, are unknown or cannot be kept,
    and for numbers out of range.
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
    criterion: Criterion = field(default_factory=Criterion)
    claims: tuple[Claim, ...] = ()
    observes: Mapping[str, str] = field(default_factory=dict)
    file: str | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        from mlbalance.simulation.measures import check_measures

        self._check_kinds()
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
        if self.replications > _MOST_REPLICATIONS:
            raise InputError(
                f"Study {self.name} is to have {self.replications} replications; at most "
                f"{_MOST_REPLICATIONS} are possible."
            )
        check_measures(self.measures)
        for outcome in self.outcomes:
            for cell in self.cells:
                if isinstance(outcome, Predictive):
                    outcome.check(cell.source.n_classes)

    def _check_kinds(self) -> None:
        """Raise `InputError` for parts that are not what they are called."""
        name = self.name
        if not isinstance(name, str) or not name.isprintable() or {*"/\\"} & {*name} or not name:
            raise InputError(f"A study needs a name that a file can have; {name!r} is none.")
        for what, number in (("replications", self.replications), ("root", self.root)):
            if isinstance(number, bool) or not isinstance(number, Integral) or number < 0:
                raise InputError(f"Study {name} needs a whole number as {what}; has {number!r}.")
        kinds: dict[type, tuple[Any, ...]] = {Cell: self.cells, Recipe: self.recipes}
        for kind, parts in kinds.items():
            for part in parts:
                if not isinstance(part, kind) or not str(getattr(part, "name", "")).isprintable():
                    raise InputError(
                        f"Study {name} has {part!r} where a {kind.__name__} with a name that can "
                        "be printed belongs."
                    )
        for cell in self.cells:
            if missing := [part for part in _SOURCE if not hasattr(cell.source, part)]:
                raise InputError(
                    f"Study {name} has the source {type(cell.source).__name__}; it lacks "
                    f"{', '.join(missing)}, which every source has (simulation.sources.Source)."
                )
        for outcome in self.outcomes:
            columns = getattr(outcome, "columns", None)
            if not callable(outcome) or not isinstance(columns, tuple | list):
                raise InputError(
                    f"Study {name} has the outcome {type(outcome).__name__}; an outcome has "
                    "`columns`, the names of its numbers, and is called with what was fitted."
                )

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
        """Values that the rows of the study depend on, part by part, in words."""
        described = Walk().described
        parts = {"root seed": str(self.root), "outcomes": described(self.outcomes)}
        parts |= {f"cell {cell.name!r}": described(cell.source) for cell in self.cells}
        for r in self.recipes:
            parts[f"recipe {r.name!r}, ridge {r.ridge:g}"] = described(r)
        return parts

    def code(self) -> dict[str, str]:
        """Code that the rows depend on and that is not the package's, part by part, by digests."""
        walk = Walk()
        walk.described((self.outcomes, [cell.source for cell in self.cells], self.recipes))
        return code_of(walk.found.values(), self.file)
