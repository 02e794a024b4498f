"""The command `derive`: what is claimed, and its proof step by step."""

from __future__ import annotations

import argparse
import json
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mlbalance import claims
from mlbalance.cli.usage import WIDTH, UsageError

if TYPE_CHECKING:
    from mlbalance.derivations import Derivation, Step, StepResult

__all__ = ["COMMAND"]


def _derive(given: argparse.Namespace) -> int:
    if given.latex and given.label is None:
        raise UsageError("derive --latex needs a label; mlbalance derive lists them.")
    if given.json:
        told = [claims.get(given.label)] if given.label is not None else claims.CLAIMS.values()
        print(json.dumps([_record(claim) for claim in told], indent=2))
        return 0
    if given.label is not None:
        claim = claims.get(given.label)
        if claim.derived is None and (given.check or given.latex):
            raise UsageError(f"{claim.label} has no derivation; its origin is {claim.origin}.")
        return int(_fails(_check(claim.label))) if given.check else _show(claim, given.latex)
    if given.check:
        return _check_all()
    for claim in claims.CLAIMS.values():
        statement = textwrap.shorten(claim.statement, WIDTH - 20, placeholder=" ...")
        print(f"{claim.label:19} {statement}")
    return 0


def _record(claim: claims.Claim) -> dict[str, Any]:
    """What a claim says, and how far it is proved, for a program."""
    return (
        {"label": claim.label, "kind": claim.kind, "statement": claim.statement}
        | {
            field: getattr(claim, field)
            for field in ("conditions", "origin", "cites", "witnesses", "formula")
        }
        | {"clauses": [asdict(clause) for clause in claim.clauses]}
    )


def _check(label: str) -> list[StepResult]:
    """Check one claim and print one line about it."""
    from mlbalance import derivations
    from mlbalance.derivations.engine import tally

    results = derivations.derive(label).verify()
    print(f"{label:19} {tally.verdict(label, results)}", flush=True)
    return results


def _check_all() -> int:
    """Check every claim that has a derivation, and say what that shows; 1 if a step fails."""
    from mlbalance.derivations.engine import tally

    results = {c.label: _check(c.label) for c in claims.CLAIMS.values() if c.derived}
    print("", *tally.lines(results), sep="\n")
    return int(any(map(_fails, results.values())))


def _show(claim: claims.Claim, latex: bool) -> int:
    derivation, results = None, []
    if claim.derived:
        from mlbalance import derivations

        derivation = derivations.derive(claim.label)
        if latex:
            print(derivation.latex())
            return 0
        results = derivation.verify()
    print("\n".join(_rendered(claim, derivation, results)))
    return int(_fails(results))


def _rendered(
    claim: claims.Claim, derivation: Derivation | None, results: list[StepResult]
) -> Iterator[str]:
    yield from (claim.label, "", *textwrap.wrap(claim.statement, WIDTH, break_on_hyphens=False), "")
    for number, condition in enumerate(claim.conditions):
        yield from _hung("" if number else "If", claims.CONDITIONS[condition])
    yield from _hung("Origin", f"{claim.origin}.")
    yield from _hung("Kind", f"{claim.kind}. {claims.KINDS[claim.kind]}")
    if derivation is not None:
        for number, key in enumerate(claim.formula):
            yield from _equation("" if number else "Formula", derivation.step(key))
        yield from _hung("Scope", f"{derivation.scope}; {_verdict(claim.label, results)}.")
        for number, clause in enumerate(claim.clauses):
            yield from _hung("" if number else "By", _carried(clause, derivation))
    yield ""
    for number, (step, ok) in enumerate(results, start=1):
        mark = f"argued: {step.source}" if ok is None else "computed" if ok else "computed: FAILS"
        yield from _hung(f"{number:2}.", f"{step.words} [{mark}]", margin=4)
        yield from _equation("", step)
    if results:
        yield ""
    for kind, path in claim.witnesses.items():
        yield from _hung(kind.capitalize(), path, margin=10)


def _hung(heading: str, words: str, margin: int = 8) -> list[str]:
    """Words wrapped to the right of a heading in the margin."""
    return textwrap.wrap(
        words,
        WIDTH,
        initial_indent=f"{heading:{margin}}",
        subsequent_indent=" " * margin,
        break_on_hyphens=False,
    )


def _equation(heading: str, step: Step) -> list[str]:
    """The equation of a step, not broken between the letters of an index."""
    lines = textwrap.wrap(
        step.text.replace(", ", ",\xa0"),
        WIDTH,
        initial_indent=f"{heading:8}",
        subsequent_indent=" " * 10,
        break_on_hyphens=False,
    )
    return [line.replace("\xa0", " ") for line in lines]


def _fails(results: list[StepResult]) -> bool:
    return any(result.ok is False for result in results)


def _verdict(label: str, results: list[StepResult]) -> str:
    from mlbalance.derivations.engine import tally

    return tally.verdict(label, results)


def _carried(clause: claims.Clause, derivation: Derivation) -> str:
    """The first words of a clause, and the steps and labels that carry it."""
    places = [derivation.steps.index(derivation.step(key)) + 1 for key in clause.by]
    carried = [f"step{'s' * (len(places) > 1)} {', '.join(map(str, places))}"] if places else []
    carried += [f"label {label}" for label in clause.labels]
    carried += [f"given {given.replace('-', ' ')}" for given in clause.given]
    words = textwrap.shorten(clause.text, 40, placeholder=" ...")
    return f'"{words}": {" and ".join([*carried, clause.kind])}.'


def _derive_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "label", nargs="?", metavar="LABEL", help="the claim; all are listed if not given"
    )
    how = command.add_mutually_exclusive_group()
    how.add_argument(
        "--latex", action="store_true", help="as a LaTeX fragment, to be compiled with amsmath"
    )
    how.add_argument(
        "--check",
        action="store_true",
        help="only check, the claim or all; exit code 1 if a step fails",
    )
    how.add_argument(
        "--json",
        action="store_true",
        help="what is claimed and of which kind its proof is, as data",
    )


COMMAND = (_derive, "what is claimed and how it is proved", _derive_arguments)
