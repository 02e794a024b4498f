"""What carries a sentence: each clause of a claim has steps, theorems or labels that give its kind.

A step that supports nothing may be told for the reader; a clause that nothing supports may not.
"""

import ast
import copy
import hashlib
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import sympy as sp

from mlbalance import claims, derivations, reproduce
from mlbalance.claims import (
    CASES,
    CLAIMS,
    CONJECTURE,
    KINDS,
    LIMIT,
    PROVED,
    Clause,
)
from mlbalance.derivations import (
    Derivation,
    allocation,
    argued,
    bag_count,
    bags,
    calibration,
    computed,
    conditional,
    contiguity,
    convexity,
    crossing,
    derive,
    efficiency,
    firth,
    left_out,
    likelihood,
    margins,
    no_loss,
    offset,
    optimism,
    overlap,
    random_counts,
    risk,
    second_order,
    self_influence,
    separation,
    shift,
    small_n,
    square_loss,
    square_ridge,
    standard_errors,
    strong_ridge,
    support,
    tally,
    tilting,
    totals,
    variance,
)

ROOT = Path(__file__).resolve().parents[2]
REFERENCES = set(
    re.findall(
        r"^@\w+\{([^,\s]+),", (ROOT / "mlbalance" / "references.bib").read_text("utf-8"), re.M
    )
)
ORDER = list(KINDS)
proof = cache(derive)
every_claim = pytest.mark.parametrize("claim", CLAIMS.values(), ids=list(CLAIMS))


def steps_of(claim):
    """The steps that support clauses of a claim."""
    derivation = proof(claim.label)
    return [derivation.step(key) for clause in claim.clauses for key in clause.by]


@every_claim
def test_a_statement_is_short(claim):
    assert len(claim.statement.split()) <= 50


@every_claim
def test_a_clause_is_of_the_kind_that_its_steps_give(claim):
    for clause in claim.clauses:
        given = support(clause, proof(claim.label))
        if clause.kind in (CASES, CONJECTURE):
            assert ORDER.index(clause.kind) >= ORDER.index(given), clause.text
        else:
            assert clause.kind == given, clause.text
        # A conjecture has been looked at, all else rests on something.
        assert clause.by or clause.labels or (clause.kind == CONJECTURE and claim.observed)


def numbers(text):
    """Decimals and numbers of two figures or more, as values; counts and orders are left out."""
    return {float(found) for found in re.findall(r"(?<![\w.])\d*\.\d+|(?<![\w.])\d\d+", text)}


@every_claim
def test_a_number_of_a_clause_is_that_of_a_step(claim):
    """Of its equation, or of the words that say where it is taken."""
    for clause in claim.clauses:
        steps = [proof(claim.label).step(key) for key in clause.by]
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
        steps = [proof(claim.label).step(key) for key in clause.by]
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
        steps = [proof(claim.label).step(key) for key in clause.by]
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
            (c.text, c.labels, c.given, [proof(label).step(k).words for k in c.by])
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


# Both sides of a step


class _WrittenOut(ast.NodeTransformer):
    """Local names that are given one value in a function, as that value."""

    def __init__(self, function):
        assigned = [node for node in ast.walk(function) if isinstance(node, ast.Assign)]
        self.values = {}
        for node in assigned:
            for target in node.targets:
                if isinstance(target, ast.Name):
                    self.values.setdefault(target.id, []).append(node.value)
        self.inside = 0

    def visit_Name(self, node):
        values = self.values.get(node.id, ())
        if len(values) != 1 or self.inside > 8:
            return node
        self.inside += 1
        found = self.visit(copy.deepcopy(values[0]))
        self.inside -= 1
        return found


def typed_twice(source):
    """Words of the computed steps whose two sides are one expression, typed twice."""
    found = []
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef):
            continue
        for node in ast.walk(function):
            called = isinstance(node, ast.Call) and getattr(node.func, "id", None)
            if called == "computed" and len(node.args) >= 3:
                sides = [_WrittenOut(function).visit(copy.deepcopy(s)) for s in node.args[1:3]]
                if ast.unparse(sides[0]) == ast.unparse(sides[1]):
                    found.append(ast.unparse(node.args[0]))
    return found


def test_no_step_is_one_side_typed_twice():
    folder = Path(derivations.__file__).parent
    assert {f.name: typed_twice(f.read_text("utf-8")) for f in folder.glob("*.py")} == {
        f.name: [] for f in folder.glob("*.py")
    }


def test_one_side_typed_twice_is_seen():
    source = (
        "def steps():\n"
        "    whole = Sum(f[k], (k, 1, K))\n"
        "    again = Sum(f[k], (k, 1, K))\n"
        "    return computed('Same.', 2 * whole, 2 * again), computed('Other.', whole, f[1])\n"
    )
    assert typed_twice(source) == ["'Same.'"]


FORMULAS = {
    "score": (likelihood, "score_formula"),
    "hessian": (convexity, "hessian_formula"),
    "optimism": (optimism, "trace_expression"),
    "existence": (separation, "slope_expression"),
    "score-variance": (variance, "within"),
    "random-totals": (totals, "_of_sampler"),
    "random-counts": (random_counts, "random_counts_expression"),
    "conditional-variance": (conditional, "_formula"),
    "bagging": (bags, "average_cv2_expression"),
    "disjoint-bags": (bags, "disjoint_cv2_expression"),
    "harmonic": (efficiency, "_harmonic_mean"),
    "kish": (efficiency, "effective_size_expression"),
    "budget": (allocation, "_share"),
    "intercept-shift": (shift, "_claimed_excess"),
    "naive-se": (standard_errors, "_naive"),
    "excess-risk": (risk, "_claimed_excess"),
    "prior-shift": (shift, "_converted_posterior"),
    "offset-efficiency": (offset, "information"),
    "no-loss-at-null": (no_loss, "_overlap"),
    "bags-needed": (bag_count, "_needed"),
    "balanced-error": (risk, "_claimed_expansion"),
    "contiguity": (contiguity, "_power_at"),
    "second-order": (second_order, "bias_expression"),
    "small-n": (small_n, "degrees_of_freedom_expression"),
    "argmin-mean": (second_order, "bias_expression"),
    "owen": (tilting, "tilted_mean_expression"),
    "self-influence": (self_influence, "inflation_expression"),
    "ridge-limit": (strong_ridge, "_signal"),
    "flip": (crossing, "_slope"),
    "square-loss": (square_loss, "gain"),
    "square-ridge": (square_ridge, "_ratio"),
    "direction": (square_ridge, "_ratio"),
    "under-bagging": (overlap, "bag_variance_expression"),
    "calibration-slope": (calibration, "_slope"),
    "overcorrection": (calibration, "overcorrection_expression"),
    "mle-threshold": (margins, "_in_letters"),
    "max-margin": (margins, "_in_letters"),
    "loo-intercept": (left_out, "scale_expression"),
}
"""The function whose value is the formula of a label, where there is one."""


def carried_with(label):
    """Whether every computed step that carries a clause holds, derived anew."""
    derivation, claim = derive(label), CLAIMS[label]
    keys = dict.fromkeys(key for clause in claim.clauses for key in clause.by)
    return all(derivation.step(key).verify().ok is not False for key in keys)


@pytest.mark.parametrize("label", FORMULAS)
def test_a_formula_that_is_doubled_carries_its_clauses_no_more(label, monkeypatch):
    module, name = FORMULAS[label]
    right = getattr(module, name)
    monkeypatch.setattr(module, name, lambda *given, **named: 2 * right(*given, **named))
    assert not carried_with(label)


@pytest.mark.parametrize("label", ["second-order", "argmin-mean"])
def test_a_bias_of_another_sign_is_not_that_of_the_expansion(label, monkeypatch):
    right, third = second_order.bias_expression, second_order.third
    monkeypatch.setattr(second_order, "bias_expression", lambda *given: -right(*given))
    assert not derive(label).step("bias").verify().ok
    curved = third[second_order.b, second_order.c, second_order.f]
    monkeypatch.setattr(
        second_order,
        "bias_expression",
        lambda *given: right(*given).xreplace({curved: -2 * curved}),
    )
    assert not derive(label).step("bias").verify().ok
    monkeypatch.setattr(second_order, "bias_expression", right)
    assert derive(label).step("bias").verify().ok


@pytest.mark.parametrize(
    ("name", "wrong"), [("KAPPA", 1), ("KAPPA", 0), ("_HALF", -1), ("_HALF", 1)]
)
def test_another_penalty_than_firths_leaves_another_bias(name, wrong, monkeypatch):
    assert [step.words for step in firth.steps() if step.verify().ok is False] == []
    monkeypatch.setattr(firth, name, sp.Integer(wrong))
    (failed,) = (step.key for step in firth.steps() if step.verify().ok is False)
    assert failed in claims.get("second-order").clauses[2].by


def test_reproduce_says_what_holds_and_not_that_labels_are_proved(capsys, monkeypatch):
    results = {"kish": derive("kish").verify()}
    monkeypatch.setattr(derivations, "check_all", lambda: results)
    assert reproduce._proofs() == 0
    assert capsys.readouterr().out.splitlines() == [f"  {line}" for line in tally.lines(results)]
    wrong = computed("One is two.", sp.S(1), sp.S(2)).verify()
    monkeypatch.setattr(derivations, "check_all", lambda: {"kish": [wrong]})
    assert reproduce._proofs() == 1
    out = capsys.readouterr().out
    assert "kish has a step that does not hold" in out
    assert "0 of 1 computed steps hold" in out


if __name__ == "__main__":
    READ.write_text("".join(f"{label} {digest}\n" for label, digest in digests().items()), "utf-8")
