"""Which scheme for these counts, before any feature is seen: the answer of `mlbalance advise`.

The numbers are first-order theory (`mlbalance.theory`) for exchangeable classes; the text says
what they assume and what they leave out. Classes are numbered from 0, as labels are.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy.typing as npt

from mlbalance import theory
from mlbalance.inputs import InputError, as_counts
from mlbalance.recipes import RECIPES
from mlbalance.schemes import Undersample

__all__ = ["TARGETS", "Advice", "advise"]

TARGETS = ("balanced", "natural")
"""What is judged: balanced error, or probabilities at the prior of the data."""

_COMPARED = (
    "class weights",
    "undersample",
    "undersample with replacement",
    "oversample",
    "bootstrap",
    "under-bagging (10 bags)",
)
_BALANCED = ("conditional-mean", "cv2", "score-variance", "loewner", "harmonic", "kish", "budget")
_FEW = 30  # rows of the smallest class below which the text says how little they tell
_MARGIN = 8  # columns of the headings of the text


@dataclass(frozen=True)
class Advice:
    """What to do about K class counts, and the numbers it rests on, in rows or as ratios."""

    target: str
    """What is judged: "balanced" (error, every class alike) or "natural" (probabilities)."""
    counts: tuple[int, ...]
    """(K,) rows of each class."""
    n: int
    """Rows of all classes."""
    harmonic_mean: float
    """H, harmonic mean of the counts (label `harmonic`)."""
    effective_size: float
    """K H, balanced rows that class weighting is worth when classes are alike (label `kish`)."""
    effective_size_undersampled: float
    """K m, rows that undersampling to the smallest class keeps."""
    variance_ratio: dict[str, float]
    """Variance of estimates relative to class weights, by recipe (label `harmonic`)."""
    variance_share: tuple[float, ...]
    """(K,) share of each class in the variance of class weighting; sums to one (`budget`)."""
    row_value: tuple[float, ...]
    """(K,) relative fall of that variance per row added to the class, a derivative (`budget`)."""
    recommendation: str
    """One of "class-weights", "prior-correction", "undersample", "no-difference"."""
    because: tuple[str, ...]
    """Labels of the claims (`mlbalance.claims`) that the recommendation rests on."""

    def to_dict(self) -> dict[str, Any]:
        """The fields in full precision, lists for tuples: what `--json` prints."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    def text(self, width: int = 80) -> str:
        """Plain text of at most `width` columns, 60 or more, for someone who has to decide."""
        if width < 60:
            raise InputError(f"Advice needs at least 60 columns; {width} were given.")
        return "\n".join(line for part in _parts(self, width) for line in _laid_out(*part, width))


def advise(counts: npt.ArrayLike, *, target: str = "balanced") -> Advice:
    """Advice for class counts (K,), under a target prior that is uniform or the data's own.

    For the target "natural" the numbers still answer the balanced question: they compare fits
    that are balanced first and corrected after. Raises `CountsError` or `InputError`.
    """
    n_k = as_counts(counts, "Advice")
    if target not in TARGETS:
        raise InputError(f'A target is "balanced" or "natural"; {target!r} was given.')
    share, value = theory.budget(n_k)
    recommendation, because = _recommended(bool((n_k == n_k[0]).all()), target)
    return Advice(
        target=target,
        counts=tuple(n_k.tolist()),
        n=sum(n_k.tolist()),
        harmonic_mean=theory.harmonic_mean(n_k),
        effective_size=theory.effective_size(n_k),
        effective_size_undersampled=theory.effective_size(n_k, Undersample()),
        variance_ratio={
            name: theory.variance_ratio(n_k, RECIPES[name].scheme) for name in _COMPARED
        },
        variance_share=tuple(share.tolist()),
        row_value=tuple(value.tolist()),
        recommendation=recommendation,
        because=because,
    )


def _recommended(equal: bool, target: str) -> tuple[str, tuple[str, ...]]:
    """What counts alone decide; few rows per feature may overrule it, which the text says."""
    if equal:
        return "no-difference", ("conditional-mean", "cv2")
    if target == "natural":
        return "prior-correction", ("score", *_BALANCED)
    return "class-weights", _BALANCED


def _parts(advice: Advice, width: int) -> Iterator[tuple[str, list[str]]]:
    """Headings, and under each its paragraphs; those that start with a space are table rows."""
    yield "Counts", [_given(advice)]
    yield "Target", [_target(advice)]
    yield "Do", [_action(advice)]
    yield "", [""]
    yield "Effect", [_effect(advice), *_table(advice.variance_ratio, 2 if width >= 80 else 1)]
    yield "Why", [_reason(advice)]
    yield "Holds", [_condition(advice)]
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
    size = f"{_rows(advice.n)} in {len(n_k)} classes"
    if len(n_k) > 12:
        return f"{size} of {min(n_k):,} to {_rows(max(n_k))}, numbered from 0."
    return f"{', '.join(f'{n:,}' for n in n_k)}: {size}, numbered from 0."


def _target(advice: Advice) -> str:
    if _natural(advice):
        return "Probabilities at the data's own prior n_k/n (--target balanced: error)."
    return "Balanced error, all classes alike (--target natural: probabilities)."


def _action(advice: Advice) -> str:
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


def _effect(advice: Advice) -> str:
    ratio, least = advice.variance_ratio["undersample"], min(advice.counts)
    kept, worth = advice.effective_size_undersampled, advice.effective_size
    if advice.recommendation == "no-difference":
        return "None; only drawing rows anew adds variance. Relative to the plain fit:"
    subject = "Among balanced fits, undersampling" if _natural(advice) else "Undersampling"
    return (
        f"{subject} to {_rows(least)} a class multiplies the variance of estimates, and their "
        f"excess risk, by {_times(ratio)}: as if {_size(kept)} of {_size(worth)} effective rows "
        "were used. Variance relative to class weights:"
    )


def _table(ratios: dict[str, float], columns: int) -> Iterator[str]:
    """The ratios as table rows, ascending down the columns."""
    ordered = sorted(ratios.items(), key=lambda item: item[1])
    cells = [f"{name:28}{ratio:6.{2 if ratio < 100 else 0}f}" for name, ratio in ordered]
    height = -(-len(cells) // columns)
    for row in range(height):
        yield " " + "    ".join(cells[row::height])


def _reason(advice: Advice) -> str:
    least = min(advice.counts)
    if advice.recommendation == "no-difference":
        return "A scheme is class weighting plus noise; undersampling's is zero at equal counts."
    idle = "Balancing a right model moves its intercepts only, so it gains nothing. "
    noise = f"n_k/{least:,}~-~1" if least > 1 else "n_k~-~1"
    return (
        f"{idle if _natural(advice) else ''}An undersample is class weighting plus noise: its "
        "expected weights, given the data, are the class weights, and their squared coefficient "
        f"of variation in class~k is c_k^2~=~{noise}. That multiplies the part of class~k in the "
        f"variance by 1~+~c_k^2, and the whole by H/m~=~{_size(advice.harmonic_mean)}/{least:,}, "
        "H the harmonic mean of the counts."
    )


def _condition(advice: Advice) -> str:
    if advice.recommendation == "no-difference":
        return "At the same ridge on the mean-loss scale; the ratios to first order in 1/n_k."
    shift = "The shift of intercepts for a right model without ridge; the ratios to"
    return (
        f"{shift if _natural(advice) else 'To'} first order in 1/n_k, at the same ridge on the "
        "mean-loss scale (scikit-learn: equal C times sum of weights), if classes are exchangeable "
        "or carry no signal. If not, undersampling multiplies each variance by 1 to "
        f"{_many(max(advice.counts) / min(advice.counts))}, largest over smallest count."
    )


def _limits(advice: Advice) -> Iterator[str]:
    least, equal = min(advice.counts), advice.recommendation == "no-difference"
    if not equal:
        yield _where_the_variance_is(advice)
    if least < _FEW:
        yield (
            f"{_rows(least)} of a class can tell little under any scheme: a feature's mean to "
            f"{1 / math.sqrt(least):.2f} standard deviations, a recall in steps of "
            f"{100 / least:.0f} points. First order is a guide there, not a promise."
        )
    bias = (
        " Weighting then biases the intercepts, and undersampling can win balanced error at the "
        "default threshold."
    )
    yield (
        f"With many features for {_rows(least)} an unpenalised fit may not exist: use a ridge."
        + ("" if equal else bias)
    )
    if _natural(advice):
        yield (
            "If rows were collected by class, n_k/n is not the prior in use: for the true one, pi, "
            "add log(pi_k~n/n_k) to the unweighted intercepts."
        )
    else:
        yield (
            "Balanced probabilities are not natural ones: for a prior pi add "
            f"log({len(advice.counts)}~pi_k) to the intercepts."
        )


def _where_the_variance_is(advice: Advice) -> str:
    n_k = advice.counts
    least, most = min(n_k), max(n_k)
    small = [k for k, n in enumerate(n_k) if n == least]
    first, last = small[0], n_k.index(most)
    if len(small) == 1:
        who = f"Class {first} ({_rows(least)}) carries"
    elif len(small) <= 3:
        listed = f"{', '.join(map(str, small[:-1]))} and {small[-1]}"
        who = f"Classes {listed} ({_rows(least)} each) carry"
    else:
        who = f"The {len(small)} classes of {_rows(least)} carry"
    share = 100 * sum(advice.variance_share[k] for k in small)
    worth = advice.row_value[first] / advice.row_value[last]
    return (
        f"{who} {_percent(share)} of the variance of class weighting; at the margin a row there "
        f"is worth {_many(worth)} times one of class {last} ({_rows(most)})."
    )


def _natural(advice: Advice) -> bool:
    return advice.target == "natural"


def _rows(number: int) -> str:
    return f"{number:,} row" if number == 1 else f"{number:,} rows"


def _size(value: float) -> str:
    """Rows to one decimal, a decimal of zero left out."""
    return f"{value:,.1f}".removesuffix(".0")


def _times(ratio: float) -> str:
    return f"{ratio:,.2f}" if ratio >= 1.005 else "less than 1.01"


def _percent(share: float) -> str:
    return f"{share:.2g} %" if share < 99.5 else "more than 99 %"


def _many(times: float) -> str:
    if times < 10:
        return f"{times:.{3 if times >= 1.01 else 6}g}"
    return f"{times:,.0f}" if times < 1e6 else "over a million"
