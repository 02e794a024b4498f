"""Markdown, as code hosts and documentation builders read it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from mlbalance.report.document import (
    Block,
    Cell,
    Code,
    Document,
    Figure,
    Formula,
    Inline,
    Items,
    Listing,
    Math,
    Paragraph,
    Section,
    Strong,
    Table,
    content,
)

__all__ = ["render"]

_SPECIAL = re.compile(r"([\\`*\[\]]|<(?=[\w/!?])|(?<![^\W_])_|_(?![^\W_]))")
_MARK = re.compile(r"^(\d*)([-+=#]+(?=\s|$)|>|(?<=\d)[.)](?=\s|$))")


def render(
    document: Document, *, level: int = 1, width: int | None = None, dollars: bool = True
) -> str:
    """A Markdown text.

    Parameters
    ----------
    document : Document
    level : int
        Heading level of the title; headings of sections are below it.
    width : int, optional
        Columns at which paragraphs are wrapped; they are one line each if not given.
    dollars : bool
        Whether mathematics is LaTeX between dollar signs, or as on a terminal, for readers to
        which a dollar sign is a dollar sign.
    """
    return _Writer(width, dollars).render(document, level)


def escape(words: str) -> str:
    """Text with the special characters of Markdown escaped.

    Not those that are special at the beginning of a line or in a table alone.
    """
    return _SPECIAL.sub(r"\\\1", words)


@dataclass(frozen=True)
class _Writer:
    width: int | None
    dollars: bool

    def render(self, document: Document, level: int) -> str:
        blocks = [f"{'#' * level} {escape(document.title)}"] if document.title else []
        for section in document.sections:
            blocks += self.section(section, level + bool(document.title))
        return "\n\n".join(blocks) + "\n"

    def section(self, section: Section, level: int) -> Iterator[str]:
        if section.heading:
            yield f"{'#' * level} {escape(section.heading)}"
        for block in section.blocks:
            yield from self.block(block, level + bool(section.heading))

    def block(self, block: Block, level: int) -> Iterator[str]:
        match block:
            case Section():
                yield from self.section(block, level)
            case Paragraph(content):
                yield self.wrap(self.inline(content))
            case Items(entries, numbered):
                marks = (f"{i}." if numbered else "-" for i in range(1, len(entries) + 1))
                yield "\n".join(
                    self.wrap(self.inline(entry.content), f"{mark} ")
                    for mark, entry in zip(marks, entries, strict=True)
                )
            case Listing(text):
                fence = _fence(text, 3)
                yield f"{fence}\n{text}\n{fence}"
            case Table():
                yield from self.table(block)
            case Formula(math):
                yield f"$$\n{math.latex}\n$$" if self.dollars else f"    {math.text}"
            case Figure(path, caption, alternative):
                yield f"![{escape(alternative)}]({path})"
                yield self.wrap(f"*{escape(caption)}*")

    def table(self, table: Table) -> Iterator[str]:
        head = table.head or ("",) * len(table.columns)
        rule = ("---:" if letter == "r" else "---" for letter in table.columns)
        lines = (rule, *(map(self.cell, row) for row in table.rows))
        yield "\n".join(f"| {' | '.join(cells)} |" for cells in (map(self.cell, head), *lines))
        if table.caption:
            yield self.wrap(f"*{escape(table.caption)}*")

    def cell(self, cell: Cell) -> str:
        """A cell without a bar that would end it; a formula on its own is code at least."""
        if isinstance(cell, Math) and not self.dollars:
            cell = Code(cell.text)
        return re.sub(r"(?<!\\)\|", r"\|", self.inline(content(cell)))

    def inline(self, content: tuple[Inline, ...]) -> str:
        return "".join(map(self.piece, content))

    def piece(self, piece: Inline) -> str:
        match piece:
            case Math(text, latex):
                return f"${latex}$" if self.dollars else escape(text)
            case Code(text):
                fence = _fence(text, 1)
                return f"{fence} {text} {fence}" if "`" in text else f"`{text}`"
            case Strong(text):
                return f"**{escape(text)}**"
        return escape(piece)

    def wrap(self, words: str, mark: str = "") -> str:
        """Lines of a paragraph behind a mark of a list; no other line begins like one."""
        lines = [words]
        if self.width:
            lines = textwrap.wrap(
                words, self.width - len(mark), break_long_words=False, break_on_hyphens=False
            )
        lines = [_MARK.sub(r"\1\\\2", line) for line in lines]
        return mark + f"\n{' ' * len(mark)}".join(lines)


def _fence(text: str, least: int) -> str:
    """More backquotes than stand together in the text."""
    return "`" * max(least, *(len(run) + 1 for run in re.findall("`+", text)), 1)
