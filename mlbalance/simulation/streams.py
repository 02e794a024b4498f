"""Random streams by name."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np


def stream(root: int, *names: str | int) -> np.random.Generator:
    """Random generator for a root seed and the names of a purpose.

    Streams of different names are independent. The same names give the same stream everywhere, so
    that adding, dropping or reordering other work changes no number.

    Parameters
    ----------
    root : int
        Root seed of the study.
    *names : str or int
        Cell, replicate, purpose and so on.
    """
    joined = "".join(f"{len(str(name))}:{name}" for name in names)
    digest = hashlib.sha256(joined.encode()).digest()
    words: Any = np.frombuffer(digest, ">u4").astype(np.uint32)
    # Equal to a key of eight integers, which NumPy converts more slowly.
    return np.random.default_rng(np.random.SeedSequence(root, spawn_key=(words,)))
