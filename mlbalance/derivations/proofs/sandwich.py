"""First-order covariance of a fit (`sandwich`).

Letters: A the Hessian of the balanced risk at its minimiser, on contrasts and with the ridge;
J_W the variance of the score; V_k the covariance of the score in class k; p parameters.
"""

from __future__ import annotations

from sympy import IndexedBase, KroneckerDelta, MatrixSymbol, Sum, Symbol, ZeroMatrix, symbols

from mlbalance.derivations.engine import (
    Derivation,
    Moments,
    Step,
    argued,
    computed,
    equal_matrices,
    expectation,
)
from mlbalance.derivations.proofs import _expansion as near

K, p = symbols("K p", integer=True, positive=True)
i, j, k, a = symbols("i j k a", integer=True)
A, noise = MatrixSymbol("A", p, p), MatrixSymbol("u", p, 1)


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
    return (
        computed(
            "First order of the score at a point near the minimiser: neither the noise in the "
            "Hessian, nor third derivatives, nor second-order moves enter.",
            near.order(near.score(), 1),
            near.u[near.a] + near.over(near.A[near.a, near.b] * near.delta[near.b], near.b),
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
            "score does not vary: where no single row dominates it is asymptotically normal by "
            "Lindeberg's theorem. Weights may depend across rows, as those of bootstraps, caps, "
            "thinned classes and bags do.",
            r"u \sim N(0, J_{W})",
            "van der Vaart 1998, proposition 2.27",
            key="score-limit",
            cites=("vandervaart1998",),
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
            "minimiser tends to that of the quadratic. The moments are those of the limit "
            "distribution: a finite-sample fit may not exist.",
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
    moments = Moments(s, lambda _: mean, lambda r, t: mean**2 + KroneckerDelta(r[0], t[0]) * V)
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
            expectation(spread, moments) / (size - 1),
            V,
            name=r"E S_{k}^{2}",
            key="unbiased",
            conditions=("independent-rows",),
        ),
    )
