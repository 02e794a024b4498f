"""The studies of this repository: each is what its file says, runs, and leaves a table behind."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlbalance import reproduce
from mlbalance.claims import CLAIMS
from mlbalance.inputs import InputError
from mlbalance.recipes import RECIPES
from mlbalance.reproduce import CheckoutError, run_study, study_main
from mlbalance.schemes import ClassWeight
from mlbalance.simulation import Sampled, Study, read_rows, run, summarise

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / "simulations").glob("*.py"))

TINY = """
from mlbalance.populations import symmetric
from mlbalance.recipes import named
from mlbalance.simulation import Cell, Sampled, Study

STUDY = Study(
    name="six_classes",
    aim="A study that takes no time.",
    cells=(
        Cell("one", Sampled(symmetric(2, 1, 1.0), (9, 8), test_size=16)),
        Cell("slow", Sampled(symmetric(2, 1, 1.0), (9, 9), test_size=16), quick=False),
    ),
    estimands="all",
    recipes=named("class weights", "undersample", ridge=0.1),
    reference="class weights",
    replications=3,
    root=11,
)

if __name__ == "__main__":
    from mlbalance.reproduce import study_main

    study_main(STUDY)
"""


def study_of(path):
    """The STUDY of a file, run as a module of another name than __main__."""
    space = {"__name__": path.stem, "__file__": str(path)}
    exec(compile(path.read_text("utf-8"), path, "exec"), space)
    return space["STUDY"]


@pytest.fixture(scope="module", params=FILES, ids=[path.stem for path in FILES])
def study(request):
    return study_of(request.param)


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A folder that looks like a checkout, with one study that takes no time."""
    (tmp_path / "mlbalance").mkdir()
    (tmp_path / "simulations").mkdir()
    (tmp_path / "simulations" / "six_classes.py").write_text(TINY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


# What studies say


def test_there_is_a_study():
    assert "six_classes" in [path.stem for path in FILES]


def test_a_study_is_named_after_its_file(study, request):
    assert isinstance(study, Study)
    assert (ROOT / "simulations" / f"{study.name}.py").is_file()
    assert request.node.callspec.id == study.name


def test_studies_have_a_seed_of_their_own():
    roots = [study_of(path).root for path in FILES]
    assert len(set(roots)) == len(roots)


def test_what_claims_observe_is_a_study():
    observed = {claim.observed for claim in CLAIMS.values() if claim.observed}
    assert observed <= {f"simulations/{path.name}" for path in FILES}


def test_a_study_compares_methods_by_the_names_of_the_package(study):
    assert study.aim.endswith(".") and study.estimands.endswith(".")
    for recipe in study.recipes:
        assert replace(recipe, ridge=0.0) == RECIPES[recipe.name]
    assert RECIPES[study.reference].scheme == ClassWeight()


def test_the_quick_version_is_small(study):
    quick = study.quick()
    assert quick.replications <= 50
    for cell in quick.cells:
        if isinstance(cell.source, Sampled):
            assert cell.source.population.n_features in (2, 5)


def test_a_scheme_fits_every_cell_it_is_run_on(study):
    for cell in study.cells:
        counts = np.bincount(cell.source.y)
        for recipe in study.recipes_of(cell):
            recipe.scheme.moments(counts)


def test_the_asked_counts_are_there_at_one_and_ten_times():
    study = study_of(ROOT / "simulations" / "six_classes.py")
    counts = {cell.name: cell.source.counts for cell in study.cells}
    for d in (2, 5, 20):
        assert counts[f"d={d}, 1x"] == (23, 5, 44, 14, 19, 31)
        assert counts[f"d={d}, 10x"] == (230, 50, 440, 140, 190, 310)
    assert {cell.source.population.n_features for cell in study.cells} == {2, 5, 20}


# That they run


def test_four_replications_of_the_quick_cells_run(study):
    results = run(replace(study.quick(), replications=4))
    rows = summarise(results)
    assert {(r.cell, r.recipe, r.ridge) for r in rows} == {
        (cell.name, recipe.name, recipe.ridge)
        for cell in study.quick().cells
        for recipe in study.recipes_of(cell)
    }
    for row in rows:
        assert row.replications == 4 and 0 <= row.failures <= 4
        if row.measure == "P(no estimate)":
            assert row.value == row.failures / 4
        else:
            assert np.isnan(row.value) == (row.failures > 0)
        if "error" in row.measure and np.isfinite(row.value):
            assert -1 <= row.value <= 1
        if row.measure in ("excess risk", "risk ratio") and np.isfinite(row.value):
            assert row.value > 0
    # With a ridge a fit exists if every class has weight, as it has where totals are fixed.
    for cell in study.quick().cells:
        counts = np.bincount(cell.source.y)
        for recipe in study.recipes_of(cell):
            if recipe.ridge > 0 and not recipe.scheme.moments(counts).total_cov.any():
                assert (results.status[cell.name, recipe.name, recipe.ridge] == "converged").all()


# The table they leave behind


@pytest.mark.parametrize(
    ("quick", "place", "cells"),
    [
        (True, "build/quick/results", {"one"}),
        (False, "simulations/results", {"one", "slow"}),
    ],
)
def test_a_study_leaves_its_table_in_the_checkout(checkout, capsys, quick, place, cells):
    assert run_study("six_classes", quick=quick, jobs=1) == 0
    path = checkout / place / "six_classes.csv"
    expected = study_of(checkout / "simulations" / "six_classes.py")
    rows = read_rows(path)
    assert {row.cell for row in rows} == cells
    found = {row[:4]: row.value for row in rows}
    for row in summarise(run(expected.quick() if quick else expected)):
        assert found[row[:4]] == pytest.approx(row.value, rel=1e-5)
    first = path.read_text().splitlines()[0]
    command = f"mlbalance run six_classes{' --quick' if quick else ''}"
    assert first.startswith(f"# Generated by `{command}`, version ")
    assert first.endswith("root seed 11; do not edit.")
    assert f"{place}/six_classes.csv" in capsys.readouterr().out


def test_the_same_study_gives_the_same_bytes(checkout):
    path = checkout / "build/quick/results/six_classes.csv"
    written = []
    for jobs in (1, 2):
        run_study("six_classes", quick=True, jobs=jobs)
        written.append(path.read_bytes())
    assert written[0] == written[1]


def test_a_folder_inside_the_checkout_will_do(checkout, monkeypatch):
    inside = checkout / "simulations" / "results"
    inside.mkdir()
    monkeypatch.chdir(inside)
    run_study("six_classes", quick=True, jobs=1)
    assert (checkout / "build/quick/results/six_classes.csv").is_file()


def test_a_study_file_is_a_command(checkout, monkeypatch, capsys):
    study = study_of(checkout / "simulations" / "six_classes.py")
    monkeypatch.setattr(sys, "argv", ["six_classes.py", "--quick", "--jobs", "1"])
    study_main(study)
    assert (checkout / "build/quick/results/six_classes.csv").is_file()
    assert "1 cells x 3 replications, 1 jobs" in capsys.readouterr().out


# Refusals


def test_an_unknown_study_is_refused_with_the_known_ones(checkout):
    shutil.copy(checkout / "simulations" / "six_classes.py", checkout / "simulations" / "other.py")
    with pytest.raises(InputError, match="No study is named 'sex'; known are other, six_classes"):
        run_study("sex")


def test_outside_a_checkout_there_are_no_studies(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for command in (lambda: run_study("six_classes"), reproduce.reproduce):
        with pytest.raises(CheckoutError, match=r"is not in a checkout of mlbalance.* Clone it"):
            command()
    assert list(tmp_path.iterdir()) == []


def test_a_study_file_outside_a_checkout_says_so_and_exits_with_two(tmp_path):
    done = subprocess.run(
        [sys.executable, str(ROOT / "simulations" / "six_classes.py"), "--quick"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
    )
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("six_classes: ") and done.stderr.count("\n") == 1
    assert "is not in a checkout of mlbalance" in done.stderr
