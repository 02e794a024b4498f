"""Loads at which two Gaussian classes can be separated (`mle-threshold`).

Letters: load alpha = n/d, rows per feature; means -mu and mu, |mu| = s, variance one; a row of
class y = 1 or -1 is off the hyperplane (w, b) by y (w' x + b), w of length one and with component c
along mu; h and z are standard normal and psi(t) = E max(h - t, 0)^2, of which f, or f_u of the
undersample, is the mean at t_1 = c s + b and t_0 = c s - b, over 1 - c^2.
"""

from __future__ import annotations

from typing import Any

from sympy import Function, Symbol, integrate, oo, sqrt, symbols

from mlbalance.derivations.engine import Derivation, Step, argued, computed, simplified
from mlbalance.derivations.proofs._normal import normal_cdf, normal_density

t, b, c, kappa = symbols("t b c kappa", real=True)
s, rho1, excess, R = symbols("s rho_1 e R", positive=True)
slope = Symbol("a", real=True)
NORMAL = {Symbol("Phi"): normal_cdf(-t), Symbol("phi"): normal_density(t)}


def psi(at: Any = t) -> Any:
    """Claimed mean square of max(h - t, 0)."""
    return _in_letters(at).subs({Symbol("Phi"): normal_cdf(-at), Symbol("phi"): normal_density(at)})


def _in_letters(at: Any) -> Any:
    return (1 + at**2) * Symbol("Phi") - at * Symbol("phi")


def shortfall_expression() -> Any:
    """Function to be minimised in c and b, in c, b, s, rho_1 and the margin kappa.

    Its minimum is 1/alpha* at kappa = 0, and d/n at the largest margin.
    """
    one, other = psi(c * s + b - kappa), psi(c * s - b - kappa)
    return (rho1 * one + (1 - rho1) * other) / (1 - c**2)


def mle_threshold() -> Derivation:
    """Loads at which the fit exists (label `mle-threshold`)."""
    scope = "two isotropic Gaussian classes; the limit itself is argued"
    return Derivation("mle-threshold", scope, (*_separable(), *shortfall_steps(), *_band()))


def _separable() -> tuple[Step, ...]:
    along = slope / sqrt(1 + slope**2)
    return (
        argued(
            "The fit exists unless a hyperplane has every row of positive weight on its own side. "
            "Weights do not enter which side a row is on.",
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
            "Gordon's comparison; Lyu, Zhou and Zhong 2025 for this model, Candes and Sur 2020 for "
            "Gaussian rows with logistic labels; with probability tending to one",
            key="gordon",
            cites=("candes2020", "lyu2025"),
            conditions=("proportional", "two-classes", "isotropic", "one-sigma"),
            limit=True,
        ),
        computed(
            "h + a z is normal with variance 1 + a^2; at length one c^2 = a^2/(1 + a^2), and "
            "the factor in front of psi(c s + y b) is 1/(1 - c^2).",
            1 / (1 - along**2),
            1 + slope**2,
            name="1/(1 - c^{2})",
            key="length",
        ),
    )


def shortfall_steps() -> tuple[Step, ...]:
    """Closed form of psi, which falls and is convex."""
    at = Symbol("h", real=True)
    return (
        computed(
            "psi in closed form, with Phi and phi of the normal distribution at -t.",
            integrate(at**2 * normal_density(at + t), (at, 0, oo)),
            _in_letters(t),
            name=r"E \max(h - t, 0)^{2}",
            key="psi",
            check=_normal,
        ),
        computed(
            "Its slope is -2 E max(h - t, 0),",
            psi().diff(t),
            2 * (t * Symbol("Phi") - Symbol("phi")),
            name=r"\partial \psi/\partial t",
            key="psi-falls",
            check=_normal,
        ),
        computed(
            "and it is strictly convex: Phi is positive.",
            psi().diff(t, 2),
            2 * Symbol("Phi"),
            name=r"\partial^{2} \psi/\partial t^{2}",
            key="psi-convex",
            check=_normal,
        ),
    )


def _normal(lhs: Any, rhs: Any) -> bool:
    """Equality with Phi and phi on the right written out."""
    return simplified(lhs, rhs.subs(NORMAL))


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
            "All rows, shares (1 - e)/2 and (1 + e)/2, against an undersample of (1 - e) alpha "
            "rows per feature. Rows times shortfall are to be above one for all (w, b); at any of "
            "them they differ by this,",
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
            relation=">",
            name=r"\alpha f - \alpha_{u} f_{u}",
            key="band",
        ),
    )
