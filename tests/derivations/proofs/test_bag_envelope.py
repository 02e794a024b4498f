"""Label bag-envelope: refuted, and the loss of a row by minimising envelopes at numbers."""

import numpy as np
import pytest
import sympy as sp
from scipy import optimize, special

from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs import bag_envelope
from tests.derivations.equations import MASS, NODES
from tests.derivations.refuted import failures

OMEGA, CHANCE = np.array([0.0, 1.0, 2.5]), np.array([0.6, 0.3, 0.1])


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("bag_weight_expression", lambda: bag_envelope.kept),
        ("second_order_expression", lambda loss: -bag_envelope.variance * loss**2),
    ],
)
def test_a_wrong_formula_fails(monkeypatch, name, wrong):
    monkeypatch.setattr(bag_envelope, name, wrong)
    assert len(failures("bag-envelope")) == 1


def envelope(loss, out, move):
    """Moreau envelope by minimisation, and where the minimum is."""
    found = optimize.minimize_scalar(
        lambda t: loss(t) + (t - out) ** 2 / (2 * move),
        bracket=(out - 1, out + 1),
        options={"xtol": 1e-12},
    )
    return found.fun, found.x


def logistic(t):
    return np.logaddexp(0, -t)


def averaged(out, move, spread):
    """Mean of the bags' envelopes over weights and spread."""
    values = [
        [
            envelope(lambda t, w=w: w * logistic(t), out + np.sqrt(spread) * z, move)[0]
            for z in NODES
        ]
        for w in OMEGA
    ]
    return CHANCE @ np.array(values) @ MASS


def pull_of(out, move, spread):
    """G, by bisection for the margins of rows in the bags."""
    at = out + np.sqrt(spread) * NODES
    low, high = np.tile(at, (3, 1)), at + move * OMEGA[:, None]
    for _ in range(60):
        middle = (low + high) / 2
        above = middle > at + move * OMEGA[:, None] * special.expit(-middle)
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return CHANCE @ (OMEGA[:, None] * special.expit(-high)) @ MASS


@pytest.mark.parametrize(("move", "spread"), [(0.4, 0.2), (5.0, 3.0), (40.0, 0.5)])
def test_the_mean_of_the_envelopes_is_that_of_one_convex_loss(move, spread):
    """L is put together from its slope, then its own envelope is minimised."""
    out = np.linspace(-6, 6, 241)
    pulls = np.array([pull_of(o, move, spread) for o in out])
    t = out + move * pulls
    assert (np.diff(t) > 0).all() and (np.diff(pulls) < 0).all()
    loss = np.concatenate([[0.0], np.cumsum(-(pulls[1:] + pulls[:-1]) / 2 * np.diff(t))])
    for at, other in ((80, 120), (120, 160)):
        own = [np.min(loss + (t - out[place]) ** 2 / (2 * move)) for place in (at, other)]
        bags = [averaged(out[place], move, spread) for place in (at, other)]
        assert own[1] - own[0] == pytest.approx(bags[1] - bags[0], abs=2e-4)


def test_the_loss_to_first_order():
    """Twice as small a step leaves a quarter of what the first order leaves."""
    mean = float(CHANCE @ OMEGA)
    variance = float(CHANCE @ OMEGA**2) - mean**2
    l = sp.log(1 + sp.exp(-bag_envelope.o))
    slope = bag_envelope.second_order_expression(l).diff(bag_envelope.o)

    def left(size):
        out, move, spread = 0.3, 0.8 * size, 0.5 * size
        pull = pull_of(out, move, spread)
        t = out + move * pull
        first = float(
            slope.subs(
                {
                    bag_envelope.o: t,
                    bag_envelope.mean: mean,
                    bag_envelope.variance: variance,
                    bag_envelope.move: move,
                    bag_envelope.spread: spread,
                }
            )
        )
        return -pull - (-mean * special.expit(-t) + first)

    coarse, fine = left(0.02), left(0.01)
    assert coarse / fine == pytest.approx(4, rel=0.1)
    assert abs(fine) < 1e-3


def test_the_harmonic_weight_of_an_undersample():
    """1/(1 + a S) is the mean of 1/(1 + omega S)."""
    a = float(evaluate(bag_envelope.bag_weight_expression(), pi=0.2, S=7.0))
    assert 1 / (1 + a * 7) == pytest.approx(0.8 + 0.2 / 8, rel=1e-14)
