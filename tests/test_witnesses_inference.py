"""Where the witnesses of inference meet: derived expressions at numbers, and what computes them."""

import numpy as np
import pytest
import sympy

from mlbalance import claims, softmax
from mlbalance.corrections import prior_shift
from mlbalance.derivations import derive
from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs._population import information, outer, residual, share
from mlbalance.derivations.proofs.bags_needed import bags_expression
from mlbalance.derivations.proofs.balanced_error import expansion_expression
from mlbalance.derivations.proofs.bridge import bridge_expression
from mlbalance.derivations.proofs.contiguity import power_expression
from mlbalance.derivations.proofs.excess_risk import risk_expression
from mlbalance.derivations.proofs.intercept_shift import excess_expression
from mlbalance.derivations.proofs.naive_se import naive_expression
from mlbalance.derivations.proofs.no_loss_at_null import loss_expression
from mlbalance.derivations.proofs.prior_shift import posterior_expression
from mlbalance.populations import Gaussian, Rule, symmetric
from mlbalance.schemes import Bagging, ClassWeight, Undersample, Unweighted
from mlbalance.theory import (
    BalancedError,
    bags_needed,
    balanced_error,
    balanced_error_excess,
    bridge_covariance,
    bridge_prior,
    contiguity_power,
    covariance,
    excess_risk,
    intercept_excess,
    loss_gap,
    moments,
    offset_covariance,
    separation_loss,
    variance_ratio,
)
from tests.witnesses import PRIOR, random_moments

COUNTS = np.array([12, 5, 31])
SHARES = COUNTS / COUNTS.sum()


def right_model(seed=1, size=6, d=2):
    """Three classes on a few points whose softmax is right at PRIOR: densities, points, theta."""
    rng = np.random.default_rng(seed)
    points, theta = rng.normal(size=(size, d)), rng.normal(size=(3, 1 + d))
    p = np.exp(softmax.log_probabilities(softmax.logits(theta, points)))
    joint = rng.dirichlet(np.ones(size))[:, None] * p
    theta[:, 0] += np.log(np.array(PRIOR) / joint.sum(axis=0))
    f = joint / joint.sum(axis=0)
    return [Rule(points, mass) for mass in f.T], theta


def letters(rule, **more):
    """Values of the letters of `population`; the feature a = 1 is the intercept's."""
    x = np.column_stack([np.ones(len(rule[0].points)), rule[0].points])
    f = np.stack([r.weights for r in rule])
    known = {"K": 3, "N": f.shape[1], "f": f.tolist(), "x": x.tolist(), "tau": list(PRIOR)}
    return {**known, "n": COUNTS.tolist(), **more}


def summed(expression, rule, **more):
    """Matrix (K, q, K, q) of a derived pointwise form in classes r and c, over the points."""
    known = letters(rule, **more)
    z = np.array(known["x"])
    size = len(z)
    at = np.empty((3, 3, size))
    for r, c, i in np.ndindex(3, 3, size):
        at[r, c, i] = float(evaluate(expression, r=r + 1, c=c + 1, i=i + 1, **known))
    return np.einsum("rci,ia,ib->racb", at, z, z)


def on_contrasts(form):
    return form[1:, :, 1:, :].reshape(6, 6)


r, c = sympy.symbols("r c", integer=True)


@pytest.mark.parametrize(
    "scheme", [ClassWeight(prior=PRIOR), Undersample(4, prior=PRIOR)], ids=repr
)
def test_intercept_shift(scheme):
    """Derived entries, the closed form, and the covariances of a correctly specified model."""
    rule, theta = right_model()
    m = moments(rule, theta, PRIOR)
    robust, design = (covariance(m, scheme, COUNTS, kind) for kind in ("robust", "design"))
    computed = intercept_excess(COUNTS, 2, scheme)
    cv2 = scheme.moments(COUNTS).cv2.tolist()
    derived = np.array(
        [
            [
                float(
                    evaluate(excess_expression(), r=a, c=b, q=1, n=COUNTS.tolist(), **{"c^2": cv2})
                )
                for b in (2, 3)
            ]
            for a in (2, 3)
        ]
    )
    np.testing.assert_allclose(computed[::3, ::3], derived, rtol=1e-13)
    np.testing.assert_allclose(robust - design, computed, atol=1e-12 * np.trace(robust))


def test_naive_se():
    """The reported share of the variance, and the identity behind the unweighted case."""
    population = Gaussian(np.zeros((3, 1)), np.eye(1))
    m = moments(population.rule(3), population.theta(PRIOR), PRIOR)
    scheme, a = ClassWeight(prior=PRIOR), np.array([0, 1, 0, -1.0])
    model, design = (covariance(m, scheme, COUNTS, kind) for kind in ("model", "design"))
    known = {"K": 3, "tau": PRIOR, "n": COUNTS.tolist()}
    derived = float(evaluate(naive_expression(), k=2, l=3, **known))
    assert (a @ model @ a) / (a @ design @ a) == pytest.approx(derived, rel=1e-12)
    rule, theta = right_model()
    m = moments(rule, theta, PRIOR)
    np.testing.assert_allclose(on_contrasts(summed(outer(r, c), rule)), m.hessian, atol=1e-13)
    own = on_contrasts(summed(information(r, c), rule))
    np.testing.assert_allclose(own, m.hessian, atol=1e-13)


def test_excess_risk():
    """The derived trace at any matrices; J_W is put together here from its label's formula."""
    m, scheme = random_moments(np.random.default_rng(2)), Undersample(4, prior=PRIOR)
    within = np.array(PRIOR) ** 2 * (1 + scheme.moments(COUNTS).cv2) / COUNTS
    values = {"A": m.hessian, "J_W": np.tensordot(within, m.score_cov, axes=1)}
    sized = risk_expression().subs(sympy.Symbol("p", integer=True, positive=True), 4)
    symbols = sized.atoms(sympy.MatrixSymbol)
    derived = sized.subs({s: sympy.ImmutableMatrix(values[s.name]) for s in symbols}).doit()
    assert excess_risk(m, scheme, COUNTS) == pytest.approx(float(derived), rel=1e-12)
    assert loss_gap(m, scheme, COUNTS) == pytest.approx(2 * float(derived), rel=1e-12)


def test_prior_shift():
    rng = np.random.default_rng(3)
    z, elsewhere = rng.normal(size=(5, 3)), (0.6, 0.1, 0.3)
    for row in z:
        p = np.exp(softmax.log_probabilities(row)).tolist()
        computed = np.exp(softmax.log_probabilities(prior_shift(row, PRIOR, elsewhere)))
        for k in range(3):
            known = {"K": 3, "r": k + 1, "p": p, "tau": PRIOR, "pi": elsewhere}
            derived = float(evaluate(posterior_expression(), **known))
            assert computed[k] == pytest.approx(derived, rel=1e-13)


def test_offset_efficiency():
    """The derived covariance of the difference of influence functions is that of covariances."""
    rule, theta = right_model()
    tau, q = np.array(PRIOR), SHARES
    at = theta.copy()
    at[:, 0] += np.log(q / tau)
    known = letters(rule, q=q.tolist())
    A, B = (np.linalg.inv(moments(rule, t, p).hessian) for t, p in ((theta, tau), (at, q)))
    z, total = np.array(known["x"]), np.zeros((6, 6))
    k = sympy.Symbol("k", integer=True)
    for one, point in np.ndindex(3, len(z)):
        place = {"k": one + 1, "i": point + 1, **known}
        score, own = (
            np.array([float(evaluate(residual(k, other, by), **place)) for other in (2, 3)])
            for by in (lambda label: sympy.IndexedBase("tau")[label], share)
        )
        phi = -A @ np.kron(score, z[point]) * tau[one] / q[one]
        psi = -B @ np.kron(own, z[point])
        total += q[one] * rule[one].weights[point] * np.outer(phi - psi, phi - psi)
    weighted = covariance(moments(rule, theta, tau), ClassWeight(prior=PRIOR), COUNTS)
    computed = weighted - offset_covariance(rule, theta, COUNTS, PRIOR)
    np.testing.assert_allclose(computed, total / COUNTS.sum(), atol=1e-12 * np.trace(weighted))
    own = derive("offset-efficiency").step("own").equation.rhs
    of_rows = on_contrasts(summed(own, rule, q=q.tolist()))
    shifted = summed(own, rule, q=q.tolist(), tau=q.tolist())
    np.testing.assert_allclose(of_rows, on_contrasts(shifted), rtol=1e-12)
    np.testing.assert_allclose(np.linalg.inv(of_rows), B, rtol=1e-8)


@pytest.mark.parametrize("separation", [0.3, 1.0, 2.5])
def test_no_loss_at_null(separation):
    s = sympy.Symbol("s", positive=True)
    derived = float(loss_expression().subs(s, sympy.Rational(separation)).evalf(10))
    assert separation_loss(separation) == pytest.approx(derived, rel=1e-8)


def test_no_loss_at_null_for_any_counts():
    population = Gaussian(np.zeros((3, 2)), np.eye(2))
    rule, theta = population.rule(3), population.theta(PRIOR)
    weighted = covariance(moments(rule, theta, PRIOR), ClassWeight(prior=PRIOR), COUNTS)
    unweighted = offset_covariance(rule, theta, COUNTS, PRIOR)
    np.testing.assert_allclose(weighted, unweighted, atol=1e-14 * np.trace(weighted))


@pytest.mark.parametrize("eps", [0.5, 0.07, 0.01])
def test_bags_needed(eps):
    ratio = variance_ratio(COUNTS, Undersample())
    derived = float(evaluate(bags_expression(), rho=ratio, epsilon=eps))
    assert bags_needed(ratio, eps) == np.ceil(derived)
    for bags in (2, 7):
        averaged = variance_ratio(COUNTS, Bagging(Undersample(), bags))
        assert float(evaluate(bags_expression(), rho=ratio, epsilon=averaged - 1)) == (
            pytest.approx(bags, rel=1e-12)
        )


def test_balanced_error():
    rng = np.random.default_rng(4)
    at = BalancedError(0.2, rng.normal(size=3), rng.normal(size=(3, 3)))
    cov, bias = rng.normal(size=(3, 3)), rng.normal(size=3)
    known = {"G": at.gradient.tolist(), "B": at.hessian.tolist(), "m": bias.tolist()}
    derived = float(evaluate(expansion_expression(), p=3, C=cov.tolist(), **known))
    assert balanced_error_excess(at, cov, bias) == pytest.approx(derived, rel=1e-12)


@pytest.mark.parametrize("half", [0.3, 1.0])
def test_balanced_error_of_two_gaussians(half):
    """The gradient is zero, and the curvature in the intercept has a closed form."""
    population = symmetric(2, 1, 2 * half)
    at = balanced_error(population, population.theta())
    density = np.exp(-(half**2) / 2) / np.sqrt(2 * np.pi)
    assert at.hessian[0, 0] == pytest.approx(density * half / (2 * half) ** 2, rel=1e-12)
    assert np.abs(at.gradient).max() < 1e-15
    assert np.abs(at.hessian[1]).max() < 1e-15


@pytest.mark.parametrize("g", [0.0, 0.4, 1.0])
def test_bridge(g):
    """The derived prior of the bridge; its covariance is weighting to it, at shifted intercepts."""
    known = {"K": 3, "tau": PRIOR, "n": COUNTS.tolist(), "g": g}
    derived = np.array([float(evaluate(bridge_expression(), k=k, **known)) for k in (1, 2, 3)])
    np.testing.assert_allclose(bridge_prior(COUNTS, g, PRIOR), derived, rtol=1e-13)
    rule, theta = right_model()
    at = theta.copy()
    at[:, 0] += np.log(derived / PRIOR)
    own = on_contrasts(summed(information(r, c), rule, tau=derived.tolist()))
    m = moments(rule, at, derived)
    np.testing.assert_allclose(m.hessian, own, atol=1e-13)
    expected = covariance(m, ClassWeight(prior=tuple(derived)), COUNTS)
    computed = bridge_covariance(rule, theta, COUNTS, g, PRIOR)
    np.testing.assert_allclose(computed, expected, rtol=1e-10)
    if g == 0:
        unweighted = covariance(m, Unweighted(), COUNTS)
        np.testing.assert_allclose(computed, unweighted, rtol=1e-10)


@pytest.mark.parametrize("correlation", [1.0, 0.4])
@pytest.mark.parametrize("level", [0.05, 0.01])
def test_contiguity(level, correlation):
    derived = float(evaluate(power_expression(), alpha=level, r=correlation).evalf())
    assert contiguity_power(level, correlation) == pytest.approx(derived, rel=1e-12)


@pytest.mark.parametrize("without", ["difference in counts", "slopes"])
def test_contiguity_needs_fits_that_differ(without):
    """Equal counts, or no slopes: omega is zero and no departure favours one."""
    assert "least-favourable" in claims.CLAIMS["contiguity"].conditions
    slope = 0.0 if without == "slopes" else 1.0
    counts = np.array([900, 100] if without == "slopes" else [500, 500])
    points = np.linspace(-3, 3, 13)[:, None]
    p = 1 / (1 + np.exp(-slope * points[:, 0]))
    density = np.exp(-(points[:, 0] ** 2) / 2)
    rule = [Rule(points, f / f.sum()) for f in (density * (1 - p), density * p)]
    theta = np.array([[0.0, -slope / 2], [0.0, slope / 2]])
    weighted = covariance(moments(rule, theta), ClassWeight(), counts)
    np.testing.assert_allclose(weighted, offset_covariance(rule, theta, counts), atol=1e-12)
