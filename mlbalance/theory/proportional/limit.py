"""Limit of a scheme's fit and of a method in the proportional regime: the logits of a new row.

A scheme that keeps rows whole fits weighted rows, fewer of them: classes of `rows`, weights c. The
two-class equations are scalar, those of K classes are matrices; either ends in `Logits`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import (
    FloatArray,
    InputError,
    IntArray,
    SchemeError,
    as_counts,
    as_prior,
)
from mlbalance.methods import Method
from mlbalance.populations import Logits
from mlbalance.schemes import ClassWeight, Scheme
from mlbalance.theory.proportional import binary, multiclass
from mlbalance.theory.proportional.margin import (
    SeparationError,
    mahalanobis,
    separability_threshold,
)
from mlbalance.theory.proportional.margin_losses import LOSSES
from mlbalance.theory.proportional.mixture import Mixture
from mlbalance.theory.proportional.problem import Problem

__all__ = ["ConvergenceError", "Solution", "limit_of", "ridge_of_C", "solve"]


_LOSS_OF = {"softmax": "logistic", "square": "square"}
"""Loss of the margins by that of a method."""


class ConvergenceError(InputError):
    """The equations were not solved to the tolerance; no number is given."""


@dataclass(frozen=True, eq=False)
class Solution:
    """Limit of one fit of a scheme (one bag), in logits that sum to zero over classes."""

    scheme: Scheme
    mixture: Mixture
    rows: FloatArray
    """(K,) rows of each class that the fit uses."""
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
                f"The overlap of bags of {self.scheme!r} was not solved. Give a larger ridge, or "
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

    def average(self, bags: float, prior: npt.ArrayLike | None = None) -> Logits:
        """Distribution of the logits of a new row, averaged over bags (label `under-bagging`).

        Parameters
        ----------
        bags : float
            Number of bags, `np.inf` for ever more of them.
        prior : array (K,), optional
            Weights of the classes in errors and losses; uniform by default.

        Returns
        -------
        Logits

        Raises
        ------
        InputError, PriorError
            For less than one bag, or a prior that is not one positive probability per class.
        ConvergenceError
            As `shared_covariance`.
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
        """Distribution of the logits of a new row under the scheme, at the uniform prior."""
        return self.average(self.scheme.bags)

    @property
    def shares(self) -> FloatArray:
        """(K,) share of each class in the weights of the fit."""
        total = self.rows * self.weights
        return np.asarray(total / total.sum())


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

    Labels `self-influence` and `intercept-bias`. Source: Mignacco et al. (2020) and Loureiro et al.
    (2021), with class weights in the proximal map; bags as Takahashi (2024).

    Parameters
    ----------
    mixture : Mixture
        Gaussian classes.
    counts : array (K,)
        Rows per class, before the scheme.
    n_features : float
        d; only n_k / d enters.
    scheme : Scheme, optional
        One that keeps rows whole or drops them, or bags of one; class weights by default.
    ridge : float
        On the mean-loss scale of `softmax.fit`, the same for every scheme; see `ridge_of_C`.
    loss : {"logistic", "square"}
        The softmax, or for two classes (1 - y (w'x + b))^2 / 2 with w = w_1 - w_0.

    Returns
    -------
    Solution

    Raises
    ------
    CountsError, InputError
        For counts of other classes, or numbers that are not positive.
    SchemeError
        For a scheme that repeats rows, or keeps a random number of them.
    SeparationError
        For two classes without ridge where rows can be separated.
    ConvergenceError
        If the equations were not solved.
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


def limit_of(
    method: Method,
    mixture: Mixture,
    counts: npt.ArrayLike,
    n_features: float,
    *,
    bags: float | None = None,
    solution: Solution | None = None,
) -> Logits:
    """Distribution of the logits of a new row under a method, its correction included.

    The logits of the square loss are those of a discriminant on its scores, for two classes.
    Leave-one-out logits have the distribution of those of new rows in the limit, so that what is
    fitted to them is their calibration (label `loo-intercept`).

    Parameters
    ----------
    method : Method
    mixture, counts, n_features
        As in `solve`.
    bags : float, optional
        Number of bags, `np.inf` for ever more; that of the scheme by default.
    solution : Solution, optional
        That of the method's scheme (one bag) at its ridge, where it is known.

    Returns
    -------
    Logits
        At the method's target, by which classes are weighted in errors and losses.

    Raises
    ------
    PriorError
        For a target of another number of classes.
    ConvergenceError, InputError
        As `solve` and `Solution.average`.
    """
    correction, target = method.correction, method.prior(mixture.n_classes)
    if solution is None:
        if not isinstance(method.ridge, float | int):
            raise InputError(f"{method.id} chooses its ridge; a limit needs a number. Give one.")
        if method.loss not in _LOSS_OF:
            raise InputError(
                f"The loss of a limit is {' or '.join(map(repr, _LOSS_OF))}; {method.id} has "
                f"{method.loss!r}."
            )
        solution = solve(
            mixture,
            counts,
            n_features,
            method.scheme,
            ridge=method.ridge,
            loss=_LOSS_OF[method.loss],
        )
    law = solution.average(method.scheme.bags if bags is None else bags, method.target)
    if isinstance(solution.parameters, binary.Margins) and solution.parameters.loss == "square":
        law = _discriminant(solution.parameters, law, solution.shares)
    moved = correction.move(np.zeros(target.size), solution.shares, target)
    law = replace(law, mean=law.mean + moved)
    if correction.needs != "rows":
        return law
    fixed = None if correction.temperature else 1.0
    intercept, slope = law.calibration(slope=fixed)
    slope = max(slope, 0.0)  # a temperature is not negative
    return Logits(slope * law.mean + intercept, slope**2 * law.covariance, law.prior)


def ridge_of_C(C: float, n_rows: int, n_classes: int) -> float:  # noqa: N802 - scikit-learn's name
    """Ridge of scikit-learn's `C`, on the mean-loss scale.

    At the same C an undersample, of fewer rows, has the larger ridge (label `scale`).

    Parameters
    ----------
    C : float
    n_rows : int
        Sum of the weights: the number of rows for balanced ones.
    n_classes : int
        K.

    Returns
    -------
    float

    Raises
    ------
    InputError
        For numbers that are not positive, or fewer than two classes.
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
        threshold = separability_threshold(shares, mahalanobis(mixture), scales=mixture.scales)
        instead = ", or ask max_margin for the limit of ever smaller ones"
    if load <= threshold:
        raise SeparationError(
            f"Without ridge there is no fit below {threshold:.4g} rows per feature; there are "
            f"{load:.4g}. Give a ridge{instead}."
        )


def _discriminant(margins: binary.Margins, law: Logits, shares: FloatArray) -> Logits:
    """Logits of a discriminant on scores that are distributed as the logits `law`."""
    slope, middle = binary.discriminant(margins)
    moved = 0.5 * binary.SIGNS * (np.log(shares[1] / shares[0]) - slope * middle)
    return Logits(slope * law.mean + moved, slope**2 * law.covariance, law.prior)


def _of_margins(variance: float) -> FloatArray:
    return np.asarray(variance / 4 * np.outer(binary.SIGNS, binary.SIGNS))


def _of_contrasts(covariance: FloatArray) -> FloatArray:
    P = multiclass.contrasts(len(covariance) + 1)
    return np.asarray(P @ covariance @ P.T)
