"""The command `derive`: what is claimed, and its proof step by step."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlbalance import claims
from mlbalance.cli.usage import WIDTH, UsageError

if TYPE_CHECKING:
    from mlbalance.derivations import Derivation, StepResult

__all__ = ["COMMAND"]


def _derive(given: argparse.Namespace) -> int:
    if given.latex and given.label is None:
        raise UsageError("derive --latex needs a label; mlbalance derive lists them.")
    if given.label is not None:
        claim = claims.get(given.label)
        if claim.derived is None and (given.check or given.latex):
            raise UsageError(f"{claim.label} has no derivation; its origin is {claim.origin}.")
        return _check(claim.label) if given.check else _show(claim, given.latex)
    if given.check:
        return max(_check(claim.label) for claim in claims.CLAIMS.values() if claim.derived)
    for claim in claims.CLAIMS.values():
        statement = textwrap.shorten(claim.statement, WIDTH - 20, placeholder=" ...")
        print(f"{claim.label:19} {statement}")
    return 0


def _check(label: str) -> int:
    """Prove one claim and print one line about it; 1 if a step fails."""
    from mlbalance import derivations

    results = derivations.derive(label).verify()
    print(f"{label:19} {_verdict(results)}", flush=True)
    return int(_fails(results))


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
    yield from (claim.label, "", *textwrap.wrap(claim.statement, WIDTH), "")
    for number, condition in enumerate(claim.conditions):
        yield from _hung("" if number else "If", claims.CONDITIONS[condition])
    yield from _hung("Origin", f"{claim.origin}.")
    if derivation is not None:
        yield from _hung("Scope", f"{derivation.scope}; {_verdict(results)}.")
    yield ""
    for number, (step, ok) in enumerate(results, start=1):
        mark = f"argued: {step.source}" if ok is None else "computed" if ok else "computed: FAILS"
        yield from _hung(f"{number:2}.", f"{step.words} [{mark}]", margin=4)
        equation = textwrap.wrap(
            step.text.replace(", ", ",\xa0"),
            WIDTH,
            initial_indent=" " * 8,
            subsequent_indent=" " * 10,
            break_on_hyphens=False,
        )
        yield from (line.replace("\xa0", " ") for line in equation)
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


def _fails(results: list[StepResult]) -> bool:
    return any(result.ok is False for result in results)


def _verdict(results: list[StepResult]) -> str:
    failed = [str(number) for number, (_, ok) in enumerate(results, start=1) if ok is False]
    argued = sum(ok is None for _, ok in results)
    how = f"{argued} of them argued" if argued else "all computed"
    steps = f"{len(results)} steps, {how}" if len(results) != 1 else f"1 step, {how}"
    return f"FAILED at step {', '.join(failed)} of {steps}" if failed else f"proved: {steps}"


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
        help="only prove, the claim or all; exit code 1 if a step fails",
    )


COMMAND = (_derive, "what is claimed and how it is proved", _derive_arguments)
