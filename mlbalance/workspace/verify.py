"""A fresh run of a study against its committed summary, number by number.

With as many replications and the libraries that the committed summary names, numbers are to be
equal. With other libraries they are to be within `MULTIPLE` Monte Carlo standard errors. A run of
fewer replications has the first ones of the committed run: then a difference has the variance of
the fresh mean less that of the committed one, and the limit is the critical value of so many
numbers at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isnan, sqrt
from pathlib import Path
from typing import TYPE_CHECKING

from mlbalance.workspace.checkout import checkout
from mlbalance.workspace.options import results_folder

if TYPE_CHECKING:
    from mlbalance.simulation import Row, Summary

__all__ = ["MULTIPLE", "Difference", "Verification", "verify"]

MULTIPLE = 4.0
"""Monte Carlo standard errors within which numbers of other libraries are the same."""


@dataclass(frozen=True)
class Difference:
    """A number that is not that of the committed summary."""

    row: Row
    """of the fresh run"""
    committed: float
    z: float
    """Difference over its standard error; NaN if the committed summary has no such number"""


@dataclass(frozen=True)
class Verification:
    """What a fresh summary has in common with the committed one."""

    numbers: int
    equal: int
    limit: float
    """Largest |z| allowed; zero where numbers are to be equal"""
    different: tuple[Difference, ...]
    """Numbers that are not equal, the largest |z| first"""

    @property
    def beyond(self) -> tuple[Difference, ...]:
        """Numbers beyond the limit."""
        return tuple(each for each in self.different if not abs(each.z) <= self.limit)


def verify(name: str, fresh: Path) -> Verification:
    """Compare a fresh summary with the committed one.

    Parameters
    ----------
    name
        Of the study.
    fresh
        Summary of the fresh run.

    Returns
    -------
    Verification

    Raises
    ------
    InputError
        For a file that is no summary.
    CheckoutError
        Outside of a checkout.
    """
    from mlbalance.simulation import read_rows

    path = results_folder(quick=False) / f"{name}.csv"
    return compared(read_rows(fresh), read_rows(path), same=_libraries(fresh) == _libraries(path))


def compared(fresh: Summary, committed: Summary, *, same: bool) -> Verification:
    """Compare two summaries.

    Parameters
    ----------
    fresh, committed
        The summaries.
    same
        Whether the same libraries made them.

    Returns
    -------
    Verification
    """
    from mlbalance.simulation import Criterion

    different, whole, numbers = [], True, 0
    for key, row in fresh.items():
        other = committed.get(key)
        if other is not None and row.n != other.n and isnan(row.value) != isnan(other.value):
            continue  # a fit failed in the rest of the replications, or in these
        numbers += 1
        if other is None:
            different.append(Difference(row, float("nan"), float("nan")))
            continue
        whole = whole and row.n == other.n
        if not _equal(row.value, other.value):
            different.append(Difference(row, other.value, _deviate(row, other)))
    different.sort(key=lambda each: -abs(each.z) if not isnan(each.z) else -float("inf"))
    limit = 0.0 if same else MULTIPLE
    if not whole:
        limit = Criterion().critical(max(numbers, 1))
    return Verification(numbers, numbers - len(different), limit, tuple(different))


def _equal(one: float, other: float) -> bool:
    return one == other or (isnan(one) and isnan(other))


def _deviate(row: Row, other: Row) -> float:
    """Difference over its standard error, for runs of one seed; infinite without an error."""
    if row.n == other.n:
        error = other.mcse
    else:
        nested = max(row.mcse**2 - other.mcse**2, 0.0)
        scaled = other.mcse**2 * max(other.n / row.n - 1, 0.0)
        error = sqrt(max(nested, scaled))
    away = row.value - other.value
    if isnan(away) or isnan(error):
        return float("nan")
    return away / error if error else float("inf")


def _libraries(path: Path) -> list[str]:
    """Versions of libraries in the first line of a summary."""
    with path.open(encoding="utf-8") as file:
        return re.findall(r"(?:NumPy|SciPy) [\w.]+", file.readline())


def fresh_store(name: str) -> Path:
    """Store of a fresh run, apart from the usual one."""
    return checkout() / "build" / "verify" / f"{name}.sqlite"
