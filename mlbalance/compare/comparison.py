"""Results of a comparison, and the answer in words."""

from __future__ import annotations

from mlbalance.compare.document import document, report
from mlbalance.compare.results import Results
from mlbalance.report import Document, html, text

__all__ = ["Comparison"]


class Comparison(Results):
    """Methods compared on the same folds: numbers, their text, and the report."""

    def document(self, source: str = "", target: str = "", width: int = 80) -> Document:
        """The answer as a document, for any renderer of `mlbalance.report`.

        Parameters
        ----------
        source, target
            Names of the file and of its column of labels, for the code.
        width
            Columns that figures in characters may have.

        Returns
        -------
        The document.
        """
        return document(self, source, target, width)

    def text(self, width: int = 80, source: str = "", target: str = "") -> str:
        """The answer as plain text.

        Parameters
        ----------
        width
            Most columns of a line.
        source, target
            As of `document`.

        Returns
        -------
        The text.
        """
        return text.render(self.document(source, target, width), width)

    def html(self, source: str = "", target: str = "") -> str:
        """The report: one page without scripts or network access, with figures and code.

        Parameters
        ----------
        source, target
            As of `document`.

        Returns
        -------
        The page.
        """
        return html.page(report(self, source, target))
