"""Proofs of the claims: each is a list of named steps that SymPy checks one by one.

A step is *computed*, and then the equation shown is the equation checked, by a check that fails
on a wrong formula; or it is *argued*, and says by which theorem (Jensen, sufficiency), earlier
label or limit. Steps with a key carry the clauses of a claim and give it its formula.
Derivations are symbolic in K, n and d wherever the statement is; `scope` says where not.
`engine` is what steps are made of and checked by; `proofs` has a module for each label, and its
constructions that several labels share begin with an underscore. This package imports `claims` and
SymPy, and no other witness.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from mlbalance import claims
from mlbalance.derivations.engine import Derivation, Equation, Step, StepResult, argued, computed

__all__ = [
    "Derivation",
    "Equation",
    "Step",
    "StepResult",
    "argued",
    "check_all",
    "computed",
    "derive",
    "formula",
    "support",
]


def derive(label: str) -> Derivation:
    """Derivation of a claim.

    Parameters
    ----------
    label
        One of `claims.CLAIMS`.

    Returns
    -------
    Derivation
        Its steps are not verified yet.

    Raises
    ------
    claims.UnknownLabel
        If no claim has this label.
    ValueError
        If the claim has no derivation, or names one of another label.
    """
    claim = claims.get(label)
    if claim.derived is None:
        raise ValueError(f"The claim {label!r} has no derivation. Origin: {claim.origin}.")
    derivation = _made(claim.derived)
    if derivation.label != label:
        raise ValueError(f"{claim.derived} proves {derivation.label!r}, not {label!r}.")
    return derivation


@cache
def _made(path: str) -> Derivation:
    derivation: Derivation = claims.resolve(path)()
    return derivation


def formula(label: str) -> str:
    """Formula of a claim: the equations of the proof steps that it names.

    Parameters
    ----------
    label
        One of `claims.CLAIMS`.

    Returns
    -------
    str
        LaTeX without dollar signs.
    """
    derivation = derive(label)
    return r", \qquad ".join(derivation.step(key).latex for key in claims.get(label).formula)


def support(clause: claims.Clause, derivation: Derivation) -> str:
    """Kind of support (`claims.KINDS`) that the steps and labels of a clause give it.

    Computed steps and cited theorems prove; a cited limit and an earlier label give no more than
    they have; nothing at all is a conjecture.

    Parameters
    ----------
    clause
        Of the claim that is derived.
    derivation
        Has the steps that the clause names by key.

    Returns
    -------
    str
        The weakest of `claims.KINDS` among them.

    Raises
    ------
    ValueError
        If the derivation has no step of a key that is named.
    """
    steps = [derivation.step(key) for key in clause.by]
    labels = [*clause.labels, *(label for step in steps for label in step.labels)]
    kinds = [claims.LIMIT if step.limit else claims.PROVED for step in steps]
    kinds += [claims.get(label).kind for label in labels]
    order = list(claims.KINDS)
    return max(kinds, key=order.index, default=claims.CONJECTURE)


def check_all(labels: Iterable[str] | None = None) -> dict[str, list[StepResult]]:
    """Verify derivations.

    Parameters
    ----------
    labels
        By default those of every claim that has a derivation.

    Returns
    -------
    dict[str, list[StepResult]]
        Results of the steps by label, in order.
    """
    if labels is None:
        labels = [label for label, claim in claims.CLAIMS.items() if claim.derived]
    return {label: derive(label).verify() for label in labels}
