"""Without the extras advice works, and what needs one says which."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from mlbalance.extras import EXTRAS, MissingExtraError, require

ROOT = Path(__file__).resolve().parent.parent
WITHOUT = f"""
import sys
for name in {sorted(EXTRAS)}:
    sys.modules[name] = None  # importing it raises, as if it were not there
"""


def run(code: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT + code], capture_output=True, text=True, check=False
    )


def command(*words: str) -> subprocess.CompletedProcess:
    return run(f"from mlbalance.cli import main; sys.exit(main({list(words)}))")


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_numpy_and_scipy_are_all_that_is_needed():
    assert [name.partition(">")[0] for name in project()["dependencies"]] == ["numpy", "scipy"]


def test_every_library_is_in_the_extra_that_is_named():
    of_library = {"sklearn": "scikit-learn", "imblearn": "imbalanced-learn"}
    extras = project()["optional-dependencies"]
    for module, extra in EXTRAS.items():
        names = [need.partition(">")[0] for need in extras[extra]]
        assert of_library.get(module, module) in names
    (everything,) = extras["all"]
    assert set(everything.partition("[")[2].rstrip("]").split(",")) == set(EXTRAS.values())


@pytest.mark.parametrize(
    "words",
    [
        ("advise", "23", "5", "44", "14", "19", "31"),
        ("advise", "450", "50", "--features", "20", "--separation", "2"),
        ("derive",),
        ("derive", "--json", "cv2"),
        ("--help",),
    ],
    ids=" ".join,
)
def test_advice_needs_no_extra(words):
    done = command(*words)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("derive", "cv2"), "SymPy, which is not installed: pip install 'mlbalance[proofs]'"),
        (("run", "bridge", "--quick"), "which is not installed: pip install 'mlbalance[studies]'"),
    ],
    ids=["derive", "run"],
)
def test_what_needs_an_extra_says_which(words, line):
    done = command(*words)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert line in done.stderr


def test_an_estimator_without_scikit_learn_says_what_to_install():
    done = run("from mlbalance.estimators import SoftmaxClassifier")
    assert done.returncode == 1
    assert "mlbalance.estimators needs scikit-learn" in done.stderr.splitlines()[-1]


def test_what_is_there_is_not_missed():
    require("Everything", "sklearn", "sympy")
    with pytest.raises(KeyError, match="nothing_of_this_name"):
        require("It", "nothing_of_this_name")


def test_a_missing_extra_is_an_import_error():
    assert issubclass(MissingExtraError, ImportError)
