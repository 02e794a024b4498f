"""Every claim is proved, and every check can fail."""

import ast
import copy
import re
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest
import sympy as sp

from mlbalance import claims, derivations
from mlbalance.claims import CLAIMS
from mlbalance.derivations import Equation, check_all, derive
from mlbalance.derivations.engine import Derivation
from tests.derivations.refuted import anew

LABELS = [label for label, claim in claims.CLAIMS.items() if claim.derived]


def test_a_label_is_the_name_of_its_proof_and_of_the_module():
    for label, claim in claims.CLAIMS.items():
        name = label.replace("-", "_")
        assert claim.derived == f"mlbalance.derivations.proofs.{name}:{name}"
        assert derive(label).label == label


@pytest.mark.parametrize("label", LABELS)
def test_a_claim_is_proved(label):
    results = derive(label).verify()
    assert [result.step.text for result in results if result.ok is False] == []
    assert any(result.ok for result in results)


def test_check_all_is_of_every_derived_claim(monkeypatch):
    found = check_all(["kish", "cv2"])
    assert list(found) == ["kish", "cv2"]
    assert [ok for _, ok in found["kish"]] == [ok for _, ok in derive("kish").verify()]
    # Every one of them is verified above.
    monkeypatch.setattr(Derivation, "verify", lambda self: [self.label])
    assert check_all() == {label: [label] for label in LABELS}


@pytest.mark.parametrize("label", LABELS)
def test_a_step_is_computed_or_has_a_source(label):
    for step in derive(label).steps:
        assert step.words.endswith((".", ",")), step.words
        if step.kind == "argued":
            assert step.source, step.words
            assert step.verify().ok is None, step.words
        else:
            assert step.source is None, step.words
            assert isinstance(step.equation, Equation), step.words


def test_unknown_labels_and_claims_without_proof_are_refused(monkeypatch):
    with pytest.raises(claims.UnknownLabel, match="Did you mean harmonic"):
        derive("harmonics")
    bare = replace(claims.CLAIMS["kish"], derived=None)
    monkeypatch.setattr(claims, "CLAIMS", claims.catalogue(bare))
    with pytest.raises(ValueError, match=r"'kish' has no derivation\. Origin: Kish 1965\."):
        derive("kish")
    wrong = replace(bare, derived="mlbalance.derivations.proofs.budget:budget")
    monkeypatch.setattr(claims, "CLAIMS", claims.catalogue(wrong))
    with pytest.raises(ValueError, match="proves 'budget', not 'kish'"):
        derive("kish")


# Checks that can fail


def mutants(equation):
    """The same equation, made wrong."""
    lhs, rhs, relation = equation[:3]
    if relation in (">=", ">"):
        yield equation._replace(lhs=-lhs)
    elif relation == "~=":
        places = len(str(rhs).partition(".")[2])
        yield equation._replace(rhs=rhs + sp.Float(10) ** -places)
    elif getattr(rhs, "is_Matrix", False):
        yield equation._replace(rhs=rhs + sp.MatrixSymbol("wrong", *rhs.shape))
    else:
        yield equation._replace(rhs=rhs + 1)
        yield equation._replace(rhs=rhs + sp.Symbol("wrong"))
        if rhs != 0:
            yield equation._replace(rhs=2 * rhs)
            yield equation._replace(rhs=-rhs)


@pytest.mark.slow
@pytest.mark.parametrize("label", LABELS)
def test_a_wrong_equation_fails_its_check(label):
    for step in derive(label).steps:
        if step.kind == "computed":
            wrong = [replace(step, equation=equation) for equation in mutants(step.equation)]
            assert wrong, step.words
            assert [mutant.text for mutant in wrong if mutant.verify().ok] == []


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
    found = {f.name: typed_twice(f.read_text("utf-8")) for f in folder.glob("proofs/*.py")}
    assert len(found) > len(LABELS) and not any(found.values()), found


def test_one_side_typed_twice_is_seen():
    source = (
        "def steps():\n"
        "    whole = Sum(f[k], (k, 1, K))\n"
        "    again = Sum(f[k], (k, 1, K))\n"
        "    return computed('Same.', 2 * whole, 2 * again), computed('Other.', whole, f[1])\n"
    )
    assert typed_twice(source) == ["'Same.'"]


FORMULAS = {
    "score": "score_formula",
    "hessian": "hessian_formula",
    "optimism": "trace_expression",
    "existence": "slope_expression",
    "score-variance": "within",
    "random-totals": "_of_sampler",
    "random-counts": "random_counts_expression",
    "conditional-variance": "_formula",
    "bagging": "average_cv2_expression",
    "disjoint-bags": "disjoint_cv2_expression",
    "harmonic": "harmonic_mean",
    "kish": "effective_size_expression",
    "budget": "_share",
    "intercept-shift": "_claimed_excess",
    "naive-se": "_naive",
    "excess-risk": "_claimed_excess",
    "prior-shift": "_converted_posterior",
    "offset-efficiency": "information",
    "no-loss-at-null": "_overlap",
    "bags-needed": "_needed",
    "balanced-error": "_claimed_expansion",
    "contiguity": "_power_at",
    "second-order": "bias_expression",
    "small-n": "degrees_of_freedom_expression",
    "few-rows": "moderated_variance_expression",
    "argmin-mean": "second_order:bias_expression",
    "owen": "tilted_mean_expression",
    "self-influence": "inflation_expression",
    "ridge-limit": "_signal",
    "flip": "_slope",
    "square-loss": "gain",
    "square-ridge": "_ratio",
    "direction": "square_ridge:_ratio",
    "under-bagging": "bag_variance_expression",
    "calibration-slope": "_slope",
    "overcorrection": "overcorrection_expression",
    "mle-threshold": "_in_letters",
    "max-margin": "mle_threshold:_in_letters",
    "loo-intercept": "scale_expression",
    "bag-envelope": "bag_weight_expression",
    "effective-ridge": "bound_expression",
    "kish-bags": "effective_size_expression",
    "logistic-order": "noise_to_signal_expression",
    "intercept-price": "threshold_variance_expression",
    "smote": "factor_expression",
    "smote-target": "slope_expression",
    "sgd-noise": "weighted_square",
    "sgd-steps": "excess_along",
    "batch-weights": "first_order_expression",
    "training-time": "late_expression",
}
"""The function of its proof, or of another module, whose value is the formula of a label."""


def carried_with(label):
    """Whether every computed step that carries a clause holds, derived anew."""
    derivation, claim = anew(label), CLAIMS[label]
    keys = dict.fromkeys(key for clause in claim.clauses for key in clause.by)
    return all(derivation.step(key).verify().ok is not False for key in keys)


@pytest.mark.parametrize("label", FORMULAS)
def test_a_formula_that_is_doubled_carries_its_clauses_no_more(label, monkeypatch):
    home, _, name = FORMULAS[label].rpartition(":")
    module = import_module(f"mlbalance.derivations.proofs.{home or label.replace('-', '_')}")
    right = getattr(module, name)
    monkeypatch.setattr(module, name, lambda *given, **named: 2 * right(*given, **named))
    assert not carried_with(label)


# Print


@pytest.mark.parametrize("label", LABELS)
def test_a_derivation_prints(label):
    derivation = derive(label)
    assert derivation.scope
    for step in derivation.steps:
        assert step.latex.count("{") == step.latex.count("}")
        assert not re.search(r"_\{[^{}]*\}_", step.latex)
        assert step.text.isascii()
        assert "\\" not in step.text
        assert "@" not in step.text
