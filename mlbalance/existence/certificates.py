"""Certificates: proofs from one point of an iteration that a minimiser exists, or does not."""

from __future__ import annotations

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
    own = np.arange(z.shape[-2])[:, None] == y[..., None, :]
    counted = (weights > 0)[..., None, :]
    tie = _TIE * np.abs(z).max(axis=(-1, -2))
    margin = np.where(own, z, -np.inf).max(axis=-2) - np.where(own, -np.inf, z).max(axis=-2)
    all_first = np.where(counted[..., 0, :], margin, np.inf).min(axis=-1)
    relative = z - z.mean(axis=-2, keepdims=True)
    lowest_own = np.where(own & counted, relative, np.inf).min(axis=-1)
    highest_other = np.where(~own & counted, relative, -np.inf).max(axis=-1)
    one_apart = (lowest_own - highest_other).max(axis=-1)
    proof: npt.NDArray[np.bool_] = (np.maximum(all_first, one_apart) > tie) & (tie > 0)
    return proof


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
    R = gradient.shape[0]
    # What overflows compares as false, and proves nothing.
    with np.errstate(over="ignore", invalid="ignore"):
        return np.array(
            [_exists_by_hessian(hessian[r], gradient[r], Z[r][weights[r] > 0]) for r in range(R)],
            dtype=bool,
        )


def _exists_by_hessian(hessian: FloatArray, gradient: FloatArray, rows: FloatArray) -> bool:
    C, q = gradient.shape
    inverse = _inverse(hessian.reshape(C * q, C * q))
    if inverse is None:
        return False
    decrement2 = gradient.ravel() @ inverse @ gradient.ravel()
    blocks = inverse.reshape(C, q, C, q)[np.arange(C), :, np.arange(C), :]
    leverage = ((rows @ blocks) * rows).sum(axis=-1)
    definite = decrement2 >= 0 and leverage.min() >= 0
    return bool(definite and 4 * decrement2 * leverage.max() < 1)


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
        return np.array(
            [
                _exists_by_rows(least[r], gradient[r], Z[r], weights[r] > 0)
                for r in range(gradient.shape[0])
            ],
            dtype=bool,
        )


def _exists_by_rows(
    least: FloatArray, gradient: FloatArray, Z: FloatArray, counted: npt.NDArray[np.bool_]
) -> bool:
    inverse = _inverse((Z * least[:, None]).T @ Z)
    if inverse is None:
        return False
    decrement2 = ((gradient @ inverse) * gradient).sum()
    leverage = ((Z[counted] @ inverse) * Z[counted]).sum(axis=1)
    definite = decrement2 >= 0 and leverage.min() >= 0
    return bool(definite and 4 * decrement2 * leverage.max() < 1)


def _inverse(matrix: FloatArray) -> FloatArray | None:
    """Inverse of a symmetric matrix that is well conditioned but for the size of its columns."""
    scale = 1.0 / np.sqrt(np.maximum(np.diagonal(matrix), np.finfo(float).tiny))
    matrix = matrix * scale[:, None] * scale
    try:
        inverse = np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        return None
    if not np.linalg.norm(inverse) * np.linalg.norm(matrix) < 1e12:
        return None
    found: FloatArray = inverse * scale[:, None] * scale
    return found
