"""How results are told: a document as a value, and one renderer per output form.

A text that has to be read in more than one place (terminal, README, HTML report, paper) is a
`Document` of sections; `text.render`, `markdown.render`, `html.render` and `latex.render` turn it
into what each place needs. Nothing here knows what a document is about.
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
