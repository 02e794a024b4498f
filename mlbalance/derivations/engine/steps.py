"""A proof as data: equations, the steps that claim them, and their results in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from sympy import Float, S

from mlbalance.derivations.engine import typeset
from mlbalance.derivations.engine.checks import BY_RELATION, Check

__all__ = ["Derivation", "Equation", "Step", "StepResult", "argued", "computed"]


class Equation(NamedTuple):
    """Two SymPy expressions and what is claimed to hold between them.

    `name` is LaTeX for the left-hand side as the field writes it, where the expression that is
    computed is too long to show: a derivative before simplification, a sum over a distribution.
    `short` maps expressions to the letters they are shown as; both are for printing only.
    """

    lhs: Any
    rhs: Any
    relation: str = "="
    name: str | None = None
    short: Mapping[Any, Any] = MappingProxyType({})

    @property
    def latex(self) -> str:
        """The equation in LaTeX, without dollar signs."""
        left = self.name or typeset.latex(self.lhs.xreplace(self.short))
        right = typeset.latex(self.rhs.xreplace(self.short))
        return f"{left} {typeset.RELATIONS[self.relation]} {right}"

    @property
    def text(self) -> str:
        """The equation in one line of plain text; wrapping it is the reader's business."""
        left = self.name and typeset.plain(self.name)
        left = left or typeset.text(self.lhs.xreplace(self.short))
        return f"{left} {self.relation} {typeset.text(self.rhs.xreplace(self.short))}"


@dataclass(frozen=True)
class Step:
    """One step: words, an equation, and either a check (computed) or a source (argued).

    A computed step holds an `Equation` and `check(lhs, rhs)` decides it; an argued one holds a
    formula in LaTeX and the source that proves it. Exactly one of the two is given. Clauses and
    formulas of claims name steps by `key`. `cites` (keys of references.bib) and `labels` (earlier
    claims) are what an argued step rests on, `conditions` those of the claim that a step uses, and
    `limit` says that what is cited is a limit or an approximation.
    """

    words: str
    equation: Equation | str
    check: Check | None = None
    source: str | None = None
    key: str | None = None
    cites: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    limit: bool = False

    def __post_init__(self) -> None:
        if (self.check is None) == (not self.source):
            raise ValueError(
                f"A step is computed (a check) or argued (a source), one of them: {self.words!r}."
            )
        if isinstance(self.equation, Equation) != (self.check is not None):
            raise ValueError(
                "A computed step checks an Equation and an argued step shows a formula in LaTeX: "
                f"{self.words!r}."
            )
        if self.check is not None and (self.cites or self.labels or self.limit):
            raise ValueError(f"A computed step rests on nothing but its check: {self.words!r}.")

    @property
    def kind(self) -> str:
        """`"computed"` or `"argued"`."""
        return "argued" if self.check is None else "computed"

    @property
    def latex(self) -> str:
        """The equation in LaTeX, without dollar signs."""
        return self.equation.latex if isinstance(self.equation, Equation) else self.equation

    @property
    def text(self) -> str:
        """The equation in one line of plain text."""
        equation = self.equation
        return equation.text if isinstance(equation, Equation) else typeset.plain(equation)

    def verify(self) -> StepResult:
        """Run the check; an argued step has none, and its result says so with `None`."""
        if self.check is None or not isinstance(self.equation, Equation):
            return StepResult(self, None)
        return StepResult(self, bool(self.check(self.equation.lhs, self.equation.rhs)))


class StepResult(NamedTuple):
    """Outcome of one step: True or False where it was computed, None where it is argued."""

    step: Step
    ok: bool | None


def computed(
    words: str,
    lhs: Any,
    rhs: Any = S.Zero,
    *,
    key: str | None = None,
    name: str | None = None,
    relation: str = "=",
    short: Mapping[Any, Any] = MappingProxyType({}),
    check: Check | None = None,
    conditions: tuple[str, ...] = (),
) -> Step:
    """Step that SymPy decides.

    Parameters
    ----------
    words
        The claim in words, a sentence or a part of one.
    lhs, rhs
        Expressions; of `~=` the right-hand side is the digits that are shown, as text.
    key
        Name by which clauses and formulas refer to the step.
    name, relation, short
        See `Equation`.
    check
        By default that of the relation (`checks.BY_RELATION`).
    conditions
        Ids of conditions of the claim that the step uses.

    Returns
    -------
    Step
    """
    if isinstance(rhs, str):
        rhs = Float(rhs, len(rhs.replace(".", "").lstrip("0")))
    equation = Equation(lhs, rhs, relation, name, short)
    check = check or BY_RELATION[relation]
    return Step(words, equation, check=check, key=key, conditions=conditions)


def argued(
    words: str,
    formula: str,
    source: str,
    *,
    key: str | None = None,
    cites: tuple[str, ...] = (),
    labels: tuple[str, ...] = (),
    conditions: tuple[str, ...] = (),
    limit: bool = False,
) -> Step:
    """Step that is not computed.

    Parameters
    ----------
    words
        The claim in words, a sentence or a part of one.
    formula
        LaTeX without dollar signs.
    source
        Theorem, earlier label or steps that prove it, in words.
    key
        Name by which clauses and formulas refer to the step.
    cites, labels
        Keys of references.bib, and earlier claims, that it rests on.
    conditions
        Ids of conditions of the claim that the step uses.
    limit
        Whether what is cited is a limit or an approximation.

    Returns
    -------
    Step
    """
    return Step(words, formula, None, source, key, cites, labels, conditions, limit)


@dataclass(frozen=True)
class Derivation:
    """Proof of the claim `label`, for what `scope` says, as steps to be read in order."""

    label: str
    scope: str
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        keys = [step.key for step in self.steps if step.key]
        for key in keys:
            if keys.count(key) > 1:
                raise ValueError(f"Two steps of {self.label!r} have the key {key!r}.")

    def step(self, key: str) -> Step:
        """The step with this key; raises ValueError with the known ones."""
        for step in self.steps:
            if step.key == key:
                return step
        known = ", ".join(step.key for step in self.steps if step.key) or "none"
        raise ValueError(f"No step of {self.label!r} has the key {key!r}. Known: {known}.")

    def verify(self) -> list[StepResult]:
        """Results of all steps, in order; the claim is proved if none is False."""
        return [step.verify() for step in self.steps]
