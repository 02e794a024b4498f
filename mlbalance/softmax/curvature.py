"""Hessians of the weighted log-loss of many problems, from matrix products alone.

The Hessian is a sum over rows of (class, class) terms times (column, column) terms. Both are
symmetric, so each is packed as an upper triangle: one matrix product of the packed class terms
(pairs, n) and the packed column products (n, pairs) gives all of it. Work is cut into pieces that
stay in cache; how rows are cut depends on one problem's shape only, never on the batch.
With few classes for the columns, products of columns would take longer to form than to add up;
then each pair of classes has a matrix product of its own.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import combinations, combinations_with_replacement

import numpy as np

from mlbalance.inputs import FloatArray, IntArray

_PIECE = 2**16
"""Doubles of packed class terms held at a time: 512 KiB."""

_INDEXED = 200
"""Parameters up to which where entries go is kept for later: 320 kB."""


_PER_PAIR = 3
"""Columns per pair of classes from which on each pair has a matrix product of its own."""


def by_class_pairs(C: int, q: int) -> bool:
    """Whether `class_pair_curvature` is the faster one, where column products are not kept."""
    return q >= _PER_PAIR * (C * (C + 1) // 2)


def column_products(across: FloatArray) -> FloatArray:
    """Products (..., q (q + 1) / 2, n) of any two columns of a design, given across (..., q, n)."""
    *lead, q, n = across.shape
    products = np.empty((*lead, q * (q + 1) // 2, n))
    end = 0
    for column in range(q):
        start, end = end, end + q - column
        np.multiply(
            across[..., column:, :], across[..., column, None, :], out=products[..., start:end, :]
        )
    return products


def _piece_products(across: FloatArray, memory: FloatArray) -> FloatArray:
    """As `column_products`, for few rows: two copies, into `memory` (2, doubles), and one product.

    Fresh memory, and a loop over columns, would take longer than the products.
    """
    *lead, q, n = across.shape
    shape = (*lead, q * (q + 1) // 2, n)
    one, other = (part[: math.prod(shape)].reshape(shape) for part in memory)
    for columns, part in zip(_columns(q), (one, other), strict=True):
        np.take(across, columns, axis=-2, out=part, mode="clip")
    return np.multiply(one, other, out=one)


def log_loss_curvature(
    p: FloatArray,
    others: FloatArray,
    weights: FloatArray,
    across: FloatArray,
    products: FloatArray | None = None,
) -> FloatArray:
    """Weighted Hessian (R, C, q, C, q) of the log-loss over C classes of R problems.

    Probabilities p and the sums `others` of those of all other classes (R, C, n), weights (R, n),
    design `across` (R, q, n) and its `column_products`, formed piece by piece if not given.
    `others` is 1 - p without its rounding, so that saturated rows keep their curvature relatively
    exact.
    """
    R, C, n = p.shape
    q = across.shape[1]
    pairs, width = C * (C + 1) // 2, q * (q + 1) // 2
    rows = min(n, max(8, _PIECE // max(pairs, width)))
    batch = max(1, _PIECE // (pairs * rows))
    packed = np.empty((R, pairs, width))
    terms = np.empty((min(batch, R), pairs, rows))
    memory = np.empty((2, min(batch, R) * width * rows if products is None else 0))
    for r in (slice(start, start + batch) for start in range(0, R, batch)):
        for i in (slice(start, start + rows) for start in range(0, n, rows)):
            piece = terms[: len(p[r]), :, : len(p[0, 0, i])]
            _write_class_terms(piece, p[r, :, i], others[r, :, i], weights[r, None, i])
            known = (
                _piece_products(across[r, :, i], memory) if products is None else products[r, :, i]
            )
            if i.start == 0:
                np.matmul(piece, np.swapaxes(known, 1, 2), out=packed[r])
            else:
                packed[r] += piece @ np.swapaxes(known, 1, 2)
    if C * q <= _INDEXED:
        return packed.reshape(R, -1).take(_unpacking(C, q), axis=1).reshape(R, C, q, C, q)
    H, columns = np.empty((R, C, q, C, q)), _triangle(q)
    for pair, (k, l) in enumerate(zip(*np.triu_indices(C), strict=True)):
        H[:, k, :, l] = packed[:, pair].take(columns, axis=1)
        H[:, l, :, k] = H[:, k, :, l]
    return H


def class_pair_curvature(
    p: FloatArray, others: FloatArray, weights: FloatArray, across: FloatArray
) -> FloatArray:
    """As `log_loss_curvature`, by one symmetric matrix product per pair of classes."""
    R, C, n = p.shape
    q = across.shape[1]
    rows = max(8, _PIECE // q)
    H = np.zeros((R, C, q, C, q))
    for i in (slice(start, start + rows) for start in range(0, n, rows)):
        part = across[:, :, i]
        terms = np.empty((R, C * (C + 1) // 2, part.shape[2]))
        _write_class_terms(terms, p[:, :, i], others[:, :, i], weights[:, None, i])
        # All are of one sign, so their roots make the product that of a matrix and its transpose.
        np.sqrt(np.abs(terms, out=terms), out=terms)
        for pair, (k, l) in enumerate(combinations_with_replacement(range(C), 2)):
            root = part * terms[:, pair, None]
            H[:, k, :, l] += (1.0 if k == l else -1.0) * (root @ np.swapaxes(root, 1, 2))
    for k, l in combinations(range(C), 2):
        H[:, l, :, k] = H[:, k, :, l]
    return H


def _write_class_terms(
    terms: FloatArray, p: FloatArray, others: FloatArray, weights: FloatArray
) -> None:
    """Fill terms (R, C (C + 1) / 2, n) with p_k (1 - p_k) and -p_k p_l, weighted and packed."""
    C = p.shape[1]
    weighted = p * weights
    negative = -weighted
    end = 0
    for k in range(C):
        start, end = end, end + C - k
        np.multiply(others[:, k], weighted[:, k], out=terms[:, start])
        np.multiply(p[:, k + 1 :], negative[:, k, None], out=terms[:, start + 1 : end])


@lru_cache(maxsize=32)
def _unpacking(C: int, q: int) -> IntArray:
    """Position (C q C q,) of each entry of a Hessian in its packed form."""
    classes, columns = _triangle(C), _triangle(q)
    width = q * (q + 1) // 2
    return (classes[:, None, :, None] * width + columns[None, :, None, :]).reshape(-1)


@lru_cache(maxsize=32)
def _columns(q: int) -> tuple[IntArray, IntArray]:
    """Columns of each entry of a packed upper triangle."""
    first, second = np.triu_indices(q)
    return first, second


def _triangle(size: int) -> IntArray:
    """Position (size, size) of each entry of a symmetric matrix in its packed upper triangle."""
    index = np.empty((size, size), dtype=np.int64)
    upper = np.triu_indices(size)
    index[upper] = np.arange(upper[0].size)
    index.T[upper] = index[upper]
    return index
