"""Documents as values, and one renderer per output format.

A text that appears in more than one format (terminal, README, HTML report, paper) is a `Document`
of sections, which `text.render`, `markdown.render`, `html.render` and `latex.render` write. The
package knows nothing about the subject of a document.
"""

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
    items,
    paragraph,
)

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
