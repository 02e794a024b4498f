"""Whether there is a fit: certificates first, then the linear programme (label `existence`).

Without a ridge the weighted likelihood has a maximum iff no direction of coefficients, other than
a shift common to all classes, ranks the own class of every weighted row at least as high as
every other class, and one strictly. The condition is joint over classes: pairs do not decide it
for K > 2. How large the positive weights are does not matter.

Verdicts: "separated" (some direction ranks every own class strictly first), "quasi-separated"
(ties, but no maximum), "not identified" (a maximum, but coefficients are not unique since
the weighted rows of (1, X) have rank below 1 + d), "exists" (a unique maximum).
Sources: Albert & Anderson 1984; Konis 2007.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import DataError, FloatArray, IntArray, as_data

__all__ = ["certified", "classes_present", "disproved", "linear_programme", "verdict"]

_TIE = 1e-9
"""Margins below this, relative to the largest logit, are ties."""


def verdict(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    n_classes: int | None = None,
) -> str:
    """Whether the unpenalised fit of one data set exists, for X (n, d), y (n,), weights (n,).

    Returns "exists", "quasi-separated", "separated" or "not identified". Rows of weight zero do
    not count. A class without weighted rows can always be ruled out, so there is no maximum.
    Raises `DataError` for arguments that do not fit together.
    """
    data = as_data(X, y, weights, n_classes)
    if data.X.ndim != 2 or data.y.ndim != 1 or data.weights.ndim != 1:
        raise DataError("A verdict is on one data set: X (n, d), y (n,), weights (n,).")
    return linear_programme(data.X, data.y, data.weights, data.n_classes)


def classes_present(y: IntArray, weights: FloatArray, n_classes: int) -> npt.NDArray[np.bool_]:
    """(...) whether every class has a row of positive weight, for y and weights (..., n)."""
    own = np.arange(n_classes)[:, None] == y[..., None, :]
    present: npt.NDArray[np.bool_] = (own & (weights[..., None, :] > 0)).any(-1).all(-1)
    return present


def disproved(z: FloatArray, y: IntArray, weights: FloatArray) -> npt.NDArray[np.bool_]:
    """(...) whether logits z (..., K, n), offset left out, prove that there is no maximum.

    They do if they rank every own class strictly first, or if the logit of one class, relative to
    the mean of all, has a threshold between its own rows and all others: then scaling all logits
    up, or moving those of that class alone, raises the likelihood for ever.
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


def certified(
    hessian: FloatArray, gradient: FloatArray, Z: FloatArray, weights: FloatArray
) -> npt.NDArray[np.bool_]:
    """(R,) whether derivatives at one point prove that a unique minimiser exists.

    Hessian (R, C, q, C, q) and gradient (R, C, q) in contrasts, design Z (R, n, q), weights
    (R, n). Along a unit vector u of the Hessian's metric the loss has |f'''| <= rho f'', rho the
    largest spread over classes of a row's logits, so its slope grows at least to 1/rho - nu
    with nu the Newton decrement. If rho nu < 1 it turns positive in every direction, and the
    loss has its minimum. Under separation rho nu >= 1 at every point, so nothing is missed by
    iterating on. (Generalised self-concordance: Bach 2010.)
    """
    R = gradient.shape[0]
    # What overflows compares as false, and proves nothing.
    with np.errstate(over="ignore", invalid="ignore"):
        return np.array(
            [_proves(hessian[r], gradient[r], Z[r][weights[r] > 0]) for r in range(R)], dtype=bool
        )


def _proves(hessian: FloatArray, gradient: FloatArray, rows: FloatArray) -> bool:
    C, q = gradient.shape
    H = hessian.reshape(C * q, C * q)
    scale = 1.0 / np.sqrt(np.maximum(np.diagonal(H), np.finfo(float).tiny))
    H = H * scale[:, None] * scale
    try:
        inverse = np.linalg.inv(H)
    except np.linalg.LinAlgError:
        return False
    well_conditioned = np.linalg.norm(inverse) * np.linalg.norm(H) < 1e12
    inverse = inverse * scale[:, None] * scale
    decrement2 = gradient.ravel() @ inverse @ gradient.ravel()
    blocks = inverse.reshape(C, q, C, q)[np.arange(C), :, np.arange(C), :]
    leverage = ((rows @ blocks) * rows).sum(axis=-1)
    definite = decrement2 >= 0 and leverage.min() >= 0
    return bool(well_conditioned and definite and 4 * decrement2 * leverage.max() < 1)


def linear_programme(X: FloatArray, y: IntArray, weights: FloatArray, n_classes: int) -> str:
    """Verdict on one checked data set by linear programmes, joint over classes.

    First the largest margin by which a direction of coefficients in the unit box ranks every own
    class first; if that is zero, the largest sum of margins none of which is negative. Columns are
    brought to unit size first, and margins below 1e-9 are ties.
    """
    rows = weights > 0
    Z = _independent(_standardised(X[rows]))
    margins = np.unique(_margin_rows(Z, y[rows], n_classes), axis=0)
    if _best_margins(margins, np.ones(len(margins)))[0].min() > _TIE:
        return "separated"
    ranked, objective = _best_margins(margins, np.zeros(len(margins)))
    if objective > _TIE and ranked.min() > -_TIE:
        return "quasi-separated"
    return "exists" if Z.shape[1] == X.shape[1] + 1 else "not identified"


def _standardised(X: FloatArray) -> FloatArray:
    centred = X - X.mean(axis=0)
    size = np.abs(centred).max(axis=0, initial=0.0)
    level = 64 * np.finfo(float).eps * np.abs(X).max(axis=0, initial=0.0)
    varies = size > level
    unit = np.where(varies, centred, 0.0) / np.where(varies, size, 1.0)
    return np.concatenate([np.ones((X.shape[0], 1)), unit], axis=1)


def _independent(Z: FloatArray) -> FloatArray:
    """Columns that span all of them up to the root of rounding.

    What is left of the others has a curvature no double can resolve, and fails the programme.
    """
    from scipy.linalg import qr

    triangle, pivots = qr(Z, mode="r", pivoting=True)
    left = np.abs(np.diagonal(triangle))
    rank = np.count_nonzero(left > np.sqrt(np.finfo(float).eps) * left[0])
    return Z[:, np.sort(pivots[:rank])]


def _margin_rows(Z: FloatArray, y: IntArray, n_classes: int) -> FloatArray:
    """Rows a with a . theta = z_own - z_other, one a (row, other class), contrasts to class 0."""
    eye = np.eye(n_classes)
    other = np.array([[k for k in range(n_classes) if k != own] for own in range(n_classes)])
    difference = eye[y][:, None, :] - eye[other[y]]
    rows = difference[:, :, 1:, None] * Z[:, None, None, :]
    return rows.reshape(-1, (n_classes - 1) * Z.shape[1])


def _best_margins(margins: FloatArray, common: FloatArray) -> tuple[FloatArray, float]:
    """Margins of the best direction in the unit box, and the largest of them.

    With `common` one, the smallest margin is made largest; with zero, the sum of margins that may
    not be negative.
    """
    from scipy.optimize import linprog

    size = margins.shape[1]
    total = np.zeros(size) if common.any() else margins.mean(axis=0)
    result = linprog(
        c=-np.append(total, common.max()),
        A_ub=np.column_stack([-margins, common]),
        b_ub=np.zeros(len(margins)),
        bounds=[(-1.0, 1.0)] * (size + 1),
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if result.status != 0:
        raise RuntimeError(f"The linear programme for existence failed: {result.message}")
    ranked: FloatArray = margins @ result.x[:size]
    return ranked, float(ranked.max())
