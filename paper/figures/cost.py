"""Time per fit against features, classes, rows and batch: ours, peers and the arithmetic bound.

Claim: at every point a fit of ours takes less time than one of scikit-learn, with either solver,
and more than its arithmetic.
"""

import json
from pathlib import Path

import matplotlib.pyplot as plt
from common import legend, main, require
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

BASE = {"K": 6, "n": 136, "d": 5, "batch": 256}
GROUPS = {"d": "d", "K": "K", "n": "n", "batch": "size"}
LABELS = {
    "d": "features d",
    "K": "classes K",
    "n": "rows n (batch = 32 beyond 1000)",
    "batch": "fits in a batch",
}
TICKS = {
    "d": (1, 2, 3, 5, 10, 20),
    "K": (2, 3, 4, 6, 9, 12),
    "n": (30, 100, 300, 1000, 3000, 10_000),
    "batch": (1, 4, 16, 64, 256, 1024, 4096),
}
PEERS = {
    "newton-cholesky": ("scikit-learn, newton-cholesky", "s", "C1"),
    "lbfgs": ("scikit-learn, lbfgs", "^", "C2"),
    "glum": ("glum (K = 2)", "D", "C3"),
}


def read(results: Path) -> list[dict]:
    return json.loads((results / "solver.json").read_text())["cases"]


def along(cases: list[dict], letter: str) -> list[dict]:
    """Cases that differ from BASE in one letter, in its order; with many rows in the batch too."""
    free = {letter, "batch"} if letter == "n" else {letter}
    fixed = {k: v for k, v in BASE.items() if k not in free}
    found = [
        case
        for case in cases
        if case["group"] in ("batch", GROUPS[letter])
        and all(case[k] == v for k, v in fixed.items())
    ]
    return sorted(found, key=lambda case: case[letter])


def draw(cases: list[dict]) -> Figure:
    lines = {letter: along(cases, letter) for letter in BASE}
    check(lines)
    figure, axes = plt.subplots(2, 2, sharey=True, figsize=(6.5, 5.0))
    for axis, letter in zip(axes.flat, ("d", "K", "n", "batch"), strict=True):
        panel(axis, lines[letter], letter)
    for axis in axes[:, 0]:
        axis.set_ylabel("time of a fit")
    legend(figure, axes, ncols=3)
    return figure


def check(lines: dict[str, list[dict]]) -> None:
    for case in (case for line in lines.values() for case in line):
        mine = case["ours"]["minimum_us"]
        require(
            mine > case["bound_us"],
            f"{case['name']}: {mine:.0f} us take longer than their arithmetic, "
            f"{case['bound_us']:.0f} us.",
        )
        for name in ("newton-cholesky", "lbfgs"):
            ratio = case["peers"][name].get("ratio", {"median": float("nan")})["median"]
            require(not ratio <= 1, f"{case['name']}: {name} takes {ratio:.2f} times as long.")


def panel(axis, line: list[dict], letter: str) -> None:
    x = [case[letter] for case in line]
    ours = [case["ours"]["median_us"] for case in line]
    bound = [case["bound_us"] for case in line]
    axis.plot(x, ours, "o-", color="C0", label="mlbalance", lw=1.6, zorder=3)
    axis.plot(x, bound, "--", color="0.35", label="arithmetic alone", zorder=1)
    axis.fill_between(x, bound, ours, color="C0", alpha=0.08, lw=0, zorder=0)
    for name, (label, mark, colour) in PEERS.items():
        timed = [case for case in line if "ratio" in case["peers"].get(name, ())]
        if timed:
            times = [case["peers"][name]["median_us"] for case in timed]
            x = [case[letter] for case in timed]
            axis.plot(x, times, mark, ls="-", color=colour, label=label, lw=0.9, zorder=2)
    axis.set(xscale="log", yscale="log", xlabel=LABELS[letter])
    axis.set_xticks(TICKS[letter], [f"{t}" if t < 10_000 else "10 000" for t in TICKS[letter]])
    axis.set_title(", ".join(f"{k} = {v}" for k, v in BASE.items() if k != letter))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.yaxis.set_minor_locator(NullLocator())
    axis.yaxis.set_major_formatter(FuncFormatter(lambda us, _: duration(us)))
    axis.grid()


def duration(us: float) -> str:
    return f"{us / 1000:g} ms" if us >= 1000 else f"{us:g} µs"


if __name__ == "__main__":
    main("cost", lambda results: draw(read(results)))
