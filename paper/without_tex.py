"""A preview of the paper without TeX: the same sources through pandoc and Typst.

Both are plain wheels (`pypandoc_binary`, `typst`; the extra `preview`). The preview is marked as
one on its first page: what TeX sets with care, such as tables, it sets as it can.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

__all__ = ["available", "document", "make"]

MARK = (
    r"\textbf{Preview, set without TeX.} The paper is \texttt{paper/mlbalance.pdf}; "
    r"\texttt{make paper} sets it where TeX is."
)
TITLE = r"""\title{Weight all the data or undersample?}
\author{The mlbalance developers}
\begin{document}
\maketitle
"""
HEAD = r"""\documentclass{article}
\newtheorem{theorem}{Theorem}
\newtheorem{result}[theorem]{Result}
\newtheorem{conjecture}[theorem]{Conjecture}
\newtheorem{lemma}{Lemma}
\newcommand{\E}{\operatorname{E}}
\newcommand{\Var}{\operatorname{Var}}
\newcommand{\tr}{\operatorname{tr}}
\newcommand{\R}{\mathbb{R}}
\newcommand{\formula}[1]{#1}
\newcommand{\shownequation}[1]{\[#1\]}
\newcommand{\conditions}[1]{\emph{Conditions:} #1.}
\newcommand{\by}[1]{\texttt{#1}}
\newcommand{\argued}[1]{[argued: #1]}
\newcommand{\carried}[1]{\par\emph{What carries the statement.} #1\par}
\newcommand{\step}{\par\emph{Step.} }
\newcommand{\origin}[1]{\par\emph{Origin:} #1.\par}
\newcommand{\letters}[1]{\par\emph{Letters}#1\par}
\newcommand{\withbox}{}
\newenvironment{proofof}[2]{\par\textbf{Proof of #1.} \emph{Scope: #2.}}{\par}
\newcommand{\mlfigure}[3][]{\begin{figure}\includegraphics[width=\linewidth]{figures/#2.pdf}
  \caption{#3}\label{fig:#2}\end{figure}}
\newcommand{\mltable}[2]{\begin{table}\caption{#2}\label{tab:#1}\input{tables/#1}\end{table}}
\newcommand{\mllongtable}[2]{\mltable{#1}{#2}}
"""
_USE = re.compile(r"\\(val|stepmath|verdict|claim|claimwith|status|by)\{([\w./ -]+)\}")
_KIND = {"claimwith": "claim", "stepmath": "step", "by": "word"}
_REFERENCE = re.compile(r"\\reference\{([\w-]+)\}\{")
_LABEL = re.compile(
    r"\\mlfigure(?:\[[^\]]*\])?\{(?P<fig>\w+)\}|\\ml(?:long)?table\{(?P<tab>\w+)\}"
    r"|\\subsection\{[^}]*\}\s*\\label\{(?P<sub>[^}]*)\}|\\label\{(?P<label>[^}]*)\}"
)
_REF = re.compile(r"\\ref\{([^}#]*)\}")
_INPUT = re.compile(r"\\input\{([\w/]+)\}")


def available() -> bool:
    """Whether pandoc and Typst are there."""
    return all(find_spec(name) is not None for name in ("pypandoc", "typst"))


def document(folder: Path, defined: Mapping[str, str]) -> str:
    """The paper and its supplement as one document that pandoc can read.

    Parameters
    ----------
    folder
        With the sources and the generated parts.
    defined
        What the macros stand for, by key.
    """
    bodies = []
    for top in ("main.tex", "supplement.tex"):
        body = (
            (folder / top)
            .read_text("utf-8")
            .partition(r"\begin{document}")[2]
            .partition(r"\end{document}")[0]
        )
        body = body.replace(r"\input{generated}", "").replace(r"\maketitle", "")
        while (longer := _INPUT.sub(lambda found: _text(folder, found[1]), body)) != body:
            body = longer
        bodies.append(body)
    told = "\n".join([TITLE, MARK, *bodies, r"\end{document}"])
    while (expanded := _USE.sub(lambda found: _meaning(found, defined), told)) != told:
        told = expanded
    told = re.sub(r"\\paragraph\{", r"\\par\\textbf{", told)
    told = _REFERENCE.sub(lambda found: r"\par\emph{Reference.} {", told)
    told = re.sub(r"\\bibliographystyle\{\w+\}", "", told)
    return HEAD + _numbered(told)


def _text(folder: Path, name: str) -> str:
    return (folder / f"{name}.tex").read_text("utf-8")


def _meaning(found: re.Match[str], defined: Mapping[str, str]) -> str:
    name, key = found[1], found[2]
    told = defined[f"{_KIND.get(name, name)}:{key}"]
    return rf"{told}~\ref{{claim:{key}}}" if name == "by" else told


def _numbered(told: str) -> str:
    """A text with numbers in the place of references to labels."""
    counts: Counter[str] = Counter()
    numbers: dict[str, str] = {}
    for found in _LABEL.finditer(told):
        kind, name = next((k, v) for k, v in found.groupdict().items() if v)
        label = f"{kind}:{name}" if kind in ("fig", "tab") else name
        if kind == "sub":
            at = f"sub {counts['sec']}"
            counts[at] += 1
            numbers[label] = f"{counts['sec']}.{counts[at]}"
        else:
            of = label.partition(":")[0]
            counts[of] += 1
            numbers[label] = str(counts[of])
    return _REF.sub(lambda found: numbers[found[1]], told)


def make(text: str, folder: Path) -> Path:
    """Set a document of `document` in a folder with its tables and figures.

    Returns
    -------
    `preview.pdf` in the folder.
    """
    import pypandoc
    import typst

    (folder / "preview.tex").write_text(text, "utf-8")
    options = ["--standalone", "--number-sections", "--citeproc", "--bibliography=references.bib"]
    source = folder / "preview.typ"
    pypandoc.convert_file(
        "preview.tex",
        "typst",
        format="latex",
        outputfile=str(source),
        extra_args=options,
        cworkdir=str(folder),
    )
    target = folder / "preview.pdf"
    typst.compile(str(source), output=str(target))
    return target
