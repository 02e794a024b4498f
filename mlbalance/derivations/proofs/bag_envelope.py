"""Infinitely many bags as one fit of all rows (`bag-envelope`).

Letters as in `_proportional`. A row of class k weighs omega in a bag, E omega = w; its margin is o
in the bag fitted without it and t with it, where it pulls by g = -omega l'(t), t = o + S g with
S = sigma_k^2 V. Over bags o is normal around its mean o', with variance D = sigma_k^2 (q - r), r
the covariance of logits of two bags. G and H are means over omega and over that spread of g and of
h = -dg/do; L is the loss of the row in the fit of all rows. A mean over N pairs of values of omega
and o stands for one over any distribution, with chances p_i.
"""

from __future__ import annotations

from typing import Any

from sympy import Function, Sum, Symbol, limit, solve, symbols

from mlbalance.derivations.engine import (
    Derivation,
    Step,
    argued,
    computed,
    simplified,
)
from mlbalance.derivations.proofs._proportional import q, sigma

move, spread, eps = symbols("S D epsilon", positive=True)
mean, variance, kept, weight = symbols("w v pi a", positive=True)
covariance = Symbol("r", positive=True)
bend, out = Symbol("H", positive=True), Symbol("o'", real=True)
N, i, j = (Symbol(name, integer=True) for name in "Nij")
chance = Function("p", positive=True)
omega, curved = (Function(name, nonnegative=True) for name in ("omega", "l''"))
whole = Sum(chance(i), (i, 1, N))
one, o = symbols("omega o", real=True)


def bag_weight_expression() -> Any:
    """Weight of a row in the fit that undersamples are, square loss, in pi and S."""
    return kept / (1 + (1 - kept) * move)


def second_order_expression(loss: Any) -> Any:
    """What L has beyond w l to first order in S and D; v is the variance of omega."""
    return (mean * spread * loss.diff(o, 2) - move * variance * loss.diff(o) ** 2) / 2


def bag_envelope() -> Derivation:
    """Bags average Moreau envelopes (label `bag-envelope`)."""
    scope = "two classes, any convex loss and any distribution of weights by class; any sigma_k"
    steps = (*_one_bag(), *_loss(), *_one_fit(), *_square(), *_small())
    return Derivation("bag-envelope", scope, steps)


def _over(term: Any, index: Any = i) -> Any:
    return Sum(chance(index) * term, (index, 1, N))


def _one_bag() -> tuple[Step, ...]:
    slope, by_margin = symbols("g_o l''", real=True)
    (falls,) = solve(slope + one * by_margin * (1 + move * slope), slope)
    at, rise = Symbol("t", real=True), Symbol("t_o", real=True)
    pull = (o - at) / move  # -omega l'(t), where t minimises the envelope
    return (
        computed(
            "In a bag t minimises omega l(t) + (t - o)^2/(2 S), which is then the Moreau envelope "
            "of omega l at o: with omega l'(t) = (o - t)/S its slope is minus the pull,",
            pull * rise + (at - o) * (rise - 1) / move,
            (o - at) / move,
            name=r"\partial M/\partial o",
            key="envelope-slope",
        ),
        computed(
            "which falls with o, as dg = -omega l'' (1 + S dg/do) do,",
            -falls,
            one * by_margin / (1 + move * one * by_margin),
            name=r"h = -\partial g/\partial o",
            key="pull-slope",
        ),
        computed(
            "by less than 1/S. In the mean over weights and spread, as the p_i sum to one,",
            whole - move * _over(omega(i) * curved(i) / (1 + move * omega(i) * curved(i))),
            _over(1 / (1 + move * omega(i) * curved(i))),
            name="1 - S H",
            key="mean-slope",
        ),
        computed(
            "is positive.",
            _over(1 / (1 + move * omega(i) * curved(i))),
            relation=">",
            name="1 - S H",
            key="below",
        ),
    )


def _loss() -> tuple[Step, ...]:
    pull = Function("G")(out)
    at = out + move * pull
    bent = (-pull.diff(out) / at.diff(out)).subs(pull.diff(out), -bend)
    return (
        computed(
            "So t = o' + S G(o') rises with o', and L'(t) = -G(o') defines a loss L, of which the "
            "Moreau envelope has the slope of the mean of the bags' envelopes,",
            (out - at) / move,
            -pull,
            name=r"\partial M/\partial o'",
            key="envelope",
            short={pull: Symbol("G")},
            check=simplified,
        ),
        computed(
            "and which is convex, as H is not negative: L'' is dL'/do' over dt/do'.",
            bent,
            bend / (1 - move * bend),
            name="L''",
            key="bend",
            check=simplified,
        ),
        computed(
            "A row that is fitted by L has the same H in the equations.",
            (bent / (1 + move * bent)).simplify(),
            bend,
            name="L''/(1 + S L'')",
            key="curvature",
        ),
    )


def _one_fit() -> tuple[Step, ...]:
    pull = Function("g", real=True)
    return (
        argued(
            "In the proportional regime m, b, q and V of a bag solve the self-consistent equations "
            "with means over rows and weights: a random weight that does not depend on the "
            "features is one more label of the loss. By the replica method or a leave-one-out "
            "argument margins of a row left out have over bags this distribution given the data, "
            "whatever its weights, and r solves the equation of q with products of two bags' pulls "
            "in place of squares.",
            r"o \sim N(o', \sigma_{k}^{2} (q - r)), \quad o' \sim N(m + y b, \sigma_{k}^{2} r), "
            r"\quad r = (m_{g}^{2} s^{2} + Q_{ab}/\alpha)/(\lambda + \hat{V})^{2}, \quad "
            r"Q_{ab} = \sum_{k} n_{k}/N \sigma_{k}^{2} E_{k}[g(o_{a}) g(o_{b})]",
            "Loureiro et al. 2021 and Mignacco et al. 2020 for one bag; Takahashi 2024 for two, by "
            "the replica method",
            key="equations",
            cites=("loureiro2021", "mignacco2020", "takahashi2024"),
            conditions=(
                *("proportional", "two-classes", "convex-margin", "positive-ridge"),
                "row-weights",
            ),
            limit=True,
        ),
        computed(
            "Let all rows be fitted by L with the ridge and the divisor N of a bag. If m, b and V "
            "are those of a bag and r is the variance, o' is its left-out margin, o has the "
            "variance it has in a bag,",
            sigma[1] ** 2 * covariance + sigma[1] ** 2 * (q - covariance),
            sigma[1] ** 2 * q,
            name=r"\operatorname{Var}(o)",
            key="blur",
        ),
        computed(
            "so means of pulls G and of curvatures H over rows are those of the bag, and the mean "
            "of G^2 that of a product of two independent bags.",
            _over(pull(i)) ** 2,
            Sum(chance(i) * chance(j) * pull(i) * pull(j), (i, 1, N), (j, 1, N)),
            name="G^{2}",
            key="product",
        ),
        argued(
            "So m, b, r and V solve the equations of the fit by L, and these have one solution, as "
            "the objective is strictly convex: r is the variance of the mean of ever more bags, "
            "with m and b in common.",
            r"(m, b, r, V)_{bags} = (m, b, q, V)_{L}",
            "Loureiro et al. 2021 for the fit by L; the two steps before",
            key="one-fit",
            cites=("loureiro2021",),
            labels=("under-bagging",),
            conditions=("proportional", "convex-margin", "positive-ridge", "independent-bags"),
            limit=True,
        ),
    )


def _square() -> tuple[Step, ...]:
    force = Symbol("g", real=True)
    (pull,) = solve(one * (1 - o - move * force) - force, force)
    used = (-pull.diff(o)).factor()
    (found,) = solve(1 / (1 + weight * move) - (1 - kept) - kept / (1 + move), weight)
    return (
        computed(
            "Square loss, l = (1 - t)^2/2: a pull is linear in the margin, so the spread of bags "
            "leaves its mean as it is, and the slope is this,",
            used,
            one / (1 + one * move),
            name="h",
            key="linear",
        ),
        computed(
            "whose mean over omega is that of a weight a: one less S times both sides, 1 + a S is "
            "the harmonic mean of 1 + omega S.",
            (1 - move * used.subs(one, weight)).factor(),
            1 / (1 + weight * move),
            name=r"E[1/(1 + \omega S)]",
            key="harmonic",
        ),
        computed(
            "An undersample keeps a row with chance pi: this is below pi, which weighting has.",
            found,
            bag_weight_expression(),
            name="a",
            key="undersample",
        ),
    )


def _small() -> tuple[Step, ...]:
    second = variance + mean**2
    series = 1 - mean * move + second * move**2  # E 1/(1 + omega S) to second order
    harmonic = (1 / series - 1) / move
    loss = Function("l")(o)
    first = -one * loss.diff(o)
    pull = first - eps * one * loss.diff(o, 2) * move * first
    pull += eps * spread * first.diff(o, 2) / 2
    averaged = pull.expand().subs({one**2: second, one: mean})
    at = mean * loss.diff(o) + eps * move * averaged * mean * loss.diff(o, 2)
    return (
        computed(
            "To first order in S the harmonic mean is below w by the variance v = w^2 c_k^2 of the "
            "weights: with E 1/(1 + omega S) = 1 - w S + (v + w^2) S^2 - ...,",
            limit(harmonic.diff(move), move, 0),
            -variance,
            name=r"\partial a/\partial S",
            key="small",
        ),
        computed(
            "Any loss, S and D of order epsilon: pulls are -omega l' + S omega^2 l' l'' at o, "
            "blurred by D/2 times their second derivative, and o = t - S G. So L is w l - S v "
            "(l')^2/2 + D w l''/2, by its slope. The second term has c_k^2 in it, as in label "
            "argmin-mean.",
            -(averaged + at).expand().coeff(eps, 1).doit(),
            second_order_expression(loss).diff(o),
            name=r"[\epsilon^{1}] L'",
            key="second",
            check=simplified,
        ),
    )
