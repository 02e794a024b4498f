"""`python paper/figures/comparisons.py NAME RESULTS` prints every comparison of a figure."""

import sys
from importlib import import_module
from pathlib import Path

from common import ROOT, judge, said, study_of, table

if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python paper/figures/comparisons.py NAME RESULTS")
    sys.path.insert(0, str(ROOT))
    name, results = sys.argv[1], Path(sys.argv[2])
    study, rows = study_of(name), table(results / f"{name}.csv")
    found = import_module(name).compared(study, rows)
    for c in found:
        print(
            f"{c.cell:32} {c.method:36} {c.ridge:<7g} {c.what:24} {c.predicted:11.5g} "
            f"{c.observed:11.5g} ± {c.error:9.2g}  z {c.z:6.2f}"
        )
    print(said(judge(study, rows, found)))
