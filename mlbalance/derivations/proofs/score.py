"""Weighted softmax loss with offset and ridge, and its gradient (`score`).

Letters: rows i of n, classes k, l of K, features a, j of d; intercepts b_k, coefficients w_ka,
features x_ia, labels y_i, offsets o_ik, weights W_i. The ridge is lambda, or lambda_k for each
class in the penalty P that ignores shifts common to all classes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sympy import IndexedBase, KroneckerDelta, Matrix, S, Sum, Symbol, exp, log, symbols

from mlbalance.derivations.engine import Derivation, Step, computed, equal_given, evaluate

K, n, d = symbols("K n d", integer=True, positive=True)
i, k, l, a, j = symbols("i k l a j", integer=True)
ridge = Symbol("lambda", nonnegative=True)
b, w, x, y, o, W, z = (IndexedBase(name) for name in "b w x y o W z".split())
ridges, shift = IndexedBase("lambda"), IndexedBase("v")

SCOPE = "symbolic in K, n, d"
INTERCEPT = None
"""The feature of an intercept, which is one in every row and not penalised."""


def logit(row: Any, label: Any) -> Any:
    """z_ik = b_k + w_k' x_i + o_ik."""
    return b[label] + Sum(w[label, j] * x[row, j], (j, 1, d)) + o[row, label]


def as_letters(*labels: Any) -> dict[Any, Any]:
    """Logits of these classes as the letter z_ik, for printing."""
    return {logit(i, label): z[i, label] for label in (*labels, l)}


def loss() -> Any:
    """Weighted loss of n rows, `sum_i W_i l_i + (lambda / 2) sum_k ||w_k||^2`."""
    row = log(Sum(exp(logit(i, l)), (l, 1, K))) - logit(i, y[i])
    return Sum(W[i] * row, (i, 1, n)) + ridge / 2 * Sum(w[l, j] ** 2, (j, 1, d), (l, 1, K))


def probability(label: Any, numerator: Callable[[Any], Any] | None = None) -> Any:
    """Softmax probability of row i; `numerator` replaces exp(logit) where its form is idle."""
    numerator = numerator or (lambda r: exp(logit(i, r)))
    return numerator(label) / Sum(numerator(l), (l, 1, K))


def score_formula(label: Any, feature: Any) -> Any:
    """Claimed score without the ridge: weighted residuals times the feature."""
    residual = W[i] * (probability(label) - KroneckerDelta(label, y[i]))
    return Sum(residual * _input(feature), (i, 1, n))


def hessian_formula(
    one: Any, first: Any, other: Any, second: Any, numerator: Callable[[Any], Any] | None = None
) -> Any:
    """Claimed Hessian entry of (one, first) and (other, second), without the ridge."""
    rest = KroneckerDelta(one, other) - probability(other, numerator)
    curvature = W[i] * probability(one, numerator) * rest
    return Sum(curvature * _input(first) * _input(second), (i, 1, n))


def _input(feature: Any) -> Any:
    return S.One if feature is INTERCEPT else x[i, feature]


def _by_class(label: Any) -> Any:
    return ridges[label]


def _common(feature: Any, size: Callable[[Any], Any] = _by_class) -> Any:
    """Mean of the coefficients of a feature, each weighted by its ridge."""
    return Sum(size(l) * w[l, feature], (l, 1, K)) / Sum(size(l), (l, 1, K))


def shift_free_penalty(feature: Any, common: Any) -> Any:
    """Ridge on the coefficients of one feature, less what is common to all classes."""
    return Sum(ridges[l] * (w[l, feature] - common) ** 2, (l, 1, K)) / 2


def shift_free_score(label: Any, feature: Any, size: Callable[[Any], Any] = _by_class) -> Any:
    """Claimed gradient of the shift-free penalty, with ridge `size(k)` for class k."""
    return size(label) * (w[label, feature] - _common(feature, size))


def shift_free_hessian(one: Any, first: Any, other: Any, second: Any) -> Any:
    """Claimed Hessian of the shift-free penalty."""
    share = ridges[other] / Sum(ridges[l], (l, 1, K))
    same = KroneckerDelta(first, second)
    return same * ridges[one] * (KroneckerDelta(one, other) - share)


def score() -> Derivation:
    """Gradient of the weighted softmax loss with offset and ridge (label `score`)."""
    label = Symbol("y", integer=True)
    softmax = exp(z[k]) / Sum(exp(z[l]), (l, 1, K))
    in_logits = computed(
        "In the logits, the score of one row is the residual of its probabilities.",
        (log(Sum(exp(z[l]), (l, 1, K))) - z[label]).diff(z[k]),
        softmax - KroneckerDelta(k, label),
        name=r"\partial \ell/\partial z_{k}",
        key="residual",
    )
    chain = computed(
        "A logit moves with the coefficients of its own class only; a known offset with none.",
        logit(i, l).diff(w[k, a]),
        KroneckerDelta(k, l) * x[i, a],
        name=r"\partial z_{il}/\partial w_{ka}",
        key="offset",
    )
    return Derivation("score", SCOPE, (in_logits, chain, *_gradient(), *_shift_free()))


def _gradient() -> tuple[Step, ...]:
    total = loss()
    slope = score_formula(k, a) + ridge * w[k, a]
    return (
        computed(
            "Summed over rows, with z_ik = b_k + w_k'x_i + o_ik: the score of an intercept, which "
            "is not penalised.",
            total.diff(b[k]),
            score_formula(k, INTERCEPT),
            name=r"\partial L/\partial b_{k}",
            short=as_letters(k),
            key="intercept",
        ),
        computed(
            "The score of a coefficient.",
            total.diff(w[k, a]),
            slope,
            name=r"\partial L/\partial w_{ka}",
            short=as_letters(k),
            key="slope",
        ),
    )


def _shift_free() -> tuple[Step, ...]:
    """A penalty that ignores common shifts: the ridge after the best of them."""
    by_class = shift_free_penalty(a, shift[a])
    penalty = shift_free_penalty(a, _common(a))
    return (
        computed(
            "A ridge lambda_k for each class, after the common shift that makes it least: the "
            "shift is the mean of the coefficients weighted by their ridges.",
            by_class.diff(shift[a]).subs(shift[a], _common(a)),
            S.Zero,
            name=r"\partial (\sum_{l} \lambda_{l} (w_{la} - v_{a})^{2}/2)/\partial v_{a}",
            key="least-shift",
        ),
        computed(
            "The gradient of this shift-free penalty.",
            penalty.diff(w[k, a]),
            shift_free_score(k, a),
            name=r"\partial P/\partial w_{ka}",
            key="shift-free",
        ),
        computed(
            "With equal ridges, at coefficients that sum to zero, it is that of the plain ridge.",
            shift_free_score(k, a, lambda _: ridge),
            ridge * w[k, a],
            name=r"\partial P/\partial w_{ka}",
            check=equal_given({Sum(w[l, a], (l, 1, K)): S.Zero}),
            key="centred",
        ),
    )


class Instance(NamedTuple):
    """A general formula written out for given K, n, d, ready for `sympy.lambdify`.

    `symbols` maps `X` (n, d), `y` (n, 1; classes 1 to K), `W` (n, 1), `o` (n, K), `b` (K, 1),
    `w` (K, d) and `ridge` (K, 1) to matrices of the symbols that occur in `expression`. The ridge
    is the shift-free one, which at equal ridges and centred coefficients is the plain one.
    """

    expression: Matrix
    symbols: dict[str, Matrix]


def score_expression(n_classes: int, n_rows: int, n_features: int) -> Instance:
    """Formula proved by `score`, as a matrix (K, 1 + d): the intercept first in each row."""

    def entry(label: int, feature: int | None) -> Any:
        penalty = S.Zero if feature is INTERCEPT else shift_free_score(label, feature)
        return score_formula(label, feature) + penalty

    features = [INTERCEPT, *range(1, n_features + 1)]
    entries = [[entry(r, f) for f in features] for r in range(1, n_classes + 1)]
    return instance(entries, n_classes, n_rows, n_features)


def instance(entries: Sequence[Sequence[Any]], *sizes: int) -> Instance:
    """Entries at given (K, n, d), with their symbols."""
    n_classes, n_rows, n_features = sizes
    shapes = {
        "X": (n_rows, n_features),
        "y": (n_rows, 1),
        "W": (n_rows, 1),
        "o": (n_rows, n_classes),
        "b": (n_classes, 1),
        "w": (n_classes, n_features),
        "ridge": (n_classes, 1),
    }
    letters = {
        name: Matrix(*shape, lambda r, c, name=name: Symbol(f"{name}_{r + 1}_{c + 1}"))
        for name, shape in shapes.items()
    }
    values: dict[str, Any] = {"x": letters["X"].tolist(), "lambda": list(letters["ridge"])}
    values |= {name: list(letters[name]) for name in "yWb"}
    values |= {name: letters[name].tolist() for name in "ow"}
    values |= {"K": n_classes, "n": n_rows, "d": n_features}
    return Instance(Matrix([[evaluate(e, **values) for e in row] for row in entries]), letters)
