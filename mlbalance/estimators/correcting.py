"""From the fits of bags to one answer at the target, and to answers for rows that did not fit.

Letters: n rows, d features, K classes, q = 1 + d.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from mlbalance import softmax
from mlbalance.corrections import Refit, left_out, prior_shift, refit_intercepts
from mlbalance.estimators.weighting import FitError, Rows, check_memory
from mlbalance.inputs import FloatArray, InputError

__all__ = ["Correction", "Fitted", "remedy"]

REMEDIES = {
    "no-mle": 'Give a ridge (ridge=None is 1/n), or use Unweighted() with penalty="firth", or '
    "collect rows where the classes overlap.",
    "not-identified": "Drop features, or give a ridge (ridge=None is 1/n).",
    "undecided": "Give a ridge (ridge=None is 1/n), or drop features.",
    "max-iter": "Raise max_iter, or scale the features, as StandardScaler does.",
}
"""What to do about a status, in the arguments of estimators."""


def remedy(status: str) -> str:
    """Meaning of the status a fit ended with, and what to do about it."""
    found = softmax.STATUS[status]
    return str(found._replace(remedy=REMEDIES.get(status, found.remedy)))


_INSTEAD = {
    'correction="loo"': 'give correction="prior"',
    'ridge="loo"': "give a number as the ridge",
}

_LEAVING_OUT = 5
"""Matrices of the Hessian's size that leaving rows out holds at a time."""


class Fitted(NamedTuple):
    """The fits of all bags, before any correction."""

    theta: FloatArray
    """(bags, K, q), as fitted."""
    weights: FloatArray
    """(bags, n), of sum one."""
    ridge: float
    """On K coefficients of sum zero."""
    n_iter: Any
    """(bags,) steps taken."""


@dataclass(frozen=True, eq=False)
class Correction:
    """How intercepts, and the scale of logits, come to the target."""

    kind: str
    """"none", "prior" or "loo"."""
    target: FloatArray
    """(K,) prior of the answers."""
    temperature: bool = False
    max_iter: int = 200
    """Steps that fits without a row may take."""

    def answer(self, X: FloatArray, rows: Rows, fitted: Fitted) -> tuple[FloatArray, float]:
        """Coefficients (K, q) at the target, averaged over bags, and what logits were scaled by.

        Raises `FitError` where intercepts cannot be set by left-out rows, `InputError` where there
        are none.
        """
        theta = fitted.theta.copy()
        theta[:, :, 0] += self._shifts(rows, fitted)
        theta = theta.mean(axis=0)
        if self.kind != "loo":
            return theta, 1.0
        moved = self._refitted(rows, self._left_out(X, rows, fitted, 'correction="loo"'))
        theta = theta * moved.scale
        theta[:, 0] += moved.intercept
        return theta, moved.scale

    def left_out(self, X: FloatArray, rows: Rows, fitted: Fitted) -> FloatArray:
        """Logits (n, K) at the target of each row without itself, averaged over bags.

        One copy of the row leaves each bag that holds one; other bags answer as they are. Raises
        as `answer`.
        """
        z = self._left_out(X, rows, fitted, 'ridge="loo"')
        if self.kind != "loo":
            return z
        moved = self._refitted(rows, z)
        return moved.scale * z + moved.intercept

    def loss(self, z: FloatArray, rows: Rows, copies: FloatArray) -> float:
        """Log-loss in nats at the target, of `copies` (n,) of the rows with logits z (n, K).

        Each class counts as its share of all its copies: the losses of parts add up.
        """
        own = softmax.log_probabilities(z)[np.arange(len(z)), rows.codes]
        return -float((copies * (self.target / rows.totals)[rows.codes]) @ own)

    def _shifts(self, rows: Rows, fitted: Fitted) -> FloatArray:
        """What intercepts (bags, K) are moved by before bags are averaged."""
        shares = rows.shares(fitted.weights)
        none = np.zeros_like(shares)
        return prior_shift(none, shares, self.target) if self.kind == "prior" else none

    def _left_out(self, X: FloatArray, rows: Rows, fitted: Fitted, asked: str) -> FloatArray:
        K, q = fitted.theta.shape[1:]
        check_memory(
            _LEAVING_OUT * (K * min(q, 1 + len(X))) ** 2,
            f"{asked} with {K} classes, {q - 1} features and {len(X)} rows",
            f"Drop features, or {_INSTEAD[asked]}.",
        )
        unit = np.minimum(1.0, rows.copies) / rows.copies
        z = np.zeros((rows.codes.size, K))
        shifts = self._shifts(rows, fitted)
        for theta, weights, shift in zip(fitted.theta, fitted.weights, shifts, strict=True):
            _check_two(rows, weights, weights * unit, asked)
            left = left_out(
                X,
                rows.codes,
                theta,
                weights,
                weights * unit,
                fitted.ridge,
                max_iter=self.max_iter,
            )
            if left.status != "converged":
                unknown = left.status in ("max-iter", "undecided")
                failed = "was not fitted" if unknown else "has no fit"
                raise FitError(
                    f"What is left without one of the rows {failed}. {remedy(left.status)}",
                    left.status,
                )
            z += shift + left.logits
        return z / len(fitted.theta)

    def _refitted(self, rows: Rows, z: FloatArray) -> Refit:
        """The change of left-out logits z (n, K) that suits them best at the target."""
        moved = refit_intercepts(z, rows.codes, rows.at(self.target), temperature=self.temperature)
        if moved.status == "max-iter":
            raise FitError(
                "Intercepts for the rows left out of the fit were not found: their logits are too "
                'far apart for it. Give correction="prior", a larger ridge, or scale the features.',
                moved.status,
            )
        if moved.status != "converged":
            raise FitError(
                "Rows left out of the fit are all on their class's side, so no intercepts fit them "
                'best. Give correction="prior", or a larger ridge.',
                moved.status,
            )
        return moved


def _check_two(rows: Rows, weights: FloatArray, left_out: FloatArray, asked: str) -> None:
    """Raises `InputError` where nothing of a class remains without one of its rows."""
    alone = rows.shares(weights[None])[0][rows.codes] - left_out <= 1e-12 * weights
    if alone.any():
        k = int(rows.codes[np.argmax(alone)])
        raise InputError(
            f"{asked} leaves out each row in turn, and needs two of every class; of class "
            f"{rows.classes.tolist()[k]!r} there is one. Collect rows for it, or {_INSTEAD[asked]}."
        )
