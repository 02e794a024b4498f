"""Comparison of methods on repeated stratified folds.

Random streams are named after the repeat and fold: they depend neither on methods nor on jobs.

Letters: n rows, K classes, R repeats, F folds.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from functools import partial
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from joblib import dump
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from mlbalance.compare.blocks import Plan, dense
from mlbalance.compare.candidates import as_candidate, as_candidates
from mlbalance.compare.comparison import Comparison
from mlbalance.compare.definition import define
from mlbalance.compare.learners import AtTarget
from mlbalance.compare.regime import regime
from mlbalance.compare.results import Results
from mlbalance.compare.schedule import Clock, budget_note, run_blocks
from mlbalance.compare.store import Store, fingerprint, write_bytes
from mlbalance.compare.tables import Table, check_folds, encode, from_arrays
from mlbalance.estimators.balanced import set_seeds
from mlbalance.estimators.weighting import as_target
from mlbalance.inputs import (
    FloatArray,
    InputError,
    IntArray,
    as_floats,
    by_label,
    in_order,
)
from mlbalance.methods.folds import deal
from mlbalance.simulation.engine import Progress
from mlbalance.simulation.streams import stream

__all__ = ["compare", "cost_prior", "refit", "save"]


def cost_prior(costs: Any, y: npt.ArrayLike) -> FloatArray:
    """Target prior under which the error is the cost of errors by class.

    Parameters
    ----------
    costs
        (K,) cost of an error on a row of each class, in the order of the sorted labels, or by
        label.
    y
        (n,) labels, whose shares are those of the population.

    Returns
    -------
    (K,) prior, in proportion to costs times shares.

    Raises
    ------
    InputError
        For costs that are not one positive number per class.
    """
    labels, counts = np.unique(np.asarray(y), return_counts=True)
    costs = by_label(costs)
    if isinstance(costs, dict):
        costs = in_order(costs, labels.tolist(), InputError, "A dictionary of costs")
    given = as_floats(costs, InputError, "Costs are one number per class")
    if given.shape != labels.shape or not np.isfinite(given).all() or (given <= 0).any():
        raise InputError(
            f"Costs are one positive number per class; there are {labels.size} classes, and costs "
            f"are {given.tolist()}."
        )
    weights = given * counts
    return np.asarray(weights / weights.sum())


def compare(
    X: Any,
    y: Any = None,
    *,
    aim: Any = "balanced",
    methods: Any = None,
    repeats: int = 5,
    folds: int = 5,
    budget: float | None = None,
    jobs: int = 1,
    dask: str | None = None,
    seed: int = 0,
    store: Path | str | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Comparison:
    """Compare methods on the same repeated stratified folds, at one target prior.

    Parameters
    ----------
    X
        (n, d) features, an array or a DataFrame, or a `Table` with the labels.
    y
        (n,) labels.
    aim
        Target prior of all answers: "balanced", "natural" (shares of the classes in the data), or
        one probability per class, in the order of the sorted labels or by label. `cost_prior` makes
        one of costs. The main measure is the log-loss for "natural", and the error otherwise.
    methods
        Sequence of ids, names of groups ("default", "linear", "losses", "learners", "samplers",
        "all"), a `Method`, classifiers, or pairs (id, classifier); "default", each kind of method
        once, for None. Class weights are always compared.
    repeats, folds
        Numbers R of repeats and F of folds.
    budget
        Seconds after which no fit is begun, nor a fold that would, by those before, not be
        finished; class weights have one fold at least.
    jobs
        Number of processes; results do not depend on it.
    dask
        Address of a dask scheduler, whose workers replace the processes.
    seed
        Root of the random streams.
    store
        Folder in which the outcomes of every method and fold are kept; those that are there are
        not run again, unless the method, or the code of a classifier of your own, has changed.
    progress
        Function that is called after each fold.

    Returns
    -------
    The comparison.

    Raises
    ------
    InputError
        For data or settings that cannot be used.
    ClusterError
        Where no scheduler answers, or its workers cannot do this.
    """
    started = time.monotonic()
    table = X if isinstance(X, Table) else from_arrays(X, y)
    _check_settings(repeats, folds, budget, jobs, seed)
    classes, codes = np.unique(table.y, return_inverse=True)
    check_folds(table.y, folds)
    counts = np.bincount(codes)
    target = as_target(aim, counts / counts.sum(), classes, "aim")
    candidates, notes = as_candidates(methods, counts)
    fold_of = np.stack([_deal(codes, folds, stream(seed, "folds", r)) for r in range(repeats)])
    defined = tuple((each, define(each)) for each in candidates)
    plan = Plan(table, classes, codes, fold_of, target, defined, seed)
    kept = None
    if store is not None:
        kept = Store(Path(store), fingerprint(table, target, folds, seed))
    clock = Clock(started, budget, repeats * folds, jobs)
    outcomes = run_blocks(plan, folds, clock, kept=kept, dask=dask, progress=progress)
    if budget is not None:
        notes += budget_note(budget, plan, outcomes, clock.total)
    return Comparison.of(
        candidates,
        outcomes,
        aim=aim if isinstance(aim, str) else "prior",
        target=target,
        classes=classes,
        codes=codes,
        fold_of=fold_of,
        features=tuple(map(str, table.names)),
        notes=(*table.notes, *notes),
        seed=seed,
        seconds=time.monotonic() - started,
        regime=regime(dense(table.preprocessor().fit_transform(table.X)), codes, target, seed),
    )


def refit(method: Any, X: Any, y: Any = None, *, aim: Any = "balanced", seed: int = 0) -> Pipeline:
    """Fit one method to all rows, as a comparison fits it to training rows.

    Parameters
    ----------
    method
        As one of `methods` of `compare`.
    X, y, aim, seed
        As of `compare`.

    Returns
    -------
    A fitted pipeline from rows of the kind of X, as DataFrames with its columns, to probabilities
    at the target prior.

    Raises
    ------
    InputError
        As `compare`, and as the method.
    """
    table = X if isinstance(X, Table) else from_arrays(X, y)
    candidate = as_candidate(method, np.unique(table.y).size)
    model = AtTarget(clone(candidate.estimator), candidate.prior, aim)
    set_seeds(model, seed)
    prepare = table.preprocessor()
    model.fit(dense(prepare.fit_transform(table.X)), table.y)
    encoder = FunctionTransformer(partial(encode, table.columns))
    return Pipeline([("encode", encoder), ("prepare", prepare), ("classify", model)])


def save(results: Results, table: Table, path: Path) -> None:
    """Fit the recommended method to all rows and write it, for `joblib.load`.

    Parameters
    ----------
    results
        Of a comparison on the table.
    table
        Features and labels.
    path
        The file.

    Raises
    ------
    InputError
        Where there is no fit.
    OutputError
        Where it cannot be written.
    """
    method = results.recommendation.method
    candidate = next(each for each in results.candidates if each.id == method)
    aim = results.target if results.aim == "prior" else results.aim
    try:
        model = refit(candidate, table, aim=aim, seed=results.seed)
    except ValueError as error:
        raise InputError(f"{method} cannot be fitted to all rows: {error}") from error
    content = io.BytesIO()
    dump(model, content)
    write_bytes(path, content.getvalue())


def _check_settings(repeats: Any, folds: Any, budget: Any, jobs: Any, seed: Any) -> None:
    whole = {"repeats": (repeats, 1), "folds": (folds, 2), "jobs": (jobs, 1), "seed": (seed, 0)}
    for name, (given, least) in whole.items():
        if not isinstance(given, Integral) or isinstance(given, bool) or given < least:
            raise InputError(f"{name} is a whole number from {least} on; it is {given!r}.")
    if budget is not None and not (isinstance(budget, Real) and 0 < float(budget) < np.inf):
        raise InputError(f"A budget is a positive number of seconds; it is {budget!r}.")


def _deal(codes: IntArray, folds: int, rng: np.random.Generator) -> IntArray:
    """Fold (n,) of each row, stratified."""
    order = rng.permutation(codes.size)
    dealt = deal(codes[order], np.ones_like(codes), folds).argmax(axis=0)
    found = np.empty_like(dealt)
    found[order] = dealt
    return found
