"""What a run of the checks has shown, in words."""

from dataclasses import replace

import sympy as sp

from mlbalance import claims, derivations
from mlbalance.claims import CLAIMS, Clause
from mlbalance.derivations import argued, computed, derive
from mlbalance.derivations.engine import Derivation, tally
from mlbalance.workspace.reproduce import check_proofs


def test_the_tally_counts_steps_and_kinds(monkeypatch):
    steps = (
        computed("Once.", sp.S(1), sp.S(1)),
        computed("Twice.", sp.S(1), sp.S(2)),
        argued("Said.", "a", "a book", cites=("kish1965",), limit=True),
        argued("Seen.", "a", "the steps before"),
    )
    results = {"kish": Derivation("kish", "all", steps).verify()}
    monkeypatch.setattr(
        claims, "CLAIMS", {"kish": replace(CLAIMS["kish"], clauses=(Clause("A.", ("a",)),))}
    )
    assert list(tally.lines(results)) == [
        "1 of 2 computed steps hold",
        "1 steps rest on cited theorems, 1 of them on limits or approximations; "
        "1 on earlier labels or words",
        "1 labels: 1 proved",
    ]
    assert tally.verdict("kish", results["kish"]) == "FAILED at step 2 of 4 steps"
    assert tally.verdict("kish", results["kish"][:1]) == "proved: 1 step, all computed"


def test_reproduce_says_what_holds_and_not_that_labels_are_proved(monkeypatch):
    said: list[str] = []
    results = {"kish": derive("kish").verify()}
    monkeypatch.setattr(derivations, "check_all", lambda: results)
    assert check_proofs(said.append)
    assert said == [f"  {line}" for line in tally.lines(results)]
    wrong = computed("One is two.", sp.S(1), sp.S(2)).verify()
    monkeypatch.setattr(derivations, "check_all", lambda: {"kish": [wrong]})
    assert not check_proofs(said.append)
    out = "\n".join(said)
    assert "kish has a step that does not hold" in out
    assert "0 of 1 computed steps hold" in out
