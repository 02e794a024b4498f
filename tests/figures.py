"""Figure scripts, their studies and the committed summaries, for the tests of studies."""

import importlib
import importlib.util
import sys
from functools import cache
from pathlib import Path

import pytest

from mlbalance.simulation import Summary, read_rows

ROOT = Path(__file__).resolve().parent.parent
FIGURES = ROOT / "paper" / "figures"
RESULTS = ROOT / "simulations" / "results"
sys.path[:0] = [str(ROOT), str(FIGURES)]

STUDIES = {
    path.stem: importlib.import_module(f"simulations.{path.stem}")
    for path in sorted((ROOT / "simulations").glob("[a-z]*.py"))
}
"""Files of studies by name, loaded before any test: scripts and tests then share their classes."""


@cache
def figure_of(name):
    """A figure's script under a name of its own: `coverage` is also a package."""
    pytest.importorskip("matplotlib")
    spec = importlib.util.spec_from_file_location(f"figure_{name}", FIGURES / f"{name}.py")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def common():
    """Module that the scripts share, as they import it."""
    pytest.importorskip("matplotlib")
    return importlib.import_module("common")


def study_of(name):
    return STUDIES[name].STUDY


def committed(name):
    return read_rows(RESULTS / f"{name}.csv")


def changed(rows, key, **values):
    """A summary with other values in one of its rows."""
    assert key in rows
    return Summary(row._replace(**values) if row.key == key else row for row in rows.values())


@cache
def compared(name):
    """Every comparison of the committed summary; worked out once."""
    return tuple(figure_of(name).compared(study_of(name), committed(name)))


def judged(name, rows=None, found=None):
    """The verdict on rows, those that are committed if not given."""
    rows = committed(name) if rows is None else rows
    found = compared(name) if found is None else found
    return common().judge(study_of(name), rows, list(found))


def moved(name, key, by):
    """The committed comparisons, that of one row moved by so many standard errors."""
    found = [c._replace(z=c.z + by) if c.row.key == key else c for c in compared(name)]
    assert tuple(found) != compared(name)
    return found


def verdict_on_record(name):
    """The line of a study in the committed table of verdicts."""
    lines = common().verdicts(ROOT / "paper" / "generated" / "verdicts.csv")
    (line,) = (line for line in lines if line["study"] == name)
    return line


def is_on_record(name, found):
    """Whether the committed table of verdicts has this verdict.

    The largest |z| to a twentieth of a standard error: rules of a limit with six classes grow until
    their error is small, and by rounding one processor takes one step more than another (2.44 and
    2.41 in `proportional`).
    """
    line, numbers = verdict_on_record(name), found[1:6]
    return (
        line["verdict"] == ("agrees" if found.agrees else "disagrees")
        and [int(line[key]) for key in ("numbers", "contrasts", "shown")]
        == [found.numbers, found.contrasts, found.shown]
        and all(
            float(line[key]) == pytest.approx(value, rel=6e-3, abs=0.05 * (key == "largest"))
            for key, value in zip(
                ("largest", "critical", "rms", "low", "high"), numbers, strict=True
            )
        )
    )


def refusal(match=None):
    """A figure that is not drawn."""
    return pytest.raises(common().ClaimError, match=match)
