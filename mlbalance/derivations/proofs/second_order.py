"""Bias to second order (`second-order`).

Letters: u the noise in the score, E that in the Hessian A; T the third derivative of the risk at
its minimiser, s the score of a row and h its derivative, eps the size of the noise; class counts
n_k, target prior tau_k, p parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from sympy import (
    Add,
    Function,
    IndexedBase,
    KroneckerDelta,
    MatrixSymbol,
    S,
    Sum,
    Symbol,
    ZeroMatrix,
    symbols,
)

from mlbalance.derivations.engine import (
    Derivation,
    Moments,
    Step,
    argued,
    computed,
    covariance,
    equal,
    equal_matrices,
    expanded,
    expectation,
)
from mlbalance.derivations.proofs import _expansion as near
from mlbalance.derivations.proofs import _firth as firth

K, O, p, B = symbols("K O p B", integer=True, positive=True)
i, k, a, b, c, f, o, r = symbols("i k a b c f o r", integer=True)
m = Symbol("m", positive=True)
n, tau, W, s, mu, V, D, S_ = (IndexedBase(x) for x in "n tau W s mu V D S".split())
inverse, third, noise, chance = (IndexedBase(x) for x in "GTZP")
slope = IndexedBase("h")
cv = IndexedBase(Symbol("c^2"))


def second_order() -> Derivation:
    """Bias of a fit to second order (label `second-order`)."""
    steps = (*_expansion(), *_means(), *_terms(), *_average(), *firth.steps())
    scope = "symbolic in K, n_k and the number of parameters"
    return Derivation("second-order", scope, steps)


def weight_of(one_plus_cv2: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Factor of a class in products of noise: tau_k^2 (1 + c_k^2)/n_k."""
    return lambda label: tau[label] ** 2 * one_plus_cv2(label) / n[label]


def _with_cv(label: Any) -> Any:
    return 1 + cv[label]


def bias_expression(
    one_plus_cv2: Callable[[Any], Any] = _with_cv,
    slopes: Callable[[Any, Any], Any] = lambda label, one: D[label, one],
    spread: Callable[[Any, Any, Any], Any] = lambda label, one, other: S_[label, one, other],
) -> Any:
    """Bias of component a, in G = A^-1, D, T, S, n, tau, c^2.

    D[k, b] is component b of Cov_k(ds, A^-1 s), S[k, c, f] that of A^-1 V_k A^-1.
    """
    weight = weight_of(one_plus_cv2)
    of_squares = Sum(weight(k) * spread(k, c, f), (k, 1, K))
    of_slopes = Sum(weight(k) * slopes(k, b), (k, 1, K))
    bent = Sum(third[b, c, f] * of_squares, (c, 1, p), (f, 1, p))
    return Sum(inverse[a, b] * (of_slopes - bent / 2), (b, 1, p))


class Rows(NamedTuple):
    """Averages within a class, over outcomes o of a row with their chances or over its rows.

    Scores s[k, o, b] and components h[k, o, b, c] of their derivative are centred in the class.
    """

    outcomes: Callable[[Any], Any]
    chance: Callable[[Any, Any], Any]

    def covariance(self, label: Any, one: Any, other: Any) -> Any:
        """Within a class, of two functions of the outcome."""
        both = self.chance(label, o) * one(label) * other(label)
        return Sum(both, (o, 1, self.outcomes(label)))

    def slopes(self, label: Any, one: Any) -> Any:
        """Component of Cov_k(ds, A^-1 s)."""
        return self.covariance(
            label, lambda k: Sum(slope[k, o, one, c] * _step(k, c), (c, 1, p)), lambda _: S.One
        )

    def spread(self, label: Any, one: Any, other: Any) -> Any:
        """Component of A^-1 V_k A^-1."""
        return self.covariance(label, lambda k: _step(k, one), lambda k: _step(k, other))

    def moments(self, weight: Callable[[Any], Any]) -> Moments:
        """Noise Z[b, 0] in the score and Z[b, c] in the Hessian: means and mean products."""

        def product(one: Any, other: Any) -> Any:
            of_class = self.covariance(k, _component(one), _component(other))
            return Sum(weight(k) * of_class, (k, 1, K))

        return Moments(noise, lambda *_: S.Zero, product)


def _step(label: Any, component: Any) -> Any:
    """Component of A^-1 s."""
    return Sum(inverse[component, r] * s[label, o, r], (r, 1, p))


def _component(index: Any) -> Callable[[Any], Any]:
    one, other = index
    return lambda label: s[label, o, one] if other == 0 else slope[label, o, one, other]


def _move(component: Any) -> Any:
    """First order, delta = -A^-1 u."""
    return -Sum(inverse[component, r] * noise[r, 0], (r, 1, p))


def _second_move() -> Any:
    """Second order, eta = -A^-1 (E delta + q), component a."""
    wobble = Sum(noise[b, c] * _move(c), (c, 1, p))
    curved = Sum(third[b, c, f] * _move(c) * _move(f), (c, 1, p), (f, 1, p)) / 2
    return Sum(-inverse[a, b] * (wobble + curved), (b, 1, p))


_SAMPLED = Rows(lambda _: O, lambda k, o: chance[k, o])
"""A row of class k has outcome o with chance P_ko."""


def _expansion() -> tuple[Step, ...]:
    delta, eta = near.delta, near.eta
    curved = Sum(third[a, b, c] * delta[b] * delta[c], (b, 1, p), (c, 1, p)) / 2
    A, E = MatrixSymbol("A", p, p), MatrixSymbol("E", p, p)
    noise, bent = MatrixSymbol("u", p, 1), MatrixSymbol("q", p, 1)
    first = -A.I * noise
    return (
        computed(
            "Second order of the score near the minimiser: the noise in the Hessian and the third "
            "derivative of the risk enter.",
            near.order(near.score(), 2),
            Sum(near.A[a, b] * eta[b] + near.E[a, b] * delta[b], (b, 1, p)) + curved,
            name=r"[\epsilon^{2}] \partial_{a} L_{W}",
            key="expansion",
        ),
        computed(
            "The fit has score zero: with delta = -A^-1 u (label sandwich) and q the quadratic "
            "term, eta is A^-1 (E A^-1 u - q).",
            A * (A.I * (E * A.I * noise - bent)) + E * first + bent,
            ZeroMatrix(p, 1),
            name=r"A \eta + E \delta + q",
            check=equal_matrices(A),
            key="solved",
        ),
    )


def _components(one: Any, other: Any) -> Any:
    same = KroneckerDelta(one[0], other[0]) * KroneckerDelta(one[1], other[1])
    return mu[one[0], one[2]] * mu[other[0], other[2]] + same * V[one[0], one[2], other[2]]


def _means() -> tuple[Step, ...]:
    """Components a, b of a row are any of its score and of its Hessian."""
    rows = Moments(s, lambda k, _, a: mu[k, a], _components)

    def total(component: Any) -> Any:
        return Sum(W[k, i] * s[k, i, component], (i, 1, n[k]), (k, 1, K))

    square = (tau[k] / n[k]) ** 2 * (1 + cv[k])
    return (
        computed(
            "Components of score and Hessian alike are weighted sums over independent rows; given "
            "the weights they covary by their squares.",
            covariance(total(a), total(b), rows),
            Sum(W[k, i] ** 2 * V[k, a, b], (i, 1, n[k]), (k, 1, K)),
            name=r"\operatorname{Cov}(\cdot_{a}, \cdot_{b} \mid W)",
            key="squares",
            conditions=("independent-rows",),
        ),
        computed(
            "Totals being fixed there is no other term: E of noise in the Hessian times noise in "
            "the score is J_W with Cov_k(h, s) for V_k.",
            Sum(square * V[k, a, b], (i, 1, n[k]), (k, 1, K)),
            Sum(weight_of(_with_cv)(k) * V[k, a, b], (k, 1, K)),
            name=r"\operatorname{Cov}(\cdot_{a}, \cdot_{b})",
            key="products",
            conditions=("fixed-totals", "unbiased-weights"),
        ),
        argued(
            "Means of the remainder are of smaller order, for the expansion or the limit "
            "distribution; the fit itself may not exist in a sample.",
            r"E \theta_{W} - \theta^{*} \sim E \eta",
            "Cox and Snell 1968",
            key="remainder",
            cites=("coxsnell1968",),
            conditions=("first-order", "negligible-weights", "mle-exists"),
            limit=True,
        ),
    )


def bias_step(words: str, rows: Rows, one_plus_cv2: Callable[[Any], Any], name: str) -> Step:
    """The mean of eta, taken from the moments of the noise, is the bias."""
    short = {rows.slopes(k, b): D[k, b], rows.spread(k, c, f): S_[k, c, f]}
    return computed(
        words,
        expectation(_second_move(), rows.moments(weight_of(one_plus_cv2))),
        bias_expression(one_plus_cv2, rows.slopes, rows.spread),
        name=name,
        short=short,
        check=_equal_terms,
        key="bias",
    )


def _equal_terms(lhs: Any, rhs: Any) -> bool:
    """Whether two sums over b of G_ab times something have the same terms: no more is compared."""
    one, other = _factor(lhs), _factor(rhs)
    return not (one - other).has(inverse[a, b], a) and equal(one, other)


def _factor(side: Any) -> Any:
    """Factor of G_ab in a sum over b, or the side itself where it is of another form."""
    if isinstance(side, Add) and all(isinstance(term, Sum) for term in side.args):
        return Add(*(_factor(term) for term in side.args))
    if isinstance(side, Sum) and side.limits == Sum(S.One, (b, 1, p)).limits:
        return expanded(side.function / inverse[a, b])
    return side


def _terms() -> tuple[Step, ...]:
    x = Function("x")
    return (
        bias_step(
            "So this is the mean of eta, D_kb a component of Cov_k(ds, A^-1 s) and S_k that of "
            "A^-1 V_k A^-1: a sum over classes of (1 + c_k^2)/n_k times what depends on the "
            "population alone.",
            _SAMPLED,
            _with_cv,
            r"E \eta_{a}",
        ),
        computed(
            "Linear in x_k/n_k, x_k = 1 + c_k^2, like the variance: a factor m of all of them is a "
            "factor of the bias.",
            bias_expression(lambda label: m * x(label)),
            m * bias_expression(lambda label: x(label)),
            name=r"E \eta_{a}(m x)",
            key="linear",
        ),
    )


def _average() -> tuple[Step, ...]:
    fit, mean = IndexedBase("theta"), Symbol("t")
    bags = Moments(fit, lambda _: mean, unknown)
    return (
        computed(
            "An average of bags has the mean of one: bagging removes variance and not this bias.",
            expectation(Sum(fit[r], (r, 1, B)) / B, bags),
            mean,
            name=r"E \sum_{r} \theta_{r}/B",
            key="average",
        ),
    )


def unknown(_one: Any, _other: Any) -> Any:
    """Second moments of what only has a known mean; raises ValueError."""
    raise ValueError("First moments suffice.")
