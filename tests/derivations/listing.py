"""Schemes and rows by listing all outcomes in exact fractions."""

from fractions import Fraction
from itertools import combinations, product
from math import prod


def spread(outcomes):
    """The same from pairs of a chance, up to a factor, and a value."""
    total = sum(chance for chance, _ in outcomes)
    mean = sum(chance * value for chance, value in outcomes) / total
    return sum(chance * value**2 for chance, value in outcomes) / total / mean**2 - 1


def bernoulli(q, trials):
    """Chance of each pattern of independent events of chance q."""
    for pattern in product((0, 1), repeat=trials):
        yield prod((q if event else 1 - q) for event in pattern), pattern


COUNTS, TAU, KEPT = (2, 4), (Fraction(1, 3), Fraction(2, 3)), 2


SCORES = ((Fraction(3), Fraction(-1)), (Fraction(2), Fraction(5), Fraction(-4), Fraction(1)))


def undersamples():
    """Weights (rows of class 0, rows of class 1) of all undersamples, equally likely."""
    for kept in product(*(combinations(range(n), KEPT) for n in COUNTS)):
        yield [
            [tau / KEPT * (row in rows) for row in range(n)]
            for n, tau, rows in zip(COUNTS, TAU, kept, strict=True)
        ]


def weighted(weights):
    return sum(
        w * s for ws, ss in zip(weights, SCORES, strict=True) for w, s in zip(ws, ss, strict=True)
    )


def variance(values):
    values = list(values)
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values) / len(values)
