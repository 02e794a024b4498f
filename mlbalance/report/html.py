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

__all__ = ["page", "render"]

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
table { display: block; overflow-x: auto; border-collapse: collapse; margin: 1rem 0; }
table { font-variant-numeric: tabular-nums; }
caption { text-align: left; font-style: italic; }
th, td { padding: .2rem .8rem .2rem 0; text-align: right; border-bottom: 1px solid #8884; }
.words { text-align: left; vertical-align: top; }
.math { font-family: "STIX Two Math", "Cambria Math", serif; font-style: italic; }
.formula { margin: 1rem 2rem; white-space: pre-wrap; }
img { max-width: 100%; }
figure { margin: 1rem 0; }
pre { overflow-x: auto; }
@media print { body { margin: 0; max-width: none; } }
"""


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
        case Math(text):
            return f'<span class="math">{escape(text)}</span>'
        case Code(text):
            return f"<code>{escape(text)}</code>"
        case Strong(text):
            return f"<strong>{escape(text)}</strong>"
    return escape(piece)


def _section(section: Section, level: int) -> Iterator[str]:
    yield "<section>"
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
            yield f'<p class="math formula">{escape(math.text)}</p>'
        case Figure(path, caption, alternative, svg):
            image = svg or f'<img src="{escape(path)}" alt="{escape(alternative)}">'
            yield f"<figure>{image}<figcaption>{escape(caption)}</figcaption></figure>"


def _table(table: Table) -> Iterator[str]:
    yield "<table>"
    if table.caption:
        yield f"<caption>{escape(table.caption)}</caption>"
    if table.head:
        yield f"<thead><tr>{_cells(table, table.head, 'th')}</tr></thead>"
    yield "<tbody>"
    yield from (f"<tr>{_cells(table, row, 'td')}</tr>" for row in table.rows)
    yield "</tbody>\n</table>"


def _cells(table: Table, row: tuple[Cell, ...], tag: str) -> str:
    tags = (tag if column == "r" else f'{tag} class="words"' for column in table.columns)
    return "".join(
        f"<{opening}>{inline(content(cell))}</{tag}>"
        for opening, cell in zip(tags, row, strict=True)
    )
