"""Plain text for a terminal: headings in the left margin, wrapped paragraphs beside them."""

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
    Listing,
    Math,
    Paragraph,
    Section,
    Strong,
    Table,
    content,
)

__all__ = ["render"]

_GAP = 2  # columns between the columns of a table, at least
_NO_BREAK = "\xa0"


def render(document: Document, width: int, *, margin: int = 8) -> str:
    """Plain text of at most `width` columns, without the title.

    Sections of the document are separated by empty lines, those within sections are not. A table
    cell or a word that is wider than the page is not broken.

    Parameters
    ----------
    document : Document
    width : int
        Columns of the page, margin included.
    margin : int
        Columns of the left margin, in which headings stand.
    """
    parts = [list(_section(part, width, margin)) for part in document.sections]
    lines = [line for lines in parts for line in (*lines, "")][:-1]
    return "\n".join(line.replace(_NO_BREAK, " ").rstrip() for line in lines)


def inline(content: tuple[Inline, ...]) -> str:
    """A sentence in one line, with no-break spaces in mathematics."""
    return "".join(_piece(piece) for piece in content)


def _piece(piece: Inline) -> str:
    match piece:
        case Math(text):
            return text.replace(" ", _NO_BREAK)
        case Code(text) | Strong(text):
            return text
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
            yield from _wrap(inline(content), width, indent, indent)
        case Items(entries, numbered):
            for number, entry in enumerate(entries, start=1):
                mark = f"{number}. " if numbered else "- "
                rest = indent + " " * len(mark)
                yield from _wrap(inline(entry.content), width, indent + mark, rest)
        case Listing(text):
            yield from (indent + line for line in text.splitlines())
        case Table():
            yield from (indent + line for line in _table(block, width - margin))
        case Formula(math):
            yield from _wrap(math.text, width, indent + "  ", indent + "    ")
        case Figure(path, caption, text=drawn):
            yield from _wrap(caption if drawn else f"[{path}] {caption}", width, indent, indent)
            yield from (indent + line for line in drawn.splitlines())


def _wrap(words: str, width: int, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        words, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
    )


def _table(table: Table, width: int) -> Iterator[str]:
    """Lines of a table, whose columns are as wide as their widest cell.

    A table without a head is printed in two halves side by side if they fit. In one that is too
    wide the columns that do not fit follow below, with the first column repeated.
    """
    if table.caption:
        yield from _wrap(table.caption, width, "", "")
    rows = [*([table.head] if table.head else []), *table.rows]
    if not rows:
        return
    words = [[inline(content(cell)) for cell in row] for row in rows]
    columns = zip(table.columns, zip(*words, strict=True), strict=True)
    first, *others = [_align(column, ">" if letter == "r" else "<") for letter, column in columns]
    while True:
        fits = _count_that_fit(others, width - len(first[0]))
        lines = [(" " * _GAP).join(cells) for cells in zip(first, *others[:fits], strict=True)]
        yield from lines if table.head else _fold(lines, width)
        others = others[fits:]
        if not others:
            return


def _align(column: tuple[str, ...], side: str) -> list[str]:
    """Cells of one width, aligned to the left (`<`) or to the right (`>`)."""
    width = max(map(len, column))
    return [f"{cell:{side}{width}}" for cell in column]


def _count_that_fit(columns: list[list[str]], width: int) -> int:
    """Number of columns that fit side by side in this width, at least one."""
    ends = accumulate(len(column[0]) + _GAP for column in columns)
    return max(1, sum(end <= width for end in ends))


def _fold(lines: list[str], width: int) -> Iterator[str]:
    """The second half beside the first if both fit, otherwise the lines as they are."""
    fits = len(lines) > 3 and 2 * len(lines[0]) + 2 * _GAP <= width
    height = -(-len(lines) // 2) if fits else len(lines)
    for row in range(height):
        yield (" " * 2 * _GAP).join(lines[row::height])
