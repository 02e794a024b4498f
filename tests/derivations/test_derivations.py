"""Derivations: every claim is proved, every check can fail, and the formulas are right at numbers.

The last part recomputes the formulas without any algebra: by complex steps on the loss, by listing
all outcomes of a scheme in exact fractions, by linear algebra.
"""

import re
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, permutations, product
from math import prod

import numpy as np
import pytest
import sympy as sp

from mlbalance import claims
from mlbalance.derivations import (
    Derivation,
    Equation,
    Step,
    argued,
    check_all,
    checks,
    computed,
    convexity,
    derive,
    equal_terms,
    likelihood,
    ordering,
    typeset,
    variance,
    weights,
)
from mlbalance.derivations.allocation import budget_expressions
from mlbalance.derivations.efficiency import (
    SIX_COUNTS,
    effective_size_expression,
    variance_ratio_expression,
)
from mlbalance.derivations.evaluation import evaluate
from mlbalance.derivations.moments import Law, covariance, expectation
from mlbalance.derivations.sums import normal
from mlbalance.derivations.totals import total_covariance_expressions

LABELS = [label for label, claim in claims.CLAIMS.items() if claim.derived]
DERIVATIONS = {label: derive(label) for label in LABELS}
STEPS = [
    pytest.param(step, id=f"{label}-{place}")
    for label, derivation in DERIVATIONS.items()
    for place, step in enumerate(derivation.steps, start=1)
]
COMPUTED = [step for step in STEPS if step.values[0].kind == "computed"]


# Proofs


@pytest.mark.parametrize("label", LABELS)
def test_a_claim_is_proved(label):
    results = derive(label).verify()
    assert [result.step.text for result in results if result.ok is False] == []
    assert any(result.ok for result in results)


def test_check_all_is_of_every_derived_claim(monkeypatch):
    found = check_all(["kish", "cv2"])
    assert list(found) == ["kish", "cv2"]
    assert [ok for _, ok in found["kish"]] == [ok for _, ok in derive("kish").verify()]
    # Every one of them is verified above.
    monkeypatch.setattr(Derivation, "verify", lambda self: [self.label])
    assert check_all() == {label: [label] for label in LABELS}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_computed_or_has_a_source(step):
    assert step.words.endswith((".", ","))
    if step.kind == "argued":
        assert step.source
        assert step.verify().ok is None
    else:
        assert step.source is None
        assert isinstance(step.equation, Equation)


def test_a_step_is_not_both_nor_neither():
    equation = Equation(sp.S(1), sp.S(1))
    for check, source in ((None, None), (None, ""), (checks.equal, "a book")):
        with pytest.raises(
            ValueError, match=r"computed \(a check\) or argued \(a source\), one of"
        ):
            Step("Words.", equation, check, source)
    with pytest.raises(ValueError, match="an argued step shows a formula in LaTeX"):
        Step("Words.", equation, source="a book")


def test_unknown_labels_and_claims_without_proof_are_refused(monkeypatch):
    with pytest.raises(claims.UnknownLabel, match="Did you mean harmonic"):
        derive("harmonics")
    bare = replace(claims.CLAIMS["kish"], derived=None)
    monkeypatch.setattr(claims, "CLAIMS", claims.catalogue(bare))
    with pytest.raises(ValueError, match=r"'kish' has no derivation\. Origin: Kish 1965\."):
        derive("kish")
    wrong = replace(bare, derived="mlbalance.derivations.allocation:budget")
    monkeypatch.setattr(claims, "CLAIMS", claims.catalogue(wrong))
    with pytest.raises(ValueError, match="proves 'budget', not 'kish'"):
        derive("kish")


# Checks that can fail


def mutants(equation):
    """The same equation, made wrong."""
    lhs, rhs, relation = equation[:3]
    if relation in (">=", ">"):
        yield equation._replace(lhs=-lhs)
    elif relation == "~=":
        places = len(str(rhs).partition(".")[2])
        yield equation._replace(rhs=rhs + sp.Float(10) ** -places)
    elif getattr(rhs, "is_Matrix", False):
        yield equation._replace(rhs=rhs + sp.MatrixSymbol("wrong", *rhs.shape))
    else:
        yield equation._replace(rhs=rhs + 1)
        yield equation._replace(rhs=rhs + sp.Symbol("wrong"))
        if rhs != 0:
            yield equation._replace(rhs=2 * rhs)
            yield equation._replace(rhs=-rhs)


@pytest.mark.parametrize("step", COMPUTED)
def test_a_wrong_equation_fails_its_check(step):
    wrong = [replace(step, equation=equation) for equation in mutants(step.equation)]
    assert wrong
    assert [mutant.text for mutant in wrong if mutant.verify().ok] == []


@pytest.mark.parametrize("name", sorted(weights.CV2))
def test_a_wrong_row_of_the_table_fails(name):
    wrong = weights.CV2[name] + 1 / weights.n
    results = weights.cv2({name: wrong}).verify()
    assert [r.step.words for r in results if r.ok is False] == [f"From its law: {name}."]


def failures(derivation):
    return [result.step.words for result in derivation.verify() if result.ok is False]


def test_a_score_without_the_indicator_fails(monkeypatch):
    def without(label, feature):
        share = likelihood.W[likelihood.i] * likelihood.probability(label)
        return sp.Sum(share, (likelihood.i, 1, likelihood.n))

    monkeypatch.setattr(likelihood, "score_formula", without)
    assert len(failures(likelihood.score())) == 3


def test_a_hessian_without_the_outer_product_fails(monkeypatch):
    def diagonal(one, first, other, second, numerator=None):
        share = likelihood.W[likelihood.i] * likelihood.probability(one, numerator)
        entry = share * sp.KroneckerDelta(one, other)
        for feature in (first, second):
            entry *= 1 if feature is likelihood.INTERCEPT else likelihood.x[likelihood.i, feature]
        return sp.Sum(entry, (likelihood.i, 1, likelihood.n))

    monkeypatch.setattr(convexity, "hessian_formula", diagonal)
    assert len(failures(convexity.hessian())) == 5


def test_a_biased_scheme_fails(monkeypatch):
    laws = {**weights._LAWS, "thin": weights._undersample_with_replacement}
    assert failures(weights.conditional_mean()) == []
    mean, square = weights._thin()
    laws["thin"] = lambda: (mean * weights.q, square)
    monkeypatch.setattr(weights, "_LAWS", laws)
    assert failures(weights.conditional_mean()) == ["Mean weight of a row: thin."]


def test_a_variance_without_the_noise_of_the_weights_fails(monkeypatch):
    k, K = variance.k, variance.K
    wrong = sp.Sum(variance.tau[k] ** 2 * variance.V[k, variance.a, variance.b], (k, 1, K))
    monkeypatch.setattr(variance, "within", lambda _: wrong)
    assert len(failures(variance.score_variance())) == 2


def test_correlated_scores_fail(monkeypatch):
    law = variance._SCORES
    common = replace(law, product=lambda one, other: law.product(one, other) + 1)
    monkeypatch.setattr(variance, "_SCORES", common)
    assert len(failures(variance.score_variance())) == 2


def test_a_gap_of_unknown_sign_orders_nothing(monkeypatch):
    monkeypatch.setattr(ordering, "squared_cv", sp.Function("c^2", real=True))
    monkeypatch.setattr(ordering, "excess", sp.Function("e", real=True))
    monkeypatch.setattr(ordering, "gap", sp.Function("g", real=True))
    assert len(failures(ordering.loewner())) == 3


def test_a_signal_spoils_the_contrast(monkeypatch):
    def wrong(label, component):
        return equal_terms.prior[label] - sp.KroneckerDelta(component, label)

    monkeypatch.setattr(equal_terms, "_residual", wrong)
    steps = equal_terms.no_signal()
    assert len(failures(Derivation("harmonic", "wrong", steps))) == 2


# The algebra under the checks

k, l, i, j = sp.symbols("k l i j", integer=True)
K = sp.Symbol("K", integer=True, positive=True)
f, g, n, y = (sp.IndexedBase(name) for name in "fgny")
LETTERS = {
    "K": 3,
    "n": [2, 3, 1],
    "y": [2, 1, 3],
    "f": [[3, 1, 4], [1, 5, 9], [2, 6, 5]],
    "g": [[2, 7, 1], [8, 2, 8], [1, 8, 2]],
}
DELTA = sp.KroneckerDelta
ROWS = ((i, 1, n[k]), (k, 1, K))


@pytest.mark.parametrize(
    "expr",
    [
        sp.Sum(f[k, l] * DELTA(k, 2), (k, 1, K), (l, 1, K)),
        sp.Sum(f[k, l] * DELTA(k, l), (k, 1, K), (l, 1, K)),
        sp.Sum(f[k, 1] * DELTA(k, y[l]) * g[l, 1], (k, 1, K), (l, 1, K)),
        sp.Sum(f[k, 1] * g[l, 2] + 2, (k, 1, K), (l, 1, K)),
        sp.Sum((f[k, 1] - sp.Sum(g[l, k], (l, 1, K))) ** 2, (k, 1, K)),
        sp.Sum(f[k, 1], (k, 1, K)) ** 2 / sp.Sum(f[l, 1], (l, 1, K)),
        sp.Sum(f[k, l] / sp.Sum(f[k, l], (l, 1, K)), (l, 1, K), (k, 1, K)),
        sp.Sum(f[k, l] * g[k, l] / sp.Sum(f[k, l], (l, 1, K)), (l, 1, K), (k, 1, K)),
        sp.Sum(sp.exp(-f[k, 1]) * sp.log(1 + sp.Sum(g[k, l], (l, 1, K))), (k, 1, K)),
        sp.Sum(f[k, 1], (k, 2, K)) * sp.Sum(f[l, 2], (l, 3, K)),
        sp.Sum(f[k, i], *ROWS),
        sp.Sum(f[k, 1], *ROWS),
        sp.Sum(sp.Sum(f[k, i], ROWS[0]) ** 2, ROWS[1]),
        # The delta is contracted where k = l is known to make the ranges the same, and only there.
        sp.Sum(f[k, i] * g[l, j] * DELTA(k, l) * DELTA(i, j), *ROWS, (j, 1, n[l]), (l, 1, K)),
        sp.Sum(f[k, i] * g[l, j] * DELTA(i, j), *ROWS, (j, 1, n[l]), (l, 1, K)),
        sp.Sum(sp.Sum(g[l, j] * DELTA(i, j), (j, 1, n[l]), (l, 1, K)) * f[k, i], *ROWS),
    ],
)
def test_the_normal_form_has_the_value_of_the_expression(expr):
    form = normal(expr)
    assert evaluate(form, **LETTERS) == evaluate(expr, **LETTERS)
    assert normal(form) == form
    assert checks.equal(expr, form)


def test_the_normal_form_knows_no_order_of_sums_nor_names():
    one = sp.Sum(f[k, l] * g[l, k], (k, 1, K), (l, 1, K))
    other = sp.Sum(sp.Sum(f[i, j] * g[j, i], (j, 1, K)), (i, 1, K))
    assert normal(one) == normal(other)
    assert normal(one) != normal(sp.Sum(f[k, l] * g[k, l], (k, 1, K), (l, 1, K)))


def test_equality_may_rest_on_what_is_known():
    total = sp.Sum(f[k, 1], (k, 1, K))
    assert not checks.equal(total * 2, sp.S(2))
    assert checks.equal_given({total: 1})(total * 2, sp.S(2))
    assert not checks.equal_given({total: 2})(total * 2, sp.S(2))


def test_matrices_are_compared_with_what_is_symmetric():
    p = sp.Symbol("p", integer=True, positive=True)
    A, B = sp.MatrixSymbol("A", p, p), sp.MatrixSymbol("B", p, p)
    assert checks.equal_matrices(A)(A.T * B, A * B)
    assert not checks.equal_matrices()(A.T * B, A * B)
    assert not checks.equal_matrices(A)(A * B, B * A)
    assert checks.equal_matrices()(sp.Trace(A * B), sp.Trace(B * A))
    assert not checks.equal_matrices()(sp.Trace(A * B * B), sp.Trace(A * B))


@pytest.mark.parametrize(
    ("expr", "nonnegative", "positive"),
    [
        (sp.Symbol("a", positive=True), True, True),
        (sp.Symbol("a", nonnegative=True), True, False),
        (sp.Symbol("a", real=True) ** 2, True, False),
        (sp.Symbol("a", real=True), False, False),
        (sp.Symbol("a"), False, False),
        (sp.Symbol("a", positive=True) - 1, False, False),
        (1 / sp.Sum(sp.Function("h", positive=True)(k), (k, 1, K)), True, True),
        (1 / sp.Sum(sp.Function("h", nonnegative=True)(k), (k, 1, K)), False, False),
        (sp.Sum(sp.Function("h", real=True)(k) ** 2, (k, 1, K)), True, False),
    ],
)
def test_signs_are_shown_or_not_claimed(expr, nonnegative, positive):
    assert checks.nonnegative(expr, 0) is nonnegative
    assert checks.positive(expr, 0) is positive


def test_expectation_stops_at_second_moments():
    law = Law(f, lambda k: sp.S(1), lambda one, other: 1 + 2 * DELTA(one[0], other[0]))
    total = sp.Sum(f[k], (k, 1, K))
    assert checks.equal(expectation(3 * total + K, law), 4 * K)
    assert checks.equal(covariance(total, total, law), 2 * K)
    with pytest.raises(ValueError, match="Only the first two moments of f are known; given"):
        expectation(f[1] ** 2 * f[2], law)
    with pytest.raises(ValueError, match="Only the first two moments of f are known; given"):
        expectation(sp.exp(f[1]), law)


# Print


@pytest.mark.parametrize("label", LABELS)
def test_a_derivation_prints(label):
    derivation = DERIVATIONS[label]
    fragment = derivation.latex()
    assert derivation.scope
    assert fragment.count(r"\item[") == len(derivation.steps)
    for environment in ("description", "equation*"):
        opened = fragment.count(rf"\begin{{{environment}}}")
        assert opened == fragment.count(rf"\end{{{environment}}}") > 0
    assert fragment.count(r"\left") == fragment.count(r"\right")
    words = re.sub(
        r"\\begin\{equation\*\}.*?\\end\{equation\*\}|\$[^$]*\$", "", fragment, flags=re.S
    )
    assert not re.search(r"(?<!\\)[_^&#%$]", words)
    for step in derivation.steps:
        assert step.latex.count("{") == step.latex.count("}")
        assert not re.search(r"_\{[^{}]*\}_", step.latex)
        assert step.text.isascii()
        assert "\\" not in step.text
        assert "@" not in step.text


@pytest.mark.parametrize(
    ("formula", "shown"),
    [
        (r"\partial L/\partial w_{ka}", "dL/dw_ka"),
        (r"\operatorname{Cov}(\nabla L_{W} \mid X, y)", "Cov(grad L_W | X, y)"),
        (r"\theta_{W} - \theta^{*} \sim N(0, A^{-1})", "theta_W - theta^* ~ N(0, A^-1)"),
    ],
)
def test_plain_text_of_a_formula(formula, shown):
    assert typeset.plain(formula) == shown


def test_sums_and_indexed_functions_are_set_as_letters():
    h = sp.Function("tau", positive=True)
    expr = sp.Sum(h(k) ** 2, (k, 1, K)) ** 2
    assert typeset.text(expr) == "(sum_{k=1..K} tau[k]**2)**2"
    assert typeset.latex(expr) == r"\left(\sum_{k=1}^{K} {\tau_{k}}^{2}\right)^{2}"


def test_words_are_escaped_and_letters_set():
    assert typeset.escape("c_k^2 = n_k/m & 5%") == r"$c_{k}^{2}$ = $n_{k}$/m \& 5\%"
    assert typeset.escape("tau_k, A^-1 x") == r"$\tau_{k}$, $A^{-1}$ x"


def test_long_letters_are_shortened_in_print_alone():
    a, b = sp.symbols("a b")
    step = computed("Words.", a + 1, a + 1, short={a: b})
    assert step.text == "b + 1 = b + 1"
    assert step.equation.lhs == a + 1
    assert argued("Words.", r"\tau", "a book").text == "tau"


# Numbers: derivatives


def softmax_loss(theta, data):
    """Weighted loss with the shift-free ridge; complex theta for derivatives by complex steps."""
    X, labels, W, o, ridge = data
    b, w = theta[:, 0], theta[:, 1:]
    z = b + X @ w.T + o
    rows = np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(labels)), labels]
    centred = w - ridge @ w / ridge.sum()
    return W @ rows + (ridge @ (centred**2).sum(axis=1)) / 2


def problem(sizes, seed=5):
    n_classes, n_rows, n_features = sizes
    rng = np.random.default_rng(seed)
    labels = rng.integers(n_classes, size=n_rows)
    data = (
        rng.normal(size=(n_rows, n_features)),
        labels,
        rng.uniform(0.2, 2, n_rows),
        rng.normal(size=(n_rows, n_classes)),
        rng.uniform(0.1, 1, n_classes),
    )
    return data, rng.normal(size=(n_classes, 1 + n_features))


def at_numbers(instance, data, theta):
    X, labels, W, o, ridge = data
    values = {"X": X, "y": labels + 1, "W": W, "o": o, "ridge": ridge}
    values |= {"b": theta[:, 0], "w": theta[:, 1:]}
    arguments = [letter for name in values for letter in instance.symbols[name]]
    numbers = np.concatenate([np.ravel(value) for value in values.values()])
    formula = sp.lambdify(arguments, instance.expression, "numpy")
    return np.array(formula(*numbers), dtype=float)


@pytest.mark.parametrize("sizes", [(2, 3, 1), (3, 4, 2), (4, 3, 1)])
def test_the_score_is_the_gradient(sizes):
    data, theta = problem(sizes)
    found = at_numbers(likelihood.score_expression(*sizes), data, theta)
    step = 1e-30
    numeric = np.empty_like(theta)
    for place in np.ndindex(theta.shape):
        moved = theta.astype(complex)
        moved[place] += 1j * step
        numeric[place] = softmax_loss(moved, data).imag / step
    np.testing.assert_allclose(found, numeric, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("sizes", [(2, 3, 1), (3, 2, 1), (2, 2, 2)])
def test_the_hessian_is_the_second_derivative(sizes):
    data, theta = problem(sizes)
    found = at_numbers(convexity.hessian_expression(*sizes), data, theta)
    step = 1e-4
    places = list(np.ndindex(theta.shape))
    numeric = np.empty((len(places), len(places)))
    for row, one in enumerate(places):
        for column, other in enumerate(places):
            up, down = theta.astype(complex), theta.astype(complex)
            up[one] += 1j * step
            down[one] += 1j * step
            up[other] += step
            down[other] -= step
            gap = softmax_loss(up, data).imag - softmax_loss(down, data).imag
            numeric[row, column] = gap / (2 * step**2)
    np.testing.assert_allclose(found, numeric, rtol=1e-6, atol=1e-6)
    assert np.linalg.eigvalsh(found)[0] > -1e-12


# Numbers: laws of weights, by listing their outcomes


def listed(outcomes):
    """Squared coefficient of variation of a weight from its equally likely values."""
    return spread([(Fraction(1), value) for value in outcomes])


def spread(outcomes):
    """The same from pairs of a chance, up to a factor, and a value."""
    total = sum(chance for chance, _ in outcomes)
    mean = sum(chance * value for chance, value in outcomes) / total
    return sum(chance * value**2 for chance, value in outcomes) / total / mean**2 - 1


def subsets(n_k, m):
    """Relative weights of row 0 over all subsets of m rows."""
    return [Fraction(0 in kept, m) for kept in combinations(range(n_k), m)]


def draws(n_k, size):
    """Times row 0 is hit, over all sequences of draws with replacement."""
    return [drawn.count(0) for drawn in product(range(n_k), repeat=size)]


def bernoulli(q, trials):
    """Chance of each pattern of independent events of chance q."""
    for pattern in product((0, 1), repeat=trials):
        yield prod((q if event else 1 - q) for event in pattern), pattern


Q, TAU = Fraction(2, 5), Fraction(1, 3)
LISTED = {
    "class weights": ({}, lambda: listed([Fraction(1, 4)])),
    "undersample": ({"n_k": 5, "m": 2}, lambda: listed(subsets(5, 2))),
    "undersample with replacement": ({"n_k": 4, "m": 3}, lambda: listed(draws(4, 3))),
    "under-bagging": (
        {"n_k": 4, "m": 2, "B": 3},
        lambda: listed([sum(bags) for bags in product(subsets(4, 2), repeat=3)]),
    ),
    "disjoint bags": (
        {"n_k": 5, "m": 2, "B": 2},
        lambda: listed([Fraction(0 in order[:4], 4) for order in permutations(range(5))]),
    ),
    "oversample": ({"n_k": 3, "M": 7}, lambda: listed([1 + hits for hits in draws(3, 4)])),
    "bootstrap": ({"n_k": 3, "M": 5}, lambda: listed(draws(3, 5))),
    "balanced sampler": (
        {"n_k": 4, "tau_k": TAU, "N": 3},
        lambda: spread([(chance, sum(hits)) for chance, hits in bernoulli(TAU / 4, 3)]),
    ),
    "cap": ({"n_k": 5, "c": 3}, lambda: listed(subsets(5, 3))),
    "thin": ({"q": Q}, lambda: spread([(chance, kept[0]) for chance, kept in bernoulli(Q, 1)])),
    "thin renormalised": (
        {"n_k": 4, "q": Q},
        lambda: spread(
            [
                (chance, Fraction(kept[0], sum(kept)))
                for chance, kept in bernoulli(Q, 4)
                if any(kept)
            ]
        ),
    ),
}


@pytest.mark.parametrize("name", sorted(weights.CV2))
def test_cv2_is_that_of_the_listed_outcomes(name):
    sizes, by_listing = LISTED[name]
    expression, letters = weights.cv2_expressions()[name]
    assert {letter.name for letter in letters} == set(sizes)
    assert evaluate(expression, **sizes) == sp.Rational(by_listing())


def test_a_cap_above_the_count_keeps_all_rows():
    expression, _ = weights.cv2_expressions()["cap"]
    assert evaluate(expression, n_k=4, c=9) == 0


# Numbers: the variance of a score, by listing scores and weights

COUNTS, PRIOR = (1, 3), (Fraction(1, 4), Fraction(3, 4))
SCORES = ((Fraction(1), Fraction(4)), (Fraction(-2), Fraction(3)))
"""Two equally likely scores of a row, by class."""


def score_letters():
    mu = [sum(values) / 2 for values in SCORES]
    V = [((high - low) / 2) ** 2 for low, high in SCORES]
    letters = {"K": 2, "a": 1, "b": 1, "n": COUNTS, "tau": PRIOR}
    return {**letters, "mu": [[m] for m in mu], "V": [[[v]] for v in V]}


def listed_variance(laws):
    """Variance of the weighted score when `laws` lists (chance, weights of the four rows)."""
    classes = [0, *[1] * 3]
    totals = [Fraction(0)] * 3
    for scores in product(*(SCORES[label] for label in classes)):
        for chance, row_weights in laws:
            value = sum(w * s for w, s in zip(row_weights, scores, strict=True))
            totals = [t + chance * value**power for power, t in enumerate(totals)]
    return totals[2] / totals[0] - (totals[1] / totals[0]) ** 2


def test_score_variance_of_an_undersample():
    rows = [
        (Fraction(1), (PRIOR[0], *(PRIOR[1] * (r == kept) for r in range(3)))) for kept in range(3)
    ]
    zero = [[0, 0], [0, 0]]
    expected = evaluate(
        variance.score_variance_expression(), **score_letters(), C=zero, **{"c^2": (0, 2)}
    )
    assert expected == sp.Rational(listed_variance(rows))


def test_score_variance_of_the_sampler_has_random_totals():
    n_draws = 2
    chances = [PRIOR[0], *[PRIOR[1] / 3] * 3]
    rows = [
        (
            prod(chances[row] for row in drawn),
            [Fraction(drawn.count(row), n_draws) for row in range(4)],
        )
        for drawn in product(range(4), repeat=n_draws)
    ]
    of_sampler = total_covariance_expressions()["balanced sampler"]
    pairs = [[{"k": r, "l": s, "tau": PRIOR, "N": n_draws} for s in (1, 2)] for r in (1, 2)]
    C = [[evaluate(of_sampler, **letters) for letters in row] for row in pairs]
    cv2, _ = weights.cv2_expressions()["balanced sampler"]
    c2 = [evaluate(cv2, n_k=n_k, tau_k=p, N=n_draws) for n_k, p in zip(COUNTS, PRIOR, strict=True)]
    expected = evaluate(variance.score_variance_expression(), **score_letters(), C=C, **{"c^2": c2})
    assert expected == sp.Rational(listed_variance(rows))


@pytest.mark.parametrize("name", ["thin", "known population weights"])
def test_covariance_of_totals_by_listing(name):
    pi, q = (Fraction(2, 5), Fraction(3, 5)), (Fraction(1, 2), Fraction(2, 3))
    if name == "thin":
        size = {"n": COUNTS, "q": q}
        kept = [list(bernoulli(q[c], COUNTS[c])) for c in (0, 1)]
        outcomes = [
            (one * two, [PRIOR[0] * sum(a) / (q[0] * 1), PRIOR[1] * sum(b) / (q[1] * 3)])
            for (one, a), (two, b) in product(*kept)
        ]
    else:
        size = {"n": 3, "pi": pi}
        outcomes = [
            (chance, [PRIOR[c] * labels.count(c) / (3 * pi[c]) for c in (0, 1)])
            for chance, labels in bernoulli(pi[1], 3)
        ]
    expression = total_covariance_expressions()[name]
    for r, s in product((0, 1), repeat=2):
        mean = [sum(chance * totals[c] for chance, totals in outcomes) for c in (r, s)]
        both = sum(chance * totals[r] * totals[s] for chance, totals in outcomes)
        found = evaluate(expression, k=r + 1, l=s + 1, tau=PRIOR, **size)
        assert found == sp.Rational(both - mean[0] * mean[1])


# Numbers: efficiency


def no_signal_terms(n_classes, contrast):
    """Class terms of a slope contrast without signal, by pseudo-inverse, at a uniform target."""
    tau = np.full(n_classes, 1 / n_classes)
    inverse = np.linalg.pinv(np.diag(tau) - np.outer(tau, tau))
    return [(contrast @ inverse @ (tau - e)) ** 2 for e in np.eye(n_classes)]


@pytest.mark.parametrize(
    ("contrast", "ratio"), [((1, -1, 0), 4), ((1, 0, -1), 10 / 7), ((0, 1, -1), 20 / 11)]
)
def test_contrasts_without_signal(contrast, ratio):
    counts, m = np.array([100, 400, 40]), 40
    terms = no_signal_terms(3, np.array(contrast))
    expected = evaluate(
        variance_ratio_expression(),
        K=3,
        tau=[sp.Rational(1, 3)] * 3,
        n=counts,
        Q=[float(term) for term in terms],
        **{"c^2": [sp.Rational(int(c), m) - 1 for c in counts]},
    )
    assert float(expected) == pytest.approx(ratio, rel=1e-12)


def test_the_six_classes():
    uniform = [sp.Rational(1, 6)] * 6
    expected = evaluate(
        variance_ratio_expression(),
        K=6,
        tau=uniform,
        n=SIX_COUNTS,
        Q=[1] * 6,
        **{"c^2": [sp.Rational(c, 5) - 1 for c in SIX_COUNTS]},
    )
    assert float(expected) == pytest.approx(6 / sum(1 / c for c in SIX_COUNTS) / 5, rel=1e-14)
    size = evaluate(effective_size_expression(), K=6, tau=uniform, n=SIX_COUNTS)
    row_weights = np.repeat([1 / (6 * c) for c in SIX_COUNTS], SIX_COUNTS)
    assert float(size) == pytest.approx(1 / (row_weights**2).sum(), rel=1e-14)


BUDGET = {
    "K": 3,
    "tau": [Fraction(1, 2), Fraction(1, 3), Fraction(1, 6)],
    "t": [2, 5, 3],
    "n": [7, 20, 4],
    "c": [1, 4, 2],
    "C": 60,
}


def class_variances(counts):
    of_class = zip(BUDGET["tau"], BUDGET["t"], counts, strict=True)
    return np.array([float(tau) ** 2 * t / n_k for tau, t, n_k in of_class])


def budget_at(name):
    return np.array([float(evaluate(budget_expressions()[name], k=r, **BUDGET)) for r in (1, 2, 3)])


def test_the_value_of_a_row():
    counts = np.array(BUDGET["n"], dtype=float)
    f, step = class_variances(counts), 1e-6
    np.testing.assert_allclose(budget_at("share"), f / f.sum(), rtol=1e-14)
    for r in range(3):
        up = counts + step * np.eye(3)[r]
        down = counts - step * np.eye(3)[r]
        slope = np.log(class_variances(up).sum() / class_variances(down).sum()) / (2 * step)
        assert budget_at("row value")[r] == pytest.approx(-slope, rel=1e-7)
        more = class_variances(counts + np.eye(3)[r]).sum()
        assert budget_at("fall")[r] == pytest.approx((f.sum() - more) / 2, rel=1e-12)


def test_no_allocation_beats_the_best():
    price, best = np.array(BUDGET["c"]), budget_at("count")
    assert best @ price == pytest.approx(BUDGET["C"], rel=1e-14)
    least = class_variances(best).sum()
    others = np.random.default_rng(3).dirichlet(np.ones(3), 500) * BUDGET["C"] / price
    assert min(class_variances(counts).sum() for counts in others) > least
    near = best * (1 + 1e-3 * np.array([1, -1, 0]))
    assert class_variances(near * BUDGET["C"] / (near @ price)).sum() > least
