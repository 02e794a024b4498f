"""Label lcc: refuted, and factors as sums over the outcomes of a row."""

import pytest

from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs import lcc
from tests.derivations.refuted import failures


def mutated(monkeypatch, module, name, wrong):
    assert getattr(module, name) != wrong
    monkeypatch.setattr(module, name, wrong)


def test_weights_that_do_not_undo_the_acceptance_fail(monkeypatch):
    assert failures("lcc") == []
    mutated(monkeypatch, lcc, "CASE", lcc.p * (1 - lcc.p))
    assert len(failures("lcc")) == 5


def test_a_bound_below_the_sharp_one_fails(monkeypatch):
    wrong = (lcc.h1 + lcc.h0 + 1) / lcc.c
    mutated(monkeypatch, lcc, "FACTOR", wrong)
    assert len(failures("lcc")) >= 5


@pytest.mark.parametrize("c", [0.5, 1.0, 1.3, 2.5, 40.0])
@pytest.mark.parametrize("p", [0.003, 0.4, 0.9])
def test_local_sampling_factors_are_sums_over_the_outcomes_of_a_row(c, p):
    hessian = variance = 0.0
    for chance, away in ((p, 1 - p), (1 - p, p)):
        accepted, weight = min(1, c * away), max(1, c * away)
        hessian += chance * accepted * weight / 4
        variance += chance * accepted * weight**2 / 4
    letters = {"p": p, "c": c, "h_1": max(1, c * (1 - p)), "h_0": max(1, c * p)}
    derived = {k: float(evaluate(v, **letters)) for k, v in lcc.lcc_expressions().items()}
    assert hessian == pytest.approx(derived["hessian"], rel=1e-13)
    assert variance == pytest.approx(derived["variance"], rel=1e-13)
    ratio = variance * p * (1 - p) / hessian**2
    assert ratio <= max(1 + 1 / c, 2 / c) + 1e-12
