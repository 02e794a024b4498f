"""A scheme's fit in the proportional regime: which equations it solves, and the law of its logits.

A scheme that keeps rows whole fits weighted rows, fewer of them: classes of `rows`, weights c. The
two-class equations are scalar, those of K classes are matrices; either ends in `Logits`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from mlbalance.corrections import prior_shift
from mlbalance.inputs import (
    FloatArray,
    InputError,
    IntArray,
    SchemeError,
    as_counts,
    as_prior,
)
from mlbalance.populations import Logits
from mlbalance.schemes import ClassWeight, Scheme
from mlbalance.theory.proportional import binary, multiclass
from mlbalance.theory.proportional.margin import (
    SeparationError,
    separability_threshold,
    whitened,
)
from mlbalance.theory.proportional.margin_losses import LOSSES
from mlbalance.theory.proportional.mixture import Mixture
from mlbalance.theory.proportional.problem import Problem

__all__ = ["ConvergenceError", "Solution", "ridge_of_C", "solve"]


class ConvergenceError(InputError):
    """The equations were not solved to the tolerance; no number is given."""


@dataclass(frozen=True, eq=False)
class Solution:
    """One fit of a scheme (one bag) in its limit."""

    scheme: Scheme
    mixture: Mixture
    rows: FloatArray
    """(K,) rows of each class that one fit uses."""
    weights: FloatArray
    """(K,) weight c of such a row; their mean over rows is one."""
    kept_again: FloatArray
    """(K,) probability that a row of one bag is in another."""
    parameters: binary.Margins | multiclass.OrderParameters
    """The solved equations, with their residual, sweeps and quadrature error."""

    @cached_property
    def means(self) -> FloatArray:
        """(K, K) mean logits of a new row of each class (row), summing to zero."""
        found = self.parameters
        if isinstance(found, binary.Margins):
            margins = found.intercept + binary.SIGNS * found.signal
            return np.asarray(0.5 * margins[:, None] * binary.SIGNS)
        return np.asarray(
            (found.means + found.intercept) @ multiclass.contrasts(len(found.means)).T
        )

    @cached_property
    def covariance(self) -> FloatArray:
        """(K, K) covariance of the logits of a new row, at scale one."""
        found = self.parameters
        if isinstance(found, binary.Margins):
            return _of_margins(found.variance)
        return _of_contrasts(found.covariance)

    @cached_property
    def shared_covariance(self) -> FloatArray:
        """(K, K) covariance of the logits that two bags give a new row, at scale one.

        Raises `ConvergenceError` where it is not known to a thousandth of their variance.
        """
        found = self.parameters
        if isinstance(found, binary.Margins):
            shared, error = binary.overlap(found, self.kept_again)
            covariance, known = _of_margins(shared), error <= 1e-3 * found.variance
        else:
            covariance = _of_contrasts(multiclass.overlap(found, self.kept_again))
            known = bool(np.isfinite(covariance).all())
        if not known:
            raise ConvergenceError(
                f"What two bags of {self.scheme!r} share was not solved. Give a larger ridge, or "
                "bags that have fewer rows in common."
            )
        return covariance

    @cached_property
    def self_influence(self) -> FloatArray:
        """(K, K) mean logits of the training rows of a class less those without the row.

        Label `self-influence`.
        """
        found = self.parameters
        if isinstance(found, binary.Margins):
            moved = self.mixture.scales**2 * found.response * found.forces * binary.SIGNS
            return np.asarray(0.5 * moved[:, None] * binary.SIGNS)
        return np.asarray(found.self_influence @ multiclass.contrasts(len(found.means)).T)

    def averaged(self, bags: float, prior: npt.ArrayLike | None = None) -> Logits:
        """Law of the logits averaged over a number of bags, infinitely many if `np.inf`.

        Class errors and losses are judged by `prior` (K,), uniform if not given.
        """
        if not bags >= 1:
            raise InputError(f"There is one bag at least; got {bags!r}.")
        covariance = self.covariance
        if bags > 1:
            covariance = covariance / bags + (1 - 1 / bags) * self.shared_covariance
        K = self.mixture.n_classes
        return Logits(
            self.means, self.mixture.scales[:, None, None] ** 2 * covariance, as_prior(prior, K)
        )

    @cached_property
    def logits(self) -> Logits:
        """Law of the scheme's logits of a new row, judged by balanced error and loss."""
        return self.averaged(getattr(self.scheme, "bags", 1))

    def correction(self, prior: npt.ArrayLike | None = None) -> FloatArray:
        """(K,) offset from the prior of the fit to another, uniform if not given: `prior-shift`."""
        share = self.rows * self.weights
        K = self.mixture.n_classes
        return prior_shift(np.zeros(K), share / share.sum(), as_prior(prior, K))


def solve(
    mixture: Mixture,
    counts: npt.ArrayLike,
    n_features: float,
    scheme: Scheme | None = None,
    *,
    ridge: float,
    loss: str = "logistic",
) -> Solution:
    """Limit of a ridge-penalised fit as rows and features grow in proportion.

    `counts` (K,) are the rows there are, `n_features` d; only n_k / d counts. `scheme` is class
    weights if not given; any exponent of them is a `ClassWeight` of another prior. `ridge` is that
    of the package, in sum_i W_i loss_i + ridge / 2 sum_k |w_k|^2 with weights that sum to one, so
    the same for every scheme; see `ridge_of_C`. `loss` is "logistic" (the softmax) or, for two
    classes, "square", (1 - y (w'x + b))^2 / 2 with w = w_1 - w_0.

    Raises `SchemeError` for a scheme that repeats rows, `SeparationError` for no ridge where rows
    can be separated, `ConvergenceError` if the equations were not solved, and as `Mixture` and
    the counts do. Source: Mignacco et al. (2020) and Loureiro et al. (2021), with class weights in
    the proximal map; bags as Takahashi (2024).
    """
    n_k = as_counts(counts, "The proportional limit")
    balance = scheme or ClassWeight()
    _check(mixture, n_k, n_features, ridge, loss)
    base = balance.one_bag
    rows, weights = _whole_rows(base, n_k)
    kept_again = balance.moments(n_k).overlap
    shares, load = rows / rows.sum(), rows.sum() / n_features
    parameters: binary.Margins | multiclass.OrderParameters
    if n_k.size == 2:
        if not ridge:
            _refuse_interpolation(mixture, shares, load, loss)
        parameters = binary.solve(Problem(mixture, shares, weights, load, ridge), loss)
    else:
        parameters = multiclass.solve(mixture, shares, weights, load, ridge)
    if not parameters.converged:
        raise ConvergenceError(
            f"The equations of {balance!r} with counts {n_k.tolist()}, {n_features:g} features and "
            f"ridge {ridge:g} were not solved: a sweep still moves by {parameters.residual:.1e}, "
            f"and quadrature errs by {parameters.quadrature_error:.1e}. Give a larger ridge."
        )
    return Solution(balance, mixture, rows, weights, kept_again, parameters)


def ridge_of_C(C: float, n_rows: int, n_classes: int) -> float:  # noqa: N802 - scikit-learn's name
    """Ridge of scikit-learn's `C` for weights that sum to `n_rows`, as balanced ones do.

    At the same C an undersample, of fewer rows, has the larger ridge.
    """
    if not (C > 0 and n_rows > 0 and n_classes >= 2):
        raise InputError(
            f"C and rows are positive and classes two at least; got {C!r}, {n_rows!r} and "
            f"{n_classes!r}."
        )
    return (2 if n_classes == 2 else 1) / (C * n_rows)


def _check(mixture: Mixture, n_k: IntArray, n_features: float, ridge: float, loss: str) -> None:
    if n_k.size != mixture.n_classes:
        raise InputError(f"Counts are of {n_k.size} classes; the mixture has {mixture.n_classes}.")
    if not 0 < n_features < np.inf:
        raise InputError(f"The number of features is positive; it is {n_features!r}.")
    if not 0 <= ridge < np.inf:
        raise InputError(f"A ridge is a number from 0 on; it is {ridge!r}.")
    if loss not in LOSSES or (loss != "logistic" and n_k.size > 2):
        raise InputError(
            f'The loss is "logistic" or, for two classes, "square"; it is {loss!r} for '
            f"{n_k.size} classes."
        )


def _whole_rows(base: Scheme, n_k: IntArray) -> tuple[FloatArray, FloatArray]:
    """Rows (K,) that a fit uses and the weight of one, for schemes whose rows weigh all or none."""
    mean, cv2, _, kept = base.moments(n_k)
    if (np.abs((1 + cv2) * kept - 1) > 1e-9).any():
        raise SchemeError(
            "The proportional limit is that of schemes that keep rows whole or drop them; "
            f"{base!r} repeats rows or keeps a random number. Use ClassWeight, Unweighted, "
            "Undersample, Cap, or Bagging of one."
        )
    rows = n_k * kept
    return rows, rows.sum() * mean / kept


def _refuse_interpolation(mixture: Mixture, shares: FloatArray, load: float, loss: str) -> None:
    """Without ridge the square loss needs more rows than features, the logistic loss some more."""
    if loss == "square":
        threshold, instead = 1.0, ""
    else:
        threshold = separability_threshold(shares, whitened(mixture), scales=mixture.scales)
        instead = ", or ask max_margin for the limit of ever smaller ones"
    if load <= threshold:
        raise SeparationError(
            f"Without ridge there is no fit below {threshold:.4g} rows per feature; there are "
            f"{load:.4g}. Give a ridge{instead}."
        )


def _of_margins(variance: float) -> FloatArray:
    return np.asarray(variance / 4 * np.outer(binary.SIGNS, binary.SIGNS))


def _of_contrasts(covariance: FloatArray) -> FloatArray:
    P = multiclass.contrasts(len(covariance) + 1)
    return np.asarray(P @ covariance @ P.T)
