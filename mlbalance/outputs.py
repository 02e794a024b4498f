"""What is written: a file whole or not at all, and through what is no plain file.

A file that is replaced by a finished copy is never half there. But a device, a pipe or a file of
several names must stay what it is, so that is written in place; and a link stays a link.
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

__all__ = ["OutputError", "is_stdout", "written"]


class OutputError(InputError):
    """A file that cannot be written; the message says why."""


@contextmanager
def written(path: Path) -> Iterator[TextIO]:
    """Text file to write to, which is at `path` when the block ends, and not at all if it raises.

    Line ends are kept as written. Where `path` leads to no plain file of its own, what is written
    goes there at once.

    Parameters
    ----------
    path : Path
        The file; its folder must exist. Links are followed.

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
            yield from _replaced(path.resolve())
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {_reason(path, error)}") from error


def is_stdout(path: Path) -> bool:
    """Whether a path leads to where standard output goes, terminals left out.

    To open `/dev/stdout` by its name would begin at the start of the file behind it, over what is
    there.
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


def _replaced(path: Path) -> Iterator[TextIO]:
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
