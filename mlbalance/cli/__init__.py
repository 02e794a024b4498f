"""Command line: parses arguments and prints results.

An error of the user is one line on stderr and exit code 2; a proof or study that fails is exit code
1. Modules are imported by the command that needs them, so that help is quick.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Callable, Sequence

from mlbalance import __version__
from mlbalance.cli import advise, cite, compare, derive, page, studies
from mlbalance.cli.usage import Parser, UsageError, exit_code, standard_streams

__all__ = ["UsageError", "main"]

_ABOUT = """\
Class weights, resampling and bagging in softmax regression, as random weights:
proved, predicted, observed."""
_EXAMPLES = """\
examples:
  mlbalance advise 23 5 44 14 19 31    what to do about six classes so large
  mlbalance derive harmonic            why, step by step
  mlbalance compare DATA.csv --target LABEL    every method on your rows"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `mlbalance`.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; those of the process if not given.

    Returns
    -------
    Exit code, as of `cli.usage.exit_code`. The options for help and version exit by `SystemExit`.
    """
    if argv is None:
        standard_streams()
    words = sys.argv[1:] if argv is None else list(argv)
    return exit_code("mlbalance", lambda: _run(words))


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
    if command == "advise":
        unknown = advise.collect_counts(given, unknown, words[1:])
    if unknown:
        raise UsageError(f"{command} does not take {unknown[0]!r}; see mlbalance {command} --help.")
    run: Callable[[argparse.Namespace], int] = given.run
    return run(given)


def _parser() -> Parser:
    parser = Parser(
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


_COMMANDS = {
    "advise": advise.COMMAND,
    "compare": compare.COMMAND,
    "derive": derive.COMMAND,
    "cite": cite.COMMAND,
    "page": page.COMMAND,
    **studies.COMMANDS,
}
