"""Label random-totals: covariances of totals by listing."""

from fractions import Fraction
from itertools import product

import pytest
import sympy as sp

from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs.random_totals import total_covariance_expressions
from tests.derivations.listing import bernoulli

COUNTS, PRIOR = (1, 3), (Fraction(1, 4), Fraction(3, 4))


@pytest.mark.parametrize("name", ["thin", "known population weights"])
def test_covariance_of_totals_by_listing(name):
    pi, q = (Fraction(2, 5), Fraction(3, 5)), (Fraction(1, 2), Fraction(2, 3))
    if name == "thin":
        size = {"n": COUNTS, "q": q}
        kept = [list(bernoulli(q[c], COUNTS[c])) for c in (0, 1)]
        outcomes = [
            (one * two, [PRIOR[0] * sum(a) / (q[0] * 1), PRIOR[1] * sum(b) / (q[1] * 3)])
            for (one, a), (two, b) in product(*kept)
        ]
    else:
        size = {"n": 3, "pi": pi}
        outcomes = [
            (chance, [PRIOR[c] * labels.count(c) / (3 * pi[c]) for c in (0, 1)])
            for chance, labels in bernoulli(pi[1], 3)
        ]
    expression = total_covariance_expressions()[name]
    for r, s in product((0, 1), repeat=2):
        mean = [sum(chance * totals[c] for chance, totals in outcomes) for c in (r, s)]
        both = sum(chance * totals[r] * totals[s] for chance, totals in outcomes)
        found = evaluate(expression, k=r + 1, l=s + 1, tau=PRIOR, **size)
        assert found == sp.Rational(both - mean[0] * mean[1])
