"""The square loss in closed form at every ridge (`square-loss`).

Letters as in `_proportional`; l(t) = (1 - t)^2/2. A row of class k pulls by a_k (1 - o), with
a_k = c_k/(1 + c_k S_k), and has leverage u_k = S_k a_k between 0 and 1; A_k = rho_k a_k, and D is
1 - alpha sum_k rho_k u_k^2.
"""

from __future__ import annotations

from typing import Any

from sympy import S, Symbol, limit, oo, solve, sqrt, symbols

from mlbalance.derivations.engine import Derivation, Step, computed, equal_at
from mlbalance.derivations.proofs._proportional import (
    CLASSES,
    LOADS,
    SIGN,
    V,
    alpha,
    b,
    c,
    equations_step,
    fixed_point,
    lam,
    m,
    over_classes,
    q,
    rho,
    s,
    sigma,
)

A = {k: Symbol(f"A_{k}", positive=True) for k in CLASSES}
u = {k: Symbol(f"u_{k}", positive=True) for k in CLASSES}
kappa, t = symbols("kappa t", positive=True)
o, xi = symbols("o xi", real=True)


def _response(k: int) -> Any:
    """Claimed a_k."""
    return c[k] / (1 + c[k] * sigma[k] ** 2 * V)


def leverage(k: int) -> Any:
    """Leverage u_k of a row, in V."""
    return sigma[k] ** 2 * V * _response(k)


def _load(leverage: Any) -> Any:
    """Claimed alpha V (lambda + hat V), in the leverages; V makes it one."""
    return alpha * (lam * V + over_classes(lambda k: rho[k] * leverage(k)))


def intercept_form() -> Any:
    """Claimed b, in m and A_k."""
    return (1 - m) * (A[1] - A[0]) / (A[1] + A[0])


def gain() -> Any:
    """Claimed m over 1 - m, in kappa and A_k."""
    return 4 * kappa * A[1] * A[0] / (A[1] + A[0])


def denominator() -> Any:
    """Claimed denominator D of q, in the leverages."""
    return 1 - alpha * over_classes(lambda k: rho[k] * u[k] ** 2)


def variance_form(below: Any) -> Any:
    """Claimed q: m^2/s^2 and the noise of the pulls, over the denominator."""
    noise = over_classes(lambda k: rho[k] * (u[k] / sigma[k]) ** 2 * (1 - m - SIGN[k] * b) ** 2)
    return (m**2 / s**2 + alpha * noise) / below


def in_leverages(form: Any) -> Any:
    """A_k and kappa written with u_k, rho_k and V."""
    filled = {A[k]: rho[k] * u[k] / (sigma[k] ** 2 * V) for k in CLASSES}
    return form.subs(filled | {kappa: s**2 * alpha * V})


def square_loss_expressions() -> dict[str, Any]:
    """Solution in V, alpha_k, sigma_k, c_k, lambda and s; class 1 has y = 1, class 0 y = -1.

    `root` vanishes at V; then `m`, `b` and `q` at that V.
    """
    leverages = {u[k]: leverage(k) for k in CLASSES}
    mean = in_leverages(gain() / (1 + gain())).subs(leverages)
    intercept = in_leverages(intercept_form()).subs(leverages).subs(m, mean)
    square = (
        variance_form(denominator())
        .subs(leverages)
        .subs({m: mean, b: intercept}, simultaneous=True)
    )
    return {"root": _load(leverage) - 1, "m": mean, "b": intercept, "q": square}


def square_loss() -> Derivation:
    """m, b, q and V without iteration, and where q peaks (label `square-loss`)."""
    steps = (square_equations(), *_one_row(), *_linear(), *_variance(), *_peak())
    return Derivation("square-loss", "isotropic; any sigma_k, weights and ridge", steps)


def square_equations(words: str = "", *cites: str) -> Step:
    """The limit that the square loss starts from."""
    return equations_step(("two-classes", "square-loss"), words, cites)


def _one_row() -> tuple[Step, ...]:
    loss = c[1] * (1 - t) ** 2 / 2 + (t - o) ** 2 / (2 * sigma[1] ** 2 * V)
    (trained,) = solve(loss.diff(t), t)
    curvature = over_classes(lambda k: rho[k] * sigma[k] ** 2 * _response(k))
    rise = over_classes(lambda k: alpha * rho[k] * leverage(k).diff(V).factor()) + alpha * lam
    return (
        computed(
            "A row's margin minimises c_k (1 - t)^2/2 + (t - o)^2/(2 S_k), so its pull c_k (1 - t) "
            "is linear in o: a_k = c_k/(1 + c_k S_k) times 1 - o, S_k = sigma_k^2 V; for class 1,",
            c[1] * (1 - trained),
            _response(1) * (1 - o),
            name=r"c_{1} (1 - t)",
            key="pull",
        ),
        computed(
            "The equation of V, alpha V (lambda + V_h) = 1 with V_h the mean of sigma_k^2 a_k, "
            "has leverages u_k = S_k a_k in it: with their mean lambda V adds up to d/n.",
            V * alpha * (lam + curvature),
            _load(lambda k: leverage(k)),
            name=r"\alpha V (\lambda + V_{h})",
            key="response",
            check=equal_at({}),
            short={leverage(k): u[k] for k in CLASSES},
        ),
        computed(
            "It rises from 0 without bound: one root.",
            rise,
            relation=">",
            name=r"\partial (\alpha V (\lambda + V_{h}))/\partial V",
            key="one-root",
        ),
    )


def _linear() -> tuple[Step, ...]:
    pulls = {k: A[k] * (1 - m - SIGN[k] * b) for k in CLASSES}
    (intercept,) = solve(pulls[1] - pulls[0], b)
    (mean,) = solve((kappa * (pulls[1] + pulls[0]) - m).subs(b, intercept), m)
    return (
        computed(
            "Pulls of the classes balance, A_1 (1 - m - b) = A_0 (1 - m + b), which gives b,",
            intercept,
            intercept_form(),
            name="b",
            key="intercept",
        ),
        computed(
            "and m is kappa = s^2 alpha V times their sum: between 0 and 1.",
            (mean / (1 - mean)).factor(),
            gain(),
            name="m/(1 - m)",
            key="signal",
        ),
    )


def _second_moment(k: int) -> Any:
    """Mean square of a pull, o = m + y b + sigma_k sqrt(q) xi with xi standard normal."""
    pull = (1 - m - SIGN[k] * b - sigma[k] * sqrt(q) * xi) * u[k] / (sigma[k] ** 2 * V)
    return pull.subs(xi, 0) ** 2 + pull.diff(xi) ** 2


def _variance() -> tuple[Step, ...]:
    square = over_classes(lambda k: rho[k] * sigma[k] ** 2 * _second_moment(k))
    curvature = 1 / (alpha * V) - lam
    _, right, _ = fixed_point(m / (s**2 * alpha * V), square, curvature)
    (found,) = solve(right - q, q)
    above = _load(lambda k: u[k] * (1 - u[k]))
    spare = _load(lambda k: (leverage(k) * (1 - leverage(k))).factor())
    return (
        computed(
            "q enters its own equation linearly, through the mean square of the pulls: it is a "
            "quotient, with the denominator D = 1 - alpha sum_k rho_k u_k^2.",
            found,
            variance_form(denominator()),
            name="q",
            key="variance",
            short={denominator(): Symbol("D", positive=True)},
        ),
        computed(
            "By the equation of V, which has one for a value, this is D,",
            _load(lambda k: u[k]) - (1 - denominator()),
            above,
            name="D",
            key="spare",
        ),
        computed(
            "so D is positive with a ridge.",
            spare,
            relation=">",
            name="D",
            key="positive",
        ),
    )


def _peak() -> tuple[Step, ...]:
    far = {k: limit(leverage(k), V, oo) for k in CLASSES}
    leverages = {u[k]: leverage(k) for k in CLASSES}
    spare = alpha * over_classes(lambda k: rho[k] * leverage(k) * (1 - leverage(k)))
    precision = {k: rho[k] / sigma[k] ** 2 for k in CLASSES}
    largest = 4 * s**2 * alpha * precision[1] * precision[0] / (precision[1] + precision[0])
    tilt = (precision[1] - precision[0]) / (precision[1] + precision[0])
    mean_gain = in_leverages(gain()).subs(leverages)
    lean = in_leverages(intercept_form() / (1 - m)).subs(leverages)
    return (
        computed(
            "Without ridge and n > d the mean leverage is d/n. As n falls to d, V grows without "
            "bound and every leverage tends to one, whatever the weights,",
            far[1],
            S.One,
            name=r"u_{1}",
            key="leverage-one",
        ),
        computed(
            "so D vanishes: without ridge q grows without bound as n falls to d.",
            limit(spare, V, oo),
            S.Zero,
            name="D",
            key="above",
        ),
        computed(
            "Below, n < d, lambda V stays positive as lambda falls to zero, so V grows as well; D "
            "vanishes as n rises to d.",
            limit(denominator().subs(leverages), V, oo),
            1 - alpha,
            name="D",
            check=equal_at(LOADS),
            key="below",
        ),
        computed(
            "Nothing makes up for it in the numerator: m stays below one.",
            limit(mean_gain, V, oo),
            largest,
            name="m/(1 - m)",
            key="numerator",
        ),
        computed(
            "Nor is a weight left in m and b: fits that interpolate do not see weights.",
            limit(lean, V, oo),
            tilt,
            name="b/(1 - m)",
            key="interpolation",
        ),
    )
