"""The benchmark runs, and refuses to time what is wrong. Nothing here depends on a time."""

import json
from dataclasses import replace

import numpy as np
import pytest

from docs.readme import ROOT, rendered
from docs.tables import goals, speed
from tests.bench import contestants, existence, solver, theory, whole
from tests.bench.cases import BAGS, CASES, NEWTON, TINY, counts_of, drawn


def test_every_case_runs_and_the_readme_can_show_it():
    record = json.loads(json.dumps(solver.rounded(solver.run(TINY, lambda line: None))))
    assert len(record["cases"]) == len(CASES)
    for case, asked in zip(record["cases"], CASES, strict=True):
        assert set(case["peers"]) == set(asked.peers)
        assert case["ours"]["within_tolerance"]
        assert case["bound_us"] > 0 and case["distance"] > 0
        assert ("goal" in case) == (asked.goal is not None)
        for name, peer in case["peers"].items():
            assert "ratio" in peer or (name, peer["refused"]) == ("glum", "not installed")
    shown = rendered(speed(record))
    assert f"{2 * BAGS} bags of 30 rows" in shown
    told = [c for c in CASES if c.K == 2 or c.group in ("batch", "bags", "likelihood", "single")]
    assert sum(line.startswith("| ") for line in shown.splitlines()) == 2 + len(told)
    assert record["machine"]["cpu"] in shown


def test_the_committed_times_are_of_these_cases():
    record = json.loads((ROOT / "tests/bench/solver.json").read_text())
    assert [case["name"] for case in record["cases"]] == [case.name for case in CASES]
    assert record["settings"]["threads"] == 1


def test_times_of_whole_commands_are_committed_with_their_goals_and_shown():
    record = json.loads((ROOT / "tests/bench/whole.json").read_text())["commands"]
    assert {name: one["goal"] for name, one in record.items()}.items() <= whole.GOALS.items()
    shown = rendered(goals())
    for one in record.values():
        (line,) = (x for x in shown.splitlines() if f"| {one['seconds']:.0f} s |" in x)
        assert f"| {one['goal']:.0f} s |" in line
        assert line.rstrip().endswith("|  |") == (one["seconds"] <= one["goal"])


def test_the_times_of_the_theory_are_committed_with_the_error_that_is_reported():
    record = json.loads((ROOT / "tests/bench/theory.json").read_text())
    assert [case["name"] for case in record["cases"]] == list(theory.cases())
    assert record["settings"]["threads"] == 1
    assert record["cases"][0]["relative_error"] <= record["goal"]["relative_error"]
    assert record["cases"][-1]["method"] == "exact"
    name, (population, options) = list(theory.cases().items())[-1]
    case = theory.measured(name, population, options, rounds=1)
    assert set(case) == set(record["cases"][-1]) and case["relative_error"] == 0
    assert [case["name"] for case in record["limits"][:-1]] == list(theory.LIMITS)
    assert [set(case) for case in theory.limits(1, lambda line: None)] == [
        set(case) for case in record["limits"]
    ]


def test_verdicts_are_timed_where_the_programme_says_the_same(monkeypatch):
    record = json.loads((ROOT / "tests/bench/existence.json").read_text())
    assert [case["name"] for case in record["cases"]] == list(existence.CASES)
    monkeypatch.setitem(existence.INDICATORS, "tiny", (120, 12, 0.0))
    case = existence.measured("tiny", rounds=1)
    assert set(case) == set(record["cases"][0])
    for known in (case, *record["cases"]):
        said = known["said"]
        assert said["fit"] == ("converged" if said["programme"] else "no-mle")
        assert (said["verdict"] == "exists") == said["programme"]
    assert {known["said"]["programme"] for known in record["cases"]} == {True, False}


def test_a_wrong_answer_is_not_timed(monkeypatch):
    def wrong(case, tol):
        return lambda X, y, weights: (np.zeros(case.K), np.zeros((case.K, case.d)), 1)

    monkeypatch.setitem(contestants.PEERS, NEWTON, contestants.Peer(wrong, contestants.TIGHTER))
    case = replace(TINY.of(CASES[0]), peers=(NEWTON,), goal=None)
    (found,) = solver.run(TINY, lambda line: None, [case])["cases"]
    assert list(found["peers"][NEWTON]) == ["refused"]
    assert "differ from ours" in found["peers"][NEWTON]["refused"]


def test_our_own_wrong_answer_stops_the_run(monkeypatch):
    monkeypatch.setattr(contestants, "TOLERANCE", 0.0)
    with pytest.raises(RuntimeError, match="nothing is timed"):
        solver.run(TINY, lambda line: None, CASES[:1])


def test_a_bag_leaves_its_zero_rows_to_nobody():
    case = next(case for case in CASES if case.group == "bags")
    problems = drawn(replace(case, batch=2)).one_by_one(2 * BAGS)
    assert len(problems) == 2 * BAGS
    for X, y, weights in problems:
        assert X.shape == (30, case.d)
        assert np.bincount(y).tolist() == [5] * 6
        assert weights.sum() == pytest.approx(1)


@pytest.mark.parametrize(("K", "n"), [(2, 136), (6, 30), (6, 100_000), (12, 136)])
def test_counts_use_all_rows_and_every_class(K, n):
    counts = counts_of(K, n)
    assert counts.sum() == n and counts.min() >= 1 and counts.size == K
