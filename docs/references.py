"""The bibliography as a page: every entry of `references.bib`, with the claims that cite it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

from mlbalance import claims
from mlbalance.report import rest

__all__ = ["bibliography", "link", "page"]

_ENTRY = re.compile(r"^@\w+\{([^,\s]+),\n(.*?)^\}$", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"(\w+) = \{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}")
_ACCENTS = {
    "v": "\u030c",
    "c": "\u0327",
    "u": "\u0306",
    "r": "\u030a",
    "=": "\u0304",
    ".": "\u0307",
} | {
    '"': "\u0308",
    "'": "\u0301",
    "`": "\u0300",
    "H": "\u030b",
    "^": "\u0302",
    "~": "\u0303",
}


@cache
def bibliography() -> Mapping[str, dict[str, str]]:
    """Fields of every entry by its key, in plain text."""
    text = files("mlbalance").joinpath("references.bib").read_text("utf-8")
    return {
        key: {name: _plain(value) for name, value in _FIELD.findall(body)}
        for key, body in _ENTRY.findall(text)
    }


def link(key: str) -> str:
    """A link to an entry, by family names and year."""
    entry = bibliography()[key]
    families = [each.partition(",")[0].strip() for each in entry["author"].split(" and ")]
    named = " and ".join(families) if len(families) < 3 else f"{families[0]} et al."
    return f":ref:`{rest.escape(named)} {entry.get('year', '')} <ref-{key}>`"


def page() -> str:
    """The page in reStructuredText; the address of an entry is `ref-KEY`."""
    lines = [".. _references:", "", rest.heading("References"), ""]
    for key, entry in sorted(bibliography().items()):
        lines += [f".. _ref-{key}:", "", f"{_told(entry)}{''.join(_cited(key))}", ""]
    return "\n".join(lines)


def _told(entry: Mapping[str, str]) -> str:
    authors = [_name(each) for each in entry["author"].split(" and ")]
    where = [entry[f] for f in ("journal", "booktitle", "institution", "publisher") if f in entry]
    number = entry.get("volume", "") + (f"({entry['number']})" if "number" in entry else "")
    if "pages" in entry:
        number += f":{entry['pages']}"
    told = [*where, number, entry.get("note", "")]
    tail = ", ".join(rest.escape(words) for words in told if words)
    title = rest.escape(entry["title"]).rstrip(".")
    return (
        f"{rest.escape(', '.join(authors))} ({entry.get('year', 'no year')}). {title}. "
        f"{tail}{'.' * bool(tail)}"
    )


def _cited(key: str) -> Iterator[str]:
    labels = [claim.label for claim in claims.CLAIMS.values() if key in claim.cites]
    if labels:
        yield f" Cited by {', '.join(f':ref:`{label} <claim-{label}>`' for label in labels)}."


def _name(words: str) -> str:
    """A name as it is spoken: the family name stands first in the file."""
    family, _, given = (part.strip() for part in words.partition(","))
    return f"{given} {family}".strip()


def _plain(words: str) -> str:
    """Text of a BibTeX field, accents as letters."""
    words = re.sub(
        r"\{?\\([\"'`^~=.]|[Hvcur](?![A-Za-z]))\s*\{?(\w)\}?\}?",
        lambda m: unicodedata.normalize("NFC", m[2] + _ACCENTS[m[1]]),
        words,
    )
    words = words.replace(r"{\ae}", "æ").replace("--", "–")
    return " ".join(re.sub(r"[{}]", "", words).replace(r"\&", "&").replace(r"\_", "_").split())
