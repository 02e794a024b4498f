"""Algebra of many small matrices: one per row, or one per row and point."""

from __future__ import annotations

import numpy as np

from mlbalance.inputs import FloatArray


def invert(A: FloatArray) -> FloatArray:
    """Inverses (D, D, ...) of positive definite or triangular matrices, which are used up."""
    for j in range(len(A)):
        inverse = 1.0 / A[j, j]
        column, row = A[:, j].copy(), A[j] * inverse
        A -= column[:, None] * row
        A[j], A[:, j] = row, -column * inverse
        A[j, j] = inverse
    return A


def inverses(matrices: FloatArray) -> FloatArray:
    """Inverses (n, D, D) of positive definite or triangular matrices (n, D, D)."""
    turned = invert(np.moveaxis(matrices, 0, 2).copy(order="C"))
    return np.moveaxis(turned, 2, 0).copy(order="C")


def root_of(matrices: FloatArray) -> FloatArray:
    """Lower triangular roots (n, D, D) of matrices, their negative pivots taken for zero."""
    root = np.tril(matrices)
    for j in range(root.shape[1]):
        pivot = np.sqrt(np.maximum(root[:, j, j], 0.0))
        root[:, j + 1 :, j] /= np.where(pivot > 0, pivot, np.inf)[:, None]
        root[:, j, j] = pivot
        rest = root[:, j + 1 :, j]
        root[:, j + 1 :, j + 1 :] -= np.tril(rest[:, :, None] * rest[:, None])
    return root


def apply(J: FloatArray, vectors: FloatArray) -> FloatArray:
    """Products (n, D, T) of matrices (D, D, n, T) and vectors (n, D, T)."""
    return np.moveaxis((J * np.moveaxis(vectors, 1, 0)).sum(axis=1), 0, 1)


def times(matrices: FloatArray, vectors: FloatArray) -> FloatArray:
    """Products (n, D) of matrices (n, D, D) and vectors (n, D)."""
    return (matrices @ vectors[:, :, None])[:, :, 0]


def outer(a: FloatArray, b: FloatArray) -> FloatArray:
    """Outer products (n, D, D) of vectors (n, D)."""
    return a[:, :, None] * b[:, None, :]


def response_of(own: FloatArray, h: FloatArray) -> FloatArray:
    """V_i (n, D, D) of rows with M_ii and h_i, from 1/V = 1/M - h."""
    return symmetric(inverses(symmetric(inverses(own)) - h))


def symmetric(matrices: FloatArray) -> FloatArray:
    """Symmetric parts (n, D, D) of matrices."""
    return (matrices + np.swapaxes(matrices, 1, 2)) / 2
