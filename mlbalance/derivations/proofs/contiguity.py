"""Misspecification at which weighting becomes better, and the power to see it (`contiguity`).

Letters: a distribution with mass q_i at the outcomes i = (x, y) of a row, N of them (a sample, or
any distribution by quadrature), tilted to q_i (1 + eps g_i), eps = kappa/sqrt(n), where g has mean
zero and variance 1; estimating functions s_i, of p components, with derivatives h_i. Influence
functions of a functional: phi of weighting and psi of the unweighted fit with offset; d = phi - psi
has variance w^2 and correlation r with g.
"""

from __future__ import annotations

from typing import Any

from sympy import (
    IndexedBase,
    MatrixSymbol,
    Rational,
    S,
    Sum,
    Symbol,
    ZeroMatrix,
    erfinv,
    sqrt,
    symbols,
)

from mlbalance.derivations.engine import (
    Derivation,
    Step,
    argued,
    computed,
    equal_given,
    equal_matrices,
)
from mlbalance.derivations.proofs._normal import normal_cdf

kappa, w, r, eps = symbols("kappa w r epsilon", positive=True)
level = Symbol("alpha", positive=True)
i, a, b = symbols("i a b", integer=True)
N, size = symbols("N p", integer=True, positive=True)
q, g, s, h, v, psi, d = (IndexedBase(name) for name in "q g s h v psi d".split())


def _mean(term: Any) -> Any:
    """Over the distribution before the tilt."""
    return Sum(q[i] * term, (i, 1, N))


KNOWN = {_mean(d[i] ** 2): w**2, _mean(g[i] * d[i]): r * w, _mean(psi[i] * d[i]): S.Zero}
"""Meaning of the letters w and r, and that d is uncorrelated with psi."""


def contiguity() -> Derivation:
    """A misspecification that favours weighting and is hard to see (label `contiguity`)."""
    scope = "any K, d and functional; limits of local alternatives are argued"
    return Derivation("contiguity", scope, (*_tilt(), *_bias(), *_errors(), *_power()))


def _tilt() -> tuple[Step, ...]:
    A, score = MatrixSymbol("A", size, size), MatrixSymbol("S", size, 1)
    moved = s[i, a] + eps * Sum(h[i, a, b] * v[b], (b, 1, size))
    equation = Sum(q[i] * (1 + eps * g[i]) * moved, (i, 1, N))
    return (
        computed(
            "Tilted masses have the sum one, and for bounded g none is negative as soon as eps |g| "
            "is at most one; an unbounded g is cut off at a level that grows more slowly than "
            "1/eps, and centred again.",
            Sum(q[i] * (1 + eps * g[i]), (i, 1, N)),
            S.One,
            name=r"\sum_{i} q_{i} (1 + \epsilon g_{i})",
            check=equal_given({Sum(q[i], (i, 1, N)): S.One, _mean(g[i]): S.Zero}),
            key="tilt",
        ),
        computed(
            "Along it the root of E s = 0 moves by eps v: to first order in eps the equation is "
            "E g s + A v = 0, A = E h.",
            equation.diff(eps).subs(eps, 0),
            _mean(g[i] * s[i, a]) + Sum(_mean(h[i, a, b]) * v[b], (b, 1, size)),
            name=r"\partial E_{\epsilon} s_{a}/\partial \epsilon",
            key="equation",
        ),
        computed(
            "So with S = E g s it moves by v = -A^-1 S, and a functional by the mean of g times "
            "its influence function -a' A^-1 s.",
            A * (-(A.I * score)) + score,
            ZeroMatrix(size, 1),
            name="A v + E g s",
            check=equal_matrices(),
            key="influence",
        ),
    )


def _bias() -> tuple[Step, ...]:
    return (
        argued(
            "Under the tilted distribution both fits are normal around the roots of their own "
            "equations, with the variances they have without it. What is estimated is the "
            "minimiser of the balanced risk: weighting has no bias.",
            r"\sqrt{n} \, \mathrm{bias} = \kappa E (\psi - \phi) g",
            "Le Cam's third lemma; van der Vaart 1998, chapters 6, 7 and 25",
            key="le-cam",
            cites=("vandervaart1998",),
            conditions=("first-order", "mle-exists", "least-favourable"),
            limit=True,
        ),
        computed(
            "The other fit is off by the difference of the moves: d alone counts.",
            kappa * _mean(g[i] * psi[i]) - kappa * _mean(g[i] * (psi[i] + d[i])),
            -kappa * r * w,
            name=r"\sqrt{n} \, \mathrm{bias}",
            check=equal_given(KNOWN),
            key="bias",
        ),
        computed(
            "The least favourable direction is that of d: g = d/w has r = 1, and with fixed counts "
            "mean zero within every class, as d has (label offset-efficiency).",
            _mean(d[i] * d[i] / w),
            w,
            name="E g d",
            check=equal_given(KNOWN),
            key="least-favourable",
        ),
    )


def _break_even() -> Any:
    """Claimed size of the tilt at which mean squared errors are the same."""
    return 1 / r


def _errors() -> tuple[Step, ...]:
    unweighted = _mean(psi[i] ** 2) + (kappa * r * w) ** 2
    weighted = _mean((psi[i] + d[i]) ** 2)
    claimed = w**2 * ((kappa * r) ** 2 - 1)
    return (
        argued(
            "d is uncorrelated with psi.",
            r"E \psi d = 0",
            "the label offset-efficiency",
            key="efficient",
            labels=("offset-efficiency",),
        ),
        computed(
            "Squared bias plus variance, times n: the two differ by a multiple of the variance "
            "of d.",
            unweighted - weighted,
            claimed,
            name=r"n (\mathrm{MSE} - \mathrm{MSE}_{w})",
            check=equal_given(KNOWN),
            key="errors",
        ),
        computed(
            "They are the same at kappa = 1/r, and beyond it weighting has the smaller.",
            (unweighted - weighted).subs(kappa, _break_even()),
            S.Zero,
            name=r"n (\mathrm{MSE} - \mathrm{MSE}_{w})",
            check=equal_given(KNOWN),
            key="even",
        ),
        computed(
            "Orthogonal to d, r = 0, the unweighted fit is better by the variance of d at any "
            "kappa.",
            (unweighted - weighted).subs(r, 0),
            -(w**2),
            name=r"n (\mathrm{MSE} - \mathrm{MSE}_{w})",
            check=equal_given(KNOWN),
            key="orthogonal",
        ),
    )


def _power_at(size: Any) -> Any:
    """Claimed power of the one-sided test of a given level against a tilt of this size."""
    return normal_cdf(size - sqrt(2) * erfinv(1 - 2 * level))


def power_expression() -> Any:
    """Power of the best one-sided test at break-even, in alpha and r."""
    return _power_at(_break_even())


def _power() -> tuple[Step, ...]:
    quantile = sqrt(2) * erfinv(1 - 2 * level)
    return (
        argued(
            "The most powerful test of the tilt is that of the mean of g: normal with variance 1, "
            "its mean 0 without the tilt and kappa E g^2 = kappa with it.",
            r"n^{-1/2} \sum_{i} g_{i} \sim N(\kappa, 1)",
            "Neyman-Pearson and local asymptotic normality; van der Vaart 1998, chapters 7 and 15",
            key="best-test",
            cites=("vandervaart1998",),
            conditions=("first-order", "least-favourable"),
            limit=True,
        ),
        computed(
            "Its level is alpha without the tilt,",
            1 - normal_cdf(quantile),
            level,
            name=r"P_{0}(reject)",
            key="level",
        ),
        computed(
            "with the tilt it is rejected as often as a normal of mean kappa exceeds the quantile,",
            1 - normal_cdf(quantile - kappa),
            _power_at(kappa),
            name=r"P_{\kappa}(reject)",
            key="power",
        ),
        computed(
            "and in the least favourable direction, g = d/w with r = 1, a test of 5 % has this "
            "power where the two are even: to the decimals shown.",
            power_expression().subs({level: Rational(1, 20), r: 1}),
            "0.26",
            relation="~=",
            name=r"\Phi(1 - z_{.95})",
            key="number",
        ),
        computed(
            "In a direction of correlation r the tilt must be 1/r, which is easier to see: for "
            "r = 1/4 with this power.",
            power_expression().subs({level: Rational(1, 20), r: Rational(1, 4)}),
            "0.991",
            relation="~=",
            name=r"\Phi(4 - z_{.95})",
            key="elsewhere",
        ),
    )
