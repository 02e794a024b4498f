"""Advice as a document: recommendation, reasons, conditions and limits."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlbalance.advise.option_sections import option_sections, ratio_table
from mlbalance.advise.regime_sections import action, verdict
from mlbalance.report import Code, Document, Math, Paragraph, Section, items, paragraph
from mlbalance.report.numbers import count, decimal, list_numbers, multiple, percent, ratio

if TYPE_CHECKING:
    from mlbalance.advise.numbers import Numbers

__all__ = ["document", "to_do"]

_FEW = 30  # rows of the smallest class below which the text warns of them

_CLASS_K = "class\xa0k"


def document(advice: Numbers) -> Document:
    """The advice in sections, the last of which names the claims that it rests on.

    Parameters
    ----------
    advice
        Numbers of the advice.

    Returns
    -------
    The document, for any renderer of `mlbalance.report`.
    """
    verdict_ = verdict(advice)
    first = [
        Section("Counts", (paragraph(_given(advice)),)),
        Section("Target", (_target(advice),)),
        *([Section("Regime", verdict_)] if verdict_ else []),
        Section("Do", (to_do(advice),)),
    ]
    reasons = [
        Section("Effect", (_effect(advice), ratio_table(advice.variance_ratio))),
        Section("Why", (_reason(advice),)),
        Section("Holds", (_condition(advice),)),
    ]
    asked = option_sections(advice)
    last = [
        Section("Limits", (items(_limits(advice)),)),
        Section("Proofs", (_proofs(advice),)),
    ]
    groups = (first, reasons, asked, last)
    return Document("", tuple(Section("", tuple(group)) for group in groups if group))


def to_do(advice: Numbers) -> Paragraph:
    """The sentence that says what to do.

    Parameters
    ----------
    advice
        Numbers of the advice.

    Returns
    -------
    By the regime where that decides, else by target and counts.
    """
    return action(advice) or _action(advice)


def _given(advice: Numbers) -> str:
    n_k = advice.counts
    held = f"{count(advice.n)} in {len(n_k)} classes"
    if len(n_k) > 12:
        return f"{held} of {min(n_k):,} to {count(max(n_k))}, numbered from 0."
    return f"{', '.join(f'{n:,}' for n in n_k)}: {held}, numbered from 0."


def _target(advice: Numbers) -> Paragraph:
    if _natural(advice):
        return paragraph(
            "Probabilities at the data's own prior ",
            Math("n_k/n"),
            " (",
            Code("--target balanced"),
            ": error).",
        )
    if advice.target_prior is not None:
        tau = Math(
            f"tau = {list_numbers(advice.target_prior)}",
            rf"\tau = {list_numbers(advice.target_prior)}",
        )
        return paragraph("Error with the classes in the shares ", tau, ".")
    return paragraph(
        "Balanced error, all classes alike (", Code("--target natural"), ": probabilities)."
    )


def _action(advice: Numbers) -> Paragraph:
    if advice.target_prior is not None:
        return _weights_at_prior(advice)
    if advice.recommendation == "no-difference":
        return paragraph(
            "Nothing: at equal counts class weights are constant and undersampling keeps every "
            "row, so both are the plain fit."
        )
    if advice.recommendation == "prior-correction":
        K = len(advice.counts)
        return paragraph(
            "Fit all rows unweighted: its probabilities are natural as they are. If a balanced "
            "fit exists already, add ",
            Math(f"log({K} n_k/n)", rf"\log({K} n_k/n)"),
            f" to its intercept of {_CLASS_K}.",
        )
    return paragraph(
        "Keep all rows, each of class k weighted ",
        Math("1/n_k"),
        " (",
        Code('class_weight="balanced"'),
        ").",
    )


def _weights_at_prior(advice: Numbers) -> Paragraph:
    weight = Math("tau_k/n_k", r"\tau_k/n_k")
    if advice.recommendation == "no-difference":
        return paragraph(
            "Weight each row of class k ",
            weight,
            ". At equal counts undersampling keeps every row, so it is the same fit.",
        )
    return paragraph(
        "Keep all rows, each of class k weighted ",
        weight,
        " (",
        Code("class_weight"),
        " as a dictionary).",
    )


def _effect(advice: Numbers) -> Paragraph:
    times, least = advice.variance_ratio["undersample"], min(advice.counts)
    kept, worth = advice.effective_size_undersampled, advice.effective_size
    if advice.recommendation == "no-difference":
        fit = "class weights" if advice.target_prior is not None else "the plain fit"
        return paragraph(f"None; only drawing with replacement adds variance. Relative to {fit}:")
    subject = "Among balanced fits, undersampling" if _natural(advice) else "Undersampling"
    return paragraph(
        f"{subject} to {count(least)} per class multiplies the variance of estimates, and their "
        f"excess risk, by {ratio(times)}: as if {decimal(kept)} of {decimal(worth)} effective rows "
        "were used. Variance relative to class weights:"
    )


def _reason(advice: Numbers) -> Paragraph:
    least = min(advice.counts)
    if advice.recommendation == "no-difference":
        return paragraph(
            "A scheme is class weighting plus noise; undersampling's is zero at equal counts."
        )
    idle = "Balancing a correctly specified model only moves intercepts, which gains nothing. "
    noise = f"n_k/{least:,} - 1" if least > 1 else "n_k - 1"
    harmonic, mean = advice.harmonic_mean, paragraph("H the harmonic mean of the counts.")
    if advice.target_prior is not None:
        harmonic = advice.variance_ratio["undersample"] * least
        mean = paragraph(
            "H the harmonic mean of the counts weighted by ", Math("tau_k^2", r"\tau_k^2"), "."
        )
    return paragraph(
        f"{idle if _natural(advice) else ''}An undersample is class weighting plus noise: its "
        "expected weights, given the data, are the class weights, and their squared coefficient "
        f"of variation in {_CLASS_K} is ",
        Math(f"c_k^2 = {noise}"),
        f". That multiplies {_CLASS_K}'s part of the variance by ",
        Math("1 + c_k^2"),
        ", and the total by ",
        Math(f"H/m = {decimal(harmonic)}/{least:,}"),
        ", ",
        *mean.content,
    )


def _condition(advice: Numbers) -> Paragraph:
    if advice.recommendation == "no-difference":
        return paragraph(
            "At the same ridge on the mean-loss scale; the ratios to first order in ",
            Math("1/n_k"),
            ".",
        )
    if advice.target_prior is not None:
        return _condition_at_prior(advice, advice.target_prior)
    shift = "The shift for a correctly specified model without ridge; the ratios to"
    return paragraph(
        f"{shift if _natural(advice) else 'To'} first order in ",
        Math("1/n_k"),
        ", at the same ridge on the mean-loss scale (scikit-learn: equal C times sum of weights), "
        "if classes are exchangeable or carry no signal. If not, undersampling multiplies each "
        f"variance by 1 to {multiple(max(advice.counts) / min(advice.counts))}, largest over "
        "smallest count.",
    )


def _condition_at_prior(advice: Numbers, tau: tuple[float, ...]) -> Paragraph:
    # Without signal tr(A^-1 V_k) is (1 - tau_k)/tau_k times a constant.
    part = [t * (1 - t) for t in tau]
    share = sum(p / n for p, n in zip(part, advice.counts, strict=True))
    return paragraph(
        "To first order in ",
        Math("1/n_k"),
        ", at the same ridge on the mean-loss scale, if the scores of all classes are alike in "
        "variance, ",
        Math("tr(A^-1 V_k)", r"\operatorname{tr}(A^{-1} V_k)"),
        " equal; for exchangeable classes that holds at the uniform prior only. Where the features "
        "carry no signal undersampling multiplies excess risk by "
        f"{ratio(sum(part) / min(advice.counts) / share)}; anywhere, each variance by 1 to "
        f"{multiple(max(advice.counts) / min(advice.counts))}, largest over smallest count.",
    )


def _limits(advice: Numbers) -> Iterator[Paragraph]:
    least, equal = min(advice.counts), advice.recommendation == "no-difference"
    if not equal:
        at_prior = advice.target_prior is not None
        yield paragraph(_worth(advice) if at_prior else _where_the_variance_is(advice))
    if least < _FEW:
        yield paragraph(
            f"{count(least)} of a class can tell little under any scheme: a feature's mean to "
            f"{1 / math.sqrt(least):.2f} standard deviations, a recall in steps of "
            f"{100 / least:.0f} points. First order is a rough guide there."
        )
    if advice.regime is None:
        bias = (
            " Weighting then biases the intercepts, and undersampling can win balanced error at "
            "the default threshold."
        )
        yield paragraph(
            f"With many features for {count(least)} an unpenalised fit may not exist: use a ridge."
            f"{'' if equal else bias} See ",
            Code("--features D"),
            ".",
        )
    yield _other_prior(advice)
    yield paragraph("For penalised linear and softmax models, not for trees or boosting.")


def _other_prior(advice: Numbers) -> Paragraph:
    if _natural(advice):
        return paragraph(
            "If rows were collected by class, ",
            Math("n_k/n"),
            " is not the prior in use: for the true one, ",
            Math("pi", r"\pi"),
            ", add ",
            Math("log(pi_k n/n_k)", r"\log(\pi_k n/n_k)"),
            " to the unweighted intercepts.",
        )
    K = len(advice.counts)
    shift = Math("log(pi_k/tau_k)", r"\log(\pi_k/\tau_k)")
    if advice.target_prior is None:
        shift = Math(f"log({K} pi_k)", rf"\log({K} \pi_k)")
    return paragraph(
        "Balanced probabilities are not natural ones: for a prior ",
        Math("pi", r"\pi"),
        " add ",
        shift,
        " to the intercepts.",
    )


def _where_the_variance_is(advice: Numbers) -> str:
    n_k = advice.counts
    least, most = min(n_k), max(n_k)
    small = [k for k, n in enumerate(n_k) if n == least]
    first, last = small[0], n_k.index(most)
    if len(small) == 1:
        who = f"Class {first} ({count(least)}) carries"
    elif len(small) <= 3:
        named = f"{', '.join(map(str, small[:-1]))} and {small[-1]}"
        who = f"Classes {named} ({count(least)} each) carry"
    else:
        who = f"The {len(small)} classes of {count(least)} carry"
    share = 100 * sum(advice.variance_share[k] for k in small)
    worth = advice.row_value[first] / advice.row_value[last]
    return (
        f"{who} {percent(share)} of the variance of class weighting; at the margin a row there "
        f"is worth {multiple(worth)} times one of class {last} ({count(most)})."
    )


def _worth(advice: Numbers) -> str:
    share, value = advice.variance_share, advice.row_value
    first, most, least = share.index(max(share)), value.index(max(value)), value.index(min(value))
    return (
        f"Class {first} ({count(advice.counts[first])}) carries {percent(100 * share[first])} of "
        f"the variance of class weighting; at the margin a row of class {most} is worth "
        f"{multiple(value[most] / value[least])} times one of class {least}."
    )


def _proofs(advice: Numbers) -> Paragraph:
    return paragraph(Code("mlbalance derive LABEL"), f", for {', '.join(advice.because)}")


def _natural(advice: Numbers) -> bool:
    return advice.target == "natural"
