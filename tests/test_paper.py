"""The paper without TeX: what its sources name is there, and what is generated is right."""

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "paper"))

import arxiv  # noqa: E402
import fragments  # noqa: E402
import lemmas  # noqa: E402
import sources  # noqa: E402
import values  # noqa: E402
import without_tex  # noqa: E402

import build  # noqa: E402
from mlbalance import claims  # noqa: E402
from mlbalance.citations import bibliography  # noqa: E402
from mlbalance.derivations import StepResult, derive  # noqa: E402

KNOWN = {
    "val": frozenset({"six.ratio"}),
    "claim": frozenset({"score"}),
    "by": frozenset({"score"}),
    "cite": frozenset({"firth1993"}),
    "figure": frozenset({"bridge"}),
    "table": frozenset({"schemes"}),
}
SOUND = r"""
\label{sec:one} \val{six.ratio} \claimwith{score} \by{score} \citep[p.~3]{firth1993}
\mlfigure{bridge}{A \val{six.ratio}} \mltable{schemes}{A table} \ref{sec:one} \ref{fig:bridge}
\newcommand{\val}[1]{\use{val:#1}} % \val{in.a.comment}
"""


@pytest.mark.slow
def test_the_sources_name_what_is_there_and_use_all_of_it():
    assert build.problems([*values.numbers(), *values.OF_THE_PROOFS]) == []


@pytest.mark.parametrize(
    ("added", "told"),
    [
        (r"\val{six.raito}", "there is no val 'six.raito'"),
        (r"\by{scoer}", "there is no by 'scoer'"),
        (r"\citet{firth1993,firth1994}", "there is no cite 'firth1994'"),
        (r"\input{tables/scheme}", "there is no table 'scheme'"),
        (r"\ref{sec:two}", "there is no label 'sec:two'"),
        (r"\label{sec:one}", "The label 'sec:one' is there twice"),
        (r"\claim{score}", "'score' is stated twice"),
    ],
)
def test_a_wrong_source_is_told_with_its_line(added, told):
    must = frozenset({"val", "claim"})
    assert sources.problems({"a.tex": SOUND}, KNOWN, must=must) == []
    found = sources.problems({"a.tex": SOUND + added}, KNOWN, must=must)
    assert len(found) == 1
    assert told in found[0]
    assert "twice" in told or f"a.tex, line {len(SOUND.splitlines()) + 1}" in found[0]


def test_a_number_or_claim_that_is_not_used_is_told():
    bare = SOUND.replace(r"\claimwith{score}", "").replace(r"\val{six.ratio}", "")
    found = sources.problems({"a.tex": bare}, KNOWN, must=frozenset({"val", "claim"}))
    assert found == ["The claim 'score' is not used.", "The val 'six.ratio' is not used."]


@pytest.mark.parametrize("label", ["harmonic", "flip", "logistic-order"])
def test_a_statement_carries_its_label_its_kind_and_its_formula(label):
    claim, derivation = claims.get(label), derive(label)
    told = fragments.statement(claim, derivation)
    assert rf"\label{{claim:{label}}}" in told
    assert all(derivation.step(key).latex in told for key in claim.formula)
    assert told.startswith(rf"\begin{{{fragments.environment(claim)}}}")
    assert fragments.environment(claim) == ("conjecture" if "order" in label else "theorem")


def test_every_limit_belongs_to_one_lemma_and_every_lemma_is_used():
    limits = [
        f"{claim.label}:{step.key}"
        for claim, derivation in fragments.derivations()
        for step in derivation.steps
        if step.source and step.limit
    ]
    assert sorted(limits) == sorted(step for lemma in lemmas.LEMMAS for step in lemma.steps)


def test_what_rests_on_a_lemma_that_is_not_proved_is_no_theorem():
    assert fragments.environment(claims.get("under-bagging")) == "result"
    assert fragments.environment(claims.get("bag-envelope")) == "result"  # by its labels
    told = fragments.statement(claims.get("small-n"), derive("small-n"))
    assert r"\begin{result}" in told and r"Lemma~\ref{lemma:satterthwaite} not proved" in told


def test_every_reference_was_compared_with_a_source_as_the_text_says():
    text = " ".join((ROOT / "paper/sections/evidence.tex").read_text("utf-8").split())
    assert "each entry of their list was compared with a public source" in text
    assert [key for key, entry in bibliography().items() if "not confirmed" in entry] == []


def test_the_archive_holds_what_compiles_and_has_the_same_bytes_each_time(tmp_path):
    folder = tmp_path / "paper"
    names = "main.tex main.bbl main.aux main.log main.pdf references.bib figures/a.pdf"
    for name in names.split():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    assert [x.as_posix() for x in arxiv.members(folder)] == [
        "figures/a.pdf",
        "main.aux",
        "main.bbl",
        "main.tex",
    ]
    one, other = (arxiv.pack(folder, tmp_path / n, 10**9).read_bytes() for n in ("one", "other"))
    assert one == other
    assert arxiv.pack(folder, tmp_path / "later", 10**9 + 1).read_bytes() != one


HOW = """The committed PDF files of the paper are not those of its sources: run `make paper`, which
needs TeX (`apt-get install {tex}`), and commit paper/*.pdf and paper/typeset.txt.
Changed: {names}."""


@pytest.mark.slow
def test_the_pdf_files_are_those_of_their_sources(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "OUT", tmp_path / "paper")
    results = build.checked(verify=False)
    build.write(results, build.definitions(build.numbers_of(results)))
    pdfs = [build.line_of(path, path.name) for path in build.PDFS.values()]
    recorded = build.RECORD.read_text("utf-8").splitlines()[1:]
    changed = build.outdated(recorded, [*build.record(), *pdfs])
    assert not changed, HOW.format(tex=build.TEX, names=", ".join(changed))


def test_a_source_that_is_changed_added_or_gone_is_named():
    recorded = ["1 main.tex", "2 tables/a.tex", "3 mlbalance.pdf"]
    assert build.outdated(recorded, recorded[::-1]) == []
    found = ["9 main.tex", "2 tables/b.tex", "3 mlbalance.pdf"]
    assert build.outdated(recorded, found) == ["main.tex", "tables/a.tex", "tables/b.tex"]


def test_the_preview_without_tex_has_the_numbers_and_references_of_the_text(tmp_path):
    (tmp_path / "sections").mkdir()
    for name, text in {
        "main.tex": r"\title{T}\begin{document}\input{sections/one}\end{document}",
        "sections/one.tex": r"\section{One}\label{sec:one}\subsection{Two}\label{sec:two}"
        r"\claim{score} \val{six.ratio} \ref{sec:two} \by{score} \ref{fig:bridge}",
        "supplement.tex": r"\begin{document}\mlfigure{bridge}{C}\ref{sec:one}\end{document}",
    }.items():
        (tmp_path / name).write_text(text)
    claim = r"\begin{theorem}\label{claim:score}It is.\end{theorem}"
    defined = {"val:six.ratio": "2.84", "claim:score": claim, "word:score": "Theorem"}
    told = without_tex.document(tmp_path, defined).partition(without_tex.MARK)[2]
    assert claim + " 2.84 1.1 Theorem~1 1" in told
    assert told.index(r"\mlfigure{bridge}{C}1") > told.index("2.84")


@pytest.mark.parametrize("claim", claims.CLAIMS.values(), ids=list(claims.CLAIMS))
def test_a_proof_tells_its_letters(claim):
    told = fragments.letters(claim.derived.partition(":")[0].rpartition(".")[2])
    assert told.startswith((": ", " as in "))
    assert told.count("$") % 2 == 0 and "`" not in told
    named = set(re.findall(r"\\by\{([\w-]+)\}", told))
    assert named <= set(claims.CLAIMS) - {claim.label}


def test_letters_that_proofs_share_are_told_once():
    told = fragments.shared_letters()
    assert told.count(r"\item[") == len(fragments.SHARED)
    assert r"\by{" not in told and r"\epsilon^{2}" in told


def test_a_proof_that_fails_is_not_written():
    claim, derivation = claims.get("kish"), derive("kish")
    results = derivation.verify()
    told = fragments.proof(claim, derivation, results)
    assert told.count(r"\step") == len(results)
    broken = [StepResult(results[0].step, False), *results[1:]]
    with pytest.raises(ValueError, match="A step of kish does not hold"):
        fragments.proof(claim, derivation, broken)


def test_numbers_and_their_errors_end_at_the_same_digit():
    row = values.summary("bridge").one(
        model="wrong", method="unweighted+prior", metric="mean", estimand="squared error of slope"
    )
    value, error = values.shown(row).strip("$").split(r" \pm ")
    assert len(value) == len(error)
    assert float(value) == pytest.approx(row.value, abs=row.mcse)
    assert float(error) == pytest.approx(row.mcse, rel=0.5)


def test_verdicts_in_the_text_are_those_of_the_figures():
    for line in fragments.verdict_lines():
        told = fragments.verdict(line)
        assert ("do not agree" in told) == (line["verdict"] != "agrees")
        assert line["largest"] in told or "Nothing is predicted" in told
        assert ("Nothing is predicted" in told) == (float(line["largest"]) == 0)


def test_sums_and_signs_of_a_step_are_mathematics():
    shown = fragments.sentence("with D = sum_k f_k and x_k >= 0, m <= n, the sum of squares")
    assert r"\sum_{k}" in shown and r"$\geq$" in shown and r"$\leq$" in shown
    assert r"sum\_" not in shown and r"\text" not in shown and "the sum of" in shown


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("errors Phi(-x) are", r"errors $\Phi$($-x$) are"),
        ("-omega l'' at o", r"$-\omega$ $l''$ at $o$"),
        ("to tau_k sqrt(t_k/c_k)", r"to $\tau_{k}$ $\sqrt{t_{k}/c_{k}}$"),
        ("a small eps, a row's own", r"a small $\epsilon$, a row's own"),
        ("leave-k-out as V's", "leave-k-out as V's"),
        ("exp(-D_k) of n_k^(-1/4)", r"exp($-D_{k}$) of $n_{k}^{-1/4}$"),
        ("A row has a' A^-1 a, a row A u", r"A row has $a'$ $A^{-1}$ $a$, a row $A$ $u$"),
        ("by -A^-1 u, x_i' w", r"by $-A^{-1}$ $u$, $x_{i}'$ $w$"),
        ("(u - o)' (V)^-1", r"($u - o$)$'$ ($V$)$^{-1}$"),
        ("n_k - 1 and F(x) - 1/2", r"$n_{k} - 1$ and $F$($x$) $-$ 1/2"),
        ("h = -dg/do over do'/dt and and/or", r"$h$ = $-dg/do$ over $do'/dt$ and and/or"),
        ("by convexity (label hessian)", r"by convexity (\by{hessian})"),
    ],
)
def test_letters_of_a_step_are_mathematics_with_sign_and_primes(words, shown):
    assert fragments.sentence(words) == shown
