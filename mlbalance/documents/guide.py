"""The decision guide as a document: questions, what to do, and the claims that say why."""

from __future__ import annotations

from mlbalance import claims
from mlbalance.documents.claims import sentence
from mlbalance.report import Code, Document, Inline, Section, Table, paragraph

__all__ = ["guide"]

_STEPS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "What is an error worth?",
        "Name the target: uniform over classes (balanced error), the shares of the data (natural "
        "probabilities), or prior times cost. A fit of a correctly specified model is brought from "
        "one to another by its intercepts.",
        ("prior-shift",),
    ),
    (
        "Is the model correctly specified?",
        "Fit all rows without weights, with the offset of the prior: to first order nothing here "
        "varies less.",
        ("offset-efficiency", "bridge"),
    ),
    (
        "May it be misspecified?",
        "Weight each row of class k by tau_k/n_k: the target stays that of the classes, and no "
        "scheme that drops or repeats rows varies less.",
        ("conditional-mean", "loewner", "contiguity"),
    ),
    (
        "Is there a fit?",
        "Use a ridge, chosen by rows left out. Without one a class of few rows can leave no "
        "estimate, and an undersample none where all rows have one.",
        ("existence", "mle-threshold", "max-margin"),
    ),
    (
        "Do features outnumber the rows of the smallest class?",
        "Refit the intercepts to rows left out, where this pays. At threshold zero, and for "
        "classes like those of the theorem, an undersample errs less than class weights once "
        "d (1/n_min - 1/n_maj) exceeds about four; with the threshold moved it does not.",
        ("flip", "intercept-bias", "loo-intercept", "intercept-price"),
    ),
    (
        "Do averaged undersamples err less?",
        "They act as a larger ridge and another loss on all rows: compare them at equal degrees of "
        "freedom before they are preferred.",
        ("bag-envelope", "effective-ridge", "argmin-mean"),
    ),
    (
        "Is computing short, and one class rare?",
        "Undersample the other class with an offset, or accept rows by the residual of a pilot "
        "fit; the price in variance is known.",
        ("rare-limit", "break-even", "lcc"),
    ),
    (
        "Are standard errors wanted?",
        "Use scores centred within classes, moderated towards the model's and with t quantiles "
        "where a class has few rows; not the inverse Hessian of a weighted fit. After a choice of "
        "the ridge by the data bootstrap the fit, choice and all.",
        ("sandwich", "naive-se", "small-n", "few-rows"),
    ),
    (
        "Can rows be collected?",
        "Those of the smallest classes first: where classes are alike, there a row is worth most.",
        ("budget",),
    ),
    (
        "Is it a network, by mini-batches?",
        "Balanced batches vary less per row that is processed; stop before the rows are fitted, or "
        "weights fade.",
        ("sgd-noise", "batch-weights", "training-time"),
    ),
    (
        "Is it a forest?",
        "Class weights that only move splits leave no trace in pure leaves: balance what each tree "
        "draws, and read the prior of the votes off rows out of bag.",
        ("forest-weights",),
    ),
)
"""Question, answer, and labels of the claims that carry the answer."""


def guide() -> Document:
    """Document of the decision guide.

    Returns
    -------
    Document
        A table, without title: question, answer and labels.
    """
    rows = tuple(
        (paragraph(question), sentence(answer), paragraph(*_labels(labels)))
        for question, answer, labels in _STEPS
    )
    head = ("question", "what to do", "why")
    return Document("", (Section("", (Table(rows, head, columns="ppp"),)),))


def _labels(labels: tuple[str, ...]) -> list[Inline]:
    told: list[Inline] = []
    for label in labels:
        told += [", "] * bool(told) + [Code(claims.get(label).label)]
    return told
