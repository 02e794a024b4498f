"""The door without Python: parsing and printing, nothing else.

What a user got wrong is one line on stderr and exit code 2; what turns out false, a proof or a
study, is exit code 1. Modules are imported by the command that needs them, so help is quick.
"""

from __future__ import annotations

import argparse
import difflib
import math
import os
import re
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from mlbalance import __version__, claims
from mlbalance.cli import studies
from mlbalance.cli.studies import running_arguments
from mlbalance.inputs import CountsError, InputError

if TYPE_CHECKING:
    from mlbalance.derivations import Derivation, StepResult

__all__ = ["UsageError", "main"]

_ABOUT = """\
Class weights, resampling and bagging in softmax regression, as random weights:
proved, predicted, observed."""
_EXAMPLES = """\
examples:
  mlbalance advise 23 5 44 14 19 31    what to do about six classes so large
  mlbalance derive harmonic            why, step by step"""
_WIDTH = 80
# A word that is meant as a count, even where argparse takes it for an option: -3,5 or -inf.
_NUMBER = re.compile(r"[+-]?(\.?\d|inf|nan)", re.IGNORECASE)


class UsageError(InputError):
    """A command line that cannot be read; the message says what can."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `mlbalance` with these words, by default those of the process; returns the exit code.

    0: done. 1: a proof or a study failed. 2: bad input, one line on stderr says what. Asking for
    help or the version exits as argparse does.
    """
    try:
        code = _run(sys.argv[1:] if argv is None else list(argv))
        sys.stdout.flush()
    except (InputError, claims.UnknownLabel) as error:
        print(f"mlbalance: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("mlbalance: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader has seen enough: `mlbalance derive | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _run(words: list[str]) -> int:
    parser = _parser()
    if not words:
        raise UsageError(f"Give a command: {', '.join(_COMMANDS)}; --help describes them.")
    command = words[0]
    if not command.startswith("-") and command not in _COMMANDS:
        close = difflib.get_close_matches(command, _COMMANDS, n=1)
        hint = f"Did you mean {close[0]}?" if close else f"Known are {', '.join(_COMMANDS)}."
        raise UsageError(f"There is no command {command!r}. {hint}")
    given, unknown = parser.parse_known_args(words)
    if given.run is _advise:
        counts = {*given.counts, *filter(_NUMBER.match, unknown)}
        given.counts = [word for word in _untaken(words[1:]) if word in counts]
        unknown = [word for word in unknown if word not in counts]
    if unknown:
        raise UsageError(f"{command} does not take {unknown[0]!r}; see mlbalance {command} --help.")
    run: Callable[[argparse.Namespace], int] = given.run
    return run(given)


def _untaken(words: list[str]) -> Iterator[str]:
    """Words that are neither options nor their values."""
    taken = 0.0
    for word in words:
        if word == "--":
            taken = 0
        elif word.startswith("--"):
            many = word in ("--target-prior", "--natural")
            taken = 0 if word == "--json" or "=" in word else math.inf if many else 1
        elif taken:
            taken -= 1
        else:
            yield word


def _advise(given: argparse.Namespace) -> int:
    from mlbalance.advise import advise

    advice = advise(_counts(given), target=given.target, **_options(given))
    if given.json:
        import json

        print(json.dumps(advice.to_dict(), indent=2, allow_nan=False))
    else:
        print(advice.text(_WIDTH))
    return 0


def _options(given: argparse.Namespace) -> dict[str, Any]:
    """What was asked for besides, and nothing that was not."""
    asked = ("features", "separation", "budget", "bags_within")
    options = {name: getattr(given, name) for name in asked if getattr(given, name) is not None}
    if given.target_prior is not None:
        options["target_prior"] = _prior("--target-prior", given.target_prior)
    if given.natural is not None:
        options["natural"] = _prior("--natural", given.natural) if given.natural else True
    return options


def _prior(option: str, words: list[str]) -> list[float]:
    try:
        return [float(number) for number in _split(words)]
    except ValueError:
        raise UsageError(
            f"{option} takes one probability a class, as in {option} .2 .8; "
            f"{' '.join(words)!r} is not."
        ) from None


def _split(words: list[str]) -> list[str]:
    return [number for word in words for number in re.split(r"[,\s]+", word) if number]


def _counts(given: argparse.Namespace) -> list[float]:
    numbers = _split(given.counts)
    if not numbers:
        first = given.target_prior or given.natural
        hint = " The counts come first, then options that take several numbers." if first else ""
        raise CountsError(
            f"Give the number of rows of every class: mlbalance advise 23 5 44.{hint}"
        )
    counts = []
    for number in numbers:
        try:
            counts.append(float(number))
        except ValueError:
            raise CountsError(
                f"Counts must be whole numbers of rows, one a class; {number!r} is not."
            ) from None
    return counts


def _derive(given: argparse.Namespace) -> int:
    if given.latex and not given.label:
        raise UsageError("derive --latex needs a label; mlbalance derive lists them.")
    if given.label:
        claim = claims.get(given.label)
        if claim.derived is None and (given.check or given.latex):
            raise UsageError(f"{claim.label} has no derivation; its origin is {claim.origin}.")
        return _check(claim.label) if given.check else _show(claim, given.latex)
    if given.check:
        return max(_check(claim.label) for claim in claims.CLAIMS.values() if claim.derived)
    for claim in claims.CLAIMS.values():
        statement = textwrap.shorten(claim.statement, _WIDTH - 20, placeholder=" ...")
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
    yield from (claim.label, "", *textwrap.wrap(claim.statement, _WIDTH), "")
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
            _WIDTH,
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
        _WIDTH,
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


def _reproduce(given: argparse.Namespace) -> int:
    from mlbalance import reproduce

    return reproduce.reproduce(quick=given.quick, jobs=given.jobs)


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are raised, to be one line like all others."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[:1].upper()}{message[1:]}; see {self.prog} --help.")


def _parser() -> _Parser:
    parser = _Parser(
        prog="mlbalance",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=_ABOUT,
        epilog=_EXAMPLES,
        allow_abbrev=False,
    )
    parser.add_argument("-V", "--version", action="version", version=f"mlbalance {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, title="commands")
    for name, (run, summary, arguments) in _COMMANDS.items():
        command = commands.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            allow_abbrev=False,
        )
        command.set_defaults(run=run)
        arguments(command)
    return parser


def _advise_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("counts", nargs="*", metavar="COUNTS", help="rows of every class: 23 5 44")
    command.add_argument(
        "--target",
        choices=("balanced", "natural"),
        default="balanced",
        help="balanced error (default), or natural probabilities, at the prior of the data",
    )
    command.add_argument(
        "--target-prior",
        nargs="+",
        metavar="P",
        help="balanced at these shares of the classes instead of equal ones; after the counts",
    )
    command.add_argument(
        "--features", type=_number, metavar="D", help="Gaussian classes with so many features, and"
    )
    command.add_argument(
        "--separation",
        type=_number,
        metavar="S",
        help="neighbouring means so many standard deviations apart: ratios, and P(no fit)",
    )
    command.add_argument(
        "--budget", type=_number, metavar="N", help="where to collect the next N rows"
    )
    command.add_argument(
        "--bags-within",
        type=_number,
        metavar="EPS",
        help="undersamples to average for at most 1 + EPS times the variance of class weights",
    )
    command.add_argument(
        "--natural",
        nargs="*",
        metavar="P",
        help="intercept shifts for probabilities at the prior of the data, or at this one",
    )
    command.add_argument("--json", action="store_true", help="all numbers, in full precision")


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


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise argparse.ArgumentTypeError(f"a number is needed, not {word!r}") from None


_COMMANDS = {
    "advise": (_advise, "which scheme for these class counts", _advise_arguments),
    "derive": (_derive, "what is claimed and how it is proved", _derive_arguments),
    **studies.COMMANDS,
    "reproduce": (_reproduce, "proofs, studies and figures of a checkout", running_arguments),
}
