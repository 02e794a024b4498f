"""Sampling that accepts surprising rows more often: local case-control (`lcc`).

Letters: p the probability of a case given x, right and equal to the pilot's; a row is accepted
with probability min(1, c |y - p|) and then weighs max(1, c |y - p|); h_1, h_0 are these weights of
a case and a control. Everything is a mean over x of a number times z z', z = (1, x).
"""

from __future__ import annotations

from typing import Any

from sympy import Max, Min, Rational, S, limit, symbols

from mlbalance.derivations.engine import Derivation, Step, argued, computed

p, c, h1, h0 = symbols("p c h_1 h_0", positive=True)
g, u = symbols("g u", nonnegative=True)
HALF = Rational(1, 2)

CASE, CONTROL = p * c * (1 - p), (1 - p) * c * p
"""Weight that reaches the fit from cases and controls at x."""
FACTOR = (h1 + h0) / c
"""Claimed factor of p (1 - p) z z' between two inverse informations."""


def lcc() -> Derivation:
    """Covariance of local case-control sampling over that of all rows (label `lcc`)."""
    steps = (*_weights(), *_moments(), _limit(), *_bounds())
    return Derivation("lcc", "two classes; symbolic in p, c and d", steps)


def lcc_expressions() -> dict[str, Any]:
    """Factors of z z' in p, c, h_1, h_0: Hessian and variance of the score, per row."""
    return {"hessian": _hessian(), "variance": _variance()}


def _hessian() -> Any:
    return (CASE + CONTROL) * HALF * (1 - HALF)


def _variance() -> Any:
    return CASE * h1 * (1 - HALF) ** 2 + CONTROL * h0 * HALF**2


def _weights() -> tuple[Step, ...]:
    over, under = 1 + g, 1 - g
    return (
        computed(
            "Acceptance times weight is c |y - p|, whether that is above one, 1 + g,",
            Min(1, over) * Max(1, over),
            over,
            name=r"\min(1, c |y - p|) \max(1, c |y - p|)",
            key="over",
        ),
        computed(
            "or below, 1 - g.",
            Min(1, under) * Max(1, under),
            under,
            name=r"\min(1, c |y - p|) \max(1, c |y - p|)",
            key="under",
        ),
        computed(
            "So cases and controls weigh the same at every x: with minus the pilot's logit as "
            "offset the truth fits one half.",
            CASE / (CASE + CONTROL),
            HALF,
            name=r"P(\text{case} \mid x, \text{accepted})",
            key="half",
        ),
        computed(
            "The score given x has mean zero there.",
            CONTROL * HALF - CASE * (1 - HALF),
            S.Zero,
            name=r"E[s \mid x]",
            key="score",
        ),
    )


def _moments() -> tuple[Step, ...]:
    return (
        computed(
            "Factor of z z' in the Hessian.",
            _hessian(),
            c * p * (1 - p) / 2,
            name="A(x)",
            key="hessian",
        ),
        computed(
            "In the variance of the score, accepted rows having the squares of their weights, "
            "h_1^2 and h_0^2.",
            _variance(),
            c * p * (1 - p) * (h1 + h0) / 4,
            name="J(x)",
            key="variance",
        ),
        computed(
            "Over the square of the Hessian's share of the information p (1 - p) z z'.",
            _variance() / (_hessian() / (p * (1 - p))) ** 2,
            FACTOR * p * (1 - p),
            name=r"J(x)/(A(x)/(p (1 - p)))^{2}",
            key="factor",
        ),
    )


def _limit() -> Step:
    return argued(
        "Covariance for a correctly specified model and a pilot that is consistent and independent "
        "of the data.",
        r"I^{-1} E[p (1 - p) (h_{1} + h_{0})/c \cdot z z'] I^{-1}/n",
        "Fithian and Hastie 2014",
        key="covariance",
        cites=("fithian2014",),
        conditions=(
            "correctly-specified",
            "no-ridge",
            "independent-rows",
            "first-order",
            "mle-exists",
            "consistent-pilot",
        ),
        limit=True,
    )


def _bounds() -> tuple[Step, ...]:
    larger = 1 + g
    bound = 1 + 1 / c
    both = (bound - FACTOR).subs(h1, c - h0)
    one = (bound - FACTOR).subs({h1: c * (1 - u), h0: 1})
    none = (bound - FACTOR).subs({h1: 1, h0: 1})
    short_of = r"1 + 1/c - \text{ratio}"
    return (
        computed(
            "c up to 1: no weight exceeds one.",
            FACTOR.subs({h1: 1, h0: 1}),
            2 / c,
            name=r"\text{ratio}",
            key="below-one",
        ),
        computed(
            "Exactly 2 at c = 1.",
            FACTOR.subs({h1: 1, h0: 1, c: 1}),
            S(2),
            name=r"\text{ratio}",
            key="at-one",
        ),
        computed(
            "c above 1, both weights above one: they sum to c.",
            both,
            1 / c,
            name=short_of,
            key="both-above",
        ),
        computed(
            "One of them, u the smaller of p and 1 - p.", one, u, name=short_of, key="one-above"
        ),
        computed(
            "None, c = 1 + g.", none.subs(c, larger), g / larger, name=short_of, key="none-above"
        ),
        computed(
            "None of the three is negative, so 1 + 1/c bounds the ratio for c from 1 on.",
            1 / larger + u + g / larger,
            relation=">=",
            name=r"1 + 1/c - \text{ratio}",
            key="bound",
        ),
        computed(
            "And is reached by rare cases.",
            limit((c * (1 - p) + 1) / c, p, 0),
            bound,
            name=r"[p \to 0] \text{ratio}",
            key="reached",
        ),
    )
