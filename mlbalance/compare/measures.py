"""Measures of log-probabilities on test rows, at a target prior.

Means over rows (`PER_FOLD`) are measured on each fold. The others (`PER_REPEAT`) are not linear in
the rows, and biased where a fold has few rows of a class; they are measured on all rows of a
repeat, each of which is a test row once.

Letters: N test rows, K classes.
"""

from __future__ import annotations

import numpy as np

from mlbalance.corrections import prior_shift
from mlbalance.corrections.intercepts import refit_intercepts
from mlbalance.inputs import FloatArray, IntArray
from mlbalance.simulation.evaluation import MEASURES, Evaluation, Rows
from mlbalance.simulation.sources import Test
from mlbalance.softmax import log_probabilities

__all__ = [
    "HIGHER_IS_BETTER",
    "PER_FOLD",
    "PER_REPEAT",
    "confusion",
    "log_probabilities_at",
    "measure_fold",
    "measure_repeat",
    "reliability",
    "row_weights",
]

PER_FOLD = ("error", "log-loss", "Brier")
PER_REPEAT = ("worst-class recall", "macro F1", "calibration slope", "calibration intercept")
HIGHER_IS_BETTER = ("worst-class recall", "macro F1")

_LEAST = float(np.finfo(float).eps)
"""Probability that stands for smaller ones, as in scikit-learn's log-loss: the loss of a zero, as
of forests whose trees agree, would be infinite."""


def log_probabilities_at(p: FloatArray, fitted: FloatArray, target: FloatArray) -> FloatArray:
    """Log-probabilities moved from one prior to another (label `prior-shift`).

    Parameters
    ----------
    p
        (N, K) probabilities; those below 2.2e-16 count as that.
    fitted
        (K,) prior at which they are.
    target
        (K,) prior to which they are moved.

    Returns
    -------
    (N, K) log-probabilities.
    """
    z = np.log(np.maximum(p, _LEAST))
    return log_probabilities(z + prior_shift(np.zeros_like(target), fitted, target))


def row_weights(codes: IntArray, target: FloatArray) -> FloatArray:
    """Weights (N,) of sum one that give classes the target prior.

    Parameters
    ----------
    codes
        (N,) class of each row; every class has some.
    target
        (K,) prior.

    Returns
    -------
    The weights.
    """
    return np.asarray((target / np.bincount(codes, minlength=target.size))[codes])


def measure_fold(log_p: FloatArray, codes: IntArray, target: FloatArray) -> dict[str, float]:
    """Measures of `PER_FOLD`.

    Parameters
    ----------
    log_p
        (N, K) log-probabilities at the target.
    codes
        (N,) class of each row; every class has some.
    target
        (K,) prior.

    Returns
    -------
    Error (share of rows), log-loss (nats) and Brier score (sum over classes), by name.
    """
    found = _evaluation(log_p, codes, target)
    return {name: float(MEASURES[name](found)[0]) for name in PER_FOLD}


def measure_repeat(log_p: FloatArray, codes: IntArray, target: FloatArray) -> dict[str, float]:
    """Measures of `PER_REPEAT`.

    Macro F1 is that of the rows as they are, as in scikit-learn. Slope and intercept are those of
    logistic regression of labels on logits at the target prior, the intercept at slope one, for
    class 1 against class 0. With more classes the slope is one scale of all logits, from zero on,
    beside free intercepts, and the intercept is the range of those at slope one.

    Parameters
    ----------
    log_p, codes, target
        As of `measure_fold`.

    Returns
    -------
    Values by name; NaN where logits separate the classes.
    """
    found, table = _evaluation(log_p, codes, target), confusion(log_p, codes)
    worst = float(MEASURES["worst-class error"](found)[0])
    slope, intercept = _calibration(found, log_p, codes, target)
    f1 = 2 * np.diag(table) / (table.sum(axis=0) + table.sum(axis=1))
    values = (1 - worst, float(f1.mean()), slope, intercept)
    return dict(zip(PER_REPEAT, values, strict=True))


def _evaluation(log_p: FloatArray, codes: IntArray, target: FloatArray) -> Evaluation:
    """Evaluation of the linear fit whose features are the log-probabilities themselves."""
    K = target.size
    rows = Rows.of([Test(log_p, codes, row_weights(codes, target))])
    return Evaluation(np.eye(K, 1 + K, 1)[None], rows, 0.0, np.nan)


def _calibration(
    found: Evaluation, log_p: FloatArray, codes: IntArray, target: FloatArray
) -> tuple[float, float]:
    if target.size == 2:
        slope, intercept = (MEASURES[f"calibration {name}"] for name in ("slope", "intercept"))
        return float(slope(found)[0]), float(intercept(found)[0])
    weights = row_weights(codes, target)
    scale = refit_intercepts(log_p, codes, weights, temperature=True).scale
    return scale, float(np.ptp(refit_intercepts(log_p, codes, weights).intercept))


def confusion(log_p: FloatArray, codes: IntArray) -> IntArray:
    """Numbers of rows by class and by the class of largest probability, the first of equals.

    Parameters
    ----------
    log_p
        (N, K) log-probabilities.
    codes
        (N,) class of each row.

    Returns
    -------
    (K, K) counts, true classes in rows.
    """
    K = log_p.shape[1]
    return np.bincount(K * codes + log_p.argmax(axis=1), minlength=K * K).reshape(K, K)


def reliability(
    log_p: FloatArray, codes: IntArray, target: FloatArray, bins: int = 10
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean predicted and observed share in bins of the predicted probability, all classes pooled.

    Parameters
    ----------
    log_p, codes, target
        As of `measure_fold`.
    bins
        Number of equal bins of [0, 1].

    Returns
    -------
    Predicted and observed shares at the target prior, and weights of sum one, of the bins that have
    rows.
    """
    p: FloatArray = np.exp(log_p)
    weights = row_weights(codes, target)
    hit = np.arange(p.shape[1]) == codes[:, None]
    at = np.minimum((p * bins).astype(int), bins - 1).reshape(-1)
    each: FloatArray = np.repeat(weights / p.shape[1], p.shape[1])
    total = np.bincount(at, each, bins)
    some = total > 0
    predicted = np.bincount(at, each * p.reshape(-1), bins)[some] / total[some]
    observed = np.bincount(at, each * hit.reshape(-1), bins)[some] / total[some]
    return np.asarray(predicted), np.asarray(observed), np.asarray(total[some], dtype=float)
