"""Citations in BibTeX: of the package, of a labelled result, of a study, and of a method's origin.

All entries are in `references.bib`, which the paper uses too; claims and methods name theirs by key
in an attribute `cites`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from mlbalance import __version__
from mlbalance.inputs import InputError

__all__ = ["Citation", "bibliography", "cite"]

_OURS = "mlbalance"


class Citation(NamedTuple):
    """What to cite for one name."""

    entries: tuple[str, ...]
    """Entries in BibTeX: the package, with what is used of it in its note, then the origins."""
    unknown: tuple[str, ...] = ()
    """Methods of which no origin is recorded."""


@cache
def bibliography() -> Mapping[str, str]:
    """Entries of `references.bib`.

    Returns
    -------
    Mapping[str, str]
        Text of each entry by its key, in the order of the file.
    """
    text = files("mlbalance").joinpath("references.bib").read_text("utf-8")
    found = re.findall(r"^@\w+\{([^,\s]+),.*?^\}$", text, re.MULTILINE | re.DOTALL)
    whole = re.findall(r"^@\w+\{.*?^\}$", text, re.MULTILINE | re.DOTALL)
    return MappingProxyType(dict(zip(found, whole, strict=True)))


def cite(name: str | None = None) -> Citation:
    """What to cite.

    Parameters
    ----------
    name
        Label of a claim, id of a method of `methods` or `compare`, or name of a study; the package
        alone if not given. A name of several kinds is cited as all of them.

    Returns
    -------
    Citation

    Raises
    ------
    InputError
        For an unknown name; the message has the close ones.
    """
    if name is None:
        return Citation((_package(),))
    from mlbalance import claims

    methods, studies = _methods(), _studies()
    what: list[str] = []
    keys: list[str] = []
    if name in claims.CLAIMS:
        what.append(rf"result \texttt{{{name}}}")
        keys += claims.get(name).cites
    if name in studies:
        what.append(rf"study \texttt{{{name}}}")
    if name in methods:
        keys += methods[name]
    elif not what:
        raise InputError(_refusal(name, {*claims.CLAIMS, *studies, *methods}))
    entries = bibliography()
    own = _package(name if what else "", [word.replace("_", r"\_") for word in what])
    found = tuple(entries[key] for key in dict.fromkeys(keys))
    return Citation((own, *found), () if what or found else (name,))


def _package(name: str = "", what: Iterable[str] = ()) -> str:
    """Entry of the package, with what is used of it in the note."""
    entry = bibliography()[_OURS]
    if not name:
        return entry
    told = ", ".join([f"Version {__version__}", *what])
    return entry.replace(f"{{{_OURS},", f"{{{_OURS}:{name},", 1).replace(
        f"{{Version {__version__}}}", f"{{{told}}}", 1
    )


def _studies() -> set[str]:
    """Studies that claims name, and all of a checkout."""
    from mlbalance import claims, workspace

    named = {Path(claim.observed).stem for claim in claims.CLAIMS.values() if claim.observed}
    try:
        return named | set(workspace.names())
    except workspace.CheckoutError:
        return named


def _methods() -> Mapping[str, tuple[str, ...]]:
    """Keys of the origins by method; those of comparisons only where scikit-learn is installed."""
    from mlbalance.methods import AUTO, METHODS

    own = {each.id: each.cites for each in (*METHODS.values(), AUTO)}
    if not _compares():
        return own
    from mlbalance.compare.candidates import origins

    return {**origins(), **own}


def _refusal(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, sorted(known), cutoff=0.6)
    hint = (
        f"Did you mean {' or '.join(close)}?"
        if close
        else "mlbalance derive lists the labels of results."
    )
    if not _compares():
        hint += " Methods of compare are known where scikit-learn is installed."
    return f"No result, method or study is called {name!r}. {hint}"


def _compares() -> bool:
    return find_spec("sklearn") is not None
