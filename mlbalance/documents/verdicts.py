"""The table of verdicts as a document: how theory and observation agree in each study."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from mlbalance.report import Code, Document, Section, Table

__all__ = ["verdict_lines", "verdict_table"]

_HEAD = ("study", "verdict", "numbers", "largest |z| (critical)", "rms z (band)", "contrasts shown")


def verdict_lines(path: Path) -> list[dict[str, str]]:
    """Verdicts of the studies, as the scripts of the figures wrote them.

    Parameters
    ----------
    path
        File `verdicts.csv`, whose first line says where it is from.

    Returns
    -------
    A mapping per study, sorted: study, verdict, numbers, largest and where it is at, critical, rms
    with the band from low to high, contrasts and how many of them are shown, as text.
    """
    return list(csv.DictReader(path.read_text("utf-8").splitlines()[1:]))


def verdict_table(lines: Sequence[Mapping[str, str]]) -> Document:
    """Document of all verdicts, as they came out.

    Parameters
    ----------
    lines
        As of `verdict_lines`.

    Returns
    -------
    Document
        A table, without title.
    """
    rows = tuple(
        (
            Code(line["study"]),
            line["verdict"],
            line["numbers"],
            f"{line['largest']} ({line['critical']})",
            "" if line["high"] == "inf" else f"{line['rms']} ({line['low']} to {line['high']})",
            f"{line['shown']} of {line['contrasts']}" if int(line["contrasts"]) else "",
        )
        for line in lines
    )
    return Document("", (Section("", (Table(rows, _HEAD, columns="llrrrr"),)),))
