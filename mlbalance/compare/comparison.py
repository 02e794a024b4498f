"""Results of a comparison, and the answer in words."""

from __future__ import annotations

from mlbalance.compare.document import document, report
from mlbalance.compare.results import Results
from mlbalance.report import Document, html, text

__all__ = ["Comparison"]


class Comparison(Results):
    """Methods compared on the same folds: numbers, their text, and the report."""

    def document(self) -> Document:
        """The answer as a document, for any renderer of `mlbalance.report`."""
        return document(self)

    def text(self, width: int = 80) -> str:
        """The answer as plain text.

        Parameters
        ----------
        width
            Most columns of a line.

        Returns
        -------
        The text.
        """
        return text.render(self.document(), width)

    def html(self, source: str = "", target: str = "") -> str:
        """The report: one page without scripts or network access, with figures and code.

        Parameters
        ----------
        source, target
            Names of the file and of its column of labels, for the title and the code.

        Returns
        -------
        The page.
        """
        return html.page(report(self, source, target))
