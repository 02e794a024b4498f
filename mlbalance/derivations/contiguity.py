"""How wrong a model may be before weighting is better, and whether one could see it (`contiguity`).

Letters: influence functions phi of weighting and psi of the unweighted fit with offset, of a
functional; d = phi - psi with variance w^2; the law is tilted by 1 + kappa g/sqrt(n), where g has
mean zero, variance 1 and correlation r with d.
"""

from __future__ import annotations

from typing import Any

from sympy import Float, Rational, S, Symbol, erf, erfinv, sqrt, symbols

from mlbalance.derivations import Derivation, Step, argued, computed
from mlbalance.derivations.checks import Check

__all__ = ["contiguity", "power_expression"]

kappa, w, r, sigma = symbols("kappa w r sigma", positive=True)
level = Symbol("alpha", positive=True)


def contiguity() -> Derivation:
    """A misspecification that favours weighting and is hard to see (label `contiguity`)."""
    scope = "any K, d and functional; limits of local alternatives are argued"
    return Derivation("contiguity", scope, (*_bias(), *_errors(), *_power(), *_elsewhere()))


def _bias() -> tuple[Step, ...]:
    """Covariances of influence functions with g."""
    with_phi, with_psi = Symbol("E phi g"), Symbol("E psi g")
    gap = r * w
    return (
        argued(
            "Tilting the law moves a functional by its influence function against the tilt; "
            "weighting estimates its own functional, the balanced risk's minimiser, so it has no "
            "bias, and the other fit is off by the difference.",
            r"\sqrt{n} \, \mathrm{bias} = \kappa E (\psi - \phi) g",
            "Le Cam's third lemma; van der Vaart 1998, chapters 6 and 25",
            key="tilted",
            cites=("vandervaart1998",),
            conditions=("least-favourable",),
            limit=True,
        ),
        computed(
            "The difference of the moves is against d alone, with E d g = r w.",
            (kappa * with_psi - kappa * with_phi).subs(with_phi, with_psi + gap),
            -kappa * r * w,
            name=r"\sqrt{n} \, \mathrm{bias}",
            key="bias",
        ),
    )


def _break_even() -> Any:
    """Claimed size of the tilt at which mean squared errors are the same."""
    return 1 / r


def _errors() -> tuple[Step, ...]:
    unweighted, weighted = sigma**2 + (kappa * r * w) ** 2, sigma**2 + w**2
    return (
        computed(
            "d is uncorrelated with psi (label offset-efficiency): n times the mean squared "
            "errors differ by a multiple of the variance of d.",
            unweighted - weighted,
            w**2 * ((kappa * r) ** 2 - 1),
            name=r"n (\mathrm{MSE} - \mathrm{MSE}_{w})",
            key="errors",
        ),
        computed(
            "They are the same at kappa = 1/r, and beyond it weighting has the smaller.",
            (unweighted - weighted).subs(kappa, _break_even()),
            S.Zero,
            name=r"n (\mathrm{MSE} - \mathrm{MSE}_{w})",
            key="even",
        ),
    )


def _cdf(at: Any) -> Any:
    return (1 + erf(at / sqrt(2))) / 2


def _power_at(size: Any) -> Any:
    """Claimed power of the one-sided test of a given level against a tilt of this size."""
    return _cdf(size - sqrt(2) * erfinv(1 - 2 * level))


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
            key="test",
            cites=("vandervaart1998",),
            conditions=("least-favourable",),
            limit=True,
        ),
        computed(
            "Its level is alpha without the tilt,",
            1 - _cdf(quantile),
            level,
            name=r"P_{0}(reject)",
        ),
        computed(
            "with the tilt it is rejected as often as a normal of mean kappa exceeds the quantile,",
            1 - _cdf(quantile - kappa),
            _power_at(kappa),
            name=r"P_{\kappa}(reject)",
            key="power",
        ),
        computed(
            "and in the least favourable direction, g = d/w with r = 1, a test of 5 % has this "
            "power where the two are even: to the decimals shown.",
            power_expression().subs({level: Rational(1, 20), r: 1}),
            Float("0.26", 2),
            relation="~=",
            check=_rounds_to("0.26"),
            key="power-at-5",
        ),
    )


def _elsewhere() -> tuple[Step, ...]:
    return (
        computed(
            "In a direction of correlation r the tilt must be 1/r, which is easier to see: for "
            "r = 1/4 with this power.",
            power_expression().subs({level: Rational(1, 20), r: Rational(1, 4)}),
            Float("0.991", 3),
            relation="~=",
            check=_rounds_to("0.991"),
        ),
        computed(
            "Orthogonal to d there is no bias, so the unweighted fit is better at any power.",
            (kappa * r * w).subs(r, 0),
            S.Zero,
            name=r"\sqrt{n} \, \mathrm{bias}",
            key="orthogonal",
        ),
    )


def _rounds_to(digits: str) -> Check:
    half = Rational(1, 2) / 10 ** len(digits.partition(".")[2])
    return lambda exact, shown: bool(abs(exact.evalf(10) - Rational(str(shown))) <= half)
