"""The benchmark of comparisons runs, and times nothing that is wrong. No test needs a time."""

import json

import pytest

from docs.readme import ROOT
from mlbalance.compare import GROUPS
from tests.bench import compare
from tests.bench.cases import Case, drawn

SMALL = compare.Asked("small", lambda: drawn_small())
FEW = ["class-weights", "class-weights+loo", "undersample", "discriminant+loo"]


def drawn_small():
    found = drawn(Case("compare", K=2, n=60, d=2, batch=1))
    return found.X[0], found.y[0]


def test_a_tiny_run_has_the_keys_of_what_is_committed(monkeypatch):
    committed = json.loads((ROOT / "tests/bench/compare.json").read_text())
    assert [case["name"] for case in committed["cases"]] == [c.name for c in compare.CASES]
    assert [case["name"] for case in committed["whole"]] == [c.name for c in compare.WHOLE]
    assert {*committed["cases"][0]["methods"]} <= {*compare.linear()} <= {*GROUPS["linear"]}
    for case in committed["cases"]:
        assert case["difference"] <= committed["settings"]["agreement"]
        assert case["goal"]["measured"] == case["ratio"]["median"]
    monkeypatch.setattr(compare, "linear", lambda: FEW)
    monkeypatch.setattr(compare, "LBFGS", compare.NEWTON)
    record = compare.run([SMALL], [], rounds=1, say=lambda line: None)
    assert set(record) == set(committed) and record["cases"][0]["methods"] == FEW
    assert set(record["cases"][0]) == set(committed["cases"][0])


def test_a_whole_comparison_is_watched():
    case = compare.whole(compare.TINY, jobs=1)
    assert case["folds"] == 5 and case["processor_s"] > 0 and case["memory_mib"] > 10


def test_a_wrong_answer_is_not_timed(monkeypatch):
    monkeypatch.setattr(compare, "AGREEMENT", -1.0)
    with pytest.raises(RuntimeError, match="nothing is timed"):
        compare.measured(SMALL, rounds=1)
