"""The benchmark of the estimators runs, and times nothing that is wrong. No test needs a time."""

import json

import pytest

from docs.readme import ROOT
from tests.bench import estimators
from tests.bench.cases import Scale

TINY = Scale(rounds=1, slot=0, n=136, d=2)


def test_a_tiny_run_has_the_keys_of_what_is_committed():
    record = json.loads(json.dumps(estimators.rounded(estimators.run(TINY, lambda line: None))))
    committed = json.loads((ROOT / "tests/bench/estimators.json").read_text())
    assert set(record) == set(committed) and set(record["machine"]) == set(committed["machine"])
    assert [case["name"] for case in committed["cases"]] == [c.name for c in estimators.CASES]
    for tiny, full in zip(record["cases"], committed["cases"], strict=True):
        assert set(tiny) == set(full) and tiny["name"] == full["name"]
        assert full["difference"] <= committed["settings"]["agreement"]
        assert full["goal"]["measured"] == full["ratio"]["median"]
    assert committed["settings"]["threads"] == 1


@pytest.mark.parametrize("asked", estimators.CASES, ids=lambda asked: asked.name)
def test_a_wrong_answer_is_not_timed(asked, monkeypatch):
    monkeypatch.setattr(estimators, "AGREEMENT", -1.0)
    with pytest.raises(RuntimeError, match="nothing is timed"):
        estimators.measured(asked, TINY)
