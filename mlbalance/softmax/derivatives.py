"""Higher derivatives of the softmax loss in contrasts against class 0, and their means over rows.

Letters: N rows with features X (N, d), z = (1, x), C = K - 1 contrasts of q = 1 + d coefficients,
p = C q; theta (K, 1 + d); M a symmetric (p, p).
"""

from __future__ import annotations

import numpy as np

from mlbalance.inputs import FloatArray
from mlbalance.softmax.objective import log_probabilities, logits

__all__ = [
    "contrasts",
    "design",
    "fourth_matrix",
    "hessian_moment",
    "hessian_sandwich",
    "outer_mean",
    "row_thirds",
    "third_matrix",
    "third_tensor",
    "variances",
]


def design(X: FloatArray) -> FloatArray:
    """Ones, then features (N, q)."""
    return np.column_stack([np.ones(len(X)), X])


def contrasts(theta: FloatArray, X: FloatArray) -> FloatArray:
    """Probabilities (N, K - 1) of all classes but the first."""
    return np.exp(log_probabilities(logits(theta, X)))[:, 1:]


def variances(p: FloatArray) -> FloatArray:
    """diag(p) - pp' (N, C, C)."""
    return p[:, :, None] * (np.eye(p.shape[1]) - p[:, None, :])


def hessian_moment(P: FloatArray, z: FloatArray, weighted: FloatArray) -> FloatArray:
    """Sum (p, p, p) over rows of their Hessians, P times zz', times `weighted` (N, p)."""
    N, C, q, p = len(z), P.shape[1], z.shape[1], weighted.shape[1]
    products = (z[:, :, None] * z[:, None, :]).reshape(N, -1)
    found = np.empty((C, C, q, q, p))
    for c in range(C):
        for e in range(C):
            part = products.T @ (P[:, c, e, None] * weighted)
            found[c, e] = part.reshape(q, q, p)
    return found.transpose(0, 2, 1, 3, 4).reshape(p, p, p)


def hessian_sandwich(
    theta: FloatArray, X: FloatArray, mass: FloatArray, M: FloatArray
) -> FloatArray:
    """Sum (p, p) over rows of mass times h M h, h their Hessians in contrasts to class 0."""
    z, P = design(X), variances(contrasts(theta, X))
    return outer_mean(P @ _between_logits(z, M) @ P, z, mass)


def third_tensor(theta: FloatArray, X: FloatArray, weights: FloatArray) -> FloatArray:
    """Weighted mean of third derivatives (p, p, p)."""
    z, p = design(X), contrasts(theta, X)
    C, q = p.shape[1], z.shape[1]
    own = np.eye(C)
    pair = np.einsum("ce,nc,nf->ncef", own, p, p)
    third = np.einsum("ce,cf,nc->ncef", own, own, p) + 2 * np.einsum("nc,ne,nf->ncef", p, p, p)
    third -= pair + pair.transpose(0, 1, 3, 2) + pair.transpose(0, 3, 1, 2)
    cubes = np.einsum("n,na,nb,nd->nabd", weights, z, z, z, optimize=True)
    found = third.reshape(len(X), -1).T @ cubes.reshape(len(X), -1)
    found = found.reshape(C, C, C, q, q, q).transpose(0, 3, 1, 4, 2, 5)
    return found.reshape(C * q, C * q, C * q)


def third_matrix(theta: FloatArray, X: FloatArray, mass: FloatArray, v: FloatArray) -> FloatArray:
    """Sum over rows, by mass, of third derivatives along their own v (N, p): (p, p)."""
    z, p = design(X), contrasts(theta, X)
    eta = np.einsum("nq,ncq->nc", z, v.reshape(len(X), p.shape[1], -1))
    dp = p * (eta - (p * eta).sum(axis=1, keepdims=True))
    outer = dp[:, :, None] * p[:, None, :]
    inner = dp[:, :, None] * np.eye(p.shape[1]) - outer - outer.transpose(0, 2, 1)
    return outer_mean(inner, z, mass)


def row_thirds(theta: FloatArray, X: FloatArray, M: FloatArray) -> FloatArray:
    """Third derivatives (N, p) of rows, contracted with a symmetric M (p, p)."""
    z, p = design(X), contrasts(theta, X)
    G = _between_logits(z, M)
    across = np.einsum("nce,ne->nc", G, p)
    own = np.einsum("ncc->nc", G)
    common = 2 * (across * p).sum(axis=1) - (own * p).sum(axis=1)
    third = p * (own - 2 * across + common[:, None])
    return (third[:, :, None] * z[:, None, :]).reshape(len(X), -1)


def fourth_matrix(
    theta: FloatArray, X: FloatArray, weights: FloatArray, M: FloatArray
) -> FloatArray:
    """Weighted mean of fourth derivatives, contracted with a symmetric M (p, p)."""
    z, p = design(X), contrasts(theta, X)
    G, P = _between_logits(z, M), variances(p)
    across = np.einsum("nce,ne->nc", G, p)
    own = np.einsum("ncc->nc", G)
    common = 2 * (across * p).sum(axis=1) - (own * p).sum(axis=1)
    slope = np.einsum("nce,nc->ne", P, 4 * across - own)
    inner = P * (own - 2 * across + common[:, None])[:, :, None]
    inner += p[:, :, None] * (slope[:, None, :] - 2 * G @ P)
    return outer_mean(inner, z, weights)


def _between_logits(z: FloatArray, M: FloatArray) -> FloatArray:
    """Z'Mz by pairs of contrasts (N, C, C)."""
    N, q = z.shape
    C = len(M) // q
    products = (z[:, :, None] * z[:, None, :]).reshape(N, -1)
    blocks = M.reshape(C, q, C, q).transpose(1, 3, 0, 2).reshape(q * q, C * C)
    return (products @ blocks).reshape(N, C, C)


def outer_mean(inner: FloatArray, z: FloatArray, mass: FloatArray) -> FloatArray:
    """Sum (p, p) over rows of mass times inner (N, C, C) times zz'."""
    C, q = inner.shape[1], z.shape[1]
    products = (mass[:, None, None] * z[:, :, None] * z[:, None, :]).reshape(len(z), -1)
    found = (inner.reshape(len(z), -1).T @ products).reshape(C, C, q, q)
    return np.asarray(found.transpose(0, 2, 1, 3).reshape(C * q, C * q))
