"""First-order covariance of a fit and its order in the Loewner sense (`sandwich`, `loewner`).

Letters: A the Hessian of the balanced risk at its minimiser, on contrasts and with the ridge;
J_W the variance of the score; V_k the covariance of the score in class k; p parameters. Where
signs matter, letters are functions of the class with the sign they have: e(k), n(k), Q(k).
"""

from __future__ import annotations

from typing import Any

from sympy import (
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

from mlbalance.derivations import Derivation, Step, argued, computed
from mlbalance.derivations.checks import equal_matrices, nonnegative
from mlbalance.derivations.moments import Law, expectation

__all__ = ["loewner", "sandwich"]

K, p = symbols("K p", integer=True, positive=True)
i, j, k, a, b, c = symbols("i j k a b c", integer=True)
m = Symbol("m", positive=True)
A, J, D = (MatrixSymbol(name, p, p) for name in "AJD")
noise, x = MatrixSymbol("u", p, 1), MatrixSymbol("x", p, 1)

tau, n = Function("tau", positive=True), Function("n", positive=True)
excess, squared_cv, gap = (Function(name, nonnegative=True) for name in ("e", "c^2", "g"))


def _over_classes(term: Any) -> Any:
    return Sum(term, (k, 1, K))


def sandwich() -> Derivation:
    """Covariance of the fit to first order, A^-1 J_W A^-1 (label `sandwich`)."""
    steps = (*_centred(), *_linearised(), *_covariance(), *_limit(), *_plug_in())
    return Derivation("sandwich", "symbolic in K, n_k and the number of parameters", steps)


def _centred() -> tuple[Step, ...]:
    prior, size, mu = (IndexedBase(name) for name in ("tau", "n", "mu"))
    weighted = Sum(prior[k] / size[k] * mu[k, a], (i, 1, size[k]), (k, 1, K))
    return (
        computed(
            "The score has the gradient of the balanced risk as its mean, which is zero at the "
            "minimiser (with a ridge, both carry the same ridge gradient).",
            weighted,
            Sum(prior[k] * mu[k, a], (k, 1, K)),
            name=r"E[\partial_{a} L_{W}]",
            key="mean",
            conditions=("unbiased-weights", "fixed-totals"),
        ),
    )


def _linearised() -> tuple[Step, ...]:
    """Score along theta* + eps delta + eps^2 eta, with noise of size eps in score and Hessian."""
    eps = Symbol("epsilon")
    u, hessian, third, wobble, delta, eta = (IndexedBase(s) for s in "u A T E delta eta".split())

    def move(component: Any) -> Any:
        return eps * delta[component] + eps**2 * eta[component]

    linear = Sum((hessian[a, b] + eps * wobble[a, b]) * move(b), (b, 1, p))
    quadratic = Sum(third[a, b, c] * move(b) * move(c), (b, 1, p), (c, 1, p)) / 2
    score = eps * u[a] + linear + quadratic
    return (
        computed(
            "First order of the score at a point near the minimiser: neither the noise in the "
            "Hessian, nor third derivatives, nor second-order moves enter.",
            score.diff(eps).subs(eps, 0),
            u[a] + Sum(hessian[a, b] * delta[b], (b, 1, p)),
            name=r"[\epsilon^{1}] \partial_{a} L_{W}(\theta^{*} + \epsilon \delta)",
            key="linear",
        ),
    )


def _covariance() -> tuple[Step, ...]:
    delta = -A.I * noise
    return (
        computed(
            "The fit has score zero, so to first order it moves by -A^-1 u.",
            noise + A * delta,
            ZeroMatrix(p, 1),
            name=r"u + A \delta",
            check=equal_matrices(A),
            key="move",
        ),
        computed(
            "Its outer product, whose mean replaces u u' by the variance J_W of the score "
            "(label score-variance).",
            delta * delta.T,
            A.I * noise * noise.T * A.I,
            name=r"\delta \delta'",
            check=equal_matrices(A),
            key="square",
        ),
    )


def _limit() -> tuple[Step, ...]:
    return (
        argued(
            "Given the weights the rows are independent, and with fixed totals the mean of the "
            "score does not vary: where no row counts for much it is asymptotically normal by "
            "Lindeberg's theorem. Bootstraps, caps, thinned classes and bags depend across rows, "
            "and need no independence of weights here.",
            r"u \sim N(0, J_{W})",
            "van der Vaart 1998, proposition 2.27; Praestgaard and Wellner 1993, given the data",
            key="score-law",
            cites=("vandervaart1998", "praestgaard1993"),
            conditions=(
                "label-only-weights",
                "independent-rows",
                "fixed-totals",
                "first-order",
                "negligible-weights",
            ),
            limit=True,
        ),
        argued(
            "The loss is convex and its second-order part tends to that of the risk, so its "
            "minimiser tends to that of the quadratic. The moments are those of the limit law: a "
            "finite-sample fit may not exist.",
            r"\theta_{W} - \theta^{*} \sim N(0, A^{-1} J_{W} A^{-1})",
            "Hjort and Pollard 1993, basic corollary",
            key="convex-argmin",
            cites=("hjort1993",),
            conditions=("first-order", "negligible-weights", "mle-exists"),
            limit=True,
        ),
    )


def _plug_in() -> tuple[Step, ...]:
    """Rows of one class: S^2 with divisor n_k - 1 around the class mean."""
    size = Symbol("n_k", integer=True, positive=True)
    s, mean, V = IndexedBase("s"), Symbol("mu_k"), Symbol("V_k")
    law = Law(s, lambda _: mean, lambda r, t: mean**2 + KroneckerDelta(r[0], t[0]) * V)
    average = Sum(s[j], (j, 1, size)) / size
    spread = Sum(s[i] ** 2, (i, 1, size)) - size * average**2
    return (
        computed(
            "Around the class mean, squares sum to the sum of squares less that of the mean.",
            Sum((s[i] - average) ** 2, (i, 1, size)),
            spread,
            key="squares",
        ),
        computed(
            "Plug-in: class-centred squares with divisor n_k - 1 are unbiased for V_k.",
            expectation(spread, law) / (size - 1),
            V,
            name=r"E S_{k}^{2}",
            key="unbiased",
            conditions=("independent-rows",),
        ),
    )


def loewner() -> Derivation:
    """Weighting precedes every scheme in Loewner order (label `loewner`)."""
    return Derivation("loewner", "symbolic in K and n_k", (*_scores(), *_congruence(), *_bounds()))


def _scores() -> tuple[Step, ...]:
    Q = Function("Q", nonnegative=True)
    base = tau(k) ** 2 * Q(k) / n(k)
    kept = tau(k) ** 2 * Q(k) / (m + excess(k))
    return (
        computed(
            "In any direction v, with Q_k = v' V_k v: the score of a scheme varies more than that "
            "of class weighting by the c_k^2 terms.",
            _over_classes(base * (1 + squared_cv(k))) - _over_classes(base),
            _over_classes(base * squared_cv(k)),
            name=r"v'(J_{W} - J_{w})v",
            key="gap",
        ),
        computed(
            "All of them are nonnegative, so the difference is positive semi-definite.",
            _over_classes(base * squared_cv(k)),
            S.Zero,
            relation=">=",
            check=nonnegative,
            key="sign",
        ),
        computed(
            "Undersampling to m with n_k = m + e_k: c_k^2 = n_k/m - 1 leaves e_k/m.",
            _over_classes(kept * (m + excess(k)) / m) - _over_classes(kept),
            _over_classes(kept * excess(k) / m),
            name=r"v'(J_{W} - J_{w})v",
        ),
        computed(
            "Nonnegative for every m up to the smallest count.",
            _over_classes(kept * excess(k) / m),
            S.Zero,
            relation=">=",
            check=nonnegative,
        ),
    )


def _congruence() -> tuple[Step, ...]:
    v = A.I * x
    return (
        computed(
            "The covariances differ by A^-1 D A^-1, D = J_W - J_w: in direction x, D in direction "
            "A^-1 x. A is that of the balanced risk, the model right or wrong, any common ridge.",
            x.T * A.I * D * A.I * x,
            v.T * D * v,
            name=r"x' A^{-1} D A^{-1} x",
            check=equal_matrices(A),
            key="congruence",
        ),
    )


def _bounds() -> tuple[Step, ...]:
    Q = Function("Q", positive=True)
    base, share = tau(k) ** 2 * Q(k) / n(k), tau(k) ** 2 * Q(k)
    total, mean_gap = _over_classes(base), _over_classes(base * gap(k)) / _over_classes(base)
    low, high = symbols("c_0 c_1", positive=True)

    def ratio(one_plus_cv2: Any) -> Any:
        return _over_classes(base * one_plus_cv2) / total

    return (
        computed(
            "The variance ratio rho of a functional a, with Q_k = a' A^-1 V_k A^-1 a, is a "
            "weighted mean of 1 + c_k^2: with 1 + c_k^2 = c_0 + g_k it exceeds c_0 by the mean of "
            "g_k.",
            ratio(low + gap(k)) - low,
            mean_gap,
            name=r"\rho - c_{0}",
            key="above",
        ),
        computed(
            "With 1 + c_k^2 = c_1 - g_k it falls short of c_1 by the mean of g_k.",
            high - ratio(high - gap(k)),
            mean_gap,
            name=r"c_{1} - \rho",
            key="below",
        ),
        computed(
            "So it lies between the smallest and the largest 1 + c_k^2, the smallest being 1 or "
            "more.",
            mean_gap,
            S.Zero,
            relation=">=",
            check=nonnegative,
            key="between",
        ),
        computed(
            "Undersampling: the weighted harmonic mean of n_k/m with weights tau_k^2 Q_k.",
            ratio(n(k) / m),
            _over_classes(share) / _over_classes(share / (n(k) / m)),
            name=r"\rho",
        ),
    )
