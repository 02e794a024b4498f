"""Self-consistent equations of the proportional regime, for the labels that start from them.

Letters: two classes, isotropic: rows are y mu + sigma_k z, z standard normal, |mu| = s, with y = 1
in class 1 and -1 in class 0; alpha = n/d, rho_k = n_k/n, alpha_k = n_k/d. A row of class k weighs
c_k in the mean loss; its margin is o = m + y b + sigma_k sqrt(q) z in a fit without it and t in the
fit with it, where it pulls by g = -c_k l'(t). S_k = sigma_k^2 V. Order parameters: m = w' mu, q =
w' w, the response V and the intercept b; hats are means over rows.
"""

from __future__ import annotations

from typing import Any

from sympy import Symbol, symbols

from mlbalance.derivations.engine import Step, argued

Pair = dict[int, Any]
"""A letter of both classes."""

CLASSES = (1, 0)
SIGN: Pair = {1: 1, 0: -1}


def _letters(name: str) -> Pair:
    return {k: Symbol(f"{name}_{k}", positive=True) for k in CLASSES}


alpha, lam, s, V, q, m, gamma = symbols("alpha lambda s V q m gamma", positive=True)
half, T = symbols("beta T", positive=True)
b = Symbol("b", real=True)
alphas, rho, sigma, c = (_letters(name) for name in ("alpha", "rho", "sigma", "c"))

LOADS: dict[Any, Any] = {
    alpha: alphas[1] + alphas[0],
    **{rho[k]: alphas[k] / (alphas[1] + alphas[0]) for k in CLASSES},
    half: (1 / alphas[1] - 1 / alphas[0]) / 2,
    T: 4 * s**2 + 2 / alphas[1],
}
"""Letters written out in n_k/d; beta and T are those of the label flip."""


def equations_step(
    conditions: tuple[str, ...] = (), words: str = "", cites: tuple[str, ...] = ()
) -> Step:
    """The limit that labels start from: order parameters solve the self-consistent equations."""
    return argued(
        "In the proportional regime the margin of a new row of class y is normal with mean m + y b "
        "and variance sigma_k^2 q, and m, q, V and b solve the self-consistent equations, shown "
        "for isotropic classes. Class weights make the loss depend on the label, which the theorem "
        f"for convex losses and a ridge above zero allows.{words and ' '}{words}",
        r"m = \hat{m} s^{2} r, \quad q = (\hat{m}^{2} s^{2} + \hat{Q}/\alpha) r^{2}, \quad "
        r"V = r/\alpha, \quad r = (\lambda + \hat{V})^{-1}, \quad \rho_{1} \bar{g}_{1} = "
        r"\rho_{0} \bar{g}_{0}",
        "Loureiro et al. 2021; Mignacco et al. 2020 for two classes",
        key="equations",
        cites=("loureiro2021", "mignacco2020", *cites),
        conditions=("proportional", *conditions),
        limit=True,
    )


def written_out(form: Any) -> Any:
    """The form in n_k/d."""
    return form.subs(LOADS, simultaneous=True)


def over_classes(term: Any) -> Any:
    """Sum over both classes of a function of the label."""
    return term(1) + term(0)


def balanced(k: int) -> Any:
    """Balanced weight of a row in the mean loss."""
    return 1 / (2 * rho[k])


def fixed_point(mean: Any, square: Any, curvature: Any) -> tuple[Any, Any, Any]:
    """m, q and V that the hats of m, Q and V lead to."""
    r = 1 / (lam + curvature)
    return mean * s**2 * r, (mean**2 * s**2 + square / alpha) * r**2, r / alpha
