"""Data sets of an installed R package, read without R.

The index (.rdx) says where the objects lie in the data base (.rdb), each compressed by itself and
serialised as R's XDR format, of which vectors, lists, factors and data frames are read.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
import zlib
from pathlib import Path
from typing import Any

_MISSING = -(2**31)
_NOTHING, _REFERENCE, _ALTERNATIVE = 254, 255, 238
_SYMBOL, _PAIRS, _CHARACTERS, _LOGICAL, _INTEGER, _REAL, _TEXT, _LIST = 1, 2, 9, 10, 13, 14, 16, 19


class Vector(list):
    """Vector or list of R, with its attributes."""

    attributes: dict[str, Any] = {}  # noqa: RUF012 - replaced, never changed

    def named(self) -> dict[str, Any]:
        """Parts by name."""
        return dict(zip(self.attributes["names"], self, strict=True))

    def texts(self) -> list[str | None]:
        """Levels of a factor or texts, row by row."""
        levels = self.attributes.get("levels")
        if levels is None:
            return list(self)
        return [None if code is None else levels[code - 1] for code in self]


def load(package: Path, name: str) -> Vector:
    """Object of this name in the lazy-load data base of a package."""
    index = _Reader(gzip.decompress((package / "data/Rdata.rdx").read_bytes())).value()
    offset, length = index.named()["variables"].named()[name]
    raw = (package / "data/Rdata.rdb").read_bytes()[offset : offset + length]
    if raw[4:5] == b"2":
        return _Reader(bz2.decompress(raw[5:])).value()
    if raw[4:5] == b"Z":
        lzma2 = [{"id": lzma.FILTER_LZMA2}]
        return _Reader(lzma.decompress(raw[5:], lzma.FORMAT_RAW, filters=lzma2)).value()
    return _Reader(zlib.decompress(raw[4:])).value()


class _Reader:
    def __init__(self, raw: bytes):
        self.raw, self.at, self.seen = raw, 0, []
        if self._take(2) != b"X\n":
            raise ValueError("not R's XDR format")
        if self._integer() == 3:
            self._take(8)  # versions of R
            self._take(self._integer())  # encoding
        else:
            self._take(8)

    def _take(self, length: int) -> bytes:
        self.at += length
        return self.raw[self.at - length : self.at]

    def _integer(self) -> int:
        return struct.unpack(">i", self._take(4))[0]

    def value(self) -> Any:
        flags = self._integer()
        kind, has_attributes, has_tag = flags & 255, flags & 512, flags & 1024
        if kind == _NOTHING:
            return None
        if kind == _REFERENCE:
            return self.seen[(flags >> 8 or self._integer()) - 1]
        if kind == _SYMBOL:
            self.seen.append(self.value())
            return self.seen[-1]
        if kind == _PAIRS:
            return self._pairs(has_attributes, has_tag)
        if kind == _CHARACTERS:
            length = self._integer()
            return None if length == -1 else self._take(length).decode()
        if kind == _ALTERNATIVE:
            return self._alternative()
        found = Vector(self._items(kind))
        if has_attributes:
            found.attributes = self.value()
        return found

    def _pairs(self, has_attributes: int, has_tag: int) -> dict[str, Any]:
        if has_attributes:
            self.value()
        name = self.value() if has_tag else ""
        return {name: self.value()} | (self.value() or {})

    def _items(self, kind: int) -> list[Any]:
        length = self._integer()
        if kind in (_LOGICAL, _INTEGER):
            found = struct.unpack(f">{length}i", self._take(4 * length))
            return [None if number == _MISSING else number for number in found]
        if kind == _REAL:
            found = struct.unpack(f">{length}d", self._take(8 * length))
            return [None if number != number else number for number in found]
        if kind in (_TEXT, _LIST):
            return [self.value() for _ in range(length)]
        raise ValueError(f"objects of R's type {kind} are not read")

    def _alternative(self) -> Vector:
        """Compact sequence, or another vector in a wrapper."""
        info, state, attributes = self.value(), self.value(), self.value()
        (name, *_) = info.values() if isinstance(info, dict) else info
        if str(name).startswith("compact"):
            length, first, step = (int(number) for number in state)
            found = Vector(range(first, first + length * step, step))
        else:
            found = Vector(state[0] if isinstance(state, list) else next(iter(state.values())))
        found.attributes = attributes or {}
        return found
