"""Weights from observed counts when the counts are random (`random-counts`).

Letters: outcome o of the counts, of O, with chance P_o given that every class has a row, and
counts n_ok; class k with target prior tau_k, prior pi_k in the population, mean mu_ka and
covariance V_k of the score; n rows. V stands for one entry of V_k.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, combinations, product
from typing import Any

from sympy import Add, IndexedBase, Rational, S, Sum, Symbol, binomial, prod, symbols

from mlbalance.derivations.engine import Derivation, Step, computed, equal_given
from mlbalance.derivations.proofs.score_variance import within

K, O, rows = symbols("K O n", integer=True, positive=True)
i, k, o, a, b = symbols("i k o a b", integer=True)
size, tau, pi, mu, V, P = (IndexedBase(s) for s in ("n", "tau", "pi", "mu", "V", "P"))
cv, reciprocal = IndexedBase(Symbol("c^2")), IndexedBase("r")

_CERTAIN = {Sum(P[o], (o, 1, O)): S.One}


def random_counts() -> Derivation:
    """Random counts cost no between-class term (label `random-counts`)."""
    steps = (*_no_between_term(), *_reciprocal())
    scope = "symbolic in K and the distribution of the counts; E[1/n_k] listed for K = 3, n = 4"
    return Derivation("random-counts", scope, steps)


def _target_mean(component: Any) -> Any:
    return Sum(tau[k] * mu[k, component], (k, 1, K))


def _no_between_term() -> tuple[Step, ...]:
    given_counts = Sum(tau[k] / size[o, k] * mu[k, a], (i, 1, size[o, k]), (k, 1, K))
    of_counts = {"count": lambda label: size[o, label], "entry": lambda label: V[label]}
    variance = within(lambda label: cv[o, label], **of_counts)
    one, other = _target_mean(a), _target_mean(b)
    square = Sum(P[o] * (variance + one * other), (o, 1, O))
    means = Sum(P[o] * one, (o, 1, O)) * Sum(P[o] * other, (o, 1, O))
    weighted = Sum(P[o] * within(lambda _: S.Zero, **of_counts), (o, 1, O))
    return (
        computed(
            "Given the counts n_ok the mean score is that of the target prior: no count in it.",
            given_counts,
            _target_mean(a),
            name=r"E[\partial_{a} L_{W} \mid o]",
            key="no-count",
            conditions=("unbiased-weights", "fixed-totals", "classes-present"),
        ),
        computed(
            "So the conditional mean does not vary, and the variance is the mean of the J_W that "
            "hold given the counts (label score-variance).",
            square - means,
            Sum(P[o] * variance, (o, 1, O)),
            name=r"\operatorname{Cov}(\partial_{a} L_{W}, \partial_{b} L_{W})",
            check=equal_given(_CERTAIN),
            key="mean-of-variances",
            conditions=("independent-rows",),
        ),
        computed(
            "For class weights only the means of 1/n_k matter.",
            weighted,
            random_counts_expression(lambda label: Sum(P[o] / size[o, label], (o, 1, O))),
            name=r"E (J_{w})_{ab}",
            key="class-weights",
        ),
    )


def _subsets(labels: list[int]) -> Iterator[tuple[int, ...]]:
    return chain.from_iterable(combinations(labels, count) for count in range(len(labels) + 1))


def _all_present(n_classes: int, n_rows: int) -> Any:
    """Chance that every class has a row, by inclusion and exclusion of absent classes."""
    labels = list(range(1, n_classes + 1))
    return Add(
        *(
            (-1) ** len(gone) * (1 - sum(pi[g] for g in gone)) ** n_rows
            for gone in _subsets(labels)
            if len(gone) < n_classes
        )
    )


def _mean_reciprocal(label: int, n_classes: int, n_rows: int) -> Any:
    """E[1/n_k; every class has a row], by inclusion and exclusion of the other classes."""
    others = [g for g in range(1, n_classes + 1) if g != label]
    terms = []
    for gone in _subsets(others):
        rest = S.Zero if len(gone) == len(others) else sum(pi[g] for g in others if g not in gone)
        terms += [
            (-1) ** len(gone) * binomial(n_rows, q) * pi[label] ** q * rest ** (n_rows - q) / q
            for q in range(1, n_rows + 1)
        ]
    return Add(*terms)


def reciprocal_expression(label: int, n_classes: int, n_rows: int) -> Any:
    """E[1/n_k | every class has a row] of n rows with priors pi (K,), for `evaluate`."""
    return _mean_reciprocal(label, n_classes, n_rows) / _all_present(n_classes, n_rows)


def random_counts_expression(
    mean_reciprocal: Callable[[Any], Any] = lambda label: reciprocal[label],
) -> Any:
    """One entry of E J_w, in K, tau, V (K,) and r (K,), the means of 1/n_k, for `evaluate`."""
    return Sum(tau[k] ** 2 * mean_reciprocal(k) * V[k], (k, 1, K))


def _listed(value: Any, n_classes: int, n_rows: int) -> Any:
    """Mean of a value of the counts, over the outcomes in which every class has a row."""
    total = S.Zero
    for labels in product(range(1, n_classes + 1), repeat=n_rows):
        counts = [labels.count(c) for c in range(1, n_classes + 1)]
        if min(counts):
            total += prod([pi[c] for c in labels]) * value(counts)
    return total


def _reciprocal() -> tuple[Step, ...]:
    whole = {pi[3]: 1 - pi[1] - pi[2]}
    return (
        computed(
            "Three classes, four rows: the chance that every class has one, by listing outcomes "
            "and by inclusion and exclusion,",
            _listed(lambda _: S.One, 3, 4).subs(whole),
            _all_present(3, 4).subs(whole),
            name=r"P(n_{1}, n_{2}, n_{3} > 0)",
            key="all-present",
        ),
        computed(
            "and the mean of 1/n_1 where they do; their ratio is the mean given that they do.",
            _listed(lambda counts: Rational(1, counts[0]), 3, 4).subs(whole),
            _mean_reciprocal(1, 3, 4).subs(whole),
            name=r"E[1/n_{1} ; n_{1}, n_{2}, n_{3} > 0]",
            key="reciprocal",
        ),
    )
