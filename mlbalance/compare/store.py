"""Outcomes of a comparison on disk, one file per fold, so that an interrupted one goes on.

Files lie in a folder named by the hash of all that they depend on: data, target, methods with their
settings, folds, seed and versions. Numbers of repeats may grow. The code of a user's own classifier
is not part of the hash.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import sklearn

from mlbalance import __version__
from mlbalance.compare.candidates import Candidate
from mlbalance.compare.results import Outcome
from mlbalance.compare.tables import Table
from mlbalance.inputs import FloatArray
from mlbalance.outputs import OutputError

__all__ = ["Store", "fingerprint", "write_bytes"]


def fingerprint(
    table: Table, target: FloatArray, candidates: Sequence[Candidate], folds: int, seed: int
) -> str:
    """Hash of all that outcomes depend on.

    Parameters
    ----------
    table
        Features and labels.
    target
        (K,) target prior.
    candidates
        Methods in their order.
    folds
        Per repeat.
    seed
        Root of the random streams.

    Returns
    -------
    32 hexadecimal digits.
    """
    about = {
        "mlbalance": __version__,
        "numpy": np.__version__,
        "scikit-learn": sklearn.__version__,
        "columns": [repr(column) for column in table.columns],
        "labels": list(map(repr, table.y.tolist())),
        "target": target.tolist(),
        "methods": [(each.id, each.prior, _settings(each.estimator)) for each in candidates],
        "folds": folds,
        "seed": seed,
    }
    hashed = hashlib.sha256(json.dumps(about).encode())
    hashed.update(table.X.tobytes())
    return hashed.hexdigest()[:32]


def _settings(estimator: Any) -> str:
    """Type and all parameters, without addresses in memory."""
    try:
        words = estimator.__repr__(N_CHAR_MAX=10**9)
    except TypeError:
        words = repr(estimator)
    return re.sub(r" at 0x[0-9a-f]+", "", f"{type(estimator).__module__} {words}")


class Store:
    """Files of the folds of one comparison; damaged ones count as missing.

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
    """

    def __init__(self, folder: Path, key: str) -> None:
        self.folder = Path(folder) / key
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"{folder} cannot hold the folds: {error.strerror}. Name another folder."
            ) from None

    def read(self, repeat: int, fold: int) -> list[Outcome] | None:
        """Outcomes of one fold, or None where they are not there."""
        try:
            with np.load(self._path(repeat, fold), allow_pickle=False) as file:
                return [
                    Outcome(method, repeat, fold, status, message, seconds, file.get(f"p{at}"))
                    for at, (method, status, message, seconds) in enumerate(
                        json.loads(str(file["records"]))
                    )
                ]
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return None

    def write(self, outcomes: Sequence[Outcome]) -> None:
        """Write the outcomes of one fold, whole or not at all.

        Raises
        ------
        OutputError
            Where that is not possible.
        """
        records = [(o.method, o.status, o.message, o.seconds) for o in outcomes]
        arrays = {f"p{at}": o.log_p for at, o in enumerate(outcomes) if o.log_p is not None}
        content = io.BytesIO()
        np.savez(content, records=np.array(json.dumps(records)), **arrays)  # type: ignore[arg-type]
        write_bytes(self._path(outcomes[0].repeat, outcomes[0].fold), content.getvalue())

    def _path(self, repeat: int, fold: int) -> Path:
        return self.folder / f"{repeat}-{fold}.npz"


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all.

    Parameters
    ----------
    path
        The file; its folder exists.
    content
        Its bytes.

    Raises
    ------
    OutputError
        Where that is not possible.
    """
    part = path.with_name(f"{path.name[:40]}.{secrets.token_hex(4)}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror}. Name another file."
        ) from None
    finally:
        part.unlink(missing_ok=True)
