"""Documents: every renderer tells all of every block, and no name can break out of its place."""

import math
import typing
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from mlbalance.advise import advise
from mlbalance.report import (
    Block,
    Code,
    Document,
    Figure,
    Formula,
    Listing,
    Math,
    Section,
    Strong,
    Table,
    html,
    items,
    latex,
    markdown,
    paragraph,
    rest,
    strips,
    svg,
    text,
)

NAMES = ("<script>alert(1)</script>", "=cmd()", 'a "quoted" name', "50% & more_of $it$ #1 {x} ~^\\")
RENDERERS = {
    "text": lambda document: text.render(document, 80),
    "markdown": markdown.render,
    "html": html.page,
    "latex": latex.render,
    "rest": rest.render,
}
BLOCKS = (
    paragraph("words ", Math("c_k^2", "c_k^2"), " and ", Code("code()"), Strong("loud")),
    items([paragraph("first"), paragraph("second")]),
    items([paragraph("third")], numbered=True),
    Listing("$ ask"),
    Table((("alpha", "1.5"), ("beta", "22.0")), ("name", "value"), "caption"),
    Formula(Math("x = y", "x = y")),
    Figure("plot.png", "seen", "drawn"),
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
    told = told.replace("<mi>x</mi><mo>=</mo><mi>y</mi>", "x = y")
    assert [words for words in TOLD if words not in told] == []
    assert "$ ask" in told.replace(r"\$", "$").replace("~", " ")


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
        Table(((name, paragraph(Code(name), Math(name))),), (name, name), name),
        Listing(name),
        Figure(name, name),
        Section(name, (items([paragraph(name)]),)),
    )
    plain, page = Reader(html.page(document(*BLOCKS))), Reader(html.page(named))
    assert set(page.tags) <= set(plain.tags) | {"figcaption", "span"}
    assert page.words.count(name) >= 10


def test_a_name_is_only_a_name_in_markdown_and_latex():
    table = Table((("a|b", "1"), (NAMES[-1], "2")), ("name", "n"))
    rows = markdown.render(document(table)).split("\n\n")[1].splitlines()
    assert [row.replace(r"\|", "").count("|") for row in rows] == [3, 3, 3, 3]
    line = latex.render(document(paragraph(NAMES[-1])))
    assert r"50\% \& more\_of \$it\$ \#1 \{x\} \textasciitilde{}\textasciicircum{}" in line


def test_a_name_opens_nothing_in_latex_and_ends_nothing_in_markdown():
    table = Table((("a", "1"), ("[b]", "2"), (Code("c`|"), "3")))
    assert latex.render(document(table)).count("\\\\\n[") == 0
    assert r"| `` c`\| `` | 3 |" in markdown.render(document(table))
    shown = markdown.render(document(Listing("a\n```\nb"))).split("\n\n")[1]
    assert shown.startswith("````\n") and shown.endswith("\n````\n")
    shown = latex.render(document(Listing(r"a  b\end{flushleft}" + "\n\nc")))
    assert shown.count(r"\end{flushleft}") == 1 and "a~~b" in shown


@pytest.mark.parametrize("width", [20, 30, None])
def test_no_line_of_a_paragraph_begins_like_an_entry_of_a_list(width):
    words = "1. a sum of - and + or of 12. and 3) signs = no list # > " * 9
    lines = markdown.render(document(paragraph(words)), width=width).split("\n\n")[1].splitlines()
    assert all(len(line) <= width + 1 for line in lines) if width else len(lines) == 1
    assert not [line for line in lines if line.split()[0] in "- + = 1. 12. 3) # >".split()]
    assert " ".join(lines).replace("\\", "").split() == words.split()


@pytest.mark.parametrize(
    "words", ["1. one", "- a", "a) b", ".. c::", "* d", ">>> e", "iv. f", "=="]
)
def test_no_paragraph_begins_a_list_or_a_directive_in_restructured_text(words):
    line = rest.render(document(paragraph(words))).splitlines()[3]
    assert line.startswith("\\") and line.replace("\\ ", "").replace("\\", "") == words


def test_code_that_has_a_page_is_a_link_in_restructured_text():
    told = document(paragraph(Code("flip"), Code("flop"), Code("mod:fit")))
    shown = rest.render(told, links={"flip": "ref:claim-flip", "mod:fit": "py:obj:mod.fit"})
    assert ":ref:`flip <claim-flip>`" in shown and ":code:`flop`" in shown
    assert ":py:obj:`mod:fit <mod.fit>`" in shown


def test_headings_below_the_deepest_stand_in_the_margin_in_restructured_text():
    inner = Section("1.", (paragraph("words"), Formula(Math("x", "x"))))
    shown = rest.render(document(inner), deepest=1)
    assert "\\ 1.\n   words\n\n   .. math::" in shown
    assert rest.render(document(inner)).endswith("1.\n---\n\nwords\n\n.. math::\n\n   x\n")


def test_two_hyphens_are_no_dash_in_latex():
    assert latex.escape("advise --features 20") == "advise -{}-features 20"


def test_what_is_one_word_needs_no_escape_in_markdown():
    assert "c_k^2 and \\_x" in markdown.render(document(paragraph("c_k^2 and _x")))
    formula = document(paragraph(Math("c_k^2", "c_{k}^{2}")))
    assert "$c_{k}^{2}$" in markdown.render(formula)
    assert "\nc_k^2\n" in markdown.render(formula, dollars=False)


SENTENCES = Table((("a", "1", paragraph("word " * 30)),), ("label", "n", "says"), columns="lrp")


def test_columns_are_aligned_as_they_say():
    assert "| --- | ---: | --- |" in markdown.render(document(SENTENCES))
    assert html.render(document(SENTENCES)).count('<td class="words">') == 2
    assert r"\begin{longtable}{lr>{\raggedright" in latex.render(document(SENTENCES))
    with pytest.raises(ValueError, match=r"l, r or p; \['x'\] were given"):
        Table((("a",),), columns="x")
    with pytest.raises(ValueError, match=r"one length; these have \[1, 2\]"):
        Table((("a",),), columns="ll")


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


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_only_a_name_in_a_figure(name):
    forest = svg.intervals([(name, 0.1, -0.2, 0.4), ("none", math.nan, math.nan, math.nan)], name)
    drawn = forest + svg.curves([(name, [0, 1], [0.1, 0.9], [0.5, 0.5])], name, name)
    ElementTree.fromstring(f"<figures>{drawn}</figures>")
    page = Reader(html.page(document(Figure("", name, svg=drawn))))
    assert "script" not in page.tags and page.tags.count("svg") == 2
    assert page.words.count(name) >= 4


def test_a_forest_plot_is_to_scale():
    drawn = ElementTree.fromstring(
        svg.intervals([("a", 0.0, -1.0, 1.0), ("b", 0.5, 0.0, 1.0)], "difference")
    )
    at = [float(circle.get("cx")) for circle in drawn.iter("circle")]
    ends = [[float(line.get(x)) for x in ("x1", "x2")] for line in drawn.iter("line")]
    zero, (low, high), (start, _) = ends[:3]
    assert zero[0] == zero[1] == at[0] == start
    assert high - at[0] == pytest.approx(at[0] - low, abs=0.2)
    assert at[1] - at[0] == pytest.approx((high - at[0]) / 2, abs=0.2)


def test_a_forest_plot_of_characters_is_to_scale():
    top, *lines = strips.intervals([("a", 0.0, -1.0, 1.0), ("bc", 0.5, 0.0, 1.0)], 45).splitlines()
    assert top.split() == ["-1", "1"] and len(top) == 45
    (start, value, end), (start_2, value_2, end_2) = (
        (line.index("-"), line.index("o"), len(line) - 1) for line in lines
    )
    assert (start, end) == (4, 44) and end_2 == 44
    assert value == (start + end) / 2 == start_2 and value_2 == (start_2 + end_2) / 2
    assert strips.intervals([("a", 2.0, 2.0, 2.0)], 10).splitlines()[1] == "a  o"
    assert strips.intervals([], 80) == ""


def test_a_terminal_shows_the_lines_of_a_figure_and_a_page_its_picture():
    drawn = svg.intervals([("a", 0.0, -1.0, 1.0)], "difference", marked="a")
    figure = document(Figure("forest", "Differences.", svg=drawn, text="a  --o--"))
    assert text.render(figure, 60) == "outer   Differences.\n        a  --o--"
    page = html.page(figure)
    assert drawn in page and "--o--" not in page and "font-weight='bold'" in page


def test_cells_are_shaded_by_their_shares_and_the_lead_is_set_off():
    table = Table((("a", "0.75", "0"),), ("class", "a", "b"), shares=((0.75, 0.0),))
    page = html.render(Document("", (Section("Answer", (table,), lead=True),)))
    assert page.startswith('<section class="lead">')
    assert page.count("rgb(47 127 193 / 45%)") == 1 == page.count("style=")
