"""Formulas and words in print."""

import pytest
import sympy as sp

from mlbalance.derivations import argued, computed
from mlbalance.derivations.engine import typeset

k = sp.Symbol("k", integer=True)
K = sp.Symbol("K", integer=True, positive=True)


@pytest.mark.parametrize(
    ("formula", "shown"),
    [
        (r"\partial L/\partial w_{ka}", "dL/dw_ka"),
        (r"\Phi(-x) \to \exp(t) \cdot (a + b)", "Phi(-x) -> exp(t) . (a + b)"),
        (r"\operatorname{Cov}(\nabla L_{W} \mid X, y)", "Cov(grad L_W | X, y)"),
        (r"\theta_{W} - \theta^{*} \sim N(0, A^{-1})", "theta_W - theta^* ~ N(0, A^-1)"),
    ],
)
def test_plain_text_of_a_formula(formula, shown):
    assert typeset.plain(formula) == shown


def test_a_letter_with_an_index_has_no_second_one_beside_it():
    j = sp.Symbol("j")
    assert typeset.latex(sp.Function("p_k")(j)) == "p_{k,j}"
    assert typeset.latex(sp.Function("p")(j)) == "p_{j}"


def test_sums_and_indexed_functions_are_set_as_letters():
    h = sp.Function("tau", positive=True)
    expr = sp.Sum(h(k) ** 2, (k, 1, K)) ** 2
    assert typeset.text(expr) == "(sum_{k=1..K} tau[k]**2)**2"
    assert typeset.latex(expr) == r"\left(\sum_{k=1}^{K} {\tau_{k}}^{2}\right)^{2}"


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("c_k^2 = n_k/m & 5%", [r"c_{k}^{2}", " = ", "n_{k}", "/m & 5%"]),
        ("tau_k, A^-1 x", [r"\tau_{k}", ", ", "A^{-1}", " x"]),
        ("no_one, x_ and a^ or 2_k", ["no_one, x_ and a^ or 2_k"]),
        ("(x_i - mu_k)'", ["(", "x_{i}", " - ", r"\mu_{k}", ")'"]),
        ("", []),
    ],
)
def test_letters_with_an_index_or_a_power_are_mathematics(words, shown):
    pieces = typeset.pieces(words)
    assert [latex or text for text, latex in pieces] == shown
    assert "".join(text for text, _ in pieces) == words


def test_long_letters_are_shortened_in_print_alone():
    a, b = sp.symbols("a b")
    step = computed("Words.", a + 1, a + 1, short={a: b})
    assert step.text == "b + 1 = b + 1"
    assert step.equation.lhs == a + 1
    assert argued("Words.", r"\tau", "a book").text == "tau"
