"""Pages of the studies: aim, mechanisms, estimands, methods, performance, figure and verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path

from docs import readme
from mlbalance import claims
from mlbalance.report import (
    Block,
    Code,
    Document,
    Figure,
    Listing,
    Section,
    Strong,
    Table,
    items,
    paragraph,
    rest,
)
from mlbalance.simulation import Cell, Study

__all__ = ["NAMES", "page", "study_of", "verdict_lines"]

ROOT = Path(__file__).resolve().parents[1]
NAMES = tuple(sorted(path.stem for path in (ROOT / "simulations").glob("[a-z]*.py")))
_SHOWN = 24
"""Rows of a table of cells; the rest is counted."""


def study_of(name: str) -> Study:
    """The study of a file in `simulations/`."""
    study: Study = import_module(f"simulations.{name}").STUDY
    return study


@cache
def verdict_lines() -> Mapping[str, Mapping[str, str]]:
    """Verdicts by study, as the scripts of the figures wrote them."""
    return {line["study"]: line for line in readme.verdicts()}


def page(name: str, links: rest.Links) -> str:
    """Page of a study, from its declaration, its figure and its verdict."""
    study, module = study_of(name), import_module(f"simulations.{name}")
    title = (module.__doc__ or name).strip().splitlines()[0].rstrip(".").replace("`", "")
    parts = (
        Section("", (paragraph(Strong(f"{title}.")),)),
        Section("Verdict", tuple(_verdict(study)), lead=True),
        Section("", tuple(_figure(name))),
        Section("Aim", (paragraph(study.aim), *_observed(study))),
        Section("Data-generating mechanisms", tuple(_cells(study))),
        Section("Estimands", (paragraph(study.estimands),)),
        Section("Methods", (_methods(study),)),
        Section("Performance measures", tuple(_performance(study))),
        Section("Stated before the run", tuple(_stated(study))),
        Section("Run it", (_commands(study),)),
    )
    table = f"simulations/results/{name}.csv"
    told = rest.render(Document(name, parts), links=links)
    below = f"All numbers: :download:`{table} </results/{name}.csv>`.\n"
    return f".. _study-{name}:\n\n{told}\n{below}"


def _verdict(study: Study) -> Iterator[Block]:
    line = verdict_lines().get(study.name)
    if line is None:
        yield paragraph("It has not been judged yet.")
        return
    how = "agree with" if line["verdict"] == "agrees" else "do not agree with"
    said = (
        f"{line['numbers']} numbers {how} their predictions: largest |z| {line['largest']}, where "
        f"the simultaneous critical value is {line['critical']}"
    )
    if line["high"] != "inf":
        said += f"; root mean square {line['rms']}, where {line['low']} to {line['high']} agrees"
    yield paragraph(f"{said}.")
    if int(line["contrasts"]):
        yield paragraph(
            f"Of {line['contrasts']} contrasts that were stated before the run {line['shown']} are "
            "shown beyond their simultaneous limit; none is contradicted."
        )
    if line["verdict"] != "agrees":
        yield paragraph(f"The largest difference is at {line['largest at']}.")


def _figure(name: str) -> Iterator[Block]:
    if (ROOT / f"paper/generated/{name}.png").exists():
        caption = "Theory and observation on the same axes, drawn from the committed table."
        yield Figure(f"/figures/{name}.png", caption, f"Figure of the study {name}")


def _observed(study: Study) -> Iterator[Block]:
    own = {label: "" for label, claim in claims.CLAIMS.items() if claim.observed}
    own = {k: v for k, v in own.items() if Path(claims.get(k).observed or "").stem == study.name}
    own |= study.observes
    for label, estimand in own.items():
        yield paragraph("Witness of ", Code(label), f", by {estimand}." if estimand else ".")


def _cells(study: Study) -> Iterator[Block]:
    factors = tuple(study.cells[0].factors)
    head = ("cell", *factors, "rows by class")
    shown = study.cells[:_SHOWN]
    rows = tuple(
        (cell.id, *(f"{cell.factors[name]}" for name in factors), _counts(cell)) for cell in shown
    )
    yield Table(rows, head, columns="l" + "l" * len(factors) + "l")
    if left := len(study.cells) - len(shown):
        yield paragraph(f"{left} more; the table has all {len(study.cells)}.")


def _counts(cell: Cell) -> str:
    counts = getattr(cell.source, "counts", None)
    return "" if counts is None else ", ".join(f"{int(n)}" for n in counts)


def _methods(study: Study) -> Table:
    ridges: dict[tuple[str, str], list[str]] = {}
    for method in study.methods:
        ridge = getattr(method, "ridge", "")
        shown = f"{ridge:g}" if isinstance(ridge, int | float) else "chosen" if ridge else ""
        ridges.setdefault((method.id, method.label), []).append(shown)
    rows = tuple(
        (Code(id), f"{label}{' (reference)' * (id == study.reference)}", ", ".join(own))
        for (id, label), own in ridges.items()
    )
    return Table(rows, ("method", "in words", "ridge"), columns="lpl")


def _performance(study: Study) -> Iterator[Block]:
    names = [f"{column.estimand} ({column.kind})" for column in study.columns]
    yield paragraph(f"Recorded of every method and replicate: {', '.join(names)}.")
    if study.measures:
        yield paragraph(f"Beyond the measures that every outcome has: {', '.join(study.measures)}.")
    yield paragraph(
        f"{study.replications} replications per cell, root seed {study.root}. Every number has its "
        "Monte Carlo standard error and a count of failures; differences are paired."
    )


def _stated(study: Study) -> Iterator[Block]:
    yield paragraph(
        f"Predictions that are correct are found to disagree with probability "
        f"{study.criterion.level:g}. {study.criterion.explanation}"
    )
    if study.contrasts:
        shown = [paragraph(contrast.words) for contrast in study.contrasts[:_SHOWN]]
        yield items(shown)
        if left := len(study.contrasts) - len(shown):
            yield paragraph(f"{left} more contrasts stand in simulations/{study.name}.py.")


def _commands(study: Study) -> Listing:
    return Listing(
        f".venv/bin/mlbalance run {study.name} --quick\n.venv/bin/mlbalance run {study.name}"
    )
