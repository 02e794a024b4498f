"""The README says what the commands print."""

import re

from docs.readme import BLOCK, BLOCKS, README, ROOT, renewed


def test_generated_parts_are_current():
    text = README.read_text()
    assert renewed(text) == text, "README.md is out of date: run `make readme`."


def test_every_generated_part_is_there_once():
    assert sorted(match[2] for match in BLOCK.finditer(README.read_text())) == sorted(BLOCKS)


def test_files_and_targets_that_it_names_exist():
    text = README.read_text()
    files = re.findall(
        r"[(`](?:\.venv/bin/python )?((?:paper|simulations|mlbalance)/[\w./]+)[)`]", text
    )
    assert files
    assert [name for name in files if not (ROOT / name).exists()] == []
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^make (\w+)", text, re.MULTILINE))
    assert targets >= {"reproduce", "test"}
    assert [t for t in targets if not re.search(rf"^{t}:", makefile, re.MULTILINE)] == []
