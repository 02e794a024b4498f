"""Numbers of the advice from closed forms, as the page computes them.

In plain Python, which the page translates; `f` holds the functions of `page.formulas`. The fields
are those of `advise.Numbers`, so that the sentences of `advise` are made of them, and a test
compares every one with `advise`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mlbalance.advise.collecting import collect
from mlbalance.inputs import InputError

__all__ = ["answer", "bag_ratios"]

_BAGS = 10
_MOST = 2**53
_BALANCED = ["conditional-mean", "cv2", "score-variance", "loewner", "harmonic", "kish", "budget"]


def answer(
    f: Any,
    counts: Sequence[int],
    target: str,
    target_prior: Sequence[float] | None,
    budget: float | None,
    within: float,
) -> dict[str, Any]:
    """Fields of `advise.Numbers` for counts and options.

    Parameters
    ----------
    f
        Functions of `page.formulas`.
    counts
        (K,) rows per class.
    target
        "balanced" or "natural".
    target_prior
        (K,) prior that is balanced at; uniform for None.
    budget
        Number of rows to collect next; None for none.
    within
        Excess variance over class weighting, relative to it, that averaged undersamples may have.

    Returns
    -------
    The fields by name.

    Raises
    ------
    InputError
        For a budget or tolerance out of range.
    """
    K, n = len(counts), sum(counts)
    tau = [1 / K for _ in counts] if target_prior is None else target_prior
    one = [1 for _ in counts]
    ratios = _ratios(f, counts, tau)
    effective = f.effective_size(tau, counts)
    equal = all(count == counts[0] for count in counts)
    natural = target == "natural"
    name = "no-difference" if equal else "prior-correction" if natural else "class-weights"
    because = ["conditional-mean", "cv2"] if equal else ["score"] if natural else []
    share = [f.share(k + 1, tau, one, counts) for k in range(K)]
    return {
        "target": target,
        "counts": counts,
        "n": n,
        "harmonic_mean": f.harmonic_mean(counts),
        "effective_size": effective,
        "effective_size_undersampled": effective / ratios["undersample"],
        "variance_ratio": ratios,
        "variance_share": share,
        "row_value": [f.row_value(k + 1, tau, one, counts) for k in range(K)],
        "recommendation": name,
        "because": because if equal else [*because, *_BALANCED],
        "target_prior": target_prior,
        "regime": None,
        "gaussian": None,
        "budget": None if budget is None else collect(counts, tau, budget),
        "bags_needed": _bags_needed(f, counts, tau, ratios["undersample"], within),
        "natural_shift": [f.shift(k + 1, [c / n for c in counts], tau) for k in range(K)],
    }


def _ratios(f: Any, counts: Sequence[int], tau: Sequence[float]) -> dict[str, float]:
    """Variance relative to class weights, by id of the method."""
    least, most = min(counts), max(counts)
    return {
        "class-weights": 1.0,
        "undersample": _ratio(f, counts, tau, [f.cv2_undersample(n, least) for n in counts]),
        "undersample-with-replacement": _ratio(
            f, counts, tau, [f.cv2_undersample_with_replacement(n, least) for n in counts]
        ),
        "oversample": _ratio(f, counts, tau, [f.cv2_oversample(n, most) for n in counts]),
        "bootstrap": _ratio(f, counts, tau, [f.cv2_bootstrap(n, most) for n in counts]),
        "under-bagging-10": _ratio(
            f, counts, tau, [f.cv2_under_bagging(n, least, _BAGS) for n in counts]
        ),
    }


def _ratio(f: Any, counts: Sequence[int], tau: Sequence[float], cv2: Sequence[float]) -> float:
    ratio: float = f.variance_ratio(tau, counts, cv2, [1 for _ in counts])
    return ratio


def bag_ratios(
    f: Any, counts: Sequence[int], tau: Sequence[float], bags: int
) -> tuple[float, float | None]:
    """Variance of an average of undersamples relative to class weights.

    Parameters
    ----------
    f
        Functions of `page.formulas`.
    counts, tau
        (K,) rows per class, and target prior.
    bags
        Number of bags B.

    Returns
    -------
    Of bags drawn independently, and of disjoint ones; None where the classes are too small for so
    many.
    """
    m = min(counts)
    independent = _ratio(f, counts, tau, [f.cv2_under_bagging(n, m, bags) for n in counts])
    if any(m < n < bags * m for n in counts):
        return independent, None
    apart = [f.cv2_disjoint_bags(n, m, bags) if n > m else 0 for n in counts]
    return independent, _ratio(f, counts, tau, apart)


def _bags_needed(
    f: Any, counts: Sequence[int], tau: Sequence[float], ratio: float, within: float
) -> dict[str, Any]:
    """Fields of `advise.options.Bags`."""
    ratio = max(ratio, 1.0)
    if not 0 < within < math.inf or (ratio - 1) / within > _MOST:
        raise InputError(
            "Bags come within a number above zero of class weighting, 0.1 for 10 % more variance; "
            f"{within} was given."
        )
    independent = max(1, math.ceil(f.bags(ratio, within) * (1 - 1e-12)))
    return {
        "within": within,
        "independent": independent,
        "disjoint": _disjoint(f, counts, tau, within),
    }


def _disjoint(f: Any, counts: Sequence[int], tau: Sequence[float], within: float) -> int | None:
    """Fewest disjoint bags; None where there are not so many."""
    m = min(counts)
    larger = [n for n in counts if n > m]
    low, high = 1, min(larger) // m if larger else 1
    if not _is_within(within, bag_ratios(f, counts, tau, high)[1]):
        return None
    while low < high:
        middle = (low + high) // 2
        if _is_within(within, bag_ratios(f, counts, tau, middle)[1]):
            high = middle
        else:
            low = middle + 1
    return low


def _is_within(within: float, ratio: float | None) -> bool:
    return ratio is not None and ratio <= 1 + within + 1e-12
