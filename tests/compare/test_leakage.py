"""Nothing of a test row but its own features reaches its answer, whatever the method.

A fold is run twice. The second time all test rows but a few have other features, other gaps and
other labels, the few other labels too; their answers must be the same numbers. Imputation, scaling,
resampling, left-out rows, tuned ridges, thresholds and early stopping are all on the way.
"""

import warnings

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from mlbalance.compare import GROUPS, Candidate, compare, tables
from mlbalance.compare.blocks import Plan, run_block
from mlbalance.compare.candidates import CANDIDATES, as_candidates
from mlbalance.compare.definition import define
from mlbalance.methods.folds import deal

KEPT = 3
"""Test rows that stay as they are."""


def two_tables(counts, seed=0):
    """Features and labels, the same with other test rows, the fold, and the rows that are kept."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(counts)), counts)
    X = rng.standard_normal((y.size, 3)) + 1.2 * (y[:, None] == [1, 2, 3])
    X[:, 1] = np.exp(X[:, 1])
    X[rng.uniform(size=y.size) < 0.15, 2] = np.nan
    fold_of = deal(y, np.ones_like(y), 4).argmax(axis=0)
    test = np.flatnonzero(fold_of == 0)
    # The same numbers of rows per class: folds and shares are those of all rows.
    labels = y.copy()
    labels[test] = np.roll(y[test], test.size // 2)
    kept = rng.permutation(test[labels[test] != y[test]])[:KEPT]
    others = np.setdiff1d(test, kept)
    changed = X.copy()
    changed[others] = 1e3 * rng.standard_normal((others.size, 3)) - 500
    changed[others[::3], 0] = np.nan
    return (X, y), (changed, labels), fold_of, np.isin(test, kept)


def answers(X, y, fold_of, methods):
    table = tables.from_arrays(X, y)
    classes, codes = np.unique(y, return_inverse=True)
    defined = tuple((each, define(each)) for each in methods)
    prior = np.full(classes.size, 1 / classes.size)
    plan = Plan(table, classes, codes, fold_of[None], prior, defined, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {o.method: o for o in run_block(plan, 0, 0, [e.id for e in methods]).outcomes}


def moved(counts, methods):
    """Methods whose answers to the kept rows move with the other test rows."""
    one, other, fold_of, kept = two_tables(counts)
    before, after = answers(*one, fold_of, methods), answers(*other, fold_of, methods)
    found = []
    for id, own in before.items():
        its = after[id]
        assert (own.status, own.message) == (its.status, its.message)
        if own.log_p is not None and (own.log_p[kept] != its.log_p[kept]).any():
            found.append(id)
    assert sum(o.log_p is not None for o in before.values()) > len(before) / 2
    return found


@pytest.mark.slow
@pytest.mark.parametrize("counts", [(50, 22), (40, 20, 16)], ids=["two classes", "three"])
def test_no_answer_depends_on_other_test_rows(counts):
    pytest.importorskip("imblearn")
    methods, _ = as_candidates("all", np.array(counts))
    if len(counts) > 2:  # the others are the same code
        methods = [each for each in methods if each.id in GROUPS["linear"]]
    assert moved(counts, methods) == []


class Leaky(KNeighborsClassifier):
    """Chooses its number of neighbours by a statistic of all rows and labels."""

    table = None

    def fit(self, X, y):
        features, labels = self.table
        wanted = 1 + int(labels[features[:, 0] > 0].sum()) % 7
        return self.set_params(n_neighbors=wanted).fit_rows(X, y)

    def fit_rows(self, X, y):
        return super().fit(X, y)


class Scaled(KNeighborsClassifier):
    """Scales rows by those that it is asked for, as a pipeline that is fitted to all rows does."""

    def predict_proba(self, X):
        return super().predict_proba(StandardScaler().fit_transform(X))


def test_the_check_sees_labels_and_features_that_leak():
    methods = [CANDIDATES["class-weights"], Candidate("scaled", "scaled", Scaled())]
    assert moved((50, 22), methods) == ["scaled"]
    one, other, fold_of, kept = two_tables((50, 22))
    leaky, found = [Candidate("leaky", "leaky", Leaky())], []
    for X, y in (one, other):
        Leaky.table = X, y
        found.append(answers(X, y, fold_of, leaky)["leaky"].log_p[kept])
    assert (found[0] != found[1]).any()


@pytest.mark.slow
def test_noise_stays_noise_for_what_is_tuned():
    """Labels that no feature tells: ridges, thresholds and temperatures find nothing to prefer."""
    rng = np.random.default_rng(5)
    X, y = rng.standard_normal((150, 20)), np.repeat([0, 1], [110, 40])
    tuned = ["class-weights+loo-temperature", "auto", "tuned-threshold", "lda"]
    found = compare(X, y, methods=tuned, repeats=1, seed=1)
    errors = found.values("error")
    assert not any(found.failures(method) for method in found.methods)
    # A repeat has one error of all rows: 40 of the smaller class, 110 of the larger.
    spread = np.sqrt(0.25 * (1 / 40 + 1 / 110) / 4)
    assert (np.abs(errors.mean(axis=0) - 0.5) < 4 * spread).all(), errors.mean(axis=0)


def test_rows_that_are_there_twice_are_named():
    rng = np.random.default_rng(6)
    X, y = rng.standard_normal((60, 4)), np.repeat([0, 1], [40, 20])
    copies = compare(np.r_[X, X[40:]], np.r_[y, y[40:]], methods="lda", repeats=1)
    assert "label: 20." in copies.notes[2] and "equal rows on both sides" in copies.notes[2]
    plain = compare(X, y, methods="lda", repeats=1)
    assert not any("both sides" in note for note in plain.notes)
