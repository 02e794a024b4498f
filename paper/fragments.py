"""Generated parts of the paper in LaTeX: statements, proofs and tables."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path

from lemmas import LEMMAS, Lemma, of_step

from mlbalance import claims, documents
from mlbalance.advise.situations import situations_table
from mlbalance.derivations import Derivation, Step, StepResult, derive
from mlbalance.report import Code, Document, Section, Table, latex, paragraph
from mlbalance.report.latex import escape

ROOT = Path(__file__).resolve().parents[1]
COUNTS = (23, 5, 44, 14, 19, 31)
KINDS = {
    claims.PROVED: "proved",
    claims.LIMIT: "given a cited limit",
    claims.CASES: "for the named cases",
    claims.CONJECTURE: "conjecture",
}


SHARED = {"_population": "populations", "_expansion": "expansions", "_proportional": "proportion"}
"""Modules of proofs whose letters several others have, by what these are called."""
_NAMES = (
    "alpha beta gamma delta epsilon eta theta kappa lambda mu nu xi pi rho sigma tau phi chi psi "
    "omega Delta Lambda Sigma Phi Psi eps log"
)
_WORDS = (
    r"(?<=[A-Za-z0-9,=+] )A(?!-)|(?<=^ )A|-A|A(?= is | = | the Hessian| and )",
    r"I(?= [-+=] |[,)])|-I|-a|a(?=['/,.:)]| [=+<>]| grows| and N\b)|(?<=[=+] )a",
)
_SYMBOL = re.compile(
    rf"(?<![\w'.-])(-?(?:[B-HJ-Zb-z]|{'|'.join(_NAMES.split())})'{{0,2}}|(?:{'|'.join(_WORDS)})'?)"
    r"(?![\w'.]\w|\w)"
)
"""Letters that stand alone and names of such, with sign and primes; A, I and a are words too."""
_JOINED = (
    (r"\bsum\\_(\w)\b", r"$\\sum_{\1}$"),
    (r"\\text(greater|less)\{\}=", lambda sign: rf"$\{sign[1][0]}eq$"),
    (r"\$ ([-+=]) \$", r" \1 "),
    (r"\$ ([-+=]) (\d[\d.]*)(?![\w.])", r" \1 \2$"),
    (r"\$/\$", "/"),
    (r"-\\textgreater\{\}", r"$\\to$"),
    (r" -\+ ", r" $\\mp$ "),
    (r"\$'\$", "' "),
    (r"\$'(?!\w)", r"'$"),
    (r"\)('{1,2})(?!\w)", r")$\1$"),
    (r"\$(r|\\theta)\$\*", r"$\1^{*}$"),
    (r"\{alpha\}", r"{\\alpha}"),
    (r"\bCov\\_k\b", "Cov$_{k}$"),
    (r"\$\\textasciicircum\{\}(-?\d)(?![\d/])", r"^{\1}$"),
    (r"([)|])\\textasciicircum\{\}(-?\d)(?![\d/])", r"\1$^{\2}$"),
    (r"(\w)\\_(\w)\\textasciicircum\{\}\((-?\d/\d)\)", r"$\1_{\2}^{\3}$"),
    (r"_\{(min|maj|max|eff)\}", r"_{\\mathrm{\1}}"),
    (r"(\w{2})\\textasciicircum\{\}(\w)", r"\1$^{\2}$"),
    (r"\)\\textasciicircum\{\}\$?(\w)\$?", r")$^{\1}$"),
    (r"sqrt\(\$?([^$()]+)\$?\)", r"$\\sqrt{\1}$"),
    (r"\bdf\\_2", r"$\\mathrm{df}_2$"),
    (r"(\d) ([-+]) \$", r"$\1 \2 "),
    (r"\(1 - df/\$(\w)\$\)", r"($1 - \\mathrm{df}/\1$)"),
    (r"(\d) - (\d)", r"$\1 - \2$"),
    (r"(\d) \\%", r"\1\\,\\%"),
    (r"11'(?=/)", "$11'$"),
    (r"(?<![\w$])(-?d\w'?(?:\([^)]*\))?/d\w'?)(?!\w)", r"$\1$"),
    (r"(^|[ (])-\$", r"\1$-"),
)
"""What stands between two formulas and belongs to them, and signs."""
_MINUS = r"(?<= )-(?= [\d(.]| exp| df| ?$)|(?<![\w-])-(?=\d)"
"""Hyphens of words that are signs: before a number, a bracket or a formula."""


def sentence(words: str) -> str:
    """Plain words in LaTeX, letters and what has an index or a power as mathematics."""
    from mlbalance.derivations.engine.typeset import pieces

    told = "".join(f"${tex}$" if tex else _symbols(text) for text, tex in pieces(words))
    for pattern, joined in _JOINED:
        told = re.sub(pattern, joined, told)
    told = _linked_labels(told)
    return "".join(
        part if part.startswith("$") else re.sub(_MINUS, "$-$", part)
        for part in re.split(r"(\$[^$]*\$)", told)
    )


def _linked_labels(told: str) -> str:
    """Words with the theorem of a label in its place."""

    def link(found: re.Match[str]) -> str:
        return rf"\by{{{found[1]}}}" if found[1] in claims.CLAIMS else found[0]

    return re.sub(r"(?:\bthe )?\blabel ([a-z0-9-]+)", link, told)


def _symbols(text: str) -> str:
    parts = _SYMBOL.split(text)
    shown = [f"${re.sub(r'[A-Za-z]{2,}', _name, x)}$" for x in parts[1::2]]
    return "".join(
        x for pair in zip(map(escape, parts[::2]), [*shown, ""], strict=True) for x in pair
    )


def _name(found: re.Match[str]) -> str:
    return rf"\{'epsilon' if found[0] == 'eps' else found[0]}"


def environment(claim: claims.Claim) -> str:
    """Name of the environment that a claim is stated in: no theorem rests on what is not proved."""
    if claim.kind == claims.CONJECTURE:
        return "conjecture"
    return "result" if unproved(claim) else "theorem"


def unproved(claim: claims.Claim) -> list[str]:
    """Keys of the lemmas, not proved as they are used, that a claim rests on."""
    labels = {label for clause in claim.clauses for label in clause.labels}
    found = {key for label in labels for key in unproved(claims.get(label))}
    found |= {x.key for x in LEMMAS if not x.proved and claim.label in x.labels}
    return [lemma.key for lemma in LEMMAS if lemma.key in found]


def statement(claim: claims.Claim, derivation: Derivation | None) -> str:
    """A claim as a theorem: label, kind, statement, formula and conditions.

    The formula is the argument of a macro, by which the text shows it or does not.
    """
    name, kind = environment(claim), KINDS[claim.kind]
    shown = [derivation.step(key).latex for key in claim.formula] if derivation else []
    formulas = [rf"\formula{{\shownequation{{{x}}}}}" for x in shown]
    note = rf"\texttt{{{claim.label}}}" + ("" if name == kind else f", {kind}")
    note += "".join(rf", Lemma~\ref{{lemma:{key}}} not proved" for key in unproved(claim))
    return "\n".join(
        [
            rf"\begin{{{name}}}[{note}]\label{{claim:{claim.label}}}",
            sentence(claim.statement),
            *formulas,
            rf"\conditions{{{escape(claim.condition)}}}",
            rf"\end{{{name}}}",
            "",
        ]
    )


def letters(module: str) -> str:
    """The letters of a proof, as the docstring of its module names them."""
    paragraphs = (import_module(f"mlbalance.derivations.proofs.{module}").__doc__ or "").split(
        "\n\n"
    )
    (told,) = (" ".join(words.split()) for words in paragraphs if words.startswith("Letters"))
    parts = re.split(r"`(\w+)`", told.removeprefix("Letters"))
    names = [
        rf"\emph{{{SHARED[name]}}}" if name in SHARED else rf"\by{{{name.replace('_', '-')}}}"
        for name in parts[1::2]
    ]
    pairs = zip(map(sentence, parts[::2]), [*names, ""], strict=True)
    return "".join(text + name for text, name in pairs)


def shared_letters() -> str:
    """Letters that several proofs have, each with its name, as a list."""
    items = [rf"\item[{name}] {letters(module)[2:]}" for module, name in SHARED.items()]
    return "\n".join([r"\begin{description}", *items, r"\end{description}", ""])


def proof(claim: claims.Claim, derivation: Derivation, results: Iterable[StepResult]) -> str:
    """The steps of a proof, numbered, and which of them carry which words of the statement."""
    lines = [rf"\begin{{proofof}}{{{claim.label}}}{{{sentence(derivation.scope)}}}"]
    module = str(claim.derived).partition(":")[0].rpartition(".")[2]
    lines += [
        rf"\origin{{{sentence(claim.origin.replace('this package', 'this paper'))}}}",
        rf"\letters{{{letters(module)}}}",
    ]
    for step, ok in results:
        if ok is False:
            raise ValueError(f"A step of {claim.label} does not hold: {step.words}")
        argued = "" if ok else rf" \argued{{{_source(claim.label, step)}}}"
        formula = rf"\shownequation{{{step.latex}}}"
        formula = rf"\withbox {formula}" if step is derivation.steps[-1] else formula
        lines.append(rf"\step {sentence(step.words)}{argued} {formula}")
    lines += [r"\end{proofof}", *_carried(claim, derivation), ""]
    return "\n".join(lines)


def _source(label: str, step: Step) -> str:
    """What a step rests on that is not computed: its lemma, if it takes a limit, and its source."""
    lemma = of_step(label, step.key) if step.limit else None
    if step.limit and lemma is None:
        raise ValueError(f"{label}:{step.key} takes a limit; give it a lemma (paper/lemmas.py).")
    given = "" if lemma is None else rf"Lemma~\ref{{lemma:{lemma.key}}}"
    given += "" if lemma is None or lemma.proved else ", not proved"
    return "; ".join([*([given] if given else []), _linked_labels(escape(str(step.source)))])


def status(lemma: Lemma) -> str:
    """What the title of a lemma says of its proof."""
    return "" if lemma.proved else "; not proved in this generality"


def used_for(lemma: Lemma) -> str:
    """The claims whose proofs use a lemma."""
    return ", ".join(rf"\by{{{label}}}" for label in lemma.labels)


def _carried(claim: claims.Claim, derivation: Derivation) -> Iterator[str]:
    """The clauses of a statement, each with the steps, labels and conditions it follows from."""
    told = []
    for clause in claim.clauses:
        places = sorted(derivation.steps.index(derivation.step(key)) + 1 for key in clause.by)
        by = [f"step{'s' * (len(places) > 1)}~{', '.join(map(str, places))}"] if places else []
        by += [rf"\by{{{label}}}" for label in clause.labels]
        by += [f"given {_spaced(given)}" for given in clause.given]
        told.append(f"{sentence(clause.text)} [{'; '.join([*by, KINDS[clause.kind]])}]")
    yield rf"\carried{{{' '.join(told)}}}"


def _spaced(condition: str) -> str:
    """The id of a condition in words."""
    return condition.replace("-", " ").replace("mle", "MLE")


def conditions() -> str:
    """The conditions by their short names, as a description list."""
    rows = [
        rf"\item[{escape(_spaced(name))}] {sentence(words)}"
        for name, words in claims.CONDITIONS.items()
    ]
    short = [
        rf"\item[{escape(name)}] " + escape(", ".join(map(_spaced, ids)) + ".")
        for name, ids in claims.SHORT.items()
    ]
    return "\n".join([r"\begin{description}", *short, *rows, r"\end{description}", ""])


# --- tables ---------------------------------------------------------------------------------------


def verdict_lines() -> list[dict[str, str]]:
    """Verdicts of the studies."""
    return documents.verdict_lines(ROOT / "paper/generated/verdicts.csv")


def verdict(line: Mapping[str, str]) -> str:
    """A verdict in a sentence."""
    if float(line["largest"]) == 0 and line["verdict"] == "agrees":
        return (
            f"Nothing is predicted but that fits exist, which holds in all {line['numbers']} cases."
        )
    how = "agree" if line["verdict"] == "agrees" else "do not agree"
    band = (
        ""
        if line["high"] == "inf"
        else f", root mean square {line['rms']} ({line['low']} to {line['high']})"
    )
    return (
        f"{line['numbers']} numbers {how} with their predictions: largest $|z|$ {line['largest']} "
        f"(critical {line['critical']}){band}."
    )


def verdicts() -> Document:
    """Every study's joint verdict."""
    return documents.verdict_table(verdict_lines())


def witnesses() -> Document:
    """The claims with their conditions, kinds and witnesses."""
    rows = tuple(
        (
            Code(claim.label),
            f"@{claim.label}@",
            paragraph(claim.condition),
            paragraph(KINDS[claim.kind]),
            paragraph(
                ", ".join(claim.witnesses),
                *([" in ", Code(Path(claim.observed).stem)] if claim.observed else []),
            ),
        )
        for claim in claims.CLAIMS.values()
    )
    head = ("label", "stated as", "condition", "kind", "witnesses")
    return _only(Table(rows, head, columns="lpppp"))


def evidence() -> Document:
    """What is predicted and observed of each claim."""
    return _first(documents.evidence_table(evidence_lines()))


def evidence_lines() -> list[dict[str, str]]:
    """Numbers of the claims, as the scripts of the figures wrote them."""
    text = (ROOT / "paper/generated/claims.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()[1:]))


def schemes() -> Document:
    """The schemes with their squared coefficients of variation and costs at the six counts."""
    return documents.schemes_table(COUNTS)


def guide() -> Document:
    """The decision guide."""
    return documents.guide()


def advised() -> Document:
    """What `advise` says in one example of each situation."""
    return _first(situations_table())


def _first(told: Document) -> Document:
    """The table of a document alone."""
    return _only(next(b for b in told.sections[0].blocks if isinstance(b, Table)))


def _only(table: Table) -> Document:
    return Document("", (Section("", (table,)),))


TABLES: Mapping[str, Callable[[], Document]] = {
    function.__name__: function
    for function in (schemes, verdicts, evidence, witnesses, guide, advised)
}


def table(name: str) -> str:
    """A table in LaTeX, without a caption, to be put into a box."""
    told = latex.render(TABLES[name]()).replace(r"\begin{center}", "").replace(r"\end{center}", "")
    return _linked(told) if name in ("guide", "witnesses", "advised") else told


def _linked(told: str) -> str:
    """Labels as links to where they are stated."""

    def link(found: re.Match[str]) -> str:
        label = found[1].replace(r"\allowbreak{}", "")
        return rf"\hyperref[claim:{label}]{{{found[0]}}}" if label in claims.CLAIMS else found[0]

    told = re.sub(r"@([\w-]+)@", r"\\by{\1}", told)
    return re.sub(r"\\texttt\{((?:[^{}]|\\allowbreak\{\})*)\}", link, told)


def equations() -> dict[str, str]:
    """Equations of all proof steps by "label/key"."""
    return {
        f"{claim.label}/{step.key}": step.latex
        for claim, derivation in derivations()
        for step in derivation.steps
    }


def derivations() -> Iterator[tuple[claims.Claim, Derivation]]:
    """Claims that are derived, with their derivations."""
    for claim in claims.CLAIMS.values():
        if claim.derived:
            yield claim, derive(claim.label)
