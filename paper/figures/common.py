"""Parts that all figure scripts share: `python paper/figures/NAME.py RESULTS OUT`."""

import csv
import fcntl
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from compact import compact
from kept import keep

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from mlbalance.methods import Method
from mlbalance.simulation import Cell, Comparison, Row, Study, Summary, Verdict, read_rows, verdict

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # for scripts to import studies from

SPECIFIED = {"right": "correct", "nearly right": "nearly correct", "wrong": "misspecified"}
"""What figures say of a model's specification, by its name in studies."""

NARROW = {"right": "correct", "wrong": "mis-\nspecified", "six classes": "six\nclasses"}
"""The same as narrow as the label of a tick."""


VERDICTS = "verdicts.csv"
CLAIMS = "claims.csv"
OF_CLAIMS = ("label", "study", "numbers", "predicted", "observed", "error", "z", "verdict")
HEAD = (
    "study",
    "verdict",
    "numbers",
    "largest",
    "critical",
    "rms",
    "low",
    "high",
    "contrasts",
    "shown",
    "largest at",
    "explanation",
)


class ClaimError(AssertionError):
    """The results do not show what the figure says; it is not drawn."""


def require(holds: bool, claim: str) -> None:
    """Refuse to draw a figure whose caption the results do not support."""
    if not holds:
        raise ClaimError(f"Not drawn, since the results do not show it: {claim}")


def main(name: str, draw: Callable[..., Figure], compared: Callable | None = None) -> None:
    """Read, compare, draw, print the verdict, and write NAME.pdf and NAME.png without dates.

    `compared` gives the comparisons of a study's table with predictions, and the figure is drawn
    from study, table and comparisons; without it, it is drawn from the folder RESULTS.
    """
    if len(sys.argv) != 3:
        sys.exit(f"usage: python paper/figures/{name}.py RESULTS OUT")
    results, out = Path(sys.argv[1]), Path(sys.argv[2])
    plt.style.use(Path(__file__).with_name("mlbalance.mplstyle"))
    keep()
    try:
        if compared is None:
            figure = draw(results)
        else:
            study, rows = study_of(name), read_rows(results / f"{name}.csv")
            found = compared(study, rows)
            judged = judge(study, rows, found)
            figure = draw(study, rows, found)
            stamp(figure, said(judged))
            with alone(out):
                record(out / VERDICTS, name, judged, found)
                record_claims(out / CLAIMS, study, judged, found)
            print(f"  {name}: {said(judged)}")
    except ClaimError as error:
        sys.exit(f"{name}: {error}")
    compact()
    # The verdict below the figure is outside of its box.
    around = {"bbox_inches": "tight", "pad_inches": 0.03} if compared else {}
    figure.savefig(out / f"{name}.pdf", metadata={"CreationDate": None}, **around)
    figure.savefig(out / f"{name}.png", metadata={"Software": None}, **around)


def study_of(name: str) -> Study:
    """The study that a figure is drawn from."""
    study: Study = import_module(f"simulations.{name}").STUDY
    return study


# --- numbers and their verdict -------------------------------------------------------------------


def entries(study: Study, rows: Summary, **wanted: Any) -> Iterator[tuple[Row, Cell, Method]]:
    """Rows of these fields and factors, each with its cell and method."""
    cells = {cell.id: cell for cell in study.cells}
    methods = {method.key: method for method in study.methods}
    for row in rows.select(**wanted):
        yield row, cells[row.cell], methods[row.method, row.ridge]


def where(found: Sequence[Comparison], **wanted: Any) -> list[Comparison]:
    """Comparisons of rows of these fields and factors."""
    return [c for c in found if c.row.has(**wanted)]


def judge(study: Study, rows: Summary, found: list[Comparison]) -> Verdict:
    """The verdict by the study's own criterion; with a contradicted contrast nothing is drawn."""
    require(bool(found), "there are numbers to compare.")
    judged = verdict(
        found, study.criterion, contrasts=study.contrasts, rows=rows, full=full(study, rows)
    )
    require(not judged.contradicted, " ".join(judged.contradicted))
    return judged


def full(study: Study, rows: Summary) -> bool:
    """Whether a table is of the whole study, not of a quick run."""
    run = {row.cell for row in rows.values()} >= {cell.id for cell in study.cells}
    return run and max(row.n for row in rows.values()) >= study.replications


def said(judged: Verdict) -> str:
    """The verdict in a line, for the figure."""
    words = "as predicted" if judged.agrees else "NOT as predicted"
    text = (
        f"{judged.numbers} numbers {words}: largest |z| {judged.largest:.1f} "
        f"(critical {judged.critical:.1f})"
    )
    if judged.high < np.inf:  # else nearly all numbers are certain
        text += f", rms z {judged.rms:.2f} ({judged.low:.2f} to {judged.high:.2f})"
    text += "."
    if judged.contrasts and judged.full:
        text += f" {judged.shown} of {judged.contrasts} contrasts shown."
    if judged.contrasts and not judged.full:
        text += f" A quick run: none of {judged.contrasts} contrasts is contradicted."
    return text


def stamp(figure: Figure, words: str) -> None:
    """Text below a figure."""
    figure.text(0.99, -0.01, words, size=6.5, color="0.35", ha="right", va="top")


def measured(row: Row) -> str:
    """A row's metric and estimand in words."""
    if row.metric == "mean":
        return row.estimand
    return f"{row.metric} of {row.estimand}" if row.estimand else row.metric


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Have a folder to oneself: scripts run side by side, and share the tables in it."""
    place = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(place, fcntl.LOCK_EX)
        yield
    finally:
        os.close(place)


def record(path: Path, name: str, judged: Verdict, found: list[Comparison]) -> None:
    """Write a study's verdict into the table of verdicts."""
    lines = {line["study"]: line for line in verdicts(path)} if path.is_file() else {}
    worst = max(found, key=lambda c: abs(c.z) if c.z == c.z else float("inf")).row
    ridge = f", ridge {worst.ridge:g}" if worst.ridge else ""
    values = (
        name,
        "agrees" if judged.agrees else "disagrees",
        judged.numbers,
        *(f"{v:.3g}" for v in judged[1:6]),
        judged.contrasts,
        judged.shown,
        f"{measured(worst)}, {worst.method}, {worst.cell}{ridge}",
        judged.explanation,
    )
    lines[name] = dict(zip(HEAD, values, strict=True))
    write_table(path, HEAD, [lines[study] for study in sorted(lines)])


def record_claims(path: Path, study: Study, judged: Verdict, found: list[Comparison]) -> None:
    """Write what a study observes of its claims: of each the number with the largest |z|."""
    others = verdicts(path) if path.is_file() else []
    lines = [line for line in others if line["study"] != study.name]
    for label, estimand in study.observes.items():
        own = [c for c in found if c.row.estimand == estimand and c.z == c.z]
        own = own or [c for c in found if c.z == c.z]
        worst = max(own, key=lambda c: abs(c.z))
        numbers = (f"{x:.3g}" for x in (worst.predicted, worst.observed, worst.error))
        told = "agrees" if judged.agrees else "disagrees"
        values = (label, study.name, str(len(own)), *numbers, f"{worst.z:.2f}", told)
        lines.append(dict(zip(OF_CLAIMS, values, strict=True)))
    if lines:
        lines.sort(key=lambda line: (line["label"], line["study"]))
        write_table(path, OF_CLAIMS, lines)


def write_table(path: Path, head: Sequence[str], lines: Sequence[dict[str, Any]]) -> None:
    """Write a table of all studies."""
    with path.open("w", newline="") as file:
        file.write("# Generated by the scripts in paper/figures; do not edit.\n")
        writer = csv.DictWriter(file, head, lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)


def verdicts(path: Path) -> list[dict[str, str]]:
    """The table of verdicts."""
    return list(csv.DictReader(path.read_text().splitlines()[1:]))


# --- drawing -------------------------------------------------------------------------------------


class Look(NamedTuple):
    """Style of a method in every figure."""

    color: str
    marker: str
    dashes: str = "-"

    @property
    def of_points(self) -> dict[str, Any]:
        """Arguments of `points`."""
        return {"color": self.color, "marker": self.marker, "mfc": "w", "ms": 4}

    @property
    def of_line(self) -> dict[str, Any]:
        """Arguments of `axis.plot`."""
        return {"color": self.color, "ls": self.dashes, "lw": 1.0}


LOOK = {
    "class-weights": Look("C0", "o"),
    "class-weights+loo": Look("C0", "s", "--"),
    "undersample": Look("C1", "v"),
    "under-bagging-10": Look("C2", "^"),
    "unweighted": Look("0.6", "x"),
    "unweighted+prior": Look("0.35", "D"),
    "unweighted+loo": Look("0.35", "x", "--"),
}
"""Styles by method id."""


def points(
    axis,
    at: Sequence[float],
    found: Sequence[Row | Comparison],
    *,
    unit: Any = 1.0,
    sideways: bool = False,
    **style: Any,
) -> None:
    """Observed numbers with bars of two standard errors, both divided by `unit`, at places on the
    horizontal axis (on the vertical one, if `sideways`).
    """
    seen = [(r.value, r.mcse) if isinstance(r, Row) else (r.observed, r.error) for r in found]
    values, errors = np.array(seen, dtype=float).reshape(-1, 2).T / unit
    bars = {"xerr" if sideways else "yerr": 2 * errors}
    x, y = (values, at) if sideways else (at, values)
    axis.errorbar(x, y, **bars, **{"marker": "o", "ls": "", "elinewidth": 0.8, "zorder": 3} | style)


def strokes(
    axis, at: Any, values: Any, half: float = 0.12, *, sideways: bool = False, **style: Any
) -> None:
    """Short lines across the places of `points`, for predictions."""
    across, at = (axis.vlines if sideways else axis.hlines), np.asarray(at, dtype=float)
    across(values, at - half, at + half, **{"color": "0.2", "lw": 1.4, "zorder": 3} | style)


def logarithmic(axis, **ticks: Sequence[float]) -> None:
    """Logarithmic axes, x or y, with these ticks and no others, as plain numbers."""
    for name, values in ticks.items():
        getattr(axis, f"set_{name}scale")("log")
        getattr(axis, f"set_{name}ticks")(values, [f"{value:g}" for value in values])
    axis.minorticks_off()


def legend(figure, axes, ncols: int | None = None) -> None:
    """Legend above the axes, with each label once."""
    found: dict[str, Any] = {}
    for axis in np.ravel(axes):
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    place = {"loc": "outside upper center", "ncols": ncols or len(found)}
    figure.legend(found.values(), found.keys(), **place)


def label_methods(axis, methods: Sequence[Method]) -> None:
    """Entries of methods for the legend."""
    for method in methods:
        look = LOOK[method.id]
        axis.plot([], [], **look.of_points | look.of_line, label=method.label)
