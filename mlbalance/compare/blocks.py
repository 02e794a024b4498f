"""One fold of a comparison: methods are fitted to its training rows and answer for its test rows.

Letters: n rows, K classes, R repeats.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from mlbalance.compare.candidates import Candidate
from mlbalance.compare.definition import Definition
from mlbalance.compare.learners import AtTarget
from mlbalance.compare.results import Outcome
from mlbalance.compare.tables import Table
from mlbalance.estimators.balanced import set_seeds
from mlbalance.inputs import FloatArray, IntArray
from mlbalance.methods.sharing import shared_fits
from mlbalance.simulation.streams import stream

__all__ = ["Block", "Plan", "dense", "run_block"]


class Plan(NamedTuple):
    """All that a block needs."""

    table: Table
    classes: npt.NDArray[Any]
    codes: IntArray
    fold_of: IntArray
    """(R, n)"""
    target: FloatArray
    methods: tuple[tuple[Candidate, Definition], ...]
    seed: int


class Block(NamedTuple):
    """What methods gave on one fold, and the seconds that it took."""

    outcomes: list[Outcome]
    seconds: float


def run_block(
    plan: Plan, repeat: int, fold: int, wanted: Iterable[str], left: float = np.inf
) -> Block:
    """Outcomes of methods on one fold.

    Parameters
    ----------
    plan
        Of the comparison.
    repeat, fold
        Number of the fold.
    wanted
        Ids of the methods.
    left
        Seconds after which no other fit is begun.

    Returns
    -------
    The block, without the methods that were not begun.
    """
    from threadpoolctl import threadpool_limits

    started = time.monotonic()
    held = plan.fold_of[repeat] == fold
    train, test = np.flatnonzero(~held), np.flatnonzero(held)
    labels = plan.classes[plan.codes[train]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of categories that the training rows lack
        prepare = plan.table.preprocessor()
        X = dense(prepare.fit_transform(plan.table.X[train]))
        new = dense(prepare.transform(plan.table.X[test]))
    # One seed for all methods: it depends on no other method, and pairs their draws.
    draw = int(stream(plan.seed, "fits", repeat, fold).integers(2**31 - 1))
    outcomes: list[Outcome] = []
    # Numbers are those of one thread, however many there are for others.
    with threadpool_limits(1), shared_fits() as known:
        for group in _groups(plan, set(wanted)):
            if outcomes and time.monotonic() - started > left:
                break
            saved = known.saved
            fit = _fit(group, plan.target, draw, X, labels, new)
            # The time that it would have taken alone.
            seconds = fit.seconds + known.saved - saved
            outcomes += [
                Outcome(each.id, repeat, fold, own.status, own.message, seconds, own.log_p)
                for each, own in zip(group, fit.answers, strict=True)
            ]
    return Block(outcomes, time.monotonic() - started)


def _groups(plan: Plan, wanted: set[str]) -> list[list[Candidate]]:
    """Methods in groups of one fit, in their order."""
    groups: dict[str, list[Candidate]] = {}
    for each, definition in plan.methods:
        if each.id in wanted:
            groups.setdefault(definition.fit, []).append(each)
    return [*groups.values()]


class _Answer(NamedTuple):
    """What a method says of the test rows."""

    log_p: FloatArray | None
    status: str
    message: str
    """Error, or the first warning."""


class _Answers(NamedTuple):
    """Answers of methods that share a fit, and its seconds."""

    answers: list[_Answer]
    seconds: float


def _fit(
    group: list[Candidate],
    target: FloatArray,
    seed: int,
    X: FloatArray,
    labels: Any,
    new: FloatArray,
) -> _Answers:
    """Fit to the training rows; whatever is raised becomes a status of those whom it concerns."""
    started = time.monotonic()
    model = AtTarget(clone(group[0].estimator), group[0].prior, target)
    set_seeds(model, seed)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            model.fit(X, labels)
        except Exception as error:
            return _Answers([_failed(error)] * len(group), time.monotonic() - started)
        found = []
        for each in group:
            try:
                log_p = model.with_prior(each.prior).predict_log_proba(new)
                found.append(_Answer(log_p, "converged", ""))
            except Exception as error:
                found.append(_failed(error))
    message = " ".join(str(seen[0].message).split()) if seen else ""
    found = [each._replace(message=each.message or message) for each in found]
    return _Answers(found, time.monotonic() - started)


def _failed(error: Exception) -> _Answer:
    message = " ".join(str(error).split()) or type(error).__name__
    return _Answer(None, getattr(error, "status", "error"), message)


def dense(X: Any) -> FloatArray:
    """The features as an array of numbers."""
    return np.asarray(X.toarray() if hasattr(X, "toarray") else X, dtype=float)
