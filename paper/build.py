"""Typeset the paper: `python paper/build.py` (`make paper`) writes `paper/mlbalance.pdf`.

All that is generated goes to `build/paper`, with a copy of the sources, and is typeset there:
the folder compiles by itself. Numbers, statements, proofs and tables come from the package and the
committed summaries; a key that is missing or not used stops the build.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT), str(HERE)]

import arxiv  # noqa: E402
import fragments  # noqa: E402
import sources  # noqa: E402
import values  # noqa: E402
from lemmas import LEMMAS  # noqa: E402

from mlbalance import claims  # noqa: E402
from mlbalance.derivations import StepResult  # noqa: E402

OUT = ROOT / "build" / "paper"
PDF = HERE / "mlbalance.pdf"
TEX = "latexmk texlive-latex-recommended lmodern"
PAGES = 18
"""Most pages of the main text."""
EPOCH = "1764115200"  # of the files in the PDF, where SOURCE_DATE_EPOCH is not set


def problems(keys: Iterable[str]) -> list[str]:
    """What is wrong with the sources, given the keys of all numbers."""
    must = frozenset({"val", "claim", "table", "status"})
    return sources.problems(sources.texts(), known(keys), must=must)


def known(keys: Iterable[str]) -> dict[str, frozenset[str]]:
    """What the sources may name."""
    drawn = frozenset(path.stem for path in (HERE / "generated").glob("*.pdf"))
    judged = frozenset(line["study"] for line in fragments.verdict_lines())
    return {
        "val": frozenset(keys),
        "claim": frozenset(claims.CLAIMS),
        "by": frozenset(claims.CLAIMS),
        "stepmath": frozenset(fragments.equations()),
        "status": frozenset(lemma.key for lemma in LEMMAS),
        "figure": drawn,
        "table": frozenset(fragments.TABLES),
        "verdict": judged,
        "cite": sources.cited(ROOT / "mlbalance" / "references.bib"),
    }


def checked(*, verify: bool) -> dict[str, list[StepResult]]:
    """Results of the steps of all proofs; without `verify` computed steps are taken to hold."""
    return {
        claim.label: proof.verify()
        if verify
        else [StepResult(step, None if step.source else True) for step in proof.steps]
        for claim, proof in fragments.derivations()
    }


def numbers_of(results: dict[str, list[StepResult]]) -> dict[str, str]:
    """Numbers of the text, those of the proofs too."""
    steps = [ok for each in results.values() for _, ok in each]
    counts = sum(ok is not None for ok in steps), sum(ok is None for ok in steps)
    return values.numbers() | dict(zip(values.OF_THE_PROOFS, map(str, counts), strict=True))


def write(results: dict[str, list[StepResult]], numbers: dict[str, str]) -> None:
    """Write sources, generated parts, figures and references into `build/paper`."""
    shutil.rmtree(OUT, ignore_errors=True)
    for folder in ("sections", "tables", "figures"):
        (OUT / folder).mkdir(parents=True)
    for name, text in sources.texts().items():
        (OUT / name).write_text(text, "utf-8")
    defined = [rf"\mlbdef{{val:{key}}}{{{value}}}" for key, value in numbers.items()]
    defined += [
        rf"\mlbdef{{verdict:{line['study']}}}{{{fragments.verdict(line)}}}"
        for line in fragments.verdict_lines()
    ]
    shown = {use.argument for text in sources.texts().values() for use in sources.uses(text)}
    defined += [
        rf"\mlbdef{{step:{name}}}{{{equation}}}"
        for name, equation in fragments.equations().items()
        if name in shown
    ]
    for lemma in LEMMAS:
        defined += [
            rf"\mlbdef{{status:{lemma.key}}}{{{fragments.status(lemma)}}}",
            rf"\mlbdef{{used:{lemma.key}}}{{{fragments.used_for(lemma)}}}",
        ]
    derived = {claim.label: proof for claim, proof in fragments.derivations()}
    for claim in claims.CLAIMS.values():
        stated = fragments.statement(claim, derived.get(claim.label))
        defined += [
            rf"\mlbdef{{word:{claim.label}}}{{{fragments.environment(claim).capitalize()}}}",
            rf"\mlbdef{{claim:{claim.label}}}{{{stated}}}",
        ]
    (OUT / "generated.tex").write_text("\n".join([*defined, ""]), "utf-8")
    (OUT / "conditions.tex").write_text(fragments.conditions(), "utf-8")
    proofs = [
        fragments.proof(claims.get(label), proof, results[label])
        for label, proof in derived.items()
    ]
    (OUT / "proofs.tex").write_text("\n".join(proofs), "utf-8")
    for name in fragments.TABLES:
        (OUT / "tables" / f"{name}.tex").write_text(fragments.table(name), "utf-8")
    used = re.findall(r"\\mlfigure(?:\[[^\]]*\])?\{(\w+)\}", "".join(sources.texts().values()))
    for name in used:
        shutil.copy(HERE / "generated" / f"{name}.pdf", OUT / "figures")
    shutil.copy(ROOT / "mlbalance" / "references.bib", OUT)


def stamp() -> dict[str, str]:
    """Environment in which the same sources give the same bytes."""
    return {"SOURCE_DATE_EPOCH": EPOCH} | dict(os.environ) | {"FORCE_SOURCE_DATE": "1"}


def typeset() -> int:
    """Typeset what is in `build/paper`; the exit code of latexmk."""
    command = [
        "latexmk",
        "-pdf",
        "-halt-on-error",
        "-interaction=nonstopmode",
        "-quiet",
        "main.tex",
    ]
    run = subprocess.run(command, cwd=OUT, env=stamp(), capture_output=True, text=True, check=False)
    if run.returncode:
        told = (OUT / "main.log").read_text("utf-8", errors="replace").splitlines()
        wrong = next((n for n, line in enumerate(told) if line.startswith("!")), len(told) - 10)
        print("\n".join(told[wrong : wrong + 10]), file=sys.stderr)
    return run.returncode


def main_pages() -> int:
    """Pages before the references."""
    auxiliary = (OUT / "main.aux").read_text("utf-8", errors="replace")
    found = re.search(r"\\newlabel\{references\}\{\{[^}]*\}\{(\d+)\}", auxiliary)
    if found is None:
        raise ValueError("main.tex has no label `references` before the bibliography.")
    return int(found[1])


def archive() -> int:
    """Pack the typeset sources, and typeset them again in an empty folder; an exit code."""
    packed = arxiv.pack(OUT, OUT.with_suffix(".tar.gz"), int(stamp()["SOURCE_DATE_EPOCH"]))
    found = arxiv.compiles(packed, stamp())
    if found is None:
        print(f"{packed.relative_to(ROOT)} does not compile by itself.", file=sys.stderr)
        return 1
    same = "the same" if found == (OUT / "main.pdf").read_bytes() else "another"
    print(f"{packed.relative_to(ROOT)}, which by itself gives {same} PDF")
    return 0


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draft", action="store_true", help="do not check the proofs again")
    parser.add_argument("--arxiv", action="store_true", help="pack the sources as well")
    given = parser.parse_args()
    results = checked(verify=not given.draft)
    numbers = numbers_of(results)
    if wrong := problems(numbers):
        print("\n".join(wrong), file=sys.stderr)
        return 1
    write(results, numbers)
    if shutil.which("latexmk") is None:
        print(f"All parts are in {OUT.relative_to(ROOT)}; to typeset them: apt-get install {TEX}")
        return 0
    if code := typeset():
        return code
    if (pages := main_pages()) > PAGES:
        print(f"The main text takes {pages} pages; {PAGES} are allowed.", file=sys.stderr)
        return 1
    if not given.draft:
        shutil.copy(OUT / "main.pdf", PDF)
    print((PDF if not given.draft else OUT / "main.pdf").relative_to(ROOT))
    return archive() if given.arxiv else 0


if __name__ == "__main__":
    sys.exit(main())
