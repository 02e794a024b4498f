"""Claims as documents: one with its proof, and the table of all."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mlbalance import claims
from mlbalance.report import (
    Block,
    Code,
    Document,
    Formula,
    Inline,
    Math,
    Paragraph,
    Section,
    Strong,
    Table,
    paragraph,
)

if TYPE_CHECKING:
    from mlbalance.derivations import Derivation, Step, StepResult

__all__ = ["claim_document", "claims_table"]


def claim_document(
    claim: claims.Claim, derivation: Derivation | None, results: Sequence[StepResult]
) -> Document:
    """Document of a claim: statement, conditions, how far it is proved, and the proof by steps.

    Parameters
    ----------
    claim
        One of `mlbalance.claims`.
    derivation
        Its proof, if it has one.
    results
        Results of the steps of the proof.
    """
    conditions = tuple(sentence(claims.CONDITIONS[name]) for name in claim.conditions)
    kind = f"{claim.kind}. {claims.KINDS[claim.kind]}"
    about = [
        Section("If", conditions),
        Section("Origin", (sentence(f"{claim.origin}."),)),
        Section("Kind", (sentence(kind),)),
        *(_about_the_proof(claim, derivation, results) if derivation else ()),
    ]
    steps = [_step(number, *result) for number, result in enumerate(results, start=1)]
    witnesses = [
        Section(kind.capitalize(), (paragraph(path),)) for kind, path in claim.witnesses.items()
    ]
    groups = ([Section("Claim", (sentence(claim.statement),))], about, steps, witnesses)
    return Document(claim.label, tuple(Section("", tuple(group)) for group in groups if group))


def claims_table(*, places: bool = False) -> Document:
    """Document of all claims: a table, and a paragraph on its words.

    Parameters
    ----------
    places : bool
        Whether the witnesses stand with their dotted paths and files.

    Returns
    -------
    Document
        Without title. Columns: label, statement, condition, kind and witnesses.
    """
    rows = tuple(
        (
            Code(claim.label),
            sentence(claim.statement),
            paragraph(claim.condition),
            paragraph(claim.kind),
            _witnesses(claim, places),
        )
        for claim in claims.CLAIMS.values()
    )
    head = ("label", "statement", "condition", "kind", "witnesses")
    kinds: list[Inline] = []
    for kind, words in claims.KINDS.items():
        kinds += [Strong(kind.capitalize()), f": {words} "]
    names = "; ".join(f"{name} for {', '.join(ids)}" for name, ids in claims.SHORT.items())
    below = paragraph(
        *kinds,
        f"A label is of the kind of its weakest sentence. Conditions have short names: {names}. ",
        Code("mlbalance derive LABEL"),
        " says each in full.",
    )
    return Document("", (Section("", (Table(rows, head, columns="lpppp"), below)),))


def _witnesses(claim: claims.Claim, places: bool) -> Paragraph:
    if not places:
        return paragraph(", ".join(claim.witnesses))
    told: list[Inline] = []
    for kind, path in claim.witnesses.items():
        told += [f"{'; ' if told else ''}{kind}: ", Code(path)]
    return paragraph(*told)


def _about_the_proof(
    claim: claims.Claim, derivation: Derivation, results: Sequence[StepResult]
) -> Iterator[Section]:
    from mlbalance.derivations.engine import tally

    yield Section("Formula", tuple(_formula(derivation.step(key)) for key in claim.formula))
    verdict = tally.verdict(claim.label, list(results))
    yield Section("Scope", (sentence(f"{derivation.scope}; {verdict}."),))
    yield Section("By", tuple(_support(clause, derivation) for clause in claim.clauses))


def _step(number: int, step: Step, ok: bool | None) -> Section:
    mark = f"argued: {step.source}" if ok is None else "computed" if ok else "computed: FAILS"
    blocks: tuple[Block, ...] = (sentence(f"{step.words} [{mark}]"), _formula(step))
    return Section(f"{number}.", blocks)


def _support(clause: claims.Clause, derivation: Derivation) -> Paragraph:
    """First words of a clause, and the steps, labels and conditions that it follows from."""
    places = [derivation.steps.index(derivation.step(key)) + 1 for key in clause.by]
    support = [f"step{'s' * (len(places) > 1)} {', '.join(map(str, places))}"] if places else []
    support += [f"label {label}" for label in clause.labels]
    support += [f"given {given.replace('-', ' ')}" for given in clause.given]
    words = textwrap.shorten(clause.text, 40, placeholder=" ...")
    return sentence(f'"{words}": {" and ".join([*support, clause.kind])}.')


def _formula(step: Step) -> Formula:
    # No line break between the letters of an index.
    return Formula(Math(step.text.replace(", ", ",\xa0"), step.latex))


def sentence(words: str) -> Paragraph:
    """A paragraph in which letters with an index or a power are mathematics."""
    from mlbalance.derivations.engine.typeset import pieces

    return paragraph(*(Math(text, latex) if latex else text for text, latex in pieces(words)))
