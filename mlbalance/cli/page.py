"""The command `page`: the answer in a browser."""

from __future__ import annotations

import argparse
from pathlib import Path

__all__ = ["COMMAND"]


def _page(given: argparse.Namespace) -> int:
    from mlbalance.outputs import open_for_writing
    from mlbalance.page import build

    if given.out is not None:
        text = build.built()
        with open_for_writing(Path(given.out)) as file:
            file.write(text)
        return 0
    return _open(build.file())


def _open(path: Path) -> int:
    import webbrowser

    opened = webbrowser.open(path.as_uri())
    print(f"{'' if opened else 'No browser was found. Open '}{path}")
    return 0


def _arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--out", metavar="FILE", help="write it to this file instead of opening it"
    )


COMMAND = (_page, "the advice as a page in the browser, from one file", _arguments)
