"""Rebuild the data sets of `mlbalance/data` from the packages that they come from.

    python tests/data/rebuild.py            # those whose package is installed
    python tests/data/rebuild.py oils scat  # these

Packages of R (in Debian r-cran-dslabs and r-cran-modeldata) are read without R, from the folders
of R_LIBS, else those of Debian. The text of a rebuilt set has the SHA-256 that `sets.toml` states;
what gzip makes of it may differ from one version to another.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import importlib.util
import io
import os
import statistics
import sys
from collections.abc import Callable, Iterable
from math import log
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.data import rdata

FOLDER = Path(__file__).resolve().parents[2] / "mlbalance" / "data"
_LIBRARIES = ("/usr/lib/R/site-library", "/usr/local/lib/R/site-library", "/usr/lib/R/library")
_PLAIN = 150_000
"""Bytes up to which a file is not compressed."""
_GENES = 200
_THINNED = (23, 5, 44, 14, 19, 31)
"""Rows of the digits 0 to 5."""

Rows = Iterable[Iterable[Any]]


class NotInstalledError(LookupError):
    """The package that a data set comes from is not here."""


def of_r(package: str) -> Path:
    """Folder of a package of R."""
    for library in (*os.environ.get("R_LIBS", "").split(os.pathsep), *_LIBRARIES):
        if library and (Path(library) / package / "data/Rdata.rdx").exists():
            return Path(library) / package
    raise NotInstalledError(f"R's package {package} is not installed (Debian: r-cran-{package})")


def of_python(package: str) -> Path:
    """Folder of a package of Python, which is not imported."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise NotInstalledError(f"Python's package {package} is not installed")
    return Path(found.origin).parent


def frame(package: str, name: str, target: str, without: tuple[str, ...] = ()) -> Rows:
    """Columns of a data frame of R, the target last; factors by their levels."""
    columns = rdata.load(of_r(package), name).named()
    names = [column for column in columns if column not in (*without, target)] + [target]
    return [names, *zip(*(columns[column].texts() for column in names), strict=True)]


def tissue() -> Rows:
    """Expression of the genes that vary most, to four decimals."""
    found = rdata.load(of_r("dslabs"), "tissue_gene_expression").named()
    names = found["x"].attributes["dimnames"][1]
    n = len(found["y"])
    columns = [list(found["x"][j * n : (j + 1) * n]) for j in range(len(names))]
    kept = most_variable(columns)
    rounded = [[round(value, 4) for value in columns[j]] for j in kept]
    rows = zip(*rounded, found["y"].texts(), strict=True)
    return [[*(names[j] for j in kept), "tissue"], *rows]


def khan() -> Rows:
    """Training rows, then test rows, of the genes that vary most; digits as in the source."""
    folder = of_python("ISLP") / "data"
    x = [row for part in ("train", "test") for row in read(folder / f"Khan_x{part}.csv")[1:]]
    y = [row[0] for part in ("train", "test") for row in read(folder / f"Khan_y{part}.csv")[1:]]
    columns = list(zip(*x, strict=True))
    kept = most_variable([[float(text) for text in column] for column in columns])
    # as in Khan et al. 2001: 11 BL, 29 EWS, 18 NB, 25 RMS
    tumour = {"1": "BL", "2": "EWS", "3": "NB", "4": "RMS"}
    rows = zip(*(columns[j] for j in kept), (tumour[code] for code in y), strict=True)
    return [[*(f"G{j + 1:04}" for j in kept), "tumour"], *rows]


def anes96() -> Rows:
    """The model of the package's example: log of the population in thousands plus 0.1."""
    party = "strong Democrat,weak Democrat,independent Democrat,independent"
    party += ",independent Republican,weak Republican,strong Republican"
    path = of_python("statsmodels") / "datasets" / "anes96" / "anes96.csv"
    header, *rows = [[text.strip("'") for text in row] for row in read(path, "\t")]
    taken = [dict(zip(header, row, strict=True)) for row in rows if row]
    names = ["selfLR", "age", "educ", "income"]
    return [
        ["logpopul", *names, "party"],
        *(
            [
                round(log(float(row["popul"]) + 0.1), 4),
                *(row[name] for name in names),
                party.split(",")[int(row["PID"])],
            ]
            for row in taken
        ),
    ]


def digits() -> Rows:
    """The first rows of each digit, in the order of the source."""
    with gzip.open(of_python("sklearn") / "datasets" / "data" / "digits.csv.gz", "rt") as file:
        rows = [[int(float(text)) for text in row] for row in csv.reader(file)]
    left = dict(enumerate(_THINNED))
    kept = []
    for row in rows:
        if left.get(row[-1], 0):
            left[row[-1]] -= 1
            kept.append(row)
    return [[*(f"p{i}{j}" for i in range(8) for j in range(8)), "digit"], *kept]


def most_variable(columns: list[list[float]]) -> list[int]:
    """Places of the columns of largest variance, in their order."""
    spread = [statistics.variance(column) for column in columns]
    return sorted(sorted(range(len(columns)), key=lambda j: -spread[j])[:_GENES])


def read(path: Path, delimiter: str = ",") -> list[list[str]]:
    """Rows of a file."""
    with path.open(newline="") as file:
        return list(csv.reader(file, delimiter=delimiter))


SETS: dict[str, Callable[[], Rows]] = {
    "anes96": anes96,
    "digits": digits,
    "hepatic": lambda: frame("modeldata", "hepatic_injury_qsar", "class"),
    "hpc": lambda: frame("modeldata", "hpc_data", "class"),
    "khan": khan,
    "oils": lambda: frame("modeldata", "oils", "class"),
    "olive": lambda: frame("dslabs", "olive", "area", without=("region",)),
    "scat": lambda: frame("modeldata", "scat", "Species"),
    "tissue": tissue,
}
"""Rows of each set, a header first. Glass has no package: its source is a file."""


def text(rows: Rows) -> str:
    """CSV of rows: shortest digits that read back, nothing where a value is missing."""
    written = io.StringIO(newline="")
    cells = ([_cell(value) for value in row] for row in rows)
    csv.writer(written, lineterminator="\n").writerows(cells)
    return written.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)


def main(names: list[str]) -> None:
    for name in names or SETS:
        try:
            raw = text(SETS[name]()).encode()
        except NotInstalledError as missing:
            print(f"{name}: {missing}")
            continue
        packed = raw if len(raw) <= _PLAIN else gzip.compress(raw, 9, mtime=0)
        path = FOLDER / f"{name}.csv{'.gz' if packed is not raw else ''}"
        path.write_bytes(packed)
        print(f"{name}: {len(packed)} bytes, sha256 {hashlib.sha256(raw).hexdigest()}")


if __name__ == "__main__":
    main(sys.argv[1:])
