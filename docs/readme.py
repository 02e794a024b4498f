"""The generated parts of README.md: `python docs/readme.py` rewrites them (`make readme`).

Every number of the README comes from here, and so from the package or a committed summary. Each
part is a document of `mlbalance.report`, written by its Markdown renderer.
"""

import contextlib
import io
import re
import sys
from pathlib import Path

from mlbalance.report import (
    Block,
    Code,
    Document,
    Figure,
    Listing,
    Section,
    Strong,
    markdown,
    paragraph,
)

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
COUNTS = (23, 5, 44, 14, 19, 31)
BLOCK = re.compile(r"(<!-- begin (\w+) -->\n)(.*?)(<!-- end \2 -->)", re.DOTALL)


def verdict() -> Document:
    from mlbalance.advise import advise

    ratio = advise(COUNTS).variance_ratio["undersample"]
    shown = ", ".join(str(n) for n in COUNTS[:-1]) + f" and {COUNTS[-1]}"
    return document(
        paragraph(
            Strong(f"For {shown} rows, judged by balanced error: weight all of them."),
            f" Undersampling every class to {min(COUNTS)} fits the same target with noise added: "
            "to first order, where classes are exchangeable or carry no signal, it multiplies "
            "the variance of the fit by ",
            Strong(f"{ratio:.2f}"),
            ". It can still win balanced error where the smallest class has few rows per "
            "feature: that biases the weighted intercepts.",
        )
    )


def figure() -> Document:
    from mlbalance.schemes import Bagging, Undersample
    from mlbalance.simulation import read_rows
    from mlbalance.theory import variance_ratio

    rows = read_rows(ROOT / "simulations/results/six_classes.csv")

    def listed(times: int, method: str = "undersample") -> str:
        own = {"times": times, "features": 5, "method": method, "ridge": 0.01}
        row = rows.one(**own, metric="ratio", estimand="excess risk")
        return f"{row.value:.3g} ± {row.mcse:.1g}"

    fitted = {"features": 5, "times": 1, "method": "undersample", "ridge": 0.0}
    none, bags = rows.one(**fitted, metric="P(no estimate)"), "under-bagging-10"
    found = {line["study"]: line for line in verdicts()}["six_classes"]
    caption = (
        "Excess of the penalised balanced log-loss over its minimum, relative to class weights on "
        "all rows (six exchangeable Gaussian classes, ridge 0.01, "
        f"{none.n} replications). Grey ticks are first order, black ones second, for "
        "d = 20 at the asker's counts the limit of rows and features in proportion. To first order "
        f"undersampling costs {variance_ratio(COUNTS, Undersample()):.3g}, ten bags "
        f"{variance_ratio(COUNTS, Bagging(Undersample(), 10)):.3g}; with five features they cost "
        f"{listed(10)} and {listed(10, bags)} with ten times the rows (right), {listed(1)} and "
        f"{listed(1, bags)} at the asker's counts (left), where without a ridge {none.value:.0%} "
        f"of undersamples have no fit. {sentence(found)}"
    )
    path, drawn = (
        "paper/generated/six_classes.png",
        "Predicted and observed cost of every balancing scheme",
    )
    return document(Figure(path, caption, drawn))


def sentence(line: dict[str, str]) -> str:
    """A verdict in words."""
    how = "agree with" if line["verdict"] == "agrees" else "do not agree with"
    return (
        f"As a whole the {line['numbers']} numbers {how} the black ticks: largest |z| "
        f"{line['largest']} (critical {line['critical']}), root mean square {line['rms']} "
        f"({line['low']} to {line['high']})."
    )


def verdicts() -> list[dict[str, str]]:
    """Verdicts of the studies."""
    from mlbalance.documents import verdict_lines

    return verdict_lines(ROOT / "paper/generated/verdicts.csv")


def advice() -> Document:
    """The first parts of the answer: counts, target, what to do, and what it is worth."""
    first, second, *_ = printed("advise", *map(str, COUNTS)).split("\n\n")
    effect = second[: second.index("\nWhy ")]
    return document(Listing(f"{first}\n\n{effect}\n..."))


def estimator() -> Document:
    """What the standard errors and the probabilities of two priors come to on drawn rows."""
    import numpy as np

    from mlbalance import populations
    from mlbalance.estimators import SoftmaxClassifier

    X, y = populations.symmetric(2, 3, 1.5).sample((900, 60), np.random.default_rng(1))
    model = SoftmaxClassifier().fit(X, y)
    right, naive = (model.standard_errors_(kind)[0, 1] for kind in ("moderated", "model"))
    shares = [model.predict_proba(X, prior=p)[:, 1].mean() for p in ("natural", "balanced")]
    below = paragraph(
        "On 900 and 60 drawn rows, for the slope of ",
        Code("x0"),
        f", the inverse Hessian says {naive:.3f}, {naive / right:.0%} of the moderated "
        f"error. Natural probabilities of class 1 average {shares[0]:.3f}, where its share is "
        f"{np.mean(y):.4f}; balanced ones {shares[1]:.2f}.",
    )
    return document(below)


def printed(*arguments: str) -> str:
    from mlbalance.cli import main

    with contextlib.redirect_stdout(io.StringIO()) as out:
        main(list(arguments))
    return out.getvalue().rstrip()


def document(*blocks: Block) -> Document:
    return Document("", (Section("", blocks),))


def rendered(told: Document) -> str:
    """Markdown as the README has it, which is read as plain text too."""
    return markdown.render(told, width=100, dollars=False).rstrip()


BLOCKS = {
    b.__name__: b
    for b in (
        verdict,
        figure,
        advice,
        estimator,
    )
}


def renewed(text: str) -> str:
    """The README with its generated parts as the package gives them now."""
    return BLOCK.sub(lambda m: f"{m[1]}{rendered(BLOCKS[m[2]]())}\n{m[4]}", text)


if __name__ == "__main__":
    README.write_text(renewed(README.read_text()))
    sys.exit(0)
