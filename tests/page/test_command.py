"""`mlbalance page`: written to a file, or opened in the browser."""

import webbrowser

import pytest

from mlbalance.cli import main
from mlbalance.page import build


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(build, "page", lambda: "<!doctype html><title>ü</title>")


def test_it_is_written(tmp_path, capsys):
    path = tmp_path / "page.html"
    assert main(["page", "--out", str(path)]) == 0
    assert path.read_text("utf-8") == build.page()
    assert capsys.readouterr().out == ""


def test_a_folder_that_is_not_there_is_one_line(tmp_path, capsys):
    assert main(["page", "--out", str(tmp_path / "none" / "page.html")]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("mlbalance: ") and err.count("\n") == 1


@pytest.mark.parametrize("found", [True, False])
def test_it_is_opened_and_its_place_is_said(found, monkeypatch, capsys):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or found)
    assert main(["page"]) == 0
    said = capsys.readouterr().out
    assert opened[0].startswith("file://") and opened[0].endswith("page.html")
    assert ("No browser was found. Open " in said) is not found
    assert said.rstrip().endswith("page.html")


def test_a_file_that_came_with_the_installation_is_taken(monkeypatch, tmp_path):
    (tmp_path / "built.html").write_text("finished", encoding="utf-8")
    monkeypatch.setattr(build.resources, "files", lambda package: tmp_path)
    assert build.built() == "finished"
    assert build.file() == tmp_path / "built.html"
