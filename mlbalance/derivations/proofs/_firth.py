"""Bias of an unweighted fit that Firth's penalty removes, and leaves (`second-order`).

Letters as in `second_order` and `population`; the rows have the prior tau_k = n_k/n.
"""

from __future__ import annotations

from typing import Any

from sympy import IndexedBase, KroneckerDelta, MatrixSymbol, Rational, S, Sum, Symbol, exp, symbols

from mlbalance.derivations.engine import (
    Moments,
    Step,
    argued,
    computed,
    equal_matrices,
    expectation,
)
from mlbalance.derivations.proofs._population import (
    density,
    f,
    i,
    over_classes,
    posterior,
    residual,
    tau,
)

p, rows = symbols("p n", integer=True, positive=True)
K = Symbol("K", integer=True, positive=True)
b, c, d, k, l, r = symbols("b c d k l r", integer=True)
inverse, third, delta, z = (IndexedBase(name) for name in ("G", "T", "delta", "z"))
A, unit = MatrixSymbol("A", p, p), MatrixSymbol("e", p, 1)

KAPPA = Rational(1, 2)
"""Firth's factor of the log-determinant: Jeffreys' prior."""


def steps() -> tuple[Step, ...]:
    """Random counts, then fixed ones, then separated classes."""
    return (*_penalty(), *_random_counts(), *_fixed_counts(), _finite())


def _penalty() -> tuple[Step, ...]:
    return (
        argued(
            "Of a correctly specified model the information is the Hessian of the risk at every "
            "parameter, so a penalty of kappa times its log-determinant pulls the score by this, G "
            "= A^-1.",
            r"-\frac{\kappa}{n} \sum_{c,d} G_{cd} T_{bcd}",
            "Jacobi's formula; Firth 1993",
            key="pull",
            cites=("firth1993",),
            conditions=("correctly-specified", "no-ridge"),
        ),
    )


def _random_counts() -> tuple[Step, ...]:
    """Unweighted: given x the Hessian is not random, the variance of the score is A/n."""
    size = Symbol("n", positive=True)
    moments = Moments(delta, lambda _: S.Zero, lambda one, two: inverse[one[0], two[0]] / size)
    curved = Sum(third[b, c, d] * delta[c] * delta[d], (c, 1, p), (d, 1, p)) / 2
    pull = KAPPA / size * Sum(inverse[c, d] * third[b, c, d], (c, 1, p), (d, 1, p))
    return (
        computed(
            "Given x the Hessian is not random and the score has mean zero, so they are "
            "uncorrelated in every point: h times this.",
            over_classes(tau[k] * f[k, i] * residual(k, r)),
            S.Zero,
            name=r"\sum_{k} \tau_{k} f_{k} s_{r}",
            key="uncorrelated",
            conditions=("correctly-specified",),
        ),
        computed(
            "n rows at random: the variance of the score is A/n.",
            A.I * (A / size) * A.I,
            A.I / size,
            name=r"E \delta \delta'",
            check=equal_matrices(A),
            key="square",
        ),
        computed(
            "The mean of eta with the penalty: at kappa = 1/2, Firth's, no bias is left, in slopes "
            "and intercepts.",
            pull - expectation(curved, moments),
            S.Zero,
            name=r"(A E \eta)_{b}",
            key="no-bias",
        ),
    )


def _fixed_counts() -> tuple[Step, ...]:
    """Scores and Hessians centred in classes; per class, n times the gradient of the bias."""
    size, share = symbols("n tau_k", positive=True)
    softmax = [exp(z[label]) / Sum(exp(z[l]), (l, 1, K)) for label in (r, k)]
    mean, curvature = -(A * unit) / share, MatrixSymbol("h_k", p, p)
    return (
        computed(
            "Fixed counts: the class means -A e/tau_k, e the intercept of class k, no longer vary "
            "(label intercept-shift), and E delta delta' is less by this for every class.",
            A.I * (share / size * mean * mean.T) * A.I,
            unit * unit.T / (size * share),
            name=r"A^{-1} \tau_{k} \mu_{k} \mu_{k}' A^{-1}/n",
            check=equal_matrices(A),
            key="less",
            conditions=("fixed-counts",),
        ),
        computed(
            "Nor do they in the product of both noises: with h_k the mean Hessian of the class, "
            "minus the mean of the Hessian's noise times delta is this.",
            -(share / size) * curvature * A.I * mean,
            curvature * unit / size,
            name=r"-E[E \delta]",
            check=equal_matrices(A),
            key="wobble",
            conditions=("fixed-counts",),
        ),
        computed(
            "The third derivative along the intercept of class k twice.",
            (softmax[0] * (KroneckerDelta(r, k) - softmax[1])).diff(z[k]),
            _third(*softmax),
            name=r"\partial^{3} \ell/\partial z_{r} \, \partial z_{k}^{2}",
            key="third",
        ),
        computed(
            "Per class and in every point, times x: the mean Hessian against e, half the third "
            "derivative along e, and half the mean score, -A e/(2 tau_k), sum to zero. So the bias "
            "that Firth's penalty leaves is e/(2 n_k) for every class: (1/n_k - 1/n_0)/2 on "
            "intercept contrasts and nothing on slopes.",
            f[k, i] * posterior(r) * (KroneckerDelta(r, k) - posterior(k))
            + density(lambda label: tau[label]) * _third(posterior(r), posterior(k)) / (2 * tau[k])
            + _HALF * f[k, i] * residual(k, r),
            S.Zero,
            name=r"(\bar h_{k} e + T[e, e]/(2 \tau_{k}) + \mu_{k}/2)_{r}",
            key="left",
            conditions=("correctly-specified", "fixed-counts"),
        ),
    )


_HALF = Rational(1, 2)
"""Claimed share of 1/n_k that is left on the intercept of class k."""


def _third(one: Any, other: Any) -> Any:
    """Claimed third derivative of the log-sum in z_r, z_k and z_k."""
    return one * ((KroneckerDelta(r, k) - other) ** 2 - other * (1 - other))


def _finite() -> Step:
    return argued(
        "Two classes, (1, X) of full rank: the penalised loss has a finite minimiser also where "
        "the classes are separated.",
        r"\Vert \theta \Vert < \infty",
        "Kosmidis and Firth 2021, theorem 1; Heinze and Schemper 2002 for the method",
        key="finite",
        cites=("kosmidis2021", "heinze2002"),
        conditions=("two-classes",),
    )
