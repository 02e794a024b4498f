"""What make is told, and what it refuses: seen in what it would run."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not on the path")


def make(*words):
    """`make WORDS`, alone: what a make around the tests was told is not for it."""
    told = ("MAKE", "MFLAGS", "PYTHON", "QUICK", "PIN", "JOBS", "ARGS", "VENV")
    env = {name: value for name, value in os.environ.items() if not name.startswith(told)}
    return subprocess.run(
        ["make", *words], capture_output=True, text=True, check=False, cwd=ROOT, env=env
    )


def would(*words):
    """Exit code, last line that would be run, and lines on stderr of `make WORDS`."""
    done = make("-n", *words)
    return done.returncode, done.stdout.strip().rpartition("\n")[2], done.stderr.splitlines()


@pytest.mark.parametrize("given", ["QUICK=1", "QUICK=yes", "QUICK=true"])
def test_quick_is_quick(given):
    assert would("reproduce", given)[1].split()[1:] == ["reproduce", "--quick"]


@pytest.mark.parametrize("given", ["QUICK=", "QUICK=0", "QUICK=no", "QUICK=false"])
def test_not_quick_is_not(given):
    assert would("reproduce", given)[1].split()[1:] == ["reproduce"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("QUICK=maybe", 'QUICK is 1, yes or true, or 0, no, false or nothing; "maybe" was given.'),
        ("PIN=2", 'PIN is 1, yes or true, or 0, no, false or nothing; "2" was given.'),
        ("PYTHON=", 'There is no interpreter ""; mlbalance needs Python 3.11 or newer'),
        ("PYTHON=pyton3", 'There is no interpreter "pyton3"; mlbalance needs Python 3.11'),
    ],
)
def test_what_is_none_is_refused_in_one_line(given, message):
    code, out, err = would("test", given)
    assert (code, out, len(err)) == (2, "", 1)
    assert message in err[0]


def test_the_folder_of_the_tests_is_not_made_but_tested():
    assert would("tests") == would("test")
    assert "-m pytest" in would("tests")[1]


@pytest.mark.parametrize("folder", ["mlbalance", "build"])
def test_a_folder_is_not_done_already(folder):
    assert f"{folder} is a folder" in would(folder)[1]


def test_help_fits_eighty_columns():
    lines = make("help").stdout.splitlines()
    assert lines and max(map(len, lines)) <= 80
