"""Sources of the paper: the macros they use, and what is wrong with them without TeX."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
TOP = ("main.tex", "supplement.tex")
"""Files that are typeset, each by itself; labels are shared."""
_USE = re.compile(
    r"\\(val|stepmath|status|claimwith|claim|by|ref|label|mlfigure|mltable|mllongtable|verdict|citep|citet|citealp|citeauthor|input)\b"
    r"(?:\[[^\]]*\])*\{([^}]*)\}"
)
_COMMENT = re.compile(r"(?<!\\)%.*")


class Use(NamedTuple):
    """A macro of the paper with its first argument, and the line it stands in."""

    macro: str
    argument: str
    place: str


def texts() -> dict[str, str]:
    """The sources by file name: of the paper and of its supplement, in their order."""
    told = {name: (HERE / name).read_text("utf-8") for name in ("preamble.tex", *TOP)}
    names = [name for top in TOP for name in re.findall(r"\\input\{(sections/\w+)\}", told[top])]
    return told | {f"{name}.tex": (HERE / f"{name}.tex").read_text("utf-8") for name in names}


def uses(text: str, name: str = "") -> Iterator[Use]:
    """Macros of a source with their arguments; those of a list are one use each."""
    for number, line in enumerate(text.splitlines(), start=1):
        for macro, arguments in _USE.findall(_COMMENT.sub("", line)):
            for argument in arguments.split(","):
                if "#" in argument:  # in the definition of a macro
                    continue
                kind, what = (
                    macro.removeprefix("ml").removeprefix("long").removesuffix("with"),
                    argument.strip(),
                )
                if what.startswith("tables/"):
                    kind, what = "table", what.removeprefix("tables/")
                yield Use(kind, what, f"{name}, line {number}")


def problems(
    sources: Mapping[str, str], known: Mapping[str, Set[str]], *, must: Set[str] = frozenset()
) -> list[str]:
    """What is wrong with the sources, a line each.

    Parameters
    ----------
    sources
        Text by file name.
    known
        What the macros may name: `val`, `claim`, `figure`, `table`, `verdict` and `cite`.
    must
        Those of `known` of which everything has to be used.
    """
    found = [use for name, text in sources.items() for use in uses(text, name)]
    told = []
    for kind, allowed in known.items():
        macros = ("citep", "citet", "citealp", "citeauthor") if kind == "cite" else (kind,)
        mine = [use for use in found if use.macro in macros]
        told += [
            f"{use.place}: there is no {kind} {use.argument!r}."
            for use in mine
            if use.argument not in allowed
        ]
        if kind in must:
            unused = allowed - {use.argument for use in mine}
            told += [f"The {kind} {name!r} is not used." for name in sorted(unused)]
    labels = [use.argument for use in found if use.macro == "label"]
    labels += [f"fig:{use.argument}" for use in found if use.macro == "figure"]
    labels += [f"tab:{use.argument}" for use in found if use.macro == "table"]
    told += [f"The label {name!r} is there twice." for name in _repeated(labels)]
    told += [
        f"{use.place}: there is no label {use.argument!r}."
        for use in found
        if use.macro == "ref" and use.argument not in labels
    ]
    claimed = [use.argument for use in found if use.macro == "claim"]
    told += [f"{name!r} is stated twice." for name in _repeated(claimed)]
    return sorted(told)


def _repeated(names: list[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]


def cited(path: Path) -> frozenset[str]:
    """Keys of a BibTeX file."""
    return frozenset(re.findall(r"^@\w+\{([^,\s]+),", path.read_text("utf-8"), re.MULTILINE))
