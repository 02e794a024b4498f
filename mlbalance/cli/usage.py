"""What every command shares: the width of what it prints, how it refuses, and how it ends."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from mlbalance.claims import UnknownLabel
from mlbalance.extras import EXTRAS, MissingExtraError, explanation
from mlbalance.inputs import InputError

__all__ = ["WIDTH", "Parser", "UsageError", "exit_code", "standard_streams"]

WIDTH = 80
"""Columns."""


class _Nowhere(io.TextIOBase):
    """In the place of a stream that is closed."""

    def write(self, text: str) -> int:
        return len(text)


_NOWHERE = _Nowhere()


class UsageError(InputError):
    """A command line that cannot be read; the message says what can."""


class Parser(argparse.ArgumentParser):
    """A parser whose errors are raised, to be one line like all others."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[:1].upper()}{message[1:]}; see {self.prog} --help.")


def exit_code(name: str, command: Callable[[], int]) -> int:
    """What a command returns; where it raises one line on stderr, after `name`, and its code.

    0: done. 1: a proof or a study failed, or nobody reads what is printed. 2: bad input, or the
    system refuses. 130: interrupted. Errors in the code are raised.
    """
    try:
        try:
            code = command()
        finally:
            sys.stdout.flush()
        if sys.stdout is _NOWHERE:
            return _ended(name, "Standard output is closed; nothing was printed.", max(code, 1))
        return code
    except (InputError, UnknownLabel) as error:
        return _ended(name, str(error), getattr(error, "exit_code", 2))
    except MissingExtraError as error:
        return _ended(name, str(error))
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in EXTRAS:
            raise
        return _ended(name, explanation("This", missing))
    except BrokenPipeError:  # the reader has seen enough: `mlbalance derive | head`
        _silence()
        return 1
    except OSError as error:
        _silence()
        about = f"{error.filename}: " if error.filename else ""
        return _ended(name, f"{about}{error.strerror or error}.")
    except MemoryError:
        return _ended(name, "There is not enough memory for this.")
    except KeyboardInterrupt:
        return _ended(name, "interrupted", 130)


def _ended(name: str, message: str, code: int = 2) -> int:
    with suppress(OSError):
        print(f"{name}: {' '.join(message.split())}", file=sys.stderr)
    return code


def _silence() -> None:
    """Let what cannot be printed go nowhere: Python would try again at its end, and complain."""
    try:
        sys.stdout.flush()
    except OSError:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def standard_streams() -> None:
    """Make a process that was started without one of its standard streams fit for work.

    A file it opens would take the number of a closed one, and get what others print there. And no
    character is beyond what a terminal can show.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number, this one
            os.set_inheritable(number, True)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, _NOWHERE)
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
