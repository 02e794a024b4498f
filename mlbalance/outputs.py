"""Output files: written whole or not at all.

A regular file is replaced by a finished copy. Devices, pipes and files with hard links are written
in place, and symbolic links are followed, so that all of these stay what they are.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from mlbalance.inputs import InputError

__all__ = ["OutputError", "is_stdout", "open_for_writing"]


class OutputError(InputError):
    """A file cannot be written; the message says why."""


@contextmanager
def open_for_writing(path: Path) -> Iterator[TextIO]:
    """Open a text file that is at `path` once the `with` block ends, and not if it raises.

    Line ends are kept as written. A device, a pipe or a file with hard links is written at once.

    Parameters
    ----------
    path : Path
        The file; its folder must exist. Links are followed.

    Yields
    ------
    The open file, encoded as UTF-8.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    try:
        if is_stdout(path):
            if sys.stdout is not None:
                sys.stdout.flush()
            with os.fdopen(os.dup(1), "w", encoding="utf-8", newline="") as file:
                yield file
        elif _in_place(path):
            with path.open("w", encoding="utf-8", newline="") as file:
                yield file
        else:
            yield from _replace(path.resolve())
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {_reason(path, error)}") from error


def is_stdout(path: Path) -> bool:
    """Whether a path leads to the file or pipe of standard output; False for a terminal.

    Opening `/dev/stdout` by name would overwrite the file behind it from its start.
    """
    try:
        found = path.stat()
        return not stat.S_ISCHR(found.st_mode) and os.path.samestat(found, os.fstat(1))
    except OSError:
        return False


def _in_place(path: Path) -> bool:
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return not stat.S_ISREG(found.st_mode) or found.st_nlink > 1


def _replace(path: Path) -> Iterator[TextIO]:
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError
    part = path.with_name(f"{path.name[:40]}.{secrets.token_hex(4)}.part")
    try:
        with part.open("x", encoding="utf-8", newline="") as file:
            yield file
        if path.exists():
            shutil.copymode(path, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _reason(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"there is no folder {path.resolve().parent}. Make it, or name another file."
    if isinstance(error, IsADirectoryError):
        return "it is a folder. Name a file in it."
    if isinstance(error, PermissionError):
        return "file or folder is read-only. Name another file."
    return f"{error.strerror or error}."
