"""LaTeX fragments, to be compiled with amsmath, booktabs, graphicx, array and longtable."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import sqrt

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

_LEVELS = ("section", "subsection", "subsubsection", "paragraph")
_SPECIAL = {character: f"\\{character}" for character in "_%&#${}"} | {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "\xa0": "~",
    "±": r"$\pm$",
    "×": r"$\times$",
    "µ": r"$\mu$",
    "[": "{[}",  # after the end of a row it would be an option
}


_BREAK = re.compile(r"(?<=[./:])(?=\w)|(?<=\\_)")
_BREAKABLE = r"\\allowbreak{}"
_LINE = 90  # characters, about, of a line of a page


def render(document: Document, *, level: int = 0) -> str:
    """A LaTeX fragment without preamble.

    Parameters
    ----------
    document : Document
    level : int
        Level of the title, 0 for a section to 3 for a paragraph; sections are below it.
    """
    lines = [f"\\{_LEVELS[level]}{{{escape(document.title)}}}"] if document.title else []
    for section in document.sections:
        lines += _section(section, level + bool(document.title))
    return "\n\n".join(lines) + "\n"


def escape(words: str) -> str:
    """Text with the special characters of LaTeX escaped."""
    escaped = "".join(_SPECIAL.get(character, character) for character in words)
    return escaped.replace("--", "-{}-")  # two hyphens are no dash


def inline(content: tuple[Inline, ...]) -> str:
    """A sentence in LaTeX, mathematics between dollar signs."""
    return "".join(_piece(piece) for piece in content)


def _piece(piece: Inline) -> str:
    match piece:
        case Math(_, latex):
            return f"${latex}$"
        case Code(text):
            return f"\\texttt{{{_BREAK.sub(_BREAKABLE, escape(text))}}}"
        case Strong(text):
            return f"\\textbf{{{escape(text)}}}"
    return escape(piece)


def _section(section: Section, level: int) -> Iterator[str]:
    if section.heading:
        yield f"\\{_LEVELS[min(level, len(_LEVELS) - 1)]}{{{escape(section.heading)}}}"
    for block in section.blocks:
        yield from _block(block, level + bool(section.heading))


def _block(block: Block, level: int) -> Iterator[str]:
    match block:
        case Section():
            yield from _section(block, level)
        case Paragraph(content):
            yield inline(content)
        case Items(entries, numbered):
            rows = [f"  \\item {inline(entry.content)}" for entry in entries]
            yield _environment("enumerate" if numbered else "itemize", rows)
        case Listing(text):
            lines = (rf"\mbox{{}}{escape(line).replace(' ', '~')}" for line in text.splitlines())
            yield _environment("flushleft", [r"\ttfamily", "\\\\\n".join(lines)])
        case Table():
            yield _table(block)
        case Formula(math):
            yield _environment("equation*", [math.latex])
        case Figure(path, caption):
            rows = [
                rf"\includegraphics[width=\linewidth]{{{path}}}",
                rf"\caption{{{escape(caption)}}}",
            ]
            yield _environment("figure", rows)


def _environment(name: str, lines: list[str], options: str = "") -> str:
    return "\n".join([f"\\begin{{{name}}}{options}", *lines, f"\\end{{{name}}}"])


def _table(table: Table) -> str:
    """A table of sentences may go over several pages, another one is in one piece."""
    head = [_row(table.head), r"\midrule"] if table.head else []
    rows = [_row(row) for row in table.rows]
    columns = f"{{{_columns(table)}}}"
    caption = rf"\caption{{{escape(table.caption)}}}"
    if "p" in table.columns:
        above = [caption + r" \\"] if table.caption else []
        top = [r"\toprule", *head, r"\endhead", r"\bottomrule", r"\endfoot"]
        return _environment("longtable", [*above, *top, *rows], columns)
    body = _environment("tabular", [r"\toprule", *head, *rows, r"\bottomrule"], columns)
    if not table.caption:
        return _environment("center", [body])
    return _environment("table", [r"\centering", body, caption])


def _row(row: tuple[Cell, ...]) -> str:
    return " & ".join(inline(content(cell)) for cell in row) + r" \\"


def _columns(table: Table) -> str:
    """The columns in LaTeX; those of sentences share what the others leave of the line."""
    rows = [*([table.head] if table.head else []), *table.rows]
    words = [[len(_words(cell)) for cell in column] for column in zip(*rows, strict=True)]
    told = list(zip(table.columns, words, strict=True))
    others = sum(max(lengths) for letter, lengths in told if letter != "p")
    left = max(1 - (others + 2 * len(told)) / _LINE, 0.3)
    roots = sum(sqrt(sum(lengths)) for letter, lengths in told if letter == "p")
    return "".join(
        rf">{{\raggedright\arraybackslash}}p{{{left * sqrt(sum(lengths)) / roots:.3f}\linewidth}}"
        if letter == "p"
        else letter
        for letter, lengths in told
    )


def _words(cell: Cell) -> str:
    return "".join(piece if isinstance(piece, str) else piece.text for piece in content(cell))
