r"""Claims as data: labels, statements, conditions, origins and witnesses.

A claim is a label with a statement in clauses, each with the proof steps that carry it and the kind
of support they give, and up to three witnesses by dotted path: *derived* (SymPy), *computed*
(NumPy), *observed* (a simulation study). The command line, the site, the paper's witness
table and the reasons of `advise` are printed from here, so nothing is stated twice.

Letters of the statements: classes k with n_k rows, target prior tau_k, weights W_i that sum to
one, squared coefficient of variation c_k^2 of a weight within its class, score covariance V_k
within class k, Hessian A of the balanced risk, undersample of m rows per class.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from mlbalance.claims import (
    bags,
    exact,
    finite,
    first_order,
    learners,
    losses,
    proportional,
    rare,
    training,
)
from mlbalance.claims.claim import (
    CASES,
    CONDITIONS,
    CONJECTURE,
    KINDS,
    LIMIT,
    PROVED,
    SHORT,
    Claim,
    Clause,
)

__all__ = [
    "CASES",
    "CLAIMS",
    "CONDITIONS",
    "CONJECTURE",
    "KINDS",
    "LIMIT",
    "PROVED",
    "SHORT",
    "Claim",
    "Clause",
    "UnknownLabel",
    "catalogue",
    "get",
    "resolve",
]


class UnknownLabel(ValueError):  # noqa: N818 - it reads as what it says
    """A label that no claim has; the message lists the close ones and all known ones."""

    def __init__(self, label: object, known: tuple[str, ...]) -> None:
        close = difflib.get_close_matches(str(label), known, cutoff=0.65)
        hint = f" Did you mean {' or '.join(close)}?" if close else ""
        super().__init__(f"No claim is called {label!r}.{hint} Known: {', '.join(known)}.")


def catalogue(*claims: Claim) -> Mapping[str, Claim]:
    """Claims by label, in the order given.

    Parameters
    ----------
    *claims
        In reading order.

    Returns
    -------
    Mapping[str, Claim]
        Read-only.

    Raises
    ------
    ValueError
        If two have the same label.
    """
    by_label: dict[str, Claim] = {}
    for claim in claims:
        if claim.label in by_label:
            raise ValueError(f"Two claims are called {claim.label!r}; a label names one claim.")
        by_label[claim.label] = claim
    return MappingProxyType(by_label)


def get(label: str) -> Claim:
    """The claim with this label.

    Parameters
    ----------
    label
        One of `CLAIMS`.

    Returns
    -------
    Claim

    Raises
    ------
    UnknownLabel
        With the labels that are close to it, and all that are known.
    """
    if label not in CLAIMS:
        raise UnknownLabel(label, tuple(CLAIMS))
    return CLAIMS[label]


def resolve(path: str) -> Any:
    """Object behind a dotted path, imported now.

    Parameters
    ----------
    path
        Module and attributes, such as `mlbalance.schemes:Scheme.moments`.

    Returns
    -------
    object

    Raises
    ------
    ValueError
        For a path of another form; a study is a file and has no such object.
    """
    module, colon, attributes = path.partition(":")
    if not (module and colon and attributes):
        raise ValueError(f"A dotted path is 'package.module:attribute'; {path!r} is not.")
    found = importlib.import_module(module)
    for attribute in attributes.split("."):
        found = getattr(found, attribute)
    return found


CLAIMS: Mapping[str, Claim] = catalogue(
    *exact.CLAIMS,
    *first_order.CLAIMS,
    *rare.CLAIMS,
    *finite.CLAIMS,
    *proportional.CLAIMS,
    *bags.CLAIMS,
    *learners.CLAIMS,
    *losses.CLAIMS,
    *training.CLAIMS,
)
"""All claims by label, in reading order: each uses only what stands before it."""
