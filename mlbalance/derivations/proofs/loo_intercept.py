"""Intercepts judged by rows that did not fit them (`loo-intercept`).

Letters: row i of class k has score s = X_i' r_i per unit of weight, X_i its design, a row for each
of the C = K - 1 contrasts; G is the score of its class, T_k its weight, F the score of all else.
The weight v of row i leaves and what is left of the class is scaled by a. H is the Hessian with the
class so scaled and the row still in it, M = X_i H^-1 X_i', R = diag(p) - p p' of the row.
"""

from __future__ import annotations

from typing import Any

from sympy import Identity, MatrixSymbol, S, Symbol, exp, log, solve, symbols

from mlbalance.derivations.engine import Derivation, Step, argued, computed, equal_matrices

p, C = symbols("p C", integer=True, positive=True)
total, v, n1, n0, eps = symbols("T_k v n_1 n_0 epsilon", positive=True)


def scale_expression() -> Any:
    """Factor of the rows left of a class, in T_k and v."""
    return total / (total - v)


def spurious_expression() -> Any:
    """Intercept that rows left out without a scale add, to first order in 1/n_1 and 1/n_0."""
    return (1 / n1 - 1 / n0) / 2


def loo_intercept() -> Derivation:
    """Leave-one-out logits of a rebalanced fit, by one Newton step (label `loo-intercept`)."""
    scope = "symbolic in K, d and the weights; two classes from step 5 on"
    return Derivation("loo-intercept", scope, (*_step(), *_downdate(), *_prior(), *_new_rows()))


def _step() -> tuple[Step, ...]:
    a = Symbol("a", positive=True)
    G, s, rest = symbols("G s F")
    (found,) = solve(a * (total - v) - total, a)
    return (
        computed(
            "The weight v of row i leaves. The rest of its class is scaled so that the class keeps "
            "its total T_k,",
            found,
            scale_expression(),
            name="a",
            key="scale",
        ),
        computed(
            "The score of the fit is zero, F + G = 0: G of the class, F of the others and the "
            "ridge. Without the row, s its score per unit of weight, it is this,",
            (rest + a * (G - v * s)).subs(rest, -G).subs(a, scale_expression()),
            scale_expression() * v * (G / total - s),
            name="F + a (G - v s)",
            key="score",
        ),
        argued(
            "and one Newton step moves the row's logits by this, H' the Hessian without the row, "
            "ridge and intercepts in it. In a balanced fit v = W_i, and v/T_k = 1/n_k.",
            r"z_{i}' - z_{i} = a v X_{i} H'^{-1} (s - G/T_{k})",
            "Newton's method, exact for the square loss; for other losses in proportion Rad and "
            "Maleki 2020, of centred Gaussian rows and a penalty on all coefficients, taken over "
            "here",
            key="newton",
            cites=("rad2020",),
            conditions=("proportional", "positive-ridge"),
            limit=True,
        ),
    )


def _downdate() -> tuple[Step, ...]:
    H, X, R = MatrixSymbol("H", p, p), MatrixSymbol("X_i", C, p), MatrixSymbol("R", C, C)
    f = Symbol("f", positive=True)
    return (
        computed(
            "H' = H - f X_i' R X_i with f = a v, H with the row still in. One inverse of H serves "
            "all rows of a class: X_i H'^-1 is (I - f M R)^-1 X_i H^-1, M = X_i H^-1 X_i'.",
            (Identity(C) - f * (X * H.I * X.T) * R) * X,
            X * H.I * (H - f * (X.T * R * X)),
            name="(I - f M R) X_{i}",
            key="downdate",
            check=equal_matrices(H),
        ),
    )


def _sigmoid(at: Any) -> Any:
    return 1 / (1 + exp(-at))


def _prior() -> tuple[Step, ...]:
    shift = Symbol("b", real=True)
    left_out = log(1 - eps / n1), -log(1 - eps / n0)
    score = _sigmoid(eps * shift + left_out[0]) - 1 + _sigmoid(eps * shift + left_out[1])
    (spurious,) = solve(score.diff(eps).subs(eps, 0), shift)
    return (
        computed(
            "Without the scale a row takes its share of the prior along. Two classes, intercepts "
            "alone, all logits zero: left out they are log(1 - 1/n_1) and -log(1 - 1/n_0), and the "
            "intercept that fits them, to first order in 1/n_k,",
            spurious,
            spurious_expression(),
            name="b",
            key="spurious",
        ),
        computed(
            "which is no property of new rows. With the scale totals stay, and so do logits.",
            log(scale_expression() * (total - v) / total),
            S.Zero,
            name="z_{i}'",
            key="kept",
        ),
    )


def _new_rows() -> tuple[Step, ...]:
    x = Symbol("x", real=True)
    return (
        argued(
            "A row is independent of the fit without it, so a left-out margin has the distribution "
            "of a new row: normal, with mean m + y b and variance sigma_k^2 q. That their balanced "
            "log-loss tends to that of new rows, for all intercepts, assumes that any two of them "
            "are independent in the limit, and then the log-loss being convex its minimum does "
            "too.",
            r"o_{i} \sim N(m + y b, \sigma_{k}^{2} q)",
            "Loureiro et al. 2021 for the distribution; van der Vaart 1998, chapter 5, for the "
            "minimum",
            key="new-row",
            cites=("loureiro2021", "vandervaart1998"),
            conditions=(
                "proportional",
                "two-classes",
                "one-sigma",
                "convex-margin",
                "positive-ridge",
            ),
            limit=True,
        ),
        computed(
            "With one sigma the shift -b, to the best threshold, is its minimum: the score there "
            "is a mean over x, normal with mean m and variance q, of this, as class 0 is the "
            "mirror image of class 1.",
            (_sigmoid(x) - 1 + _sigmoid(-x)).simplify(),
            S.Zero,
            name=r"(p(x) - 1) + p(-x)",
            key="shift",
        ),
    )
