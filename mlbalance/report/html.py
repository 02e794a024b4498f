"""HTML: a fragment, or a self-contained page without scripts or network access."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

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
from mlbalance.report.mathml import UnknownCommandError, mathml

__all__ = ["page", "render"]

_STYLE = """
:root { color-scheme: light dark; --line: #8886; --back: #2f7fc11c; }
* { box-sizing: border-box; }
body { font: 1rem/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; margin: 0 auto;
  max-width: 50rem; padding: 1rem 1rem 3rem; overflow-wrap: break-word; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 1rem 0; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; }
.lead { background: var(--back); border-left: 4px solid #2f7fc1; padding: .6rem 1.2rem; }
.lead h2 { font-size: 1rem; margin: 0; }
.lead p { font-size: 1.1rem; margin: .4rem 0; }
.wide { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; min-width: min(100%, 30rem); font-size: .92rem;
  font-variant-numeric: tabular-nums; }
caption, figcaption { text-align: left; font-size: .92rem; padding: .3rem 0; opacity: .85; }
th, td { padding: .2rem .4rem; text-align: right; vertical-align: top; white-space: nowrap; }
th:first-child, td:first-child { padding-left: 0; }
td { border-top: 1px solid var(--line); }
.words { text-align: left; white-space: normal; }
.math { font-family: "STIX Two Math", "Cambria Math", serif; font-style: italic; }
.formula { margin: 1rem 0; overflow-x: auto; }
img { max-width: 100%; }
svg { display: block; max-width: 100%; height: auto; }
.lead, pre, td { print-color-adjust: exact; }
figure { margin: 1rem 0; }
code, pre { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .88em; }
pre { background: var(--back); padding: .7rem 1rem; white-space: pre-wrap; }
@media (max-width: 32rem) {
  table { font-size: .74rem; }
  th, td { padding: .2rem; }
}
@media print {
  body { font-size: 10pt; max-width: none; padding: 0; }
  h1, h2, h3, caption { break-after: avoid; }
  figure, pre, tr, li, .lead { break-inside: avoid; }
  .short { break-inside: avoid; }
  .wide { overflow: visible; }
  thead { display: table-header-group; }
}
"""

_SHORT = 20
"""Rows of a table that is kept on one page of paper."""


def page(document: Document) -> str:
    """A self-contained page with the document."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(document.title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{render(document)}</main>\n</body>\n</html>\n"
    )


def render(document: Document, *, level: int = 1) -> str:
    """An HTML fragment, all text in it escaped.

    Parameters
    ----------
    document : Document
    level : int
        Heading level of the title, 1 to 6; headings of sections are below it.
    """
    lines = [f"<h{level}>{escape(document.title)}</h{level}>"] if document.title else []
    for section in document.sections:
        lines += _section(section, level + bool(document.title))
    return "\n".join(lines) + "\n"


def inline(content: tuple[Inline, ...]) -> str:
    """A sentence in HTML."""
    return "".join(_piece(piece) for piece in content)


def _piece(piece: Inline) -> str:
    match piece:
        case Math(text, latex):
            return _math(text, latex)
        case Code(text):
            return f"<code>{escape(text)}</code>"
        case Strong(text):
            return f"<strong>{escape(text)}</strong>"
    return escape(piece)


def _math(text: str, latex: str, *, display: bool = False) -> str:
    """MathML; as text where a command is not known."""
    try:
        return mathml(latex, display=display)
    except UnknownCommandError:
        return f'<span class="math">{escape(text)}</span>'


def _section(section: Section, level: int) -> Iterator[str]:
    yield '<section class="lead">' if section.lead else "<section>"
    if section.heading:
        yield f"<h{min(level, 6)}>{escape(section.heading)}</h{min(level, 6)}>"
    for block in section.blocks:
        yield from _block(block, level + bool(section.heading))
    yield "</section>"


def _block(block: Block, level: int) -> Iterator[str]:
    match block:
        case Section():
            yield from _section(block, level)
        case Paragraph(content):
            yield f"<p>{inline(content)}</p>"
        case Items(entries, numbered):
            tag = "ol" if numbered else "ul"
            entries_ = (f"<li>{inline(entry.content)}</li>" for entry in entries)
            yield f"<{tag}>{''.join(entries_)}</{tag}>"
        case Listing(text):
            yield f"<pre>{escape(text)}</pre>"
        case Table():
            yield from _table(block)
        case Formula(math):
            yield f'<div class="formula">{_math(math.text, math.latex, display=True)}</div>'
        case Figure(path, caption, alternative, svg):
            image = svg or f'<img src="{escape(path)}" alt="{escape(alternative)}">'
            yield f"<figure>{image}<figcaption>{escape(caption)}</figcaption></figure>"


def _table(table: Table) -> Iterator[str]:
    short = " short" if len(table.rows) <= _SHORT else ""
    yield f'<div class="wide{short}"><table>'
    if table.caption:
        yield f"<caption>{escape(table.caption)}</caption>"
    if table.head:
        yield f"<thead><tr>{_cells(table, table.head, 'th')}</tr></thead>"
    yield "<tbody>"
    shares = table.shares or ((),) * len(table.rows)
    for row, own in zip(table.rows, shares, strict=True):
        yield f"<tr>{_cells(table, row, 'td', own)}</tr>"
    yield "</tbody>\n</table></div>"


def _cells(table: Table, row: tuple[Cell, ...], tag: str, shares: tuple[float, ...] = ()) -> str:
    told = []
    for column, cell, share in zip(
        table.columns, row, (0.0,) * (len(row) - len(shares)) + shares, strict=True
    ):
        kind = "" if column == "r" else ' class="words"'
        shade = f' style="background: rgb(47 127 193 / {60 * share:.0f}%)"' if share else ""
        told.append(f"<{tag}{kind}{shade}>{inline(content(cell))}</{tag}>")
    return "".join(told)
