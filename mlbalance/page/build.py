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
from mlbalance.page import formulas, maps, translate
from mlbalance.report import Document, Paragraph, Section, items
from mlbalance.schemes import Scheme

__all__ = ["LABELS", "built", "file", "page"]

LABELS = (
    "conditional-mean score-variance loewner cv2 harmonic kish budget bagging disjoint-bags "
    "bags-needed prior-shift score mle-threshold flip ridge-limit self-influence under-bagging "
    "loo-intercept effective-ridge max-margin"
).split()
"""Claims that numbers of the page open."""

_INPUTS = ("math", "_MOST_ROWS", "_text", "refuse_counts", "refuse_prior")
_TRANSLATED = (
    "advise.regime_limits",
    "report.numbers",
    "advise.collecting",
    "advise.regime_sections",
    "advise.option_sections",
    "advise.document",
    "advise.code",
    "page.pasted",
    "page.answer",
    "page.regime",
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
        formulas.javascript(formulas.formulas()),
        *_modules(),
        *_data(),
        _source("simulate.js"),
        _source("diagram.js"),
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
    told += [f'modules["mlbalance.methods"] = {{METHODS: {json.dumps(methods)}}};', _predicted()]
    for name in _TRANSLATED:
        module = importlib.import_module(f"mlbalance.{name}")
        told.append(translate.module(inspect.getsource(module), module.__name__))
    return told


def _predicted() -> str:
    """What sentences ask of the methods that errors are predicted for, as their objects have it."""
    from mlbalance.advise.error_table import BEST_THRESHOLD, label_of, method_of
    from mlbalance.schemes import ClassWeight

    names = [BEST_THRESHOLD, "discriminant+loo", *maps.read()["grids"][0]["quantiles"]]
    labels = {name: label_of(name) for name in names}
    parts = {
        name: {
            "loss": method.loss,
            "correction": {"needs": method.correction.needs},
            "scheme": _scheme(method.scheme),
        }
        for name in names
        if name != BEST_THRESHOLD
        for method in (method_of(name),)
    }
    weights = json.dumps(_scheme(ClassWeight()))
    threshold = json.dumps(BEST_THRESHOLD)
    return (
        f'modules["mlbalance.schemes"] = {{ClassWeight: () => ({weights})}};\n'
        'modules["mlbalance.advise.error_table"] = ((labels, parts) => ({'
        f"BEST_THRESHOLD: {threshold}, label_of: (id) => labels[id], method_of: (id) => parts[id]"
        f"}}))({json.dumps(labels)}, {json.dumps(parts)});"
    )


def _scheme(scheme: Scheme) -> dict[str, object]:
    return {"repr": repr(scheme), "bags": scheme.bags, "random": scheme.random}


def _data() -> list[str]:
    shown = {label: _claim(label) for label in LABELS}
    return [
        f"const version = {json.dumps(__version__)};",
        f"const tolerance = {json.dumps(maps.TOLERANCE)};",
        f"const maps = unpacked({maps.FILE.read_text('utf-8')});",
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
    told = html.render(_ordered(claim_document(claims.get(label), derivation, results)), level=2)
    return told.replace("<h2>", '<h2 id="claim-title">', 1)


def _ordered(found: Document) -> Document:
    """A claim as it is read in a hurry: statement, formula, conditions, proof, and the rest."""
    statement, about, steps, *rest = found.sections
    parts = {part.heading: part for part in about.blocks if isinstance(part, Section)}
    conditions = [part for part in parts.pop("If").blocks if isinstance(part, Paragraph)]
    first = (*statement.blocks, parts.pop("Formula"), Section("If", (items(conditions),)))
    last = (*parts.values(), *(block for part in rest for block in part.blocks))
    return Document(
        found.title,
        (Section("", first), Section("Proof", steps.blocks), Section("More", last)),
    )
