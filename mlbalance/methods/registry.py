"""Registry of the methods that studies, advice and comparisons use, by id."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType

from mlbalance.corrections import LeaveOneOut, PriorShift
from mlbalance.inputs import InputError
from mlbalance.losses import LDAM, Focal, VectorScaling
from mlbalance.methods.choice import LeftOutRidge
from mlbalance.methods.method import Method
from mlbalance.schemes import (
    AnalyticBag,
    Bagging,
    BalancedSampler,
    Cap,
    ClassWeight,
    Oversample,
    Thin,
    Undersample,
    Unweighted,
)

__all__ = ["AUTO", "CHOICE", "KINDS", "METHODS", "method", "methods"]

KINDS = (Method(ClassWeight()), Method(Unweighted(), loss="square"))
"""Methods among which `AUTO` chooses."""

CHOICE = LeftOutRidge(rule="1se", among=KINDS)
"""Choice of `AUTO`: each kind at the largest ridge within a standard error of its least loss."""

AUTO = Method(
    Unweighted(),
    CHOICE,
    LeaveOneOut(temperature=True, conditional=True),
    name=("auto", "chosen by rows left out"),
)
"""Class weights or least squares on all rows, by the left-out rows of each data set, and ridge,
intercepts and temperature too."""

METHODS: Mapping[str, Method] = MappingProxyType(
    {
        each.id: each
        for each in (
            Method(ClassWeight()),
            Method(Undersample()),
            Method(Undersample(replace=True)),
            Method(Oversample()),
            Method(Oversample(keep=False)),
            Method(Bagging(Undersample(), 10)),
            Method(Bagging(Undersample(), 2, disjoint=True)),
            Method(Cap(10)),
            Method(Cap(100)),
            Method(Thin(0.5)),
            Method(Thin(0.5, renormalise=False)),
            Method(BalancedSampler()),
            Method(Unweighted(), correction=PriorShift()),
            Method(AnalyticBag(Undersample())),
            Method(ClassWeight(), correction=LeaveOneOut()),
            Method(Unweighted(), correction=LeaveOneOut()),
            Method(Unweighted(), correction=PriorShift(), loss="square"),
            Method(Unweighted(), correction=LeaveOneOut(), loss="square"),
            Method(Unweighted(), correction=LeaveOneOut(temperature=True), loss="square"),
            Method(ClassWeight(), loss=Focal()),
            Method(Unweighted(), loss=Focal()),
            Method(ClassWeight(), loss=LDAM()),
            Method(Unweighted(), loss=LDAM()),
            Method(Unweighted(), loss=VectorScaling()),
        )
    }
)
"""Methods by id, without ridge and at the uniform prior."""


def method(id: str, ridge: float = 0.0) -> Method:
    """Method by its id.

    Parameters
    ----------
    id
        Key of `METHODS`.
    ridge
        On the mean-loss scale.

    Returns
    -------
    The method with this ridge.

    Raises
    ------
    InputError
        For an unknown id, or a ridge that is not a finite number from zero on.
    """
    if id not in METHODS:
        close = difflib.get_close_matches(id, METHODS, cutoff=0.6)
        hint = f" Did you mean {' or '.join(close)}?" if close else ""
        raise InputError(f"No method is called {id!r}.{hint} Known are {', '.join(METHODS)}.")
    return METHODS[id].with_ridge(ridge)


def methods(*ids: str, ridge: float = 0.0) -> tuple[Method, ...]:
    """Methods by their ids.

    Parameters
    ----------
    *ids
        Keys of `METHODS`.
    ridge
        Of all of them, on the mean-loss scale.

    Returns
    -------
    The methods, in the order of the ids.

    Raises
    ------
    InputError
        As `method`.
    """
    return tuple(method(id, ridge) for id in ids)
