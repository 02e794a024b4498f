"""Studies: their numbers depend on names and seed, and on nothing that merely carries them out."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics

from mlbalance import softmax
from mlbalance.corrections import LeaveOneOut, PriorShift
from mlbalance.inputs import InputError
from mlbalance.methods import METHODS, Estimates, Method, methods
from mlbalance.populations import Gaussian, stack, symmetric
from mlbalance.schemes import Bagging, ClassWeight, PoissonOversample, Undersample, Unweighted
from mlbalance.simulation import (
    Cell,
    Sampled,
    Split,
    Study,
    blocks,
    engine,
    replay,
    stream,
    summarise,
)
from mlbalance.simulation import run as run_into_store

COMPARED = (
    "class-weights",
    "undersample",
    "under-bagging-10",
    "unweighted+prior",
    "discriminant+loo",
)


def data_cell():
    X, y = symmetric(3, 2, 1.0).sample((9, 12, 30), np.random.default_rng(1))
    return Cell("data", Split(X, y, folds=3))


SMALL = Cell("small", Sampled(symmetric(3, 2, 2.0), (6, 5, 9), test_size=64))
WRONG = Gaussian([[0.0, 0.0], [1.0, 1.0], [0.0, 2.0]], [np.eye(2), 2 * np.eye(2), 0.5 * np.eye(2)])
LARGE = Cell("large", Sampled(WRONG, (40, 60, 80), test_size=64), quick=False)
STUDY = Study(
    name="study",
    aim="To see that nothing but names and the seed matters.",
    cells=(SMALL, LARGE, data_cell()),
    estimands="all",
    methods=methods(*COMPARED) + methods(*COMPARED, ridge=0.05),
    reference="class-weights",
    replications=28,
    root=5,
)


class Results:
    """All outcomes of a run by (cell, method, ridge), and the store they are from."""

    def __init__(self, study, **given):
        self.study, self.store = study, run_into_store(study, **given)
        self.values, self.status = {}, {}
        for cell in study.cells:
            for key, found in self.store.read(cell.id).items():
                assert np.array_equal(found.replicates, np.arange(study.replications))
                self.values[cell.id, *key], self.status[cell.id, *key] = found[:2]


def run(study, **given):
    return Results(study, **given)


@pytest.fixture(scope="module")
def results():
    return run(STUDY)


def assert_same_bits(found, expected, keys=None):
    keys = expected.values.keys() if keys is None else keys
    for key in keys:
        size = len(found.values[key])
        assert found.values[key].tobytes() == expected.values[key][:size].tobytes(), key
        assert np.array_equal(found.status[key], expected.status[key][:size]), key


# What does not matter


def test_the_study_is_run_whole(results):
    assert len(results.values) == 3 * 10
    for key, values in results.values.items():
        assert values.shape == (28, len(STUDY.columns))
        assert set(results.status[key]) <= set(softmax.STATUS)


def test_the_number_of_jobs_does_not_matter(results):
    assert_same_bits(run(STUDY, jobs=2), results)


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_the_size_of_a_block_does_not_matter(results, monkeypatch, size):
    """So the bits of a fit do not depend on the batch it is in."""
    monkeypatch.setattr(engine, "_FIRST", size)
    monkeypatch.setattr(engine, "_LARGEST", size)
    assert_same_bits(run(replace(STUDY, replications=9 if size < 10 else 28)), results)


@pytest.mark.parametrize("floats", [1, 100, 10**9])
def test_how_many_test_rows_are_held_at_once_does_not_matter(results, monkeypatch, floats):
    monkeypatch.setattr(blocks, "_TEST_FLOATS", floats)
    found = run(replace(STUDY, cells=(data_cell(),)))
    assert_same_bits(found, results, found.values)


def test_a_replicate_alone_has_the_stored_bits(results):
    for cell in STUDY.cells:
        for row in replay(STUDY, cell.id, 17):
            key = (cell.id, row.method, row.ridge)
            assert row.status == results.status[key][17]
            if row.outcome is not None:
                assert row.outcome.tobytes() == results.values[key][17].tobytes()


def test_other_cells_do_not_matter(results):
    alone = run(replace(STUDY, cells=(LARGE,)))
    assert {key[0] for key in alone.values} == {"large"}
    assert_same_bits(alone, results, alone.values)
    extra = Cell("extra", Sampled(symmetric(2, 1, 1.0), (5, 5), test_size=16))
    added = run(replace(STUDY, cells=(extra, *STUDY.cells[::-1]), replications=5))
    assert_same_bits(added, results, results.values)


def test_other_methods_do_not_matter(results):
    some = run(replace(STUDY, methods=STUDY.methods[::-3] + methods("class-weights", ridge=0.7)))
    shared = some.values.keys() & results.values.keys()
    assert len(shared) > 3
    assert_same_bits(some, results, shared)


def test_more_replications_do_not_matter_to_the_first(results):
    assert_same_bits(run(replace(STUDY, replications=4)), results)


def test_the_name_of_the_study_does_not_matter_and_its_root_does(results):
    few = replace(STUDY, cells=(SMALL,), replications=4)
    renamed = run(replace(few, name="other"))
    assert_same_bits(renamed, results, renamed.values)
    other = run(replace(few, root=6))
    assert not np.array_equal(
        other.values["small", "class-weights", 0.05],
        results.values["small", "class-weights", 0.05][:4],
    )


def test_two_cells_of_one_source_are_independent(results):
    twin = run(replace(STUDY, cells=(Cell("twin", SMALL.source),), replications=4))
    assert not np.array_equal(
        twin.values["twin", "class-weights", 0.05],
        results.values["small", "class-weights", 0.05][:4],
    )


def test_progress_ends_when_all_is_done():
    told = []
    few = run(replace(STUDY, cells=(SMALL,), replications=26), progress=told.append)
    assert [p.done for p in told] == sorted(p.done for p in told)
    assert all(p.total == 26 for p in told) and told[-1].done == 26
    assert told[-1].left == told[-1].errors == 0
    assert told[-1].failures == sum((s != "converged").sum() for s in few.status.values())


# What methods are given


class Spy(Method):
    """A method that remembers what it was given and what it answered."""

    seen: dict = {}  # noqa: RUF012 - shared on purpose

    def fit(self, X, y, weights, rows=None):
        found = super().fit(X, y, weights, rows)
        self.seen.setdefault(self.key, []).append((X, y, weights, rows, found.theta))
        return found


@pytest.fixture
def one_block(monkeypatch):
    monkeypatch.setattr(engine, "_FIRST", 100)


@pytest.fixture
def spied(one_block):
    """Everything that eight methods were given and answered in a run of one block."""
    Spy.seen.clear()
    spies = tuple(Spy(m.scheme, m.ridge, m.correction) for m in STUDY.methods)
    found = run(replace(STUDY, cells=(data_cell(),), methods=spies, replications=6))
    return {key: calls[0] for key, calls in Spy.seen.items()}, found


def test_all_methods_of_a_replicate_see_the_same_rows(spied):
    seen, _ = spied
    X = seen["class-weights", 0.0][0]
    assert len(seen) == 10
    assert all(np.array_equal(call[0], X) for call in seen.values())
    assert not np.array_equal(X[0], X[1])


def test_methods_of_one_scheme_share_its_draws_and_replicates_do_not(one_block):
    """The same under another name, ridge or correction; new ones for every replicate."""
    Spy.seen.clear()
    spies = (
        Spy(Undersample(), name=("plain", "plain")),
        Spy(Undersample(), 0.05, name=("penalised", "penalised")),
        Spy(Undersample(), correction=PriorShift(), name=("corrected", "corrected")),
        Spy(Undersample(4), name=("smaller", "smaller")),
    )
    run(replace(STUDY, cells=(LARGE,), methods=spies, reference="plain", replications=6))
    drawn = {id: calls[0][2] for (id, _), calls in Spy.seen.items()}
    assert np.array_equal(drawn["plain"], drawn["penalised"])
    assert np.array_equal(drawn["plain"], drawn["corrected"])
    assert not ((drawn["plain"] > 0) == (drawn["smaller"] > 0)).all()
    assert len({tuple(weights[0]) for weights in drawn["plain"]}) == 6


def test_rows_that_are_left_out_have_no_weight(spied):
    seen, _ = spied
    source = data_cell().source
    for call in seen.values():
        _, y, weights, rows, _ = call
        assert (y == source.y).all()
        weighted = (weights > 0).any(axis=1)
        assert not (weighted & ~rows).any()
        totals = weights.sum(axis=-1)
        np.testing.assert_allclose(totals, 1, rtol=1e-13)
        # Three folds: the six replicates are two partitions of the rows.
        assert (weighted[:3].sum(axis=0) <= 2).all() and (weighted[3:].sum(axis=0) <= 2).all()
    everything = seen["class-weights", 0.0][2][:, 0] > 0
    assert (everything[:3].sum(axis=0) == 2).all()
    assert all(np.array_equal(call[3], everything) for call in seen.values())


@pytest.mark.parametrize("temperature", [False, True])
@pytest.mark.parametrize("target", [None, (0.2, 0.3, 0.5)])
def test_rows_are_left_out_as_the_estimator_leaves_them_out(
    one_block, monkeypatch, target, temperature
):
    """Of the rows to learn from, for bags too, by the same draws."""
    from mlbalance.estimators import SoftmaxClassifier

    Spy.seen.clear()
    correction = LeaveOneOut(temperature)
    schemes = (ClassWeight(), Unweighted(), Bagging(Undersample(), 3))
    spies = tuple(Spy(scheme, 0.05, correction, target) for scheme in schemes)
    cell, first = data_cell(), spies[0].id
    found = run(replace(STUDY, cells=(cell,), methods=spies, reference=first, replications=6))
    for spy in spies:
        (X, y, weights, rows, theta), *more = Spy.seen[spy.key]
        assert not more and (found.status["data", *spy.key] == "converged").all()
        for r, own in enumerate(rows):
            monkeypatch.setattr(
                "mlbalance.estimators.classifier.draw_weights",
                lambda *_, r=r, own=own, weights=weights: weights[r][:, own],
            )
            theirs = SoftmaxClassifier(
                spy.scheme,
                ridge=0.05,
                correction="loo",
                temperature=temperature,
                target="balanced" if target is None else target,
            ).fit(X[r, own], y[r, own])
            np.testing.assert_allclose(theta[r][:, 1:], theirs.coef_, atol=1e-8)
            np.testing.assert_allclose(theta[r][:, 0], theirs.intercept_, atol=1e-8)


ROUNDING = 1e-12
POISSON = {2.0: (2.0, 2.0, 2.0), (0.0, 1.0, 4.0): (0.0, 1.0, 4.0)}
COPIES = replace(
    STUDY,
    cells=(LARGE,),
    methods=tuple(Spy(s, 0.05) for s in (ClassWeight(), *map(PoissonOversample, POISSON))),
    replications=60,
)


@pytest.fixture
def copied(one_block):
    """A run with Poisson numbers of copies."""
    Spy.seen.clear()
    return run(COPIES)


def test_poisson_copies_are_whole_with_their_moments_and_random_totals(copied):
    counts = np.array(LARGE.source.counts)
    for spy, extra in zip(COPIES.methods[1:], POISSON.values(), strict=True):
        ((X, y, weights, _, _),) = Spy.seen[spy.key]
        moments = spy.scheme.moments(counts)
        assert len({tuple(w) for w in weights[:, 0]}) == len(X)
        for k, mean in enumerate(extra):
            w = weights[:, 0, y[0] == k]
            copies = w * 3 * counts[k] * (1 + mean)
            np.testing.assert_allclose(copies, np.rint(copies), atol=1e-9)
            assert np.rint(copies).min() == 1
            assert abs(copies.mean() - 1 - mean) <= 4 * np.sqrt(mean / copies.size) + ROUNDING
            cv2 = ((w / moments.mean[k] - 1) ** 2).ravel()
            assert abs(cv2.mean() - moments.cv2[k]) <= 4 * cv2.std() / np.sqrt(cv2.size) + ROUNDING
            spread = w.sum(axis=1).std() - np.sqrt(moments.total_cov[k, k])
            assert abs(spread) <= 4 * np.sqrt(moments.total_cov[k, k] / (2 * len(w))) + ROUNDING


def test_poisson_copies_are_of_no_other_method_and_of_no_number_of_jobs(copied):
    assert all((status == "converged").all() for status in copied.status.values())
    alone = run(replace(COPIES, methods=methods("class-weights", ridge=0.05)))
    assert_same_bits(alone, copied, alone.values)
    plain = tuple(Method(spy.scheme, spy.ridge) for spy in COPIES.methods)
    assert_same_bits(run(replace(COPIES, methods=plain), jobs=2), copied)
    rows = summarise(COPIES, copied.store)
    for id in ("poisson-oversample-2", "poisson-oversample-0-1-4"):
        assert rows.one(method=id, metric="difference", estimand="log-loss").n == 60


def test_measures_are_those_of_scikit_learn(spied):
    seen, found = spied
    source = data_cell().source
    for key, (X, _, _, _, thetas) in seen.items():
        values = found.values["data", *key]
        for r in np.flatnonzero(found.status["data", *key] == "converged"):
            theta = thetas[r]
            used = seen["class-weights", 0.0][2][r, 0] > 0
            truth, z = source.y[~used], softmax.logits(theta, X[r, ~used])
            balanced = 1 / np.bincount(truth)[truth]
            recall = metrics.recall_score(truth, z.argmax(axis=1), average=None)
            oracle = [
                metrics.log_loss(
                    truth, np.exp(softmax.log_probabilities(z)), sample_weight=balanced
                ),
                1 - metrics.balanced_accuracy_score(truth, z.argmax(axis=1)),
                1 - recall.min(),
            ]
            np.testing.assert_allclose(values[r, :3], oracle, rtol=1e-12, atol=1e-15)
        assert np.isnan(values[:, 3]).all()
        assert np.isfinite(values[:, :3]).any()


# Excess risk


def test_no_fit_beats_the_best_of_its_ridge(results):
    for (cell, _, _), values in results.values.items():
        excess = values[:, 3]
        if cell == "data":
            assert np.isnan(excess).all()
        else:
            assert (excess[np.isfinite(excess)] > 0).all() and np.isfinite(excess).any()


class Oracle(Method):
    """Answers with the best coefficients of the population, moved in one direction by `step`."""

    step = 0.0

    def fit(self, X, y, weights, rows=None):
        rows = LARGE.source.test(0, lambda *names: stream(STUDY.root, "large", *names))
        theta = softmax.fit(*rows, ridge=self.ridge).theta
        theta[0, 1] += self.step
        shifted = theta + np.array([3.0, -1.0, 2.0])  # the same probabilities
        return Estimates(np.tile(shifted, (len(X), 1, 1)), np.full(len(X), "converged"))


class Off(Oracle):
    step = 0.1


@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_excess_risk_is_zero_at_the_best_and_quadratic_around_it(ridge):
    both = tuple(kind(ClassWeight(), ridge, name=(kind.__name__,) * 2) for kind in (Oracle, Off))
    found = run(replace(STUDY, cells=(LARGE,), methods=both, reference="Oracle", replications=2))
    best, moved = (found.values["large", name, ridge] for name in ("Oracle", "Off"))
    assert np.abs(best[:, 3]).max() < 1e-12
    rows = LARGE.source.test(0, lambda *names: stream(STUDY.root, "large", *names))
    theta = softmax.fit(*rows, ridge=ridge).theta
    assert best[0, 0] == pytest.approx(softmax.loss(theta, *rows), rel=1e-12)
    curvature = softmax.hessian(theta, *rows, ridge=ridge)[0, 1, 0, 1]
    assert moved[0, 3] == pytest.approx(curvature * 0.1**2 / 2, rel=0.05)


def test_the_population_of_a_study_is_its_rule():
    rows = stack(WRONG.sobol(64, stream(STUDY.root, "large", "test")))
    test = LARGE.source.test(3, lambda *names: stream(STUDY.root, "large", *names))
    assert all(np.array_equal(one, other) for one, other in zip(rows, test, strict=True))


# Failures


def test_failures_have_no_numbers_and_are_counted(results):
    statuses = results.status["small", "undersample", 0.0]
    failed = statuses != "converged"
    assert 0 < failed.sum() < 28
    for key, values in results.values.items():
        judged = values[:, :3] if key[0] == "data" else values
        assert np.array_equal(np.isnan(judged).any(axis=1), results.status[key] != "converged")
        assert np.array_equal(np.isnan(judged).all(axis=1), results.status[key] != "converged")
    rows = summarise(STUDY, results.store)
    assert rows["small", "undersample", 0.0, "P(no estimate)"].value == failed.mean()
    row = rows["small", "undersample", 0.0, "mean", "error"]
    assert np.isnan(row.value) and np.isnan(row.mcse) and row.failures == failed.sum()
    assert rows["small", "undersample", 0.05, "mean", "error"].failures == 0


def test_an_undersample_fails_where_all_rows_fail():
    """`existence`: a subset has no MLE where the whole has none, and bags fail the more."""
    found = run(replace(STUDY, cells=(SMALL,)))
    failed = {name: found.status["small", name, 0.0] != "converged" for name in COMPARED}
    assert not (failed["class-weights"] & ~failed["undersample"]).any()
    assert failed["under-bagging-10"].sum() >= failed["undersample"].sum()
    # Weights do not matter to existence.
    assert np.array_equal(failed["class-weights"], failed["unweighted+prior"])


# Studies as data (ADEMP)


def test_methods_left_out_of_a_cell_are_not_run():
    cell = replace(SMALL, without=("undersample",))
    found = run(replace(STUDY, cells=(cell, LARGE), replications=2))
    assert {key[1] for key in found.values if key[0] == "small"} == set(COMPARED) - {"undersample"}
    assert {key[1] for key in found.values if key[0] == "large"} == set(COMPARED)


def test_quick_is_the_same_study_with_fewer_numbers(results):
    quick = replace(STUDY, replications=1000).quick()
    assert [cell.id for cell in quick.cells] == ["small", "data"]
    assert quick.replications == 50 and quick.root == STUDY.root
    assert STUDY.quick().replications == STUDY.replications
    few = run(replace(quick, replications=5))
    assert_same_bits(few, results, few.values)


def test_differences_are_reported_of_the_values_that_are_named(results):
    few = replace(STUDY, differences=("error",))
    named = {row.estimand for row in summarise(few, results.store).select(metric="difference")}
    assert named == {"error"}
    every = {row.estimand for row in summarise(STUDY, results.store).select(metric="difference")}
    assert named < every
    with pytest.raises(InputError, match=r"differences of 'eror', which is none of its values"):
        replace(STUDY, differences=("eror",))


def test_a_long_study_is_quick_with_a_tenth():
    long = replace(STUDY, replications=400, long=True)
    assert long.quick().replications == long.tenth == 40
    assert replace(long, replications=9).quick().replications == 2


TAKEN = ("class-weights", "another method of this id")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cells": ()}, "needs cells of distinct names"),
        ({"cells": (SMALL, SMALL)}, "needs cells of distinct names"),
        ({"methods": ()}, "needs methods of distinct names"),
        ({"methods": methods("undersample", "class-weights", "undersample")}, "needs methods of"),
        (
            {
                "methods": (
                    *methods("class-weights"),
                    Method(Undersample(), name=("class-weights", "other")),
                )
            },
            "distinct",
        ),
        ({"reference": "smote"}, "no method 'smote' to refer to; it has class-weights, disc"),
        ({"cells": (replace(SMALL, without=("smote",)),)}, r"leaves out .* does not have: .*smote"),
        ({"replications": 1}, "needs two replications or more; it has 1"),
    ],
)
def test_a_study_that_cannot_be_is_refused(change, message):
    with pytest.raises(InputError, match=f"Study study.*{message}"):
        replace(STUDY, **change)


def test_one_name_may_have_several_ridges():
    twice = replace(STUDY, methods=methods("class-weights") + methods("class-weights", ridge=0.1))
    assert len(twice.methods) == 2 and all(m.id in METHODS for m in twice.methods)
