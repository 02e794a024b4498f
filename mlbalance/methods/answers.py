"""From the fits of bags to one answer at the target, and to answers for rows that did not fit.

Letters: n rows, d features, K classes, q = 1 + d.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from mlbalance import softmax
from mlbalance.corrections import Correction, Fits, LeaveOneOut, PriorShift, Uncorrected
from mlbalance.inputs import FloatArray, InputError
from mlbalance.methods.rows import FitError, Rows, check_memory

__all__ = ["Answers", "Fitted", "as_correction", "remedy"]

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
class Answers:
    """How fits come to the target, with what cannot be done said in errors."""

    correction: Correction
    target: FloatArray
    """(K,) prior of the answers."""
    max_iter: int = 200
    """Steps that fits without a row may take."""

    def coefficients(self, X: FloatArray, rows: Rows, fitted: Fitted) -> tuple[FloatArray, float]:
        """Coefficients (K, q) at the target, averaged over bags, and the scale of the logits.

        Raises `FitError` where intercepts cannot be set by left-out rows, `InputError` where there
        are none.
        """
        if self.correction.needs == "rows":
            self._check_leaving_out(X, rows, fitted, 'correction="loo"')
        found = self.correction.correct(self._fits(X, rows, fitted), self.target)
        _check_stage(found.status, found.stage)
        return found.theta, found.scale

    def left_out(self, X: FloatArray, rows: Rows, fitted: Fitted) -> FloatArray:
        """Logits (n, K) at the target of each row without itself, averaged over bags.

        Raises as `coefficients`.
        """
        self._check_leaving_out(X, rows, fitted, 'ridge="loo"')
        found = self.correction.leave_out(self._fits(X, rows, fitted), self.target)
        _check_stage(found.status, found.stage)
        return found.logits

    def loss(self, z: FloatArray, rows: Rows, copies: FloatArray) -> float:
        """Log-loss in nats at the target, of `copies` (n,) of the rows with logits z (n, K).

        Each class counts as its share of all its copies: the losses of parts add up.
        """
        own = softmax.log_probabilities(z)[np.arange(len(z)), rows.codes]
        return -float((copies * (self.target / rows.totals)[rows.codes]) @ own)

    def _fits(self, X: FloatArray, rows: Rows, fitted: Fitted) -> Fits:
        return Fits(
            X,
            rows.codes,
            rows.copies,
            fitted.theta,
            fitted.weights,
            fitted.ridge,
            self.max_iter,
        )

    def _check_leaving_out(self, X: FloatArray, rows: Rows, fitted: Fitted, asked: str) -> None:
        K, q = fitted.theta.shape[1:]
        check_memory(
            _LEAVING_OUT * (K * min(q, 1 + len(X))) ** 2,
            f"{asked} with {K} classes, {q - 1} features and {len(X)} rows",
            f"Drop features, or {_INSTEAD[asked]}.",
        )
        unit = np.minimum(1.0, rows.copies) / rows.copies
        for weights in fitted.weights:
            _check_two(rows, weights, weights * unit, asked)


def as_correction(kind: str, temperature: bool = False) -> Correction:
    """The correction of a name: "none", "prior" or "loo"."""
    if kind == "loo":
        return LeaveOneOut(temperature)
    return PriorShift() if kind == "prior" else Uncorrected()


def _check_stage(status: str, stage: str) -> None:
    """Raise `FitError` for a correction that failed."""
    if status == "converged":
        return
    if stage == "a row left out":
        failed = "was not fitted" if status in ("max-iter", "undecided") else "has no fit"
        raise FitError(
            f"What is left without one of the rows {failed}. {remedy(status)}",
            status,
        )
    if status == "max-iter":
        raise FitError(
            "Intercepts for the rows left out of the fit were not found: their logits are too "
            'far apart for it. Give correction="prior", a larger ridge, or scale the features.',
            status,
        )
    raise FitError(
        "Rows left out of the fit are all on their class's side, so no intercepts fit them "
        'best. Give correction="prior", or a larger ridge.',
        status,
    )


def _check_two(rows: Rows, weights: FloatArray, left_out: FloatArray, asked: str) -> None:
    """Raises `InputError` where nothing of a class remains without one of its rows."""
    alone = rows.shares(weights[None])[0][rows.codes] - left_out <= 1e-12 * weights
    if alone.any():
        k = int(rows.codes[np.argmax(alone)])
        raise InputError(
            f"{asked} leaves out each row in turn, and needs two of every class; of class "
            f"{rows.classes.tolist()[k]!r} there is one. Collect rows for it, or {_INSTEAD[asked]}."
        )
