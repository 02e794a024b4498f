"""Common parts of all commands: width of the output, error messages and exit codes."""

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
"""Columns of the output."""


class _Nowhere(io.TextIOBase):
    """Stands in for a stream that is closed, and discards text."""

    def write(self, text: str) -> int:
        return len(text)


_NOWHERE = _Nowhere()


class UsageError(InputError):
    """A command line cannot be parsed; the message says what is allowed."""


class Parser(argparse.ArgumentParser):
    """A parser that raises its errors, so that they are printed in one line like all others."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[:1].upper()}{message[1:]}; see {self.prog} --help.")


def exit_code(name: str, command: Callable[[], int]) -> int:
    """Run a command; its errors become one line on stderr.

    Parameters
    ----------
    name : str
        Begins the line.
    command : callable
        Returns an exit code.

    Returns
    -------
    Exit code. 0: success. 1: a proof or a study failed, or the output is closed. 2: bad input, a
    missing extra, or an error of the operating system. 130: interrupted. Other exceptions, which
    are faults of the code, are raised.
    """
    try:
        try:
            code = command()
        finally:
            sys.stdout.flush()
        if sys.stdout is _NOWHERE:
            return _refuse(name, "Standard output is closed; nothing was printed.", max(code, 1))
        return code
    except (InputError, UnknownLabel) as error:
        return _refuse(name, str(error), getattr(error, "exit_code", 2))
    except MissingExtraError as error:
        return _refuse(name, str(error))
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in EXTRAS:
            raise
        return _refuse(name, explanation("This command", missing))
    except BrokenPipeError:  # the reader has ended, as in `mlbalance derive | head`
        _silence()
        return 1
    except OSError as error:
        _silence()
        about = f"{error.filename}: " if error.filename else ""
        return _refuse(name, f"{about}{error.strerror or error}.")
    except MemoryError:
        return _refuse(name, "There is not enough memory for this.")
    except KeyboardInterrupt:
        return _refuse(name, "interrupted", 130)


def _refuse(name: str, message: str, code: int = 2) -> int:
    with suppress(OSError):
        print(f"{name}: {' '.join(message.split())}", file=sys.stderr)
    return code


def _silence() -> None:
    """Discard text that cannot be printed, which Python would try again, and fail, at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def standard_streams() -> None:
    """Replace closed standard streams, and escape characters that the terminal cannot show.

    Otherwise a file that is opened later takes the number of a closed stream, and receives what
    other code prints there.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
            os.set_inheritable(number, True)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, _NOWHERE)
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
