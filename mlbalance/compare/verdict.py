"""Sentences on the results of a comparison: which method, what would tell more, which regime."""

from __future__ import annotations

import math
from collections.abc import Iterator

from mlbalance import theory
from mlbalance.compare.regime import UNDERSAMPLES
from mlbalance.compare.results import Difference, Results
from mlbalance.report import Code, Paragraph, Strong, paragraph
from mlbalance.report.numbers import count, multiple

__all__ = ["answer", "more", "on_regime"]

_HOPELESS = 1e4
"""Times the rows beyond which more of them are no advice."""

_VERDICTS = {
    "separated": "A linear rule separates the classes in these rows: without a ridge there is no "
    "fit, and as the ridge vanishes so does any effect of weights.",
    "quasi-separated": "A linear rule separates some of these rows or classes from the others: "
    "without a ridge there is no fit.",
    "not identified": "Columns are collinear: without a ridge many coefficients fit equally well.",
    "undecided": "Whether there is a fit without a ridge is not known: the data are too large.",
}


def answer(results: Results) -> Iterator[Paragraph]:
    """The recommendation, and how sure it is.

    Parameters
    ----------
    results
        Of a comparison.

    Yields
    ------
    Paragraphs.
    """
    advice, main = results.recommendation, results.name_of(results.main)
    label, reference = results.labels[advice.method], results.labels[results.reference]
    if not results.complete:
        yield paragraph("No method answered on every fold; none can be recommended.")
        return
    if results.reference != results.methods[0]:
        yield paragraph(
            f"{results.labels[results.methods[0]].capitalize()} failed on "
            f"{len(results.failures(results.methods[0]))} of "
            f"{count(results.folds_of(results.methods[0]), 'fold')}; "
            f"methods are compared with {reference} instead."
        )
    if len(results.blocks) < 2:
        yield paragraph("One fold was run; differences need two at least. Give a larger budget.")
        return
    if len(results.complete) == 1:
        yield paragraph(f"No other method answered on every fold: use {reference}.")
    elif advice.better:
        yield paragraph(Strong(f"Use {label}."), *_because(results, advice.method, main))
        others = [results.labels[method] for method in advice.better[1:]]
        if others:
            yield paragraph(f"Better than {reference} too: {', '.join(others)}.")
    elif not advice.worse:
        yield paragraph(
            f"Nothing is distinguishable from {reference} at these counts; ",
            Strong(f"use {reference}."),
        )
    else:
        yield paragraph(
            Strong(f"Use {reference}."),
            f" No method has a smaller {main} that can be told from chance; "
            f"{count(len(advice.undecided), 'method')} cannot be told from it.",
        )
    if advice.worse:
        worse = ", ".join(results.labels[method] for method in advice.worse)
        yield paragraph(f"Worse than {reference}: {worse}.")


def _because(results: Results, method: str, main: str) -> tuple[str, ...]:
    found = _difference(results, method)
    return (
        f" Its {main} is lower than that of {results.labels[results.reference]} by "
        f"{-found.mean:.3f} (95\xa0% interval {-found.high:.3f} to {-found.low:.3f}, simultaneous "
        "over the methods).",
    )


def _difference(results: Results, method: str) -> Difference:
    return next(each for each in results.differences() if each.method == method)


def more(results: Results) -> Iterator[Paragraph]:
    """Rows that would tell the method that looks best from the reference.

    Parameters
    ----------
    results
        Of a comparison.

    Yields
    ------
    A paragraph, where something could be told.
    """
    found = [e for e in results.differences() if e.mean < 0 <= e.high < math.inf]
    if results.recommendation.better or not found or len(results.blocks) < 2:
        return
    best = min(found, key=lambda each: each.mean)
    times = ((best.high - best.mean) / best.mean) ** 2
    seems = (
        f"{results.labels[best.method].capitalize()} looks best, by {-best.mean:.3f}, of which the "
        f"interval is {best.low:+.3f} to {best.high:+.3f}. "
    )
    if not times < _HOPELESS:
        yield paragraph(seems, "No number of rows that one would collect tells them apart.")
        return
    value = theory.budget(results.counts, results.target).row_value
    names = list(map(str, results.classes.tolist()))
    most, least = int(value.argmax()), int(value.argmin())
    yield paragraph(
        seems,
        f"Were that the truth, it would take about {multiple(float(times))} times the rows to show "
        f"it. Rows of class {names[most]} tell most: one is worth "
        f"{multiple(float(value[most] / value[least]))} of class {names[least]} (",
        Code("mlbalance derive budget"),
        ").",
    )


def on_regime(results: Results) -> Iterator[Paragraph]:
    """What counts and rows say without any comparison.

    Parameters
    ----------
    results
        Of a comparison.

    Yields
    ------
    A paragraph.
    """
    found, counts = results.regime, results.counts.tolist()
    if found is None:
        return
    columns = count(found.columns, "column")
    yield paragraph(
        f"{count(min(counts))} of the smallest class, {columns}. ",
        _of_fits(found.verdict, found.without),
        f" To first order undersampling to {count(min(counts))} per class multiplies the variance "
        f"of a fit by {found.variance_ratio:.2f}",
        "; with a ridge this is a rough guide" * (found.verdict != "exists"),
        ". ",
        Code(f"mlbalance advise {' '.join(map(str, counts))} --features {found.columns}"),
        " says more.",
    )


def _of_fits(verdict: str, without: int) -> str:
    if verdict in _VERDICTS:
        return _VERDICTS[verdict]
    if not without:
        return "All rows have a fit without a ridge, and so has an undersample."
    return (
        f"All rows have a fit without a ridge, {without} of {UNDERSAMPLES} undersamples have none."
    )
