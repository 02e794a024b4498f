"""What a study may conclude: one rule for all studies, written in their files before they are run.

Every number that has a prediction gives a standardised difference z, observed less predicted over
the Monte Carlo error of both. A study agrees with its predictions if two statistics of all its
numbers at once do, each at half of the level:

- the largest |z| is below its simultaneous critical value (Sidak 1967; for numbers that depend on
  one another in any way the level is that or less);
- the mean of z^2 lies in its chi-square band. Numbers of one cell come from the same data sets, so
  they are counted as if they were one and the same number, the dependence with the widest mean of
  z^2; cells are independent. Degrees of freedom are (sum n_c)^2 / sum n_c^2, n_c numbers per cell.
  Shares of which less than one success or one failure is expected do not count here.

There is no allowance: what theory knows to be missing belongs into the prediction. What a study
says beyond that (orderings, winners) are contrasts of numbers that are to be positive.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isnan, log1p, nan, sqrt
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from mlbalance.inputs import InputError
from mlbalance.simulation.records import Key, Row

__all__ = [
    "Comparison",
    "Contrast",
    "Criterion",
    "Term",
    "Verdict",
    "compare",
    "compare_share",
    "verdict",
]

_NORMAL = NormalDist()


class Comparison(NamedTuple):
    """One observed number against its prediction."""

    row: Row
    """Where it is from: cell, factors, method, metric and estimand."""
    predicted: float
    observed: float
    error: float
    """Monte Carlo error of the difference, that of the prediction included."""
    z: float
    """The difference in standard errors, as a standard normal deviate; NaN where there is none."""
    spread: bool = True
    """Whether chance alone gives z a variance of one: not where a share is next to certain."""

    @property
    def miss(self) -> float:
        """Relative excess over the prediction."""
        return self.observed / self.predicted - 1


class Term(NamedTuple):
    """A multiple of a row of the summary."""

    factor: float
    cell: str
    method: str
    ridge: float
    metric: str
    estimand: str = ""

    @property
    def key(self) -> Key:
        """Of the row."""
        return Key(*self[1:])


@dataclass(frozen=True)
class Contrast:
    """A sum of multiples of rows, and a constant, that is to be positive.

    Errors of rows of one cell are added, the most that dependence can make of them; across cells
    squares are.
    """

    words: str
    terms: tuple[Term, ...]
    constant: float = 0.0

    def z(self, rows: Mapping[Key, Row]) -> float:
        """The sum in standard errors, as a standard normal deviate; NaN where a row is not."""
        value, errors, replications = self.constant, dict[str, float](), []
        for term in self.terms:
            row = rows.get(term.key)
            if row is None:
                return nan
            value += term.factor * row.value
            errors[term.cell] = errors.get(term.cell, 0.0) + abs(term.factor) * row.mcse
            replications.append(row.n)
        return _deviate(value, sqrt(sum(e * e for e in errors.values())), min(replications))


@dataclass(frozen=True)
class Criterion:
    """Chance that a study is said to disagree although nothing is wrong, and what is known.

    `explanation` says in words, before the run, what is beyond the predictions and how large:
    it moves no limit. Raises `InputError` for a level that is not between 0 and 1.
    """

    level: float = 0.001
    explanation: str = ""

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise InputError(f"The level of a criterion lies between 0 and 1; it is {self.level}.")

    def critical(self, numbers: int, *, sides: int = 2) -> float:
        """Largest of so many |z|, at half the level (one-sided at all of it, for contrasts)."""
        level = self.level / 2 if sides == 2 else self.level
        each = -np.expm1(log1p(-level) / numbers)
        return -_NORMAL.inv_cdf(float(each) / sides)

    def band(self, cells: Collection[str]) -> tuple[float, float]:
        """Root of the mean of z^2, least and most at half the level, for numbers of these cells."""
        from scipy.stats import chi2

        _, sizes = np.unique(list(cells), return_counts=True)
        freedom = sizes.sum() ** 2 / (sizes**2).sum()
        ends = chi2.ppf(self.level / 4, freedom), chi2.isf(self.level / 4, freedom)
        return sqrt(ends[0] / freedom), sqrt(ends[1] / freedom)


class Verdict(NamedTuple):
    """Of all numbers and contrasts of a study at once."""

    numbers: int
    largest: float
    """|z|; infinite where a number or its error is missing, or there is none."""
    critical: float
    rms: float
    low: float
    high: float
    contrasts: int
    shown: int
    contradicted: tuple[str, ...]
    """Words of contrasts whose opposite is shown."""
    full: bool
    """Whether the study was run as its file says; a quick run shows none, it can deny one."""
    explanation: str

    @property
    def agrees(self) -> bool:
        """Whether the numbers are as predicted."""
        return self.largest <= self.critical and self.low <= self.rms <= self.high


def compare(
    row: Row,
    predicted: float,
    *,
    own_error: float = 0.0,
    observed: tuple[float, float] | None = None,
    log: bool = False,
) -> Comparison:
    """A row against a prediction that has an error of its own.

    `observed` gives value and error where they are made of the row's; `log` compares logarithms,
    as of ratios and variances, whose relative error is what is known. Replicates being few, z is
    the normal deviate that is as unlikely as the difference under Student's t.
    """
    value, error = observed or (row.value, row.mcse)
    both = float(np.hypot(error, own_error))
    away, scale = value - predicted, both
    if log:
        with np.errstate(invalid="ignore", divide="ignore"):
            away, scale = float(np.log(np.divide(value, predicted))), float(np.divide(both, value))
    return Comparison(row, predicted, value, both, _deviate(away, scale, row.n))


def compare_share(
    row: Row, predicted: float, count: int, replications: int, *, own_error: float = 0.0
) -> Comparison:
    """A count of replicates against a probability, by the binomial distribution.

    With an error of the prediction's own both are simulated: the difference over their errors,
    taken as if one more replicate were half a success, so that none is no certainty.
    """
    from scipy.special import ndtri_exp
    from scipy.stats import binom

    share = count / replications
    if own_error or isnan(predicted):
        middle = (count + 0.5) / (replications + 1)
        error = float(np.hypot(own_error, sqrt(middle * (1 - middle) / replications)))
        return Comparison(row, predicted, share, error, _over(share - predicted, error))
    error = sqrt(predicted * (1 - predicted) / replications)
    at = binom.logpmf(count, replications, predicted) + np.log(0.5)
    below = np.logaddexp(binom.logcdf(count - 1, replications, predicted), at)
    above = np.logaddexp(binom.logsf(count, replications, predicted), at)
    z = ndtri_exp(below) if below < above else -ndtri_exp(above)
    return Comparison(row, predicted, share, error, float(z), error * error * replications**2 >= 1)


def verdict(
    found: Sequence[Comparison],
    criterion: Criterion,
    *,
    contrasts: Sequence[Contrast] = (),
    rows: Mapping[Key, Row] | None = None,
    full: bool = True,
) -> Verdict:
    """The joint verdict. No numbers, and numbers that are missing, do not agree.

    Contrasts of cells that were not run are not asked.
    """
    z = np.array([c.z for c in found], dtype=float)
    z = np.where(np.isnan(z), inf, np.abs(z))
    spread = np.array([c.spread or not np.isfinite(c.z) for c in found], dtype=bool)
    cells = [c.row.cell for c, counts in zip(found, spread, strict=True) if counts]
    low, high = criterion.band(cells) if cells else (0.0, inf)
    ran = {key[0] for key in rows or {}}
    asked = [one for one in contrasts if {term.cell for term in one.terms} <= ran]
    at = [one.z(rows or {}) for one in asked]
    limit = criterion.critical(max(len(asked), 1), sides=1)
    return Verdict(
        z.size,
        float(z.max(initial=-inf)) if z.size else inf,
        criterion.critical(max(z.size, 1)),
        float(np.sqrt((z[spread] ** 2).mean())) if cells else 0.0,
        low,
        high,
        len(asked),
        sum(own > limit for own in at),
        tuple(one.words for one, own in zip(asked, at, strict=True) if own < -limit),
        full,
        criterion.explanation,
    )


def _deviate(away: float, error: float, replications: int) -> float:
    """Normal deviate of a difference under Student's t (Wallace 1959, to .01 for ten and more)."""
    t = _over(away, error)
    if isnan(t) or replications < 2:
        return nan
    freedom = replications - 1
    if np.isinf(t):
        return t
    size = (8 * freedom + 1) / (8 * freedom + 3) * sqrt(freedom * log1p(t * t / freedom))
    return size if t > 0 else -size


def _over(away: float, error: float) -> float:
    """In standard errors; what has no error must be met exactly, to rounding."""
    if isnan(away) or isnan(error):
        return nan
    if error > 0:
        return away / error
    return 0.0 if abs(away) < 1e-12 else inf * (1 if away > 0 else -1)
