"""Which method for my data: all methods on the same folds, at the same target prior.

`compare` fits every method to the training rows of repeated stratified folds and judges it by the
test rows. Whatever looks at labels (resampling, choice of a ridge, tuning) sees training rows
alone. `Comparison` holds the numbers; its text is the answer in words.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from mlbalance.extras import require

if TYPE_CHECKING:
    from mlbalance.compare.candidates import CANDIDATES, DEFAULT, GROUPS, Candidate, as_candidate
    from mlbalance.compare.comparison import Comparison
    from mlbalance.compare.learners import AtTarget, Resampled, TunedThreshold
    from mlbalance.compare.linear import AtOwnPrior, LocalCaseControl
    from mlbalance.compare.results import Difference, Outcome, Recommendation, Value
    from mlbalance.compare.run import compare, cost_prior, refit

__all__ = [
    "CANDIDATES",
    "DEFAULT",
    "GROUPS",
    "AtOwnPrior",
    "AtTarget",
    "Candidate",
    "Comparison",
    "Difference",
    "LocalCaseControl",
    "Outcome",
    "Recommendation",
    "Resampled",
    "TunedThreshold",
    "Value",
    "as_candidate",
    "compare",
    "cost_prior",
    "refit",
]

_HOMES = {
    "candidates": "CANDIDATES DEFAULT GROUPS Candidate as_candidate",
    "comparison": "Comparison",
    "learners": "AtTarget Resampled TunedThreshold",
    "linear": "AtOwnPrior LocalCaseControl",
    "results": "Difference Outcome Recommendation Value",
    "run": "compare cost_prior refit",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first asked for: tables are read without scikit-learn."""
    for module, names in _HOMES.items():
        if name in names.split():
            require("mlbalance.compare", "sklearn", "joblib")
            found = getattr(import_module(f"{__name__}.{module}"), name)
            globals()[name] = found
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
