"""Corrections of a fit's intercepts as values: none, a prior shift, or leave-one-out logits.

Letters: n rows, d features, K classes, q = 1 + d.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from mlbalance.corrections.intercepts import Refit, best_scale, pays, refit_intercepts
from mlbalance.corrections.leave_one_out import LeftOut, is_alone, leave_one_out_logits
from mlbalance.corrections.prior import prior_shift
from mlbalance.inputs import FloatArray, IntArray

__all__ = [
    "Corrected",
    "Correction",
    "Fits",
    "LeaveOneOut",
    "PriorShift",
    "Uncorrected",
    "class_shares",
]


_FEW = 20
"""Rows of a class below which intercepts are fitted before the scale, and not with it."""


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
    leave_out: Callable[..., LeftOut] | None = None
    """logits without each row, with the arguments of `leave_one_out_logits`; that if None"""
    likelihood: bool = True
    """Whether the fits maximise a likelihood, so that their own scale is that of probabilities."""

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
    """Where it failed: "a row left out"; empty where the intercepts did."""
    refitted: bool = False
    """Whether the intercepts are those of left-out rows."""


@dataclass(frozen=True)
class Correction:
    """Map of the intercepts, and of the scale of logits, from the fit to the target prior."""

    id: ClassVar[str]
    """Stable name, empty for no correction."""
    label: ClassVar[str]
    """Name for people."""
    needs: ClassVar[str] = ""
    """Input besides the fit: none, the "shares" of the classes in the weights, or the "rows"."""
    cites: ClassVar[tuple[str, ...]] = ()
    """Keys of `references.bib`: where it comes from."""
    temperature = False
    """Whether the scale of all logits is fitted too."""
    conditional = False
    """Whether intercepts are refitted only where this pays."""

    def move(self, intercept: FloatArray, shares: FloatArray, target: FloatArray) -> FloatArray:
        """Move intercepts to the target, before bags are averaged.

        Parameters
        ----------
        intercept
            (..., K) of fits.
        shares
            (..., K) priors at which these were fitted.
        target
            (K,) target prior.

        Returns
        -------
        (..., K) intercepts.
        """
        return intercept

    def correct(self, fits: Fits, target: FloatArray) -> Corrected:
        """Coefficients at the target prior, averaged over bags.

        Parameters
        ----------
        fits
            Of all bags.
        target
            (K,) target prior.

        Returns
        -------
        Coefficients, and the status and stage of a failure.
        """
        theta = fits.theta.copy()
        shares = class_shares(fits.weights, fits.codes, theta.shape[1])
        theta[:, :, 0] = self.move(theta[:, :, 0], shares, target)
        return Corrected(theta.mean(axis=0), 1.0, "converged")

    def leave_out(self, fits: Fits, target: FloatArray) -> LeftOut:
        """Leave-one-out logits at the target prior, averaged over bags, with the scale of the fits.

        One copy of the row leaves each bag that holds one; other bags answer as they are.

        Parameters
        ----------
        fits
            Of all bags.
        target
            (K,) target prior.

        Returns
        -------
        Logits of each row by the fits without it; all NaN unless all these fits converged.
        """
        unit = np.minimum(1.0, fits.copies) / fits.copies
        z = np.zeros((fits.codes.size, fits.theta.shape[1]))
        shares = class_shares(fits.weights, fits.codes, fits.theta.shape[1])
        shifts = self.move(np.zeros_like(shares), shares, target)
        for theta, weights, shift in zip(fits.theta, fits.weights, shifts, strict=True):
            if is_alone(fits.codes, weights, weights * unit).any():
                return LeftOut(z * np.nan, "no-mle", "a row left out")
            left = (fits.leave_out or leave_one_out_logits)(
                fits.X,
                fits.codes,
                theta,
                weights,
                weights * unit,
                fits.ridge,
                max_iter=fits.max_iter,
            )
            if left.status != "converged":
                return LeftOut(z * np.nan, left.status, "a row left out")
            z += shift + left.logits
        return LeftOut(z / len(fits.theta), "converged")


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
    cites: ClassVar[tuple[str, ...]] = ("anderson1972", "prentice1979", "king2001")

    def move(self, intercept: FloatArray, shares: FloatArray, target: FloatArray) -> FloatArray:
        """Add log(target_k / shares_k); see `Correction.move`."""
        return prior_shift(intercept, shares, target)


@dataclass(frozen=True)
class LeaveOneOut(PriorShift):
    """Intercepts fitted anew to the logits of rows left out of the fit (label `loo-intercept`).

    With `temperature` one scale of all logits too: after the intercepts, where a class of a softmax
    fit has fewer than 20 rows, and else jointly with them. With `conditional` the intercepts are
    those of the prior shift, unless those of left-out rows gain more than they cost (`pays`).
    """

    temperature: bool = False
    conditional: bool = False

    needs = "rows"
    cites = ("rad2020", "zollanvari2021")

    @property
    def id(self) -> str:  # type: ignore[override]
        """Stable name."""
        return "loo" + "-if-paid" * self.conditional + "-temperature" * self.temperature

    @property
    def label(self) -> str:  # type: ignore[override]
        """Name for people."""
        own = "left-out intercepts" + " where they pay" * self.conditional
        return own + " and temperature" * self.temperature

    def correct(self, fits: Fits, target: FloatArray) -> Corrected:
        """Coefficients with the intercepts, and scale, of least loss; see `Correction.correct`."""
        theta = super().correct(fits, target).theta
        left = self.leave_out(fits, target)
        if left.status != "converged":
            return Corrected(theta * np.nan, 1.0, left.status, left.stage)
        moved, refitted = self._refit(fits, left.logits, target)
        theta = theta * moved.scale
        theta[:, 0] += moved.intercept
        return Corrected(theta, moved.scale, moved.status, refitted=refitted)

    def _refit(self, fits: Fits, z: FloatArray, target: FloatArray) -> tuple[Refit, bool]:
        """Intercepts and scale for left-out logits, and whether the intercepts are refitted."""
        given, counts = (fits.codes, fits.at(target)), fits.totals
        own = fits.likelihood
        if self.conditional:
            scale = 1.0 if own or not self.temperature else best_scale(z, *given)
            plain = refit_intercepts(scale * z, *given)
            sound = plain.status == "converged"
            if sound and not pays(scale * z, plain.intercept, *given, counts):
                scale = best_scale(z, *given) if self.temperature else 1.0
                return Refit(np.zeros(z.shape[1]), scale, "converged"), False
        few = own and bool(counts.min() < _FEW)
        return refit_intercepts(z, *given, temperature=self.temperature, apart=few), True


def class_shares(weights: FloatArray, codes: IntArray, n_classes: int) -> FloatArray:
    """Shares that the classes have of the weights.

    Parameters
    ----------
    weights
        (bags, n)
    codes
        (n,) class of each row, 0..K-1.
    n_classes
        K

    Returns
    -------
    (bags, K) shares, summing to one in each bag.
    """
    totals = np.stack([np.bincount(codes, w, n_classes) for w in weights])
    return totals / totals.sum(axis=1, keepdims=True)
