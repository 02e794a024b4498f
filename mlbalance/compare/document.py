"""Results of a comparison in words: the answer first, then the numbers and what they rest on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import chain

from mlbalance import __version__
from mlbalance.compare import pictures, verdict
from mlbalance.compare.measures import PER_FOLD, PER_REPEAT
from mlbalance.compare.results import Results
from mlbalance.report import (
    Block,
    Cell,
    Code,
    Document,
    Listing,
    Paragraph,
    Section,
    Table,
    items,
    paragraph,
)
from mlbalance.report.numbers import count

__all__ = ["document", "report"]

_MARGIN = 8
_MOST_CLASSES = 20
"""Classes whose recalls a terminal shows."""

_SHORT = {
    "log-loss": "loss",
    "worst-class recall": "worst",
    "macro F1": "F1",
    "calibration slope": "slope",
    "calibration intercept": "shift",
}


def document(results: Results, source: str = "", target: str = "", width: int = 80) -> Document:
    """The results as a document for a terminal.

    Parameters
    ----------
    results
        Of a comparison.
    source, target
        Names of the file and of its column of labels, for the code.
    width
        Columns of the terminal.

    Returns
    -------
    The document, for any renderer of `mlbalance.report`.
    """
    few = results.classes.size <= _MOST_CLASSES
    parts: list[tuple[str, Iterator[Block]]] = [
        ("Answer", verdict.answer(results)),
        ("Next", verdict.more(results)),
        ("Regime", verdict.on_regime(results)),
        ("Loss" if results.main == "log-loss" else "Error", _main(results, labels=False)),
        ("Also", _others(results, labels=False)),
        ("Ranks", pictures.ranks(results, width - _MARGIN)),
        ("Classes", pictures.by_class(results) if few else iter(())),
        ("Faults", _failed(results)),
        ("Data", _data(results)),
        ("How", _how(results)),
        ("Refit", _refit(results, source, target)),
        ("Cite", _cite()),
    ]
    sections = (Section(heading, tuple(blocks)) for heading, blocks in parts)
    return Document("", tuple(Section("", (part,)) for part in sections if part.blocks))


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
    by_class = chain(pictures.by_class(results), pictures.confusions(results))
    parts: list[tuple[str, Iterator[Block]]] = [
        ("What would tell more", verdict.more(results)),
        ("Differences", chain(pictures.forest(results), _main(results, labels=True))),
        ("Ranks", pictures.ranks(results, 80)),
        ("Regime", verdict.on_regime(results)),
        ("By class", by_class),
        ("Calibration", pictures.calibration(results)),
        ("Other measures", _others(results, labels=True)),
        ("Failures and warnings", _failed(results)),
        ("Data", _data(results)),
        ("How the methods were compared", _how(results)),
        ("Refit on all rows", _refit(results, source, target)),
        ("How to cite", _cite()),
    ]
    lead = Section("Answer", tuple(verdict.answer(results)), lead=True)
    sections = (Section(heading, tuple(blocks)) for heading, blocks in parts)
    return Document(title, (lead, *(part for part in sections if part.blocks)))


# --- tables ---------------------------------------------------------------------------------------


def _main(results: Results, *, labels: bool) -> Iterator[Block]:
    main, reference = results.name_of(results.main), results.labels[results.reference]
    some = [method for method in pictures.in_order(results) if results.folds_of(method)]
    yield paragraph(
        f"Mean {main} over folds, mean rank, and difference from {reference} with its "
        "simultaneous 95\xa0% interval.",
        " Methods differ in their folds: means are over those of each, differences over those it "
        "shares, ranks over those of all."
        if len({results.folds_of(method) for method in some}) > 1
        else "",
    )
    values, ranks = results.means(results.main), results.ranks()
    differences = {each.method: each for each in results.differences()}
    rows: list[tuple[Cell, ...]] = []
    for method in some:
        failures, own = len(results.failures(method)), differences.get(method)
        name = _name(results, method, labels)
        if failures:
            rows.append((name, "failed", "", "", "", ""))
            continue
        away = (own.mean, own.low, own.high) if own else (math.nan,) * 3
        mean = values[results.methods.index(method)]
        rank = f"{ranks[method]:.1f}" if math.isfinite(ranks[method]) else ""
        rows.append((name, f"{mean:.3f}", rank, *map(_signed, away)))
    yield Table(tuple(rows), ("method", results.main, "rank", "diff.", "from", "to"))


def _name(results: Results, method: str, labels: bool) -> Cell:
    """Id of a method, after its label where that is another word."""
    label = results.labels[method]
    return paragraph(f"{label} ", Code(method)) if labels and label != method else method


def _signed(value: float) -> str:
    return f"{value:+.3f}" if math.isfinite(value) else "" if math.isnan(value) else "unknown"


def _number(value: float, name: str) -> str:
    return f"{value:.{3 if name in PER_FOLD else 2}f}" if math.isfinite(value) else "-"


def _others(results: Results, *, labels: bool) -> Iterator[Block]:
    yield paragraph(
        "Means over folds, and over repeats of measures on all rows: loss is the log-loss; worst "
        "the least recall of a class; F1 is macro, of the rows as they are; calibration slope 1 "
        "and intercept (shift) 0 are right at the target prior."
    )
    names = [name for name in (*PER_FOLD, *PER_REPEAT) if name != results.main]
    means = {name: results.means(name).tolist() for name in names}
    rows = tuple(
        (
            _name(results, method, labels),
            *(_number(means[name][results.methods.index(method)], name) for name in names),
        )
        for method in pictures.in_order(results)
        if method in results.complete
    )
    yield Table(rows, ("method", *(_SHORT.get(name, name) for name in names)))


# --- what the numbers rest on ---------------------------------------------------------------------


def _failed(results: Results) -> Iterator[Paragraph]:
    """The most frequent error of each method that failed, or warning of one that did not.

    Methods of one message are told together.
    """
    told: dict[tuple[str, str], list[str]] = {}
    for method in results.methods:
        failures, messages = len(results.failures(method)), results.messages(method)
        if messages:
            what = f"failed on {failures}" if failures else f"warned on {sum(messages.values())}"
            what += f" of {count(results.folds_of(method), 'fold')}"
            told.setdefault((what, next(iter(messages))), []).append(method)
    for (what, message), methods in told.items():
        yield paragraph(f"{', '.join(methods)} {what}: {message}")


def _data(results: Results) -> Iterator[Block]:
    if results.notes:
        yield items(paragraph(note) for note in results.notes)


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


def _refit(results: Results, source: str, target: str) -> Iterator[Listing]:
    """Code that fits the recommended method to all rows."""
    if not results.complete:
        return
    aim: object = results.aim
    if aim == "prior":
        aim = dict(zip(results.classes.tolist(), results.target.tolist(), strict=True))
    imports = ["from mlbalance.compare import refit"]
    read, rows = [], "X, y"
    if source:
        imports.append("from mlbalance.compare.tables import read")
        read, rows = [f"table = read({source!r}, {target!r})"], "table"
    method = results.recommendation.method
    lines = [
        *imports,
        "",
        *read,
        f"model = refit({method!r}, {rows}, aim={aim!r}, seed={results.seed})",
        "model.predict_proba(rows)  # new rows with the same columns",
    ]
    yield Listing("\n".join(lines))


def _cite() -> Iterator[Paragraph]:
    yield paragraph(
        "The mlbalance developers (2026). mlbalance: class weights, resampling and bagging as "
        f"random weights in softmax regression, version {__version__} (",
        Code("mlbalance compare"),
        ").",
    )
    yield paragraph(
        "C. Nadeau and Y. Bengio (2003). Inference for the generalization error. Machine Learning "
        "52:239-281, doi:10.1023/A:1024068626366."
    )
