"""Value of a row of each class, and the best class counts for a budget (`budget`).

Letters: t_k = tr(A^-1 V_k), so that the excess risk is half of f = sum_k tau_k^2 t_k / n_k; price
c_k of a row of class k (c_k^2 is the coefficient of variation, as elsewhere), budget C.
"""

from __future__ import annotations

from typing import Any

from sympy import Function, IndexedBase, MatrixSymbol, S, Sum, Trace, log, sqrt, symbols

from mlbalance.derivations.engine import Derivation, Step, computed, equal_matrices

K, p = symbols("K p", integer=True, positive=True)
k, l = symbols("k l", integer=True)
m, total = symbols("m C", positive=True)
tau, t, n, price = (Function(name, positive=True) for name in ("tau", "t", "n", "c"))


prior, trace, size = (IndexedBase(name) for name in ("tau", "t", "n"))


def _over_classes(term: Any) -> Any:
    return Sum(term, (k, 1, K))


def _share(label: Any) -> Any:
    """Claimed share of a class in f."""
    return prior[label] ** 2 * trace[label] / size[label] / _variance()


def _variance() -> Any:
    return Sum(prior[l] ** 2 * trace[l] / size[l], (l, 1, K))


def _fall() -> Any:
    """Claimed decrease of the excess risk with one more row of class k."""
    return tau(k) ** 2 * t(k) / (2 * n(k) * (n(k) + 1))


def _best() -> Any:
    """Claimed best count of class k for the budget C."""
    root = Sum(tau(l) * sqrt(t(l) * price(l)), (l, 1, K))
    return total / root * tau(k) * sqrt(t(k) / price(k))


def budget_expressions() -> dict[str, Any]:
    """Derived `share`, `row value`, `fall` and best `count` of class k, for `evaluate`.

    Letters: K, k, tau, t and n (K,), prices c (K,), budget C. The row value is a derivative; `fall`
    is the exact decrease of the excess risk with one more row.
    """
    return {
        "share": _share(k),
        "row value": _share(k) / size[k],
        "fall": _fall(),
        "count": _best(),
    }


def budget() -> Derivation:
    """Shares of the variance, value of a row, best allocation (label `budget`)."""
    steps = (*_excess_risk(), *_row_values(), *_optimal())
    return Derivation("budget", "symbolic in K and n_k", steps)


def _excess_risk() -> tuple[Step, ...]:
    A, J = MatrixSymbol("A", p, p), MatrixSymbol("J_W", p, p)
    return (
        computed(
            "Excess risk, quadratic about its minimum: half the trace of A times the covariance.",
            Trace(A * (A.I * J * A.I)) / 2,
            Trace(A.I * J) / 2,
            name=r"E (\theta_{W} - \theta^{*})' A (\theta_{W} - \theta^{*}) / 2",
            check=equal_matrices(A),
            key="trace",
        ),
    )


def _row_values() -> tuple[Step, ...]:
    undersampled = Sum(prior[l] ** 2 * (size[l] / m) * trace[l] / size[l], (l, 1, K))
    of_class = tau(k) ** 2 * t(k) / 2
    return (
        computed(
            "Value of a row, the relative fall per added row: its class's share over its count.",
            -log(_variance()).diff(size[k]),
            _share(k) / size[k],
            name=r"-\partial \log f/\partial n_{k}",
            key="row-value",
        ),
        computed(
            "Exact fall of the excess risk with one more row.",
            of_class / n(k) - of_class / (n(k) + 1),
            _fall(),
            key="fall",
        ),
        computed(
            "Undersampling to m of the smallest class: another row of a larger class, with "
            "1 + c_k^2 = n_k/m, is worth nothing.",
            undersampled.diff(size[k]),
            S.Zero,
            name=r"\partial f_{W}/\partial n_{k}",
            key="undersampled",
        ),
    )


def _optimal() -> tuple[Step, ...]:
    root = _over_classes(tau(k) * sqrt(t(k) * price(k)))
    variance, cost = _over_classes(tau(k) ** 2 * t(k) / n(k)), _over_classes(price(k) * n(k))

    def cross(one: Any, other: Any) -> Any:
        return tau(one) * sqrt(t(one) / n(one)) * sqrt(price(other) * n(other))

    gap = Sum((cross(k, l) - cross(l, k)) ** 2, (k, 1, K), (l, 1, K)) / 2
    return (
        computed(
            "Counts in proportion to tau_k sqrt(t_k/c_k), scaled to spend the budget.",
            _over_classes(price(k) * _best()),
            total,
            name=r"\sum_{k} c_{k} n_{k}",
            key="spent",
        ),
        computed(
            "Variance times cost exceeds a constant by a sum of squares.",
            variance * cost - root**2,
            gap,
            key="gap",
        ),
        computed(
            "Hence that constant, divided by the budget, is a lower bound of every variance,",
            gap,
            relation=">=",
            key="bound",
        ),
        computed(
            "and these counts attain it: they are the best.",
            _over_classes(tau(k) ** 2 * t(k) / _best()),
            root**2 / total,
            name="f",
            key="attained",
        ),
    )
