"""Coefficients at the target from the fits of bags, and logits of rows left out of a fit.

Letters: n rows, d features, K classes, q = 1 + d.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from mlbalance import softmax
from mlbalance.corrections import (
    Corrected,
    Correction,
    Fits,
    LeaveOneOut,
    PriorShift,
    Uncorrected,
    is_alone,
    leave_one_out_logits,
    scaled_losses,
)
from mlbalance.inputs import FloatArray, InputError
from mlbalance.methods.rows import FitError, Rows, check_memory
from mlbalance.methods.sharing import shared

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
    'correction="auto"': 'give correction="prior"',
    'ridge="loo"': "give a number as the ridge",
}

_leave_one_out = shared(leave_one_out_logits)

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
    leave_out: Any
    likelihood: bool
    """As of `Fits`."""


@dataclass(frozen=True, eq=False)
class Answers:
    """Correction of fits to a target prior; raises errors for what it cannot do."""

    correction: Correction
    target: FloatArray
    """(K,) target prior."""
    max_iter: int = 200
    """Most iterations of fits without one of the rows."""

    def coefficients(self, X: FloatArray, rows: Rows, fitted: Fitted) -> Corrected:
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
        Coefficients (K, q), the scale by which logits were multiplied, and whether the intercepts
        are those of left-out rows.

        Raises
        ------
        FitError
            Where a fit without one of the rows, or its intercepts, do not exist.
        InputError
            Where rows cannot be left out.
        """
        if self.correction.needs == "rows":
            kind = "auto" if self.correction.conditional else "loo"
            self._check_leaving_out(X, rows, fitted, f'correction="{kind}"')
        found = self.correction.correct(self._fits(X, rows, fitted), self.target)
        _check_stage(found.status, found.stage)
        return found

    def left_out_losses(self, X: FloatArray, rows: Rows, fitted: Fitted) -> FloatArray:
        """Parts that rows have in the log-loss of leave-one-out logits at the target prior.

        Intercepts are those before they are refitted; where the correction fits a temperature, the
        scale is the best one.

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
        (n,) parts, in nats.

        Raises
        ------
        FitError, InputError
            As `coefficients`.
        """
        self._check_leaving_out(X, rows, fitted, 'ridge="loo"')
        found = self.correction.leave_out(self._fits(X, rows, fitted), self.target)
        _check_stage(found.status, found.stage)
        return self.choice_losses(found.logits, rows)

    def choice_losses(self, z: FloatArray, rows: Rows) -> FloatArray:
        """Parts that rows have in the loss by which a ridge is chosen.

        Parameters
        ----------
        z
            (n, K) leave-one-out logits at the target prior.
        rows
            Labels and copies of the rows.

        Returns
        -------
        (n,) parts, in nats.
        """
        if self.correction.temperature:
            return scaled_losses(z, rows.codes, rows.at(self.target))
        return self.losses(z, rows, rows.copies)

    def losses(self, z: FloatArray, rows: Rows, copies: FloatArray) -> FloatArray:
        """Parts that rows have in the log-loss at the target prior.

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
        (n,) parts, in nats; their sum over all copies is the loss.
        """
        own = softmax.log_probabilities(z)[np.arange(len(z)), rows.codes]
        return -copies * (self.target / rows.totals)[rows.codes] * own

    def spread(self, rows: Rows, parts: FloatArray) -> FloatArray:
        """Standard errors of sums over rows, whose numbers by class are fixed.

        Parameters
        ----------
        rows
            Labels and copies of the rows; each copy, or part of one, counts as a row.
        parts
            (..., n) parts that rows have in the sums.

        Returns
        -------
        (...) standard errors.
        """
        variance = np.zeros(parts.shape[:-1])
        for k, total in enumerate(rows.totals):
            own = rows.codes == k
            copies, n_k = rows.copies[own], max(total, own.sum())
            each = parts[..., own] / copies * total
            mean = each @ copies / total
            squares = (each - mean[..., None]) ** 2 @ copies / total
            variance += squares / max(n_k - 1, 1)
        return np.sqrt(variance)

    def _fits(self, X: FloatArray, rows: Rows, fitted: Fitted) -> Fits:
        return Fits(
            X,
            rows.codes,
            rows.copies,
            fitted.theta,
            fitted.weights,
            fitted.ridge,
            self.max_iter,
            fitted.leave_out or _leave_one_out,
            fitted.likelihood,
        )

    def _check_leaving_out(self, X: FloatArray, rows: Rows, fitted: Fitted, asked: str) -> None:
        K, q = fitted.theta.shape[1:]
        if fitted.leave_out is None:
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
        "none", "prior", "loo" or "auto".
    temperature
        Whether "loo" and "auto" also fit one scale of the logits.

    Returns
    -------
    The correction.
    """
    if kind in ("loo", "auto"):
        return LeaveOneOut(temperature, conditional=kind == "auto")
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
