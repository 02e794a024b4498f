"""Whether two Gaussian classes can be separated, and how far (`mle-threshold`, `max-margin`).

Letters: means -mu and mu, |mu| = s, variance one; a row of class y = 1 or -1 is off the hyperplane
(w, b) by y (w' x + b). w is c along mu at length one; h is standard normal and
psi(t) = E max(h - t, 0)^2.
"""

from __future__ import annotations

from typing import Any

from sympy import (
    Function,
    Rational,
    S,
    Symbol,
    erf,
    exp,
    integrate,
    limit,
    log,
    oo,
    simplify,
    sqrt,
    symbols,
)

from mlbalance.derivations import Derivation, Step, argued, computed
from mlbalance.derivations.checks import Check, positive
from mlbalance.derivations.proportional import normal_cdf, normal_density

__all__ = ["max_margin", "mle_threshold", "shortfall_expression"]

t, b, c, kappa = symbols("t b c kappa", real=True)
s, rho1, excess, R = symbols("s rho_1 e R", positive=True)
slope = Symbol("a", real=True)
NORMAL = {Symbol("Phi"): normal_cdf(-t), Symbol("phi"): normal_density(t)}


def _psi(at: Any = t) -> Any:
    """Claimed mean square of max(h - t, 0)."""
    return _in_letters(at).subs({Symbol("Phi"): normal_cdf(-at), Symbol("phi"): normal_density(at)})


def _in_letters(at: Any) -> Any:
    return (1 + at**2) * Symbol("Phi") - at * Symbol("phi")


def shortfall_expression() -> Any:
    """What is to be minimised in c and b, in c, b, s, rho_1 and the margin kappa.

    Its minimum is 1/alpha* at kappa = 0, and d/n at the largest margin.
    """
    one, other = _psi(c * s + b - kappa), _psi(c * s - b - kappa)
    return (rho1 * one + (1 - rho1) * other) / (1 - c**2)


def mle_threshold() -> Derivation:
    """Loads at which the fit exists (label `mle-threshold`)."""
    scope = "two isotropic Gaussian classes; the limit itself is argued"
    return Derivation("mle-threshold", scope, (*_separable(), *_function(), *_band()))


def _separable() -> tuple[Step, ...]:
    along = slope / sqrt(1 + slope**2)
    return (
        argued(
            "The fit exists unless a hyperplane has every row of positive weight on its own side. "
            "Which side a row is on has no weight in it.",
            r"y_{i} (w' x_{i} + b) \geq 0 \text{ for all } i",
            "Albert and Anderson 1984, Candes and Sur 2020; the label existence",
            key="sides",
            cites=("albert1984", "candes2020"),
            conditions=("no-ridge",),
        ),
        argued(
            "With w of length one across mu and a along it, d directions of noise can make up for "
            "a mean square shortfall of d/n.",
            r"1/\alpha^{*} = \min_{a,b} E \max(h + a z - a s - y b, 0)^{2}",
            "Gordon's comparison; Candes and Sur 2020, Montanari et al. 2019",
            key="gordon",
            cites=("candes2020", "montanari2019"),
            conditions=("proportional", "two-classes", "isotropic", "one-sigma"),
            limit=True,
        ),
        computed(
            "h + a z is normal with variance 1 + a^2; at length one c = a/(1 + a^2)^(1/2), and the "
            "factor in front of psi(c s + y b) is 1/(1 - c^2).",
            1 / (1 - along**2),
            1 + slope**2,
            name="1/(1 - c^{2})",
            key="length",
        ),
    )


def _function() -> tuple[Step, ...]:
    at = Symbol("h", real=True)
    return (
        computed(
            "psi in closed form, with Phi and phi of the normal law at -t.",
            integrate(at**2 * normal_density(at + t), (at, 0, oo)),
            _in_letters(t),
            name=r"E \max(h - t, 0)^{2}",
            key="psi",
            check=_normal,
        ),
        computed(
            "Its slope is -2 E max(h - t, 0),",
            _psi().diff(t),
            2 * (t * Symbol("Phi") - Symbol("phi")),
            name=r"\partial \psi/\partial t",
            key="psi-falls",
            check=_normal,
        ),
        computed(
            "and it is strictly convex: Phi is positive.",
            _psi().diff(t, 2),
            2 * Symbol("Phi"),
            name=r"\partial^{2} \psi/\partial t^{2}",
            key="psi-convex",
            check=_normal,
        ),
    )


def _normal(lhs: Any, rhs: Any) -> bool:
    """Equality with Phi and phi on the right written out."""
    return _simplified(lhs, rhs.subs(NORMAL))


def _simplified(lhs: Any, rhs: Any) -> bool:
    return bool(simplify((lhs - rhs).rewrite(erf)) == 0)


def _band() -> tuple[Step, ...]:
    psi = Function("psi", positive=True)
    load, length = symbols("alpha L", positive=True)
    one, other = psi(c * s + b), psi(c * s - b)
    share = (1 - excess) / 2
    whole = load * (share * one + (1 - share) * other) * length
    balanced = 2 * share * load * (one + other) / 2 * length
    spare = load * excess * other * length
    return (
        computed(
            "Without signal and with equal classes c = b = 0 is best, as 1/(1 - c^2) is least and "
            "psi convex: two rows per feature.",
            1 / shortfall_expression().subs({s: 0, kappa: 0, c: 0, b: 0}),
            S(2),
            name=r"\alpha^{*}",
            key="two",
        ),
        computed(
            "All rows, shares (1 -+ e)/2, against an undersample of (1 - e) alpha rows per "
            "feature. Rows times shortfall are to be above one for all (w, b); at any of them they "
            "differ by this,",
            whole - balanced,
            spare,
            name=r"\alpha f - \alpha_{u} f_{u}",
            key="spare",
            short={
                length: 1 / (1 - c**2),
                c * s + b: Symbol("t_1"),
                c * s - b: Symbol("t_0"),
            },
        ),
        computed(
            "so the fit of all rows exists where that of the undersample does, and in a band of "
            "loads where it does not.",
            spare,
            S.Zero,
            relation=">",
            name=r"\alpha f - \alpha_{u} f_{u}",
            key="band",
            check=positive,
        ),
    )


def max_margin() -> Derivation:
    """Where fits of separable rows go as the ridge vanishes (label `max-margin`)."""
    scope = "any rows for weights and offsets; two isotropic Gaussian classes for the intercept"
    steps = (*_tails(), *_one_direction(), *_largest(), *_function(), *_leaning())
    return Derivation("max-margin", scope, steps)


def _tails() -> tuple[Step, ...]:
    margin, offset, scale = symbols("m o D", positive=True)

    def tail(exponent: Any) -> Any:
        return log(1 + exp(-exponent))

    return (
        computed(
            "Separable rows: losses fall to zero as the length R of w grows, and there the "
            "logistic loss of a margin R m is exp(-R m).",
            limit(tail(R * margin) / exp(-R * margin), R, oo),
            S.One,
            name=r"[R \to \infty] \log(1 + \exp(-R m))/\exp(-R m)",
            key="tail",
        ),
        computed(
            "An offset is a weight there,",
            limit(tail(R * margin - offset) / exp(-R * margin), R, oo),
            exp(offset),
            name=r"[R \to \infty] \log(1 + \exp(o - R m))/\exp(-R m)",
            key="offset",
        ),
        computed(
            "and of a row with weight c what counts is its rate, which has no weight in it,",
            limit(margin - log(Symbol("c", positive=True)) / R, R, oo),
            margin,
            name=r"[R \to \infty] -\log(c \exp(-R m))/R",
            key="weight",
        ),
        computed(
            "while a factor D of the margin stays in the rate.",
            limit(scale * margin - log(Symbol("c", positive=True)) / R, R, oo),
            scale * margin,
            name=r"[R \to \infty] -\log(c \exp(-R D m))/R",
            key="factor",
        ),
    )


def _one_direction() -> tuple[Step, ...]:
    best, short_of, least, total = symbols("kappa eta c_i C", positive=True)
    return (
        computed(
            "Compare hyperplanes of one length: the best has smallest margin kappa and a loss of "
            "at most C exp(-R kappa), C the sum of weights; one that is eta short has a row with "
            "c_i exp(-R (kappa - eta)). The ratio vanishes, whatever the weights.",
            limit(total * exp(-R * best) / (least * exp(-R * (best - short_of))), R, oo),
            S.Zero,
            name=r"[R \to \infty] C \exp(-R \kappa)/(c_{i} \exp(-R (\kappa - \eta)))",
            key="one-direction",
        ),
        argued(
            "As the ridge vanishes the loss does, so R grows without bound, and what is left is "
            "the pair of largest margin, intercept included: it has no penalty and is part of the "
            "margin. An undersample has a largest margin of its own.",
            r"(w, b)/|w| \to \operatorname{argmax} \min_{i} y_{i} (w' x_{i} + b)",
            "the step before, and the pair is unique; Rosset, Zhu and Hastie 2004. Soudry et al. "
            "2018 and Xu, Ye and Ruan 2021 for gradient descent",
            key="largest",
            cites=("rosset2004",),
            conditions=("separable", "exponential-tails"),
        ),
    )


def _largest() -> tuple[Step, ...]:
    balanced = shortfall_expression().subs({rho1: Rational(1, 2), b: 0})
    return (
        argued(
            "Its margin in the proportional regime, and the errors of new rows: w at length one "
            "has margins N(c s + y b, 1).",
            r"d/n = \min_{c,b} f(c, b, \kappa), \quad e_{y} = \Phi(-(c s + y b))",
            "Gordon's comparison; Montanari et al. 2019",
            key="gordon-margin",
            cites=("montanari2019",),
            conditions=("proportional", "two-classes", "isotropic", "one-sigma", "separable"),
            limit=True,
        ),
        computed(
            "An undersample has b = 0 by symmetry; with t = c s - kappa,",
            balanced,
            _psi(c * s - kappa) / (1 - c**2),
            name=r"f(c, 0, \kappa)",
            key="undersample",
            short={_psi(c * s - kappa): Symbol("psi_t")},
            check=_simplified,
        ),
    )


def _leaning() -> tuple[Step, ...]:
    psi = Function("psi")
    one, other = c * s + b - kappa, c * s - b - kappa
    whole = rho1 * psi(one) + (1 - rho1) * psi(other)
    first, second = symbols("P_1 P_0")
    slopes = {first: psi(one).diff(b), second: -psi(other).diff(b)}
    return (
        computed(
            "With unequal shares the derivative in b is zero where the pulls of the classes "
            "balance; P_k = psi'(t_k), t_1 = c s + b - kappa, t_0 = c s - b - kappa.",
            whole.diff(b),
            rho1 * first - (1 - rho1) * second,
            name=r"(1 - c^{2}) \partial f/\partial b",
            key="balance",
            check=_where(slopes),
        ),
        computed(
            "As their difference is this,",
            one - other,
            2 * b,
            name="t_{1} - t_{0}",
            key="apart",
        ),
        argued(
            "and psi' is negative and rises, rho_1 < rho_0 takes t_1 < t_0: the intercept is "
            "against the rarer class, and no weight can move it.",
            r"\psi'(t_{1}) = (\rho_{0}/\rho_{1}) \psi'(t_{0}) < \psi'(t_{0}), \quad b < 0",
            "the steps before",
        ),
    )


def _where(letters: dict[Any, Any]) -> Check:
    """Check of equality with letters for derivatives."""
    return lambda lhs, rhs: bool((lhs - rhs.subs(letters)).expand() == 0)
