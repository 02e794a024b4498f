"""Bias to second order, and what averaging fits leaves of it (`second-order`, `argmin-mean`).

Letters: u the noise in the score, E that in the Hessian A, T the third derivative of the risk at
its minimiser, s the score of a row and h a component of its derivative, eps the size of the noise;
class counts n_k, target prior tau_k, p parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sympy import (
    Function,
    IndexedBase,
    KroneckerDelta,
    Matrix,
    MatrixSymbol,
    S,
    Sum,
    Symbol,
    ZeroMatrix,
    log,
    symbols,
)

from mlbalance.derivations import Derivation, Step, argued, computed
from mlbalance.derivations.checks import equal_given, equal_matrices
from mlbalance.derivations.moments import Law, covariance, expectation

__all__ = ["argmin_mean", "bias_expression", "second_order"]

K, p, B = symbols("K p B", integer=True, positive=True)
i, k, a, b, c, f, r = symbols("i k a b c f r", integer=True)
m = Symbol("m", positive=True)
n, tau, W, s, mu, V, D, S_ = (IndexedBase(x) for x in "n tau W s mu V D S".split())
inverse, third = IndexedBase("G"), IndexedBase("T")
cv = IndexedBase(Symbol("c^2"))


def second_order() -> Derivation:
    """Bias of a fit to second order (label `second-order`)."""
    steps = (*_expansion(), *_means(), *_terms(), *_firth(), *_average())
    scope = "symbolic in K, n_k and the number of parameters; Jacobi's formula for two parameters"
    return Derivation("second-order", scope, steps)


def _noise(one_plus_cv2: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda label: tau[label] ** 2 * one_plus_cv2(label) / n[label]


def _with_cv(label: Any) -> Any:
    return 1 + cv[label]


def bias_expression(one_plus_cv2: Callable[[Any], Any] = _with_cv) -> Any:
    """Bias of component a, in G = A^-1, D, T, S, n, tau, c^2.

    D[k, b] is component b of Cov_k(ds, A^-1 s), S[k, c, f] that of A^-1 V_k A^-1.
    """
    weight = _noise(one_plus_cv2)
    spread = Sum(weight(k) * S_[k, c, f], (k, 1, K))
    slopes = Sum(weight(k) * D[k, b], (k, 1, K))
    bent = Sum(third[b, c, f] * spread, (c, 1, p), (f, 1, p))
    return Sum(inverse[a, b] * (slopes - bent / 2), (b, 1, p))


def _expansion() -> tuple[Step, ...]:
    """Score along theta* + eps delta + eps^2 eta, to the second order in eps."""
    eps = Symbol("epsilon")
    u, hessian, wobble, delta, eta = (IndexedBase(x) for x in "u A E delta eta".split())

    def move(component: Any) -> Any:
        return eps * delta[component] + eps**2 * eta[component]

    linear = Sum((hessian[a, b] + eps * wobble[a, b]) * move(b), (b, 1, p))
    quadratic = Sum(third[a, b, c] * move(b) * move(c), (b, 1, p), (c, 1, p)) / 2
    curved = Sum(third[a, b, c] * delta[b] * delta[c], (b, 1, p), (c, 1, p)) / 2
    A, E = MatrixSymbol("A", p, p), MatrixSymbol("E", p, p)
    noise, bent = MatrixSymbol("u", p, 1), MatrixSymbol("q", p, 1)
    first = -A.I * noise
    return (
        computed(
            "Second order of the score near the minimiser: the noise in the Hessian and the third "
            "derivative of the risk enter.",
            (eps * u[a] + linear + quadratic).diff(eps, 2).subs(eps, 0) / 2,
            Sum(hessian[a, b] * eta[b], (b, 1, p))
            + Sum(wobble[a, b] * delta[b], (b, 1, p))
            + curved,
            name=r"[\epsilon^{2}] \partial_{a} L_{W}",
        ),
        computed(
            "The fit has score zero: with delta = -A^-1 u (label sandwich) and q the quadratic "
            "term, eta is A^-1 (E A^-1 u - q).",
            A * (A.I * (E * A.I * noise - bent)) + E * first + bent,
            ZeroMatrix(p, 1),
            name=r"A \eta + E \delta + q",
            check=equal_matrices(A),
        ),
    )


def _components(one: Any, other: Any) -> Any:
    same = KroneckerDelta(one[0], other[0]) * KroneckerDelta(one[1], other[1])
    return mu[one[0], one[2]] * mu[other[0], other[2]] + same * V[one[0], one[2], other[2]]


def _means() -> tuple[Step, ...]:
    """Components a, b of a row are any of its score and of its Hessian."""
    rows = Law(s, lambda k, _, a: mu[k, a], _components)

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
        ),
        computed(
            "Totals being fixed there is no other term: E of noise in the Hessian times noise in "
            "the score is J_W with Cov_k(h, s) for V_k.",
            Sum(square * V[k, a, b], (i, 1, n[k]), (k, 1, K)),
            Sum(_noise(_with_cv)(k) * V[k, a, b], (k, 1, K)),
            name=r"\operatorname{Cov}(\cdot_{a}, \cdot_{b})",
        ),
        argued(
            "Means of the remainder are of smaller order, for the expansion or the limit law; the "
            "fit itself may not exist in a sample.",
            r"E \theta_{W} - \theta^{*} \sim E \eta",
            "Cox and Snell 1968",
        ),
    )


def _terms() -> tuple[Step, ...]:
    x = Function("x")
    per_class = bias_expression(lambda label: x(label))
    return (
        computed(
            "The bias is a sum over classes of (1 + c_k^2)/n_k times what depends on the "
            "population alone: linear in it, like the variance.",
            bias_expression(),
            bias_expression(lambda _: S.One) + bias_expression(lambda label: cv[label]),
            name=r"E \eta_{a}",
        ),
        computed(
            "So inflating every (1 + c_k^2)/n_k by one factor inflates the bias by it.",
            bias_expression(lambda label: m * x(label)),
            m * per_class,
            name=r"E \eta_{a}(m x)",
        ),
        computed(
            "Undersampling to m rows: n_k is gone.",
            _noise(lambda label: n[label] / m)(k),
            tau[k] ** 2 / m,
            name=r"\tau_{k}^{2} (1 + c_{k}^{2})/n_{k}",
        ),
    )


def _firth() -> tuple[Step, ...]:
    t = Symbol("theta")
    entries = [Function(name)(t) for name in "abq"]
    info = Matrix([[entries[0], entries[1]], [entries[1], entries[2]]])
    A = MatrixSymbol("A", p, p)
    pull = MatrixSymbol("g", p, 1)
    size, kappa = symbols("n kappa", positive=True)
    return (
        computed(
            "Jacobi: the derivative of the log-determinant of the information, for two parameters.",
            log(info.det()).diff(t),
            (info.inv() * info.diff(t)).trace(),
            name=r"\partial \log \det I/\partial \theta",
            check=_same_function,
        ),
        argued(
            "A right model without weights, n rows at random: given x the Hessian is not random, "
            "and the variance of the score is A/n.",
            r"\operatorname{Cov}(h, s \mid x) = 0, \quad J = A/n",
            "Bartlett's identity",
        ),
        computed(
            "So delta delta' has this mean, and the third derivative adds g/(2n), g = T[A^-1].",
            A.I * (A / size) * A.I,
            A.I / size,
            name=r"E \delta \delta'",
            check=equal_matrices(A),
        ),
        computed(
            "A penalty of kappa times the log-determinant, per row, pulls the score by "
            "-kappa g/n and leaves this bias: none at kappa = 1/2, Firth's.",
            A * (A.I * pull * (kappa - S.Half) / size) + pull / (2 * size) - kappa * pull / size,
            ZeroMatrix(p, 1),
            name=r"A E[\eta] + g/(2 n) - \kappa g/n",
            check=equal_matrices(A),
        ),
    )


def _same_function(lhs: Any, rhs: Any) -> bool:
    return bool((lhs - rhs).doit().simplify() == 0)


def _average() -> tuple[Step, ...]:
    fit, mean = IndexedBase("theta"), Symbol("t")
    bags = Law(fit, lambda _: mean, _unknown)
    return (
        computed(
            "An average of bags has the mean of one: bagging removes variance and not this bias.",
            expectation(Sum(fit[r], (r, 1, B)) / B, bags),
            mean,
            name=r"E \sum_{r} \theta_{r}/B",
        ),
    )


def _unknown(_one: Any, _other: Any) -> Any:
    raise ValueError("First moments suffice.")


def argmin_mean() -> Derivation:
    """Argmin of the mean loss and mean of the argmins (label `argmin-mean`)."""
    steps = (*_same_first_order(), *_gap())
    return Derivation("argmin-mean", "symbolic in K, n_k, m and the number of parameters", steps)


def _same_first_order() -> tuple[Step, ...]:
    weights = Law(W, lambda k, _: tau[k] / n[k], _unknown)
    bags = Law(W, lambda r, k, _: tau[k] / n[k], _unknown)

    def move(weight: Callable[[Any], Any], component: Any) -> Any:
        rows = Sum(weight(k) * s[k, i, b], (i, 1, n[k]), (k, 1, K))
        return -Sum(inverse[component, b] * rows, (b, 1, p))

    def bag(index: Any) -> Any:
        return move(lambda label: W[index, label, i], a)

    weighted = move(lambda label: tau[label] / n[label], a)
    loss = IndexedBase("ell")
    return (
        computed(
            "The mean of the loss over a scheme's draws, given the data, is the class-weighted "
            "loss, whose argmin is class weighting.",
            expectation(Sum(W[k, i] * loss[k, i], (i, 1, n[k]), (k, 1, K)), weights),
            Sum(tau[k] / n[k] * loss[k, i], (i, 1, n[k]), (k, 1, K)),
            name=r"E[L_{W} \mid X, y]",
        ),
        computed(
            "To first order a fit moves by -A^-1 u, linear in the weights: the mean move over the "
            "draws is that of class weighting.",
            expectation(move(lambda label: W[label, i], a), weights),
            weighted,
            name=r"E[\delta_{a} \mid X, y]",
        ),
        computed(
            "So is that of the average of bags, whatever their number.",
            expectation(Sum(bag(r), (r, 1, B)) / B, bags),
            weighted,
            name=r"E[\sum_{r} \delta_{ra}/B \mid X, y]",
        ),
    )


def _gap() -> tuple[Step, ...]:
    return (
        computed(
            "To second order the mean of the argmins keeps the bias of one draw; less that of "
            "class weighting, the c_k^2 part is left.",
            bias_expression() - bias_expression(lambda _: S.One),
            bias_expression(lambda label: cv[label]),
            name=r"E \eta_{a}(W) - E \eta_{a}(w)",
        ),
        computed(
            "Undersampling to m, c_k^2 = n_k/m - 1: it falls as 1/m - 1/n_k, and not with the "
            "number of bags.",
            _noise(lambda label: n[label] / m - 1)(k),
            tau[k] ** 2 * (1 / m - 1 / n[k]),
            name=r"\tau_{k}^{2} c_{k}^{2}/n_{k}",
        ),
        computed(
            "The mean weights of a bag, tau_k/n_k, make it vanish: one fit to averaged weights is "
            "class weighting.",
            bias_expression(lambda _: S.Zero),
            S.Zero,
            name=r"E \eta_{a}(W) - E \eta_{a}(w)",
            check=equal_given({}),
        ),
    )
