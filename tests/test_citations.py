"""Citations: one bibliography, all of which is used, and the same in every form."""

import re
from pathlib import Path

import pytest

from mlbalance import __version__, citations, claims
from mlbalance.citations import bibliography, cite
from mlbalance.cli import main
from mlbalance.compare.candidates import origins
from mlbalance.derivations import derive
from mlbalance.inputs import InputError
from mlbalance.methods import METHODS

ROOT = Path(__file__).resolve().parent.parent


def keys(entries):
    return [re.match(r"@\w+\{([^,]+),", entry)[1] for entry in entries]


def test_every_entry_is_read_whole_and_once():
    text = (ROOT / "mlbalance" / "references.bib").read_text("utf-8")
    assert "\n".join(bibliography().values()) == text.strip()
    assert [key.lower() for key in bibliography()] == sorted(key.lower() for key in bibliography())


def test_every_entry_is_the_origin_of_something_or_cited_in_the_paper():
    used = {key for claim in claims.CLAIMS.values() for key in claim.cites}
    used |= {key for keys in origins().values() for key in keys}
    for source in (ROOT / "paper").rglob("sections/*.tex"):
        for listed in re.findall(r"\\cite\w*(?:\[[^\]]*\])*\{([^}]*)\}", source.read_text("utf-8")):
            used |= {key.strip() for key in listed.split(",")}
    assert set(bibliography()) == used | {"mlbalance"}


def test_the_package_is_the_same_in_bibtex_and_in_the_citation_file():
    given = (ROOT / "CITATION.cff").read_text("utf-8")
    fields = dict(re.findall(r'^(?:  - )?([\w-]+): "?(.*?)"?$', given, re.MULTILINE))
    (entry,) = cite().entries
    assert f"title = {{{fields['title']}}}" in entry
    assert f"author = {{{{{fields['name']}}}}}" in entry
    assert f"Version {fields['version']}" in entry and fields["version"] == __version__
    assert f"year = {{{fields['date-released'][:4]}}}" in entry
    assert "doi" not in given.lower()


def test_a_result_is_cited_with_its_label_and_with_where_it_comes_from():
    found = cite("harmonic").entries
    assert keys(found) == ["mlbalance:harmonic", *claims.get("harmonic").cites]
    assert rf"note = {{Version {__version__}, result \texttt{{harmonic}}}}" in found[0]


def test_a_name_of_two_kinds_is_cited_as_both():
    own, *others = cite("focal").entries
    assert r"result \texttt{focal}" in own
    assert set(keys(others)) == {*claims.get("focal").cites, *origins()["focal"]}
    assert r"study \texttt{rare\_events}" in cite("rare_events").entries[0]


@pytest.mark.parametrize("id", ["firth+prior", "adasyn", "under-bagging-10"])
def test_a_method_is_cited_by_its_origin(id):
    assert keys(cite(id).entries) == ["mlbalance", *origins()[id]]
    assert origins()[id]


def test_a_method_without_a_recorded_origin_is_told(capsys):
    assert main(["cite", "undersample"]) == 0
    assert capsys.readouterr().out.endswith("\n% No origin of undersample is recorded.\n")


def test_an_installed_package_cites_without_checkout_and_scikit_learn(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(citations, "find_spec", lambda name: None)
    assert keys(cite("under-bagging-10").entries)[1:] == list(METHODS["under-bagging-10"].cites)
    assert "study" in cite("rare_events").entries[0]
    with pytest.raises(InputError, match=r"'firth.prior'\. .* where scikit-learn is installed"):
        cite("firth+prior")


def test_an_unknown_name_is_one_line_with_the_close_ones(capsys):
    assert main(["cite", "hramonic"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("mlbalance: No result, method or study is called 'hramonic'. Did you")
    assert "harmonic" in told and told.count("\n") == 1
    assert main(["cite", "zzz"]) == 2
    assert "mlbalance derive lists the labels" in capsys.readouterr().err


def test_the_theorems_of_a_proof_are_among_what_its_label_cites():
    cited = {key for step in derive("optimism").steps for key in step.cites}
    assert cited and cited <= set(keys(cite("optimism").entries))
