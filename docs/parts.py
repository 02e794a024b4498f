"""Generated parts of the pages by name, as the directive `generated` calls them."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from docs import api, names, readme, studies, tables, theory
from mlbalance import claims
from mlbalance.advise.situations import situations_table
from mlbalance.documents import guide
from mlbalance.report import Code, Document, Figure, Section, Table, paragraph, rest

__all__ = ["LINKS", "PARTS", "answer", "rendered"]


def _links() -> dict[str, str]:
    found = {label: f"ref:claim-{label}" for label in claims.CLAIMS}
    found |= {name: f"ref:study-{name}" for name in studies.NAMES if name not in found}
    for module in api.MODULES:
        found[module] = f"ref:module-{module}"
        for name in api.public(module):
            found[f"{module}:{name}"] = f"py:obj:{module}.{name}"
    return found


LINKS: rest.Links = _links()
"""Claims, studies and public names, by what stands for them as code."""


def _named() -> dict[str, str]:
    """Claims and studies first, then the short names that two things do not share."""
    places: dict[str, list[str]] = {}
    for place, target in LINKS.items():
        for name in {place.partition(":")[2], place.replace(":", ".")} - {""}:
            places.setdefault(name, []).append(target)
    alone = {name: found[0] for name, found in places.items() if len(found) == 1}
    return {**alone, **LINKS}


NAMED: rest.Links = _named()
"""The same by short names too, as far as they are names of one thing."""


def answer(*arguments: str) -> str:
    """What the command `mlbalance` prints."""
    from mlbalance.cli import main

    with contextlib.redirect_stdout(io.StringIO()) as out:
        main(list(arguments))
    return out.getvalue().rstrip()


def study_table() -> Document:
    """Every study with its aim and verdict."""
    rows = tuple(
        (
            Code(name),
            paragraph(studies.study_of(name).aim),
            studies.verdict_lines().get(name, {"verdict": "not judged"})["verdict"],
        )
        for name in studies.NAMES
    )
    return _document(Table(rows, ("study", "aim", "verdict"), columns="lpl"))


def module_table() -> Document:
    """Every module of the API with what it is for."""
    rows = tuple((Code(name), words) for name, words in api.MODULES.items())
    return _document(Table(rows, ("module", "holds"), columns="ll"))


def _document(*blocks: Any) -> Document:
    return Document("", (Section("", blocks),))


PARTS: Mapping[str, Callable[[], Document]] = {
    **readme.BLOCKS,
    **tables.TABLES,
    "study-table": study_table,
    "module-table": module_table,
    "guide": guide,
    "situations": situations_table,
    "names": names.document,
}
"""Documents by name; those of the README and the tables among them."""


def rendered(name: str) -> str:
    """A part in reStructuredText: a document of `PARTS`, or the claims of a module."""
    if name == "conditions":
        return theory.conditions(LINKS)
    if name in theory.CHAPTERS:
        return theory.chapter(name, LINKS)
    return rest.render(_with_figures(PARTS[name]()), level=2, links=LINKS)


def _with_figures(told: Any) -> Any:
    """The same with the addresses that figures have on the site."""
    if isinstance(told, Figure):
        return replace(told, path=f"/figures/{Path(told.path).name}")
    if isinstance(told, tuple):
        return tuple(map(_with_figures, told))
    if is_dataclass(told) and not isinstance(told, type):
        return replace(told, **{f.name: _with_figures(getattr(told, f.name)) for f in fields(told)})
    return told
