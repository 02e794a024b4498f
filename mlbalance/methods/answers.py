"""Coefficients at the target from the fits of bags, and logits of rows left out of a fit.

Letters: n rows, d features, K classes, q = 1 + d.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from mlbalance import softmax
from mlbalance.corrections import Correction, Fits, LeaveOneOut, PriorShift, Uncorrected, is_alone
from mlbalance.inputs import FloatArray, InputError
from mlbalance.methods.rows import FitError, Rows, check_memory

__all__ = ["UNSURE", "Answers", "Fitted", "as_correction", "failure", "remedy"]

REMEDIES = {
    "no-mle": 'Give a ridge (ridge=None is 1/n), or use Unweighted() with penalty="firth", or '
    "collect rows where the classes overlap.",
    "not-identified": "Drop features, or give a ridge (ridge=None is 1/n).",
    "undecided": "Give a ridge (ridge=None is 1/n), or drop features.",
    "max-iter": "Raise max_iter, or scale the features, as StandardScaler does.",
}
"""Remedies by status, in the arguments of estimators."""

UNSURE = ("max-iter", "undecided")
"""Status of fits that were not found, and may exist."""


def remedy(status: str) -> str:
    """Meaning of a fit's status, and its remedy.

    Parameters
    ----------
    status
        Key of `softmax.STATUS`.

    Returns
    -------
    Two sentences, for messages.
    """
    found = softmax.STATUS[status]
    return str(found._replace(remedy=REMEDIES.get(status, found.remedy)))


def failure(what: str, status: str) -> str:
    """That a fit does not exist, or was not found, and its remedy.

    Parameters
    ----------
    what
        The fit, as the subject of a sentence.
    status
        Key of `softmax.STATUS`.

    Returns
    -------
    Sentences, for messages.
    """
    failed = "was not found" if status in UNSURE else "does not exist"
    return f"{what} {failed}. {remedy(status)}"


_INSTEAD = {
    'correction="loo"': 'give correction="prior"',
    'ridge="loo"': "give a number as the ridge",
}

_LEAVING_OUT = 5
"""Matrices of the Hessian's size in memory while rows are left out."""


class Fitted(NamedTuple):
    """The fits of all bags, before any correction."""

    theta: FloatArray
    """(bags, K, q), as fitted."""
    weights: FloatArray
    """(bags, n), summing to one in each bag."""
    ridge: float
    """For K coefficients that sum to zero over classes."""
    n_iter: Any
    """(bags,) iterations."""


@dataclass(frozen=True, eq=False)
class Answers:
    """Correction of fits to a target prior; raises errors for what it cannot do."""

    correction: Correction
    target: FloatArray
    """(K,) target prior."""
    max_iter: int = 200
    """Most iterations of fits without one of the rows."""

    def coefficients(self, X: FloatArray, rows: Rows, fitted: Fitted) -> tuple[FloatArray, float]:
        """Coefficients at the target prior, averaged over bags.

        Parameters
        ----------
        X
            (n, d) features.
        rows
            Labels and copies of the rows.
        fitted
            Fits of the bags.

        Returns
        -------
        Coefficients (K, q), and the scale by which logits were multiplied.

        Raises
        ------
        FitError
            Where a fit without one of the rows, or its intercepts, do not exist.
        InputError
            Where rows cannot be left out.
        """
        if self.correction.needs == "rows":
            self._check_leaving_out(X, rows, fitted, 'correction="loo"')
        found = self.correction.correct(self._fits(X, rows, fitted), self.target)
        _check_stage(found.status, found.stage)
        return found.theta, found.scale

    def left_out(self, X: FloatArray, rows: Rows, fitted: Fitted) -> FloatArray:
        """Leave-one-out logits at the target prior, averaged over bags.

        Parameters
        ----------
        X
            (n, d) features.
        rows
            Labels and copies of the rows.
        fitted
            Fits of the bags.

        Returns
        -------
        (n, K) logits of each row by the fit without it.

        Raises
        ------
        FitError, InputError
            As `coefficients`.
        """
        self._check_leaving_out(X, rows, fitted, 'ridge="loo"')
        found = self.correction.leave_out(self._fits(X, rows, fitted), self.target)
        _check_stage(found.status, found.stage)
        return found.logits

    def loss(self, z: FloatArray, rows: Rows, copies: FloatArray) -> float:
        """Log-loss at the target prior, relative to the copies of all rows.

        Parameters
        ----------
        z
            (n, K) logits.
        rows
            Labels and copies of the rows.
        copies
            (n,) copies that the loss is taken over; losses of parts of the copies add up.

        Returns
        -------
        The loss, in nats.
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
    """Correction by its name.

    Parameters
    ----------
    kind
        "none", "prior" or "loo".
    temperature
        Whether "loo" also fits one scale of the logits.

    Returns
    -------
    The correction.
    """
    if kind == "loo":
        return LeaveOneOut(temperature)
    return PriorShift() if kind == "prior" else Uncorrected()


def _check_stage(status: str, stage: str) -> None:
    """Raise `FitError` for a correction that failed."""
    if status == "converged":
        return
    if stage == "a row left out":
        raise FitError(failure("The fit without one of the rows", status), status)
    if status in UNSURE:
        raise FitError(
            "Intercepts for the rows left out of the fit were not found: their logits are too "
            'far apart. Give correction="prior", a larger ridge, or scale the features.',
            status,
        )
    raise FitError(
        "The logits of left-out rows separate the classes, so no intercepts fit them "
        'best. Give correction="prior", or a larger ridge.',
        status,
    )


def _check_two(rows: Rows, weights: FloatArray, left_out: FloatArray, asked: str) -> None:
    """Raise `InputError` where no weight of a class remains without one of its rows."""
    alone = is_alone(rows.codes, weights, left_out)
    if alone.any():
        k = int(rows.codes[np.argmax(alone)])
        raise InputError(
            f"{asked} leaves out each row in turn, and needs two of every class; of class "
            f"{rows.classes.tolist()[k]!r} there is one. Collect rows for it, or {_INSTEAD[asked]}."
        )
