"""Small real data sets, shipped with their terms, which are in `sets.toml` beside this file."""

import csv
import gzip
import hashlib
import io
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np

from mlbalance.inputs import FloatArray, InputError, IntArray

__all__ = ["Dataset", "load", "names"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """A labelled data set."""

    name: str
    X: FloatArray
    """(n, d) features, NaN where one is missing; of a category, the place among its levels"""
    y: IntArray
    """(n,) labels 0..K-1"""
    feature_names: tuple[str, ...]
    """d names of the columns of X"""
    class_names: tuple[str, ...]
    """K names: `class_names[y[i]]` is the class of row i"""
    source: str
    """Citation with the licence"""
    target: str
    """Name of the label's column"""
    levels: tuple[tuple[str, ...], ...]
    """d tuples of sorted levels; those of numbers are empty"""
    path: Path
    """The file, as `compare` reads it"""


def names() -> tuple[str, ...]:
    """Names of the shipped data sets, sorted."""
    return tuple(sorted(_sets()))


def load(name: str) -> Dataset:
    """Load a shipped data set, after checking its file by its SHA-256.

    Rows have the order of the source.

    Parameters
    ----------
    name : str
        One of `names()`; "glass" for example: n = 214 fragments, d = 9, K = 6, counts
        (70, 76, 17, 13, 9, 29).

    Returns
    -------
    Dataset

    Raises
    ------
    InputError
        For an unknown name, or a file that was changed.
    """
    if name not in _sets():
        raise InputError(f"There is no data set {name!r}. Use one of: {', '.join(names())}.")
    terms = _sets()[name]
    path, raw = _file(name)
    found = hashlib.sha256(raw).hexdigest()
    if found != terms["sha256"]:
        raise InputError(
            f"{path.name} has SHA-256 {found}; it should be {terms['sha256']}. "
            "Reinstall mlbalance to restore it."
        )
    header, *rows = csv.reader(io.StringIO(raw.decode(), newline=""))
    *columns, labels = zip(*rows, strict=True)
    numbers, levels = zip(*map(_feature, columns), strict=True)
    classes = terms.get("classes") or sorted(set(labels))
    code = {text: k for k, text in enumerate(terms.get("codes", classes))}
    return Dataset(
        name,
        np.column_stack(numbers),
        np.array([code[text] for text in labels]),
        tuple(header[:-1]),
        tuple(classes),
        f"{terms['source']}, {terms['licence']}",
        header[-1],
        levels,
        path,
    )


@cache
def _sets() -> dict[str, dict[str, Any]]:
    return tomllib.loads(files(__name__).joinpath("sets.toml").read_text("utf-8"))


def _file(name: str) -> tuple[Path, bytes]:
    """File and text of a data set."""
    for end, unpack in ((".csv", bytes), (".csv.gz", gzip.decompress)):
        found = files(__name__).joinpath(name + end)
        if found.is_file():
            with as_file(found) as path:
                return path, unpack(path.read_bytes())
    raise InputError(f"The file of the data set {name} is missing. Reinstall mlbalance.")


def _feature(texts: tuple[str, ...]) -> tuple[FloatArray, tuple[str, ...]]:
    """Numbers of a column, and its levels if it has any."""
    try:
        return np.array([float(text) if text else np.nan for text in texts]), ()
    except ValueError:
        levels = tuple(sorted(set(texts) - {""}))
        return np.array([levels.index(text) if text else np.nan for text in texts]), levels
