"""Numbers of advice: those of K class counts, and those of the options that were given."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from mlbalance.advise.collecting import Collect
from mlbalance.advise.gaussian import GaussianAdvice
from mlbalance.advise.options import Bags
from mlbalance.advise.regime import Regime
from mlbalance.advise.sampling import Sampled

__all__ = ["Numbers"]


@dataclass(frozen=True)
class Numbers:
    """Recommendation for K class counts, and the numbers behind it, in rows or as ratios."""

    target: str
    """Criterion: "balanced" (error, all classes alike) or "natural" (probabilities)."""
    counts: tuple[int, ...]
    """(K,) rows of each class."""
    n: int
    """Rows of all classes."""
    harmonic_mean: float
    """H, harmonic mean of the counts (label `harmonic`)."""
    effective_size: float
    """Effective sample size of class weighting, 1/sum(tau_k^2/n_k) rows; K H at the uniform prior
    (label `kish`)."""
    effective_size_undersampled: float
    """That of undersampling to m rows per class; K m at the uniform prior."""
    variance_ratio: dict[str, float]
    """Variance of estimates relative to class weights, by id of the method (label `harmonic`)."""
    variance_share: tuple[float, ...]
    """(K,) share of each class in the variance of class weighting; sums to one (`budget`)."""
    row_value: tuple[float, ...]
    """(K,) relative decrease of that variance per row added to the class (`budget`)."""
    recommendation: str
    """From counts alone: "class-weights", "prior-correction" or "no-difference". Where features are
    many, the text follows `regime` instead."""
    because: tuple[str, ...]
    """Labels of the claims (`mlbalance.claims`) that the recommendation rests on."""
    target_prior: tuple[float, ...] | None = None
    """(K,) target prior tau, where one was given; uniform for None."""
    regime: Regime | None = None
    """Regime of the number of features, where it was given."""
    gaussian: GaussianAdvice | None = None
    """Ratios for Gaussian classes, where features and a separation were given."""
    budget: Collect | None = None
    """Where to collect the next rows, where their number was given (label `budget`)."""
    bags_needed: Bags | None = None
    """Bags needed to come close to class weighting, where a tolerance was given (`bags-needed`)."""
    natural_shift: tuple[float, ...] | None = None
    """(K,) shift of a balanced fit's intercepts for natural probabilities, where asked for (label
    `prior-shift`)."""

    sampled: Sampled | None = None
    """Price of a sample, where a number of rows was given."""

    def to_dict(self) -> dict[str, Any]:
        """Fields in full precision, as `--json` prints them: tuples as lists, without None.

        Returns
        -------
        The fields by name, nested records as dictionaries.
        """
        return {k: _plain(v) for k, v in asdict(self).items() if v is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return {k: _plain(v) for k, v in value.items()} if isinstance(value, dict) else value
