"""Agreement of observed numbers with their predictions, by one criterion for all studies.

Every number that has a prediction gives a standardised difference z: observed less predicted, over
the Monte Carlo error of both. A study agrees with its predictions if two statistics of all its
numbers do, each tested at half of the level:

- the largest |z| is below its simultaneous critical value (Sidak 1967; under any dependence the
  level is that or less);
- the mean of z^2 lies in its chi-square band. Numbers of one cell come from the same data sets, so
  they are taken as perfectly correlated, the dependence that gives the mean of z^2 the largest
  variance; cells are independent. Degrees of freedom are (sum n_c)^2 / sum n_c^2, with n_c numbers
  per cell. Shares whose count has a variance below one do not count here.

There is no allowance: a known error of the theory belongs in the prediction. Other claims of a
study (orderings, winners) are contrasts of numbers, claimed to be positive.
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
    """One observed number and its prediction."""

    row: Row
    """Its row of the summary: cell, factors, method, metric and estimand."""
    predicted: float
    observed: float
    error: float
    """Monte Carlo error of the difference, that of the prediction included."""
    z: float
    """Standardised difference as a standard normal deviate; NaN where a number is missing."""
    spread: bool = True
    """Whether z has variance one under agreement: not for a share close to 0 or 1."""


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
        """Key of the row."""
        return Key(*self[1:])


@dataclass(frozen=True)
class Contrast:
    """A linear combination of rows, and a constant, claimed to be positive.

    Errors of rows of one cell are added, their largest sum under any dependence; those of
    different cells are added in squares.
    """

    words: str
    terms: tuple[Term, ...]
    constant: float = 0.0

    def z(self, rows: Mapping[Key, Row]) -> float:
        """Standardised sum as a standard normal deviate; NaN where a row is missing."""
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
    """Level of the verdict on a study, and what is known about its predictions.

    Parameters
    ----------
    level
        Probability that a study with correct predictions disagrees, between 0 and 1.
    explanation
        Written before the run: which errors of the predictions are known and how large they are.
        It changes no limit.

    Raises
    ------
    InputError
        For a level that is not between 0 and 1.
    """

    level: float = 0.001
    explanation: str = ""

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise InputError(f"The level of a criterion lies between 0 and 1; it is {self.level}.")

    def critical(self, numbers: int, *, sides: int = 2) -> float:
        """Simultaneous critical value of standardised differences.

        Parameters
        ----------
        numbers : int
            How many there are.
        sides : int
            2 for |z| of numbers, at half the level; 1 for z of contrasts, at the whole level.
        """
        level = self.level / 2 if sides == 2 else self.level
        each = -np.expm1(log1p(-level) / numbers)
        return -_NORMAL.inv_cdf(float(each) / sides)

    def band(self, cells: Collection[str]) -> tuple[float, float]:
        """Limits of the root mean square of z, at half the level.

        Parameters
        ----------
        cells : collection of str
            Id of the cell of each number.
        """
        from scipy.stats import chi2

        _, sizes = np.unique(list(cells), return_counts=True)
        freedom = sizes.sum() ** 2 / (sizes**2).sum()
        ends = chi2.ppf(self.level / 4, freedom), chi2.isf(self.level / 4, freedom)
        return sqrt(ends[0] / freedom), sqrt(ends[1] / freedom)


class Verdict(NamedTuple):
    """Joint verdict on all numbers and contrasts of a study."""

    numbers: int
    largest: float
    """Largest |z|; infinite where a number or its error is missing, or there are no numbers."""
    critical: float
    rms: float
    low: float
    high: float
    contrasts: int
    shown: int
    contradicted: tuple[str, ...]
    """Words of contrasts that are significantly negative."""
    full: bool
    """Whether the study was run as its file says; a quick run can contradict a contrast only."""
    explanation: str

    @property
    def agrees(self) -> bool:
        """Whether the numbers agree with their predictions."""
        return self.largest <= self.critical and self.low <= self.rms <= self.high


def compare(
    row: Row,
    predicted: float,
    *,
    own_error: float = 0.0,
    observed: tuple[float, float] | None = None,
    log: bool = False,
) -> Comparison:
    """Compare a row with its prediction.

    Parameters
    ----------
    row : Row
    predicted : float
    own_error : float
        Standard error of the prediction.
    observed : (float, float), optional
        Value and Monte Carlo standard error, where they are functions of those of the row.
    log : bool
        Whether logarithms are compared, as of ratios and variances, whose errors are relative.

    Returns
    -------
    Comparison
        Its z is the normal deviate with the tail probability of the standardised difference under
        Student's t with n - 1 degrees of freedom.
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
    """Compare a count of replicates with a predicted probability.

    Parameters
    ----------
    row : Row
    predicted : float
        Probability.
    count, replications : int
        Successes, of how many replicates.
    own_error : float
        Standard error of a prediction that is simulated too.

    Returns
    -------
    Comparison
        Its z is the normal deviate with the mid-P value of the binomial distribution. With an
        `own_error` it is the difference over the error of both, that of the share as if one more
        replicate were half a success, so that it is not zero at a count of zero.
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
    """Joint verdict on comparisons and contrasts.

    Parameters
    ----------
    found : sequence of Comparison
        None at all do not agree, nor does a missing number.
    criterion : Criterion
    contrasts : sequence of Contrast
        Those with a cell that was not run are left out.
    rows : mapping of Key to Row
        The summary, for contrasts.
    full : bool
        Whether the study was run as its file says.
    """
    z = np.array([c.z for c in found], dtype=float)
    z = np.where(np.isnan(z), inf, np.abs(z))
    spread = np.array([c.spread or not np.isfinite(c.z) for c in found], dtype=bool)
    cells = [c.row.cell for c, counts in zip(found, spread, strict=True) if counts]
    low, high = criterion.band(cells) if cells else (0.0, inf)
    ran = {key[0] for key in rows or {}}
    tested = [one for one in contrasts if {term.cell for term in one.terms} <= ran]
    at = [one.z(rows or {}) for one in tested]
    limit = criterion.critical(max(len(tested), 1), sides=1)
    return Verdict(
        z.size,
        float(z.max(initial=-inf)) if z.size else inf,
        criterion.critical(max(z.size, 1)),
        float(np.sqrt((z[spread] ** 2).mean())) if cells else 0.0,
        low,
        high,
        len(tested),
        sum(own > limit for own in at),
        tuple(one.words for one, own in zip(tested, at, strict=True) if own < -limit),
        full,
        criterion.explanation,
    )


def _deviate(away: float, error: float, replications: int) -> float:
    """Normal deviate with the tail probability of Student's t.

    Approximation of Wallace 1959, within .01 for ten replications and more.
    """
    t = _over(away, error)
    if isnan(t) or replications < 2:
        return nan
    freedom = replications - 1
    if np.isinf(t):
        return t
    size = (8 * freedom + 1) / (8 * freedom + 3) * sqrt(freedom * log1p(t * t / freedom))
    return size if t > 0 else -size


def _over(away: float, error: float) -> float:
    """A difference in standard errors; without an error it must be zero, up to rounding."""
    if isnan(away) or isnan(error):
        return nan
    if error > 0:
        return away / error
    return 0.0 if abs(away) < 1e-12 else inf * (1 if away > 0 else -1)
