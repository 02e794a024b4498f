"""What is said of a comparison: the answer first, all parts in every form, and the regime."""

from dataclasses import replace

import numpy as np
import pytest

from mlbalance.compare import Candidate, compare
from mlbalance.compare.regime import regime
from mlbalance.report import html, text
from tests.compare.test_compare import FAST, Fails, gaussians

HEADS = "Answer Regime Error Also Ranks Classes Data How Refit Cite".split()


@pytest.fixture(scope="module")
def found():
    X, y = gaussians([40, 12, 9])
    names = np.array(["<b>", "a name of more than nine letters", "c"])[
        np.searchsorted(list("abc"), y)
    ]
    return compare(X, names, methods=[*FAST, "unweighted"], repeats=1, folds=3)


def test_the_terminal_has_every_part_the_answer_first(found):
    told = found.text(80, "data.csv", "kind").splitlines()
    heads = [line.split()[0] for line in told if line[:1].strip()]
    assert [head for head in heads if head != "Next"] == HEADS
    assert max(map(len, told)) <= 80
    assert "table = read('data.csv', 'kind')" in "\n".join(told)
    assert "table" not in found.text().split("Refit")[1]


def test_the_report_has_every_part_the_answer_first(found):
    page = found.html("data.csv", "kind")
    assert page.index('class="lead"') < page.index("<h2>Differences")
    parts = ["Differences", "Ranks", "Regime", "By class", "Calibration", "Other measures", "Data"]
    places = [page.index(f"<h2>{part}") for part in parts]
    assert places == sorted(places)
    assert page.count("<svg") == 3 and "class weights <code>class-weights</code>" in page
    # Long names stand beside their rows once, and their numbers above the columns.
    assert "2 a name of more than nine letters" in page and "<th>2</th>" in page
    assert "<b>" not in page.replace("&lt;b&gt;", "")


def test_ranks_have_quartiles_over_folds(found):
    values = found.values("error")
    ranks = 1 + (values[:, :, None] > values[:, None, :]).sum(axis=2)
    ties = (values[:, :, None] == values[:, None, :]).sum(axis=2) - 1
    low, high = np.quantile(ranks + ties / 2, [0.25, 0.75], axis=0)
    assert found.rank_quartiles() == {
        name: (low[m], high[m]) for m, name in enumerate(found.methods)
    }


def test_methods_that_fail_alike_are_told_together():
    X, y = gaussians([30, 12])
    given = [*FAST[:2], *(Candidate(name, name, Always()) for name in ("one", "two"))]
    found = compare(X, y, methods=given, repeats=1, folds=2)
    assert "one, two failed on 2 of 2 folds: never" in " ".join(found.text().split())


class Always(Fails):
    def fit(self, X, y):
        raise ValueError("never")


def line(*at):
    return np.array(at, dtype=float)[:, None], np.array([0, 0, 0, 1, 1])


@pytest.mark.parametrize(
    ("X", "codes", "verdict", "without", "words"),
    [
        (*line(0, 1, 2, 8, 9), "separated", 10, "A linear rule separates the classes"),
        (*line(0, 1, 2, 2, 3), "quasi-separated", 10, "separates some of these rows"),
        (*line(0, 1, 9, 1, 9), "exists", None, "All rows have a fit without a ridge"),
        (*line(0, 0, 0, 0, 0), "not identified", 10, "Columns are collinear"),
    ],
)
def test_the_regime_is_that_of_the_rows(X, codes, verdict, without, words, found):
    own = regime(X, codes, np.array([0.5, 0.5]), 0)
    assert own.verdict == verdict and own.columns == 1
    assert without is None or own.without == without
    # Undersampling 3 and 2 rows to 2 each: (1/2 + 1/2) / (1/3 + 1/2).
    assert own.variance_ratio == pytest.approx(1 / (1 / 3 + 1 / 2))
    said = replace(found, regime=own)
    assert words in " ".join(said.text().split())
    for form in (text.render(said.document(), 80), html.page(said.document())):
        assert f"{own.variance_ratio:.2f}" in form
