"""Figures and tables by class of a comparison's report."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from mlbalance.compare.measures import reliability
from mlbalance.compare.results import Results
from mlbalance.report import Figure, Table, strips, svg

__all__ = ["by_class", "calibration", "confusions", "forest", "in_order", "ranks"]

_LONGEST = 40
"""Characters of a class that are shown."""
_SHORT, _FEW = 9, 9
"""Characters and number of classes that fit above the columns of a table."""


def in_order(results: Results) -> list[str]:
    """Methods by the mean of the main measure, those that failed last.

    Parameters
    ----------
    results
        Of a comparison.

    Returns
    -------
    Their ids.
    """
    means = dict(zip(results.methods, results.means(results.main).tolist(), strict=True))
    return sorted(results.methods, key=lambda method: (math.isnan(means[method]), means[method]))


def forest(results: Results) -> Iterator[Figure]:
    """Paired differences from the reference, with their intervals.

    Parameters
    ----------
    results
        Of a comparison.

    Yields
    ------
    The figure, if there are differences.
    """
    found = [each for each in results.differences() if math.isfinite(each.mean)]
    known = {each.method: (each.mean, each.low, each.high) for each in found}
    if not known or len(results.blocks) < 2:
        return
    known[results.reference] = (0.0, 0.0, 0.0)
    rows = [(method, *known[method]) for method in in_order(results) if method in known]
    title = f"{results.name_of(results.main)} less that of {results.labels[results.reference]}"
    drawn = svg.intervals(rows, title, marked=results.recommendation.method)
    caption = (
        f"Paired differences over folds: {title}, with simultaneous 95\xa0% intervals. Left of the "
        "line is better; an interval that holds zero tells nothing."
    )
    yield Figure("intervals", caption, svg=drawn)


def ranks(results: Results, width: int) -> Iterator[Figure]:
    """Ranks of the methods over folds.

    Parameters
    ----------
    results
        Of a comparison.
    width
        Columns of the figure on a terminal.

    Yields
    ------
    The figure, if there are two methods to rank.
    """
    mean, quartiles = results.ranks(), results.rank_quartiles()
    order = sorted(quartiles, key=lambda method: mean[method])
    if len(order) < 2 or not all(map(math.isfinite, mean.values())):
        return
    rows = [(method, mean[method], *quartiles[method]) for method in order]
    caption = (
        f"Mean rank by {results.name_of(results.main)} over folds, 1 the best, and the middle half "
        "of the ranks. Folds share rows, so that no test of ranks holds here."
    )
    title = "rank"
    drawn = svg.intervals(rows, title, marked=results.recommendation.method, zero=False)
    yield Figure("ranks", caption, svg=drawn, text=strips.intervals(rows, width))


def by_class(results: Results) -> Iterator[Table]:
    """Recall of each class by the recommended method, the reference and the unweighted fit.

    Parameters
    ----------
    results
        Of a comparison.

    Yields
    ------
    The table, if a repeat is finished.
    """
    methods = _shown(results)
    tables = [results.confusion(method) for method in methods]
    recalls = [np.diag(table) / table.sum(axis=1) for table in tables if table is not None]
    rows = tuple(
        (name, f"{n:,}", *(f"{recall[k]:.2f}" for recall in recalls))
        for k, (name, n) in enumerate(zip(_names(results), results.counts.tolist(), strict=True))
    )
    if methods:
        yield Table(rows, ("class", "rows", *methods), "Recall of each class, over all repeats.")


def confusions(results: Results) -> Iterator[Table]:
    """Answers of the recommended method.

    Parameters
    ----------
    results
        Of a comparison.

    Yields
    ------
    The table, if a repeat is finished.
    """
    method = results.recommendation.method
    table = results.confusion(method)
    if table is None:
        return
    names = _names(results)
    shares = table / table.sum(axis=1, keepdims=True)
    if len(names) > _FEW or max(map(len, names)) > _SHORT:
        numbers = [str(k) for k in range(1, len(names) + 1)]
        names = [f"{k} {name}" for k, name in zip(numbers, names, strict=True)]
    else:
        numbers = names
    rows = tuple(
        (name, *(f"{share:.2f}" if share else "" for share in row))
        for name, row in zip(names, shares, strict=True)
    )
    caption = (
        f"Answers of {results.labels[method]} to the rows of each class, as shares of these rows."
    )
    shading = tuple(map(tuple, shares.tolist()))
    yield Table(rows, ("class", *numbers), caption, shares=shading)


def calibration(results: Results) -> Iterator[Figure]:
    """Reliability curves of the recommended method, the reference and the unweighted fit.

    Parameters
    ----------
    results
        Of a comparison.

    Yields
    ------
    The figure, if the first repeat is finished.
    """
    lines = []
    for method in _shown(results):
        log_p = results.log_probabilities(method)
        if log_p is not None:
            found = reliability(log_p, results.codes, results.target)
            lines.append((method, *(part.tolist() for part in found)))
    if lines:
        drawn = svg.curves(lines, "predicted probability", "observed share")
        caption = (
            "Reliability at the target prior, classes pooled in ten bins, in the first repeat: on "
            "the diagonal probabilities are right, and large points hold most of the rows."
        )
        yield Figure("reliability", caption, svg=drawn)


def _shown(results: Results) -> list[str]:
    """The recommended method, the reference and the unweighted fit: those with all answers."""
    wanted = (results.recommendation.method, results.reference, "unweighted")
    return [
        method
        for method in dict.fromkeys(wanted)
        if method in results.methods and results.confusion(method) is not None
    ]


def _names(results: Results) -> list[str]:
    """Names of the classes in one line each, the end of long ones left out."""
    names = (" ".join(str(label).split()) for label in results.classes.tolist())
    return [name if len(name) <= _LONGEST else name[: _LONGEST - 3] + "..." for name in names]
