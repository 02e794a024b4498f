"""A search for counter-examples to the order of logistic fits at one effective ridge.

`python tests/search/logistic_order.py` or `make search` writes `logistic_order.csv` beside this
file, in a quarter of an hour. A setting is a function of (seed, region, spectrum, number). Each
compares m^2/q of neighbours in the order of label `logistic-order` at one effective ridge, which is
that of an undersample, or of an unweighted fit, at a random ridge; the others have it at a root of
theirs. What was not solved, and fits that no ridge brings there, are counted.

Two classes of one covariance alone: where covariances differ, m^2/q does not order errors, and of
more classes a softmax fit has a matrix in the place of an effective ridge.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import pairwise, product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import scipy

from mlbalance import __version__
from mlbalance.schemes import Undersample, Unweighted
from mlbalance.theory.proportional import (
    ConvergenceError,
    Mixture,
    effective_ridge,
    logistic_order,
    solve,
)

TABLE = Path(__file__).with_suffix(".csv")
SEED = 20261125
SETTINGS = 200
"""Of every region and spectrum."""
EQUAL = 1e-9
"""Relative difference that the solver does not resolve."""
ROWS = 10**6
"""All rows of a setting: only rows per feature count, and counts are whole."""
FITS = ("undersample", "bags", "class weights", "unweighted", "least squares")


class Region(NamedTuple):
    """Ranges, all on a log scale."""

    ratio: tuple[float, float]
    """Rows of the larger class per row of the smaller."""
    load: tuple[float, float]
    """Rows per feature."""
    separation: tuple[float, float]
    """Mahalanobis distance of the means."""
    ridge: tuple[float, float]
    """Of the fit that sets the effective ridge."""


REGIONS = {
    "all": Region((1, 1000), (0.1, 100), (0.2, 6), (1e-5, 100)),
    "counts alike, strong signal": Region((1, 10), (1, 100), (3, 6), (1e-5, 0.1)),
    "rare class, weak ridge": Region((10, 1000), (1, 100), (0.2, 6), (1e-6, 0.01)),
}

Spectrum = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Eigenvalues, masses, and the share of the signal in each eigenspace."""


def _one(rng: np.random.Generator) -> Spectrum:
    return np.ones(1), np.ones(1), np.ones(1)


def _two(rng: np.random.Generator, place: int) -> Spectrum:
    share = rng.uniform(0.05, 0.95)
    return _log(rng, np.array([[1, 1000], [1, 1]])), np.array([share, 1 - share]), np.eye(2)[place]


def _power(rng: np.random.Generator, place: int) -> Spectrum:
    values = np.arange(1.0, 21.0) ** -rng.uniform(0.3, 2.0)
    return values, np.full(20, 1 / 20), np.eye(20)[place]


SPECTRA: dict[str, Callable[[np.random.Generator], Spectrum]] = {
    "one variance": _one,
    "two variances, signal in the larger": partial(_two, place=0),
    "two variances, signal in the smaller": partial(_two, place=1),
    "power law, signal in the largest": partial(_power, place=0),
    "power law, signal in the smallest": partial(_power, place=-1),
}


class Setting(NamedTuple):
    """Numbers of a setting, and what was found."""

    ratio: float
    load: float
    separation: float
    ridge: float
    chi: float
    gains: tuple[float, ...]
    """(4,) logarithms of m^2/q, each less the one before it in `FITS`; NaN where there is none."""
    solved: bool


def _log(rng: np.random.Generator, ends: np.ndarray | tuple[float, float]) -> np.ndarray:
    return np.exp(rng.uniform(*np.log(np.asarray(ends, dtype=float)).T))


def setting(region: str, spectrum: str, number: int) -> Setting:
    """Draw and solve a setting."""
    place = list(REGIONS).index(region), list(SPECTRA).index(spectrum), number
    rng = np.random.default_rng(np.random.SeedSequence(SEED, spawn_key=place))
    ratio, load, separation, ridge = (float(_log(rng, ends)) for ends in REGIONS[region])
    values, masses, where = SPECTRA[spectrum](rng)
    values = values / (masses @ values)
    energy = separation**2 / 4 * where / (where / values).sum()
    mixture = Mixture(energy[:, None, None] * [[1, -1], [-1, 1]], values, masses, np.ones(2))
    rarest = round(ROWS / (1 + ratio))
    counts = (ROWS - rarest, rarest)
    scheme = (Undersample(), Unweighted())[number % 2]
    told = ratio, load, separation, ridge
    try:
        fit = solve(mixture, counts, ROWS / load, scheme, ridge=ridge)
        chi = effective_ridge(fit).chi
        order = logistic_order(mixture, counts, ROWS / load, chi)
    except ConvergenceError:
        return Setting(*told, np.nan, (np.nan,) * 4, False)
    return Setting(*told, chi, tuple(np.diff(np.log(order))), True)


HEAD = (
    *("region", "spectrum", "lower", "upper", "settings", "unsolved", "unattained", "compared"),
    *("equal", "reversed", "largest ratio reversed", "least gain"),
    *("ratio", "load", "separation", "ridge", "number"),
)
"""Counts of settings, and where the least gain is."""


def lines(region: str, spectrum: str, found: list[Setting]) -> Iterator[dict[str, object]]:
    """Summaries of the settings of a region and spectrum, one for each pair of neighbours."""
    solved = [i for i, one in enumerate(found) if one.solved]
    for place, (lower, upper) in enumerate(pairwise(FITS)):
        gains = {i: found[i].gains[place] for i in solved if np.isfinite(found[i].gains[place])}
        back = [i for i, gain in gains.items() if gain < -EQUAL]
        least = min(gains, key=gains.__getitem__)
        numbers = (
            *(len(found), len(found) - len(solved), len(solved) - len(gains), len(gains)),
            *(sum(abs(gain) <= EQUAL for gain in gains.values()), len(back)),
            f"{max((found[i].ratio for i in back), default=0.0):.3f}" if back else "",
            f"{gains[least]:.3g}",
            *(f"{value:.4g}" for value in found[least][:4]),
            least,
        )
        yield dict(zip(HEAD, (region, spectrum, lower, upper, *numbers), strict=True))


def _made() -> str:
    """Code, libraries and seed."""
    command = ["git", "rev-parse", "--short=12", "HEAD"]
    commit = subprocess.check_output(command, cwd=TABLE.parent, text=True).strip()
    libraries = f"NumPy {np.__version__}, SciPy {scipy.__version__}"
    return f"mlbalance {__version__} at {commit}, {libraries}, seed {SEED}"


def main() -> None:
    """Search, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--settings", type=int, default=SETTINGS, help="per region and spectrum")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, default=TABLE)
    asked = parser.parse_args()
    made, rows = _made(), []
    with ProcessPoolExecutor(asked.jobs) as pool:
        for region, spectrum in product(REGIONS, SPECTRA):
            own = partial(setting, region, spectrum)
            found = list(pool.map(own, range(asked.settings), chunksize=5))
            rows += lines(region, spectrum, found)
            print(f"  {region}; {spectrum}: {sum(r['reversed'] for r in rows[-4:])} reversed")
            sys.stdout.flush()
    with asked.out.open("w", newline="") as file:
        file.write(f"# Generated by `make search`, {made}; do not edit.\n")
        writer = csv.DictWriter(file, HEAD, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
