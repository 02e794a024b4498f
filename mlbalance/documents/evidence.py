"""The claims table as a document: what is predicted of each claim, and what is observed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlbalance import claims
from mlbalance.report import Code, Document, Inline, Section, Table, paragraph

__all__ = ["evidence_table"]

_HEAD = ("claim", "study", "predicted", "observed", "z", "of", "verdict")


def evidence_table(lines: Sequence[Mapping[str, str]]) -> Document:
    """Document of all claims with what is predicted and observed.

    Parameters
    ----------
    lines
        As of `workspace.evidence`.

    Returns
    -------
    Document
        A table, without title, and a paragraph on its columns.
    """
    order = list(claims.CLAIMS)
    told = sorted(lines, key=lambda line: order.index(line["label"]))
    rows = tuple(
        (
            Code(line["label"]),
            Code(line["study"]),
            line["predicted"],
            f"{line['observed']} ± {line['error']}",
            line["z"],
            line["numbers"],
            line["verdict"],
        )
        for line in told
    )
    below = paragraph(
        "Of each claim and study the number with the largest standardised difference z, of as many "
        "as the column says: predicted, and observed with its Monte Carlo standard error. The "
        "verdict is that of all numbers of the study together. Derived or computed alone: ",
        *_others(lines),
        ". ",
        Code("mlbalance derive LABEL"),
        " has statement and proof.",
    )
    return Document("", (Section("", (Table(rows, _HEAD, columns="llrrrrl"), below)),))


def _others(lines: Sequence[Mapping[str, str]]) -> list[Inline]:
    """Labels that no study observes."""
    seen = {line["label"] for line in lines}
    told: list[Inline] = []
    for label in claims.CLAIMS:
        if label not in seen:
            told += [", "] * bool(told) + [Code(label)]
    return told
