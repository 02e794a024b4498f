"""What all figure scripts share: `python paper/figures/NAME.py RESULTS OUT`."""

import csv
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from mlbalance.simulation import Comparison, Row, Study, Verdict, read_rows, verdict

ROOT = Path(__file__).resolve().parents[2]
VERDICTS = "verdicts.csv"
HEAD = (
    "study",
    "verdict",
    "numbers",
    "largest",
    "critical",
    "rms",
    "low",
    "high",
    "claims",
    "shown",
    "largest at",
    "explanation",
)

Rows = dict[tuple[str, str, float, str], Row]


class ClaimError(AssertionError):
    """The results do not show what the figure says; it is not drawn."""


def require(holds: bool, claim: str) -> None:
    """Refuse to draw a figure whose caption is not true of the results."""
    if not holds:
        raise ClaimError(f"Not drawn, since the results do not show it: {claim}")


def main(name: str, draw: Callable[..., Figure], compared: Callable | None = None) -> None:
    """Read, compare, draw, say what was found, and write NAME.pdf and NAME.png without dates.

    `compared` gives every number of a study's table with its prediction, and the figure is drawn
    from the study, the table and these; without it, it is drawn from the folder RESULTS.
    """
    if len(sys.argv) != 3:
        sys.exit(f"usage: python paper/figures/{name}.py RESULTS OUT")
    results, out = Path(sys.argv[1]), Path(sys.argv[2])
    sys.path.insert(0, str(ROOT))
    plt.style.use(Path(__file__).with_name("mlbalance.mplstyle"))
    try:
        if compared is None:
            figure = draw(results)
        else:
            study, rows = study_of(name), table(results / f"{name}.csv")
            found = compared(study, rows)
            judged = judge(study, rows, found)
            figure = draw(study, rows, found)
            stamp(figure, said(judged))
            record(out / VERDICTS, name, judged, found)
            print(f"  {name}: {said(judged)}")
    except ClaimError as error:
        sys.exit(f"{name}: {error}")
    # The words at the foot are outside of the figure.
    around = {"bbox_inches": "tight", "pad_inches": 0.03} if compared else {}
    figure.savefig(out / f"{name}.pdf", metadata={"CreationDate": None}, **around)
    figure.savefig(out / f"{name}.png", metadata={"Software": None}, **around)


def study_of(name: str) -> Study:
    """The study that a figure is drawn from."""
    study: Study = import_module(f"simulations.{name}").STUDY
    return study


def table(path: Path) -> Rows:
    """Rows of a summary by (cell, recipe, ridge, measure)."""
    return {(r.cell, r.recipe, r.ridge, r.measure): r for r in read_rows(path)}


def judge(study: Study, rows: Rows, found: list[Comparison]) -> Verdict:
    """The verdict by the study's own criterion; a claim whose opposite is shown is not drawn."""
    require(bool(found), "there are numbers to compare.")
    judged = verdict(found, study.criterion, claims=study.claims, rows=rows, full=full(study, rows))
    require(not judged.contradicted, " ".join(judged.contradicted))
    return judged


def full(study: Study, rows: Rows) -> bool:
    """Whether a table is that of the whole study, and not of a quick run."""
    run = {row.cell for row in rows.values()} >= {cell.name for cell in study.cells}
    return run and max(row.replications for row in rows.values()) >= study.replications


def said(judged: Verdict) -> str:
    """The verdict in a line, for the figure."""
    words = "as predicted" if judged.agrees else "NOT as predicted"
    text = (
        f"{judged.numbers} numbers {words}: largest |z| {judged.largest:.1f} "
        f"(critical {judged.critical:.1f})"
    )
    if judged.high < np.inf:  # else all are next to certain
        text += f", rms z {judged.rms:.2f} ({judged.low:.2f} to {judged.high:.2f})"
    text += "."
    if judged.claims and judged.full:
        text += f" {judged.shown} of {judged.claims} claims shown."
    if judged.claims and not judged.full:
        text += f" A quick run: none of {judged.claims} claims is contradicted."
    return text


def stamp(figure: Figure, words: str) -> None:
    """Put words under a figure."""
    figure.text(0.99, -0.01, words, size=6.5, color="0.35", ha="right", va="top")


def record(path: Path, name: str, judged: Verdict, found: list[Comparison]) -> None:
    """Put a study's verdict into the table of verdicts."""
    lines = {line["study"]: line for line in verdicts(path)} if path.is_file() else {}
    worst = max(found, key=lambda c: abs(c.z) if c.z == c.z else float("inf"))
    ridge = f", ridge {worst.ridge:g}" if worst.ridge else ""
    values = (
        name,
        "agrees" if judged.agrees else "disagrees",
        judged.numbers,
        *(f"{v:.3g}" for v in judged[1:6]),
        judged.claims,
        judged.shown,
        f"{worst.what}, {worst.method}, {worst.cell}{ridge}",
        judged.explanation,
    )
    lines[name] = dict(zip(HEAD, values, strict=True))
    with path.open("w", newline="") as file:
        file.write("# Generated by the scripts in paper/figures; do not edit.\n")
        writer = csv.DictWriter(file, HEAD, lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines[study] for study in sorted(lines))


def verdicts(path: Path) -> list[dict[str, str]]:
    """The table of verdicts."""
    return list(csv.DictReader(path.read_text().splitlines()[1:]))
