"""Rows interpolated between rows of one class (`smote`).

Letters: the n = n_k rows of a class, z_ia about its mean; a new row (1 - u) z_i + u z_j with u
uniform on (0, 1), i any row, j one of its neighbours; S, S_nb and K the mean products of z_i, of
z_j and of both; M rows after oversampling. Entries (a, b) are proved one by one.
"""

from __future__ import annotations

from typing import Any

from sympy import IndexedBase, S, Sum, Symbol, integrate, symbols

from mlbalance.derivations.engine import Derivation, Step, computed, equal_given
from mlbalance.derivations.proofs.cv2 import CV2, M, n

u = Symbol("u", positive=True)
i, j, a, b = symbols("i j a b", integer=True)
z = IndexedBase("z")
own, near, cross, turned = symbols("S S_nb K K'")
scatter = Symbol("S", positive=True)


def smote() -> Derivation:
    """Second moments of interpolated rows, and the noise of a class mean (label `smote`)."""
    return Derivation(
        "smote", "symbolic in n, M and d", (*_any_neighbours(), *_others(), *_noise())
    )


def interpolated_expression() -> Any:
    """Second moment of a new row about the class mean, in S, S_nb, K and K'."""
    return (own + near) / 3 + (cross + turned) / 6


def factor_expression() -> Any:
    """Covariance of a new row over that of the class, any other row its neighbour; in n_k."""
    return (2 * n - 3) / (3 * (n - 1))


def _over_line(term: Any) -> Any:
    return integrate(term.expand(), (u, 0, 1))


def _any_neighbours() -> tuple[Step, ...]:
    x, y = (tuple(symbols(f"{name}_a {name}_b", real=True)) for name in ("x", "y"))
    new = [(1 - u) * one + u * other for one, other in zip(x, y, strict=True)]
    products = {
        own: x[0] * x[1],
        near: y[0] * y[1],
        cross: x[0] * y[1],
        turned: y[0] * x[1],
    }
    return (
        computed(
            "A row x and its neighbour y, about the class mean: mean over u of the product of two "
            "entries of the new row. Over rows and neighbours the products on the right have the "
            "means S, S_nb, K and K'.",
            _over_line(new[0] * new[1]),
            interpolated_expression().xreplace(products),
            name=r"E_{u} \tilde{x}_{a} \tilde{x}_{b}",
            key="line",
        ),
        computed(
            "The differences of neighbours have the mean product S + S_nb - K - K', so it is the "
            "mean of S and S_nb less a sixth of that.",
            interpolated_expression(),
            (own + near) / 2 - (own + near - cross - turned) / 6,
            name=r"(S + S_{nb})/3 + (K + K')/6",
            key="differences",
        ),
    )


def _others() -> tuple[Step, ...]:
    def over_rows(term: Any, index: Any = i) -> Any:
        return Sum(term, (index, 1, n))

    centred = {over_rows(z[i, c]): S.Zero for c in (a, b)}
    product = over_rows(z[i, a] * z[i, b])
    pairs = Sum(z[i, a] * z[j, b], (i, 1, n), (j, 1, n)) - product
    return (
        computed(
            "Any of the n - 1 other rows as the neighbour: rows about their mean add up to zero, "
            "so K and K' are -S/(n - 1), and S_nb is S,",
            pairs / (n * (n - 1)),
            -product / n / (n - 1),
            name="K_{ab}",
            check=equal_given(centred),
            key="pairs",
        ),
        computed(
            "the mean of a new row is that of the class,",
            (over_rows(z[i, a]) + (n - 1) * over_rows(z[i, a]) / (n - 1)) / (2 * n),
            S.Zero,
            name=r"E \tilde{x}_{a}",
            check=equal_given(centred),
            key="mean",
        ),
        computed(
            "and its covariance is this multiple of S.",
            interpolated_expression().xreplace(
                {own: scatter, near: scatter, cross: -scatter / (n - 1), turned: -scatter / (n - 1)}
            ),
            factor_expression() * scatter,
            name=r"(S + S)/3 - (S + S)/(6 (n - 1))",
            key="factor",
        ),
    )


def _noise() -> tuple[Step, ...]:
    unbiased = n * scatter / (n - 1)
    copied = CV2["oversample"] * unbiased / n
    drawn = (M - n) / M**2
    return (
        computed(
            "M - n new rows beside the n: given these, the variance of the class mean in random "
            "oversampling, c^2 times the variance with divisor n - 1 over n, is that of M - n "
            "drawn rows,",
            copied,
            drawn * scatter,
            name="c_{k}^{2} S_{k}^{2}/n_{k}",
            key="copied",
        ),
        computed(
            "and that of new rows smaller by the factor: it is as if c^2 were smaller.",
            drawn * factor_expression() * scatter / copied,
            (2 * n - 3) / (3 * (n - 1)),
            name=r"V_{\mathrm{SMOTE}}/V_{\mathrm{random}}",
            key="noise",
        ),
    )
