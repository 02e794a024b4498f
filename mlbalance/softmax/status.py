"""Statuses of fits, with their meanings and remedies."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["OF_VERDICT", "STATUS", "Status"]


class Status(NamedTuple):
    """Meaning of a status, and remedy for it; as a string, both."""

    meaning: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.meaning} {self.remedy}".rstrip()


STATUS = {
    "converged": Status("The score is zero to tolerance, and the minimiser exists and is unique."),
    "no-mle": Status(
        "The classes can be separated, or one has no weight, so the likelihood has no maximum.",
        "Use a ridge, or collect rows where the classes overlap.",
    ),
    "not-identified": Status(
        "The features are collinear, with each other or the intercept, among the weighted rows, so "
        "many coefficients fit equally well.",
        "Drop features or use a ridge.",
    ),
    "undecided": Status(
        "Rows and features are too many to find out whether the likelihood has a maximum.",
        "Use a ridge or drop features.",
    ),
    "max-iter": Status(
        "The iterations ended before the score was zero to tolerance.",
        "Raise max_iter; where that does not help, features or offsets differ too much in size for "
        "double precision, so rescale X.",
    ),
}
"""Every status of a fit; only "converged" is an estimate."""

OF_VERDICT = {
    "exists": "converged",
    "separated": "no-mle",
    "quasi-separated": "no-mle",
    "not identified": "not-identified",
    "undecided": "undecided",
}
"""Status of an unpenalised fit by its verdict (`mlbalance.existence`)."""
