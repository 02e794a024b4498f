"""Random streams by name."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np


def stream(root: int, *names: str | int) -> np.random.Generator:
    """The generator of a root seed and of the names of what it is for (study, cell, replicate...).

    Streams of different names are independent; the same names give the same stream anywhere, so
    that adding, dropping or reordering other work changes no number.
    """
    spelled = "".join(f"{len(str(name))}:{name}" for name in names)
    digest = hashlib.sha256(spelled.encode()).digest()
    words: Any = np.frombuffer(digest, ">u4").astype(np.uint32)
    # The same key as eight integers one by one, which numpy takes longer to convert.
    return np.random.default_rng(np.random.SeedSequence(root, spawn_key=(words,)))
