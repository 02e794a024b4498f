"""Random streams by name."""

from __future__ import annotations

import hashlib

import numpy as np


def stream(root: int, *names: str | int) -> np.random.Generator:
    """The generator of a root seed and of the names of what it is for (study, cell, replicate...).

    Streams of different names are independent; the same names give the same stream anywhere, so
    that adding, dropping or reordering other work changes no number.
    """
    spelled = "".join(f"{len(str(name))}:{name}" for name in names)
    digest = hashlib.sha256(spelled.encode()).digest()
    key = tuple(int.from_bytes(digest[i : i + 4], "big") for i in range(0, 32, 4))
    return np.random.default_rng(np.random.SeedSequence(root, spawn_key=key))
