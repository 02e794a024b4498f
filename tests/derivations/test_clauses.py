"""What carries a sentence: each clause of a claim has steps, theorems or labels that give its kind.

A step that supports nothing may be told for the reader; a clause that nothing supports may not.
"""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import sympy as sp

from mlbalance import claims, derivations
from mlbalance.claims import (
    CASES,
    CLAIMS,
    CONJECTURE,
    KINDS,
    LIMIT,
    PROVED,
    Clause,
    proportional,
    rare,
)
from mlbalance.derivations import Derivation, argued, computed, derive, support, tally

ROOT = Path(__file__).resolve().parents[2]
REFERENCES = set(
    re.findall(
        r"^@\w+\{([^,\s]+),", (ROOT / "mlbalance" / "references.bib").read_text("utf-8"), re.M
    )
)
ORDER = list(KINDS)
PENDING = frozenset(c.label for m in (rare, proportional) for c in m.CLAIMS)
"""Labels whose clauses are not written yet."""

SETTLED = [claim for claim in CLAIMS.values() if claim.label not in PENDING]
DERIVATIONS = {claim.label: derive(claim.label) for claim in SETTLED}
every_claim = pytest.mark.parametrize("claim", SETTLED, ids=[claim.label for claim in SETTLED])


def steps_of(claim):
    """The steps that support clauses of a claim."""
    derivation = DERIVATIONS[claim.label]
    return [derivation.step(key) for clause in claim.clauses for key in clause.by]


@every_claim
def test_a_statement_is_short(claim):
    assert len(claim.statement.split()) <= 50


@every_claim
def test_a_clause_is_of_the_kind_that_its_steps_give(claim):
    for clause in claim.clauses:
        given = support(clause, DERIVATIONS[claim.label])
        if clause.kind in (CASES, CONJECTURE):
            assert ORDER.index(clause.kind) >= ORDER.index(given), clause.text
        else:
            assert clause.kind == given, clause.text
        # A conjecture has been looked at, all else rests on something.
        assert clause.by or clause.labels or (clause.kind == CONJECTURE and claim.observed)


@every_claim
def test_the_formula_is_that_of_steps(claim):
    formula = derivations.formula(claim.label)
    assert formula
    assert "$" not in formula
    assert formula.count("{") == formula.count("}")
    named = [key for clause in claim.clauses for key in clause.by]
    assert set(claim.formula) <= set(named), "a formula is the equation of a step that is needed"


@every_claim
def test_what_an_argued_step_rests_on_is_there(claim):
    """Its theorem is in the references and in the claim's citations, with what it assumes."""
    for step in steps_of(claim):
        if step.kind == "argued":
            assert step.cites or step.labels, step.words
            assert set(step.cites) <= REFERENCES
            assert set(step.cites) <= set(claim.cites)
            assert step.conditions or step.labels, step.words


@every_claim
def test_the_conditions_of_steps_and_labels_are_those_of_the_claim(claim):
    """Or the clause names them in its own words. A model that is right is also any model."""
    for clause in claim.clauses:
        steps = [DERIVATIONS[claim.label].step(key) for key in clause.by]
        used = {condition for step in steps for condition in step.conditions}
        for label in rested_on(clause, steps):
            used |= set(CLAIMS[label].conditions)
        assert used - {"any-model"} <= {*claim.conditions, *clause.given}, clause.text


def rested_on(clause, steps):
    return {*clause.labels, *(label for step in steps for label in step.labels)}


@every_claim
def test_a_claim_rests_on_earlier_ones(claim):
    order = list(CLAIMS)
    for clause in claim.clauses:
        steps = [DERIVATIONS[claim.label].step(key) for key in clause.by]
        for label in rested_on(clause, steps):
            assert order.index(label) < order.index(claim.label)


# The laws themselves


def test_the_support_of_a_clause():
    one = computed("Once.", sp.S(1) + sp.Symbol("a"), sp.Symbol("a") + 1, key="sum")
    exact = argued("Said.", "a", "a book", key="book", cites=("kish1965",))
    limit = argued("Tends.", "a", "a book", key="limit", cites=("kish1965",), limit=True)
    proof = Derivation("kish", "all", (one, exact, limit))
    assert support(Clause("A.", ("sum",)), proof) == PROVED
    assert support(Clause("A.", ("sum", "book")), proof) == PROVED
    assert support(Clause("A.", ("sum", "limit")), proof) == LIMIT
    assert support(Clause("A."), proof) == CONJECTURE
    weakest = CLAIMS["flip"].kind
    assert support(Clause("A.", ("sum",), labels=("flip",)), proof) == weakest
    with pytest.raises(ValueError, match=r"No step of 'kish' has the key 'su'\. Known: sum, book"):
        support(Clause("A.", ("su",)), proof)


def test_a_key_names_one_step():
    step = computed("Once.", sp.S(1), sp.S(1), key="one")
    with pytest.raises(ValueError, match="Two steps of 'kish' have the key 'one'"):
        Derivation("kish", "all", (step, step))


def test_a_computed_step_rests_on_its_check_alone():
    step = computed("Once.", sp.S(1), sp.S(1))
    for field in ({"cites": ("kish1965",)}, {"labels": ("kish",)}, {"limit": True}):
        with pytest.raises(ValueError, match="rests on nothing but its check"):
            replace(step, **field)


def test_a_claim_is_of_the_kind_of_its_weakest_clause():
    clauses = (Clause("A.", ("a",)), Clause("B.", ("b",), kind=CASES), Clause("C.", kind=LIMIT))
    claim = replace(CLAIMS["kish"], clauses=clauses)
    assert claim.kind == CASES
    assert claim.statement == "A. B. C."
    with pytest.raises(ValueError, match="'kish' says nothing"):
        replace(claim, clauses=())
    with pytest.raises(ValueError, match=r"one of the kinds proved, .*; 'certain' was given"):
        Clause("A.", kind="certain")


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
