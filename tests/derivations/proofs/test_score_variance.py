"""Label score-variance: refuted, and by listing scores and weights."""

from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import prod

import sympy as sp

from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs import cv2, score_variance
from mlbalance.derivations.proofs.random_totals import total_covariance_expressions
from tests.derivations.refuted import failures


def test_a_variance_without_the_noise_of_the_weights_fails(monkeypatch):
    k, K = score_variance.k, score_variance.K
    wrong = sp.Sum(
        score_variance.tau[k] ** 2 * score_variance.V[k, score_variance.a, score_variance.b],
        (k, 1, K),
    )
    monkeypatch.setattr(score_variance, "within", lambda _: wrong)
    assert len(failures("score-variance")) == 1


def test_correlated_scores_fail(monkeypatch):
    moments = score_variance._SCORES
    common = replace(moments, product=lambda one, other: moments.product(one, other) + 1)
    monkeypatch.setattr(score_variance, "_SCORES", common)
    assert len(failures("score-variance")) == 2


COUNTS, PRIOR = (1, 3), (Fraction(1, 4), Fraction(3, 4))


SCORES = ((Fraction(1), Fraction(4)), (Fraction(-2), Fraction(3)))
"""Two equally likely scores of a row, by class."""


def score_letters():
    mu = [sum(values) / 2 for values in SCORES]
    V = [((high - low) / 2) ** 2 for low, high in SCORES]
    letters = {"K": 2, "a": 1, "b": 1, "n": COUNTS, "tau": PRIOR}
    return {**letters, "mu": [[m] for m in mu], "V": [[[v]] for v in V]}


def listed_variance(outcomes):
    """Variance of the weighted score when `outcomes` lists (chance, weights of the four rows)."""
    classes = [0, *[1] * 3]
    totals = [Fraction(0)] * 3
    for scores in product(*(SCORES[label] for label in classes)):
        for chance, row_weights in outcomes:
            value = sum(w * s for w, s in zip(row_weights, scores, strict=True))
            totals = [t + chance * value**power for power, t in enumerate(totals)]
    return totals[2] / totals[0] - (totals[1] / totals[0]) ** 2


def test_score_variance_of_an_undersample():
    rows = [
        (Fraction(1), (PRIOR[0], *(PRIOR[1] * (r == kept) for r in range(3)))) for kept in range(3)
    ]
    zero = [[0, 0], [0, 0]]
    expected = evaluate(
        score_variance.score_variance_expression(), **score_letters(), C=zero, **{"c^2": (0, 2)}
    )
    assert expected == sp.Rational(listed_variance(rows))


def test_score_variance_of_the_sampler_has_random_totals():
    n_draws = 2
    chances = [PRIOR[0], *[PRIOR[1] / 3] * 3]
    rows = [
        (
            prod(chances[row] for row in drawn),
            [Fraction(drawn.count(row), n_draws) for row in range(4)],
        )
        for drawn in product(range(4), repeat=n_draws)
    ]
    of_sampler = total_covariance_expressions()["balanced sampler"]
    pairs = [[{"k": r, "l": s, "tau": PRIOR, "N": n_draws} for s in (1, 2)] for r in (1, 2)]
    C = [[evaluate(of_sampler, **letters) for letters in row] for row in pairs]
    squared, _ = cv2.cv2_expressions()["balanced sampler"]
    c2 = [
        evaluate(squared, n_k=n_k, tau_k=p, N=n_draws) for n_k, p in zip(COUNTS, PRIOR, strict=True)
    ]
    expected = evaluate(
        score_variance.score_variance_expression(), **score_letters(), C=C, **{"c^2": c2}
    )
    assert expected == sp.Rational(listed_variance(rows))
