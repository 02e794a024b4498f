"""Cost of the noise of a fit in risk and in training loss (`excess-risk`).

Letters as in `_expansion`.
"""

from __future__ import annotations

from typing import Any

from sympy import MatrixSymbol, Trace

from mlbalance.derivations.engine import Derivation, Step, computed, equal_matrices
from mlbalance.derivations.proofs._expansion import (
    A,
    E,
    T,
    a,
    b,
    c,
    delta,
    eps,
    move,
    order,
    over,
    p,
    u,
)

SCOPE = "symbolic in the number of parameters"


def excess_risk() -> Derivation:
    """Excess risk and training loss to first order (label `excess-risk`)."""
    return Derivation("excess-risk", SCOPE, (*_risk(), *_traces()))


def _risk() -> tuple[Step, ...]:
    quadratic = over(A[a, b] * move(a) * move(b), a, b) / 2
    cubic = over(T[a, b, c] * move(a) * move(b) * move(c), a, b, c) / 6
    noise = over(eps * u[a] * move(a), a)
    wobble = eps * over(E[a, b] * move(a) * move(b), a, b) / 2
    square = over(A[a, b] * delta[a] * delta[b], a, b) / 2
    return (
        computed(
            "The risk, with the ridge if there is one, has gradient zero at theta*: to second "
            "order in the noise its excess is the quadratic form of the move.",
            order(quadratic + cubic, 2),
            square,
            name=r"[\epsilon^{2}] (R(\theta_{W}) - R(\theta^{*}))",
            key="rise",
        ),
        computed(
            "The training loss has the score as well; neither the noise in its Hessian nor third "
            "derivatives enter.",
            order(quadratic + cubic + noise + wobble, 2),
            square + over(u[a] * delta[a], a),
            name=r"[\epsilon^{2}] (L_{W}(\theta_{W}) - L_{W}(\theta^{*}))",
            key="training",
        ),
    )


def _claimed_excess() -> Any:
    H, J = MatrixSymbol("A", p, p), MatrixSymbol("J_W", p, p)
    return Trace(H.I * J) / 2


def risk_expression() -> Any:
    """First-order excess risk in the matrices A and J_W (p, p)."""
    return _claimed_excess()


def _traces() -> tuple[Step, ...]:
    H, J = MatrixSymbol("A", p, p), MatrixSymbol("J_W", p, p)
    noise = MatrixSymbol("u", p, 1)
    move = -H.I * noise
    return (
        computed(
            "With delta = -A^-1 u the training loss falls by as much as the risk rises.",
            move.T * H * move / 2 + noise.T * move,
            -move.T * H * move / 2,
            name=r"\delta' A \delta/2 + u' \delta",
            check=equal_matrices(H),
            key="fall",
        ),
        computed(
            "Mean of the risk's rise, with E delta delta' = A^-1 J_W A^-1 (label sandwich).",
            Trace(H * (H.I * J * H.I)) / 2,
            _claimed_excess(),
            name=r"E \delta' A \delta/2",
            check=equal_matrices(H),
            key="rise-mean",
        ),
        computed(
            "As E L_W(theta*) = R(theta*), test less training loss is twice that.",
            Trace(H * (H.I * J * H.I)) / 2 - (-Trace(H * (H.I * J * H.I)) / 2),
            2 * _claimed_excess(),
            name=r"E[R(\theta_{W}) - L_{W}(\theta_{W})]",
            check=equal_matrices(H),
            key="test-less-training",
        ),
    )
