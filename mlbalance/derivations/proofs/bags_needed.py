"""Number of bags that brings a scheme near to class weighting (`bags-needed`).

Letters: variance ratio rho of one draw of the weights to class weighting, with terms Q_k of a
functional or of the excess risk; B bags; tolerance eps; x = (rho - 1)/eps.
"""

from __future__ import annotations

from typing import Any

from sympy import Function, S, Sum, Symbol, factor, symbols, together

from mlbalance.derivations.engine import Derivation, Step, computed, nonnegative

K = Symbol("K", integer=True, positive=True)
k = Symbol("k", integer=True)
rho, eps, bags, m = symbols("rho epsilon B m", positive=True)
spare = Symbol("h", nonnegative=True)
tau, n, Q = (Function(name, positive=True) for name in ("tau", "n", "Q"))
squared_cv = Function("c^2", nonnegative=True)


def _over_classes(term: Any) -> Any:
    return Sum(term, (k, 1, K))


def _ratio(cv2: Any) -> Any:
    base = tau(k) ** 2 * Q(k) / n(k)
    return _over_classes(base * (1 + cv2)) / _over_classes(base)


def _needed() -> Any:
    """Claimed number of independent bags, to be rounded up."""
    return (rho - 1) / eps


def bags_expression() -> Any:
    """Bags at which the variance is within epsilon of class weighting, in rho and epsilon."""
    return _needed()


def bags_needed() -> Derivation:
    """Bags within a tolerance in variance (label `bags-needed`)."""
    return Derivation("bags-needed", "symbolic in K, n_k and B", (*_independent(), *_disjoint()))


def _independent() -> tuple[Step, ...]:
    above = 1 + eps * Symbol("x", positive=True)
    enough = _needed().subs(rho, 1 + eps * bags)
    return (
        computed(
            "Averaged over B independent bags c_k^2 is divided by B (label bagging), and so is the "
            "excess of the ratio over one.",
            _ratio(squared_cv(k) / bags) - 1,
            (_ratio(squared_cv(k)) - 1) / bags,
            name=r"\rho(B) - 1",
            key="divided",
        ),
        computed(
            "At (rho - 1)/eps bags it is eps,",
            ((rho - 1) / bags).subs(bags, _needed()),
            eps,
            name=r"\rho(B) - 1",
            key="reached",
        ),
        computed(
            "with h bags more it is less,",
            eps - (above - 1) / (_needed().subs(rho, above) + spare),
            relation=">=",
            check=_nonnegative_quotient,
            key="more",
        ),
        computed(
            "and for a ratio of 1 + B eps it takes B.",
            enough,
            bags,
            name=r"(\rho - 1)/\epsilon",
            key="fewer",
        ),
    )


def _nonnegative_quotient(lhs: Any, rhs: Any) -> bool:
    return nonnegative(factor(together(lhs - rhs)), S.Zero)


def _disjoint() -> tuple[Step, ...]:
    size, more = Symbol("n_k", positive=True), Symbol("e", nonnegative=True)
    independent, disjoint = (size / m - 1) / bags, size / (bags * m) - 1
    return (
        computed(
            "Disjoint bags of an undersample vary less than independent ones,",
            independent - disjoint,
            1 - 1 / bags,
            name=r"c_{k}^{2}(B) - c_{k}^{2}(B, \text{disjoint})",
            key="disjoint",
        ),
        computed(
            "for every B = 1 + e from one on: they never need more.",
            together((1 - 1 / bags).subs(bags, 1 + more)),
            relation=">=",
            key="never-worse",
        ),
    )
