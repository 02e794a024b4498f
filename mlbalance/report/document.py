"""Documents: sections of paragraphs, lists, tables, formulas and figures, as frozen values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = [
    "Block",
    "Cell",
    "Code",
    "Document",
    "Figure",
    "Formula",
    "Inline",
    "Items",
    "Listing",
    "Math",
    "Paragraph",
    "Section",
    "Strong",
    "Table",
    "content",
    "items",
    "paragraph",
]


@dataclass(frozen=True)
class Math:
    """Mathematics within a sentence."""

    text: str
    """As on a terminal: `c_k^2 = n_k/m - 1`. It is never broken across lines."""
    latex: str = ""
    """The same in LaTeX, without dollar signs; `text` if not given."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "latex", self.latex or self.text)


@dataclass(frozen=True)
class Code:
    """Code, a command or a name within a sentence; it may be broken at its spaces."""

    text: str


@dataclass(frozen=True)
class Strong:
    """Emphasised words."""

    text: str


Inline = str | Math | Code | Strong
"""A part of a sentence; a no-break space in a string keeps its words together."""


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    content: tuple[Inline, ...]


@dataclass(frozen=True)
class Items:
    """A list of paragraphs, numbered from 1 or with bullets."""

    entries: tuple[Paragraph, ...]
    numbered: bool = False


@dataclass(frozen=True)
class Listing:
    """Lines that are shown as they are: code, or what a command prints."""

    text: str


Cell = Inline | Paragraph
"""A cell of a table; `content` gives its parts."""


@dataclass(frozen=True)
class Table:
    """Rows of cells: names in the first column, by default numbers in the others.

    Raises `ValueError` for rows of different lengths, and for an unknown kind of column.
    """

    rows: tuple[tuple[Cell, ...], ...]
    head: tuple[Cell, ...] = ()
    """Names of the columns; none where the sentence before the table explains them."""
    caption: str = ""
    columns: str = ""
    """A letter per column: `l` left-aligned, `r` right-aligned, `p` sentences, which are broken
    into lines where the format can do so."""
    shares: tuple[tuple[float, ...], ...] = ()
    """Numbers from 0 to 1 by which HTML shades the last cells of each row, if any."""

    def __post_init__(self) -> None:
        widths = {len(row) for row in (*self.rows, *([self.head] if self.head else []))}
        widths |= {len(self.columns)} if self.columns else set()
        if len(widths) > 1:
            raise ValueError(f"Rows of a table have one length; these have {sorted(widths)}.")
        if unknown := set(self.columns) - set("lrp"):
            raise ValueError(f"A column of a table is l, r or p; {sorted(unknown)} were given.")
        if not self.columns and widths:
            object.__setattr__(self, "columns", "l" + "r" * (widths.pop() - 1))


@dataclass(frozen=True)
class Formula:
    """A displayed formula."""

    math: Math


@dataclass(frozen=True)
class Figure:
    """An image by its path, with a caption."""

    path: str
    caption: str
    alternative: str = ""
    """The picture in words, for those who do not see it; `caption` if not given."""
    svg: str = ""
    """An `<svg>` element that HTML holds instead of the image, as `report.svg` draws it."""
    text: str = ""
    """Lines that a terminal shows instead of the image, as `report.strips` draws them."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "alternative", self.alternative or self.caption)


@dataclass(frozen=True)
class Section:
    """A heading and its blocks; without a heading it only groups them."""

    heading: str
    blocks: tuple[Block, ...]
    lead: bool = False
    """Whether it is what to read if nothing else is, which HTML sets off."""


Block = Paragraph | Items | Listing | Table | Formula | Figure | Section
"""A part of a section."""


@dataclass(frozen=True)
class Document:
    """A title, which the terminal renderer leaves out, and sections."""

    title: str
    sections: tuple[Section, ...]


def paragraph(*content: Inline) -> Paragraph:
    """A paragraph of these parts; empty strings are left out."""
    return Paragraph(tuple(piece for piece in content if piece != ""))


def content(cell: Cell) -> tuple[Inline, ...]:
    """Parts of a cell of a table."""
    return cell.content if isinstance(cell, Paragraph) else (cell,)


def items(entries: Iterable[Paragraph], *, numbered: bool = False) -> Items:
    """A list with these paragraphs as entries."""
    return Items(tuple(entries), numbered)
