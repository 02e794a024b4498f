"""Class weights, resampling and bagging in softmax regression, as random weights.

Every scheme that keeps, drops or repeats rows by their labels is a random weight vector. Class
weighting is its conditional mean; undersampling, oversampling and bagging are noise around it
with a known coefficient of variation; one weighted softmax fit serves them all; an offset moves
the prior. What is not of that form (synthetic rows, weights that look at x, other losses) is
compared, and named as such.

>>> import numpy as np
>>> from mlbalance import ClassWeight, Undersample, fit, populations, theory
>>> counts, rng = [23, 5, 44, 14, 19, 31], np.random.default_rng(1)
>>> round(theory.variance_ratio(counts, Undersample()), 4)  # against class weights: predicted
2.8401
>>> classes = populations.symmetric(n_classes=6, n_features=5, separation=1.0)
>>> X, y = classes.sample(counts, rng)
>>> all_rows = fit(X, y, ClassWeight().draw(y, rng)[0], ridge=0.1)
>>> five_each = fit(X, y, Undersample().draw(y, rng)[0], ridge=0.1)
>>> print(all_rows.status, all_rows.coef.shape, five_each.coef.shape)
converged (6, 5) (6, 5)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlbalance import (
        advise,
        claims,
        compare,
        corrections,
        data,
        derivations,
        discriminant,
        estimators,
        existence,
        losses,
        methods,
        populations,
        schemes,
        simulation,
        softmax,
        theory,
    )
    from mlbalance.schemes import (
        AnalyticBag,
        Bagging,
        BalancedSampler,
        Bridge,
        Cap,
        ClassWeight,
        EffectiveNumber,
        Oversample,
        PoissonOversample,
        Scheme,
        Thin,
        Undersample,
        Unweighted,
    )
    from mlbalance.softmax import Fit, fit

__all__ = [
    "AnalyticBag",
    "Bagging",
    "BalancedSampler",
    "Bridge",
    "Cap",
    "ClassWeight",
    "EffectiveNumber",
    "Fit",
    "Oversample",
    "PoissonOversample",
    "Scheme",
    "Thin",
    "Undersample",
    "Unweighted",
    "advise",
    "claims",
    "compare",
    "corrections",
    "data",
    "derivations",
    "discriminant",
    "estimators",
    "existence",
    "fit",
    "losses",
    "methods",
    "populations",
    "schemes",
    "simulation",
    "softmax",
    "theory",
]

__version__ = "0.1.0"

# Where the public names live that are not modules: the schemes, but for these.
_OF_SOFTMAX = ("Fit", "fit")


def __getattr__(name: str) -> object:
    """Load a public name when it is first asked for, so that importing the package is light."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _OF_SOFTMAX:
        found = getattr(import_module("mlbalance.softmax"), name)
    elif name[0].isupper():
        found = getattr(import_module("mlbalance.schemes"), name)
    else:
        found = import_module(f"mlbalance.{name}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
