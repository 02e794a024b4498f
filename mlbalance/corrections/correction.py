"""Corrections of a fit's intercepts as values: none, a prior shift, or leave-one-out logits.

Letters: n rows, d features, K classes, q = 1 + d.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from mlbalance.corrections.intercepts import Refit, refit_intercepts
from mlbalance.corrections.leave_one_out import leave_one_out_logits
from mlbalance.corrections.prior import prior_shift
from mlbalance.inputs import FloatArray, IntArray

__all__ = [
    "Corrected",
    "Correction",
    "Fits",
    "Judged",
    "LeaveOneOut",
    "PriorShift",
    "Uncorrected",
    "class_shares",
]


class Fits(NamedTuple):
    """The fits of all bags to one data set, before any correction."""

    X: FloatArray
    """(n, d)"""
    codes: IntArray
    """(n,) class of each row"""
    copies: FloatArray
    """(n,) above zero: how many rows each row stands for"""
    theta: FloatArray
    """(bags, K, q) as fitted"""
    weights: FloatArray
    """(bags, n)"""
    ridge: float
    """on the mean-loss scale, on K coefficients of sum zero"""
    max_iter: int = 200
    """steps that fits without a row may take"""

    @property
    def totals(self) -> FloatArray:
        """(K,) rows of each class, copies counted."""
        return np.bincount(self.codes, self.copies, self.theta.shape[1]).astype(float)

    def at(self, prior: FloatArray) -> FloatArray:
        """Weights (n,) of sum one that give the classes this prior (K,), copies alike."""
        return self.copies * (prior / self.totals)[self.codes]


class Corrected(NamedTuple):
    """One answer at the target, averaged over bags."""

    theta: FloatArray
    """(K, q) coefficients; NaN unless converged"""
    scale: float
    """Factor of the logits: one over the temperature."""
    status: str
    """a key of `softmax.STATUS`"""
    stage: str = ""
    """Stage that failed, if one did: "a row left out" or "intercepts"."""


class Judged(NamedTuple):
    """Logits of rows by fits that did not see them, at the target."""

    logits: FloatArray
    """(n, K); NaN unless converged"""
    status: str
    stage: str = ""


@dataclass(frozen=True)
class Correction:
    """Map of the intercepts, and of the scale of logits, from the fit to the target prior."""

    id: ClassVar[str]
    """Stable name, empty for no correction."""
    label: ClassVar[str]
    """Name for people."""
    needs: ClassVar[str] = ""
    """Input besides the fit: none, the "shares" of the classes in the weights, or the "rows"."""

    def move(self, intercept: FloatArray, shares: FloatArray, target: FloatArray) -> FloatArray:
        """Intercepts (..., K) of fits at priors `shares` (..., K), before bags are averaged."""
        return intercept

    def correct(self, fits: Fits, target: FloatArray) -> Corrected:
        """Coefficients at the target prior (K,), averaged over bags."""
        theta = fits.theta.copy()
        shares = class_shares(fits.weights, fits.codes, theta.shape[1])
        theta[:, :, 0] = self.move(theta[:, :, 0], shares, target)
        return Corrected(theta.mean(axis=0), 1.0, "converged")

    def leave_out(self, fits: Fits, target: FloatArray) -> Judged:
        """Logits (n, K) at the target of each row without itself, averaged over bags.

        One copy of the row leaves each bag that holds one; other bags answer as they are.
        """
        unit = np.minimum(1.0, fits.copies) / fits.copies
        z = np.zeros((fits.codes.size, fits.theta.shape[1]))
        shares = class_shares(fits.weights, fits.codes, fits.theta.shape[1])
        shifts = self.move(np.zeros_like(shares), shares, target)
        for theta, weights, shift in zip(fits.theta, fits.weights, shifts, strict=True):
            if _alone(fits, weights, weights * unit):
                return Judged(z * np.nan, "no-mle", "a row left out")
            left = leave_one_out_logits(
                fits.X,
                fits.codes,
                theta,
                weights,
                weights * unit,
                fits.ridge,
                max_iter=fits.max_iter,
            )
            if left.status != "converged":
                return Judged(z * np.nan, left.status, "a row left out")
            z += shift + left.logits
        return Judged(z / len(fits.theta), "converged")


@dataclass(frozen=True)
class Uncorrected(Correction):
    """Intercepts as they were fitted."""

    id = ""
    label = ""


@dataclass(frozen=True)
class PriorShift(Correction):
    """log(target_k / fitted_k) added to the intercepts of each bag (label `prior-shift`)."""

    id = "prior"
    label = "prior correction"
    needs = "shares"

    def move(self, intercept: FloatArray, shares: FloatArray, target: FloatArray) -> FloatArray:
        """Intercepts (..., K) at the target."""
        return prior_shift(intercept, shares, target)


@dataclass(frozen=True)
class LeaveOneOut(Correction):
    """Intercepts fitted anew to the logits of rows left out of the fit (label `loo-intercept`).

    With `temperature` one scale of all logits too.
    """

    temperature: bool = False

    needs = "rows"

    @property
    def id(self) -> str:  # type: ignore[override]
        """Stable name."""
        return "loo-temperature" if self.temperature else "loo"

    @property
    def label(self) -> str:  # type: ignore[override]
        """Name for people."""
        return "left-out intercepts" + " and temperature" * self.temperature

    def correct(self, fits: Fits, target: FloatArray) -> Corrected:
        """Coefficients at the target prior (K,), averaged over bags."""
        theta = fits.theta.mean(axis=0)
        left = super().leave_out(fits, target)
        if left.status != "converged":
            return Corrected(theta * np.nan, 1.0, left.status, left.stage)
        moved = self._refit(fits, left.logits, target)
        theta = theta * moved.scale
        theta[:, 0] += moved.intercept
        stage = "" if moved.status == "converged" else "intercepts"
        return Corrected(theta, moved.scale, moved.status, stage)

    def leave_out(self, fits: Fits, target: FloatArray) -> Judged:
        """Logits (n, K) of rows left out, with the intercepts that suit all of them best."""
        left = super().leave_out(fits, target)
        if left.status != "converged":
            return left
        moved = self._refit(fits, left.logits, target)
        if moved.status != "converged":
            return Judged(left.logits * np.nan, moved.status, "intercepts")
        return Judged(moved.scale * left.logits + moved.intercept, "converged")

    def _refit(self, fits: Fits, z: FloatArray, target: FloatArray) -> Refit:
        return refit_intercepts(z, fits.codes, fits.at(target), temperature=self.temperature)


def class_shares(weights: FloatArray, codes: IntArray, n_classes: int) -> FloatArray:
    """Shares (bags, K) that the classes have of weights (bags, n)."""
    totals = np.stack([np.bincount(codes, w, n_classes) for w in weights])
    return totals / totals.sum(axis=1, keepdims=True)


def _alone(fits: Fits, weights: FloatArray, leaving: FloatArray) -> bool:
    """Whether nothing of a class remains without one of its rows."""
    total = np.bincount(fits.codes, weights, fits.theta.shape[1])[fits.codes]
    return bool((total - leaving <= 1e-12 * weights).any())
