"""Certificates: proofs from one point of an iteration that a minimiser exists, or does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import FloatArray, IntArray

_TIE = 1e-9
"""Margins of an iterate below this, relative to the largest logit, prove nothing."""


def classes_present(y: IntArray, weights: FloatArray, n_classes: int) -> npt.NDArray[np.bool_]:
    """(...) whether every class has a row of positive weight, for y and weights (..., n)."""
    own = np.arange(n_classes)[:, None] == y[..., None, :]
    present: npt.NDArray[np.bool_] = (own & (weights[..., None, :] > 0)).any(-1).all(-1)
    return present


def separation_certificate(
    z: FloatArray, y: IntArray, weights: FloatArray
) -> npt.NDArray[np.bool_]:
    """Whether logits prove that there is no maximum (label `existence`).

    They do if they rank every own class strictly first, or if the logit of one class, relative to
    the mean of all, has a threshold between its own rows and all others: then scaling all logits
    up, or moving those of that class alone, raises the likelihood without end.

    Parameters
    ----------
    z
        Logits (..., K, n) without the offset.
    y, weights
        Labels and weights (..., n).

    Returns
    -------
    Array of bool
        (...); False proves nothing.
    """
    return _ranked(z, y, weights)[0]


@dataclass(frozen=True)
class Disorder:
    """Rows whose order shows, at a glance, that `separation_certificate` proves nothing.

    As the iterates of a fit converge, the rows that forbid a proof stay the same. Every class of
    the problems has a row.
    """

    pairs: FloatArray
    """(R, K, q): an own row of each class, less a row of another that is ranked before it."""
    misplaced: FloatArray
    """(R, K, q): a row at its own class and, negative, at a class it is closer to."""

    @classmethod
    def unknown(cls, shape: tuple[int, ...]) -> Disorder:
        """No such rows yet of problems with coefficients (R, K, q)."""
        return cls(np.full(shape, np.nan), np.full(shape, np.nan))

    def take(self, index: Any) -> Disorder:
        """Those of the problems at `index`."""
        return Disorder(self.pairs[index], self.misplaced[index])

    def holds(self, theta: FloatArray) -> npt.NDArray[np.bool_]:
        """Whether (R,) the rows are in disorder at coefficients (R, K, q); else look at all."""
        relative = theta - theta.mean(axis=1, keepdims=True)
        none_apart = ((relative * self.pairs).sum(axis=2) <= 0).all(axis=1)
        one_behind = (theta * self.misplaced).sum(axis=(1, 2)) <= 0
        disorder: npt.NDArray[np.bool_] = none_apart & one_behind
        return disorder

    def look(
        self, at: Any, z: FloatArray, y: IntArray, weights: FloatArray, Z: FloatArray
    ) -> npt.NDArray[np.bool_]:
        """`separation_certificate` of the problems `at`, from all their rows; keeps those rows."""
        proof, lowest, highest, behind = _ranked(z, y, weights)
        r = np.arange(len(z))
        self.pairs[at] = Z[r[:, None], lowest] - Z[r[:, None], highest]
        row, own = Z[r, behind], y[r, behind]
        others = z[r, :, behind]
        others[r, own] = -np.inf
        misplaced = np.zeros((*others.shape, Z.shape[2]))
        misplaced[r, own] = row
        misplaced[r, others.argmax(axis=1)] = -row
        self.misplaced[at] = misplaced
        return proof


def _ranked(
    z: FloatArray, y: IntArray, weights: FloatArray
) -> tuple[npt.NDArray[np.bool_], IntArray, IntArray, IntArray]:
    """Certificate of separation, and the rows that are nearest to prevent it.

    Of each class the own row with the smallest and the other row with the largest logit relative to
    the mean (..., K), and the row whose own logit exceeds the others by least (...).
    """
    own = np.arange(z.shape[-2])[:, None] == y[..., None, :]
    counted = (weights > 0)[..., None, :]
    tie = _TIE * np.abs(z).max(axis=(-1, -2))
    margin = np.where(own, z, -np.inf).max(axis=-2) - np.where(own, -np.inf, z).max(axis=-2)
    least, all_first = _extreme(np.where(counted[..., 0, :], margin, np.inf), np.argmin)
    relative = z - z.mean(axis=-2, keepdims=True)
    lowest, lowest_own = _extreme(np.where(own & counted, relative, np.inf), np.argmin)
    highest, highest_other = _extreme(np.where(~own & counted, relative, -np.inf), np.argmax)
    one_apart = (lowest_own - highest_other).max(axis=-1)
    proof: npt.NDArray[np.bool_] = (np.maximum(all_first, one_apart) > tie) & (tie > 0)
    return proof, lowest, highest, least


def _extreme(values: FloatArray, at: Any) -> tuple[IntArray, FloatArray]:
    """Position and value of the smallest or largest along the last axis."""
    found = at(values, axis=-1)
    return found, np.take_along_axis(values, found[..., None], axis=-1)[..., 0]


def existence_certificate(
    hessian: FloatArray, gradient: FloatArray, Z: FloatArray, weights: FloatArray
) -> npt.NDArray[np.bool_]:
    """Whether derivatives at one point prove that a unique minimiser exists (label `existence`).

    Along a unit vector u of the Hessian's metric the loss has |f'''| <= rho f'', rho the largest
    spread over classes of a row's logits, so its slope grows at least to 1/rho - nu with nu the
    Newton decrement. If rho nu < 1 it turns positive in every direction, and the loss has its
    minimum. Under separation rho nu >= 1 at every point. (Generalised self-concordance: Bach 2010.)

    Parameters
    ----------
    hessian, gradient
        (R, C, q, C, q) and (R, C, q), of the loss in contrasts.
    Z, weights
        Design (R, n, q) and weights (R, n).

    Returns
    -------
    Array of bool
        (R,); False proves nothing.
    """
    C, q = gradient.shape[1:]
    # What overflows compares as false, and proves nothing.
    with np.errstate(over="ignore", invalid="ignore"):
        inverse = _inverses(hessian.reshape(-1, C * q, C * q))
        flat = gradient.reshape(-1, 1, C * q)
        decrement2 = (flat @ inverse * flat).sum(axis=(1, 2))
        blocks = inverse.reshape(-1, C, q, C, q)[:, np.arange(C), :, np.arange(C), :]
        leverage = np.stack([_leverage(Z, block, weights) for block in blocks], axis=1)
        return _small(decrement2, leverage.reshape(len(Z), -1))


def existence_certificate_by_rows(
    p: FloatArray, gradient: FloatArray, Z: FloatArray, weights: FloatArray
) -> npt.NDArray[np.bool_]:
    """As `existence_certificate`, from a bound on the Hessian that takes one (q, q) matrix.

    The curvature diag(p) - p p' of a row is at least its smallest probability in every direction
    that sums to zero over classes, so the Hessian is at least G = sum_i w_i min_k p_ik z_i z_i' for
    every class, and its inverse at most that of G, which takes its place.

    Parameters
    ----------
    p, gradient
        Probabilities (R, K, n), and gradient (R, K, q) of the loss, of all classes.
    Z, weights
        Design (R, n, q) and weights (R, n).

    Returns
    -------
    Array of bool
        (R,); False proves nothing.
    """
    least = p.min(axis=1) * weights
    with np.errstate(over="ignore", invalid="ignore"):
        inverse = _inverses(np.swapaxes(Z * least[..., None], 1, 2) @ Z)
        decrement2 = (gradient @ inverse * gradient).sum(axis=(1, 2))
        return _small(decrement2, _leverage(Z, inverse, weights))


def _leverage(Z: FloatArray, inverse: FloatArray, weights: FloatArray) -> FloatArray:
    """Squared lengths (R, n) of the rows (R, n, q) that count, in metrics (R, q, q)."""
    product = Z @ inverse
    product *= Z
    return np.where(weights > 0, product.sum(axis=2), 0.0)


def _small(decrement2: FloatArray, leverage: FloatArray) -> npt.NDArray[np.bool_]:
    """Whether the bounds (R,) and (R, n) on both factors of the criterion are small enough."""
    definite = (decrement2 >= 0) & (leverage.min(axis=1) >= 0)
    small: npt.NDArray[np.bool_] = definite & (4 * decrement2 * leverage.max(axis=1) < 1)
    return small


def _inverses(matrices: FloatArray) -> FloatArray:
    """Inverses (R, m, m) of symmetric matrices, NaN if ill conditioned at any size of columns."""
    diagonal = np.diagonal(matrices, axis1=1, axis2=2)
    scale = 1.0 / np.sqrt(np.maximum(diagonal, np.finfo(float).tiny))
    scaled = matrices * scale[:, :, None] * scale[:, None, :]
    try:
        inverse = np.linalg.inv(scaled)
    except np.linalg.LinAlgError:  # of any of them
        inverse = np.stack([_inverse_or_nan(each) for each in scaled])
    condition = np.linalg.norm(inverse, axis=(1, 2)) * np.linalg.norm(scaled, axis=(1, 2))
    inverse[~(condition < 1e12)] = np.nan
    inverse *= scale[:, :, None]
    inverse *= scale[:, None, :]
    return np.asarray(inverse)


def _inverse_or_nan(matrix: FloatArray) -> FloatArray:
    try:
        return np.asarray(np.linalg.inv(matrix))
    except np.linalg.LinAlgError:
        return np.full_like(matrix, np.nan)
