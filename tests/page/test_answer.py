"""What the page computes and says is what `advise` computes and says."""

from types import SimpleNamespace

import pytest

from mlbalance.advise import advise
from mlbalance.advise.document import document
from mlbalance.advise.numbers import Numbers
from mlbalance.advise.options import Bags
from mlbalance.derivations.engine import evaluate
from mlbalance.page import formulas
from mlbalance.page.answer import answer, bag_ratios
from mlbalance.report import text
from mlbalance.schemes import Bagging, Undersample
from mlbalance.theory import variance_ratio

ASKED = (23, 5, 44, 14, 19, 31)
TAU = (0.1, 0.2, 0.3, 0.1, 0.1, 0.2)


def python(formula):
    """A closed form as a function of Python, as `formulas.javascript` makes one of JavaScript."""

    def function(*values):
        letters = dict(zip(formula.letters, values, strict=True))
        size = (
            {"K": len(values[list(formula.letters.values()).index(formula.classes)])}
            if (formula.classes)
            else {}
        )
        return float(evaluate(formula.expression, **letters, **size))

    return function


def leaves(value, path=""):
    """Numbers and words of a record by their path, without None."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from leaves(part, f"{path}.{name}")
    elif isinstance(value, list | tuple):
        yield from leaves(dict(enumerate(value)), path)
    elif value is not None:
        yield path, value


F = SimpleNamespace(**{name: python(each) for name, each in formulas.formulas().items()})


@pytest.mark.parametrize(
    ("counts", "target", "prior"),
    [
        (ASKED, "balanced", None),
        (ASKED, "natural", None),
        (ASKED, "balanced", TAU),
        ((7, 7, 7), "balanced", None),
        ((40, 900), "natural", None),
    ],
)
def test_numbers_and_sentences_are_those_of_advise(counts, target, prior):
    found = answer(F, counts, target, prior, 10, 0.1)
    said = advise(
        counts, target=target, target_prior=prior, budget=10, bags_within=0.1, natural=True
    )
    plain = {**found, "budget": vars(found["budget"])}
    ours, theirs = dict(leaves(plain)), dict(leaves(said.to_dict()))
    assert list(ours) == list(theirs)
    for path, value in theirs.items():
        number = not isinstance(value, str)
        assert ours[path] == (pytest.approx(value, rel=1e-9, abs=1e-12) if number else value), path
    ours = Numbers(**{**found, "bags_needed": Bags(**found["bags_needed"])})
    assert text.render(document(ours), 80) == said.text()


@pytest.mark.parametrize("bags", [1, 2, 8, 20])
def test_bags_cost_what_the_schemes_of_the_package_do(bags):
    counts, tau = (5, 44, 50), (0.2, 0.3, 0.5)
    base = Undersample(prior=tau)
    independent, disjoint = bag_ratios(F, counts, tau, bags)
    assert independent == pytest.approx(variance_ratio(counts, Bagging(base, bags)), rel=1e-12)
    if bags * min(counts) > 44:
        assert disjoint is None
    else:
        scheme = Bagging(base, bags, disjoint=True)
        assert disjoint == pytest.approx(variance_ratio(counts, scheme), rel=1e-12)
