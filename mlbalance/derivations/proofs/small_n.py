"""Degrees of freedom of a variance that is estimated class by class (`small-n`).

Letters: v_k > 0 the share of class k in the variance of a functional, estimated with f_k = n_k - 1
degrees of freedom, that is by v_k X_k/f_k with X_k chi-square; f those of the sum; f_k = f_0 + e_k
and d_k = v_k/f_k.
"""

from __future__ import annotations

from typing import Any

from sympy import (
    Function,
    IndexedBase,
    Integral,
    KroneckerDelta,
    Rational,
    Sum,
    Symbol,
    erfinv,
    exp,
    gamma,
    integrate,
    limit,
    oo,
    pi,
    simplify,
    sqrt,
    symbols,
)

from mlbalance.derivations.engine import (
    Derivation,
    Moments,
    Step,
    argued,
    computed,
    covariance,
    expectation,
)

K = Symbol("K", integer=True, positive=True)
k, l = symbols("k l", integer=True)
v, freedom = Function("v", positive=True), Function("f", positive=True)
chi = IndexedBase("X")


def _over_classes(term: Any) -> Any:
    return Sum(term, (k, 1, K))


def degrees_of_freedom_expression() -> Any:
    """Satterthwaite's degrees of freedom, in v and f (K,)."""
    return _over_classes(v(k)) ** 2 / _over_classes(v(k) ** 2 / freedom(k))


def small_n() -> Derivation:
    """Satterthwaite's degrees of freedom and their bounds (label `small-n`)."""
    steps = (*_chi_square(), *_matched(), *_lower(), *_upper(), *_dominated())
    return Derivation("small-n", "symbolic in K and n_k", steps)


def _chi_square() -> tuple[Step, ...]:
    x, size = symbols("x f", positive=True)
    density = x ** (size / 2 - 1) * exp(-x / 2) / (2 ** (size / 2) * gamma(size / 2))

    def moment(power: int) -> Any:
        return simplify(integrate(x**power * density, (x, 0, oo)))

    return (
        argued(
            "With normal scores the class-centred squares of class k, over their variance, are "
            "chi-square with n_k - 1 degrees of freedom, independently of other classes and of "
            "the class mean.",
            r"(n_{k} - 1) S_{k}^{2}/V_{k} \sim \chi^{2}(n_{k} - 1)",
            "Cochran's theorem",
            key="chi-square",
            cites=("cochran1934",),
            conditions=("normal-scores", "independent-rows"),
        ),
        computed("Its mean,", moment(1), size, name="E X", key="chi-mean"),
        computed(
            "and its variance.",
            moment(2) - moment(1) ** 2,
            2 * size,
            name=r"\operatorname{Var} X",
            key="chi-variance",
        ),
    )


def _matched() -> tuple[Step, ...]:
    def product(one: Any, other: Any) -> Any:
        same = KroneckerDelta(one[0], other[0])
        return freedom(one[0]) * freedom(other[0]) + same * 2 * freedom(one[0])

    moments = Moments(chi, lambda index: freedom(index), product)
    estimate = _over_classes(v(k) * chi[k] / freedom(k))
    total = _over_classes(v(k))
    spread = covariance(estimate, estimate, moments)
    return (
        computed(
            "The estimate of the variance is unbiased.",
            expectation(estimate, moments),
            total,
            name=r"E \hat{v}",
            key="unbiased",
        ),
        computed(
            "It varies as classes do by themselves.",
            spread,
            2 * _over_classes(v(k) ** 2 / freedom(k)),
            name=r"\operatorname{Var} \hat{v}",
            key="variance",
        ),
        computed(
            "A multiple of a chi-square with f degrees of freedom has twice its squared mean over "
            "f as variance: f matches the two.",
            2 * total**2 / spread,
            degrees_of_freedom_expression(),
            name="f",
            key="matched",
        ),
        argued(
            "An approximate t with f degrees of freedom, in place of the normal distribution.",
            r"(a' \theta_{W} - a' \theta^{*})/\sqrt{\hat{v}} \sim t_{f}",
            "Satterthwaite 1946",
            key="t",
            cites=("satterthwaite1946",),
            conditions=("normal-scores",),
            limit=True,
        ),
    )


def _lower() -> tuple[Step, ...]:
    """Shares s_k of the classes with s_k + r_k = 1, and f_k = f_0 + e_k."""
    share, rest, more = (Function(name, nonnegative=True) for name in ("s", "r", "e"))
    least = Symbol("f_0", positive=True)
    gap = share(k) * (more(k) + least * rest(k)) / (least * (least + more(k)))
    reciprocal = share(k) * (1 - rest(k)) / (least + more(k))
    return (
        computed(
            "With f_0 the smallest, shares s_k of the variance and s_k^2 = s_k (1 - r_k): 1/f "
            "falls short of 1/f_0.",
            _over_classes(share(k)) / least - _over_classes(reciprocal),
            _over_classes(gap),
            name="1/f_{0} - 1/f",
            key="shares",
        ),
        computed(
            "So f is at least the smallest n_k - 1.",
            _over_classes(gap),
            relation=">=",
            key="least",
        ),
    )


def _upper() -> tuple[Step, ...]:
    ratio = v(k) / freedom(k) - v(l) / freedom(l)
    pairs = Sum(freedom(k) * freedom(l) * ratio**2, (k, 1, K), (l, 1, K)) / 2
    real = Function("d", real=True)
    square = Sum(freedom(k) * freedom(l) * (real(k) - real(l)) ** 2, (k, 1, K), (l, 1, K)) / 2
    return (
        computed(
            "Cauchy-Schwarz as an identity.",
            _over_classes(freedom(k)) * _over_classes(v(k) ** 2 / freedom(k))
            - _over_classes(v(k)) ** 2,
            pairs,
            key="pairs",
        ),
        computed(
            "So f is at most n - K, and equal to it where v_k is in proportion to f_k.",
            square,
            relation=">=",
            key="most",
        ),
    )


def _within_normal_quantiles(freedom: int) -> Any:
    """Chance that a t variable is between the normal quantiles of 2.5 and 97.5 %."""
    x = Symbol("x", positive=True)
    scale = gamma(Rational(freedom + 1, 2)) / (sqrt(freedom * pi) * gamma(Rational(freedom, 2)))
    density = scale * (1 + x**2 / freedom) ** (-Rational(freedom + 1, 2))
    return 2 * Integral(density, (x, 0, sqrt(2) * erfinv(Rational(19, 20))))


def _dominated() -> tuple[Step, ...]:
    one, other, first, second = symbols("v_1 v_2 f_1 f_2", positive=True)
    f = (one + other) ** 2 / (one**2 / first + other**2 / second)
    return (
        computed(
            "One class dominates: its n_k - 1.",
            limit(f, other, 0),
            first,
            name=r"[v_{2} \to 0] f",
            key="dominated",
        ),
        computed(
            "Five rows: the chance that t with four degrees of freedom is within the quantiles "
            "that hold .95 of a normal distribution, to the decimals shown.",
            _within_normal_quantiles(4),
            "0.878",
            relation="~=",
            key="five-rows",
            conditions=("normal-scores",),
        ),
    )
