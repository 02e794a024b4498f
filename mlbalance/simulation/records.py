"""Records of a study: quantities, results of replicates, and rows of the summary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import FloatArray, InputError, IntArray

__all__ = [
    "ROW_FIELDS",
    "Failure",
    "Key",
    "Outcomes",
    "Quantity",
    "Result",
    "Row",
    "Summary",
]

KINDS = ("value", "estimate", "se")
"""Kinds of quantities: performance, estimate, and model standard error of an estimate."""


class Quantity(NamedTuple):
    """A number that an outcome gives per replicate."""

    estimand: str
    """Name, as "log-loss" or "slope"."""
    kind: str = "value"
    """"value" for a performance, "estimate" for an estimate, "se" for its model standard error."""

    def __str__(self) -> str:
        """Column name in a table of rows."""
        return self.estimand if self.kind == "value" else f"{self.kind} {self.estimand}"


class Result(NamedTuple):
    """Result of one method on one replicate."""

    method: str
    ridge: float
    replicate: int
    status: str
    """Key of `softmax.STATUS`, "refused" where a method is not for the data, or "error\""""
    outcome: FloatArray | None
    """(columns,) of the study's outcomes; None unless converged"""
    message: str = ""


class Failure(NamedTuple):
    """A replicate on which a method has no estimate, with the seed to repeat it."""

    cell: str
    method: str
    ridge: float
    replicate: int
    status: str
    message: str
    seed: str


class Outcomes(NamedTuple):
    """Outcomes of one method on one cell, in the order of the replicates."""

    values: FloatArray
    """(replicates, columns); NaN where there is no estimate"""
    status: npt.NDArray[np.str_]
    """(replicates,)"""
    replicates: IntArray
    """(replicates,) numbers of the replicates"""

    def where(self, chosen: npt.NDArray[np.bool_]) -> Outcomes:
        """Outcomes of the replicates chosen by a mask (replicates,)."""
        return Outcomes(self.values[chosen], self.status[chosen], self.replicates[chosen])


class Key(NamedTuple):
    """Key of a row of a summary."""

    cell: str
    method: str
    ridge: float
    metric: str
    estimand: str = ""


class Row(NamedTuple):
    """One reported number.

    A mean over replicates of which some failed has no value: failures are counted, not dropped.
    """

    cell: str
    """Id of the cell."""
    factors: Mapping[str, Any]
    """Factors of the cell, by name."""
    method: str
    """Id of the method."""
    ridge: float
    metric: str
    """Performance measure: "mean", "difference", "ratio", "bias", "P(no estimate)", ..."""
    estimand: str
    """Name of the quantity; empty for "P(no estimate)"."""
    value: float
    mcse: float
    """Monte Carlo standard error of the value."""
    n: int
    """Replicates."""
    failures: int
    """Replicates without the number for the method, or for the one that it is compared with."""

    @property
    def key(self) -> Key:
        """Key of the row in its summary."""
        return Key(self.cell, self.method, self.ridge, self.metric, self.estimand)

    def has(self, **wanted: Any) -> bool:
        """Whether fields and factors have these values.

        Raises `InputError` for a name that is neither a field nor a factor.
        """
        for name, value in wanted.items():
            if name in ROW_FIELDS:
                own = getattr(self, name)
            elif name in self.factors:
                own = self.factors[name]
            else:
                raise InputError(
                    f"Rows have no field or factor {name!r}; they have "
                    f"{', '.join((*ROW_FIELDS, *self.factors))}."
                )
            if own != value:
                return False
        return True


ROW_FIELDS = tuple(name for name in Row._fields if name != "factors")


class Summary(Mapping[Key, Row]):
    """Rows of a study by key, which can be selected by their fields and factors.

    Parameters
    ----------
    rows : iterable of Row

    Raises
    ------
    InputError
        For two rows with the same key.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows: dict[Key, Row] = {}
        for row in rows:
            if self._rows.setdefault(row.key, row) is not row:
                raise InputError(f"A summary has one row per key; {row.key} is there twice.")

    def __getitem__(self, key: tuple[Any, ...]) -> Row:
        return self._rows[Key(*key)]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def select(self, **wanted: Any) -> list[Row]:
        """Rows whose fields and factors have these values, in the order of the summary.

        Raises `InputError` for a name that is neither a field nor a factor.
        """
        return [row for row in self._rows.values() if row.has(**wanted)]

    def one(self, **wanted: Any) -> Row:
        """The one row whose fields and factors have these values.

        Raises `InputError` for none or several, and for a name that is neither field nor factor.
        """
        found = self.select(**wanted)
        if len(found) != 1:
            where = ", ".join(f"{name}={value!r}" for name, value in wanted.items())
            raise InputError(f"One row is wanted where {where}; there are {len(found)}.")
        return found[0]
