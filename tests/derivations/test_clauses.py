"""What carries a sentence: each clause of a claim has steps, theorems or labels that give its kind.

And each step carries a clause: what supports nothing is not told.
"""

import hashlib
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import sympy as sp

from mlbalance import derivations
from mlbalance.claims import CASES, CLAIMS, CONJECTURE, KINDS, LIMIT, PROVED, Clause
from mlbalance.derivations import Derivation, argued, computed, derive, support

ROOT = Path(__file__).resolve().parents[2]
REFERENCES = set(
    re.findall(
        r"^@\w+\{([^,\s]+),", (ROOT / "mlbalance" / "references.bib").read_text("utf-8"), re.M
    )
)
ORDER = list(KINDS)
every_claim = pytest.mark.parametrize("claim", CLAIMS.values(), ids=list(CLAIMS))


def steps_of(claim):
    """The steps that support clauses of a claim."""
    derivation = derive(claim.label)
    return [derivation.step(key) for clause in claim.clauses for key in clause.by]


@every_claim
def test_a_statement_is_short(claim):
    assert len(claim.statement.split()) <= 50


@every_claim
def test_a_clause_is_of_the_kind_that_its_steps_give(claim):
    for clause in claim.clauses:
        given = support(clause, derive(claim.label))
        if clause.kind in (CASES, CONJECTURE):
            assert ORDER.index(clause.kind) >= ORDER.index(given), clause.text
        else:
            assert clause.kind == given, clause.text
        # A conjecture has been looked at, all else rests on something.
        seen = claim.computed or claim.observed
        assert clause.by or clause.labels or (clause.kind == CONJECTURE and seen)


@every_claim
def test_a_step_carries_a_clause(claim):
    carrying = {key for clause in claim.clauses for key in clause.by}
    steps = derive(claim.label).steps
    assert [step.words for step in steps if step.key not in carrying] == []


def numbers(text):
    """Decimals and numbers of two figures or more, as values; counts and orders are left out."""
    return {float(found) for found in re.findall(r"(?<![\w.])\d*\.\d+|(?<![\w.])\d\d+", text)}


@every_claim
def test_a_number_of_a_clause_is_that_of_a_step(claim):
    """Of its equation, or of the words that say where it is taken."""
    for clause in claim.clauses:
        steps = [derive(claim.label).step(key) for key in clause.by]
        told = set().union(*(numbers(f"{step.words} {step.text}") for step in steps))
        assert numbers(clause.text) <= told, clause.text


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
        steps = [derive(claim.label).step(key) for key in clause.by]
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
        steps = [derive(claim.label).step(key) for key in clause.by]
        for label in rested_on(clause, steps):
            assert order.index(label) < order.index(claim.label)


# A clause and its steps are read together

READ = Path(__file__).with_name("read_together.txt")


@cache
def digests():
    """By label: of the words of its clauses, and of the steps, labels and conditions of each."""
    found = {}
    for label, claim in CLAIMS.items():
        parts = [
            (c.text, c.labels, c.given, [derive(label).step(k).words for k in c.by])
            for c in claim.clauses
        ]
        found[label] = hashlib.sha256(repr(parts).encode()).hexdigest()[:12]
    return found


@every_claim
def test_a_clause_that_was_reworded_was_read_beside_its_steps(claim):
    """No test can tell whether steps carry new words: whoever writes them looks, and says so."""
    known = dict(line.split() for line in READ.read_text("utf-8").splitlines())
    assert known.get(claim.label) == digests()[claim.label], (
        f"Words of {claim.label} or of its steps have changed. Read each clause beside its steps "
        f"(`mlbalance derive {claim.label}`), then run `python tests/derivations/test_clauses.py`."
    )


# The rules themselves


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


def test_a_claim_is_of_the_kind_of_its_weakest_clause():
    clauses = (Clause("A.", ("a",)), Clause("B.", ("b",), kind=CASES), Clause("C.", kind=LIMIT))
    claim = replace(CLAIMS["kish"], clauses=clauses)
    assert claim.kind == CASES
    assert claim.statement == "A. B. C."
    with pytest.raises(ValueError, match="'kish' says nothing"):
        replace(claim, clauses=())
    with pytest.raises(ValueError, match=r"one of the kinds proved, .*; 'certain' was given"):
        Clause("A.", kind="certain")


if __name__ == "__main__":
    READ.write_text("".join(f"{label} {digest}\n" for label, digest in digests().items()), "utf-8")
