"""Build the site: `python docs/build.py` (`make docs`) writes `build/docs`.

Pages of claims, studies and modules are written from the package and the committed tables into
`build/docs-source`, beside a copy of `docs/source`, and Sphinx reads that folder. A warning is an
error, and so is a link within the site that leads nowhere, or a page that loads something from
elsewhere. The page of the advice is part of the site.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT)]

from docs import api, parts, references, studies, theory  # noqa: E402
from docs.links import dead, elsewhere  # noqa: E402
from mlbalance import claims  # noqa: E402
from mlbalance.page.build import built  # noqa: E402

SOURCE, OUT, CACHE = (ROOT / "build" / name for name in ("docs-source", "docs", "docs-cache"))


def pages(*, verify: bool = True) -> dict[str, Callable[[], str]]:
    """What writes every generated page, by its path.

    Parameters
    ----------
    verify : bool
        Whether the steps of the proofs are checked; else computed ones are taken to hold.
    """
    links = parts.LINKS
    return {
        "references.rst": references.page,
        **{
            f"theory/claims/{label}.rst": partial(theory.page, label, links, verify=verify)
            for label in claims.CLAIMS
        },
        **{f"studies/{name}.rst": partial(studies.page, name, links) for name in studies.NAMES},
        **{f"api/{module}.rst": partial(api.page, module) for module in api.MODULES},
        **{
            f"api/{module}/{topic}.rst": partial(api.topic_page, module, topic)
            for module in api.MODULES
            for topic in api.topics(module)
        },
    }


def write(*, verify: bool) -> None:
    """Write what Sphinx reads; files that stay as they were keep their time."""
    told = {Path(path): page() for path, page in pages(verify=verify).items()}
    kept = {path.relative_to(HERE / "source"): path for path in (HERE / "source").rglob("*")}
    kept |= {Path("figures") / p.name: p for p in (ROOT / "paper/generated").glob("*.png")}
    kept |= {Path("results") / p.name: p for p in (ROOT / "simulations/results").glob("*.csv")}
    copied = {at: path.read_bytes() for at, path in kept.items() if path.is_file()}
    new = copied | {at: text.encode() for at, text in told.items()}
    for path in [p for p in SOURCE.rglob("*") if p.is_file()]:
        at = path.relative_to(SOURCE)
        if at not in new and at.parts[0] not in ("examples", "gen_modules"):
            path.unlink()
    for at, data in new.items():
        path = SOURCE / at
        if not path.is_file() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--draft",
        action="store_true",
        help="take the proofs to hold; keep pages and examples whose sources are the same",
    )
    given = parser.parse_args()
    os.chdir(ROOT)
    if not given.draft:
        for folder in (SOURCE, OUT, CACHE):
            shutil.rmtree(folder, ignore_errors=True)
    write(verify=not given.draft)
    from sphinx.cmd.build import main as sphinx

    options = "-q -W --keep-going -j auto -b html -d".split()
    (OUT / "page").mkdir(parents=True, exist_ok=True)
    (OUT / "page/index.html").write_text(built(), "utf-8")
    if code := sphinx([*options, str(CACHE), "-c", *map(str, (HERE, SOURCE, OUT))]):
        return code
    if wrong := [*dead(OUT), *elsewhere(OUT)]:
        print(*wrong, sep="\n", file=sys.stderr)
        return 1
    print(f"{(OUT / 'index.html').relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
