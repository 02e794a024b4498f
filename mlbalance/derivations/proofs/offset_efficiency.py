"""Efficiency of unweighted fits with an offset (`offset-efficiency`).

Letters as in `_population`: A the Hessian and J the
uncentred score variance of weighting to prior tau, B the Hessian of the unweighted fit with
offset, whose rows have the prior q_k = n_k/n. Both estimate the parameters at prior tau.
"""

from __future__ import annotations

from typing import Any

from sympy import Function, IndexedBase, MatrixSymbol, S, Sum, Symbol, ZeroMatrix, symbols

from mlbalance.derivations.engine import Derivation, Step, computed, equal_matrices
from mlbalance.derivations.proofs._population import (
    SCOPE,
    K,
    Prior,
    a,
    c,
    f,
    i,
    information,
    k,
    l,
    over_classes,
    over_points,
    posterior,
    r,
    residual,
    score_mean,
    tau,
    x,
)

p = Symbol("p", integer=True, positive=True)
A, B, J = (MatrixSymbol(name, p, p) for name in "ABJ")
q = IndexedBase("q")


def _data(label: Any) -> Any:
    """The prior of the rows."""
    return q[label]


def offset_efficiency() -> Derivation:
    """The unweighted fit with offset precedes weighting (label `offset-efficiency`)."""
    steps = (*_consistent(), *_cross(), *_difference(), *_within_classes())
    return Derivation("offset-efficiency", SCOPE, steps)


def _consistent() -> tuple[Step, ...]:
    def with_offset(label: Any) -> Any:
        return q[label] / tau[label] * posterior(label)

    return (
        computed(
            "The offset log(q_k/tau_k) turns the true softmax at tau into that of the rows.",
            with_offset(r) / Sum(with_offset(l), (l, 1, K)),
            posterior(r, _data),
            name=r"p_{ri}(b + \log(q/\tau))",
            key="offset",
            conditions=("correctly-specified", "no-ridge"),
        ),
        computed(
            "So its mean score is zero at the parameters at prior tau: it estimates them.",
            over_points(over_classes(q[k] * f[k, i] * residual(k, r, _data)) * x[i, a]),
            S.Zero,
            name=r"\sum_{k} q_{k} E_{k} s^{q}_{ra}",
            key="score",
        ),
    )


def _cross() -> tuple[Step, ...]:
    weighted = tau[k] * f[k, i] * residual(k, r) * residual(k, c, _data)
    own = q[k] * f[k, i] * residual(k, r, _data) * residual(k, c, _data)
    return (
        computed(
            "Weighted scores (tau_k/q_k) s of class k against those with offset, in every point "
            "of x and over the rows' classes: their product has the weighted Hessian as mean.",
            over_classes(weighted),
            information(r, c),
            name=r"\sum_{k} q_{k} f_{k} (\tau_{k}/q_{k}) s_{r} s^{q}_{c}",
            key="cross",
        ),
        computed(
            "Scores with offset against themselves: their own Hessian.",
            over_classes(own),
            information(r, c, _data),
            name=r"\sum_{k} q_{k} f_{k} s^{q}_{r} s^{q}_{c}",
            key="own",
        ),
    )


def _difference() -> tuple[Step, ...]:
    apart = Function("d", real=True)
    mass = Function("q", nonnegative=True)
    j, size = Symbol("j", integer=True), Symbol("N", integer=True, positive=True)
    return (
        computed(
            "Influence functions phi = -A^-1 (tau_k/q_k) s and psi = -B^-1 s^q: the covariance of "
            "phi and psi is that of psi, so their difference is uncorrelated with psi.",
            A.I * A * B.I - B.I * B * B.I,
            ZeroMatrix(p, p),
            name=r"E (\phi - \psi) \psi'",
            check=equal_matrices(A, B),
            key="uncorrelated",
        ),
        computed(
            "The difference of the covariances is the covariance of the difference.",
            A.I * J * A.I - A.I * A * B.I - B.I * A * A.I + B.I * B * B.I,
            A.I * J * A.I - B.I,
            name=r"E (\phi - \psi)(\phi - \psi)'",
            check=equal_matrices(A, B),
            key="difference",
        ),
        computed(
            "In any direction v, with d = v'(phi - psi) at the points and classes j, it is not "
            "negative.",
            Sum(mass(j) * apart(j) ** 2, (j, 1, size)),
            relation=">=",
            key="sign",
        ),
    )


def _within_classes() -> tuple[Step, ...]:
    """The mean score of a class is -A e/tau_k at prior tau and -B e/q_k at prior q."""
    unit = MatrixSymbol("e", p, 1)
    target, share = symbols("tau_k q_k", positive=True)

    def column(words: str, key: str, prior: Prior) -> Step:
        return computed(
            words,
            over_points(information(r, k, prior) * x[i, a]),
            -prior(k) * score_mean(k, r, prior),
            name=r"(A e_{b_k})_{ra}" if key == "column" else r"(B e_{b_k})_{ra}",
            key=key,
        )

    return (
        column(
            "The column of A at the intercept of a class is -tau_k times its mean score,",
            "column",
            lambda label: tau[label],
        ),
        column("and that of B is -q_k times the mean score with offset.", "column-offset", _data),
        computed(
            "So the class mean of phi, whose scores weigh tau_k/q_k, is the intercept e over q_k,",
            -(target / share) * (A.I * (-(A * unit) / target)),
            unit / share,
            name=r"E_{k} \phi",
            check=equal_matrices(A),
            key="class-means",
            conditions=("first-order",),
        ),
        computed(
            "and so is that of psi: the difference has mean zero in every class, and fixed counts "
            "subtract the same D from both covariances, intercepts included.",
            -(B.I * (-(B * unit) / share)),
            unit / share,
            name=r"E_{k} \psi",
            check=equal_matrices(B),
            key="class-means-offset",
            conditions=("first-order",),
        ),
    )
