"""The mutation run sees what a test notices and what none does (`make mutation` runs the whole)."""

import ast
import json

import pytest

from tests.mutation import run
from tests.mutation.mutants import mutants

MODULE = '''"""A module: 2 + 2."""


def area(a: int = 3, b: int = 1 + 1) -> int:
    """Twice the area of a triangle: a * b / 2 * 2."""
    if a < 0:
        raise ValueError(f"{-a}, not {a * 2}")
    return a * b


def unseen(a):
    return -a
'''
TESTS = """
from mlbalance.tiny import area


def test_area():
    assert area(3, 5) == 15


def test_default():
    assert area() == 6
"""


@pytest.fixture
def checkout(tmp_path):
    for name, text in {"mlbalance/tiny.py": MODULE, "tests/test_tiny.py": TESTS}.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    (tmp_path / "mlbalance" / "__init__.py").touch()
    return tmp_path


def changes(source):
    return {(m.old, m.new) for m in mutants("m.py", source)}


def test_what_a_mutant_is():
    assert changes("x = a + b") == {("a + b", "(a - b)"), ("a + b", "(a)"), ("a + b", "(b)")}
    assert changes("x = a.T") == {("a.T", "(a)")}
    assert changes("x = f(a) if a < b else c") == {
        ("f(a) if a < b else c", "(c if a < b else f(a))"),
        ("a < b", "(a >= b)"),
    }
    assert changes("def f(x):\n    if x:\n        x[y] = z") == {
        ("x", "(not x)"),
        ("x[y] = z", "pass"),
    }
    assert changes("x = max(é, -1)") == {
        ("max(é, -1)", "(min(é, -1))"),
        ("-1", "(1)"),
        ("1", "(2)"),
    }


def test_what_is_left_alone():
    assert changes('__all__ = ["a" + b]\nfrom . import a\nx: 1 = f"{1 + 1}" + "1"') == set()
    assert changes('def f(x: int = y) -> 1 | 2:\n    """1 + 1"""\n    raise KeyError(1)') == set()
    assert changes("@cache(1)\ndef f():\n    return x.copy(axis=-1), 1e-9, 10**y, 'a'") == {
        ("10**y", "(10 * y)"),
        ("10**y", "(10)"),
        ("10", "(11)"),
    }


def test_a_mutant_is_one_change_with_a_lasting_name():
    found = mutants("m.py", MODULE)
    assert len({m.id for m in found}) == len(found)
    moved = mutants("m.py", "import x\n\n\n" + MODULE)
    assert [m.id for m in moved] == [m.id for m in found]
    for mutant in found:
        changed = mutant.applied(MODULE)
        assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(MODULE))
        assert changed.count("\n") == MODULE.count("\n")
    assert {m.function for m in found} == {"area", "unseen"}


def test_a_file_that_was_moved_keeps_its_sample(checkout, monkeypatch):
    before = run.sample(checkout, {"tiny": 99}, seed=0)
    (checkout / "mlbalance" / "tiny").mkdir()
    moved = (checkout / "mlbalance" / "tiny.py").rename(checkout / "mlbalance" / "tiny" / "one.py")
    path = moved.relative_to(checkout).as_posix()
    assert {m.id for m in run.sample(checkout, {"tiny": 99}, seed=0)}.isdisjoint(
        m.id for m in before
    )
    monkeypatch.setattr(run, "STOOD", {path: "mlbalance/tiny.py"})
    assert run.sample(checkout, {"tiny": 99}, seed=0) == [m._replace(path=path) for m in before]


def test_every_change_of_the_package_has_an_id_of_its_own_and_moves_are_of_files_that_are_there():
    every = run.sample(run.CHECKOUT, dict.fromkeys(run.SAMPLE, 10**6), seed=0)
    assert len({m.id for m in every}) == len(every)
    assert all((run.CHECKOUT / path).is_file() for path in run.STOOD)


def test_a_sample_is_that_of_its_seed(checkout):
    every = run.sample(checkout, {"tiny": 99}, seed=0)
    assert run.sample(checkout, {"tiny": 3}, seed=0) == every[:3]
    assert run.sample(checkout, {"tiny": 99}, seed=1) != every


def test_all_tests_of_a_label_may_notice_a_change_of_its_proof():
    first, second, other = (f"tests/test_p.py::test[{x}]" for x in ("kish", "one-kish-2", "cv2"))
    lines = {"mlbalance/derivations/proofs/kish.py": {"2": [first]}}
    seconds = {first: 1.0, second: 1.0, other: 1.0}
    notes = run.Notes([{"seconds": seconds, "failed": [], "lines": lines}])
    source = 'def kish():\n    return Derivation("kish", "any", steps)\n'
    path = "mlbalance/derivations/proofs/kish.py"
    (mutant,) = (m for m in mutants(path, source.replace("steps", "2 * n")) if m.new == "(2)")
    assert set(notes.tests(mutant, source)[0]) == {first, second}


def test_the_run_tells_the_dead_from_the_living(checkout, tmp_path, capsys):
    one, other = "tests/test_tiny.py::test_area", "tests/test_tiny.py::test_default"
    seen = {"5": [one, other], "6": [one, other], "8": [one, other], "4": ["tests/test_tiny.py"]}
    notes = run.Notes(
        [{"seconds": {one: 0.1, other: 0.2}, "failed": [], "lines": {"mlbalance/tiny.py": seen}}]
    )
    every = run.sample(checkout, {"tiny": 99}, seed=0)
    wanted = {"a * b": "(a / b)", "3": "(4)", "a < 0": "(a <= 0)", "-a": "(a)"}
    chosen = [m for m in every if wanted.get(m.old) == m.new]
    assert len(chosen) == 4
    results = run.Results(tmp_path / "results.json")
    tree = run.Tree(tmp_path / "copy" / "tree", checkout)
    with run.Lanes(tree, 2) as lanes:
        run.run(lanes, tree.twin(), notes, chosen, results, 2)

    verdicts = {m.old: results.rows[m.id]["verdict"] for m in chosen}
    assert verdicts == {"a * b": one, "3": other, "a < 0": "survived", "-a": "survived"}
    assert (checkout / "mlbalance" / "tiny.py").read_text() == MODULE
    assert run.Results(tmp_path / "results.json").rows == results.rows
    rows = json.loads((tmp_path / "results.json").read_text())
    assert run.report(rows, {}) == 1
    assert "4 mutants, 2 survive (50.0%)" in capsys.readouterr().out
    dead = [row for row in rows if row["verdict"] != "survived"]
    assert run.report(dead, {}) == 0
