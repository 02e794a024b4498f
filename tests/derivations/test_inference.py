"""Derivations of inference: proved, and refuted once a formula is wrong."""

import pytest
import sympy as sp

from mlbalance.derivations import bag_count, contiguity, no_loss, offset, risk, shift
from mlbalance.derivations import population as right
from mlbalance.derivations import standard_errors as errors
from mlbalance.derivations.evaluation import evaluate

DERIVATIONS = {
    "intercept-shift": shift.intercept_shift,
    "naive-se": errors.naive_se,
    "excess-risk": risk.excess_risk,
    "prior-shift": shift.prior_shift,
    "offset-efficiency": offset.offset_efficiency,
    "no-loss-at-null": no_loss.no_loss_at_null,
    "bags-needed": bag_count.bags_needed,
    "balanced-error": risk.balanced_error,
    "bridge": offset.bridge,
    "contiguity": contiguity.contiguity,
}


def failures(derivation):
    return [result.step.words for result in derivation.verify() if result.ok is False]


@pytest.mark.parametrize("label", DERIVATIONS)
def test_a_label_is_proved(label):
    derivation = DERIVATIONS[label]()
    assert derivation.label == label
    assert failures(derivation) == []
    assert sum(step.kind == "computed" for step in derivation.steps) >= 3


def without_outer_product(one, other, prior=right.target):
    p = right.posterior(one, prior)
    return right.density(prior) * p * sp.KroneckerDelta(one, other)


def without_indicator(label, component, prior=right.target):
    return right.posterior(component, prior)


def wrong_posterior(label, prior=right.target):
    """A model that is not right: it has the features' densities squared."""
    scaled = [prior(one) * right.f[one, right.i] ** 2 for one in (label, right.h)]
    return scaled[0] / sp.Sum(scaled[1], (right.h, 1, right.K))


EXCESS_RISK = risk.risk_expression()
WRONG = [
    # label, module, name, what is put in its place, steps that must fail
    ("intercept-shift", shift, "information", without_outer_product, 1),
    ("intercept-shift", right, "residual", without_indicator, 2),
    ("intercept-shift", right, "posterior", wrong_posterior, 2),
    ("intercept-shift", shift, "_moved", lambda k, r: sp.KroneckerDelta(r, k) / right.tau[k], 3),
    (
        "intercept-shift",
        shift,
        "_claimed_excess",
        lambda r, c: sp.KroneckerDelta(r, c) * (1 + shift.cv[r]) / right.n[r],
        1,
    ),
    ("naive-se", right, "residual", without_indicator, 1),
    ("naive-se", right, "posterior", wrong_posterior, 1),
    ("naive-se", errors, "information", without_outer_product, 1),
    ("naive-se", errors, "_naive", errors._variance, 2),
    ("excess-risk", risk, "_claimed_excess", lambda: 2 * EXCESS_RISK, 2),
    (
        "prior-shift",
        shift,
        "_converted_posterior",
        lambda p: p(shift.r) * shift.pi[shift.r] / shift.tau[shift.r],
        1,
    ),
    ("prior-shift", shift, "_by_weights", lambda k: shift.pi[k] / shift.w[k], 2),
    ("offset-efficiency", offset, "information", without_outer_product, 4),
    ("offset-efficiency", right, "posterior", wrong_posterior, 5),
    ("offset-efficiency", offset, "_data", lambda k: offset.q[k] ** 2, 4),
    ("no-loss-at-null", no_loss, "_overlap", lambda at=no_loss.x: sp.exp(-(at**2)) / 3, 8),
    ("bags-needed", bag_count, "_needed", lambda: bag_count.rho / bag_count.eps, 2),
    ("bridge", offset, "_on_the_way", lambda k: right.tau[k] ** (1 - offset.g), 2),
    ("bridge", right, "posterior", wrong_posterior, 1),
    ("contiguity", contiguity, "_break_even", lambda: contiguity.r, 2),
    ("contiguity", contiguity, "KNOWN", {contiguity._mean(contiguity.d[contiguity.i] ** 2): 1}, 5),
    ("contiguity", contiguity, "_power_at", lambda size: contiguity._cdf(size), 3),
]


@pytest.mark.parametrize(
    ("label", "module", "name", "wrong", "number"),
    WRONG,
    ids=[f"{label}-{name.strip('_')}" for label, _, name, *_ in WRONG],
)
def test_a_wrong_formula_fails(monkeypatch, label, module, name, wrong, number):
    monkeypatch.setattr(module, name, wrong)
    assert len(failures(DERIVATIONS[label]())) == number


@pytest.mark.parametrize("key", ["column", "column-offset", "class-means", "class-means-offset"])
def test_class_means_of_influence_functions_are_each_held_against_what_they_are(key):
    """Either side alone: both wrong alike would fail twice."""
    step = offset.offset_efficiency().step(key)
    assert step.verify().ok
    assert not step.check(step.equation.lhs, 2 * step.equation.rhs)
    assert not step.check(2 * step.equation.lhs, step.equation.rhs)


@pytest.mark.parametrize("half_too_much", [True, False])
def test_an_expansion_without_its_bias_or_its_half_fails(monkeypatch, half_too_much):
    a, b, p = risk.a, risk.b, risk.p
    square = sp.Sum(risk.B[a, b] * risk.cov[a, b], (a, 1, p), (b, 1, p))
    linear = sp.Sum(risk.G[a] * risk.mean[a], (a, 1, p))
    wrong = linear + square if half_too_much else square / 2
    monkeypatch.setattr(risk, "_claimed_expansion", lambda: wrong)
    (failed,) = failures(risk.balanced_error())
    assert failed.startswith("In the mean, with bias m and covariance C")


def test_a_prior_that_is_not_the_rows_own_spoils_the_information_identity():
    """Scores of a weighted fit: their mean square at the rows' prior is not its Hessian."""
    known = {"K": 2, "f": [[0.2], [0.7]], "tau": [0.5, 0.5], "q": [0.9, 0.1], "i": 1}
    product = right.residual(right.k, right.r) * right.residual(right.k, right.c)
    rows = right.over_classes(offset.q[right.k] * right.f[right.k, right.i] * product)
    own, other = (
        float(evaluate(form, r=1, c=1, **known))
        for form in (rows, right.information(right.r, right.c))
    )
    assert abs(own / other - 1) > 0.1
    same = float(evaluate(right.outer(right.r, right.c), r=1, c=1, **known))
    assert same == pytest.approx(other, rel=1e-13)
