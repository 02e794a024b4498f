"""The command `cite`: BibTeX for the package, a result, a study or a method."""

from __future__ import annotations

import argparse

__all__ = ["COMMAND"]


def _cite(given: argparse.Namespace) -> int:
    from mlbalance.citations import cite

    found = cite(given.name)
    print("\n\n".join(found.entries))
    for name in found.unknown:
        print(f"\n% No origin of {name} is recorded.")
    return 0


def _arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "name",
        nargs="?",
        metavar="NAME",
        help="label of a result, id of a method, or a study; the package alone if not given",
    )


COMMAND = (_cite, "BibTeX for the package, a result, a study or a method", _arguments)
