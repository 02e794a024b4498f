"""What figures say of their studies: the verdict as it came out, below the figure and on record."""

from dataclasses import replace

import numpy as np
import pytest

from mlbalance.simulation import Claim, Comparison, Criterion, Row, Term, verdict
from tests.figures import committed, common, compared, judged, refusal, study_of

KEY = ("model right", "unweighted, prior correction", 0.0, "difference in squared error of slope")


def numbers(size, n=30):
    z = size * np.random.default_rng(0).standard_normal(n)
    return [Comparison(f"cell {i}", "m", 0.1, "w", 1.0, 1.0, 0.1, one) for i, one in enumerate(z)]


def test_a_figure_says_whether_its_numbers_are_as_predicted():
    said = common().said
    claims = [Claim("It is more.", (Term(1.0, *KEY),))]
    rows = {KEY: Row(*KEY, 1.0, 0.9, 500, 0)}
    good = verdict(numbers(1.0), Criterion(), claims=claims, rows=rows)
    assert said(good).startswith("30 numbers as predicted: largest |z| 2.3 (critical 4.3), rms z ")
    assert said(good).endswith("0 of 1 claims shown.")
    assert said(verdict(numbers(4.0), Criterion())).startswith("30 numbers NOT as predicted")
    assert said(good._replace(full=False)).endswith("none of 1 claims is contradicted.")


def test_a_figure_of_a_study_that_disagrees_is_drawn_and_one_that_is_contradicted_is_not():
    study, rows = study_of("bridge"), committed("bridge")
    far = [c._replace(z=9.0) for c in compared("bridge")]
    assert not judged("bridge", rows, far).agrees
    rows[KEY] = rows[KEY]._replace(value=-rows[KEY].value)
    with refusal("The model right, the offset has the smaller error"):
        judged("bridge", rows)
    with refusal("numbers to compare"):
        common().judge(study, rows, [])


def test_a_quick_run_is_one_of_fewer_cells_or_replications():
    study, rows = study_of("bridge"), committed("bridge")
    assert common().full(study, rows)
    assert not common().full(study, {k: r for k, r in rows.items() if k[0] != "model right"})
    assert not common().full(replace(study, replications=10**6), rows)


def test_verdicts_are_kept_by_study_and_renewed(tmp_path):
    path, record = tmp_path / "verdicts.csv", common().record
    for name, size in (("b", 1.0), ("a", 1.0), ("b", 4.0)):
        found = numbers(size)
        record(path, name, verdict(found, Criterion(explanation="Known, and said.")), found)
    lines = common().verdicts(path)
    assert [(line["study"], line["verdict"]) for line in lines] == [
        ("a", "agrees"),
        ("b", "disagrees"),
    ]
    assert lines[1]["explanation"] == "Known, and said." and lines[1]["numbers"] == "30"
    worst = max(numbers(4.0), key=lambda c: abs(c.z))
    assert lines[1]["largest at"] == f"w, m, {worst.cell}, ridge 0.1"
    assert float(lines[1]["largest"]) == pytest.approx(abs(worst.z), rel=5e-3)
    assert path.read_text().startswith("# Generated")


def test_a_missing_number_is_the_worst(tmp_path):
    found = numbers(1.0)
    found[7] = found[7]._replace(z=np.nan)
    common().record(tmp_path / "v.csv", "a", verdict(found, Criterion()), found)
    (line,) = common().verdicts(tmp_path / "v.csv")
    assert line["largest at"].startswith("w, m, cell 7") and line["verdict"] == "disagrees"
    assert line["largest"] == "inf"
