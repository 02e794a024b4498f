"""Label offset-efficiency: refuted once a formula is wrong."""

import pytest

from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs import _population as right
from mlbalance.derivations.proofs import offset_efficiency
from tests.derivations.misspecified import without_outer_product, wrong_posterior
from tests.derivations.refuted import failures


@pytest.mark.parametrize(
    ("module", "name", "wrong", "number"),
    [
        (offset_efficiency, "information", without_outer_product, 4),
        (right, "posterior", wrong_posterior, 5),
        (offset_efficiency, "_data", lambda k: offset_efficiency.q[k] ** 2, 3),
    ],
)
def test_a_wrong_formula_fails(monkeypatch, module, name, wrong, number):
    monkeypatch.setattr(module, name, wrong)
    assert len(failures("offset-efficiency")) == number


@pytest.mark.parametrize("key", ["column", "column-offset", "class-means", "class-means-offset"])
def test_class_means_of_influence_functions_are_each_held_against_what_they_are(key):
    """Either side alone: both wrong alike would fail twice."""
    step = offset_efficiency.offset_efficiency().step(key)
    assert step.verify().ok
    assert not step.check(step.equation.lhs, 2 * step.equation.rhs)
    assert not step.check(2 * step.equation.lhs, step.equation.rhs)


def test_a_prior_that_is_not_the_rows_own_spoils_the_information_identity():
    """Scores of a weighted fit: their mean square at the rows' prior is not its Hessian."""
    known = {"K": 2, "f": [[0.2], [0.7]], "tau": [0.5, 0.5], "q": [0.9, 0.1], "i": 1}
    product = right.residual(right.k, right.r) * right.residual(right.k, right.c)
    rows = right.over_classes(offset_efficiency.q[right.k] * right.f[right.k, right.i] * product)
    own, other = (
        float(evaluate(form, r=1, c=1, **known))
        for form in (rows, right.information(right.r, right.c))
    )
    assert abs(own / other - 1) > 0.1
    same = float(evaluate(right.outer(right.r, right.c), r=1, c=1, **known))
    assert same == pytest.approx(other, rel=1e-13)
