"""What `advise` says to do in one example of each situation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from mlbalance.advise.advice import advise
from mlbalance.advise.document import to_do
from mlbalance.report import Code, Document, Paragraph, Section, Table, paragraph

__all__ = ["SITUATIONS", "Situation", "situations_table"]


class Situation(NamedTuple):
    """A situation in words, and an example of it that `advise` is asked about."""

    words: str
    counts: tuple[int, ...]
    options: dict[str, Any]
    labels: tuple[str, ...]
    """Claims of the reasons that `advise` gives for it, those that decide."""
    regime: str | None = None
    """Key of `REGIMES` that the example is of; a test holds it against `advise`."""


SITUATIONS: tuple[Situation, ...] = (
    Situation(
        "Classes matter alike; features are few",
        (900, 100),
        {"features": 5},
        ("conditional-mean", "loewner", "harmonic"),
        "first-order",
    ),
    Situation(
        "... two rows of the smallest class per feature",
        (2000, 100),
        {"features": 50},
        ("self-influence", "flip", "loo-intercept"),
        "intercept-biased",
    ),
    Situation(
        "... an undersample has no fit without a ridge",
        (900, 60),
        {"features": 40},
        ("mle-threshold", "flip", "loo-intercept"),
        "undersample-separable",
    ),
    Situation(
        "... all rows have no fit without a ridge",
        (180, 20),
        {"features": 100},
        ("mle-threshold", "max-margin", "under-bagging"),
        "all-separable",
    ),
    Situation(
        "Classes matter by other shares",
        (900, 100),
        {"target_prior": (0.7, 0.3)},
        ("cv2", "score-variance", "budget"),
    ),
    Situation(
        "Probabilities at the prior of the data; features are few",
        (900, 100),
        {"target": "natural", "features": 5},
        ("score", "conditional-mean"),
        "first-order",
    ),
    Situation(
        "... five features for each row of the smallest class",
        (180, 20),
        {"target": "natural", "features": 100},
        ("score", "self-influence", "mle-threshold"),
        "all-separable",
    ),
    Situation("All classes have the same number of rows", (50, 50), {}, ("cv2",)),
)
"""In the order of the guide."""


def situations_table() -> Document:
    """Document of the situations: an example, what to do, and the claims that it rests on.

    Returns
    -------
    Document
        A table, without title, and a paragraph on its examples.
    """
    rows = tuple(tuple(_row(each)) for each in SITUATIONS)
    head = ("situation, and an example", "do", "because of")
    below = paragraph(
        "The examples are answers of ",
        Code("mlbalance advise"),
        ", which says more and says it for other counts; for two classes without ",
        Code("--separation"),
        " it takes Gaussian classes that are two standard deviations apart.",
    )
    return Document("", (Section("", (Table(rows, head, columns="ppp"), below)),))


def _row(situation: Situation) -> Iterator[Paragraph]:
    advice = advise(situation.counts, **situation.options)
    yield paragraph(f"{situation.words}: ", Code(_command(situation)))
    yield to_do(advice)
    pieces = [piece for label in situation.labels for piece in (", ", Code(label))]
    yield paragraph(*pieces[1:])


def _command(situation: Situation) -> str:
    """The command that asks about the example."""
    words = ["advise", *map(str, situation.counts)]
    for name, value in situation.options.items():
        told = " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
        words += [f"--{name.replace('_', '-')}", told]
    return " ".join(words)
