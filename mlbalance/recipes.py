"""What is compared: scheme, ridge and correction under one name, the only definition of a method.

The names below are those of tables, figures and `mlbalance advise`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlbalance import softmax
from mlbalance.corrections import Refit, left_out, prior_shift, refit_intercepts
from mlbalance.inputs import FloatArray, InputError, IntArray
from mlbalance.schemes import (
    Bagging,
    BalancedSampler,
    Cap,
    ClassWeight,
    Oversample,
    Scheme,
    Thin,
    Undersample,
    Unweighted,
)

__all__ = ["RECIPES", "Estimates", "Recipe", "named"]


@dataclass(frozen=True)
class Estimates:
    """Averaged coefficients of R replicates and what became of each."""

    theta: FloatArray
    """(R, K, 1 + d); NaN where a fit failed, one failed bag being a failed fit."""
    status: npt.NDArray[np.str_]
    """(R,) keys of `softmax.STATUS`; of a failed fit, that of its first failed bag."""


@dataclass(frozen=True)
class Recipe:
    """A named method: fit with the scheme's weights, correct, average the bags' logits.

    `ridge` is on the mean-loss scale, so recipes of equal ridge have the same penalised target.
    `correction="prior"` moves the intercepts from the prior of the fit, the classes' shares of the
    weights, to the balanced one; "loo" sets them anew by the balanced log-loss of every row under
    the fit without it, for schemes without bags (`loo-intercept`).
    """

    name: str
    scheme: Scheme
    ridge: float = 0.0
    correction: str = "none"

    def __post_init__(self) -> None:
        if self.correction not in ("none", "prior", "loo"):
            raise InputError(
                f'A correction is "none", "prior" or "loo"; {self.name} has {self.correction!r}.'
            )
        if self.correction == "loo" and isinstance(self.scheme, Bagging):
            raise InputError(
                f'The correction "loo" is for one fit; {self.name} averages those of bags.'
            )

    def fit(self, X: FloatArray, y: IntArray, weights: FloatArray) -> Estimates:
        """Fit R data sets X (R, n, d) with labels y (n,) or (R, n) and weights (R, bags, n)."""
        y = y[:, None, :] if y.ndim == 2 else y
        fits = softmax.fit(X[:, None], y, weights, ridge=self.ridge)
        theta, failed, statuses = fits.theta, ~fits.converged, fits.status.astype("U32")
        if self.correction == "prior":
            own = np.arange(theta.shape[2])[:, None] == y[..., None, :]
            totals = (weights[:, :, None, :] * own).sum(axis=-1)
            shares = totals / totals.sum(axis=-1, keepdims=True)
            theta[~failed, :, 0] = prior_shift(theta[~failed, :, 0], shares[~failed])
        if self.correction == "loo":
            for r in np.flatnonzero(~failed[:, 0]):
                codes = y[r, 0] if y.ndim == 3 else y
                moved = self._refitted(X[r], codes, weights[r, 0], theta[r, 0])
                theta[r, 0, :, 0] += moved.intercept
                statuses[r, 0], failed[r, 0] = moved.status, moved.status != "converged"
        first = np.argmax(failed, axis=1)
        status = np.take_along_axis(statuses, first[:, None], axis=1)[:, 0]
        theta = theta.mean(axis=1)
        theta[status != "converged"] = np.nan
        return Estimates(theta, status)

    def _refitted(
        self, X: FloatArray, y: IntArray, weights: FloatArray, theta: FloatArray
    ) -> Refit:
        """What is added to the intercepts (K,); none where the fit without a row has failed."""
        used = weights > 0
        counts = np.bincount(y[used])
        none = np.full(counts.size, np.nan)
        if counts.min() < 2:
            return Refit(none, 1.0, "no-mle")
        z, status = left_out(X[used], y[used], theta, weights[used], weights[used], self.ridge)
        if status != "converged":
            return Refit(none, 1.0, status)
        return refit_intercepts(z, y[used], 1 / (counts.size * counts[y[used]]))


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("class weights", ClassWeight()),
        Recipe("undersample", Undersample()),
        Recipe("undersample with replacement", Undersample(replace=True)),
        Recipe("oversample", Oversample()),
        Recipe("bootstrap", Oversample(keep=False)),
        Recipe("under-bagging (10 bags)", Bagging(Undersample(), 10)),
        Recipe("under-bagging (2 disjoint bags)", Bagging(Undersample(), 2, disjoint=True)),
        Recipe("cap at 10", Cap(10)),
        Recipe("cap at 100", Cap(100)),
        Recipe("thin to one half", Thin(0.5)),
        Recipe("thin to one half, not renormalised", Thin(0.5, renormalise=False)),
        Recipe("balanced sampler", BalancedSampler()),
        Recipe("unweighted, prior correction", Unweighted(), correction="prior"),
    )
}
"""The methods that studies and advice refer to by name, without ridge."""


def named(*names: str, ridge: float = 0.0) -> tuple[Recipe, ...]:
    """Recipes by name, with a ridge. Raises `InputError` for an unknown name."""
    unknown = [name for name in names if name not in RECIPES]
    if unknown:
        raise InputError(f"No recipe is named {unknown[0]!r}; known are {', '.join(RECIPES)}.")
    found = (RECIPES[name] for name in names)
    return tuple(Recipe(r.name, r.scheme, ridge, r.correction) for r in found)
