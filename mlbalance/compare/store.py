"""Outcomes of comparisons on disk, one file per method and fold: an interrupted one goes on.

A folder holds any comparisons. Those of the same data, target, folds, seed and libraries share a
folder in it, and each method, by its definition, has one in that: other methods, repeats or names
change nothing that is there. As with the store of a study, outcomes of another version of the
package are refused.
"""

from __future__ import annotations

import hashlib
import io
import json
import secrets
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import sklearn

from mlbalance import __version__
from mlbalance.compare.results import Outcome
from mlbalance.compare.tables import Table
from mlbalance.inputs import FloatArray
from mlbalance.outputs import OutputError
from mlbalance.simulation.database import StoreError

__all__ = ["Store", "fingerprint", "write_bytes"]


def fingerprint(table: Table, target: FloatArray, folds: int, seed: int) -> str:
    """Digest of all that the outcomes of every method depend on.

    Parameters
    ----------
    table
        Features and labels.
    target
        (K,) target prior.
    folds
        Per repeat.
    seed
        Root of the random streams.

    Returns
    -------
    32 hexadecimal digits.
    """
    about = {
        "numpy": np.__version__,
        "scikit-learn": sklearn.__version__,
        "columns": [repr(column) for column in table.columns],
        "labels": list(map(repr, table.y.tolist())),
        "target": target.tolist(),
        "folds": folds,
        "seed": seed,
    }
    hashed = hashlib.sha256(json.dumps(about).encode())
    hashed.update(table.X.tobytes())
    return hashed.hexdigest()[:32]


class Store:
    """Files of the methods and folds of comparisons; damaged ones count as missing.

    Parameters
    ----------
    folder
        Folder of any comparisons; it is made.
    key
        As of `fingerprint`.

    Raises
    ------
    OutputError
        Where the folder cannot be made.
    StoreError
        Where the comparison was made by another version of the package.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self.folder = Path(folder) / key
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"{folder} cannot hold the folds: {error.strerror}. Name another folder."
            ) from None
        version = self.folder / "version"
        if not version.exists():
            write_bytes(version, __version__.encode())
        elif (other := version.read_text(errors="replace")) != __version__:
            raise StoreError(
                f"{self.folder} was written by version {other}, this is {__version__}: results may "
                "differ. Remove it, or name another folder."
            )

    def read(self, key: str, method: str, repeat: int, fold: int) -> Outcome | None:
        """Outcome of a method on one fold, or None where it is not there.

        Parameters
        ----------
        key
            Of the method's definition.
        method
            Its id.
        repeat, fold
            Number of the fold.
        """
        try:
            with np.load(self._path(key, repeat, fold), allow_pickle=False) as file:
                status, message, seconds = json.loads(str(file["record"]))
                log_p = file.get("log_p")
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return None
        return Outcome(method, repeat, fold, status, message, seconds, log_p)

    def write(self, key: str, outcome: Outcome) -> None:
        """Write an outcome, whole or not at all.

        Parameters
        ----------
        key
            Of the method's definition.
        outcome
            What is written.

        Raises
        ------
        OutputError
            Where that is not possible.
        """
        record = json.dumps((outcome.status, outcome.message, outcome.seconds))
        arrays = {} if outcome.log_p is None else {"log_p": outcome.log_p}
        content = io.BytesIO()
        np.savez(content, record=np.array(record), **arrays)  # type: ignore[arg-type]
        path = self._path(key, outcome.repeat, outcome.fold)
        write_bytes(path, content.getvalue())

    def _path(self, key: str, repeat: int, fold: int) -> Path:
        return self.folder / key / f"{repeat}-{fold}.npz"


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all.

    Parameters
    ----------
    path
        The file; its folder is made, but not that in which it lies.
    content
        Its bytes.

    Raises
    ------
    OutputError
        Where that is not possible.
    """
    part = path.with_name(f"{path.name[:40]}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(exist_ok=True)
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror}. Name another file."
        ) from None
    finally:
        part.unlink(missing_ok=True)
