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
from typing import Any, ParamSpec, TypeVar

import numpy as np

__all__ = ["Shared", "shared", "shared_fits"]

_P = ParamSpec("_P")
_R = TypeVar("_R")


@dataclass
class Shared:
    """Results of `shared` functions by function and arguments."""

    results: dict[tuple[Callable[..., Any], bytes], tuple[Any, float]] = field(default_factory=dict)
    """Results, and the seconds that each would take anew."""
    saved: float = 0.0
    """Seconds that were not spent since results were known."""


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
        if key not in fits.results:
            began, saved = time.perf_counter(), fits.saved
            result = _frozen(function(*args, **kwargs))
            seconds = time.perf_counter() - began + fits.saved - saved
            fits.results[key] = result, seconds
        else:
            fits.saved += fits.results[key][1]
        found: _R = fits.results[key][0]
        return found

    return remembering


def _digest(arguments: dict[str, Any]) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    plain = [v.item() if isinstance(v, np.generic) else v for v in arguments.values()]
    # Arrays are digested where they lie.
    told = pickle.dumps(plain, protocol=5, buffer_callback=lambda b: digest.update(b.raw()))
    digest.update(told)
    return digest.digest()


def _frozen(result: Any) -> Any:
    """The result, with its arrays closed to writing."""
    if isinstance(result, np.ndarray):
        result.setflags(write=False)
    elif isinstance(result, list | tuple):
        for part in result:
            _frozen(part)
    elif hasattr(result, "__dict__"):
        _frozen([*vars(result).values()])
    return result
