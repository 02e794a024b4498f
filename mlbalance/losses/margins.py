"""Margins and scales by class: log-losses of other logits, and so fits of the softmax.

Letters as in `mlbalance.losses`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mlbalance import softmax
from mlbalance.inputs import FloatArray
from mlbalance.losses.loss import LogitLoss, Problem, as_parameter, as_sizes

__all__ = ["LDAM", "VectorScaling"]


@dataclass(frozen=True)
class LDAM(LogitLoss):
    """Label-distribution-aware margins: the own class has to lead by D_k (Cao et al. 2019).

    The log-loss of logits scale (z_k - D_k [k = y]), D_k in proportion to n_k^(-1/4): a softmax fit
    with an offset on the own class. It decides near the prior of the weights, whatever the counts
    (label `margin-losses`).

    Parameters
    ----------
    largest
        Margin of the rarest class, above zero, in logits.
    scale
        Factor of logits and margins, above zero. For linear logits it multiplies the margins and
        divides the ridge by its square, no more; at 30, which is usual for networks with cosines as
        logits, they decide as without margins.

    Raises
    ------
    InputError
        For numbers out of range.
    """

    largest: float = 0.5
    scale: float = 1.0

    cites = ("cao2019",)

    def __post_init__(self) -> None:
        as_parameter("The largest margin", self.largest, positive=True)
        as_parameter("A scale", self.scale, positive=True)

    @property
    def id(self) -> str:
        """Stable name in ASCII."""
        return "ldam" + _told("-{:g}", self.largest, 0.5) + _told("-scale-{:g}", self.scale, 1)

    @property
    def label(self) -> str:
        """Name for people."""
        own = _told(", largest {:g}", self.largest, 0.5) + _told(", scale {:g}", self.scale, 1)
        return f"margins by class (LDAM){own}"

    def margins(self, counts: npt.ArrayLike) -> FloatArray:
        """Margins of the classes.

        Parameters
        ----------
        counts
            (K,) rows, or copies, per class.

        Returns
        -------
        (K,) margins D_k, in logits.
        """
        sizes = as_sizes(counts)
        return np.asarray(self.largest * (sizes.min() / sizes) ** 0.25)

    def _solve(self, problem: Problem) -> tuple[FloatArray, Any]:
        X, y, weights, sizes, ridge, tol, max_iter = problem
        own = y[:, None] == np.arange(sizes.size)
        fit = softmax.fit(
            X,
            y,
            weights,
            n_classes=sizes.size,
            offset=-self.scale * own * self.margins(sizes),
            ridge=ridge / self.scale**2,
            tol=tol,
            max_iter=max_iter,
        )
        return fit.theta / self.scale, fit.status

    def log_probabilities(self, z: npt.ArrayLike, counts: npt.ArrayLike) -> FloatArray:
        """p_k in proportion to q_k (1 - (1 - exp(-scale D_k)) q_k), q = softmax(scale z)."""
        log_q = softmax.log_probabilities(self.scale * np.asarray(z, dtype=float))
        away = np.expm1(-self.scale * self.margins(counts))
        return softmax.log_probabilities(log_q + np.log1p(away * np.exp(log_q)))


@dataclass(frozen=True)
class VectorScaling(LogitLoss):
    """Vector scaling: the log-loss of logits Delta_k z_k + iota_k (Kini et al. 2021).

    Delta_k = (n_k/max n)^gamma, iota_k = tau log(n_k/n). For linear logits it is a softmax fit with
    ridge/Delta_k^2 for class k, its intercepts then moved by -iota_k and its logits divided by
    Delta_k. What is common to all logits before that division is not in the likelihood (label
    `margin-losses`); here it makes coefficients and intercepts as small as can be, as gradient
    descent from zero does. With gamma = 0, and for two classes at any gamma, it decides as logit
    adjustment does (Menon et al. 2021): the unweighted fit, intercepts moved by -tau log(n_k/n).

    Parameters
    ----------
    gamma
        Exponent of the scales, from zero on.
    tau
        Factor of the log-shares, from zero on.

    Raises
    ------
    InputError
        For numbers out of range.
    """

    gamma: float = 0.3
    tau: float = 1.0

    cites = ("kini2021", "menon2021")

    def __post_init__(self) -> None:
        as_parameter("The gamma of vector scaling", self.gamma)
        as_parameter("The tau of vector scaling", self.tau)

    @property
    def id(self) -> str:
        """Stable name in ASCII."""
        own = "vs" + _told("-{:g}", self.gamma, 0.3) if self.gamma else "logit-adjusted"
        return own + _told("-tau-{:g}", self.tau, 1)

    @property
    def label(self) -> str:
        """Name for people."""
        own = "vector scaling (VS)" + _told(", gamma {:g}", self.gamma, 0.3)
        return (own if self.gamma else "logit adjustment") + _told(", tau {:g}", self.tau, 1)

    def terms(self, counts: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Scales and shifts of the logits.

        Parameters
        ----------
        counts
            (K,) rows, or copies, per class.

        Returns
        -------
        Delta (K,) and iota (K,).
        """
        sizes = as_sizes(counts)
        return (sizes / sizes.max()) ** self.gamma, self.tau * np.log(sizes / sizes.sum())

    def _solve(self, problem: Problem) -> tuple[FloatArray, Any]:
        X, y, weights, sizes, ridge, tol, max_iter = problem
        (delta, iota), K = self.terms(sizes), sizes.size
        control: dict[str, Any] = {"n_classes": K, "tol": tol, "max_iter": max_iter}
        fit = softmax.fit(X, y, weights, ridge=ridge / delta**2, **control)
        theta = fit.theta
        theta[:, 0] -= iota
        common = (theta.T / delta**2).sum(axis=1) / (1 / delta**2).sum()
        return (theta - common) / delta[:, None], fit.status

    def log_probabilities(self, z: npt.ArrayLike, counts: npt.ArrayLike) -> FloatArray:
        """Softmax of Delta_k z_k + iota_k, z with a sum of z_k/Delta_k of zero, as in the fit."""
        delta, iota = self.terms(counts)
        logits = np.asarray(z, dtype=float)
        common = (logits / delta).sum(axis=-1, keepdims=True) / (1 / delta).sum()
        return softmax.log_probabilities(delta * (logits - common) + iota)


def _told(form: str, given: float, usual: float) -> str:
    """Words for a number that is not the usual one."""
    return "" if given == usual else form.format(given)
