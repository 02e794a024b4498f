"""Self-influence: the pull of a row on its own logits (`self-influence`).

Letters as in `_proportional`; v is the fit without a row, H the Hessian there, x the features of
the row times its y. For K classes u are the logits of a row of class k with it and o without it.
"""

from __future__ import annotations

from typing import Any

from sympy import (
    Function,
    IndexedBase,
    KroneckerDelta,
    MatrixSymbol,
    S,
    Sum,
    Symbol,
    exp,
    log,
    symbols,
)

from mlbalance.derivations.engine import (
    Check,
    Derivation,
    Step,
    argued,
    computed,
    equal_given,
    equal_matrices,
)

d, n, K = symbols("d n K", integer=True, positive=True)
i, k, l = symbols("i k l", integer=True)
t, o, V, c, sigma, gamma = symbols("t o V c sigma_k gamma", positive=True)
size = Symbol("n_k", integer=True, positive=True)
pull = IndexedBase("g")
SLOPE = Symbol("l'")


def inflation_expression() -> Any:
    """Class mean of training margin less leave-one-out margin, in sigma_k, V, gamma, n, n_k."""
    return sigma**2 * V * gamma * n / size


def self_influence() -> Derivation:
    """Rows pull their own logits, and the pulls of classes balance (label `self-influence`)."""
    scope = "symbolic in d and n_k, any convex loss of the margin; K classes for the softmax"
    steps = (*_one_row(), *_class_means(), *_classes())
    return Derivation("self-influence", scope, steps)


def _one_row() -> tuple[Step, ...]:
    H, x, v = MatrixSymbol("H", d, d), MatrixSymbol("x", d, 1), MatrixSymbol("v", d, 1)
    g = Symbol("g", positive=True)
    w = v + g / n * (H.I * x)
    loss, spread = Function("l"), sigma**2 * V
    own = c * loss(t) + (t - o) ** 2 / (2 * spread)
    return (
        computed(
            "The other rows are a quadratic (w - v)' H (w - v)/2 around the fit v without the "
            "row. With the row, which adds c l(margin)/n, the fit is w = v + H^-1 x g/n: the "
            "gradient of the quadratic is what the row pulls.",
            H * (w - v),
            g / n * x,
            name="H (w - v)",
            key="row",
            check=equal_matrices(H),
        ),
        computed(
            "So its margin moves by its pull times a quadratic form.",
            x.T * (w - v),
            g / n * (x.T * H.I * x),
            name="x' (w - v)",
            key="own-margin",
            check=equal_matrices(H),
        ),
        argued(
            "The form tends to sigma_k^2 V, the same for all rows of a class, and what the row "
            "changes in H is of smaller order. For the square loss the quadratic is exact.",
            r"x' H^{-1} x/n \to \sigma_{k}^{2} V, \quad "
            r"V = \operatorname{tr} \Sigma H^{-1}/n",
            "concentration of quadratic forms; Loureiro et al. 2021, Mignacco et al. 2020",
            key="form",
            cites=("loureiro2021", "mignacco2020"),
            conditions=("proportional", "convex-margin", "positive-ridge"),
            limit=True,
        ),
        computed(
            "In other words the margin t minimises the row's loss plus a parabola at o.",
            own.diff(t).subs(o, t + spread * c * loss(t).diff(t)),
            S.Zero,
            name=r"\partial (c l(t) + (t - o)^{2}/(2 \sigma_{k}^{2} V))/\partial t",
            key="parabola",
        ),
    )


def _class_means() -> tuple[Step, ...]:
    total = Sum(pull[i], (i, 1, size))
    margin, at = Function("l"), Symbol("z", real=True)
    shift, side = symbols("b y", real=True)
    move = sigma**2 * V * total / size
    sizes, spreads = symbols("n_1 n_0", positive=True), symbols("sigma_1 sigma_0", positive=True)

    def inflation(label: int) -> Any:
        given = {size: sizes[label], sigma: spreads[label]}
        return inflation_expression().subs(given)

    one_row = c * margin(side * (at + shift))
    return (
        computed(
            "In the intercept a row of class y = 1 or -1 has the gradient -y g.",
            one_row.diff(shift).doit(),
            side * c * SLOPE,
            name=r"\partial c l(y (z + b))/\partial b",
            key="intercept-gradient",
            check=_same_at(t, side * (at + shift)),
        ),
        argued(
            "The intercept has no penalty, so at a fit the pulls of the two classes balance.",
            r"n_{1} \bar{g}_{1} = n_{0} \bar{g}_{0} = n \gamma",
            "the label score, for the intercept; exact for any n",
            key="balance",
            labels=("score",),
            conditions=("convex-margin",),
        ),
        computed(
            "Training less leave-one-out margin, on average over a class.",
            move,
            inflation_expression(),
            name=r"E_{k} (t - o)",
            key="inflation",
            check=equal_given({total: n * gamma}),
        ),
        computed(
            "The ratio of the classes, whatever the loss, the weights and the ridge.",
            inflation(0) / inflation(1),
            spreads[0] ** 2 * sizes[1] / (spreads[1] ** 2 * sizes[0]),
            name=r"E_{1} (t - o)/E_{0} (t - o)",
            key="ratio",
        ),
    )


def _same_at(letter: Any, at: Any) -> Check:
    """Check of equality where l' on the right is the slope of the loss at this margin."""
    slope = Function("l")(letter).diff(letter)

    def check(lhs: Any, rhs: Any) -> bool:
        difference = lhs - rhs.subs(SLOPE, slope).subs(letter, at).doit()
        return bool(difference.doit().simplify() == 0)

    return check


def _classes() -> tuple[Step, ...]:
    z, label = IndexedBase("z"), Symbol("y", integer=True)
    softmax = c * (log(Sum(exp(z[l]), (l, 1, K))) - z[label])
    share = exp(z[k]) / Sum(exp(z[l]), (l, 1, K))
    response, score = MatrixSymbol("V", K, K), MatrixSymbol("g", K, 1)
    counts, rows = IndexedBase("n"), IndexedBase("g")
    in_class = Sum(rows[k, i], (i, 1, counts[k]))
    everything = Sum(rows[k, i], (i, 1, counts[k]), (k, 1, K))
    return (
        computed(
            "K classes: the pull of a row on logit k is c times indicator less probability.",
            -softmax.diff(z[k]),
            c * (KroneckerDelta(k, label) - share),
            name=r"-\partial c (\log \sum_{l} e^{z_{l}} - z_{y})/\partial z_{k}",
            key="softmax-pull",
        ),
        computed(
            "The row's logits minimise its loss plus (u - o)' (sigma_k^2 V)^-1 (u - o)/2, so they "
            "move by sigma_k^2 V g, where the gradient of that form is the pull.",
            (sigma**2 * response).I * (sigma**2 * response * score),
            score,
            name=r"(\sigma_{k}^{2} V)^{-1} (u - o)",
            key="softmax-move",
            check=equal_matrices(),
        ),
        computed(
            "Intercepts without penalty balance the pulls over all rows: with shares rho_k = n_k/n "
            "the class means of the pulls have mean zero.",
            Sum(counts[k] / n * (in_class / counts[k]), (k, 1, K)),
            S.Zero,
            name=r"\sum_{k} \rho_{k} \bar{g}_{k}",
            key="softmax-balance",
            check=equal_given({everything: S.Zero}),
        ),
    )
