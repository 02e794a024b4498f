"""Command lines that are wrong, and machines that refuse: one clear line each, no traceback."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from mlbalance import cli
from mlbalance.advise import Advice
from mlbalance.simulation import engine

ROOT = Path(__file__).resolve().parent.parent

STUDY = """
from mlbalance.populations import symmetric
from mlbalance.methods import methods
from mlbalance.simulation import Cell, Sampled, Study

STUDY = Study(
    name="six_classes",
    aim="A study that takes no time.",
    cells=(Cell("one", Sampled(symmetric(2, 1, 1.0), (9, 8), test_size=16)),),
    estimands="all",
    methods=methods("class-weights", "undersample", ridge=0.1),
    reference="class-weights",
    replications=3,
    root=11,
)
"""

WRONG = {
    # no command, or none that is known
    "": "Give a command: advise, compare, derive, cite",
    "''": "There is no command ''",
    "advis 3 4": "Did you mean advise?",
    "3 4": "There is no command '3'",
    "-x": "required: COMMAND",
    "--jobs 2": "invalid choice: '2'",
    # counts
    "advise": "Give the number of rows of every class",
    "advise ''": "Give the number of rows of every class",
    "advise ,": "Give the number of rows of every class",
    "advise --target-prior .5 .5": "The counts come first",
    "advise 7": "at least two classes; counts are (7)",
    "advise 0 0": "every class present",
    "advise 5 0": "Drop class 1",
    "advise 5 -1": "whole numbers of rows",
    "advise 5 1.5": "whole numbers of rows",
    "advise 5 nan": "whole numbers of rows",
    "advise 5 inf": "whole numbers of rows",
    "advise 5 1e17": "below 2**53",
    "advise 5 1e400": "counts are (5, inf)",
    "advise 5 x": "'x' is not",
    "advise 5 0x10": "'0x10' is not",
    "advise 5 1/2": "'1/2' is not",
    "advise '(5,' '4)'": "'(5' is not",
    "advise 5 1_000": "'1_000' is not. Write 1000.",
    'advise 5 "1\'000"': "is not. Write 1000.",
    "advise 5 1.000.000": "'1.000.000' is not. Write 1000000.",
    "advise 5 1.000": "'1.000' can be 1 or 1000 rows. Write 1 or 1000.",
    "advise 12,500 300": "'12,500' can be one class of 12500 rows or the classes 12 500. Write 125",
    "advise 12,500, 300": "'12,500' can be one class of 12500 rows or the classes 12 500.",
    "advise '12,500 300'": "can be one class of 12500 rows or the classes 12 500.",
    "advise '12 500' 300": "can be one class of 12500 rows or the classes 12 500.",
    "advise 300 1,250,000": "can be one class of 1250000 rows or the classes 1 250 000.",
    "advise 300,400 500,600": "'300,400' can be one class of 300400 rows",
    # what advise takes besides
    "advise 5 4 --target": "expected one argument",
    "advise 5 4 --target error": "invalid choice: 'error'",
    "advise 5 4 --json yes": "advise does not take 'yes'",
    "advise 5 4 --josn": "advise does not take '--josn'",
    "advise 5 4 --features": "expected one argument",
    "advise 5 4 --features x": "a number is needed, not 'x'",
    "advise 5 4 --features 1_0": "a number is needed, not '1_0'",
    "advise 5 4 --features 1.5": "Features are a whole number from 1 on; 1.5",
    "advise 5 4 --features 0": "Features are a whole number from 1 on; 0",
    "advise 5 4 --features -3": "Features are a whole number from 1 on; -3",
    "advise 5 4 --features nan": "Features are a whole number from 1 on; nan",
    "advise 5 4 --features inf": "Features are a whole number from 1 on; inf",
    "advise 5 4 --separation 2": "Give both, as in --features 5 --separation 2",
    "advise 5 4 --features 3 --separation": "expected one argument",
    "advise 5 4 --features 3 --separation 1,5": "a number is needed, not '1,5'",
    "advise 5 4 --features 3 --separation -1": "from 0 to 70, in standard deviations; -1",
    "advise 5 4 --features 3 --separation nan": "from 0 to 70, in standard deviations; nan",
    "advise 5 4 --features 3 --separation inf": "from 0 to 70, in standard deviations; inf",
    "advise 5 50 --features 20 --separation 80": "from 0 to 70, in standard deviations; 80",
    "advise 5 5 --features 20 --separation 1e9": "from 0 to 70, in standard deviations; 1000000",
    "advise 5 4 3 --features 1 --separation 1": "Symmetric classes need",
    "advise 5 4 --ridge 1": "Give all three",
    "advise 5 4 --features 3 --separation 2 --ridge": "expected at least one argument",
    "advise 5 4 --features 3 --separation 2 --ridge 0": "Ridges are positive numbers",
    "advise 5 4 --features 3 --separation 2 --ridge -1": "Ridges are positive numbers",
    "advise 5 4 --features 3 --separation 2 --ridge inf": "Ridges are positive numbers",
    "advise 5 4 --features 3 --separation 2 --ridge 1_0": "--ridge takes positive numbers",
    "advise 5 4 --features 3 --separation 2 --ridge x": "--ridge takes positive numbers",
    "advise 5 4 3 2 5 4 3 --features 9 --separation 2 --ridge 1": "predicted for up to 6 classes",
    "advise 5 4 --target-prior": "expected at least one argument",
    "advise 5 4 --target-prior x y": "--target-prior takes one probability per class",
    "advise 5 4 --target-prior .5": "needs one probability for each of 2 classes",
    "advise 5 4 --target-prior .5 .4": "must sum to one; (0.5, 0.4) sums to 0.9",
    "advise 5 4 --target-prior 0 1": "every probability above zero",
    "advise 5 4 --target-prior -1 2": "every probability above zero",
    "advise 5 4 --target-prior nan 1": "every probability above zero",
    "advise 5 4 --target-prior 1e-300 1": "be 1e-12 or more; that of class 0 is 1e-300",
    "advise 5 4 --target-prior .5 .5 --target natural": "Give one of them",
    "advise 5 4 --natural x": "--natural takes one probability per class",
    "advise 5 4 --natural .5 .6": "must sum to one",
    "advise 5 4 --budget": "expected one argument",
    "advise 5 4 --budget 0": "from 1 to 10**12; 0",
    "advise 5 4 --budget 2.5": "from 1 to 10**12; 2.5",
    "advise 5 4 --budget nan": "from 1 to 10**12; nan",
    "advise 5 4 --budget 1e13": "from 1 to 10**12; 10000000000000.0",
    "advise 5 4 --budget 1,000": "a number is needed, not '1,000'",
    "advise 5 4 --bags-within 0": "a number above zero",
    "advise 5 4 --bags-within -1": "a number above zero",
    "advise 5 4 --bags-within nan": "a number above zero",
    "advise 5 50 --bags-within 1e-300": "a number above zero",
    # claims
    "derive ''": "No claim is called ''",
    "derive scoer": "Did you mean score",
    "derive --latex": "needs a label",
    "derive kish budget": "derive does not take 'budget'",
    "derive kish --check --latex": "not allowed with argument",
    "derive --jobs 2": "derive does not take '--jobs'",
    # studies
    "run": "required: NAME",
    "run ''": "No study is named ''",
    "run ../six_classes": "No study is named '../six_classes'; known are six_classes",
    "run six_classes.py": "No study is named 'six_classes.py'",
    "run six_classes twice": "run does not take 'twice'",
    "run six_classes --jobs": "expected one argument",
    "run six_classes --jobs 0": "a whole number from 1 on is needed, not '0'",
    "run six_classes --jobs -1": "a whole number from 1 on is needed, not '-1'",
    "run six_classes --jobs 1.5": "a whole number from 1 on is needed, not '1.5'",
    "run six_classes --jobs 1000000": "it can be 1,000 at most, not 1000000",
    "run six_classes --reps 0": "a whole number from 2 on is needed, not '0'",
    "run six_classes --reps 1": "a whole number from 2 on is needed, not '1'",
    "run six_classes --reps many": "a whole number from 2 on is needed, not 'many'",
    "run six_classes --reps 1_000": "a whole number from 2 on is needed, not '1_000'",
    "run six_classes --reps 1000000000": "it can be 1,000,000 at most, not 1000000000",
    f"run six_classes --reps {'9' * 5000}": "it can be 1,000,000 at most",
    "run six_classes --timeout": "expected one argument",
    "run six_classes --timeout 0": "a number above 0 is needed, not '0'",
    "run six_classes --timeout -1": "a number above 0 is needed, not '-1'",
    "run six_classes --timeout nan": "a number above 0 is needed, not 'nan'",
    "run six_classes --timeout inf": "a number above 0 is needed, not 'inf'",
    "run six_classes --timeout 1e300": "it can be 1e8 seconds at most, not 1e300",
    "run six_classes --max-errors -1": "a whole number from 0 on is needed, not '-1'",
    f"run six_classes --max-errors {'9' * 5000}": "it can be 1,000,000,000 at most",
    "run six_classes --shard 0/2": "a part such as 2/8, or auto, is needed, not '0/2'",
    "run six_classes --shard 3/2": "a part such as 2/8",
    "run six_classes --shard 1": "a part such as 2/8",
    "run six_classes --shard x/y": "a part such as 2/8",
    f"run six_classes --shard 1/{'9' * 5000}": "a part such as 2/8",
    "run six_classes --shard auto": "auto needs SLURM_ARRAY_TASK_ID",
    "run six_classes --store ''": "the name of a file is needed, not ''",
    "run six_classes --store": "expected one argument",
    "run six_classes --dask ''": "an address such as tcp://HOST:8786 is needed",
    "status": "required: NAME",
    "status six_classes": "There is no store",
    "status six_classes --store .": ". is a folder",
    "status six_classes --store none.sqlite": "There is no store none.sqlite; run the study",
    "status six_classes --target-mcse 0": "a number above 0 is needed, not '0'",
    "status six_classes --target-mcse x": "a number above 0 is needed, not 'x'",
    "status six_classes --target-mcse 1e-400": "a number above 0 is needed, not '1e-400'",
    "export six_classes": "required: --csv",
    "export six_classes --csv": "expected one argument",
    "export six_classes --csv ''": "the name of a file is needed, not ''",
    "export six_classes --csv rows.csv": "There is no store",
    "merge six_classes": "There are no shards of six_classes",
    "merge six_classes --from": "expected at least one argument",
    "merge six_classes --from ''": "the name of a file is needed, not ''",
    "merge six_classes --from none.sqlite": "There is no store none.sqlite",
    "replay six_classes": "required: CELL, REP",
    "replay six_classes one": "required: REP",
    "replay six_classes one x": "a whole number from 0 on is needed, not 'x'",
    "replay six_classes one -1": "a whole number from 0 on is needed, not '-1'",
    f"replay six_classes one {'9' * 5000}": "it can be 1,000,000,000 at most",
    "replay six_classes two 1": "has no cell 'two'; it has 'one'",
    "reproduce six_clases": "No study is named 'six_clases'",
    "reproduce --jobs 0": "a whole number from 1 on is needed, not '0'",
    "reproduce --reps 9": "reproduce does not take '--reps'",
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A folder that looks like a checkout, with one study."""
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "mlbalance").mkdir()
    (folder / "simulations").mkdir()
    (folder / "simulations" / "six_classes.py").write_text(STUDY)
    return folder


@pytest.mark.parametrize("line", WRONG, ids=lambda line: line[:60])
def test_a_wrong_line_is_refused_in_one(checkout, monkeypatch, capsys, line):
    def simulated(*_, **__):
        raise AssertionError("this line is not refused")

    monkeypatch.chdir(checkout)
    monkeypatch.setattr(engine, "run", simulated)
    monkeypatch.setattr(Advice, "text", simulated)
    code = cli.main(shlex.split(line))
    out, err = capsys.readouterr()
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("mlbalance: ") and WRONG[line] in err
    assert "Traceback" not in err and "invalid _" not in err
    assert len(err) < 300 or "Known: " in err  # all claims are listed where none is meant
    assert not any(path.suffix in (".part", ".csv") for path in checkout.rglob("*"))


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("12,500", "12, 500: 512 rows in 2 classes"),
        ("120,340,560", "120, 340, 560: 1,020 rows in 3 classes"),
        ("12,50 300", "12, 50, 300: 362 rows in 3 classes"),
        ("1e9 5.0 +4", "1,000,000,000, 5, 4: 1,000,000,009 rows in 3 classes"),
    ],
)
def test_what_counts_are_read_as_is_said_first(capsys, line, counts):
    assert cli.main(["advise", *line.split()]) == 0
    assert capsys.readouterr().out.startswith(f"Counts  {counts}, numbered from 0.\n")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (PermissionError(13, "Permission denied", "/x"), "mlbalance: /x: Permission denied."),
        (OSError(28, "No space left on device"), "mlbalance: No space left on device."),
        (MemoryError(), "mlbalance: There is not enough memory for this."),
    ],
)
def test_what_the_system_refuses_is_one_line(capsys, monkeypatch, error, line):
    def refuses(*_, **__):
        raise error

    monkeypatch.setattr("mlbalance.advise.advise", refuses)
    assert cli.main(["advise", "3", "4"]) == 2
    assert capsys.readouterr() == ("", f"{line}\n")


# Processes whose surroundings are not as usual


def shell(script, cwd=ROOT, **environment):
    """Exit code, stdout and stderr of a shell script in which $MLBALANCE is the command."""
    done = subprocess.run(
        ["/bin/sh", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={
            **os.environ,
            "MLBALANCE": f"{sys.executable} -m mlbalance",
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "",
            **environment,
        },
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("words", ["--help", "derive", "advise 3 0"])
def test_a_reader_that_never_reads_is_no_error(words):
    _, out, err = shell(f"({{ $MLBALANCE {words}; echo $? >&2; }} | true) 2>&1")
    lines = out.splitlines() + err.splitlines()
    assert lines[-1] in ("0", "1", "2")  # the reader may be gone or not
    assert all(line.startswith("mlbalance: Advice needs") for line in lines[:-1])


@pytest.mark.parametrize(
    ("words", "code", "err"),
    [
        ("advise 3 4 >&-", 1, "mlbalance: Standard output is closed; nothing was printed.\n"),
        ("advise 3 4 2>&-", 0, ""),
        ("advise 3 0 2>&-", 2, ""),
        ("advise 3 4 >/dev/full", 2, "mlbalance: No space left on device.\n"),
        ("derive >/dev/full", 2, "mlbalance: No space left on device.\n"),
    ],
)
def test_streams_that_are_closed_or_full(words, code, err):
    if "/dev/full" in words and not Path("/dev/full").exists():
        pytest.skip("of Linux")
    returned, out, said = shell(f"$MLBALANCE {words}")
    assert (returned, said) == (code, err)
    assert bool(out) == (code == 0)


def test_a_folder_that_was_deleted(tmp_path):
    here = tmp_path / "here"
    here.mkdir()
    code, out, err = shell('rmdir "$PWD"; $MLBALANCE run six_classes', cwd=here)
    assert (code, out) == (2, "")
    assert err == "mlbalance: The current folder was deleted; go to one that is there.\n"


def test_characters_that_cannot_be_shown_are_written_out():
    code, out, err = shell("$MLBALANCE derive loewner", PYTHONIOENCODING="ascii")
    assert (code, err) == (0, "") and out.isascii()


def test_workers_do_without_what_the_command_lacks(checkout):
    code, out, err = shell("$MLBALANCE run six_classes --quick --jobs 2 2>&- <&-", cwd=checkout)
    assert (code, err) == (0, "") and "1 cells x 3 replications, 2 jobs" in out


def test_rows_may_go_down_a_pipe(checkout):
    code, out, err = shell(
        "$MLBALANCE run six_classes --jobs 1 >/dev/null && "
        "$MLBALANCE export six_classes --csv /dev/fd/1",
        cwd=checkout,
    )
    assert code == 0 and err.splitlines()[-1] == "6 rows, /dev/fd/1"
    assert out.startswith("cell,method,ridge,replicate,status,") and out.count("\n") == 7
    code, out, err = shell("$MLBALANCE status six_classes --target-mcse 1e-200", cwd=checkout)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "would take more than 1e+15 replications" in err
