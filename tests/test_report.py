"""Documents: every renderer tells all of every block, and no name can break out of its place."""

import typing
from html.parser import HTMLParser

import pytest

from mlbalance.advise import advise
from mlbalance.report import (
    Block,
    Code,
    Document,
    Figure,
    Formula,
    Math,
    Section,
    Strong,
    Table,
    html,
    items,
    latex,
    markdown,
    paragraph,
    text,
)

NAMES = ("<script>alert(1)</script>", "=cmd()", 'a "quoted" name', "50% & more_of $it$ #1 {x} ~^\\")
RENDERERS = {
    "text": lambda document: text.render(document, 80),
    "markdown": markdown.render,
    "html": html.page,
    "latex": latex.render,
}
BLOCKS = (
    paragraph("words ", Math("c_k^2", "c_k^2"), " and ", Code("code()"), Strong("loud")),
    items([paragraph("first"), paragraph("second")]),
    items([paragraph("third")], numbered=True),
    Table((("alpha", "1.5"), ("beta", "22.0")), ("name", "value"), "caption"),
    Formula(Math("x = y", "x = y")),
    Figure("plot.png", "seen"),
    Section("inner", (paragraph("deep"),)),
)
TOLD = (
    *"words code() loud first second third alpha 1.5 beta 22.0 name value caption".split(),
    *("x = y", "plot.png", "seen", "inner", "deep", "outer"),
)


def document(*blocks):
    return Document("", (Section("outer", blocks),))


def test_the_blocks_here_are_all_there_are():
    assert {type(block) for block in BLOCKS} == set(typing.get_args(Block))


@pytest.mark.parametrize("name", RENDERERS)
def test_everything_is_told(name):
    told = RENDERERS[name](document(*BLOCKS)).replace(r"\_", "_")
    assert [words for words in TOLD if words not in told] == []


class Reader(HTMLParser):
    """Tags and words of a page."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)

    def handle_data(self, data):
        self.words.append(data)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_only_a_name_in_html(name):
    named = document(
        paragraph(name, Math(name), Code(name), Strong(name)),
        Table(((name, name),), (name, name), name),
        Figure(name, name),
        Section(name, (items([paragraph(name)]),)),
    )
    plain, page = Reader(html.page(document(*BLOCKS))), Reader(html.page(named))
    assert set(page.tags) <= set(plain.tags) | {"figcaption"}
    assert page.words.count(name) >= 8


def test_a_name_is_only_a_name_in_markdown_and_latex():
    table = Table((("a|b", "1"), (NAMES[-1], "2")), ("name", "n"))
    rows = markdown.render(document(table)).split("\n\n")[1].splitlines()
    assert [row.replace(r"\|", "").count("|") for row in rows] == [3, 3, 3, 3]
    line = latex.render(document(paragraph(NAMES[-1])))
    assert r"50\% \& more\_of \$it\$ \#1 \{x\} \textasciitilde{}\textasciicircum{}" in line


@pytest.mark.parametrize("width", [40, 60, 80])
def test_text_keeps_to_its_width_and_drops_no_column(width):
    head = ("scheme", *(f"ridge {i}" for i in range(9)))
    rows = tuple((f"method {r}", *(f"{r}.{i}" for i in range(9))) for r in range(3))
    said = text.render(document(paragraph("word " * 60), Table(rows, head)), width)
    assert max(map(len, said.splitlines())) <= width
    assert all(cell in said.split() for row in rows for cell in row[1:])


def test_mathematics_is_not_broken_across_lines():
    formula = "c_k^2 = n_k/m - 1"
    for length in range(30, 60):
        assert formula in text.render(document(paragraph("x" * length, " ", Math(formula))), 72)


def test_headings_stand_in_the_margin_and_groups_are_parted():
    both = Document("", (Section("", (Section("One", (paragraph("a"),)),)), Section("Two", ())))
    assert text.render(both, 60).splitlines()[0] == "One     a"
    pairs = Document("", (Section("A", (paragraph("b"),)), Section("C", (paragraph("d"),))))
    assert text.render(pairs, 60) == "A       b\n\nC       d"


def test_rows_of_a_table_have_one_length():
    with pytest.raises(ValueError, match=r"one length; these have \[1, 2\]"):
        Table((("a", "1"), ("b",)))


OPTIONS = {"features": 50, "separation": 2, "budget": 9, "bags_within": 0.1, "natural": True}


@pytest.mark.parametrize("counts", [[50, 450], [23, 5, 44], [9, 9]])
def test_advice_says_the_same_in_every_form(counts):
    told = advise(counts, **OPTIONS).document()
    words = [text.render(told, 80), markdown.render(told), html.page(told), latex.render(told)]
    for heading in ("Counts", "Do", "Effect", "Errors", "Natural", "Limits", "Proofs"):
        assert all(heading in form for form in words)
    for value in advise(counts).variance_ratio.values():
        assert all(f"{value:.2f}" in form for form in words)
