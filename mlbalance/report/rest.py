"""reStructuredText, as Sphinx reads it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from textwrap import indent

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

__all__ = ["Links", "escape", "heading", "render"]

Links = Mapping[str, str]
"""Roles with their targets by the words that stand as code: `{"fit": "ref:fitting"}`."""

_SPECIAL = re.compile(r"([\\`*_|<>\[\]:])")
_MARK = re.compile(r"[^\w\\]|\w{1,8}[.)](\s|$)")
_RULES = "=-~^"
_INDENT = "   "


def render(
    document: Document, *, level: int = 1, deepest: int = 2, links: Links | None = None
) -> str:
    """A text in reStructuredText.

    Parameters
    ----------
    document : Document
    level : int
        Heading level of the title, 1 to 4; headings of sections are below it.
    deepest : int
        Level of the last headings that are such; those below stand in the margin, as the terms of a
        definition list.
    links : Links, optional
        What is a link wherever it stands as code.
    """
    return _Writer(deepest, links or {}).render(document, level)


def escape(words: str) -> str:
    """Text with all characters escaped that can be special within a line."""
    return _SPECIAL.sub(r"\\\1", words)


def heading(words: str, level: int = 1) -> str:
    """A heading; `words` are reStructuredText already."""
    return f"{words}\n{_RULES[level - 1] * max(len(words), 3)}"


@dataclass(frozen=True)
class _Writer:
    deepest: int
    links: Links = field(default_factory=dict)

    def render(self, document: Document, level: int) -> str:
        blocks = [heading(escape(document.title), level)] if document.title else []
        for section in document.sections:
            blocks += self.section(section, level + bool(document.title))
        return "\n\n".join(blocks) + "\n"

    def section(self, section: Section, level: int) -> Iterator[str]:
        below = (part for block in section.blocks for part in self.block(block, level + 1))
        if not section.heading:
            for block in section.blocks:
                yield from self.block(block, level)
        elif section.lead:
            yield _directive("admonition", escape(section.heading), {}, below)
        elif level <= self.deepest:
            yield heading(escape(section.heading), level)
            yield from below
        else:
            inner = "\n\n".join(below) or "\\ "
            yield f"{_line(escape(section.heading))}\n{indent(inner, _INDENT)}"

    def block(self, block: Block, level: int) -> Iterator[str]:
        match block:
            case Section():
                yield from self.section(block, level)
            case Paragraph(content):
                yield _line(self.inline(content))
            case Items(entries, numbered):
                mark = "#. " if numbered else "- "
                yield "\n".join(mark + _line(self.inline(each.content)) for each in entries)
            case Listing(text):
                yield _directive("code-block", "text", {}, [text])
            case Table():
                yield self.table(block)
            case Formula(math):
                yield _directive("math", "", {}, [math.latex])
            case Figure(path, caption, alternative):
                options = {"alt": escape(alternative)}
                yield _directive("figure", path, options, [_line(escape(caption))])

    def table(self, table: Table) -> str:
        kind = "".join(f" {letter}{n}" for n, letter in enumerate(table.columns, 1))
        options = {"widths": "auto", "class": f"told{kind}"}
        if table.head:
            options["header-rows"] = "1"
        rows = [table.head, *table.rows] if table.head else table.rows
        lines = ["\n".join(map(self.cell, row)) for row in rows]
        lines = [f"* {indent(line, '  ')[2:]}" for line in lines]
        return _directive("list-table", escape(table.caption), options, ["\n".join(lines)])

    def cell(self, cell: Cell) -> str:
        return f"- {_line(self.inline(content(cell)))}".rstrip()

    def inline(self, content: Iterable[Inline]) -> str:
        """Parts of a sentence; an escaped space, which vanishes, lets markup stand beside words."""
        return "".join(
            escape(piece) if isinstance(piece, str) else rf"\ {self.markup(piece)}\ "
            for piece in content
        )

    def markup(self, piece: Math | Code | Strong) -> str:
        match piece:
            case Math(_, latex):
                return f":math:`{latex}`"
            case Code(text) if text in self.links:
                role, _, target = self.links[text].rpartition(":")
                return f":{role}:`{text} <{target}>`"
            case Code(text):
                escaped = text.replace("\\", "\\\\").replace("`", "\\`")
                return f":code:`{escaped}`"
            case Strong(text):
                return f"**{escape(text)}**"


def _line(words: str) -> str:
    """A line that begins no list, title or directive."""
    return rf"\ {words}" if _MARK.match(words) else words


def _directive(name: str, argument: str, options: Mapping[str, str], body: Iterable[str]) -> str:
    head = [f".. {name}:: {argument}".rstrip()]
    head += [f"{_INDENT}:{key}: {value}" for key, value in options.items()]
    return "\n".join(head) + "\n\n" + indent("\n\n".join(body), _INDENT)
