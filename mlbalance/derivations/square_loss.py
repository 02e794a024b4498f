"""The square loss in closed form at every ridge (`square-loss`).

Letters as in `proportional`; l(t) = (1 - t)^2/2. A row of class k pulls by a_k (1 - o), with
a_k = c_k/(1 + c_k S_k), and has leverage u_k = S_k a_k between 0 and 1; A_k = rho_k a_k.
"""

from __future__ import annotations

from typing import Any

from sympy import S, Symbol, limit, oo, solve, sqrt, symbols

from mlbalance.derivations import Derivation, Step, argued, computed
from mlbalance.derivations.checks import equal_at, positive
from mlbalance.derivations.proportional import (
    CLASSES,
    LOADS,
    SIGN,
    T,
    V,
    alpha,
    alphas,
    b,
    balanced,
    c,
    fixed_point,
    half,
    lam,
    m,
    over_classes,
    q,
    rho,
    s,
    sigma,
)

__all__ = ["denominator", "ratio_step", "square_loss", "square_loss_expressions"]

A = {k: Symbol(f"A_{k}", positive=True) for k in CLASSES}
u = {k: Symbol(f"u_{k}", positive=True) for k in CLASSES}
kappa, t = symbols("kappa t", positive=True)
D = Symbol("D", positive=True)
o, xi = symbols("o xi", real=True)
ONE_SIGMA = {sigma[k]: S.One for k in CLASSES}


def _response(k: int) -> Any:
    """Claimed a_k."""
    return c[k] / (1 + c[k] * sigma[k] ** 2 * V)


def _leverage(k: int) -> Any:
    return sigma[k] ** 2 * V * _response(k)


def _load(leverage: Any) -> Any:
    """Claimed alpha V (lambda + hat V), in the leverages; V makes it one."""
    return alpha * (lam * V + over_classes(lambda k: rho[k] * leverage(k)))


def _intercept() -> Any:
    return (1 - m) * (A[1] - A[0]) / (A[1] + A[0])


def _gain() -> Any:
    """M over 1 - m."""
    return 4 * kappa * A[1] * A[0] / (A[1] + A[0])


def denominator() -> Any:
    """Claimed denominator D of q, in the leverages."""
    return 1 - alpha * over_classes(lambda k: rho[k] * u[k] ** 2)


def _square(below: Any) -> Any:
    """Claimed q: m^2/s^2 and the noise of the pulls, over the denominator."""
    noise = over_classes(lambda k: rho[k] * (u[k] / sigma[k]) ** 2 * (1 - m - SIGN[k] * b) ** 2)
    return (m**2 / s**2 + alpha * noise) / below


def _in_leverages(form: Any) -> Any:
    """A_k and kappa written with u_k, rho_k and V."""
    filled = {A[k]: rho[k] * u[k] / (sigma[k] ** 2 * V) for k in CLASSES}
    return form.subs(filled | {kappa: s**2 * alpha * V})


def square_loss_expressions() -> dict[str, Any]:
    """Solution in V, alpha_k, sigma_k, c_k, lambda and s; class 1 has y = 1, class 0 y = -1.

    `root` vanishes at V; then `m`, `b` and `q` at that V.
    """
    leverages = {u[k]: _leverage(k) for k in CLASSES}
    mean = _in_leverages(_gain() / (1 + _gain())).subs(leverages)
    intercept = _in_leverages(_intercept()).subs(leverages).subs(m, mean)
    square = _square(denominator()).subs(leverages).subs({m: mean, b: intercept}, simultaneous=True)
    return {"root": _load(_leverage) - 1, "m": mean, "b": intercept, "q": square}


def square_loss() -> Derivation:
    """m, b, q and V without iteration, and what follows (label `square-loss`)."""
    scope = "isotropic; any sigma_k, weights and ridge, one sigma where T is named"
    steps = (*_one_row(), *_linear(), *_variance(), *_peak(), *_against(), *_errors())
    return Derivation("square-loss", scope, steps)


def _one_row() -> tuple[Step, ...]:
    loss = c[1] * (1 - t) ** 2 / 2 + (t - o) ** 2 / (2 * sigma[1] ** 2 * V)
    (trained,) = solve(loss.diff(t), t)
    curvature = over_classes(lambda k: rho[k] * sigma[k] ** 2 * _response(k))
    rise = over_classes(lambda k: alpha * rho[k] * _leverage(k).diff(V).factor()) + alpha * lam
    return (
        computed(
            "A row's margin minimises c_k (1 - t)^2/2 + (t - o)^2/(2 S_k), so its pull c_k (1 - t) "
            "is linear in o: a_k = c_k/(1 + c_k S_k) times 1 - o, S_k = sigma_k^2 V; for class 1,",
            c[1] * (1 - trained),
            _response(1) * (1 - o),
            name=r"c_{1} (1 - t)",
        ),
        computed(
            "The equation of V, alpha V (lambda + V_h) = 1 with V_h the mean of sigma_k^2 a_k, "
            "has leverages u_k = S_k a_k in it: with their mean lambda V adds up to d/n.",
            V * alpha * (lam + curvature),
            _load(lambda k: _leverage(k)),
            name=r"\alpha V (\lambda + V_{h})",
            check=equal_at({}),
            short={_leverage(k): u[k] for k in CLASSES},
        ),
        computed(
            "It rises from 0 without bound: one root.",
            rise,
            S.Zero,
            relation=">",
            name=r"\partial (\alpha V (\lambda + V_{h}))/\partial V",
            check=positive,
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
            _intercept(),
            name="b",
        ),
        computed(
            "and m is kappa = s^2 alpha V times their sum: between 0 and 1.",
            (mean / (1 - mean)).factor(),
            _gain(),
            name="m/(1 - m)",
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
    spare = _load(lambda k: (_leverage(k) * (1 - _leverage(k))).factor())
    return (
        computed(
            "q enters its own equation linearly, through the mean square of the pulls: it is a "
            "quotient, with the denominator D = 1 - alpha sum_k rho_k u_k^2.",
            found,
            _square(denominator()),
            name="q",
            short={denominator(): D},
        ),
        computed(
            "By the equation of V, which has one for a value, this is D,",
            _load(lambda k: u[k]) - (1 - denominator()),
            above,
            name="D",
        ),
        computed(
            "so D is positive with a ridge.", spare, S.Zero, relation=">", name="D", check=positive
        ),
    )


def _peak() -> tuple[Step, ...]:
    far = {k: limit(_leverage(k), V, oo) for k in CLASSES}
    leverages = {u[k]: _leverage(k) for k in CLASSES}
    spare = alpha * over_classes(lambda k: rho[k] * _leverage(k) * (1 - _leverage(k)))
    precision = {k: rho[k] / sigma[k] ** 2 for k in CLASSES}
    gain = 4 * s**2 * alpha * precision[1] * precision[0] / (precision[1] + precision[0])
    tilt = (precision[1] - precision[0]) / (precision[1] + precision[0])
    mean_gain = _in_leverages(_gain()).subs(leverages)
    lean = _in_leverages(_intercept() / (1 - m)).subs(leverages)
    return (
        computed(
            "Without ridge and n > d the mean leverage is d/n. As n falls to d, V grows without "
            "bound and every leverage tends to one, whatever the weights,",
            far[1],
            S.One,
            name=r"u_{1}",
        ),
        computed(
            "so D vanishes, and q peaks at n = d.",
            limit(spare, V, oo),
            S.Zero,
            name="D",
        ),
        computed(
            "Below, n < d, lambda V stays positive as lambda falls to zero, so V grows as well.",
            limit(denominator().subs(leverages), V, oo),
            1 - alpha,
            name="D",
            check=equal_at(LOADS),
        ),
        computed(
            "Nothing makes up for it in the numerator: m stays below one.",
            limit(mean_gain, V, oo),
            gain,
            name="m/(1 - m)",
        ),
        computed(
            "Nor is a weight left in m and b: fits that interpolate do not see weights.",
            limit(lean, V, oo),
            tilt,
            name="b/(1 - m)",
        ),
    )


def _against() -> tuple[Step, ...]:
    leverages = {u[k]: _leverage(k) for k in CLASSES}
    lean = _in_leverages(_intercept() / (1 - m)).subs(leverages)
    e = {k: Symbol(f"e_{k}", positive=True) for k in CLASSES}
    return (
        computed(
            "Balanced weights c_k = 1/(2 rho_k): with e_k = c_k sigma_k^2, in proportion to "
            "sigma_k^2/n_k, the intercept is against the class with the larger one. It is 0 for an "
            "undersample of classes with one sigma.",
            lean.subs({c[k]: balanced(k) for k in CLASSES}),
            -V * (e[1] - e[0]) / (2 + V * (e[1] + e[0])),
            name="b/(1 - m)",
            check=equal_at({e[k]: balanced(k) * sigma[k] ** 2 for k in CLASSES}),
        ),
    )


def _ratio() -> Any:
    """Claimed m^2/q for one sigma."""
    return D * s**4 / (s**2 + over_classes(lambda k: 1 / alphas[k]) / 4)


def ratio_step() -> Step:
    """Signal to noise of the logits, any weights and ridge, for one sigma."""
    solved = {m: _gain() / (1 + _gain())}
    ratio = (m**2 / _square(D)).subs(b, _intercept()).subs(solved)
    return computed(
        "One sigma, sigma_k = 1: weights and ridge are in the signal to noise of the logits "
        "through D alone.",
        _in_leverages(ratio).subs(ONE_SIGMA).factor(),
        _ratio(),
        name=r"m^{2}/q",
        check=equal_at(LOADS),
    )


def _errors() -> tuple[Step, ...]:
    leverages = {u[k]: _leverage(k) for k in CLASSES}
    ratio = (_intercept() / m).subs(m, _gain() / (1 + _gain()))
    weighted = _in_leverages(ratio).subs(leverages).subs(ONE_SIGMA)
    return (
        ratio_step(),
        computed(
            "Balanced weights: the boundary is off by as much at every ridge. beta and T are those "
            "of the label flip.",
            weighted.subs({c[k]: balanced(k) for k in CLASSES}).factor(),
            -half / (2 * s**2),
            name="b/m",
            check=equal_at(LOADS),
        ),
        *_arguments(),
        computed(
            "D is below one and tends to it as lambda grows, since V falls to zero.",
            limit(denominator().subs(leverages), V, 0),
            S.One,
            name="D",
        ),
        argued(
            "While 2 s^2 > beta both errors fall with D: the best ridge is the strongest, and "
            "there undersampling wins exactly where the label flip says.",
            r"x_{1} = (2 s^{2} - \beta) \sqrt{D/(T - 2 \beta)}, \quad "
            r"x_{0} = (2 s^{2} + \beta) \sqrt{D/(T - 2 \beta)}",
            "the steps before",
        ),
    )


def _arguments() -> list[Step]:
    words = {
        1: "So errors are those of a strong ridge, arguments times the root of D: of class 1,",
        0: "and of class 0.",
    }
    return [
        computed(
            words[k],
            _ratio() * (1 - SIGN[k] * half / (2 * s**2)) ** 2,
            (2 * s**2 - SIGN[k] * half) ** 2 * D / (T - 2 * half),
            name=f"(m {'+' if k else '-'} b)^{{2}}/q",
            check=equal_at(LOADS),
        )
        for k in CLASSES
    ]
