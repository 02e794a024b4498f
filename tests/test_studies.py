"""The studies of this repository: each is what its file says, runs, and leaves a table behind."""

import csv
import importlib
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
import scipy

from mlbalance import __version__, workspace
from mlbalance.claims import CLAIMS
from mlbalance.cli import runs
from mlbalance.cli import studies as cli_studies
from mlbalance.inputs import InputError
from mlbalance.methods import METHODS
from mlbalance.simulation import (
    NamedMethod,
    Sampled,
    Store,
    Study,
    database,
    read_rows,
    run,
    summarise,
)
from mlbalance.workspace import CheckoutError, Options
from simulations._roots import root_of

REPRODUCE = importlib.import_module("mlbalance.workspace.reproduce")
ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / "simulations").glob("[a-z]*.py"))

TINY = """
from mlbalance.populations import symmetric
from mlbalance.methods import methods
from mlbalance.simulation import Cell, Sampled, Study

STUDY = Study(
    name="six_classes",
    aim="A study that takes no time.",
    cells=(
        Cell("one", Sampled(symmetric(2, 1, 1.0), (9, 8), test_size=16)),
        Cell("slow", Sampled(symmetric(2, 1, 1.0), (9, 9), test_size=16), quick=False),
    ),
    estimands="all",
    methods=methods("class-weights", "undersample", ridge=0.1),
    reference="class-weights",
    replications=3,
    root=11,
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
"""


def study_of(path):
    """The STUDY of a file, run as a module of another name than __main__."""
    space = {"__name__": path.stem, "__file__": str(path)}
    exec(compile(path.read_text("utf-8"), path, "exec"), space)
    return space["STUDY"]


def counts_of(source):
    return np.rint(source.counts) if isinstance(source, Sampled) else np.bincount(source.y)


def schemed(methods):
    """Methods with a scheme; others are fitted by the source."""
    return [method for method in methods if not isinstance(method, NamedMethod)]


def run_study(name, **options):
    return runs.run(workspace.find(name), Options(**options))


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


def test_seeds_are_given_by_the_rule(study):
    """A date on which criterion and design were fixed, and no other choice."""
    days = (date(2026, 11, 25) + timedelta(days=i) for i in range(3650))
    assert study.root in {root_of(study.name, day.isoformat()) for day in days}


def test_every_study_says_when_it_agrees_and_its_contrasts_are_in_its_summary(study):
    assert study.criterion.level == 0.001
    rows = read_rows(ROOT / "simulations" / "results" / f"{study.name}.csv")
    assert [term for one in study.contrasts for term in one.terms if term.key not in rows] == []
    assert len({one.words for one in study.contrasts}) == len(study.contrasts)


def test_rows_of_a_summary_are_of_the_cells_and_methods_of_their_study(study):
    rows = read_rows(ROOT / "simulations" / "results" / f"{study.name}.csv")
    found = {(row.cell, row.method, row.ridge) for row in rows.values()}
    assert found == {(c.id, *m.key) for c in study.cells for m in study.methods_of(c)}
    for row in rows.values():
        factors = study.cell(row.cell).factors
        assert list(row.factors.items()) == list(factors.items())
        assert [type(x) for x in row.factors.values()] == [type(x) for x in factors.values()]


def test_every_study_has_a_verdict_on_record():
    lines = (ROOT / "paper" / "generated" / "verdicts.csv").read_text().splitlines()[1:]
    assert [line["study"] for line in csv.DictReader(lines)] == [path.stem for path in FILES]


def test_what_claims_observe_is_a_study():
    observed = {claim.observed for claim in CLAIMS.values() if claim.observed}
    assert observed <= {f"simulations/{path.name}" for path in FILES}


def test_a_study_compares_methods_by_the_names_of_the_package(study):
    assert study.aim.endswith(".") and study.estimands.endswith(".")
    for method in schemed(study.methods):
        plain = replace(method, ridge=0.0)
        assert METHODS.get(method.id, plain) == plain


def test_the_quick_version_is_small(study):
    quick = study.quick()
    assert quick.replications <= 50
    for cell in quick.cells:
        if isinstance(cell.source, Sampled):
            numbers = sum(cell.source.counts) * cell.source.population.n_features
            assert numbers <= 100_000


def test_a_scheme_fits_every_cell_it_is_run_on(study):
    for cell in study.cells:
        counts = counts_of(cell.source)
        for method in schemed(study.methods_of(cell)):
            mean = method.scheme.moments(counts).mean
            assert (mean > 0).all() and counts @ mean == pytest.approx(1)


def test_the_asked_counts_are_there_at_one_and_ten_times():
    study = study_of(ROOT / "simulations" / "six_classes.py")
    counts = {cell.id: cell.source.counts for cell in study.cells}
    for d in (2, 5, 20):
        assert counts[f"d={d}, 1x"] == (23, 5, 44, 14, 19, 31)
        assert counts[f"d={d}, 10x"] == (230, 50, 440, 140, 190, 310)
    assert {cell.source.population.n_features for cell in study.cells} == {2, 5, 20}


# That they run


@pytest.mark.slow
def test_a_few_replications_of_the_quick_cells_run(study):
    if not schemed(study.methods):
        pytest.skip("many learners: a test of the study runs two of them")
    few = replace(study.quick(), replications=2 if study.long else 4)
    store = run(few)
    rows = summarise(few, store).values()
    assert {(r.cell, r.method, r.ridge) for r in rows} == {
        (cell.id, *method.key) for cell in few.cells for method in few.methods_of(cell)
    }
    for row in rows:
        assert row.n == few.replications and 0 <= row.failures <= row.n
        if row.metric == "P(no estimate)":
            assert row.value == row.failures / row.n
        elif row.metric != "median":
            assert np.isnan(row.value) == (row.failures > 0)
        if row.key[3:] in (("mean", "error"), ("mean", "worst-class error")) and not row.failures:
            assert 0 <= row.value <= 1
        if row.key[3:] in (("mean", "excess risk"), ("ratio", "excess risk")) and not row.failures:
            assert row.value > 0
    # With a ridge a fit exists if every class has weight, as it has where totals are fixed.
    for cell in few.cells:
        counts, found = counts_of(cell.source), store.read(cell.id)
        if getattr(cell.source, "random", False):
            continue
        for method in few.methods_of(cell):
            if method.key[1] > 0 and not method.scheme.moments(counts).total_cov.any():
                assert (found[method.id, method.ridge].status == "converged").all()


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
    asked = expected.quick() if quick else expected
    for key, row in summarise(asked, run(asked)).items():
        assert rows[key].value == pytest.approx(row.value, rel=1e-5)
    command = f"mlbalance run six_classes{' --quick' if quick else ''}"
    assert path.read_text().splitlines()[0] == (
        f"# Generated by `{command}`, mlbalance {__version__} at no commit, NumPy "
        f"{np.__version__}, SciPy {scipy.__version__}, root seed 11; do not edit."
    )
    assert f"{place}/six_classes.csv" in capsys.readouterr().out


def committed(checkout):
    """Commit what is in the checkout; its abbreviation."""
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org"]
    for words in ("init -q", "add mlbalance simulations .gitignore", "commit -qm change"):
        subprocess.run([*git, *words.split()], check=True, cwd=checkout)
    return subprocess.check_output([*git, "rev-parse", "HEAD"], cwd=checkout, text=True)[:12]


@pytest.mark.skipif(shutil.which("git") is None, reason="of a checkout with git")
def test_a_table_that_changed_is_no_change_of_the_code(checkout):
    table, study = (
        checkout / "simulations" / name for name in ("results/other.csv", "six_classes.py")
    )
    table.parent.mkdir(exist_ok=True)
    table.write_text("old\n")
    (checkout / ".gitignore").write_text("build\n")
    commit = committed(checkout)
    table.write_text("new\n")
    assert workspace.provenance._commit() == commit
    study.write_text(study.read_text() + "\n")
    assert workspace.provenance._commit() == f"{commit}-dirty"


@pytest.mark.skipif(shutil.which("git") is None, reason="of a checkout with git")
def test_a_table_names_every_commit_and_library_that_made_its_rows(checkout, monkeypatch):
    file, path = checkout / "simulations/six_classes.py", "build/quick/results/six_classes.csv"
    (checkout / ".gitignore").write_text("build\n")
    first = committed(checkout)
    run_study("six_classes", jobs=1, quick=True, shard=(1, 2))
    file.write_text(file.read_text().replace("no time", "little time"))
    second = committed(checkout)
    file.write_text(file.read_text().replace("little time", "no time"))  # not committed
    libraries = f"NumPy {np.__version__}, SciPy {scipy.__version__}"
    monkeypatch.setattr(scipy, "__version__", "0.0.1")
    run_study("six_classes", jobs=1, quick=True, shard=(2, 2))
    assert runs.merge("six_classes", Options(quick=True), []) == 0
    made = sorted(f"{__version__} at {commit}" for commit in (first, f"{second}-dirty"))
    header = (checkout / path).read_text().splitlines()[0]
    assert header == (
        f"# Generated by `mlbalance run six_classes --quick`, mlbalance {' and '.join(made)}, "
        f"NumPy {np.__version__}, SciPy 0.0.1 and {libraries}, root seed 11; do not edit."
    )


def test_a_store_that_python_began_is_summarised_too(checkout):
    study = workspace.find("six_classes")
    path = checkout / "build/stores/six_classes.sqlite"
    path.parent.mkdir(parents=True)
    with Store(path, study) as store:
        run(study, store=store)
    assert run_study("six_classes", jobs=1) == 0
    table = checkout / "simulations/results/six_classes.csv"
    assert "at no commit, NumPy unknown, SciPy unknown, root seed 11" in table.read_text()
    assert len(read_rows(table)) > 0


def test_the_same_study_gives_the_same_bytes(checkout):
    path = checkout / "build/quick/results/six_classes.csv"
    written = []
    for jobs in (1, 2):
        run_study("six_classes", quick=True, jobs=jobs, fresh=True)
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
    with pytest.raises(SystemExit) as left:
        cli_studies.main(study)
    assert left.value.code == 0
    assert (checkout / "build/quick/results/six_classes.csv").is_file()
    assert "1 cells x 3 replications, 1 jobs" in capsys.readouterr().out


# Their stores


def test_a_run_resumes_tops_up_and_begins_anew(checkout, capsys):
    path = checkout / "build/stores/six_classes.sqlite"
    run_study("six_classes", jobs=1)
    before = path.read_bytes()
    assert run_study("six_classes", jobs=1, reps=5) == 0
    with Store(path) as store:
        assert store.cells() == {"one": (5, 0), "slow": (5, 0)}
        assert [s["command"] != "" and s["numpy"] == np.__version__ for s in store.sessions()]
        assert len(store.sessions()) == 2
    assert path.read_bytes() != before
    run_study("six_classes", jobs=1, fresh=True)
    with Store(path) as store:
        assert store.cells() == {"one": (3, 0), "slow": (3, 0)}
    assert "2 cells x 5 replications, 1 jobs" in capsys.readouterr().out


def test_rows_of_other_libraries_are_told(checkout, capsys, monkeypatch):
    run_study("six_classes", jobs=1)
    assert "note:" not in capsys.readouterr().out
    monkeypatch.setattr(np, "__version__", "0.0.1")
    run_study("six_classes", jobs=1, reps=4)
    out = capsys.readouterr().out
    assert "now it is 0.0.1; --fresh starts again" in out and out.count("note:") == 1


def test_an_edited_study_is_refused_and_says_what(checkout):
    run_study("six_classes", jobs=1)
    file = checkout / "simulations" / "six_classes.py"
    file.write_text(file.read_text().replace("(9, 8)", "(9, 7)"))
    with pytest.raises(InputError, match=r"cell 'one' was .*counts=\(9, 8\).* --fresh"):
        run_study("six_classes", jobs=1)


def test_shards_are_merged_into_the_whole(checkout, capsys):
    for part in (1, 2):
        run_study("six_classes", jobs=1, shard=(part, 2))
    assert not (checkout / "simulations/results/six_classes.csv").exists()
    runs.status("six_classes", Options(shard=(1, 2)))
    assert "one        2 of 3" in capsys.readouterr().out
    assert runs.merge("six_classes", Options(), []) == 0
    merged = (checkout / "simulations/results/six_classes.csv").read_bytes()
    run_study("six_classes", jobs=1, fresh=True)
    assert (checkout / "simulations/results/six_classes.csv").read_bytes() == merged
    with pytest.raises(InputError, match="There are no shards of six_classes"):
        runs.merge("six_classes", Options(quick=True), [])


def test_rows_are_exported_and_replayed_bit_for_bit(checkout, capsys):
    run_study("six_classes", jobs=1)
    assert runs.export("six_classes", Options(), checkout / "rows.csv") == 0
    lines = (checkout / "rows.csv").read_text().splitlines()
    assert lines[0] == (
        "cell,method,ridge,replicate,status,log-loss,error,worst-class error,excess risk"
    )
    assert len(lines) == 1 + 2 * 2 * 3
    assert runs.replay("six_classes", "slow", 2, Options()) == 0
    out = capsys.readouterr().out
    assert "equals the 2 rows stored in build/stores/six_classes.sqlite, bit for bit" in out
    with pytest.raises(InputError, match="has no cell 'fast'; it has 'one', 'slow'"):
        runs.replay("six_classes", "fast", 2, Options())
    assert runs.replay("six_classes", "slow", 7, Options()) == 0
    assert "no row of this replicate is stored" in capsys.readouterr().out


def test_the_replications_for_a_precision_are_told(checkout, capsys):
    run_study("six_classes", jobs=1, reps=40)
    assert runs.precision("six_classes", Options(), 0.001) == 0
    lines = capsys.readouterr().out.splitlines()
    told = next(line.split() for line in lines if line.startswith("  log-loss"))
    with Store(checkout / "build/stores/six_classes.sqlite") as store:
        spread = max(
            found.values[:, 0].std(ddof=1)
            for cell in ("one", "slow")
            for found in store.read(cell).values()
        )
    assert int(told[1]) == np.ceil((spread / 0.001) ** 2)


def test_a_stored_row_that_replay_does_not_give_is_told(checkout, capsys):
    run_study("six_classes", jobs=1)
    with Store(checkout / "build/stores/six_classes.sqlite") as store:
        store._db.create_function("checksum", 6, database.checksum)
        store._db.execute(
            "UPDATE results SET outcome = zeroblob(32), checksum = "
            "checksum(cell, method, ridge, replicate, status, zeroblob(32)) "
            "WHERE method = 'undersample'"
        )
    assert runs.replay("six_classes", "slow", 2, Options()) == 1
    assert "differs from the stored row: undersample" in capsys.readouterr().out


# Found as they are written


@pytest.mark.parametrize("beside", [False, True])
def test_an_edit_of_the_same_size_and_second_is_seen(checkout, monkeypatch, beside):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    study = checkout / "simulations" / "six_classes.py"
    edited = study
    if beside:
        edited = checkout / "simulations" / "_seeds.py"
        edited.write_text("ROOT = 11\n")
        study.write_text(f"from simulations._seeds import ROOT\n{TINY.replace('11', 'ROOT')}")
    say = (
        "from mlbalance import workspace; import subprocess, sys; "
        "print(workspace.find('six_classes').root, flush=True); "
        "worker = 'from simulations import six_classes; print(six_classes.STUDY.root)'; "
        "subprocess.run([sys.executable, '-c', worker], check=True)"
    )

    def roots():
        """As the command finds it, and then one of its workers."""
        command = [sys.executable, "-c", say]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        return done.stdout.split()

    assert roots() == ["11", "11"]
    made = edited.stat()
    edited.write_text(edited.read_text().replace("11", "12"))
    os.utime(edited, ns=(made.st_atime_ns, made.st_mtime_ns))
    assert roots() == ["12", "12"]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("x = 1\n", r"simulations/other.py defines no STUDY, which must be a simulation.Study"),
        ("STUDY = 3\n", r"simulations/other.py defines no STUDY"),
        (TINY, r"other.py holds a study named 'six_classes'. Name it 'other', or the file six_cl"),
        ("x = 1\nSTUDY =\n", r"simulations/other.py, line 2: SyntaxError: invalid syntax$"),
        ("x = 1\n\nSTUDY = y\n", r"simulations/other.py, line 3: NameError: name 'y' is not def"),
        ("import simulations.absent\n", r"other.py, line 1: ModuleNotFoundError: No module named"),
        ("import sys\nsys.exit(0)\n", r"simulations/other.py, line 2: SystemExit: 0"),
        (TINY.replace("    root=11,\n", ""), r"line 6: TypeError: .* argument: 'root'"),
        (TINY.replace("=3,", "=1,"), r"line 6: InputError: Study six_classes needs two replicat"),
        ("\0", r"simulations/other.py.*: source code string cannot contain null bytes"),
    ],
)
def test_a_file_that_is_no_study_of_its_name_is_refused(checkout, written, message):
    (checkout / "simulations" / "other.py").write_text(written)
    with pytest.raises(InputError, match=message):
        run_study("other")


def test_a_study_file_runs_under_its_own_name(checkout, monkeypatch, capsys):
    other = checkout / "simulations" / "other.py"
    other.write_text(TINY)
    monkeypatch.setattr(sys, "argv", [str(other), "--quick"])
    with pytest.raises(SystemExit) as left:
        cli_studies.main(study_of(other))
    assert left.value.code == 2
    assert "simulations/other.py holds a study named 'six_classes'" in capsys.readouterr().err


# All of them


def test_a_study_without_a_figure_is_said_and_the_rest_drawn(checkout, capsys, monkeypatch):
    figures = checkout / "paper" / "figures"
    figures.mkdir(parents=True)
    for name, code in (("another", "raise SystemExit('another: no')"), ("third", "")):
        text = TINY.replace('"six_classes"', f'"{name}"')
        (checkout / "simulations" / f"{name}.py").write_text(text)
        (figures / f"{name}.py").write_text(code)
    monkeypatch.setattr(REPRODUCE, "check_proofs", lambda note: True)
    assert runs.reproduce(quick=True, jobs=1) == 1
    lines = capsys.readouterr().out.splitlines()
    at = lines.index("[5/5] figures")
    assert lines[at + 1 :] == [
        "  no figure of six_classes: there is no paper/figures/six_classes.py",
        "  build/quick/figures/third.png",
    ]
    (checkout / "simulations" / "another.py").unlink()
    assert runs.reproduce(quick=True, jobs=1) == 0


def test_of_a_long_study_a_tenth_is_run_and_its_summary_is_kept(checkout, monkeypatch, capsys):
    text = TINY.replace("replications=3", "replications=40").replace(
        "root=11", "root=11, long=True"
    )
    (checkout / "simulations" / "six_classes.py").write_text(text)
    monkeypatch.setattr(REPRODUCE, "check_proofs", lambda note: True)
    summary = checkout / "simulations" / "results" / "six_classes.csv"
    summary.parent.mkdir()
    summary.write_text("of the whole study\n")
    assert runs.reproduce(quick=False, jobs=1) == 0
    assert "2 cells x 4 replications" in capsys.readouterr().out
    assert summary.read_text() == "of the whole study\n"
    few = read_rows(checkout / "build" / "other" / "six_classes.csv")
    assert {row.n for row in few.values()} == {4}


def test_a_study_that_is_none_is_said_before_any_is_run(checkout, capsys):
    (checkout / "simulations" / "zero.py").write_text("x = 1\n")
    with pytest.raises(InputError, match=r"simulations/zero.py defines no STUDY"):
        runs.reproduce(quick=True, jobs=1)
    assert capsys.readouterr().out == ""


def test_without_git_a_run_goes_on(checkout, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert run_study("six_classes", jobs=1, quick=True) == 0
    with Store(checkout / "build/quick/stores/six_classes.sqlite") as store:
        assert store.sessions()[0]["commit"] is None


# Exports


def test_an_export_goes_through_links_and_leaves_the_store_alone(checkout, capsys):
    run_study("six_classes", jobs=1)
    (checkout / "rows.csv").write_text("old\n")
    (checkout / "link.csv").symlink_to(checkout / "rows.csv")
    assert runs.export("six_classes", Options(), checkout / "link.csv") == 0
    assert (checkout / "link.csv").is_symlink()
    assert (checkout / "rows.csv").read_text().startswith("cell,method,ridge,")
    store = checkout / "build/stores/six_classes.sqlite"
    with pytest.raises(InputError, match=r"six_classes.sqlite is the store itself; give --csv ano"):
        runs.export("six_classes", Options(), store)
    with pytest.raises(InputError, match=r"cannot be written: there is no folder"):
        runs.export("six_classes", Options(), checkout / "none" / "rows.csv")


# Refusals


def test_an_unknown_study_is_refused_with_the_known_ones(checkout):
    shutil.copy(checkout / "simulations" / "six_classes.py", checkout / "simulations" / "other.py")
    with pytest.raises(InputError, match="No study is named 'sex'; known are other, six_classes"):
        run_study("sex")


def test_outside_a_checkout_there_are_no_studies(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for command in (lambda: run_study("six_classes"), runs.reproduce):
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
