"""JavaScript of Python: what is known is translated, and anything else refused where it stands."""

import inspect

import pytest

from mlbalance.page import build, formulas, translate
from mlbalance.page.translate import UntranslatableError


@pytest.mark.parametrize(
    ("python", "javascript"),
    [
        ("f'{n:,} rows'", 'return [py.format(n, [","].join("")), " rows"].join("");'),
        ("a if not n else b[-1]", "return (!py.truth(n) ? a : py.at(b, (-1)));"),
        ("0 < n <= 2 and n is not None", "py.and((0 < n && n <= 2), () => (n != null))"),
        (
            "[k for k in n if k]",
            "for (const k of py.iter(n)) { if (py.truth(k)) { $found.push(k); } }",
        ),
        ("min(n, default=1)", "py.min(n, py.keywords({default: 1}))"),
        ("n.items()", 'py.call(n, "items")'),
        ("g(b=1, n=n)", "g(n, 1)"),
        ("n // 2", "py.floor(n, 2)"),
    ],
)
def test_expressions(python, javascript):
    source = f"def g(n, b):\n    pass\ndef f(n):\n    return {python}"
    assert javascript in translate.module(source, "example")


@pytest.mark.parametrize(
    "statement",
    ["del n", "with n: pass", "assert n", "return n @ n", "return n[::2]", "return g(**n)"],
)
def test_what_has_no_translation_is_refused_with_its_line(statement):
    with pytest.raises(UntranslatableError, match=r"example, line 2: .* has no JavaScript here"):
        translate.module(f"def f(n):\n    {statement}", "example")


def test_names_that_javascript_keeps_for_itself():
    said = translate.module("def f(new):\n    case = new\n    return case", "example")
    assert "function f(new_) {\nlet case_;\ncase_ = new_;\nreturn case_;\n}" in said


def test_closed_forms_are_those_of_the_proofs():
    said = formulas.javascript(formulas.formulas())
    assert "harmonic_mean: (n) => { const K = n.length; return K/sum(1, K, (k) =>" in said
    assert "// Not supported" not in said


def test_the_page_needs_no_other_file(monkeypatch):
    monkeypatch.setattr(build, "LABELS", ("kish",))
    page = build.page()
    assert len(page.encode()) < 600_000
    for foreign in (
        "http:",
        "https:",
        "src=",
        "@import",
        'url("',
        "url(h",
        "fetch(",
        "XMLHttp",
        "/*S",
    ):
        assert foreign not in page, foreign
    for module in build._TRANSLATED:
        assert f'modules["mlbalance.{module}"] = ' in page


def test_a_proof_that_fails_is_not_shown(monkeypatch):
    import sympy

    from mlbalance import derivations

    true = derivations.derive("kish")
    false = derivations.computed("One is two.", sympy.Integer(1), sympy.Integer(2))
    wrong = derivations.Derivation("kish", true.scope, (*true.steps, false))
    monkeypatch.setattr(derivations, "derive", lambda label: wrong)
    with pytest.raises(build.BuildError, match="The proof of 'kish' fails"):
        build._claim("kish")


def test_sources_are_shipped():
    folder = inspect.getfile(build).rpartition("/")[0]
    for name in ("index.html", "style.css", "runtime.js", "page.js"):
        assert build._source(name), folder
