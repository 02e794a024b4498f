"""`python paper/figures/comparisons.py NAME RESULTS` prints every comparison of a figure."""

import sys
from importlib import import_module
from pathlib import Path

from common import judge, measured, said, study_of

from mlbalance.simulation import read_rows

if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python paper/figures/comparisons.py NAME RESULTS")
    name, results = sys.argv[1], Path(sys.argv[2])
    study, rows = study_of(name), read_rows(results / f"{name}.csv")
    found = import_module(name).compared(study, rows)
    for c in found:
        print(
            f"{c.row.cell:32} {c.row.method:28} {c.row.ridge:<7g} {measured(c.row):32} "
            f"{c.predicted:11.5g} {c.observed:11.5g} ± {c.error:9.2g}  z {c.z:6.2f}"
        )
    print(said(judge(study, rows, found)))
