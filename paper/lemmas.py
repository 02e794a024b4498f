"""Limit theorems that the proofs use: which steps use which, and which are proved as they are used.

A step that takes a limit belongs to exactly one of them; `sections/lemmas.tex` states them.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["LEMMAS", "Lemma", "of_step"]


class Lemma(NamedTuple):
    """A limit theorem, or what is used in the place of one."""

    key: str
    """Part of its label in LaTeX, `lemma:key`"""
    steps: tuple[str, ...]
    """"label:key" of the steps that use it"""
    proved: bool = True
    """Whether what the text refers to proves it as it is used"""

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the claims whose proofs use it."""
        return tuple(dict.fromkeys(step.partition(":")[0] for step in self.steps))


LEMMAS = (
    Lemma("scores", ("sandwich:score-limit",)),
    Lemma("argmin", ("sandwich:convex-argmin", "optimism:quadratic", "bagging:estimators")),
    Lemma(
        "moments",
        (
            "second-order:remainder",
            "argmin-mean:remainder",
            "balanced-error:delta-method",
            "batch-weights:moments",
        ),
    ),
    Lemma("contiguous", ("contiguity:le-cam", "contiguity:best-test", "separate-model:efficient")),
    Lemma("rare", ("rare-limit:normal", "no-loss-at-null:information")),
    Lemma("imbalance", ("owen:owen",)),
    Lemma("pilot", ("lcc:covariance",)),
    Lemma("satterthwaite", ("small-n:t",), proved=False),
    Lemma(
        "proportion",
        (
            "self-influence:form",
            "intercept-bias:equations",
            "ridge-limit:equations",
            "square-loss:equations",
            "square-ridge:equations",
            "calibration-slope:equations",
            "overcorrection:equations",
            "effective-ridge:equations",
            "intercept-price:equations",
            "direction:equations",
        ),
    ),
    Lemma(
        "bags",
        (
            "under-bagging:equation",
            "ridge-limit-bags:overlap",
            "bag-envelope:equations",
            "bag-envelope:one-fit",
            "effective-ridge:overlap",
            "kish-bags:equations",
        ),
        proved=False,
    ),
    Lemma("gordon", ("mle-threshold:gordon", "max-margin:gordon-margin")),
    Lemma(
        "left-out",
        ("loo-intercept:newton", "loo-intercept:new-row", "intercept-price:pairs"),
        proved=False,
    ),
    Lemma("small-steps", ("sgd-steps:linear",)),
)
"""In the order of the paper."""


def of_step(label: str, key: str) -> Lemma | None:
    """The lemma that a step uses, if it takes a limit."""
    name = f"{label}:{key}"
    return next((lemma for lemma in LEMMAS if name in lemma.steps), None)
