"""Results of a comparison in words: the answer first, then the numbers and what they rest on."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from mlbalance import __version__, theory
from mlbalance.compare.measures import PER_FOLD, PER_REPEAT, reliability
from mlbalance.compare.results import Difference, Results
from mlbalance.report import (
    Code,
    Document,
    Figure,
    Listing,
    Paragraph,
    Section,
    Strong,
    Table,
    items,
    paragraph,
    svg,
)
from mlbalance.report.numbers import count, multiple

__all__ = ["document", "report"]

_HOPELESS = 1e4
"""Times the rows beyond which more of them are no advice."""

_SHORT = {
    "log-loss": "loss",
    "worst-class recall": "worst",
    "macro F1": "F1",
    "calibration slope": "slope",
    "calibration intercept": "shift",
}


def document(results: Results) -> Document:
    """The results as a document of at most 80 columns.

    Parameters
    ----------
    results
        Of a comparison.

    Returns
    -------
    The document, for any renderer of `mlbalance.report`.
    """
    parts = [
        Section("Answer", tuple(_answer(results))),
        Section("More", tuple(_more(results))),
        Section("Main", tuple(_main(results))),
        Section("Others", (_others_said(results), _others(results))),
        Section("Faults", tuple(_failed(results))),
        Section("Data", (items(paragraph(note) for note in results.notes),)),
        Section("How", tuple(_how(results))),
    ]
    given = (part for part in parts if part.blocks)
    return Document("", tuple(Section("", (part,)) for part in given))


def report(results: Results, source: str = "", target: str = "") -> Document:
    """The results as a report, with figures, tables by class, and the code of a refit.

    Parameters
    ----------
    results
        Of a comparison.
    source, target
        Names of the file and of its column of labels, for the code.

    Returns
    -------
    The document, for `report.html`.
    """
    title = f"Which method for {source}" if source else "Which method"
    parts = [
        Section("Answer", tuple(_answer(results))),
        Section("What would tell more", tuple(_more(results))),
        Section("Differences", (_forest(results), *_main(results))),
        Section("Other measures", (_others_said(results), _others(results))),
        Section("By class", tuple(_by_class(results))),
        Section("Calibration", tuple(_calibration(results))),
        Section("Failures and warnings", tuple(_failed(results))),
        Section("Data", (items(paragraph(note) for note in results.notes),)),
        Section("How the methods were compared", tuple(_how(results))),
        Section("Refit on all rows", (_code(results, source, target),)),
        Section("How to cite", tuple(_cite())),
    ]
    return Document(title, tuple(part for part in parts if part.blocks))


# --- the answer -----------------------------------------------------------------------------------


def _answer(results: Results) -> Iterator[Paragraph]:
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


# --- what would tell more -------------------------------------------------------------------------


def _more(results: Results) -> Iterator[Paragraph]:
    """Rows that would tell the method that looks best from the reference."""
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


# --- tables ---------------------------------------------------------------------------------------


def _order(results: Results) -> list[str]:
    """Methods by the mean of the main measure, those that failed last."""
    means = dict(zip(results.methods, results.means(results.main).tolist(), strict=True))
    return sorted(results.methods, key=lambda method: (math.isnan(means[method]), means[method]))


def _main(results: Results) -> Iterator[Paragraph | Table]:
    main = results.name_of(results.main)
    some = [method for method in _order(results) if results.folds_of(method)]
    yield paragraph(
        f"Mean {main} over folds, mean rank, and difference from "
        f"{results.labels[results.reference]} with its simultaneous 95\xa0% interval.",
        " Methods differ in their folds: means are over those of each, differences over those it "
        "shares, ranks over those of all."
        if len({results.folds_of(method) for method in some}) > 1
        else "",
    )
    values, ranks = results.means(results.main), results.ranks()
    differences = {each.method: each for each in results.differences()}
    rows: list[tuple[str, ...]] = []
    for method in some:
        failures, own = len(results.failures(method)), differences.get(method)
        if failures:
            rows.append((method, "failed", "", "", "", ""))
            continue
        away = (own.mean, own.low, own.high) if own else (math.nan,) * 3
        mean = values[results.methods.index(method)]
        rank = f"{ranks[method]:.1f}" if math.isfinite(ranks[method]) else ""
        rows.append((method, f"{mean:.3f}", rank, *map(_signed, away)))
    yield Table(tuple(rows), ("method", results.main, "rank", "diff.", "from", "to"))


def _signed(value: float) -> str:
    return f"{value:+.3f}" if math.isfinite(value) else "" if math.isnan(value) else "unknown"


def _number(value: float, name: str) -> str:
    return f"{value:.{3 if name in PER_FOLD else 2}f}" if math.isfinite(value) else "-"


def _others_said(results: Results) -> Paragraph:
    return paragraph(
        "Means over folds, and over repeats of measures on all rows: loss is the log-loss; worst "
        "the least recall of a class; F1 is macro, of the rows as they are; calibration slope 1 "
        "and intercept (shift) 0 are right at the target prior."
    )


def _others(results: Results) -> Table:
    names = [name for name in (*PER_FOLD, *PER_REPEAT) if name != results.main]
    means = {name: results.means(name).tolist() for name in names}
    rows = tuple(
        (method, *(_number(means[name][results.methods.index(method)], name) for name in names))
        for method in _order(results)
        if method in results.complete
    )
    return Table(rows, ("method", *(_SHORT.get(name, name) for name in names)))


def _failed(results: Results) -> Iterator[Paragraph]:
    """The most frequent error of each method that failed, or warning of one that did not."""
    for method in results.methods:
        J = results.folds_of(method)
        failures, messages = len(results.failures(method)), results.messages(method)
        if messages:
            what = f"failed on {failures}" if failures else f"warned on {sum(messages.values())}"
            message = next(iter(messages))
            yield paragraph(f"{method} {what} of {count(J, 'fold')}: {message}")


# --- figures and tables of the report -------------------------------------------------------------


def _forest(results: Results) -> Figure:
    differences = {each.method: each for each in results.differences()}
    shown = (differences[method] for method in _order(results) if method in differences)
    rows = [(each.method, each.mean, each.low, each.high) for each in shown if not each.failures]
    title = f"{results.name_of(results.main)} less that of {results.labels[results.reference]}"
    caption = f"Paired differences with simultaneous 95\xa0% intervals: {title}; left is better."
    return Figure("intervals", caption, svg=svg.intervals(rows, title))


def _shown(results: Results) -> list[str]:
    """The recommended method, the reference and the unweighted fit: those with all answers."""
    wanted = (results.recommendation.method, results.reference, "unweighted")
    return [
        method
        for method in dict.fromkeys(wanted)
        if method in results.methods and results.confusion(method) is not None
    ]


def _by_class(results: Results) -> Iterator[Paragraph | Table]:
    methods, names = _shown(results), tuple(map(str, results.classes.tolist()))
    if not methods:
        return
    tables = [results.confusion(method) for method in methods]
    recalls = [np.diag(t) / t.sum(axis=1) for t in tables if t is not None]
    rows = tuple(
        (name, f"{n:,}", *(f"{recall[k]:.3f}" for recall in recalls))
        for k, (name, n) in enumerate(zip(names, results.counts.tolist(), strict=True))
    )
    yield Table(rows, ("class", "rows", *methods), "Recall of each class, over all repeats.")
    method = results.recommendation.method
    table = results.confusion(method)
    if table is not None:
        shares = table / table.sum(axis=1, keepdims=True)
        rows = tuple(
            (name, *(f"{share:.2f}" for share in row))
            for name, row in zip(names, shares, strict=True)
        )
        caption = (
            f"Answers of {results.labels[method]} to rows of each class, as shares of the row."
        )
        yield Table(rows, ("class", *names), caption)


def _calibration(results: Results) -> Iterator[Figure]:
    lines = []
    for method in _shown(results):
        log_p = results.log_probabilities(method)
        if log_p is not None:
            predicted, observed, _ = reliability(log_p, results.codes, results.target)
            lines.append((method, predicted.tolist(), observed.tolist()))
    if lines:
        drawn = svg.curves(lines, "predicted probability", "observed share")
        caption = (
            "Reliability at the target prior, classes pooled in ten bins, in the first repeat: on "
            "the diagonal probabilities are right."
        )
        yield Figure("reliability", caption, svg=drawn)


def _how(results: Results) -> Iterator[Paragraph]:
    target = (
        "the uniform prior (balanced)"
        if results.aim == "balanced"
        else "the prior of the data (natural)"
        if results.aim == "natural"
        else "the prior "
        + ", ".join(
            f"{name} {share:.3g}"
            for name, share in zip(results.classes.tolist(), results.target.tolist(), strict=True)
        )
    )
    yield paragraph(
        f"{count(len(results.blocks), 'fold')} of {results.repeats} x {results.folds}, stratified, "
        f"the same for every method; seed {results.seed}. Every method answers with probabilities "
        f"at {target}. Preprocessing, resampling, ridges (by leaving out training rows) and "
        "thresholds see training rows alone."
    )
    yield paragraph(
        "Standard errors are those of Nadeau and Bengio (2003) for folds that share training rows: "
        "the variance of a mean is (1/J + test/train) times that of J folds. Intervals cover all "
        "differences at once with probability 95\xa0%, up to that approximation."
    )


def _code(results: Results, source: str, target: str) -> Listing:
    aim: object = results.aim
    if aim == "prior":
        aim = dict(zip(results.classes.tolist(), results.target.tolist(), strict=True))
    read = f"from mlbalance.compare.tables import read\n\ntable = read({source!r}, {target!r})"
    lines = [
        "from mlbalance.compare import refit",
        *([read] if source else [""]),
        f"model = refit({results.recommendation.method!r}, {'table' if source else 'X, y'}, "
        f"aim={aim!r}, seed={results.seed})",
        "model.predict_proba(rows)  # new rows with the same columns",
    ]
    return Listing("\n".join(lines))


def _cite() -> Iterator[Paragraph]:
    yield paragraph(
        f"mlbalance {__version__}, The mlbalance developers: ", Code("mlbalance compare")
    )
    yield paragraph(
        "C. Nadeau and Y. Bengio (2003), Inference for the generalization error, Machine Learning "
        "52:239-281, doi:10.1023/A:1024068626366."
    )
