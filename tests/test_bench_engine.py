"""The engine's benchmark runs, and times nothing that is wrong. No test depends on a time."""

import json
from dataclasses import replace

import pytest

from docs.readme import ROOT
from tests.bench import engine

pytest.importorskip("imblearn")

TOP = {"about", "machine", "goals", "script", "shares", "jobs", "memory", "calibration"}


def keys_of(value):
    """Names at every level, without the numbers of replicates, which are names too."""
    if not isinstance(value, dict):
        return None
    return {key: keys_of(item) for key, item in value.items() if not key.isdigit()}


def test_a_tiny_run_has_the_keys_and_a_table():
    record = json.loads(json.dumps(engine.rounded(engine.measured(engine.TINY))))
    assert set(record) == TOP
    assert set(record["goals"]) <= TOP | set(record["shares"])
    assert sum(record["shares"].values()) == pytest.approx(1, abs=2e-3)
    assert set(record["shares"]) == {*engine.PARTS, "rest"}
    lines = engine.table(record)
    assert all(len(line) <= 80 for line in lines)
    for goal in ("x", "flat", "s", "%"):
        assert any(line.endswith(goal) for line in lines)
    committed = json.loads((ROOT / "tests/bench/engine.json").read_text())
    assert keys_of(committed) == keys_of(record)


def test_the_script_and_the_engine_say_the_same_of_the_same_rows():
    assert 0 < engine.difference() < engine.AGREEMENT


def test_nothing_is_timed_where_they_differ(monkeypatch):
    monkeypatch.setattr(engine, "weighted", lambda *data: (1.0, 0.5))
    with pytest.raises(RuntimeError, match="nothing is timed"):
        engine.against_script(engine.TINY)


def test_what_is_watched_is_put_back():
    before = [getattr(*at) for at in engine.PARTS.values()]
    engine.shares(2)
    assert [getattr(*at) for at in engine.PARTS.values()] == before


def test_the_study_that_is_timed_is_that_of_the_question():
    six = engine.find("six_classes")
    (cell,) = engine.STUDY.cells
    assert cell.source.counts == six.cell("d=5, 1x").source.counts
    means = six.cell("d=5, 1x").source.population.means
    assert (cell.source.population.means == means).all()
    assert set(engine.STUDY.methods) <= set(six.methods)
    assert replace(cell.source, target="natural").test_size == 6000
