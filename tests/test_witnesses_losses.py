"""Where the witnesses meet, for other losses: what is proved is what is computed."""

import numpy as np
import pytest

from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs.focal import force_expression, slope_expression
from mlbalance.derivations.proofs.margin_losses import link_expression, odds_expression
from mlbalance.losses import LDAM, Focal
from mlbalance.populations import symmetric
from mlbalance.theory import (
    focal_log_odds,
    focal_optimum,
    focal_slope,
    margin_log_odds,
    margin_optimum,
    margin_threshold,
)

LOGITS = (-2.5, -0.3, 0.0, 1.1)


def share(t):
    return 1 / (1 + np.exp(-t))


@pytest.mark.parametrize("g", [0.5, 2.0])
def test_focal(g):
    """Log-odds by the derived force; and where the linear logits of two Gaussians tie in them.

    Their weighted forces have means of zero at the optimum, in both coefficients.
    """

    def force(q):
        return float(evaluate(force_expression(), g=g, q=float(q)))

    for t in LOGITS:
        q = share(t)
        derived = np.log(q / force(q)) - np.log((1 - q) / force(1 - q))
        assert focal_log_odds(t, g) == pytest.approx(derived, rel=1e-12, abs=1e-13)
        z = np.array([-t / 2, t / 2])
        fitted = Focal(g).log_probabilities(z)
        assert fitted[1] - fitted[0] == pytest.approx(derived, rel=1e-12, abs=1e-13)
    slope = float(evaluate(slope_expression(), g=g))
    assert focal_slope(g) == pytest.approx(slope, rel=1e-13)
    population = symmetric(2, 1, 1.5)
    theta = focal_optimum(population, g).theta
    total = 0.0
    for sign, (points, mass) in zip((-1, 1), population.rule(160), strict=True):
        near = mass > 1e-20
        Z = np.column_stack([np.ones(near.sum()), points[near]])
        q = share(sign * (Z @ theta))
        total = total + sign * (mass[near] * [force(own) for own in q] * (1 - q)) @ Z
    np.testing.assert_allclose(total, 0, atol=1e-10)


@pytest.mark.parametrize("margins", [(0.2, 0.5), (3.0, 0.1)])
def test_margin_losses(margins):
    """Odds and log-odds by the derived link; the optimum has means of zero of the forces."""
    kept = np.exp(-np.array(margins))

    def link(q, k):
        return float(evaluate(link_expression(), q=float(q), a=float(kept[k])))

    for t in LOGITS:
        derived = np.log(link(share(t), 1)) - np.log(link(share(-t), 0))
        assert margin_log_odds(t, margins) == pytest.approx(derived, rel=1e-12, abs=1e-13)
    odds = float(evaluate(odds_expression(), D_0=margins[0], D_1=margins[1]))
    assert margin_threshold(margins) == pytest.approx(odds, rel=1e-13)
    assert 0.5 < odds < 2
    own, z = LDAM(0.5), np.log([0.2, 0.3, 0.5])
    kept = np.exp(-own.margins((40, 10, 5)))
    derived = np.array([link(q, k) for k, q in enumerate(np.exp(z))])
    fitted = np.exp(own.log_probabilities(z, (40, 10, 5)))
    np.testing.assert_allclose(fitted, derived / derived.sum(), rtol=1e-12)
    population, prior = symmetric(2, 1, 1.5), (0.8, 0.2)
    theta = margin_optimum(population, margins, prior).theta
    total = 0.0
    for k, (points, mass) in enumerate(population.rule(160)):
        Z, sign = np.column_stack([np.ones(len(points)), points]), 2 * k - 1
        total = total + sign * prior[k] * (mass * share(margins[k] - sign * (Z @ theta))) @ Z
    np.testing.assert_allclose(total, 0, atol=1e-10)
