"""Plain text for a terminal: headings in the margin, paragraphs wrapped to the right of them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from itertools import accumulate

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

_GAP = 2  # columns between the columns of a table, at least
_NO_BREAK = "\xa0"


def render(document: Document, width: int, *, margin: int = 8) -> str:
    """Text of at most `width` columns: headings stand in a margin of `margin` columns.

    Sections of the document are parted by empty lines, those inside them are not. A cell of a
    table or a word that is wider than the page is not broken.
    """
    parts = [list(_section(part, width, margin)) for part in document.sections]
    lines = [line for lines in parts for line in (*lines, "")][:-1]
    return "\n".join(line.replace(_NO_BREAK, " ").rstrip() for line in lines)


def inline(content: tuple[Inline, ...]) -> str:
    """A sentence in one line; what must not be broken has no-break spaces."""
    return "".join(_piece(piece) for piece in content)


def _piece(piece: Inline) -> str:
    match piece:
        case Math(shown):
            return shown.replace(" ", _NO_BREAK)
        case Code(shown) | Strong(shown):
            return shown
    return piece


def _section(section: Section, width: int, margin: int) -> Iterator[str]:
    lines = [line for block in section.blocks for line in _block(block, width, margin)]
    if section.heading and lines:
        lines[0] = f"{section.heading:{margin}}{lines[0][margin:]}"
    yield from lines


def _block(block: Block, width: int, margin: int) -> Iterator[str]:
    indent = " " * margin
    match block:
        case Section():
            yield from _section(block, width, margin)
        case Paragraph(content):
            yield from _wrapped(inline(content), width, indent, indent)
        case Items(entries, numbered):
            for number, entry in enumerate(entries, start=1):
                mark = f"{number}. " if numbered else "- "
                rest = indent + " " * len(mark)
                yield from _wrapped(inline(entry.content), width, indent + mark, rest)
        case Table():
            yield from (indent + line for line in _table(block, width - margin))
        case Formula(math):
            yield from _wrapped(math.text, width, indent + "  ", indent + "    ")
        case Figure(path, caption):
            yield from _wrapped(f"[{path}] {caption}", width, indent, indent)


def _wrapped(words: str, width: int, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        words, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
    )


def _table(table: Table, width: int) -> Iterator[str]:
    """Rows in columns as wide as their widest cell.

    A table of pairs is folded in two where the page has room; of one that is too wide the columns
    that do not fit follow below, with the names once more.
    """
    if table.caption:
        yield from _wrapped(table.caption, width, "", "")
    rows = [*([table.head] if table.head else []), *table.rows]
    if not rows:
        return
    names, *numbers = zip(*rows, strict=True)
    first = [f"{name:{max(map(len, names))}}" for name in names]
    others = [_to_the_right(column) for column in numbers]
    while True:
        fits = _fitting(others, width - len(first[0]))
        lines = ["".join(cells) for cells in zip(first, *others[:fits], strict=True)]
        yield from lines if table.head else _folded(lines, width)
        others = others[fits:]
        if not others:
            return


def _to_the_right(column: tuple[str, ...]) -> list[str]:
    """Cells of one width, with the gap before them."""
    width = max(map(len, column)) + _GAP
    return [f"{cell:>{width}}" for cell in column]


def _fitting(columns: list[list[str]], width: int) -> int:
    """How many of the columns stand side by side in this width; one at least."""
    ends = list(accumulate(len(column[0]) for column in columns))
    return max(1, sum(end <= width for end in ends))


def _folded(lines: list[str], width: int) -> Iterator[str]:
    """The second half beside the first, where both have room."""
    fits = len(lines) > 3 and 2 * len(lines[0]) + 2 * _GAP <= width
    height = -(-len(lines) // 2) if fits else len(lines)
    for row in range(height):
        yield (" " * 2 * _GAP).join(lines[row::height])
