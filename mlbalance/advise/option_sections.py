"""Sections of the options that were given, each number with the condition under which it holds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mlbalance.advise.collecting import Collect
from mlbalance.advise.gaussian import GaussianAdvice
from mlbalance.advise.no_mle import NoMLE
from mlbalance.advise.options import Bags
from mlbalance.advise.regime_sections import errors
from mlbalance.advise.sampling import Sampled
from mlbalance.methods import METHODS
from mlbalance.report import Block, Code, Math, Paragraph, Section, Table, paragraph
from mlbalance.report.numbers import count, list_numbers

if TYPE_CHECKING:
    from mlbalance.advise.numbers import Numbers

__all__ = ["option_sections", "ratio_table"]


_LISTED = 12
"""Classes up to which there is a line for each."""


def option_sections(advice: Numbers) -> list[Section]:
    """One section per option that was given, in the order of the command line.

    Parameters
    ----------
    advice
        Numbers of the advice.

    Returns
    -------
    The sections; none where no option was given.
    """
    found: list[tuple[str, tuple[Block, ...]]] = [("Errors", errors(advice))]
    if advice.gaussian is not None:
        found.append(("Gauss", _gaussian(advice.gaussian)))
    if advice.budget is not None:
        found.append(("Collect", (_collect(advice.budget),)))
    if advice.bags_needed is not None:
        found.append(("Bags", (_bags(advice.bags_needed, advice.variance_ratio["undersample"]),)))
    if advice.natural_shift is not None:
        found.append(("Natural", (_shift(advice.natural_shift),)))
    if advice.sampled is not None:
        found.append(("Sample", _sampled(advice.sampled)))
    return [Section(heading, blocks) for heading, blocks in found if blocks]


def ratio_table(ratios: dict[str, float]) -> Table:
    """Table of schemes and their variance ratios, ascending.

    Parameters
    ----------
    ratios
        Variance relative to class weights, by id of the method.

    Returns
    -------
    The table, one row per scheme.
    """
    ordered = sorted(ratios.items(), key=lambda item: item[1])
    return Table(tuple((METHODS[id].label, _ratio(value)) for id, value in ordered))


def _ratio(value: float) -> str:
    return f"{value:.{2 if value < 100 else 0}f}" if value < 999_999.5 else ">10^6"


def _gaussian(given: GaussianAdvice) -> tuple[Block, ...]:
    d = count(given.features, "feature")
    who = f"Gaussian classes, {d}, unit covariance, neighbouring means {given.separation:g} apart"
    if given.variance_ratio is None:
        said: tuple[Block, ...] = (paragraph(f"{who}: no ratio, because {given.refused}."),)
    else:
        error = max(math.ceil(1e4 * (given.quadrature_error or 0.0)), 1) / 1e4
        said = (
            paragraph(
                f"{who}. Excess risk relative to class weights, to first order in ",
                Math("1/n_k"),
                f", without ridge; quadrature error at most {error:.4f}:",
            ),
            ratio_table(given.variance_ratio),
        )
    return (*said, paragraph(_existence(given)))


def _existence(given: GaussianAdvice) -> str:
    weights, under = given.no_mle["class-weights"], given.no_mle["undersample"]
    drawn = weights or under
    if drawn is None:
        return (
            "P(no unique fit without ridge) is not given: these classes are too large to simulate."
        )
    if not drawn.replications:
        return (
            "P(no unique fit without ridge) is 1 for both: there are no more rows than parameters "
            "per class."
        )
    said = (
        f"P(no unique fit without ridge), simulated ({drawn.replications} data sets): class "
        f"weights {_chance(weights)}, undersample {_chance(under)}."
    )
    if given.variance_ratio is None or (under is not None and under.value == 0):
        return said
    return (
        f"{said} Ratios are of linearised fits, which have a variance even where there is no fit."
    )


def _chance(estimate: NoMLE | None) -> str:
    if estimate is None:
        return "not known, too large to simulate"
    bound = "at most " if estimate.upper_bound else ""
    return f"{bound}{100 * estimate.value:.1f}\xa0% (standard error {100 * estimate.mcse:.1f})"


def _sampled(given: Sampled) -> tuple[Block, ...]:
    said = paragraph(
        f"Of {given.rows:,} rows in these proportions {given.sample:,} are kept. Variance relative "
        "to class weights on all rows, to first order: a simple random sample, ",
        Math(f"n/{given.sample:,}"),
        f" = {_ratio(given.uniform)} in every class; equal numbers of rows per class, or "
        f"all rows of a smaller class, {_ratio(given.equal)} in total under the condition above, "
        "by class ",
        Math("1 + c_k^2"),
        ":",
    )
    last: tuple[Block, ...] = () if given.local is None else (_local(given.local),)
    if len(given.counts) > _LISTED:
        return said, *last
    rows = zip(given.counts, given.kept, given.by_class, strict=True)
    table = Table(
        tuple((f"class {k}", f"{n:,}", f"{m:,}", _ratio(c)) for k, (n, m, c) in enumerate(rows)),
        ("", "rows", "kept", "variance"),
    )
    return said, table, *last


def _local(factor: float) -> Paragraph:
    return paragraph(
        "Local case-control sampling, with the pilot's logits as offset: at most "
        f"{_ratio(factor)}, for a correctly specified model without ridge and a pilot that is "
        "consistent and independent of the rows (",
        Code("mlbalance derive lcc"),
        "); ",
        Code("compare.LocalCaseControl"),
        " does this, for Dask collections too.",
    )


def _collect(given: Collect) -> Paragraph:
    return paragraph(
        f"Next {count(sum(given.rows))}, by class: {list_numbers(given.rows, ',')}. The variance "
        f"of class weighting falls to {100 * given.variance_ratio:.1f}\xa0% of its present value. "
        "The allocation is optimal to first order if the scores of all classes have equal variance "
        "and every row costs the same."
    )


def _bags(given: Bags, ratio: float) -> Paragraph:
    need = f"{given.independent:,} undersamples drawn independently and averaged are"
    if given.disjoint is None:
        apart = "; so many disjoint bags are not possible: the classes are too small"
    else:
        apart = f"; of disjoint bags {given.disjoint:,} are enough"
    if given.independent == 1:
        need, apart = "1 undersample is", ""
    least = f"({ratio:.3f} - 1)/{given.within:g}"
    return paragraph(
        f"{need} within {given.within:g} of class weights in relative variance, ",
        Math(f"B >= {least}", rf"B \geq {least}"),
        f"{apart}. This is to first order and under the condition above. Averaging reduces the "
        "noise of the weights, not the bias of fits to few rows.",
    )


def _shift(given: tuple[float, ...]) -> Paragraph:
    return paragraph(
        "Add ",
        Math("log(pi_k/tau_k)", r"\log(\pi_k/\tau_k)"),
        f" to the intercept of class k: {list_numbers(given, '+.3f')}, up to a constant. Valid "
        "under label shift only, for a calibrated fit without ridge of a correctly specified "
        "model; a fit weighted to ",
        Math("pi", r"\pi"),
        " is a different estimator (",
        Code("mlbalance derive prior-shift"),
        ").",
    )
