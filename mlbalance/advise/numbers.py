"""Numbers of advice: those of K class counts, and those that were asked for besides."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from mlbalance.advise.gaussian import GaussianAdvice
from mlbalance.advise.options import Bags, Collect
from mlbalance.advise.regime import Regime

__all__ = ["Numbers"]


@dataclass(frozen=True)
class Numbers:
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
    """1/sum(tau_k^2/n_k), rows at the target prior that class weighting is worth when classes are
    alike; K H at the uniform one (label `kish`)."""
    effective_size_undersampled: float
    """The same of undersampling to the smallest class; K m, the rows it keeps, at the uniform."""
    variance_ratio: dict[str, float]
    """Variance of estimates relative to class weights, by id of the method (label `harmonic`)."""
    variance_share: tuple[float, ...]
    """(K,) share of each class in the variance of class weighting; sums to one (`budget`)."""
    row_value: tuple[float, ...]
    """(K,) relative fall of that variance per row added to the class, a derivative (`budget`)."""
    recommendation: str
    """One of "class-weights", "prior-correction", "undersample", "no-difference": what counts
    alone decide. Where features are many, the text follows `regime` instead."""
    because: tuple[str, ...]
    """Labels of the claims (`mlbalance.claims`) that the recommendation rests on."""
    target_prior: tuple[float, ...] | None = None
    """(K,) the prior tau that is balanced at, where one was given; otherwise it is uniform."""
    regime: Regime | None = None
    """What the features mean for the choice, where their number was given."""
    gaussian: GaussianAdvice | None = None
    """The same for Gaussian classes, where features and a separation were given."""
    budget: Collect | None = None
    """Where to collect the next rows, where their number was given (label `budget`)."""
    bags_needed: Bags | None = None
    """Bags that come close to class weighting, where it was said how close (`bags-needed`)."""
    natural_shift: tuple[float, ...] | None = None
    """(K,) what to add to the intercepts of a balanced fit for natural probabilities, where asked
    for (label `prior-shift`)."""

    def to_dict(self) -> dict[str, Any]:
        """The fields in full precision, lists for tuples: what `--json` prints.

        What was not asked for is left out.
        """
        return {k: _plain(v) for k, v in asdict(self).items() if v is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return {k: _plain(v) for k, v in value.items()} if isinstance(value, dict) else value
