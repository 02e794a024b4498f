"""Fits that several methods ask for, made once.

Methods that differ in their correction alone fit the same weights along the same ridges and leave
out the same rows. Within `shared_fits` each `shared` function remembers its results by the content
of its arguments, so that whoever asks again, by whatever way, gets the same result.
"""

from __future__ import annotations

import hashlib
import inspect
import pickle
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, NamedTuple, ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt

__all__ = ["Shared", "shared", "shared_fits"]

_P = ParamSpec("_P")
_R = TypeVar("_R")


_MOST = 2**28
"""Bytes of arrays that are remembered; beyond them the oldest results are forgotten."""


class _Known(NamedTuple):
    result: Any
    seconds: float
    """That it would take anew."""
    size: int
    """Bytes of its arrays."""


@dataclass
class Shared:
    """Results of `shared` functions by function and arguments."""

    results: dict[tuple[Callable[..., Any], bytes], _Known] = field(default_factory=dict)
    size: int = 0
    """Bytes of arrays in them."""
    saved: float = 0.0
    """Seconds that were not spent since results were known."""

    def remember(self, key: tuple[Callable[..., Any], bytes], result: Any, seconds: float) -> None:
        """Add a result, with its arrays closed to writing, and forget the oldest beyond `_MOST`."""
        size = 0
        for array in _arrays(result):
            array.setflags(write=False)
            size += array.nbytes
        self.results[key] = _Known(result, seconds, size)
        self.size += size
        while self.size > _MOST:
            self.size -= self.results.pop(next(iter(self.results))).size


_FITS: ContextVar[Shared | None] = ContextVar("fits", default=None)


@contextmanager
def shared_fits() -> Iterator[Shared]:
    """Context in which `shared` functions remember results, all of which it forgets at its end.

    Yields
    ------
    What is remembered.
    """
    fits = Shared()
    token = _FITS.set(fits)
    try:
        yield fits
    finally:
        _FITS.reset(token)


def shared(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """The function, with results remembered within `shared_fits`.

    Parameters
    ----------
    function
        Of arrays, numbers and other values that can be pickled, which it does not change. Arrays of
        its results cannot be written to where they are remembered.

    Returns
    -------
    A function of the same arguments and results.
    """
    signature = inspect.signature(function)

    @wraps(function)
    def remembering(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        fits = _FITS.get()
        if fits is None:
            return function(*args, **kwargs)
        given = signature.bind(*args, **kwargs)
        given.apply_defaults()
        key = function, _digest(given.arguments)
        if key in fits.results:
            fits.saved += fits.results[key].seconds
            known: _R = fits.results[key].result
            return known
        began, saved = time.perf_counter(), fits.saved
        found = function(*args, **kwargs)
        fits.remember(key, found, time.perf_counter() - began + fits.saved - saved)
        return found

    return remembering


def _digest(arguments: dict[str, Any]) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    plain = [v.item() if isinstance(v, np.generic) else v for v in arguments.values()]
    # Arrays are digested where they lie.
    told = pickle.dumps(plain, protocol=5, buffer_callback=lambda b: digest.update(b.raw()))
    digest.update(told)
    return digest.digest()


def _arrays(result: Any) -> Iterator[npt.NDArray[Any]]:
    """Arrays of a result."""
    if isinstance(result, np.ndarray):
        yield result
    elif isinstance(result, list | tuple):
        for part in result:
            yield from _arrays(part)
    elif hasattr(result, "__dict__"):
        yield from _arrays([*vars(result).values()])
