"""Sentences on a table: what was seen in it, and what was done."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt

from mlbalance.compare.tables.columns import Column, not_numbers
from mlbalance.compare.tables.names import listed, shown
from mlbalance.inputs import FloatArray, IntArray

__all__ = ["on_cells", "on_classes", "on_columns", "on_rows"]

_MANY_NUMBERS = 20


def on_classes(target: str, y: npt.NDArray[Any], there: list[bool]) -> list[str]:
    """Sentences on labels (n,) of the rows that have one, and on those without."""
    names, counts = np.unique(y, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    each = [f"{shown(names[k])} {counts[k]}" for k in order]
    notes = [f"{len(y)} rows in {len(names)} classes of {shown(target)}: {', '.join(each)}."]
    if not all(there):
        notes.append(f"Rows left out, without a value of the target: {len(there) - len(y)}.")
    if names.dtype.kind == "i" and len(names) > _MANY_NUMBERS:
        notes.append(
            f"The target has {len(names)} whole numbers as classes; if it is a quantity, their "
            "order is not used."
        )
    return notes


def on_rows(X: FloatArray, codes: IntArray) -> list[str]:
    """Sentences on the size of (n, d) features, and on rows that repeat."""
    d, smallest = X.shape[1], int(np.bincount(codes).min())
    notes = [f"Features: {d}; rows of the smallest class per feature: {smallest / d:.2g}."]
    rows = zip(X, codes.tolist(), strict=True)
    differ = {blake2b(row.tobytes() + b"%d" % k, digest_size=16).digest() for row, k in rows}
    repeats = len(X) - len(differ)
    if repeats:
        notes.append(
            f"Rows that repeat an earlier one in every feature and the label: {repeats}. All are "
            "kept, so that a split may put equal rows on both sides."
        )
    return notes


def on_cells(X: FloatArray, columns: Sequence[Column]) -> list[str]:
    """Sentences on missing values and categories."""
    notes = []
    gaps = {
        column.name: int(np.isnan(values).sum())
        for column, values in zip(columns, X.T, strict=True)
        if not column.levels
    }
    each = [f"{shown(name)} {missing}" for name, missing in gaps.items() if missing]
    if each:
        notes.append(
            f"Missing numbers (empty, infinite or beyond 1e100): {listed(each)}. Each becomes the "
            "median of the training rows of its fold."
        )
    levels = {column.name: column.levels for column in columns if column.levels}
    if levels:
        each = [f"{shown(name)} {len(texts)}" for name, texts in levels.items()]
        notes.append(f"Categories, one 0/1 column per level but the first: {listed(each)}.")
    words = {name: list(not_numbers(texts)) for name, texts in levels.items()}
    each = [
        f"{shown(name)} ({shown(found[0])})"
        for name, found in words.items()
        if 0 < len(found) < len(levels[name]) / 5
    ]
    if each:
        notes.append(
            f"Numbers but for some texts, and so categories: {listed(each)}. Leave such cells "
            "empty for numbers."
        )
    each = [shown(name) for name, texts in levels.items() if "" in texts]
    if each:
        notes.append(f"Missing is a level of its own in {listed(each)}.")
    return notes


def on_columns(left_out: dict[str, list[str]], suspects: list[str], target: str) -> list[str]:
    """Sentences on columns left out, by reason, and on those that may give the label away."""
    notes = [
        f"Left out: {listed([shown(name) for name in names])} ({reason})."
        for reason, names in left_out.items()
    ]
    if suspects:
        notes.append(
            f"LEAKAGE? Every value of {listed([shown(name) for name in suspects])} goes with one "
            f"class of {shown(target)}. Leave it out (drop) unless it is known before the label."
        )
    return notes
