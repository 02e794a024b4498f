"""What all figure scripts share: `python paper/figures/NAME.py RESULTS OUT`."""

import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from mlbalance.simulation import Row, read_rows

ROOT = Path(__file__).resolve().parents[2]


class ClaimError(AssertionError):
    """The results do not show what the figure says; it is not drawn."""


def require(holds: bool, claim: str) -> None:
    """Refuse to draw a figure whose caption is not true of the results."""
    if not holds:
        raise ClaimError(f"Not drawn, since the results do not show it: {claim}")


def main(name: str, draw: Callable[[dict], Figure], read: Callable | None = None) -> None:
    """Read the study's table, draw, and write NAME.pdf and NAME.png without dates.

    `read` takes the folder RESULTS and gives what is drawn, where that is no study.
    """
    if len(sys.argv) != 3:
        sys.exit(f"usage: python paper/figures/{name}.py RESULTS OUT")
    results, out = Path(sys.argv[1]), Path(sys.argv[2])
    sys.path.insert(0, str(ROOT))
    plt.style.use(Path(__file__).with_name("mlbalance.mplstyle"))
    try:
        figure = draw(read(results) if read else table(results / f"{name}.csv"))
    except ClaimError as error:
        sys.exit(f"{name}: {error}")
    figure.savefig(out / f"{name}.pdf", metadata={"CreationDate": None})
    figure.savefig(out / f"{name}.png", metadata={"Software": None})


def table(path: Path) -> dict[tuple[str, str, float, str], Row]:
    """Rows of a summary by (cell, recipe, ridge, measure)."""
    return {(r.cell, r.recipe, r.ridge, r.measure): r for r in read_rows(path)}
