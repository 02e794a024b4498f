"""LaTeX fragments, to be compiled with amsmath, booktabs and graphicx."""

from __future__ import annotations

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
}


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
    return "".join(_SPECIAL.get(character, character) for character in words)


def inline(content: tuple[Inline, ...]) -> str:
    """A sentence in LaTeX, mathematics between dollar signs."""
    return "".join(_piece(piece) for piece in content)


def _piece(piece: Inline) -> str:
    match piece:
        case Math(_, latex):
            return f"${latex}$"
        case Code(text):
            return f"\\texttt{{{escape(text)}}}"
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
    rows = [" & ".join(map(escape, row)) + r" \\" for row in table.rows]
    head = [" & ".join(map(escape, table.head)) + r" \\", r"\midrule"] if table.head else []
    columns = len((table.head, *table.rows)[0 if table.head else 1]) if table.rows else 1
    lines = [r"\toprule", *head, *rows, r"\bottomrule"]
    body = _environment("tabular", lines, f"{{l{'r' * (columns - 1)}}}")
    if not table.caption:
        return _environment("center", [body])
    return _environment("table", [r"\centering", body, rf"\caption{{{escape(table.caption)}}}"])
