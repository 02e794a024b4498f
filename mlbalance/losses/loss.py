"""What losses of logits have in common.

Letters as in `mlbalance.losses`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import (
    CountsError,
    Data,
    DataError,
    FloatArray,
    InputError,
    IntArray,
    as_data,
    as_floats,
)

__all__ = ["LogitLoss", "LossFit", "as_parameter", "as_sizes"]


class LossFit(NamedTuple):
    """Coefficients of a batch of fits, and their status."""

    theta: FloatArray
    """(..., K, 1 + d), intercept first, summing to zero over classes; NaN unless converged."""
    status: Any
    """(...) keys of `softmax.STATUS`."""


class LogitLoss(ABC):
    """Loss of a row that is a function of its linear logits and of its class.

    The logits are not log-odds of the classes; those are in `log_probabilities`.
    """

    likelihood: ClassVar[bool] = False
    """Whether it is minus the log-likelihood of its logits."""
    cites: ClassVar[tuple[str, ...]] = ()
    """Keys of `references.bib`: where it comes from."""
    leave_out: ClassVar[None] = None
    """There are no logits of rows left out: a ridge is chosen by folds."""

    @property
    @abstractmethod
    def id(self) -> str:
        """Stable name in ASCII."""

    @property
    @abstractmethod
    def label(self) -> str:
        """Name for people."""

    def fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        weights: npt.ArrayLike | None = None,
        *,
        n_classes: int | None = None,
        ridge: float = 0.0,
        counts: npt.ArrayLike | None = None,
        tol: float = 1e-10,
        max_iter: int = 200,
    ) -> LossFit:
        """Minimise the weighted loss plus (ridge/2) sum_k |coef_k|^2, problem by problem.

        Parameters
        ----------
        X, y, weights
            (..., n, d), (..., n) and (..., n), as in `softmax.fit`; leading axes broadcast.
        n_classes
            K; the largest label plus one if not given.
        ridge
            On the scale of the weights' sum, as in `softmax.fit`.
        counts
            (..., K) rows per class, or copies; the rows of positive weight if not given.
        tol, max_iter
            As in `softmax.fit`.

        Returns
        -------
        LossFit
            A fit exists if and only if that of the softmax does.

        Raises
        ------
        DataError, CountsError
            If the arguments do not fit together or are not finite.
        """
        data, lam = as_data(X, y, weights, n_classes), float(as_ridge(ridge))
        (n, d), K = data.X.shape[-2:], data.n_classes
        lead = np.broadcast_shapes(data.X.shape[:-2], data.y.shape[:-1], data.weights.shape[:-1])
        sizes = _present(data) if counts is None else as_sizes(counts)
        whole: list[Any] = [(data.X, (n, d)), (data.y, (n,)), (data.weights, (n,)), (sizes, (K,))]
        features, labels, w, n_k = (np.broadcast_to(a, (*lead, *own)) for a, own in whole)
        theta, status = np.full((*lead, K, 1 + d), np.nan), np.full(lead, "", dtype="U14")
        for at in np.ndindex(lead):
            problem = Problem(features[at], labels[at], w[at], n_k[at], lam, tol, max_iter)
            found, status[at] = self._solve(problem)
            theta[at] = found - found.mean(axis=0)
        return LossFit(theta, status[()])

    @abstractmethod
    def _solve(self, problem: Problem) -> tuple[FloatArray, Any]:
        """Coefficients (K, 1 + d), NaN unless converged, and status of one problem."""

    @abstractmethod
    def log_probabilities(self, z: npt.ArrayLike, counts: npt.ArrayLike) -> FloatArray:
        """Log-probabilities of classes whose risk is least at these logits: the inverse link.

        For a correctly specified model they are true, at the prior that the weights of the fit give
        the classes.

        Parameters
        ----------
        z
            (..., K) logits.
        counts
            (K,) rows, or copies, per class of the fit.

        Returns
        -------
        (..., K) log-probabilities.
        """


class Problem(NamedTuple):
    """One weighted problem, checked."""

    X: FloatArray
    """(n, d)"""
    y: IntArray
    """(n,)"""
    weights: FloatArray
    """(n,)"""
    sizes: FloatArray
    """(K,)"""
    ridge: float
    tol: float
    max_iter: int


def _present(data: Data) -> FloatArray:
    """Rows (..., K) of positive weight per class, and one for none."""
    own = data.y[..., None, :] == np.arange(data.n_classes)[:, None]
    found = (own & (data.weights > 0)[..., None, :]).sum(axis=-1)
    return np.maximum(found, 1).astype(float)


def as_ridge(ridge: Any) -> FloatArray:
    """A ridge as a number. Raises `DataError` unless it is finite and from zero on."""
    lam = as_floats(ridge, DataError, "A ridge must be a number")
    if lam.ndim or not 0 <= lam < np.inf:
        raise DataError(f"A ridge must be a finite number from zero on; it is {ridge!r}.")
    return lam


def as_sizes(counts: npt.ArrayLike) -> FloatArray:
    """Sizes of classes, which need not be whole where rows are weighted copies.

    Parameters
    ----------
    counts
        (..., K) rows or copies per class.

    Returns
    -------
    (..., K) numbers above zero.

    Raises
    ------
    CountsError
        For anything else.
    """
    wanted = "Sizes of classes are finite numbers above zero, one per class"
    sizes = as_floats(counts, CountsError, wanted)
    if not sizes.ndim or not (np.isfinite(sizes) & (sizes > 0)).all():
        raise CountsError(f"{wanted}; they are {' '.join(repr(counts).split())}.")
    return sizes


def as_parameter(name: str, given: Any, *, positive: bool = False) -> float:
    """Parameter of a loss.

    Parameters
    ----------
    name
        For the message.
    given
        Its value.
    positive
        Whether zero is not allowed.

    Returns
    -------
    A finite number from, or above, zero.

    Raises
    ------
    InputError
        For anything else.
    """
    wanted = f"{name} is a finite number {'above zero' if positive else 'from zero on'}"
    number = as_floats(given, InputError, wanted)
    if number.ndim or not 0 <= number < np.inf or (positive and not number):
        raise InputError(f"{wanted}; it is {given!r}.")
    return float(number)
