"""Simulation study as data: aim, data-generating mechanisms, estimands, methods, performance.

These are the parts of ADEMP (Morris, White & Crowther 2019, Statistics in Medicine 38:2074).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf
from numbers import Integral

from mlbalance.inputs import InputError
from mlbalance.methods import Method
from mlbalance.simulation.code import code_of
from mlbalance.simulation.criterion import Contrast, Criterion
from mlbalance.simulation.fingerprint import Walk
from mlbalance.simulation.measures import check_measures
from mlbalance.simulation.outcomes import Outcome, Predictive
from mlbalance.simulation.records import KINDS, ROW_FIELDS, Quantity
from mlbalance.simulation.sources import Source

__all__ = ["Cell", "NamedMethod", "Study"]

_QUICK_REPLICATIONS = 50
_MOST_REPLICATIONS = 10**9

_SOURCE = ("n_classes", "dependence", "truth", "replicate", "test")
"""Attributes of a source."""


Factor = str | float | int | bool


@dataclass(frozen=True)
class NamedMethod:
    """A method that sources fit themselves, of which a study knows the id alone."""

    id: str

    @property
    def label(self) -> str:
        """The id."""
        return self.id

    @property
    def key(self) -> tuple[str, float]:
        """Id, and zero in place of a ridge, as of a `Method` that chooses its own."""
        return self.id, 0.0


@dataclass(frozen=True)
class Cell:
    """One data-generating mechanism of a study.

    Parameters
    ----------
    id
        Name, from which its random streams are derived: another id, other numbers.
    source
        Source of its data.
    factors
        Factors of the design by name: {"d": 5, "times": 10}. Every cell of a study has the same
        factors, and no two of them the same values.
    truth
        True values of estimands by name.
    quick
        Whether it belongs to the study's quick version.
    without
        Ids of methods that are left out, such as those whose size does not fit these counts.
    """

    id: str
    source: Source
    factors: Mapping[str, Factor] = field(default_factory=dict)
    truth: Mapping[str, float] = field(default_factory=dict)
    quick: bool = True
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Study:
    """A simulation study.

    Parameters
    ----------
    name
        That of its file, its store and its summary.
    aim
        One sentence.
    cells
        Data-generating mechanisms.
    estimands
        In words.
    methods
        Evaluated on every cell, unless the cell leaves them out. `NamedMethod`s need sources with
        `answers`.
    reference
        Id of the method with which the others of the same ridge are compared.
    replications
        Of every cell.
    root
        Root seed.
    outcomes
        Numbers recorded of every method on every replicate.
    measures
        Performance measures in addition to those that every outcome has.
    criterion
        When the study agrees with its predictions, stated before the run.
    contrasts
        Claims beyond the predictions, stated before the run.
    observes
        Labels (`mlbalance.claims`) that the study is a witness of, each with the estimand that
        shows it.
    file
        Path of the study file, if known; its statements then count as code of the study.
    long
        Whether its quick version, and `make reproduce`, take a tenth of the replications.
    differences
        Values of which differences from the reference are reported; all of them if not given.

    Raises
    ------
    InputError
        For names that are unknown, repeat or cannot be stored, and numbers out of range.
    """

    name: str
    aim: str
    cells: tuple[Cell, ...]
    estimands: str
    methods: tuple[Method | NamedMethod, ...]
    reference: str
    replications: int
    root: int
    outcomes: tuple[Outcome, ...] = (
        Predictive("log-loss", "error", "worst-class error", "excess risk"),
    )
    measures: tuple[str, ...] = ()
    criterion: Criterion = field(default_factory=Criterion)
    contrasts: tuple[Contrast, ...] = ()
    observes: Mapping[str, str] = field(default_factory=dict)
    file: str | None = field(default=None, compare=False, repr=False)
    long: bool = False
    differences: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._check_kinds()
        cells = [cell.id for cell in self.cells]
        methods, ids = [method.key for method in self.methods], {m.id for m in self.methods}
        for kind, names in (("cells", cells), ("methods", methods), ("outcomes", self.columns)):
            if not names or len(set(names)) < len(names):
                raise InputError(f"Study {self.name} needs {kind} of distinct names; has {names}.")
        self._check_columns()
        self._check_factors()
        missing = {name for cell in self.cells for name in cell.without} - ids
        if missing:
            raise InputError(f"Study {self.name} leaves out methods it does not have: {missing}.")
        if self.reference not in ids:
            raise InputError(
                f"Study {self.name} has no method {self.reference!r} to refer to; it has "
                f"{', '.join(sorted(ids))}."
            )
        if self.replications < 2:
            raise InputError(
                f"Study {self.name} needs two replications or more; it has {self.replications}."
            )
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
        """Raise `InputError` for parts of a wrong type."""
        name = self.name
        if not isinstance(name, str) or not name.isprintable() or {*"/\\"} & {*name} or not name:
            raise InputError(f"A study needs a name that a file can have; {name!r} is none.")
        for what, number in (("replications", self.replications), ("root", self.root)):
            if isinstance(number, bool) or not isinstance(number, Integral) or number < 0:
                raise InputError(f"Study {name} needs a whole number as {what}; has {number!r}.")
        parts_of = (("Cell", Cell, self.cells), ("Method", Method | NamedMethod, self.methods))
        for kind, kinds, parts in parts_of:
            for part in parts:
                if not isinstance(part, kinds) or not str(getattr(part, "id", "")).isprintable():
                    raise InputError(
                        f"Study {name} has {part!r} where a {kind} with an id that can be printed "
                        "belongs."
                    )
        for cell in self.cells:
            if missing := [part for part in _SOURCE if not hasattr(cell.source, part)]:
                raise InputError(
                    f"Study {name} has the source {type(cell.source).__name__}; it lacks "
                    f"{', '.join(missing)}, which every source has (simulation.sources.Source)."
                )
            named = any(isinstance(method, NamedMethod) for method in self.methods_of(cell))
            if named and not hasattr(cell.source, "answers"):
                raise InputError(
                    f"Study {name} has methods of which it knows the id alone, and the source "
                    f"{type(cell.source).__name__} does not fit them. Give it `answers`, as of "
                    "simulation.sources.Answering, or the study a Method in their place."
                )
        for outcome in self.outcomes:
            columns = getattr(outcome, "columns", None)
            if not callable(outcome) or not isinstance(columns, tuple | list):
                raise InputError(
                    f"Study {name} has the outcome {type(outcome).__name__}; an outcome has "
                    "`columns`, the names of its numbers, and is called with what was fitted."
                )

    def _check_columns(self) -> None:
        """Raise `InputError` for quantities that a summary could not name or tell apart."""
        for column in self.columns:
            known = isinstance(column, Quantity) and column.kind in KINDS
            if not known or not str(column.estimand).isprintable():
                raise InputError(
                    f"Study {self.name} records {column!r}; an outcome's columns are names that "
                    f"can be printed, or Quantity(name, kind) of kind {', '.join(KINDS)}."
                )
        values, estimates, errors = (
            {column.estimand for column in self.columns if column.kind == kind} for kind in KINDS
        )
        if both := values & estimates:
            raise InputError(
                f"Study {self.name} records {min(both)!r} as a value and as an estimate. Rename "
                "one of them."
            )
        if unknown := {*self.differences} - values:
            raise InputError(
                f"Study {self.name} reports differences of {min(unknown)!r}, which is none of its "
                f"values; these are {', '.join(sorted(values))}."
            )
        if alone := errors - estimates:
            raise InputError(
                f"Study {self.name} records a standard error of {min(alone)!r} and no estimate. "
                "Record the estimate too, or the error as a value."
            )

    def _check_factors(self) -> None:
        """Raise `InputError` for factors that do not distinguish cells, or cannot be written."""
        names = tuple(self.cells[0].factors)
        for cell in self.cells:
            for name, value in cell.factors.items():
                if not (isinstance(name, str) and name and _writable(name) and _writable(value)):
                    raise InputError(
                        f"Cell {cell.id!r} of study {self.name} has {name!r}: {value!r} among its "
                        "factors; a factor has a name, and as value a text that can be printed, a "
                        "finite number or a bool."
                    )
            if tuple(cell.factors) != names:
                raise InputError(
                    f"All cells of study {self.name} need the same factors; {self.cells[0].id!r} "
                    f"has {', '.join(names) or 'none'} and {cell.id!r} has "
                    f"{', '.join(cell.factors) or 'none'}."
                )
        if clash := set(names) & {*ROW_FIELDS}:
            raise InputError(
                f"Study {self.name} has a factor {min(clash)!r}, which every summary has a column "
                "for. Give it another name."
            )
        values = [tuple(cell.factors.values()) for cell in self.cells]
        if names and len(set(values)) < len(values):
            raise InputError(
                f"Cells of study {self.name} share their factors; they are {values}. Give each "
                "cell values of its own."
            )

    @property
    def columns(self) -> tuple[Quantity, ...]:
        """Quantities recorded of a method on a replicate."""
        return tuple(
            Quantity(column) if isinstance(column, str) else column
            for outcome in self.outcomes
            for column in outcome.columns
        )

    def cell(self, id: str) -> Cell:
        """The cell with an id. Raises `InputError` if there is none."""
        for cell in self.cells:
            if cell.id == id:
                return cell
        known = ", ".join(repr(cell.id) for cell in self.cells)
        raise InputError(f"Study {self.name} has no cell {id!r}; it has {known}.")

    def methods_of(self, cell: Cell) -> tuple[Method | NamedMethod, ...]:
        """Methods that are evaluated on a cell."""
        return tuple(method for method in self.methods if method.id not in cell.without)

    @property
    def tenth(self) -> int:
        """A tenth of the replications, at least two."""
        return max(self.replications // 10, 2)

    def quick(self) -> Study:
        """Quick version: the quick cells and at most 50 replications, with the same seeds.

        A long study has a tenth of its replications.
        """
        few = self.tenth if self.long else min(self.replications, _QUICK_REPLICATIONS)
        cells = tuple(cell for cell in self.cells if cell.quick)
        return replace(self, cells=cells, replications=few)

    def description(self) -> dict[str, str]:
        """Descriptions of the values that the rows depend on, by part of the study."""
        describe = Walk().describe
        parts = {"root seed": str(self.root), "outcomes": describe(self.outcomes)}
        parts |= {f"cell {cell.id!r}": describe(cell.source) for cell in self.cells}
        for method in self.methods:
            parts["method {!r}, ridge {:g}".format(*method.key)] = describe(method)
        return parts

    def code(self) -> dict[str, str]:
        """Digests of the code outside the package that the rows depend on, by part."""
        walk = Walk()
        walk.describe((self.outcomes, [cell.source for cell in self.cells], self.methods))
        return code_of(walk.found.values(), self.file)


def _writable(value: object) -> bool:
    """Whether a value survives writing to a table and reading."""
    if isinstance(value, str):
        return value.isprintable()
    return isinstance(value, int | float) and abs(value) < inf
