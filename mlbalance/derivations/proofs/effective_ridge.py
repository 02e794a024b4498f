"""Effective ridge: what bounds every convex loss at equal degrees of freedom (`effective-ridge`).

Letters as in `_proportional` for one covariance of any spectrum: eigenspace j has eigenvalue e_j, a
share p_j of the features and the part s_j^2 of mu' mu; h is the curvature of a row, minus the slope
of its pull g, V_h its mean over rows, f_k the share of class k in that mean. S_1, S_2 and S_3 are
the sums over eigenspaces that a fit leaves. x_k is what E_k g^2 has beyond its linear part.
"""

from __future__ import annotations

from typing import Any

from sympy import Function, Sum, Symbol, exp, solve, sqrt, symbols

from mlbalance.derivations.engine import (
    Derivation,
    Step,
    argued,
    computed,
    equal_at,
    equal_given,
    simplified,
)
from mlbalance.derivations.proofs._normal import normal_cdf, normal_density
from mlbalance.derivations.proofs._proportional import (
    CLASSES,
    SIGN,
    Pair,
    V,
    alpha,
    alphas,
    c,
    gamma,
    lam,
    m,
    over_classes,
    q,
    rho,
)

J = Symbol("J", integer=True, positive=True)
j = Symbol("j", integer=True)
e, p, s = (Function(name, positive=True) for name in "eps")
chi, curvature, df = symbols("chi V_h df", positive=True)
S1, S2, S3 = symbols("S_1 S_2 S_3", positive=True)
n, rows = symbols("n n_u", positive=True)
covariance = Symbol("r", positive=True)
share: Pair = {k: Symbol(f"f_{k}", positive=True) for k in CLASSES}
excess: Pair = {k: Symbol(f"x_{k}", nonnegative=True) for k in CLASSES}
kept: Pair = {k: Symbol(f"pi_{k}", positive=True) for k in CLASSES}


def bound_expression() -> Any:
    """Bound of m^2/q at an effective ridge, in S_1, S_2, S_3, f_k and alpha_k."""
    used = over_classes(lambda k: share[k] ** 2 / alphas[k])
    return S1**2 * (1 - S3 * used) / (S2 + S3 * _rare() / 4)


def matched_ridge_expression() -> Any:
    """Ridge of unweighted least squares on n rows at an effective ridge, in chi, df and n."""
    return chi * (1 - df / n)


def discriminant_expressions() -> dict[str, tuple[Any, dict[str, str]]]:
    """Least squares on all rows for one eigenvalue 1, each with the names of its letters.

    Its effective ridge at a ridge r, kappa = d/n, and m^2/q at it, s half the separation.
    """
    kappa, ridge = symbols("kappa r", positive=True)
    given = matched_ridge_expression().subs({df: kappa * n / (1 + chi)}, simultaneous=True)
    roots = solve((given - ridge) * (1 + chi), chi)
    (found,) = (root for root in roots if root.subs({ridge: 1, kappa: 1}) > 0)
    total = over_classes(lambda k: alphas[k])
    best = bound_expression().subs({share[k]: alphas[k] / total for k in CLASSES})
    length = Symbol("s", positive=True)
    sums = {S1: length**2 / (1 + chi), S2: length**2 / (1 + chi) ** 2, S3: 1 / (1 + chi) ** 2}
    return {
        "effective_ridge": (found, {"r": "ridge", "kappa": "kappa"}),
        "signal_to_noise": (
            best.subs(sums, simultaneous=True),
            {"s": "s", "chi": "chi", "alpha_1": "rare", "alpha_0": "common"},
        ),
    }


def effective_ridge() -> Derivation:
    """Bounds at an effective ridge, and what attains them (label `effective-ridge`)."""
    scope = "two classes of one covariance of any spectrum; any convex losses, weights and ridge"
    steps = (
        *(_equations(), *_response(), *_orders(), *_linear_part(), *_bound()),
        *(*_bags(), *_shares(), *_attained(), *_errors()),
    )
    return Derivation("effective-ridge", scope, steps)


def _rare() -> Any:
    return over_classes(lambda k: 1 / alphas[k])


def _spectral(term: Any) -> Any:
    return Sum(term, (j, 1, J))


def _shrunk() -> Any:
    """v_j at the effective ridge."""
    return (1 / (lam + curvature * e(j))).subs(lam, chi * curvature)


SPECTRAL = {
    _spectral(s(j) ** 2 / (chi + e(j))): S1,
    _spectral(s(j) ** 2 * e(j) / (chi + e(j)) ** 2): S2,
    _spectral(p(j) * e(j) ** 2 / (chi + e(j)) ** 2): S3,
}
"""Sums over eigenspaces, by what they are written as."""


def _equations() -> Step:
    return argued(
        "In the proportional regime the margin of a new row is normal with mean m + y b and "
        "variance q, and the order parameters of a fit solve the self-consistent equations, here "
        "for one covariance of any spectrum, v_j = 1/(lambda + V_h e_j), m_g the mean pull and Q_g "
        "the mean squared pull over rows. Class weights and losses by class are losses that depend "
        "on the label, which the theorem for convex losses allows.",
        r"m = m_{g} \sum_{j} s_{j}^{2} v_{j}, \quad q = m_{g}^{2} \sum_{j} s_{j}^{2} e_{j} "
        r"v_{j}^{2} + Q_{g} \sum_{j} p_{j} e_{j}^{2} v_{j}^{2}/\alpha, \quad "
        r"V = \sum_{j} p_{j} e_{j} v_{j}/\alpha",
        "Loureiro et al. 2021; Mignacco et al. 2020 for two classes",
        key="equations",
        cites=("loureiro2021", "mignacco2020"),
        conditions=("proportional", "two-classes", "one-sigma", "convex-margin", "positive-ridge"),
        limit=True,
    )


def _response() -> tuple[Step, ...]:
    bend = Symbol("l''", nonnegative=True)
    slope = Symbol("g_o", real=True)
    (by_margin,) = solve(slope + c[1] * bend * (1 + V * slope), slope)
    response = _spectral(p(j) * e(j) * _shrunk()) / alpha
    return (
        computed(
            "A row pulls by g = -c_k l'(t) at t = o + V g, and dg = -c_k l'' (1 + V dg/do) do: of "
            "class 1,",
            -by_margin,
            c[1] * bend / (1 + c[1] * V * bend),
            name=r"h = -\partial g/\partial o",
            key="curvature",
        ),
        computed(
            "which stays below 1/V.",
            (1 / V + by_margin).factor(),
            relation=">",
            name="1/V - h",
            key="below",
        ),
        computed(
            "Effective ridge chi = lambda/V_h. Its degrees of freedom over d are alpha V V_h, so "
            "df = n V V_h, the sum of V h over rows: fewer than n.",
            alpha * response * curvature,
            _spectral(p(j) * e(j) / (chi + e(j))),
            name="df/d",
            key="degrees",
        ),
    )


def _orders() -> tuple[Step, ...]:
    pulls = {k: gamma / rho[k] for k in CLASSES}
    pull = over_classes(lambda k: rho[k] * pulls[k])
    square = Symbol("Q_g", positive=True)
    noise = pull**2 * _spectral(s(j) ** 2 * e(j) * _shrunk() ** 2)
    noise += square / alpha * _spectral(p(j) * e(j) ** 2 * _shrunk() ** 2)
    sums = {letter: written for written, letter in SPECTRAL.items()}
    return (
        computed(
            "The intercept balances the classes, rho_1 E_1 g = rho_0 E_0 g = gamma, so the mean "
            "pull is 2 gamma, and m is this,",
            pull * _spectral(s(j) ** 2 * _shrunk()),
            2 * gamma * S1 / curvature,
            name="m",
            key="signal",
            check=equal_at(sums),
        ),
        computed(
            "with S_1 = sum_j s_j^2/(chi + e_j). The variance has S_2 = sum_j s_j^2 e_j/(chi + "
            "e_j)^2 and S_3 = sum_j p_j e_j^2/(chi + e_j)^2.",
            noise,
            (4 * gamma**2 * S2 + square * S3 / alpha) / curvature**2,
            name="q",
            key="variance",
            check=equal_at(sums),
        ),
    )


def _linear_part() -> tuple[Step, ...]:
    """Over N values of a normal variable z, which stand for its distribution; then over all."""
    N, i = Symbol("N", integer=True, positive=True), Symbol("i", integer=True)
    mass = Function("w", nonnegative=True)
    pull, z = Function("g", real=True), Function("z", real=True)
    mean, slope = symbols("E_0 E_1", real=True)

    def over(term: Any) -> Any:
        return Sum(mass(i) * term, (i, 1, N))

    rest = over((pull(i) - mean - slope * z(i)) ** 2)
    at = Symbol("z", real=True)
    density, force = exp(-(at**2) / 2), Function("g")(at)
    moments = {
        over(1): 1,
        over(z(i)): 0,
        over(z(i) ** 2): 1,
        over(pull(i)): mean,
        over(pull(i) * z(i)): slope,
    }
    return (
        computed(
            "z standard normal, E_0 = E g and E_1 = E z g: what g has beyond its linear part,",
            rest,
            over(pull(i) ** 2) - mean**2 - slope**2,
            name=r"E (g - E_{0} - E_{1} z)^{2}",
            check=equal_given(moments),
            key="linear-part",
        ),
        computed(
            "is not negative, and zero for a linear pull alone, that of the square loss.",
            rest,
            relation=">=",
            name=r"E (g - E_{0} - E_{1} z)^{2}",
            key="not-linear",
        ),
        computed(
            "By parts, over the normal density, the mean of z g is that of its slope in z: what "
            "they differ by is a derivative, and g grows no faster than z/V. The slope is "
            "-sqrt(q) h.",
            (at * force - force.diff(at)) * density,
            -(force * density).diff(at),
            name=r"(z g - \partial g/\partial z) \exp(-z^{2}/2)",
            key="by-parts",
            check=simplified,
        ),
    )


def _second_moment(k: int, variance: Any) -> Any:
    """E_k of the product of the pulls of fits whose margins have this covariance."""
    mean, bend = gamma / rho[k], share[k] * curvature / rho[k]
    return mean**2 + variance * bend**2 + excess[k]


def _gap(variance: Any, chance: Any) -> tuple[Any, Any]:
    """Bound less m^2/variance, with rows alpha_k, and the value that the equation gives x_1."""
    square = over_classes(lambda k: rho[k] * chance(k) * _second_moment(k, variance))
    right = 4 * gamma**2 * S2 + square * S3 / alpha
    (found,) = solve(right - variance * curvature**2, excess[1])
    return bound_expression() - (2 * gamma * S1 / curvature) ** 2 / variance, found


def _left(variance: Any, chance: Any) -> Any:
    """Claimed bound less m^2/variance."""
    beyond = over_classes(lambda k: rho[k] * chance(k) * excess[k]) / alpha
    return S1**2 * S3 * beyond / ((S2 + S3 * _rare() / 4) * curvature**2 * variance)


def _bound() -> tuple[Step, ...]:
    gap, found = _gap(q, lambda k: 1)
    left = _left(q, lambda k: 1)
    return (
        computed(
            "So E_k g^2 = (gamma/rho_k)^2 + q (f_k V_h/rho_k)^2 + x_k with f_k = rho_k E_k h/V_h "
            "and x_k >= 0. What m^2/q is below the bound S_1^2 (1 - S_3 sum_k f_k^2/alpha_k)/(S_2 "
            "+ S_3 sum_k 1/(4 alpha_k)),",
            gap,
            left,
            name=r"bound - m^{2}/q",
            key="bound",
            check=equal_at({excess[1]: found, **{alphas[k]: rho[k] * alpha for k in CLASSES}}),
        ),
        computed(
            "is not negative, whatever loss, weights and ridge.",
            left,
            relation=">=",
            name=r"bound - m^{2}/q",
            key="at-most",
        ),
    )


def _bags() -> tuple[Step, ...]:
    gap, found = _gap(covariance, lambda k: kept[k])
    left = _left(covariance, lambda k: kept[k])
    apart, bags = symbols("q_r B", positive=True)
    mean = ((covariance + apart) / bags + (1 - 1 / bags) * covariance).expand()
    return (
        argued(
            "Undersamples that keep the share pi_k of a class have m, V and V_h in common, and "
            "logits of two of them covariance r, with E_k of the product of two pulls for E_k g^2 "
            "and pi_k for one: by Mehler's series (gamma/rho_k)^2 + r (f_k V_h/rho_k)^2 and a part "
            "x_k >= 0.",
            r"r = m_{g}^{2} \sum_{j} s_{j}^{2} e_{j} v_{j}^{2} + \sum_{k} \rho_{k} \pi_{k} "
            r"E_{k}[g(o_{a}) g(o_{b})] \sum_{j} p_{j} e_{j}^{2} v_{j}^{2}/\alpha",
            "the label under-bagging: Takahashi 2024, by the replica method",
            key="overlap",
            cites=("takahashi2024",),
            labels=("under-bagging",),
            conditions=("proportional", "two-classes", "convex-margin", "independent-bags"),
            limit=True,
        ),
        computed(
            "A bag has alpha rho_k = pi_k alpha_k rows of a class per feature, alpha_k those of "
            "all rows: m^2/r is below the bound of all rows,",
            gap,
            left,
            name=r"bound - m^{2}/r",
            key="many-bags",
            check=equal_at(
                {
                    excess[1]: found,
                    **{alphas[k]: rho[k] * alpha / kept[k] for k in CLASSES},
                }
            ),
        ),
        computed(
            "and the mean of B bags has the same m and a variance above r, as q = r + q_r.",
            mean - covariance,
            apart / bags,
            name=r"q_{B} - r",
            key="few-bags",
        ),
    )


def _shares() -> tuple[Step, ...]:
    total = over_classes(lambda k: alphas[k])
    spread = over_classes(lambda k: (share[k] - alphas[k] / total) ** 2 / alphas[k])
    real: Pair = {k: Symbol(f"f_{k}", real=True) for k in CLASSES}
    used = over_classes(lambda k: share[k] ** 2 / alphas[k])
    best = bound_expression().subs(
        {share[k]: alphas[k] / total for k in CLASSES}, simultaneous=True
    )
    return (
        computed(
            "The bound falls with sum_k f_k^2/alpha_k, which is above 1/alpha, alpha = alpha_1 + "
            "alpha_0, by the spread of the f_k around n_k/n, as the f_k sum to one,",
            used - 1 / total,
            spread,
            name=r"\sum_{k} f_{k}^{2}/\alpha_{k} - 1/\alpha",
            key="spread",
            check=equal_at({share[0]: 1 - share[1]}),
        ),
        computed(
            "so the bound is largest at f_k = n_k/n.",
            spread.subs({share[k]: real[k] for k in CLASSES}),
            relation=">=",
            name=r"\sum_{k} f_{k}^{2}/\alpha_{k} - 1/\alpha",
            key="largest",
        ),
        computed(
            "There it is this.",
            best,
            S1**2 * (1 - S3 / alpha) / (S2 + S3 * _rare() / 4),
            name="bound",
            key="best",
            check=equal_at({alpha: total}),
        ),
    )


def _attained() -> tuple[Step, ...]:
    bend = 1 / (1 + V)
    (response,) = solve(n * V * bend - df, V)
    fewer = matched_ridge_expression().subs(n, rows)
    return (
        computed(
            "Unweighted least squares on all rows has h = 1/(1 + V) for every row, so f_k = n_k/n, "
            "and a linear pull: it is at the largest bound. By df = n V h its V_h is 1 - df/n, and "
            "so its ridge chi V_h is this, positive as df = n V V_h is less than the rows of any "
            "fit, an undersample's n_u included.",
            chi * bend.subs(V, response),
            matched_ridge_expression(),
            name=r"\lambda'",
            key="attained",
        ),
        computed(
            "Nor is its q without bound, as the sum S_3 is less than df/d, and that less than "
            "alpha,",
            _spectral(p(j) * e(j) / (chi + e(j)) - p(j) * e(j) ** 2 / (chi + e(j)) ** 2),
            _spectral(chi * p(j) * e(j) / (chi + e(j)) ** 2),
            name="df/d - S_{3}",
            key="finite",
        ),
        computed(
            "Unweighted least squares on an undersample of n_u rows and on all n, at the same chi: "
            "their ridges lambda_u and lambda' have this ratio.",
            fewer / matched_ridge_expression(),
            (1 - df / rows) / (1 - df / n),
            name=r"\lambda_{u}/\lambda'",
            key="matched",
        ),
    )


def _errors() -> tuple[Step, ...]:
    at, ratio = Symbol("t", real=True), Symbol("D", positive=True)
    error = over_classes(lambda k: normal_cdf(-(m + SIGN[k] * at) / sqrt(q))) / 2
    return (
        computed(
            "The balanced error at a threshold t off the midpoint has a slope with the sign of t,",
            error.diff(at),
            normal_density((m - at) / sqrt(q)) * (1 - exp(-2 * m * at / q)) / (2 * sqrt(q)),
            name=r"\partial BER/\partial t",
            key="threshold",
            check=simplified,
        ),
        computed(
            "so the midpoint is best, and there it is Phi(-D), which falls with D = m/sqrt(q).",
            -normal_cdf(-ratio).diff(ratio),
            relation=">",
            name=r"-\partial \Phi(-D)/\partial D",
            key="error",
        ),
    )
