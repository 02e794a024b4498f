"""Votes and errors of forests of trees grown to purity, by the draws of their rows.

Left, without signal: the mean vote for the rarer of 450 and 50 rows. Ticks are the share of the
class in the distinct rows of a bag, which is exact for one feature. Balanced weights in the splits
(open) change nothing there. Right, with signal: balanced error of the majority of trees.
"""

import matplotlib.pyplot as plt
import numpy as np
from common import entries, legend, main, require
from matplotlib.figure import Figure

from mlbalance.methods import Method
from mlbalance.simulation import Comparison, Summary, compare
from mlbalance.theory import vote_shares
from simulations.forest_weights import BALANCED, CELLS, COUNTS, ERROR, METHODS, VOTE

ONE, FIVE, SIGNAL = CELLS
FEATURES = {ONE: "one feature", FIVE: "five features"}
SPLITS = {"": "as drawn", f", {BALANCED}": "balanced in the splits"}


_ROUND, _SQUARE = {"marker": "o", "color": "C0"}, {"marker": "s", "color": "C1"}
PANELS = {
    ONE: (0, VOTE, _ROUND, 0.18),
    FIVE: (0, VOTE, _SQUARE, -0.18),
    SIGNAL: (1, ERROR, _SQUARE, 0.0),
}
"""Axis, quantity, look and place of each cell."""


def predicted(method: Method) -> float:
    """Share of the rarer class in the distinct rows of a bag."""
    return float(vote_shares(COUNTS, method.scheme)[1])


def compared(study, rows: Summary) -> list[Comparison]:
    """Votes on one feature without signal, with weights as drawn and balanced in the splits."""
    told = {f"{VOTE}{ending}" for ending in SPLITS}
    return [
        compare(row, predicted(method))
        for row, _, method in entries(study, rows, metric="mean", cell=ONE)
        if row.estimand in told
    ]


def draw(study, rows: Summary, found: list[Comparison]) -> Figure:
    figure, (votes, errors) = plt.subplots(1, 2, sharey=True, figsize=(6.5, 2.6))
    places = np.arange(len(METHODS))[::-1]
    for place, method in zip(places, METHODS, strict=True):
        votes.plot([predicted(method)] * 2, [place - 0.4, place + 0.4], color="0.2", lw=1.2)
        for cell, (axis, what, look, aside) in PANELS.items():
            for ending, shift in zip(SPLITS, (0.09, -0.09), strict=True):
                own = {"method": method.id, "metric": "mean", "estimand": what + ending}
                row = rows.one(cell=cell, **own)
                at = row.value, place + aside + shift
                filled = {"mfc": "white"} if ending else {}
                (votes, errors)[axis].errorbar(*at, xerr=2 * row.mcse, ls="", **look | filled)
    check(rows)
    votes.plot([], [], color="0.2", lw=1.2, label="distinct rows")
    for cell in (ONE, FIVE):
        for ending, words in SPLITS.items():
            look = PANELS[cell][2] | ({"mfc": "white"} if ending else {})
            votes.plot([], [], ls="", label=f"{FEATURES[cell]}, {words}", **look)
    votes.set_yticks(places, [method.label for method in METHODS])
    votes.set_xlabel("vote without signal (± 2 s.e.)")
    errors.set_xlabel("balanced error with signal (± 2 s.e.)")
    votes.set_xlim(0, 0.6)
    legend(figure, votes, ncols=3)
    return figure


def check(rows: Summary) -> None:
    """On one feature weights in the splits change no vote."""
    for method in METHODS:
        own = {"cell": ONE, "method": method.id, "metric": "mean"}
        values = [rows.one(**own, estimand=f"{VOTE}{ending}").value for ending in SPLITS]
        require(bool(np.ptp(values) < 1e-9), "on one feature weights in splits change no vote.")


if __name__ == "__main__":
    main("forest_weights", draw, compared)
