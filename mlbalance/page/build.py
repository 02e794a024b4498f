"""The page as one HTML file: sources, translated modules, formulas and claims put together.

Needs SymPy and takes some seconds, since every proof step that is shown is checked. Wheels hold the
finished file, which `hatch_build.py` writes when a wheel is built, so that no copy of it can drift
from what it is made of; a checkout builds it when it is asked for.
"""

from __future__ import annotations

import importlib
import inspect
import json
import tempfile
from importlib import resources
from pathlib import Path

from mlbalance import __version__, claims
from mlbalance.inputs import InputError
from mlbalance.page import formulas, translate

__all__ = ["LABELS", "built", "file", "page"]

LABELS = (
    "conditional-mean score-variance loewner cv2 harmonic kish budget bagging disjoint-bags "
    "bags-needed prior-shift score"
).split()
"""Claims that numbers of the page open."""

_INPUTS = ("math", "_MOST_ROWS", "_text", "refuse_counts", "refuse_prior")
_TRANSLATED = (
    "report.numbers",
    "advise.collecting",
    "advise.regime_sections",
    "advise.option_sections",
    "advise.document",
    "advise.code",
    "page.pasted",
    "page.answer",
)
_SUM = (
    "const sum = (low, high, term) => "
    "{ let total = 0; for (let k = low; k <= high; k++) total += term(k); return total; };"
)


class BuildError(InputError):
    """The page cannot be built; the message says why."""


def built() -> str:
    """The page that came with the installation, or one that is built now.

    Returns
    -------
    HTML.

    Raises
    ------
    ModuleNotFoundError
        Without SymPy, where it has to be built.
    """
    finished = resources.files("mlbalance.page") / "built.html"
    return finished.read_text("utf-8") if finished.is_file() else page()


def file() -> Path:
    """The page as a file, which a browser can open.

    Returns
    -------
    The file that came with the installation, or a temporary one.
    """
    with resources.as_file(resources.files("mlbalance.page") / "built.html") as installed:
        if installed.is_file():
            return installed
    path = Path(tempfile.mkdtemp(prefix="mlbalance-")) / "page.html"
    path.write_text(page(), encoding="utf-8")
    return path


def page() -> str:
    """Build the page.

    Returns
    -------
    HTML that needs no other file and no network.

    Raises
    ------
    BuildError
        If a step of a proof that it shows fails.
    """
    style, index = _source("style.css"), _source("index.html")
    parts = [
        _source("runtime.js"),
        _SUM,
        formulas.javascript(formulas.formulas()),
        *_modules(),
        *_data(),
        _source("page.js"),
    ]
    script = "\n".join(parts).replace("</script", "<\\/script")
    return index.replace("/*STYLE*/", style).replace("/*SCRIPT*/", script)


def _source(name: str) -> str:
    return (resources.files("mlbalance.page") / name).read_text("utf-8")


def _modules() -> list[str]:
    from mlbalance import inputs
    from mlbalance.methods import METHODS

    methods = {m.id: {"label": m.label} for m in METHODS.values()}
    told = [translate.module(inspect.getsource(inputs), inputs.__name__, _INPUTS)]
    told += [f'modules["mlbalance.methods"] = {{METHODS: {json.dumps(methods)}}};']
    for name in _TRANSLATED:
        module = importlib.import_module(f"mlbalance.{name}")
        told.append(translate.module(inspect.getsource(module), module.__name__))
    return told


def _data() -> list[str]:
    shown = {label: _claim(label) for label in LABELS}
    return [
        f"const version = {json.dumps(__version__)};",
        f"const claims = {json.dumps(shown, ensure_ascii=False)};",
    ]


def _claim(label: str) -> str:
    """HTML of a claim with its proof, every computed step of which holds."""
    from mlbalance.derivations import derive
    from mlbalance.documents import claim_document
    from mlbalance.report import html

    derivation = derive(label)
    results = derivation.verify()
    if any(result.ok is False for result in results):
        raise BuildError(
            f"The proof of {label!r} fails, so the page is not built; mlbalance derive {label} "
            "--check says where."
        )
    told = html.render(claim_document(claims.get(label), derivation, results), level=2)
    return told.replace("<h2>", '<h2 id="claim-title">', 1)
