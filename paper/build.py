"""Typeset the paper: `python paper/build.py` (`make paper`) writes `paper/mlbalance.pdf`
and `paper/supplement.pdf`.

All that is generated goes to `build/paper`, with a copy of the sources, and is typeset there:
the folder compiles by itself. Numbers, statements, proofs and tables come from the package and the
committed summaries; a key that is missing or not used stops the build. What was typeset is recorded
beside the PDF files (`record`), so that it can be told whether they are current.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT), str(HERE)]

import arxiv  # noqa: E402
import fragments  # noqa: E402
import sources  # noqa: E402
import values  # noqa: E402
import without_tex  # noqa: E402
from kept import keep  # noqa: E402
from lemmas import LEMMAS  # noqa: E402

from mlbalance import claims  # noqa: E402
from mlbalance.derivations import StepResult  # noqa: E402

OUT = ROOT / "build" / "paper"
PDFS = {"main.tex": HERE / "mlbalance.pdf", "supplement.tex": HERE / "supplement.pdf"}
TEX = "latexmk texlive-latex-recommended lmodern"
RECORD = HERE / "typeset.txt"
_OTHER = {True: "the same", False: "other"}
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


def definitions(numbers: dict[str, str]) -> dict[str, str]:
    """What the macros of the text stand for, by kind and key."""
    defined = {f"val:{key}": value for key, value in numbers.items()}
    for line in fragments.verdict_lines():
        defined[f"verdict:{line['study']}"] = fragments.verdict(line)
    shown = {use.argument for text in sources.texts().values() for use in sources.uses(text)}
    for name, equation in fragments.equations().items():
        if name in shown:
            defined[f"step:{name}"] = equation
    for lemma in LEMMAS:
        defined[f"status:{lemma.key}"] = fragments.status(lemma)
        defined[f"used:{lemma.key}"] = fragments.used_for(lemma)
    derived = {claim.label: proof for claim, proof in fragments.derivations()}
    for claim in claims.CLAIMS.values():
        defined[f"word:{claim.label}"] = fragments.environment(claim).capitalize()
        defined[f"claim:{claim.label}"] = fragments.statement(claim, derived.get(claim.label))
    return defined


def proofs(results: dict[str, list[StepResult]]) -> Iterator[str]:
    """Proofs in the order in which the text states their claims."""
    derived = {claim.label: proof for claim, proof in fragments.derivations()}
    uses = (use for text in sources.texts().values() for use in sources.uses(text))
    for label in dict.fromkeys(use.argument for use in uses if use.macro == "claim"):
        if label in derived:
            yield fragments.proof(claims.get(label), derived[label], results[label])


def write(results: dict[str, list[StepResult]], defined: dict[str, str]) -> None:
    """Write sources, generated parts, figures and references into `build/paper`."""
    shutil.rmtree(OUT, ignore_errors=True)
    for folder in ("sections", "tables", "figures"):
        (OUT / folder).mkdir(parents=True)
    for name, text in sources.texts().items():
        (OUT / name).write_text(text, "utf-8")
    lines = [rf"\mlbdef{{{key}}}{{{value}}}" for key, value in defined.items()]
    (OUT / "generated.tex").write_text("\n".join([*lines, ""]), "utf-8")
    (OUT / "conditions.tex").write_text(fragments.conditions(), "utf-8")
    parts = [fragments.shared_letters(), *proofs(results)]
    (OUT / "proofs.tex").write_text("\n".join(parts), "utf-8")
    for name in fragments.TABLES:
        (OUT / "tables" / f"{name}.tex").write_text(fragments.table(name), "utf-8")
    used = re.findall(r"\\mlfigure(?:\[[^\]]*\])?\{(\w+)\}", "".join(sources.texts().values()))
    for name in used:
        shutil.copy(HERE / "generated" / f"{name}.pdf", OUT / "figures")
    shutil.copy(ROOT / "mlbalance" / "references.bib", OUT)


def record() -> list[str]:
    """What is typeset, a line per file of `build/paper` before TeX is run: digest and name."""
    names = (path.relative_to(OUT).as_posix() for path in OUT.rglob("*") if path.is_file())
    return [line_of(OUT / name, name) for name in sorted(names)]


def line_of(path: Path, name: str) -> str:
    """Digest of a file, and the name that it is recorded by."""
    return f"{sha256(path.read_bytes()).hexdigest()[:16]} {name}"


def outdated(recorded: list[str], found: list[str]) -> list[str]:
    """Names of the files that are not as they were when the committed PDF files were typeset."""
    return sorted({line.partition(" ")[2] for line in set(recorded) ^ set(found)})


def commit(made: list[str]) -> None:
    """Write the PDF files beside the sources, and the record of what they were made of."""
    for top, path in PDFS.items():
        shutil.copy((OUT / top).with_suffix(".pdf"), path)
    pdfs = [line_of(path, path.name) for path in PDFS.values()]
    head = "# Generated by `make paper`; do not edit. What the PDF files were typeset from."
    RECORD.write_text("\n".join([head, *made, *pdfs, ""]), "utf-8")


def stamp() -> dict[str, str]:
    """Environment in which the same sources give the same bytes."""
    return {"SOURCE_DATE_EPOCH": EPOCH} | dict(os.environ) | {"FORCE_SOURCE_DATE": "1"}


def typeset() -> int:
    """Typeset what is in `build/paper`; the exit code of latexmk.

    Paper and supplement refer to one another, so that each is typeset until both are settled.
    """
    for top in 2 * sources.TOP:
        command = ["latexmk", "-pdf", "-halt-on-error", "-interaction=nonstopmode", "-quiet", top]
        run = subprocess.run(command, cwd=OUT, env=stamp(), capture_output=True, check=False)
        told = (OUT / top).with_suffix(".log").read_text("utf-8", errors="replace").splitlines()
        if run.returncode:
            wrong = next((n for n, line in enumerate(told) if line.startswith("!")), len(told) - 10)
            print("\n".join(told[wrong : wrong + 10]), file=sys.stderr)
            return run.returncode
    return 0


def main_pages() -> int:
    """Pages before the references."""
    auxiliary = (OUT / "main.aux").read_text("utf-8", errors="replace")
    found = re.search(r"\\newlabel\{references\}\{\{[^}]*\}\{(\d+)\}", auxiliary)
    if found is None:
        raise ValueError("main.tex has no label `references` before the bibliography.")
    return int(found[1])


def preview(defined: dict[str, str]) -> int:
    """Say how to set the paper, and set a preview of it where that can be done; an exit code."""
    print(f"All parts are in {OUT.relative_to(ROOT)}; to typeset them: apt-get install {TEX}")
    if not without_tex.available():
        print('For a preview without TeX: pip install -e ".[preview]", then `make paper` again.')
        return 0
    made = without_tex.make(without_tex.document(OUT, defined), OUT)
    print(f"{made.relative_to(ROOT)}: a preview, set without TeX")
    return 0


def archive() -> int:
    """Pack the typeset sources, and typeset them again in an empty folder; an exit code."""
    packed = arxiv.pack(OUT, OUT.with_suffix(".tar.gz"), int(stamp()["SOURCE_DATE_EPOCH"]))
    found = arxiv.compiles(packed, sources.TOP, stamp())
    if found is None:
        print(f"{packed.relative_to(ROOT)} does not compile by itself.", file=sys.stderr)
        return 1
    own = [(OUT / top).with_suffix(".pdf").read_bytes() for top in sources.TOP]
    print(f"{packed.relative_to(ROOT)}, which by itself gives {_OTHER[found == own]} PDF files")
    return 0


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draft", action="store_true", help="do not check the proofs again")
    parser.add_argument("--arxiv", action="store_true", help="pack the sources as well")
    given = parser.parse_args()
    keep()
    results = checked(verify=not given.draft)
    numbers = numbers_of(results)
    if wrong := problems(numbers):
        print("\n".join(wrong), file=sys.stderr)
        return 1
    defined = definitions(numbers)
    write(results, defined)
    made = record()
    if shutil.which("latexmk") is None:
        return preview(defined)
    if code := typeset():
        return code
    if (pages := main_pages()) > PAGES:
        print(f"The main text takes {pages} pages; {PAGES} are allowed.", file=sys.stderr)
        return 1
    if not given.draft:
        commit(made)
    for top, path in PDFS.items():
        shown = (OUT / top).with_suffix(".pdf") if given.draft else path
        print(f"{shown.relative_to(ROOT)}, {shown.stat().st_size / 1000:.0f} kB")
    return archive() if given.arxiv else 0


if __name__ == "__main__":
    sys.exit(main())
