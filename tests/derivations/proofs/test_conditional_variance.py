"""Label conditional-variance: refuted, and by listing."""

from fractions import Fraction
from itertools import product
from math import prod

import pytest
import sympy as sp

from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs import conditional_variance
from tests.derivations.listing import COUNTS, SCORES, TAU, undersamples, variance, weighted
from tests.derivations.refuted import failures


@pytest.mark.parametrize("name", ["_square", "_pair"])
def test_a_wrong_divisor_fails(monkeypatch, name):
    right, n = getattr(conditional_variance, name), conditional_variance.n
    if name == "_square":
        monkeypatch.setattr(conditional_variance, name, lambda k: right(k) * (n[k] - 1) / n[k])
        assert len(failures("conditional-variance")) == 3
    else:

        def wrong(label, totals):
            square, apart = right(label, totals)
            return square, apart * (n[label] - 1) / n[label]

        monkeypatch.setattr(conditional_variance, name, wrong)
        assert len(failures("conditional-variance")) == 4


def class_moments():
    for scores in SCORES:
        mean = sum(scores) / len(scores)
        yield mean, sum((s - mean) ** 2 for s in scores) / (len(scores) - 1)


def test_the_noise_of_an_undersample_by_listing():
    means, squares = zip(*class_moments(), strict=True)
    letters = {"K": 2, "a": 1, "b": 1, "n": COUNTS, "tau": TAU, "C": [[0, 0], [0, 0]]}
    letters |= {"S": [[[s]] for s in squares], "m": [[m] for m in means], "c^2": (0, 1)}
    found = evaluate(conditional_variance.conditional_variance_expression(), **letters)
    assert found == sp.Rational(variance(map(weighted, undersamples())))


def test_the_noise_of_thinning_by_listing():
    """Rows kept by chance q and not renormalised: totals are random."""
    q, total = Fraction(1, 3), [Fraction(0)] * 3
    for kept in product((0, 1), repeat=sum(COUNTS)):
        chance = prod(q if row else 1 - q for row in kept)
        rows = (kept[: COUNTS[0]], kept[COUNTS[0] :])
        of_class = zip(COUNTS, TAU, rows, strict=True)
        value = weighted([[tau / (q * n) * row for row in r] for n, tau, r in of_class])
        total = [t + chance * value**power for power, t in enumerate(total)]
    means, squares = zip(*class_moments(), strict=True)
    of_totals = [tau**2 * (1 - q) / (q * n) for n, tau in zip(COUNTS, TAU, strict=True)]
    letters = {"K": 2, "a": 1, "b": 1, "n": COUNTS, "tau": TAU}
    letters |= {"C": [[of_totals[0], 0], [0, of_totals[1]]], "c^2": [1 / q - 1] * 2}
    letters |= {"S": [[[s]] for s in squares], "m": [[m] for m in means]}
    found = evaluate(conditional_variance.conditional_variance_expression(), **letters)
    assert found == sp.Rational(total[2] - total[1] ** 2)
