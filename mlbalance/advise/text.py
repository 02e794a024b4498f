"""Advice in plain text: headings in the margin, paragraphs and small tables."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlbalance.advise.option_text import option_parts
from mlbalance.advise.regime_text import action, verdict
from mlbalance.advise.words import many, numbers, percent, rows, size, table, times

if TYPE_CHECKING:
    from mlbalance.advise.numbers import Advice

__all__ = ["rendered"]

_FEW = 30  # rows of the smallest class below which the text says how little they tell
_MARGIN = 8  # columns of the headings of the text


def rendered(advice: Advice, width: int) -> str:
    """Text of at most `width` columns."""
    return "\n".join(line for part in _parts(advice, width) for line in _laid_out(*part, width))


def _parts(advice: Advice, width: int) -> Iterator[tuple[str, list[str]]]:
    """Headings, and under each its paragraphs; those that start with a space are table rows."""
    yield "Counts", [_given(advice)]
    yield "Target", [_target(advice)]
    if advice.regime is not None:
        yield "Regime", verdict(advice)
    yield "Do", [action(advice) or _action(advice)]
    yield "", [""]
    yield "Effect", [_effect(advice), *table(advice.variance_ratio, 2 if width >= 80 else 1)]
    yield "Why", [_reason(advice)]
    yield "Holds", [_condition(advice)]
    yield from option_parts(advice, width)
    yield "", [""]
    yield "Limits", [f"- {limit}" for limit in _limits(advice)]
    yield "Proofs", [f"mlbalance derive LABEL, for {', '.join(advice.because)}"]


def _laid_out(heading: str, paragraphs: list[str], width: int) -> Iterator[str]:
    """Lines with the heading in the margin; `~` is a space that is not broken."""
    margin = " " * _MARGIN
    lines: list[str] = []
    for words in paragraphs:
        if words.startswith(" ") or not words:
            lines.append(margin + words[1:])
            continue
        lines += textwrap.wrap(
            words.replace("~", "\xa0"),
            width,
            initial_indent=margin,
            subsequent_indent=margin + ("  " if words.startswith("- ") else ""),
            break_on_hyphens=False,
        )
    lines[0] = f"{heading:{_MARGIN}}{lines[0][_MARGIN:]}"
    yield from (line.replace("\xa0", " ").rstrip() for line in lines)


def _given(advice: Advice) -> str:
    n_k = advice.counts
    held = f"{rows(advice.n)} in {len(n_k)} classes"
    if len(n_k) > 12:
        return f"{held} of {min(n_k):,} to {rows(max(n_k))}, numbered from 0."
    return f"{', '.join(f'{n:,}' for n in n_k)}: {held}, numbered from 0."


def _target(advice: Advice) -> str:
    if _natural(advice):
        return "Probabilities at the data's own prior n_k/n (--target balanced: error)."
    if advice.target_prior is not None:
        return f"Error with the classes in the shares tau = {numbers(advice.target_prior)}."
    return "Balanced error, all classes alike (--target natural: probabilities)."


def _action(advice: Advice) -> str:
    if advice.target_prior is not None:
        return _weighted(advice)
    if advice.recommendation == "no-difference":
        return (
            "Nothing: at equal counts class weights are constant and undersampling keeps every "
            "row, so both are the plain fit."
        )
    if advice.recommendation == "prior-correction":
        return (
            "Fit all rows unweighted: its probabilities are natural as they are. If a balanced "
            f"fit exists already, add log({len(advice.counts)}~n_k/n) to its intercept of class~k."
        )
    return 'Keep all rows, each of class k weighted 1/n_k (class_weight="balanced").'


def _weighted(advice: Advice) -> str:
    if advice.recommendation == "no-difference":
        return (
            "Weight each row of class k tau_k/n_k. At equal counts undersampling keeps every row, "
            "so it is the same fit."
        )
    return "Keep all rows, each of class k weighted tau_k/n_k (class_weight as a dictionary)."


def _effect(advice: Advice) -> str:
    ratio, least = advice.variance_ratio["undersample"], min(advice.counts)
    kept, worth = advice.effective_size_undersampled, advice.effective_size
    if advice.recommendation == "no-difference" and advice.target_prior is not None:
        return "None; only drawing rows anew adds variance. Relative to class weights:"
    if advice.recommendation == "no-difference":
        return "None; only drawing rows anew adds variance. Relative to the plain fit:"
    subject = "Among balanced fits, undersampling" if _natural(advice) else "Undersampling"
    return (
        f"{subject} to {rows(least)} a class multiplies the variance of estimates, and their "
        f"excess risk, by {times(ratio)}: as if {size(kept)} of {size(worth)} effective rows "
        "were used. Variance relative to class weights:"
    )


def _reason(advice: Advice) -> str:
    least = min(advice.counts)
    if advice.recommendation == "no-difference":
        return "A scheme is class weighting plus noise; undersampling's is zero at equal counts."
    idle = "Balancing a right model moves its intercepts only, so it gains nothing. "
    noise = f"n_k/{least:,}~-~1" if least > 1 else "n_k~-~1"
    harmonic, mean = advice.harmonic_mean, "H the harmonic mean of the counts"
    if advice.target_prior is not None:
        harmonic, mean = _harmonic(advice), "H the harmonic mean of the counts weighted by tau_k^2"
    return (
        f"{idle if _natural(advice) else ''}An undersample is class weighting plus noise: its "
        "expected weights, given the data, are the class weights, and their squared coefficient "
        f"of variation in class~k is c_k^2~=~{noise}. That multiplies the part of class~k in the "
        f"variance by 1~+~c_k^2, and the whole by H/m~=~{size(harmonic)}/{least:,}, "
        f"{mean}."
    )


def _harmonic(advice: Advice) -> float:
    return advice.variance_ratio["undersample"] * min(advice.counts)


def _condition(advice: Advice) -> str:
    if advice.recommendation == "no-difference":
        return "At the same ridge on the mean-loss scale; the ratios to first order in 1/n_k."
    if advice.target_prior is not None:
        return _condition_at_prior(advice, advice.target_prior)
    shift = "The shift of intercepts for a right model without ridge; the ratios to"
    return (
        f"{shift if _natural(advice) else 'To'} first order in 1/n_k, at the same ridge on the "
        "mean-loss scale (scikit-learn: equal C times sum of weights), if classes are exchangeable "
        "or carry no signal. If not, undersampling multiplies each variance by 1 to "
        f"{many(max(advice.counts) / min(advice.counts))}, largest over smallest count."
    )


def _condition_at_prior(advice: Advice, tau: tuple[float, ...]) -> str:
    # Without signal tr(A^-1 V_k) is (1 - tau_k)/tau_k times a constant.
    part = [t * (1 - t) for t in tau]
    share = sum(p / n for p, n in zip(part, advice.counts, strict=True))
    return (
        "To first order in 1/n_k, at the same ridge on the mean-loss scale, if the scores of all "
        "classes are alike in variance, tr(A^-1~V_k) equal; of exchangeable classes they are so at "
        "the uniform prior only. Where the features carry no signal undersampling multiplies "
        f"excess risk by {times(sum(part) / min(advice.counts) / share)}; anywhere, each variance "
        f"by 1 to {many(max(advice.counts) / min(advice.counts))}, largest over smallest count."
    )


def _limits(advice: Advice) -> Iterator[str]:
    least, equal = min(advice.counts), advice.recommendation == "no-difference"
    if not equal:
        at_prior = advice.target_prior is not None
        yield _worth(advice) if at_prior else _where_the_variance_is(advice)
    if least < _FEW:
        yield (
            f"{rows(least)} of a class can tell little under any scheme: a feature's mean to "
            f"{1 / math.sqrt(least):.2f} standard deviations, a recall in steps of "
            f"{100 / least:.0f} points. First order is a guide there, not a promise."
        )
    if advice.regime is None:
        bias = (
            " Weighting then biases the intercepts, and undersampling can win balanced error at "
            "the default threshold."
        )
        yield (
            f"With many features for {rows(least)} an unpenalised fit may not exist: use a ridge."
            f"{'' if equal else bias} See --features D."
        )
    if _natural(advice):
        yield (
            "If rows were collected by class, n_k/n is not the prior in use: for the true one, pi, "
            "add log(pi_k~n/n_k) to the unweighted intercepts."
        )
    else:
        yield (
            "Balanced probabilities are not natural ones: for a prior pi add "
            + (
                f"log({len(advice.counts)}~pi_k)"
                if advice.target_prior is None
                else "log(pi_k/tau_k)"
            )
            + " to the intercepts."
        )
    yield "For penalised linear and softmax models, not for trees or boosting."


def _where_the_variance_is(advice: Advice) -> str:
    n_k = advice.counts
    least, most = min(n_k), max(n_k)
    small = [k for k, n in enumerate(n_k) if n == least]
    first, last = small[0], n_k.index(most)
    if len(small) == 1:
        who = f"Class {first} ({rows(least)}) carries"
    elif len(small) <= 3:
        listed = f"{', '.join(map(str, small[:-1]))} and {small[-1]}"
        who = f"Classes {listed} ({rows(least)} each) carry"
    else:
        who = f"The {len(small)} classes of {rows(least)} carry"
    share = 100 * sum(advice.variance_share[k] for k in small)
    worth = advice.row_value[first] / advice.row_value[last]
    return (
        f"{who} {percent(share)} of the variance of class weighting; at the margin a row there "
        f"is worth {many(worth)} times one of class {last} ({rows(most)})."
    )


def _worth(advice: Advice) -> str:
    share, value = advice.variance_share, advice.row_value
    first, most, least = share.index(max(share)), value.index(max(value)), value.index(min(value))
    return (
        f"Class {first} ({rows(advice.counts[first])}) carries {percent(100 * share[first])} of "
        f"the variance of class weighting; at the margin a row of class {most} is worth "
        f"{many(value[most] / value[least])} times one of class {least}."
    )


def _natural(advice: Advice) -> bool:
    return advice.target == "natural"
