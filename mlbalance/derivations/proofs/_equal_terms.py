"""Equal class terms a' A^-1 V_k A^-1 a: no signal, or exchangeable classes.

The steps of `harmonic` that say when it applies. Letters: classes j, k, l of K, target prior tau,
score s = (tau - e_j) times (1, x) of a row of class j without signal, at the optimum p = tau.
"""

from __future__ import annotations

from typing import Any

from sympy import IndexedBase, KroneckerDelta, MatrixSymbol, S, Sum, Symbol, Trace, symbols

from mlbalance.derivations.engine import Step, computed, equal_given, equal_matrices

K = Symbol("K", integer=True, positive=True)
j, k, l, r = symbols("j k l r", integer=True)
m = Symbol("m", positive=True)
prior, size = IndexedBase("tau"), IndexedBase("n")


def _curvature(one: Any, other: Any) -> Any:
    """Class part of A without signal, at the optimum p = tau: diag(tau) - tau tau'."""
    return KroneckerDelta(one, other) * prior[one] - prior[one] * prior[other]


def _residual(label: Any, component: Any) -> Any:
    """Class part of the score of a row of class `label`: tau - e_label."""
    return prior[component] - KroneckerDelta(component, label)


_unit_total = {Sum(prior[k], (k, 1, K)): S.One}


def no_signal() -> tuple[Step, ...]:
    """Steps when x has one distribution in all classes: its part of V_j and of A cancels."""
    return (*contrast_of_two(), *_traces())


def contrast_of_two() -> tuple[Step, ...]:
    """Steps of a contrast of two classes."""
    two_classes = equal_given({**_unit_total, KroneckerDelta(k, l): S.Zero})
    cv = IndexedBase(Symbol("c^2"))

    def solution(component: Any) -> Any:
        one = KroneckerDelta(component, k) / prior[k]
        return one - KroneckerDelta(component, l) / prior[l]

    projected = Sum(solution(r) * _residual(j, r), (r, 1, K))
    row_variance = prior[j] ** 2 * (1 + cv[j]) / size[j]
    undersampled = (size[k] / m) / size[k] + (size[l] / m) / size[l]
    weighted = 1 / size[k] + 1 / size[l]
    return (
        computed(
            "No signal, classes k and l apart: u = e_k/tau_k - e_l/tau_l solves the class part "
            "of A u = e_k - e_l.",
            Sum(_curvature(j, r) * solution(r), (r, 1, K)),
            KroneckerDelta(j, k) - KroneckerDelta(j, l),
            name=r"\sum_{r} A_{jr} u_{r}",
            check=two_classes,
            key="solution",
        ),
        computed(
            "So the contrast of two classes varies with the rows of these two only.",
            Sum(row_variance * projected**2, (j, 1, K)),
            (1 + cv[k]) / size[k] + (1 + cv[l]) / size[l],
            name=r"\sum_{j} \tau_{j}^{2} (1 + c_{j}^{2}) (u' (\tau - e_{j}))^{2} / n_{j}",
            check=two_classes,
            key="contrast",
        ),
        computed(
            "Undersampled over weighted: the harmonic mean of the two counts over m.",
            undersampled / weighted,
            2 / weighted / m,
            name=r"H_{kl}/m",
            key="contrast-ratio",
        ),
    )


def _traces() -> tuple[Step, ...]:
    """A generalised inverse of the class part of A is diag(1/tau)."""
    quadratic = Sum(_residual(j, r) ** 2 / prior[r], (r, 1, K))
    centred = 1 / K - KroneckerDelta(r, j)
    return (
        computed(
            "The class part M of A has diag(1/tau) as a generalised inverse G: M G M = M.",
            Sum(_curvature(k, r) * _curvature(r, l) / prior[r], (r, 1, K)),
            _curvature(k, l),
            name=r"(M G M)_{kl}",
            key="inverse",
            check=equal_given(_unit_total),
        ),
        computed(
            "Excess risk: the class term is 1/tau_j - 1, at a uniform target K - 1 for all.",
            quadratic,
            1 / prior[j] - 1,
            name=r"(\tau - e_{j})' G (\tau - e_{j})",
            key="null-risk",
            check=equal_given(_unit_total),
        ),
        computed(
            "Trace over symmetric coefficients at a uniform target, M^+ = K (I - 11'/K): the "
            "class term is the same for all, so the ratio is H/m.",
            Sum((K * (centred - Sum(centred, (r, 1, K)) / K)) ** 2, (r, 1, K)),
            K * (K - 1),
            name=r"\Vert M^{+} (\tau - e_{j}) \Vert^{2}",
            key="null-trace",
        ),
    )


def exchangeable() -> tuple[Step, ...]:
    """Steps when a symmetry of x permutes the classes, for functionals it leaves alone."""
    p = Symbol("p", integer=True, positive=True)
    A, V, R = (MatrixSymbol(name, p, p) for name in "AVR")
    a = MatrixSymbol("a", p, 1)
    inverse, moved, back = R.T.I * A.I * R.I, R * V * R.T, R.I * a
    return (
        computed(
            "Exchangeable classes: a symmetry of x that permutes them acts on the parameters by a "
            "matrix R with A = R A R' and sends V_k to R V_k R'. The class term is that of R^-1 a: "
            "equal for every functional with R a = a or -a. For two Gaussians of one covariance R "
            "reflects at the midpoint of the means, and slopes stay.",
            a.T * inverse * moved * inverse * a,
            back.T * A.I * V * A.I * back,
            name=r"a' A^{-1} V_{g(k)} A^{-1} a",
            key="exchanged",
            check=equal_matrices(A),
        ),
        computed(
            "The trace of the excess risk is the same for all classes.",
            Trace(inverse * moved),
            Trace(A.I * V),
            name=r"\operatorname{tr}(A^{-1} V_{g(k)})",
            key="exchanged-risk",
            check=equal_matrices(A),
        ),
    )
