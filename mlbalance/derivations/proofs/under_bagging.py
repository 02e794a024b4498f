"""Two undersamples of one data set, and the mean of many (`under-bagging`).

Letters: logits of two fits in a new row have variance sigma_k^2 q each and covariance sigma_k^2 r;
pi_k is the chance that a row of class k of one bag is in another; e_kj >= 0 are the squared Hermite
coefficients of the pull g; Q_m and A are parts of the equation of q that bags do not change.
"""

from __future__ import annotations

from typing import Any

from sympy import Function, KroneckerDelta, S, Sum, Symbol, limit, oo, symbols

from mlbalance.derivations.engine import Derivation, Step, argued, computed, equal_given

q, r, own, noise = symbols("q r Q_m A", positive=True)
kept, size = symbols("m n_k", positive=True)
K, bags = symbols("K B", integer=True, positive=True)
a, l, k = symbols("a l k", integer=True)
j = Symbol("j", integer=True, nonnegative=True)
share, pi, sigma = (Function(name, positive=True) for name in ("rho", "pi", "sigma"))
lost, coefficient = Function("s", nonnegative=True), Function("e", nonnegative=True)


def bag_variance_expression() -> Any:
    """Variance of the mean of B logits over sigma_k^2, in q, r and B."""
    return q / bags + (1 - 1 / bags) * r


def under_bagging() -> Derivation:
    """Overlap of two undersamples and the mean of B (label `under-bagging`)."""
    scope = "symbolic in B and K; the equation of r for two classes, whose pulls are scalars"
    steps = (*_shared(), *_ends(), *_one_root(), *_difference(), *_mean())
    return Derivation("under-bagging", scope, steps)


def _over_classes(term: Any) -> Any:
    return Sum(share(k) * sigma(k) ** 2 * term, (k, 1, K))


def _right(correlation: Any, chance: Any) -> Any:
    """Right side of the equation of r."""
    series = Sum(coefficient(k, j) * correlation**j, (j, 0, oo))
    return own + noise * _over_classes(chance * series)


def _shared() -> tuple[Step, ...]:
    return (
        computed(
            "Two draws of m rows of n_k without replacement: the chance of a row of one to be in "
            "the other. For the rarest class, which is kept whole, it is one.",
            (kept / size) ** 2 / (kept / size),
            kept / size,
            name=r"\pi_{k}",
            key="shared",
        ),
        argued(
            "The fits have m, b, q and V in common. Their noise is common where rows are in both "
            "bags, by the product of the two pulls of such a row; neither fit responds to rows of "
            "the other.",
            r"r = Q_{m} + A \sum_{k} \rho_{k} \pi_{k} \sigma_{k}^{2} E_{k}[g(o_{a}) g(o_{b})]",
            "Takahashi 2024, by the replica method; Koriyama et al. 2024 and Bellec and Koriyama "
            "2024 prove it for overlapping subsamples in regression",
            key="equation",
            cites=("takahashi2024", "koriyama2024", "bellec2024"),
            conditions=("proportional", "convex-margin", "positive-ridge", "independent-bags"),
            limit=True,
        ),
        argued(
            "o_a and o_b are jointly normal with correlation r/q: a power series in it, without "
            "negative coefficients.",
            r"E_{k}[g(o_{a}) g(o_{b})] = \sum_{j} e_{kj} (r/q)^{j}",
            "Mehler's formula; Szego 1939",
            key="mehler",
            cites=("szego1939",),
            conditions=("proportional",),
        ),
    )


def _ends() -> tuple[Step, ...]:
    squares = Sum(coefficient(k, j), (j, 0, oo))
    variance = own + noise * _over_classes(squares)
    gap = noise * _over_classes(lost(k) * squares)
    return (
        computed(
            "Bags that share all rows, pi_k = 1, have r = q: E g^2 is the sum of the e_kj. With "
            "pi_k = 1 - s_k the right side f is below q there by what they do not share.",
            variance - _right(S.One, 1 - lost(k)),
            gap,
            name="q - f(q)",
            key="not-shared",
        ),
        computed(
            "That is not negative, and positive where some rows are lost and pulls are not zero,",
            gap,
            relation=">=",
            key="below",
        ),
        computed(
            "and f(0) is positive, as e_k0, the squared mean of a pull, is.",
            _right(S.Zero, pi(k)).doit(),
            own + noise * _over_classes(pi(k) * coefficient(k, 0)),
            name="f(0)",
            key="start",
        ),
    )


def _one_root() -> tuple[Step, ...]:
    x = Symbol("x", positive=True)
    term = (coefficient(k, j + 2) * x ** (j + 2)).diff(x, 2).simplify()
    return (
        computed(
            "f is convex in x = r/q, term by term.",
            noise * _over_classes(pi(k) * Sum(term, (j, 0, oo))),
            relation=">=",
            name=r"\partial^{2} f/\partial x^{2}",
            key="convex",
        ),
        argued(
            "So it meets the line r once from 0 to q, and below q unless the bags are the same.",
            r"0 < r = f(r) \leq q",
            "a convex function that starts above a line and ends below it crosses it once; "
            "Rockafellar 1970",
            key="one-root",
            cites=("rockafellar1970",),
            conditions=("convex-margin",),
        ),
    )


def _difference() -> tuple[Step, ...]:
    """Over N values of the logits of two bags, which stand for any distribution of them."""
    mass = Function("w", nonnegative=True)
    one, other = (Function(name, real=True) for name in ("z_1", "z_2"))
    rows, row = Symbol("N", integer=True, positive=True), Symbol("i", integer=True)

    def over_rows(term: Any) -> Any:
        return Sum(mass(row) * term, (row, 1, rows))

    square = over_rows((one(row) - other(row)) ** 2) / 2
    moments = {over_rows(one(row) ** 2): q, over_rows(other(row) ** 2): q}
    moments[over_rows(one(row) * other(row))] = r
    return (
        computed(
            "K classes, in any direction: logits z of two bags around their common mean, over any "
            "distribution, have half the mean square of their difference as q - r,",
            square,
            q - r,
            name=r"E (z_{1} - z_{2})^{2}/2",
            check=equal_given(moments),
            key="difference",
        ),
        computed(
            "so r is at most q.",
            square,
            relation=">=",
            name=r"E (z_{1} - z_{2})^{2}/2",
            key="at-most",
        ),
    )


def _mean() -> tuple[Step, ...]:
    covariance = r + (q - r) * KroneckerDelta(a, l)
    apart, count = Symbol("e", positive=True), Symbol("B", positive=True)
    falls = -bag_variance_expression().subs(bags, count).diff(count)
    return (
        computed(
            "Mean of B logits: its mean is that of one, its variance, over sigma_k^2,",
            Sum(covariance, (a, 1, bags), (l, 1, bags)) / bags**2,
            bag_variance_expression(),
            name="q_{B}",
            key="bags",
        ),
        computed(
            "is q for one bag,",
            bag_variance_expression().subs(bags, 1),
            q,
            name="q_{1}",
            key="one-bag",
        ),
        computed(
            "falls with B, as q = r + e,",
            falls.subs(q, r + apart).factor(),
            relation=">",
            name=r"-\partial q_{B}/\partial B",
            key="falls",
        ),
        computed(
            "and tends to what any two bags have in common.",
            limit(bag_variance_expression().subs(bags, count), count, oo),
            r,
            name=r"q_{\infty}",
            key="many",
        ),
    )
