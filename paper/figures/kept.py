"""Predictions kept from one drawing of the figures to the next, in `build/predictions`.

What is kept is found by a digest of the sources that compute it: the modules of the package that
predictions may use (by the rule of imports, that `tests/test_architecture.py` checks), the study,
the script of the figure, what scripts share, and the versions of NumPy and SciPy. A change of any
of them, a comment too, has the predictions computed anew. Scripts alone keep anything: tests, which
may change a function while they run, always compute.
"""

from collections.abc import Callable
from functools import cache, wraps
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from joblib import Memory

__all__ = ["digest", "keep", "kept"]

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "predictions"
MODULES = (
    "corrections",
    "discriminant",
    "existence",
    "inputs.py",
    "losses",
    "methods",
    "populations",
    "schemes",
    "simulation",
    "softmax",
    "theory",
)
SHARED = ("paper/figures/limits.py", "paper/figures/orders.py")
_keeping: list[bool] = []


def keep() -> None:
    """Keep predictions from now on."""
    _keeping.append(True)


def kept(function: Callable) -> Callable:
    """The function of a script, its values kept between runs of it."""

    @wraps(function)
    def call(*arguments: Any) -> Any:
        return (_memory(function) if _keeping else function)(*arguments)

    return call


@cache
def _memory(function: Callable) -> Callable:
    script = Path(function.__code__.co_filename)
    place = FOLDER / f"{script.stem}-{digest(script)}"
    found: Callable = Memory(place, verbose=0).cache(function)
    return found


@cache
def digest(script: Path) -> str:
    """Digest of the sources that compute the predictions of a script."""
    package = [ROOT / "mlbalance" / name for name in MODULES]
    files = [path for at in package for path in (sorted(at.rglob("*.py")) or [at])]
    files += sorted((ROOT / "simulations").glob("_*.py"))
    files += [ROOT / name for name in SHARED]
    files += [script, ROOT / "simulations" / script.name]
    found = sha256(f"NumPy {np.__version__}, SciPy {scipy.__version__}".encode())
    for path in files:
        if path.is_file():
            found.update(f"\n{path.name}\n".encode() + path.read_bytes())
    return found.hexdigest()[:16]
