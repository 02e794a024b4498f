"""Pages of the theory: one per claim with its proof, and one per module of claims."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from docs import references
from mlbalance import claims, derivations
from mlbalance.derivations import Derivation, StepResult
from mlbalance.derivations.engine.typeset import pieces
from mlbalance.documents import claim_document
from mlbalance.report import (
    Block,
    Code,
    Document,
    Formula,
    Inline,
    Math,
    Paragraph,
    Section,
    Table,
    items,
    paragraph,
    rest,
)

__all__ = ["CHAPTERS", "chapter", "conditions", "page"]

CHAPTERS: Mapping[str, tuple[str, ...]] = {
    name: tuple(claim.label for claim in getattr(claims, name).CLAIMS)
    for name in "exact first_order rare finite proportional bags learners losses training".split()
}
"""Labels of the claims by module, in reading order."""


def page(label: str, links: rest.Links, *, verify: bool) -> str:
    """Page of a claim: statement, formula, conditions, what carries it, proof, evidence, origin.

    Without `verify` computed steps are taken to hold; with it, one that does not is a `ValueError`.
    """
    claim, proof = claims.get(label), derivations.derive(label)
    told = claim_document(claim, proof, _results(proof, verify))
    parts = {part.heading: part for group in told.sections for part in group.blocks}
    steps = tuple(part for name, part in parts.items() if re.fullmatch(r"\d+\.", name))
    before = (
        Section("Claim", (*parts["Claim"].blocks, *parts["Formula"].blocks), lead=True),
        paragraph("Kind: ", *parts["Kind"].blocks[0].content),
    )
    after = (
        Section("What carries each sentence", tuple(_carried(claim, proof))),
        Section("Proof", (_scope(parts["Scope"]), *steps, _command(claim.label))),
        Section("Witnesses", (_witnesses(claim),)),
        Section("Origin", parts["Origin"].blocks),
    )
    given = Section("Conditions", (items(map(_condition, claim.conditions)),))
    cited = f"References: {', '.join(map(references.link, claim.cites))}.\n" if claim.cites else ""
    told = (
        rest.render(Document(claim.label, (Section("", before),)), links=links),
        rest.render(Document("", (given,)), level=2, links=CONDITIONS),
        rest.render(Document("", after), level=2, links=links),
        cited,
    )
    return f".. _claim-{claim.label}:\n\n" + "\n".join(told)


def _results(proof: Derivation, verify: bool) -> list[StepResult]:
    if not verify:
        return [StepResult(step, None if step.source else True) for step in proof.steps]
    results = proof.verify()
    for step, ok in results:
        if ok is False:
            raise ValueError(f"A step of {proof.label} does not hold: {step.words}")
    return results


CONDITIONS: rest.Links = {name: f"ref:condition-{name}" for name in claims.CONDITIONS}


def _scope(told: Section) -> Paragraph:
    (said,) = told.blocks
    assert isinstance(said, Paragraph)
    return paragraph("Scope: ", *said.content)


def _command(label: str) -> Paragraph:
    return paragraph(
        Code(f"mlbalance derive {label}"),
        " prints this page, ",
        Code(f"mlbalance derive {label} --check"),
        " checks its steps.",
    )


def _carried(claim: claims.Claim, proof: Derivation) -> Iterator[Block]:
    rows = []
    for clause in claim.clauses:
        places = sorted(proof.steps.index(proof.step(key)) + 1 for key in clause.by)
        support: list[Inline] = []
        if places:
            support.append(f"step{'s' * (len(places) > 1)} {', '.join(map(str, places))}")
        for label in clause.labels:
            support += ["; " * bool(support), Code(label)]
        if clause.given:
            given = ", ".join(each.replace("-", " ") for each in clause.given)
            support.append(f"{'; ' * bool(support)}given {given}")
        rows.append((sentence(clause.text), paragraph(*support), clause.kind))
    yield Table(tuple(rows), ("sentence", "carried by", "kind"), columns="ppl")
    if before := dict.fromkeys(label for clause in claim.clauses for label in clause.labels):
        yield paragraph("Rests on ", *_listed(before), ".")
    if after := [each.label for each in claims.CLAIMS.values() if _rests_on(each, claim.label)]:
        yield paragraph("Used by ", *_listed(after), ".")


def _rests_on(claim: claims.Claim, label: str) -> bool:
    return any(label in clause.labels for clause in claim.clauses)


def _listed(labels: Iterable[str]) -> Iterator[Inline]:
    for place, label in enumerate(labels):
        if place:
            yield ", "
        yield Code(label)


def _condition(name: str) -> Paragraph:
    return paragraph(Code(name), ": ", *sentence(claims.CONDITIONS[name]).content)


def _witnesses(claim: claims.Claim) -> Table:
    rows = []
    for kind, path in claim.witnesses.items():
        shown = Path(path).stem if kind == "observed" else path
        rows.append((kind, paragraph(Code(shown))))
    return Table(tuple(rows), columns="lp")


def chapter(name: str, links: rest.Links) -> str:
    """Claims of a module in reading order: statement, formula, kind and condition of each."""
    told = []
    for label in CHAPTERS[name]:
        claim, proof = claims.get(label), derivations.derive(label)
        formulas = (Formula(Math(*_both(proof.step(key)))) for key in claim.formula)
        below = paragraph(
            f"{claim.kind[:1].upper()}{claim.kind[1:]}. If: {claim.condition}. "
            f"Witnesses: {', '.join(claim.witnesses)}. Proof: ",
            Code(label),
            ".",
        )
        told.append(Section(label, (sentence(claim.statement), *formulas, below)))
    toc = ["", ".. toctree::", "   :hidden:", "", *(f"   claims/{x}" for x in CHAPTERS[name]), ""]
    return rest.render(Document("", tuple(told)), level=2, links=links) + "\n".join(toc)


def _both(step: derivations.Step) -> tuple[str, str]:
    return step.text, step.latex


def conditions(links: rest.Links) -> str:
    """All conditions of claims, with the claims that name each, and the short names of sets."""
    lines = []
    for name, words in claims.CONDITIONS.items():
        own = [claim.label for claim in claims.CLAIMS.values() if name in claim.conditions]
        given = [
            claim.label
            for claim in claims.CLAIMS.values()
            if any(name in clause.given for clause in claim.clauses)
        ]
        said = [sentence(words)]
        if own:
            said.append(paragraph("Of ", *_listed(own), "."))
        if given:
            said.append(paragraph("Of single sentences of ", *_listed(given), "."))
        told = Document("", (Section(name.replace("-", " "), tuple(said)),))
        lines += [f".. _condition-{name}:", "", rest.render(told, level=2, links=links)]
    return "\n".join(lines)


def sentence(words: str) -> Paragraph:
    """A paragraph in which letters with an index or a power are mathematics."""
    return paragraph(*(Math(text, latex) if latex else text for text, latex in pieces(words)))
