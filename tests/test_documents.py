"""Documents of claims and schemes: README and paper say the same."""

import re

import pytest

from mlbalance.claims import CLAIMS, KINDS, SHORT
from mlbalance.documents import claims_table, schemes_table
from mlbalance.report import Table, html, latex, markdown, text
from mlbalance.theory import variance_ratio

FORMS = {
    "markdown": (markdown.render, lambda words: words),
    "latex": (latex.render, latex.escape),
    "html": (html.render, html.escape),
    "text": (lambda document: text.render(document, 10_000), lambda words: words),
}


def table_of(document) -> Table:
    (table,) = (b for section in document.sections for b in section.blocks if isinstance(b, Table))
    return table


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("places", [False, True])
def test_every_label_and_witness_is_in_every_form(form, places):
    render, escape = FORMS[form]
    told = render(claims_table(places=places)).replace(r"\allowbreak{}", "")
    for claim in CLAIMS.values():
        assert escape(claim.label) in told and escape(claim.condition) in told
        for path in claim.witnesses.values():
            assert (escape(path) in told) == places
    assert all(name in told for name in SHORT)
    assert all(escape(words) in told for words in KINDS.values())


def test_a_row_is_a_claim_in_reading_order():
    rows = table_of(claims_table()).rows
    assert [label.text for label, *_ in rows] == list(CLAIMS)
    for (_, statement, *_, witnesses), claim in zip(rows, CLAIMS.values(), strict=True):
        words = (p if isinstance(p, str) else p.text for p in statement.content)
        assert "".join(words) == claim.statement
        assert witnesses.content == (", ".join(claim.witnesses),)


def test_latex_has_no_special_character_outside_mathematics():
    told = latex.render(claims_table(places=True))
    words = re.sub(r"\$[^$]*\$|\\[&%#_${}]", "", told)
    assert "^" not in words and "_" not in words and "#" not in words
    assert all(line.count("&") == 4 for line in words.splitlines() if "&" in line)


def test_a_price_is_that_of_the_counts():
    counts = (90, 10)
    for _, scheme, formula, price in table_of(schemes_table(counts)).rows:
        assert price == f"{variance_ratio(counts, _evaluated(scheme.text)):.3f}"
        assert formula.text and formula.latex
    assert r"\frac{n_{k}}{m}" in latex.render(schemes_table(counts))


def _evaluated(words: str):
    from mlbalance import schemes

    return eval(words, vars(schemes))
