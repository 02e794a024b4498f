"""Small real data sets, shipped with their licences (see README.md beside this file)."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

from mlbalance.inputs import FloatArray, InputError, IntArray

# name -> (SHA-256 of <name>.csv, class name by ascending code, source)
_KNOWN = {
    "glass": (
        "e5aa754d0e620ef9e8f4a4871e79634d6520bceed0289810eac8d59e83097d80",
        {
            1: "building windows, float",
            2: "building windows, non-float",
            3: "vehicle windows, float",
            5: "containers",
            6: "tableware",
            7: "headlamps",
        },
        "B. German (1987), Glass Identification, UCI Machine Learning Repository, "
        "doi:10.24432/C5WW2P, CC BY 4.0",
    ),
}


@dataclass(frozen=True, eq=False)
class Dataset:
    """A labelled data set."""

    name: str
    X: FloatArray
    """(n, d) features"""
    y: IntArray
    """(n,) labels 0..K-1"""
    feature_names: tuple[str, ...]
    """d names of the columns of X"""
    class_names: tuple[str, ...]
    """K names: `class_names[y[i]]` is the class of row i"""
    source: str
    """Citation with the licence"""


def load(name: str) -> Dataset:
    """Load a shipped data set, after checking its file by its SHA-256.

    Parameters
    ----------
    name : str
        "glass": n = 214 fragments, d = 9, K = 6, counts (70, 76, 17, 13, 9, 29). RI is the
        refractive index; Na to Fe are the weight percentages of the oxides of the elements. Rows
        have the order of the source (B. German 1987, UCI), sorted by class; labels follow its codes
        1, 2, 3, 5, 6, 7.

    Raises
    ------
    InputError
        For an unknown name, or a file that was changed.
    """
    if name not in _KNOWN:
        raise InputError(f"There is no data set {name!r}. Use one of: {', '.join(sorted(_KNOWN))}.")
    expected, classes, source = _KNOWN[name]
    raw = files(__name__).joinpath(f"{name}.csv").read_bytes()
    found = hashlib.sha256(raw).hexdigest()
    if found != expected:
        raise InputError(
            f"{name}.csv has SHA-256 {found}; it should be {expected}. "
            "Reinstall mlbalance to restore it."
        )
    header, *lines = raw.decode("ascii").split()
    table = np.array([line.split(",") for line in lines], dtype=float)
    y = np.searchsorted(list(classes), table[:, -1])
    features = tuple(header.split(",")[:-1])
    return Dataset(name, table[:, :-1].copy(), y, features, tuple(classes.values()), source)
