"""Table of a fitted classifier as text or DataFrame, and what a study says of its intervals."""

from __future__ import annotations

import csv
import textwrap
from functools import cache
from importlib import import_module
from importlib.resources import files
from math import sqrt
from typing import Any, NamedTuple

from mlbalance.extras import MissingExtraError
from mlbalance.inputs import FloatArray

__all__ = ["Known", "Table", "clip", "coverage_notes", "known_coverage"]

_COLUMNS = ("estimate", "std err", "df", "lower", "upper")
_WIDTHS = (10, 9, 5, 10, 10)
_FORMS = (".4g", ".3g", ".0f", ".4g", ".4g")
_LINE = 80
_TOO_LOW, _LOW = 0.9, 0.93


class Table(NamedTuple):
    """Numbers of a fit: estimates, or estimate, standard error, degrees of freedom and ends."""

    classes: list[Any]
    features: list[str]
    numbers: FloatArray
    """(classes, features, columns)"""

    def text(self, head: list[str], notes: list[str], against: Any = None) -> str:
        """Lines of at most 80 columns.

        Parameters
        ----------
        head
            Lines above the table.
        notes
            Sentences above the table, which are wrapped.
        against
            Class that those of the table are against, if it is one.

        Returns
        -------
        The text.
        """
        shown = self.numbers.shape[-1]
        cells = [f"{name:>{w}}" for name, w in zip(_COLUMNS[:shown], _WIDTHS, strict=False)]
        heading = " ".join([f"{'class':<12} {'feature':<18}", *cells])
        wrapped = [line for note in notes for line in textwrap.wrap(note, _LINE)]
        lines = [*head, *wrapped, "", heading, "-" * len(heading)]
        for label, own in zip(self.classes, self.numbers, strict=True):
            for name, row in zip(self.features, own, strict=True):
                forms = zip(row, _WIDTHS, _FORMS, strict=False)
                cells = [f"{x:>{width}{form}}" for x, width, form in forms]
                lines.append(" ".join([f"{clip(label, 12):<12} {clip(name, 18):<18}", *cells]))
        if against is not None:
            lines.append(f"Against class {against}.")
        return "\n".join(lines)

    def frame(self) -> Any:
        """DataFrame with rows (class, feature).

        Returns
        -------
        pandas DataFrame of the columns of the table.

        Raises
        ------
        MissingExtraError
            Without pandas.
        """
        try:
            pd = import_module("pandas")
        except ModuleNotFoundError as error:
            raise MissingExtraError(
                "summary(as_frame=True) needs pandas, which is not installed: pip install pandas"
            ) from error
        shown = self.numbers.shape[-1]
        index = pd.MultiIndex.from_product(
            [self.classes, self.features], names=["class", "feature"]
        )
        return pd.DataFrame(
            self.numbers.reshape(-1, shown), index=index, columns=list(_COLUMNS[:shown])
        )


class Known(NamedTuple):
    """Lowest coverage of nominal 95 % intervals among the designs of a study."""

    kind: str
    smallest: int
    """Rows of the smallest class."""
    features: int
    coverage: float


@cache
def known_coverage() -> tuple[Known, ...]:
    """Lowest coverages by kind, rows of the smallest class and features.

    Returns
    -------
    Records, made from the summaries of the studies `few_rows` and `advised_intervals`.
    """
    text = files("mlbalance.estimators").joinpath("coverage.csv").read_text("utf-8")
    lines = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return tuple(
        Known(line["kind"], int(line["smallest"]), int(line["features"]), float(line["coverage"]))
        for line in lines
    )


def coverage_notes(kind: str, smallest: int, features: int) -> list[str]:
    """What the study says of 95 % intervals with so few rows and so many features.

    Parameters
    ----------
    kind
        Of the covariance.
    smallest
        Rows of the smallest class.
    features
        Features d.

    Returns
    -------
    A sentence where intervals with as many rows or more, and as many features or fewer, covered
    less than 93 % of data sets; another where there are fewer rows than in the study, or more
    features and, against the standard error, more bias than with its features and most rows.
    """
    known = [one for one in known_coverage() if one.kind == kind]
    if not known:
        return []
    easier = [one for one in known if one.smallest >= smallest and one.features <= features]
    low = [one for one in easier if one.coverage < _LOW]
    if low:
        nearest = min(low, key=lambda one: (one.smallest, -one.features))
        short = "Too short" if nearest.coverage < _TOO_LOW else "A little short"
        return [
            f"{short}: fits with {nearest.smallest} rows in the smallest class and "
            f"{nearest.features} features had nominal 95 % intervals of this kind that covered "
            f"{100 * nearest.coverage:.0f} % at worst."
        ]
    fewest, largest = (end(one.smallest for one in known) for end in (min, max))
    most = max(one.features for one in known)
    # The bias of a fit is of order d/n, its standard error of order n^(-1/2).
    biased = features > most and features / sqrt(smallest) > most / sqrt(largest)
    if smallest < fewest or biased:
        return [
            f"How often intervals cover with {features} features and {smallest} rows in the "
            f"smallest class is not known: studied were up to {most} features, and {fewest} rows "
            "or more. The bias of a fit, which is in no interval, grows with the features."
        ]
    return []


def clip(value: Any, width: int) -> str:
    """Text of at most so many characters.

    Parameters
    ----------
    value
        What is shown.
    width
        Characters.

    Returns
    -------
    The text, its end replaced where it is longer.
    """
    text = str(value)
    return text if len(text) <= width else text[: width - 1] + "…"
