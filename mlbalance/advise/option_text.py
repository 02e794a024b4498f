"""What was asked for besides, in plain text, each number with the condition it holds under."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlbalance.advise.gaussian import GaussianAdvice, NoMLE
from mlbalance.advise.options import Bags, Collect
from mlbalance.advise.regime_text import errors
from mlbalance.advise.words import numbers, rows, table

if TYPE_CHECKING:
    from mlbalance.advise.numbers import Advice

__all__ = ["option_parts"]

_Part = tuple[str, list[str]]


def option_parts(advice: Advice, width: int) -> Iterator[_Part]:
    """Heading and paragraphs of every option that was given."""
    parts: list[_Part] = []
    if table := errors(advice, width):
        parts.append(("Errors", table))
    if advice.gaussian is not None:
        parts.append(("Gauss", _gaussian(advice.gaussian, width)))
    if advice.budget is not None:
        parts.append(("Collect", [_collect(advice.budget)]))
    if advice.bags_needed is not None:
        parts.append(("Bags", [_bags(advice.bags_needed, advice.variance_ratio["undersample"])]))
    if advice.natural_shift is not None:
        parts.append(("Natural", [_shift(advice.natural_shift)]))
    if parts:
        yield "", [""]
    yield from parts


def _gaussian(given: GaussianAdvice, width: int) -> list[str]:
    d = "1 feature" if given.features == 1 else f"{given.features:,} features"
    who = f"Gaussian classes, {d}, unit covariance, neighbours {given.separation:g} apart"
    if given.variance_ratio is None:
        said = [f"{who}: no ratio, because {given.refused}."]
    else:
        error = max(math.ceil(1e4 * (given.quadrature_error or 0.0)), 1) / 1e4
        said = [
            f"{who}. Excess risk relative to class weights, to first order in 1/n_k, without "
            f"ridge; quadrature error at most {error:.4f}:",
            *table(given.variance_ratio, 2 if width >= 80 else 1),
        ]
    return [*said, _existence(given)]


def _existence(given: GaussianAdvice) -> str:
    weights, under = given.no_mle["class weights"], given.no_mle["undersample"]
    drawn = weights or under
    if drawn is None:
        return (
            "P(no unique fit without ridge) is not given: these classes are too large to simulate."
        )
    if not drawn.replications:
        return (
            "P(no unique fit without ridge) is 1 for both: there are no more rows than parameters "
            "of a class."
        )
    said = (
        f"P(no unique fit without ridge), simulated ({drawn.replications} data sets): class "
        f"weights {_chance(weights)}, undersample {_chance(under)}."
    )
    if given.variance_ratio is None or (under is not None and under.value == 0):
        return said
    return f"{said} Where there is no fit there is no variance: ratios are of the linearisation."


def _chance(estimate: NoMLE | None) -> str:
    if estimate is None:
        return "not known, too large to simulate"
    bound = "at most " if estimate.upper_bound else ""
    return f"{bound}{100 * estimate.value:.1f}~% (standard error {100 * estimate.mcse:.1f})"


def _collect(given: Collect) -> str:
    added = sum(given.rows)
    where = numbers(given.rows, ",")
    return (
        f"Next {rows(added)}, by class: {where}. The variance of class weighting falls to "
        f"{100 * given.variance_ratio:.1f}~% of what it is. Best whole rows to first order, if the "
        "scores of all classes are alike in variance and every row costs the same."
    )


def _bags(given: Bags, ratio: float) -> str:
    need = f"{given.independent:,} bags of undersamples drawn independently are"
    if given.disjoint is None:
        apart = "; disjoint bags cannot be: the classes are too small for so many"
    else:
        apart = f"; of disjoint bags {given.disjoint:,} are enough"
    if given.independent == 1:
        need, apart = "1 undersample is", ""
    return (
        f"{need} within {given.within:g} of class weights in variance, B~>= "
        f"({ratio:,.3f}~-~1)/{given.within:g}{apart}. To first order and under the condition "
        "above: averaging takes off noise, and not the bias of fits to few rows."
    )


def _shift(given: tuple[float, ...]) -> str:
    return (
        f"Add log(pi_k/tau_k) to the intercept of class k: {numbers(given, '+.3f')}, up to a "
        "constant. Right under label shift only, for a calibrated fit without ridge of a right "
        "model; it is not the fit one would get at pi (mlbalance derive prior-shift)."
    )
