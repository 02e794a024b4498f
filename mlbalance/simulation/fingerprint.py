"""Description of the values that a study depends on, as text that is the same in every process.

Arrays are described by digests, objects by their type and attributes, never by an address. On the
way the classes and functions of the study are collected, whose source `code` digests.
"""

from __future__ import annotations

import functools
import hashlib
import re
import types
from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

__all__ = ["Walk", "stable_name"]

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")

_PLAIN = (str, bytes, int, float, complex, bool, type(None), np.generic)


def stable_name(name: str, value: Any) -> str:
    """Name of a value, or its description where the name contains an address in memory."""
    return Walk().describe(value) if _ADDRESS.search(name) else name


class Walk:
    """A walk through values; `found` collects the classes and functions on the way."""

    def __init__(self) -> None:
        self.found: dict[int, Any] = {}
        self._above: list[int] = []

    def describe(self, value: Any) -> str:
        """Description of a value; "..." for one that contains itself."""
        if isinstance(value, _PLAIN):
            return repr(value)
        if id(value) in self._above:
            return "..."
        self._above.append(id(value))
        try:
            return self._describe(value)
        finally:
            self._above.pop()

    def _describe(self, value: Any) -> str:
        if isinstance(value, type):
            self.found[id(value)] = value
            return value.__qualname__
        if isinstance(value, types.FunctionType):
            return self._function(value)
        if isinstance(value, types.ModuleType):
            return value.__name__
        kind = type(value)
        self.found[id(kind)] = kind
        if isinstance(value, np.ndarray):
            return _array(value) if value.dtype.kind != "O" else self._all(value.tolist())
        if isinstance(value, types.MethodType):
            return f"{self.describe(value.__self__)}.{value.__name__}"
        if isinstance(value, functools.partial):
            return f"partial{self._all((value.func, value.args, value.keywords))}"
        if is_dataclass(value):
            own = {} if "__dataclass_fields__" in vars(kind) else _attributes(value)
            given = {f.name: getattr(value, f.name) for f in fields(value)}
            return self._object(value, own | given)
        if isinstance(value, tuple | list):
            return self._all(value)
        if isinstance(value, Mapping):
            inside = (f"{self.describe(k)}: {self.describe(v)}" for k, v in value.items())
            return f"{{{', '.join(inside)}}}"
        if isinstance(value, Set):
            return f"{{{', '.join(sorted(map(self.describe, value)))}}}"
        if not hasattr(value, "__dict__") and not _ADDRESS.search(repr(value)):
            return repr(value)
        return self._object(value, _attributes(value))

    def _all(self, values: Any) -> str:
        return f"({', '.join(map(self.describe, values))})"

    def _object(self, value: Any, attributes: Mapping[str, Any]) -> str:
        inside = ", ".join(f"{k}={self.describe(v)}" for k, v in attributes.items())
        return f"{type(value).__name__}({inside})"

    def _function(self, function: types.FunctionType) -> str:
        """Name of a function, its defaults and closure; `code` digests its source."""
        self.found[id(function)] = function
        holds = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
        for cell in function.__closure__ or ():
            try:
                holds.append(cell.cell_contents)
            except ValueError:  # not bound yet
                continue
        return function.__qualname__ + (self._all(holds) if holds else "")


def _attributes(value: Any) -> dict[str, Any]:
    """Attributes of an object, without cached properties."""
    kind = type(value)
    names = [n for base in kind.__mro__ for n in _slots(base)] + sorted(
        getattr(value, "__dict__", ())
    )
    return {
        name: getattr(value, name)
        for name in names
        if hasattr(value, name)
        and not isinstance(getattr(kind, name, None), functools.cached_property)
    }


def _slots(base: type) -> tuple[str, ...]:
    slots = base.__dict__.get("__slots__", ())
    names = (slots,) if isinstance(slots, str) else tuple(slots)
    return tuple(name for name in names if name not in ("__dict__", "__weakref__"))


def _array(value: np.ndarray) -> str:
    digest = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()[:12]
    text = str(value.tolist()) if value.size <= 8 else f"{digest} {value.shape}"
    return f"{value.dtype}[{text}]"
