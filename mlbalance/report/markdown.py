"""Markdown with mathematics in dollar signs, as code hosts and documentation builders read it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlbalance.report.document import (
    Block,
    Code,
    Document,
    Figure,
    Formula,
    Inline,
    Items,
    Math,
    Paragraph,
    Section,
    Strong,
    Table,
)

__all__ = ["render"]

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#])")


def render(document: Document, *, level: int = 1) -> str:
    """A Markdown text.

    Parameters
    ----------
    document : Document
    level : int
        Heading level of the title; headings of sections are below it.
    """
    blocks = [f"{'#' * level} {escape(document.title)}"] if document.title else []
    below = level + bool(document.title)
    for section in document.sections:
        blocks += _section(section, below)
    return "\n\n".join(blocks) + "\n"


def escape(words: str) -> str:
    """Text with the special characters of Markdown escaped."""
    return _SPECIAL.sub(r"\\\1", words)


def inline(content: tuple[Inline, ...]) -> str:
    """A sentence in Markdown, mathematics between dollar signs and code in backquotes."""
    return "".join(_piece(piece) for piece in content)


def _piece(piece: Inline) -> str:
    match piece:
        case Math(_, latex):
            return f"${latex}$"
        case Code(text):
            return f"`{text}`"
        case Strong(text):
            return f"**{escape(text)}**"
    return escape(piece)


def _section(section: Section, level: int) -> Iterator[str]:
    if section.heading:
        yield f"{'#' * level} {escape(section.heading)}"
    for block in section.blocks:
        yield from _block(block, level + bool(section.heading))


def _block(block: Block, level: int) -> Iterator[str]:
    match block:
        case Section():
            yield from _section(block, level)
        case Paragraph(content):
            yield inline(content)
        case Items(entries, numbered):
            marks = (f"{i}." if numbered else "-" for i in range(1, len(entries) + 1))
            yield "\n".join(
                f"{mark} {inline(entry.content)}"
                for mark, entry in zip(marks, entries, strict=True)
            )
        case Table():
            yield from _table(block)
        case Formula(math):
            yield f"$$\n{math.latex}\n$$"
        case Figure(path, caption):
            yield f"![{escape(caption)}]({path})"


def _table(table: Table) -> Iterator[str]:
    columns = len(table.head or table.rows[0]) if table.head or table.rows else 0
    head = table.head or ("",) * columns
    rule = ("---", *("---:",) * (columns - 1))
    rows = (head, rule, *table.rows)
    cells = (row if row is rule else tuple(map(escape, row)) for row in rows)
    yield "\n".join("| " + " | ".join(row) + " |" for row in cells)
    if table.caption:
        yield f"*{escape(table.caption)}*"
