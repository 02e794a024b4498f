"""Rows in partitions of a Dask collection: the fit in memory, by passes, or a line on why not."""

import pickle

import numpy as np
import pytest

from mlbalance import populations, softmax, theory
from mlbalance.estimators import FitError, SoftmaxClassifier
from mlbalance.estimators.dask_rows import DaskRows
from mlbalance.estimators.many_rows import sample_ranks
from mlbalance.inputs import DataError, InputError
from mlbalance.schemes import (
    AnalyticBag,
    Bagging,
    Bridge,
    Cap,
    ClassWeight,
    Oversample,
    Thin,
    Undersample,
    Unweighted,
)

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")

COUNTS = (1200, 150, 300, 90)
TWO, FOUR = 2, 4


@pytest.fixture(autouse=True)
def here():
    """Tasks run one after the other in this process."""
    with dask.config.set(scheduler="synchronous"):
        yield


def data(K=FOUR, d=3):
    X, y = populations.symmetric(K, d, 1.5).sample(COUNTS[:K], np.random.default_rng(0))
    order = np.random.default_rng(1).permutation(len(y))
    return X[order], np.array(["b", "c", "a", "d"])[y[order]]


def parts(X, y, rows=170):
    """In partitions of other columns and rows than will do, one of them empty."""
    chunks = (0, *[rows] * (len(y) // rows), len(y) % rows)
    return da.from_array(X, chunks=(chunks, 2)), da.from_array(y, chunks=400)


def same(one, other, atol=1e-10):
    np.testing.assert_allclose(one.coef_, other.coef_, rtol=0, atol=atol)
    np.testing.assert_allclose(one.intercept_, other.intercept_, rtol=0, atol=atol)


@pytest.mark.parametrize("K", [TWO, FOUR])
@pytest.mark.parametrize(
    ("scheme", "ridge"),
    [
        (None, None),
        (Unweighted(), 0.0),
        (Bridge(0.5), 0.1),
        ({"a": 2, "b": 1, "c": 9, "d": 3}, 0.1),
    ],
    ids=["default", "unweighted", "bridge", "by label"],
)
def test_coefficients_and_covariances_are_those_of_the_fit_in_memory(K, scheme, ridge):
    X, y = data(K)
    if isinstance(scheme, dict):
        scheme = {label: scheme[label] for label in np.unique(y)}
    here = SoftmaxClassifier(scheme, ridge=ridge).fit(X, y)
    there = SoftmaxClassifier(scheme, ridge=ridge).fit(*parts(X, y))
    same(here, there)
    assert (
        there.n_features_in_ == 3 and there.ridge_ == here.ridge_ and there.scheme_ == here.scheme_
    )
    for kind in ("design", "robust", "model"):
        wanted = here.covariance_(kind)
        np.testing.assert_allclose(there.covariance_(kind), wanted, rtol=1e-8, atol=1e-14)
    assert there.summary() == here.summary(kind="design")
    assert len(there.covariance_("design", contrasts=True)) == (K - 1) * 4


def test_the_sample_of_a_start_is_a_part_of_the_rows(monkeypatch):
    from mlbalance.softmax import many_rows

    monkeypatch.setattr(many_rows, "_SAMPLE", 6000)
    X, y = data()
    taken, own = [], DaskRows.sample
    monkeypatch.setattr(DaskRows, "sample", lambda *a: taken.append(own(*a)) or taken[-1])
    there = SoftmaxClassifier().fit(*parts(X, y))
    (some,) = taken
    assert 0 < some.y.size < len(y) / 2
    known = {tuple(row): label for row, label in zip(X, y, strict=True)}
    assert all(known[tuple(row)] == "abcd"[k] for row, k in zip(some.X, some.y, strict=True))
    same(SoftmaxClassifier().fit(X, y), there)


def test_sums_do_not_depend_on_who_adds():
    X, y = data()
    given = parts(X, y)
    one = SoftmaxClassifier().fit(*given)
    with dask.config.set(scheduler="threads"):
        other = SoftmaxClassifier().fit(*given)
    np.testing.assert_array_equal(one.coef_, other.coef_)


def test_predictions_are_dask_arrays_in_the_partitions_of_the_rows():
    for K in (TWO, FOUR):
        X, y = data(K)
        dX, dy = parts(X, y)
        model = SoftmaxClassifier().fit(dX, dy)
        for method in ("decision_function", "predict_proba", "predict_log_proba", "predict"):
            found, wanted = getattr(model, method)(dX), getattr(model, method)(X)
            assert found.shape == wanted.shape and found.dtype == wanted.dtype
            assert found.chunks[0] == dX.chunks[0]
            np.testing.assert_array_equal(found.compute(), wanted)
        at = model.predict_proba(dX, prior="natural").compute()
        np.testing.assert_allclose(at, model.predict_proba(X, prior="natural"), rtol=1e-12)


def test_a_dataframe_gives_the_names_of_its_columns():
    pd, dd = pytest.importorskip("pandas"), pytest.importorskip("dask.dataframe")
    X, y = data()
    frame = pd.DataFrame(X, columns=["u", "v", "w"]).assign(label=y)
    table = dd.from_pandas(frame, npartitions=3)
    there = SoftmaxClassifier().fit(table[["u", "v", "w"]], table["label"])
    same(SoftmaxClassifier().fit(X, y), there)
    assert (
        there.feature_names_in_.tolist() == ["u", "v", "w"] and "a            w " in there.summary()
    )
    np.testing.assert_array_equal(
        there.predict(table[["u", "v", "w"]]).compute(), there.predict(frame[["u", "v", "w"]])
    )


@pytest.mark.parametrize("scheme", [Undersample(), Undersample(40), Cap(100)], ids=repr)
def test_an_undersample_is_drawn_in_a_pass_and_fitted_in_memory(scheme):
    X, y = data()
    there = SoftmaxClassifier(scheme, ridge=0.01, random_state=3).fit(*parts(X, y))
    again = SoftmaxClassifier(scheme, ridge=0.01, random_state=3).fit(*parts(X, y, rows=500))
    np.testing.assert_array_equal(there.coef_, again.coef_)  # whatever the partitions
    other = SoftmaxClassifier(scheme, ridge=0.01, random_state=4).fit(*parts(X, y))
    assert np.abs(other.coef_ - there.coef_).max() > 1e-3
    # Its covariance is that of the scheme at the moments of all rows.
    codes = np.unique(y, return_inverse=True)[1]
    theta, counts = there._memory.theta, np.bincount(codes)
    m = theory.data_moments(X, codes, theta, scheme.target(counts), ridge=0.01)
    wanted = theory.covariance(m, scheme, counts)
    np.testing.assert_allclose(there.covariance_("design", contrasts=True), wanted, rtol=1e-8)


@pytest.mark.parametrize("scheme", [Undersample(), Cap(100)], ids=repr)
def test_rows_of_a_sample_sum_to_the_prior_of_the_scheme(scheme, monkeypatch):
    X, y = data()
    given, fit = [], softmax.fit
    monkeypatch.setattr(softmax, "fit", lambda *a, **k: given.append(a) or fit(*a, **k))
    SoftmaxClassifier(scheme, ridge=0.01, random_state=3).fit(*parts(X, y))
    ((_, codes, weights),) = given
    counts = np.unique(y, return_counts=True)[1]
    np.testing.assert_array_equal(np.bincount(codes), scheme.sample_sizes(counts))
    np.testing.assert_allclose(np.bincount(codes, weights), scheme.target(counts))


def test_no_row_of_a_sample_is_drawn_twice():
    counts, sizes = np.array([30, 8, 12]), np.array([20, 8, 11])
    ranks = sample_ranks(counts, sizes, np.random.default_rng(0))
    for drawn, n, m in zip(ranks, counts, sizes, strict=True):
        assert drawn.size == m == np.unique(drawn).size
        assert drawn[0] >= 0 and drawn[-1] < n and (np.diff(drawn) > 0).all()


def test_sample_sizes_are_those_of_the_draw():
    counts = np.array([30, 8, 12])
    y, rng = np.repeat(np.arange(3), counts), np.random.default_rng(0)
    for scheme in (ClassWeight(), Undersample(), Undersample(5), Cap(10), Cap(20)):
        (weights,) = scheme.draw(y, rng)
        drawn = np.bincount(y[weights > 0])
        np.testing.assert_array_equal(scheme.sample_sizes(counts), drawn)
        np.testing.assert_allclose(weights[weights > 0] * drawn[y[weights > 0]], 1 / 3)
    bags = Bagging(Undersample(), 3), AnalyticBag(Undersample())
    for scheme in (Undersample(replace=True), Oversample(), Thin(0.5), *bags):
        assert scheme.sample_sizes(counts) is None


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"scheme": "auto"}, 'scheme="auto" needs all rows in memory'),
        ({"scheme": Oversample()}, r"Oversample\(\) needs all rows .* Use ClassWeight\(\)"),
        ({"scheme": Bagging(Undersample(), 3)}, r"Bagging\(.*needs all rows"),
        ({"scheme": AnalyticBag(Undersample())}, r"AnalyticBag\(.*needs all rows"),
        ({"ridge": "loo"}, 'ridge="loo" needs all rows .* Choose it on some'),
        ({"correction": "loo"}, 'correction="loo" needs all rows .* Give correction="prior"'),
        ({"correction": "loo", "temperature": True}, "needs all rows"),
        ({"penalty": "firth", "scheme": Unweighted()}, 'penalty="firth" needs .* Give a ridge'),
    ],
    ids=str,
)
def test_what_needs_all_rows_is_refused_in_one_line(settings, line):
    with pytest.raises(InputError, match=line) as error:
        SoftmaxClassifier(**settings).fit(*parts(*data()))
    assert "\n" not in str(error.value)


def test_what_a_fit_of_partitions_cannot_say_is_refused():
    X, y = parts(*data())
    with pytest.raises(InputError, match="sample_weight needs all rows"):
        SoftmaxClassifier().fit(X, y, np.ones(len(y)))
    model = SoftmaxClassifier(Unweighted(), ridge=0).fit(X, y)
    for kind in ("moderated", "jackknife", "bootstrap"):
        with pytest.raises(InputError, match=f'kind="{kind}" needs all rows.*kind="design"'):
            model.covariance_(kind)
    with pytest.raises(InputError, match='kind="profile" needs all rows'):
        model.confidence_intervals(kind="profile")
    with pytest.raises(InputError, match="score needs all rows"):
        model.score(X, y)
    with pytest.raises(InputError, match="keep_data=True"):
        SoftmaxClassifier(keep_data=False).fit(X, y).summary()


def test_rows_that_are_no_data_are_refused():
    X, y = data()
    holed = X.copy()
    holed[-1, 0] = np.nan
    with pytest.raises(DataError, match="must be finite"):
        SoftmaxClassifier().fit(*parts(holed, y))
    with pytest.raises(DataError, match="one label for each of 1740 rows"):
        SoftmaxClassifier().fit(parts(X, y)[0], y[1:])
    with pytest.raises(DataError, match="two classes or more"):
        SoftmaxClassifier().fit(parts(X, y)[0], np.zeros(len(y)))
    with pytest.raises(DataError, match="no rows"):
        SoftmaxClassifier().fit(parts(X, y)[0][:0], y[:0])
    for wrong in (X.astype(complex), X.astype(object)):
        with pytest.raises(DataError, match=f"real numbers.* dtype {wrong.dtype}"):
            SoftmaxClassifier().fit(parts(wrong, y)[0], y)
    X[:, 0] = y == "a"
    with pytest.raises(FitError, match="Give a ridge"):
        SoftmaxClassifier(ridge=0.0).fit(*parts(X, y))


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")  # of scikit-learn
@pytest.mark.parametrize("hole", [np.nan, 0.5])
def test_labels_that_are_no_classes_are_refused_as_in_memory(hole):
    X, y = data()
    numbers = np.unique(y, return_inverse=True)[1].astype(float)
    numbers[7] = hole
    for rows, labels in ((X, numbers), parts(X, numbers)):
        with pytest.raises(ValueError, match=r"Unknown label type|contains NaN"):
            SoftmaxClassifier().fit(rows, labels)


def test_labels_may_be_an_array_and_the_model_can_be_pickled():
    X, y = data()
    model = SoftmaxClassifier().fit(parts(X, y)[0], y)
    same(SoftmaxClassifier().fit(X, y), model)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.covariance_("design"), model.covariance_("design"))


def test_fit_rows_is_fit_of_the_rows():
    X, y = data()
    codes = np.unique(y, return_inverse=True)[1]
    rows = DaskRows.of(*parts(X, y))
    found = softmax.fit_rows(rows.at(np.full(FOUR, 0.25)), ridge=0.1)
    wanted = softmax.fit(X, codes, 0.25 / np.bincount(codes)[codes], ridge=0.1)
    assert found.converged
    np.testing.assert_allclose(found.theta, wanted.theta, rtol=0, atol=1e-10)


def test_two_workers_of_a_cluster_give_the_fit_in_memory(tmp_path):
    distributed = pytest.importorskip("distributed")
    from tests.simulation.test_cluster import Machines

    X, y = data()
    machines = Machines(tmp_path)
    try:
        machines.worker()
        machines.worker()
        with (
            distributed.Client(machines.address) as client,
            dask.config.set(scheduler=client),
        ):
            there = SoftmaxClassifier().fit(*parts(X, y))
            errors = there.standard_errors_("design")
            labels = there.predict(parts(X, y)[0]).compute()
    finally:
        machines.stop()
    here = SoftmaxClassifier().fit(X, y)
    same(here, there)
    np.testing.assert_allclose(errors, here.standard_errors_("design"), rtol=1e-8)
    np.testing.assert_array_equal(labels, here.predict(X))


@pytest.mark.parametrize("threads", [1, 2])
def test_a_pass_holds_one_partition_per_thread(threads):
    """Of rows that are made when they are read, at every moment of a fit and its covariance."""
    import threading
    import weakref

    import dask

    lock, alive, most, made = threading.Lock(), 0, 0, 0
    X, y = data()

    def gone():
        nonlocal alive
        with lock:
            alive -= 1

    def read(start):
        nonlocal alive, most, made
        rows = X[start : start + 200].copy()
        with lock:
            alive, made = alive + 1, made + 1
            most = max(most, alive)
        weakref.finalize(rows, gone)
        return rows

    starts = range(0, len(y), 200)
    sizes = [len(y[s : s + 200]) for s in starts]
    blocks = [
        da.from_delayed(dask.delayed(read)(s), (n, X.shape[1]), float)
        for s, n in zip(starts, sizes, strict=True)
    ]
    labels = da.from_array(y, chunks=(tuple(sizes),))
    with dask.config.set(scheduler="threads", num_workers=threads):
        model = SoftmaxClassifier().fit(da.concatenate(blocks), labels)
        model.standard_errors_("design")
    assert made >= 4 * len(starts) and most <= threads
    assert alive == 0
