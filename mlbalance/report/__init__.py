"""Documents as values, and one renderer per output format.

A text that appears in more than one format (terminal, README, HTML report, paper) is a `Document`
of sections, which `text.render`, `markdown.render`, `html.render` and `latex.render` write. The
package knows nothing about the subject of a document.
"""

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
    items,
    paragraph,
)

__all__ = [
    "Block",
    "Code",
    "Document",
    "Figure",
    "Formula",
    "Inline",
    "Items",
    "Math",
    "Paragraph",
    "Section",
    "Strong",
    "Table",
    "items",
    "paragraph",
]
