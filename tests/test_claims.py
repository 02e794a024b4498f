"""Claims as data: labels, conditions, formulas, witnesses, and what is said of an unknown label."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mlbalance import claims
from mlbalance.claims import CLAIMS, CONDITIONS, SHORT, Claim, Clause, UnknownLabel

ROOT = Path(__file__).resolve().parent.parent

FIRST = [
    "score",
    "hessian",
    "conditional-mean",
    "score-variance",
    "random-totals",
    "cv2",
    "sandwich",
    "loewner",
    "harmonic",
    "kish",
    "budget",
]

every_claim = pytest.mark.parametrize("claim", CLAIMS.values(), ids=list(CLAIMS))


def test_claims_stand_in_reading_order():
    assert [label for label in CLAIMS if label in FIRST] == FIRST


def test_a_label_names_one_claim():
    one = CLAIMS["kish"]
    with pytest.raises(ValueError, match="Two claims are called 'kish'; a label names one claim"):
        claims.catalogue(one, CLAIMS["score"], one)


def test_every_condition_is_used():
    assert {condition for claim in CLAIMS.values() for condition in claim.conditions} == set(
        CONDITIONS
    )


@every_claim
def test_a_claim_is_complete(claim):
    assert claims.get(claim.label) is claim
    assert re.fullmatch(r"[a-z][a-z0-9-]*", claim.label)
    assert claim.statement.endswith(".")
    assert claim.origin
    assert claim.conditions
    assert len(set(claim.conditions)) == len(claim.conditions)


@every_claim
def test_the_conditions_of_a_table_are_those_of_the_claim(claim):
    assert len(claim.condition) <= 90
    ids = {name.replace("-", " ").replace("mle", "MLE"): (name,) for name in CONDITIONS}
    told = [name for word in claim.condition.split(", ") for name in {**ids, **SHORT}[word]]
    assert sorted(told) == sorted(claim.conditions)


def test_every_reference_is_closed_before_the_next():
    """An open brace would have BibTeX swallow what follows; a key does not show it."""
    text = (ROOT / "mlbalance" / "references.bib").read_text("utf-8")
    depth = 0
    for line in text.splitlines():
        assert depth == 0 or not line.startswith("@"), line
        depth += line.count("{") - line.count("}")
        assert depth >= 0, line
    assert depth == 0


@every_claim
def test_what_is_cited_is_in_the_references(claim):
    references = (ROOT / "mlbalance" / "references.bib").read_text("utf-8")
    known = set(re.findall(r"^@\w+\{([^,\s]+),", references, flags=re.M))
    assert set(claim.cites) <= known


def test_an_unknown_condition_is_refused():
    with pytest.raises(ValueError, match="'x' names the unknown condition 'luck'; the known ones"):
        Claim("x", (Clause("X."),), (), ("luck",), "this package")


@every_claim
def test_witnesses_are_there(claim):
    assert set(claim.witnesses) <= {"derived", "computed", "observed"}
    assert claim.witnesses
    for kind, path in claim.witnesses.items():
        if kind == "observed":
            assert (ROOT / path).is_file()
        else:
            assert callable(claims.resolve(path))


@pytest.mark.parametrize(
    "path", sorted((ROOT / "simulations").glob("[a-z]*.py")), ids=lambda path: path.stem
)
def test_a_study_names_the_claims_it_is_a_witness_of_and_records_what_shows_them(path):
    study = importlib.import_module(f"simulations.{path.stem}").STUDY
    place = path.relative_to(ROOT).as_posix()
    assert set(study.observes) == {c.label for c in CLAIMS.values() if c.observed == place}
    assert set(study.observes.values()) <= {column.estimand for column in study.columns}


@pytest.mark.parametrize("path", ["mlbalance.softmax", "simulations/six_classes.py", ":fit", "a:"])
def test_a_path_of_another_form_is_refused(path):
    with pytest.raises(ValueError, match=r"A dotted path is 'package\.module:attribute'; '.*' is"):
        claims.resolve(path)


def test_resolve_follows_attributes():
    assert claims.resolve("mlbalance.claims:Claim.witnesses") is Claim.witnesses


def test_an_unknown_label_says_what_is_close_and_what_is_known():
    with pytest.raises(UnknownLabel) as caught:
        claims.get("lowner")
    message = str(caught.value)
    assert message.startswith("No claim is called 'lowner'. Did you mean loewner? Known: score, ")
    assert all(label in message for label in CLAIMS)
    assert isinstance(caught.value, ValueError)


def test_a_label_like_no_other_gets_no_guess():
    with pytest.raises(UnknownLabel, match=r"^No claim is called 42\. Known: score, hessian"):
        claims.get(42)


def test_claims_load_nothing_but_the_standard_library():
    code = (
        "import sys; before = set(sys.modules); import mlbalance.claims; "
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}; "
        "print(sorted(new - sys.stdlib_module_names - {'mlbalance'}))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert found.stdout.strip() == "[]"
