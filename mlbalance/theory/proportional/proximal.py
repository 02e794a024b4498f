"""Logits of a row in the fit given those without it: a proximal map of the softmax loss.

A row of class k is described by its margins r_l = z_k - z_l over the D = K - 1 other classes l,
in which its loss is log(1 + sum_l exp(-r_l)), with gradient minus the probabilities p (D,) of the
other classes and Hessian diag(p) - pp'. Arrays are (D, N), one column a row: few long vectors.
"""

from __future__ import annotations

import numpy as np

from mlbalance.inputs import FloatArray

__all__ = ["proximal", "solve_each", "spread"]

_STEPS, _HALVINGS = 100, 60
_DESCENT = 0.25  # of what the slope promises, half of which a Newton step keeps near the end
_NEAR = 1e-6  # size of a step after which the error, its square, is rounding


def proximal(
    margins: FloatArray, pull: FloatArray, weight: float, start: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Minimisers r of weight x loss(r) + (r - margins)' pull^-1 (r - margins) / 2, and their p.

    `margins` (D, N), `pull` (D, D) positive definite; `start` (D, N) changes the work alone. Newton
    steps, shortened until they descend. Raises `ArithmeticError` where they do not settle.
    """
    inverse = np.asarray(np.linalg.inv(pull), dtype=float)
    r = (margins if start is None else start).copy()
    live, x, x0 = np.arange(r.shape[1]), r.copy(), margins
    q, value = _evaluate(x, x0, inverse, weight)
    for _ in range(_STEPS):
        force = weight * q - inverse @ (x - x0)
        step = solve_each(_curvature(q, inverse, weight), force[:, None].copy())[:, 0]
        near = np.abs(step).max(axis=0) < _NEAR
        if near.any():
            r[:, live[near]] = x[:, near] + step[:, near]
            if near.all():
                return r, _evaluate(r, margins, inverse, weight)[0]
            live = live[~near]
            x, x0, value, force, step = (v[..., ~near] for v in (x, x0, value, force, step))
        x, q, value = _descend(x, x0, inverse, weight, value, (force * step).sum(axis=0), step)
    raise ArithmeticError(f"{live.size} proximal maps did not settle in {_STEPS} steps")


def spread(p: FloatArray, pull: FloatArray, weight: float, mass: FloatArray) -> FloatArray:
    """Mean (D, D) over rows, of `mass` (N,), of H (I + pull H)^-1 with H of the weighted loss."""
    inverse = np.asarray(np.linalg.inv(pull), dtype=float)
    D, N = p.shape
    identity = np.broadcast_to(np.eye(D)[:, :, None], (D, D, N)).copy()
    rooted = solve_each(_curvature(p, inverse, weight), identity)
    turned = weight * p[:, None] * (rooted - (p[:, None] * rooted).sum(axis=0))
    mean = (turned @ mass) @ inverse
    return np.asarray((mean + mean.T) / 2)


def solve_each(matrices: FloatArray, right: FloatArray) -> FloatArray:
    """Solutions (D, m, N) for positive definite matrices (D, D, N); both arrays are used up."""
    D = len(matrices)
    for j in range(D - 1):
        factor = matrices[j + 1 :, j] / matrices[j, j]
        matrices[j + 1 :, j + 1 :] -= factor[:, None] * matrices[j, j + 1 :]
        right[j + 1 :] -= factor[:, None] * right[j]
    for j in range(D - 1, -1, -1):
        right[j] /= matrices[j, j]
        right[:j] -= matrices[:j, j, None] * right[j]
    return right


def _curvature(p: FloatArray, inverse: FloatArray, weight: float) -> FloatArray:
    weighted = weight * p
    full = inverse[:, :, None] - weighted[:, None] * p
    at = np.arange(len(p))
    full[at, at] += weighted
    return np.asarray(full)


def _evaluate(
    r: FloatArray, margins: FloatArray, inverse: FloatArray, weight: float
) -> tuple[FloatArray, FloatArray]:
    """Probabilities (D, N) of the other classes, and the objective (N,)."""
    top = np.minimum(r.min(axis=0), 0.0)
    p = np.exp(top - r)
    rest = p.sum(axis=0) + np.expm1(top)  # small losses are known to their own digits
    p /= 1.0 + rest
    away = r - margins
    return p, weight * (np.log1p(rest) - top) + 0.5 * (away * (inverse @ away)).sum(axis=0)


def _descend(
    x: FloatArray,
    x0: FloatArray,
    inverse: FloatArray,
    weight: float,
    value: FloatArray,
    slope: FloatArray,
    step: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Points after the longest of the steps 1, 1/2, 1/4, ... that descends enough; p and value.

    With less descent asked for, steps across a kink go to and fro.
    """
    new = x + step
    p, found = _evaluate(new, x0, inverse, weight)
    away, length = np.abs(x - x0), 1.0
    # What rounding of the terms may hide: below it the full step is the better one.
    slack = 1e-14 * (1.0 + np.abs(value) + (away * (np.abs(inverse) @ away)).sum(axis=0))
    for _ in range(_HALVINGS):
        far = np.flatnonzero(~(found <= value - _DESCENT * length * slope + slack))
        if not far.size:
            break
        length /= 2
        new[:, far] = x[:, far] + length * step[:, far]
        p[:, far], found[far] = _evaluate(new[:, far], x0[:, far], inverse, weight)
    return new, p, found
