"""The command `derive`: claims and their proofs step by step."""

from __future__ import annotations

import argparse
import json
import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mlbalance import claims
from mlbalance.cli.usage import WIDTH, UsageError

if TYPE_CHECKING:
    from mlbalance.derivations import StepResult

__all__ = ["COMMAND"]

_MARGIN = 10


def _derive(given: argparse.Namespace) -> int:
    if given.latex and given.label is None:
        raise UsageError("derive --latex needs a label; mlbalance derive lists them.")
    if given.json:
        chosen = [claims.get(given.label)] if given.label is not None else claims.CLAIMS.values()
        print(json.dumps([_record(claim) for claim in chosen], indent=2))
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
    """A claim and how far it is proved, as JSON data."""
    return (
        {"label": claim.label, "kind": claim.kind, "statement": claim.statement}
        | {
            field: getattr(claim, field)
            for field in ("conditions", "origin", "cites", "witnesses", "formula")
        }
        | {"clauses": [asdict(clause) for clause in claim.clauses]}
    )


def _check(label: str) -> list[StepResult]:
    """Check the proof of one claim and print its verdict in one line."""
    from mlbalance import derivations
    from mlbalance.derivations.engine import tally

    results = derivations.derive(label).verify()
    print(f"{label:19} {tally.verdict(label, results)}", flush=True)
    return results


def _check_all() -> int:
    """Check every proof and print verdicts and totals; returns 1 if a step fails."""
    from mlbalance.derivations.engine import tally

    results = {c.label: _check(c.label) for c in claims.CLAIMS.values() if c.derived}
    print("", *tally.lines(results), sep="\n")
    return int(any(map(_fails, results.values())))


def _show(claim: claims.Claim, as_latex: bool) -> int:
    from mlbalance.documents import claim_document
    from mlbalance.report import latex, text

    derivation, results = None, []
    if claim.derived:
        from mlbalance import derivations

        derivation = derivations.derive(claim.label)
        results = derivation.verify()
    document = claim_document(claim, derivation, results)
    if as_latex:
        print(latex.render(document, level=2), end="")
    else:
        print(f"{document.title}\n\n{text.render(document, WIDTH, margin=_MARGIN)}")
    return int(_fails(results))


def _fails(results: list[StepResult]) -> bool:
    return any(result.ok is False for result in results)


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
