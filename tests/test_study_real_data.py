"""Studies of all methods: on real data by folds of compare, and on samples of the six counts."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy.special import log_softmax

from mlbalance import data
from mlbalance.compare import as_candidate
from mlbalance.compare.measures import measure_fold
from mlbalance.inputs import InputError
from mlbalance.simulation import NamedMethod, Split, replay, stream
from simulations._real_sources import Folds
from tests.figures import STUDIES, figure_of, is_on_record, judged, study_of

MODULE, STUDY = STUDIES["real_data"], study_of("real_data")
FIGURE = figure_of("real_data")


def test_every_set_is_a_cell_and_every_method_a_candidate():
    assert [cell.id for cell in STUDY.cells] == [*data.names()]
    assert [as_candidate(id).id for id in MODULE.COMPARED] == [*MODULE.COMPARED]
    for cell in STUDY.cells:
        counts = np.bincount(data.load(cell.id).y)
        assert cell.factors["folds"] == cell.source.folds == min(5, counts.min())
        assert cell.source.methods == tuple(m.id for m in STUDY.methods_of(cell))
        assert bool(cell.without) == (cell.id in MODULE.GENES)
    assert MODULE.NO_RIDGE == ("oils",)


def test_a_row_is_what_the_comparison_measures_on_the_fold():
    ids = ("class-weights", "lda")
    cell = replace(STUDY.cell("scat"), source=Folds("scat", 5, ids), without=())
    few = replace(
        STUDY, cells=(cell,), methods=tuple(map(NamedMethod, ids)), contrasts=(), replications=7
    )
    for number in (0, 6):
        rows = {row.method: row for row in replay(few, "scat", number)}
        streams = partial(stream, few.root, "scat")
        found, test = cell.source.answers(number, streams), cell.source.test(number, streams)
        left = np.setdiff1d(
            np.arange(cell.source.y.size), cell.source.replicate(number, streams).rows
        )
        assert test.X[:, 0].size == left.size and (test.y == cell.source.y[left]).all()
        for id in ids:
            own = measure_fold(found[id].log_p, test.y, np.full(3, 1 / 3))
            assert rows[id].status == "converged"
            assert rows[id].outcome == pytest.approx(
                [own[n] for n in ("error", "log-loss", "Brier")]
            )


def test_a_method_that_refuses_the_data_is_counted_and_no_fault():
    ids = ("lda", "under-bagging-2-disjoint")
    cell = replace(STUDY.cell("scat"), source=Folds("scat", 5, ids), without=())
    methods = tuple(map(NamedMethod, ids))
    few = replace(STUDY, cells=(cell,), methods=methods, reference="lda", contrasts=())
    refused = {row.method: row for row in replay(few, "scat", 0)}[ids[1]]
    assert (refused.status, refused.outcome) == ("refused", None)
    assert "needs" in refused.message


def test_a_method_known_by_its_id_alone_needs_a_source_that_fits_it():
    scat = data.load("scat")
    cell = replace(STUDY.cell("scat"), source=Split(np.zeros((110, 1)), scat.y), without=())
    with pytest.raises(InputError, match=r"the source Split does not fit them\. Give it `answers`"):
        replace(STUDY, cells=(cell,), contrasts=())


# Samples


SIX = STUDIES["six_methods"]


def test_samples_have_the_six_counts_and_all_methods_of_real_data():
    assert {*MODULE.COMPARED} < {*SIX.METHODS}
    assert [as_candidate(id).id for id in SIX.METHODS] == [*SIX.METHODS]
    for cell in SIX.STUDY.cells:
        streams = partial(stream, SIX.STUDY.root, cell.id)
        train, test = cell.source.replicate(0, streams), cell.source.test(0, streams)
        assert np.bincount(train.y).tolist() == [23, 5, 44, 14, 19, 31]
        assert np.bincount(test.y).tolist() == [SIX.TEST // 6] * 6


def test_methods_are_fitted_to_the_sample_and_answer_for_the_other_one():
    """scikit-learn, told the same rows, standardised by those it is fitted to."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.preprocessing import StandardScaler

    cell = SIX.STUDY.cell("d=5")
    source = replace(cell.source, methods=("lda",))
    streams = partial(stream, SIX.STUDY.root, cell.id)
    train, test = source.replicate(3, streams), source.test(3, streams)
    scale = StandardScaler().fit(train.X)
    lda = LinearDiscriminantAnalysis("lsqr", "auto").fit(scale.transform(train.X), train.y)
    log_p = lda.predict_log_proba(scale.transform(test.X)) - np.log(lda.priors_)
    found = source.answers(3, streams)["lda"].log_p
    np.testing.assert_allclose(found, log_softmax(log_p, axis=1), rtol=1e-8, atol=1e-10)


def test_the_verdict_on_samples_is_on_record():
    assert is_on_record("six_methods", judged("six_methods"))


# Ranks


@pytest.mark.parametrize(("k", "q"), [(3, 2.343), (4, 2.569), (5, 2.728), (6, 2.850)])
def test_critical_differences_are_those_of_the_published_table(k, q):
    """Demsar (2006), Table 5(a)."""
    values = np.random.default_rng(k).normal(size=(14, k))
    expected = q * np.sqrt(k * (k + 1) / (6 * 14))
    assert FIGURE.ranked(values).difference == pytest.approx(expected, abs=1e-3)


def test_the_test_of_ranks_is_that_of_iman_and_davenport():
    ranks = [[1, 8, 6, 4, 7, 2, 5, 3, 9], [1, 6, 3, 9, 7, 2, 8, 4, 5]]
    assert FIGURE.ranked(np.array(ranks, dtype=float)).p == pytest.approx(0.08697, abs=1e-5)


def test_a_method_without_an_answer_is_ranked_last():
    values = np.array([[0.1, np.inf, 0.3, np.inf], [0.2, 0.1, 0.2, 0.4], [0.3, 0.2, 0.1, 0.4]])
    found = FIGURE.ranked(values)
    assert found.ranks[0].tolist() == [1, 3.5, 2, 3.5] and found.ranks[1, 0] == 2.5
    assert np.isnan(found.adjusted).all()


def test_p_values_are_adjusted_as_by_holm():
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    p = [0.01, 0.04, 0.03, 0.005, 0.8]
    expected = multitest.multipletests(p, method="holm")[1]
    assert FIGURE.holm(p) == pytest.approx(expected)
    assert np.isnan(FIGURE.holm([np.nan, 0.02])[0]) and FIGURE.holm([np.nan, 0.02])[1] == 0.02


def test_the_verdict_is_on_record():
    assert is_on_record("real_data", judged("real_data"))
