"""The study of calibration is the published one, is judged as others would, and agrees with it."""

from functools import partial

import numpy as np
import pytest
from scipy.stats import norm

from mlbalance.simulation import Fitted, Predictive, replay, sources, stream
from tests.figures import STUDIES, committed, common, compared, figure_of, is_on_record, judged

figure = figure_of("calibration")
CLASSES, STUDY = STUDIES["calibration"].CLASSES, STUDIES["calibration"].STUDY
CELL = STUDY.cells[0]


@pytest.fixture(scope="module")
def limits():
    return figure.limits(STUDY)


def test_the_scenario_is_the_published_one():
    counts = np.array(CELL.source.counts)
    assert counts.sum() == 3594
    np.testing.assert_allclose(counts / counts.sum(), [0.98, 0.02], rtol=1e-15)
    S0, S1 = CLASSES.covariance
    np.testing.assert_allclose(S1, 0.7 * S0)
    assert S0[0, 5] == 0.2 and S0[0, 6] == S0[6, 7] == 0 and (np.diag(S0) == 1).all()
    np.testing.assert_array_equal(CLASSES.means, [[0.0] * 8, [0.6043] * 8])
    best = np.linalg.solve(S0 + S1, CLASSES.means[1])  # the linear score of largest AUC
    assert norm.cdf(np.sqrt(best @ CLASSES.means[1])) == pytest.approx(0.85, abs=1e-4)
    assert STUDY.replications == figure.ITERATIONS


def test_labels_are_drawn_in_both_samples():
    streams = partial(stream, STUDY.root, CELL.id)
    cases = [CELL.source.replicate(r, streams).y.sum() for r in range(200)]
    assert np.mean(cases) == pytest.approx(71.88, abs=4 * np.sqrt(70.4 / 200))
    assert np.var(cases) == pytest.approx(70.4, rel=0.4)
    tests = [CELL.source.test(r, streams) for r in range(3)]
    assert {t.y.size for t in tests} == {35940} and len({t.y.sum() for t in tests}) > 1


def test_one_replicate_is_what_statsmodels_and_scikit_learn_say():
    from sklearn.metrics import roc_auc_score
    from statsmodels.api import GLM, families

    streams = partial(stream, STUDY.root, CELL.id)
    data, test = CELL.source.replicate(3, streams), CELL.source.test(3, streams)
    counts = np.bincount(data.y)
    found = {row.method: row.outcome for row in replay(STUDY, CELL.id, 3)}
    for name, weights in (("unweighted", None), ("class-weights", (1 / counts)[data.y])):
        X, own = np.insert(data.X, 0, 1.0, axis=1), families.Binomial()
        weights = None if weights is None else weights * data.y.size / 2
        beta = GLM(data.y, X, own, freq_weights=weights).fit(tol=1e-12).params
        odds = beta[0] + test.X @ beta[1:]
        slope = GLM(test.y, np.column_stack([np.ones(odds.size), odds]), own).fit().params[1]
        at = GLM(test.y, np.ones((odds.size, 1)), own, offset=odds).fit().params[0]
        expected = [roc_auc_score(test.y, odds), slope, at]
        np.testing.assert_allclose(found[name], expected, atol=1e-6, err_msg=name)


def test_prior_correction_moves_the_intercept_alone():
    # Why the study has no corrected arms: their rows would be these, shifted.
    streams = partial(stream, STUDY.root, CELL.id)
    few = sources.Test(*(part[-3000:] for part in CELL.source.test(0, streams)))
    theta = np.random.default_rng(0).normal(size=(1, 2, 9))
    moved = theta.copy()
    moved[:, 1, 0] -= 3.89
    judge = Predictive("AUC", "calibration slope", "calibration intercept")
    before, after = (
        judge(Fitted(t, 0.0, few.X[None], few.y[None], few.weights[None, None], (few,), None))[0]
        for t in (theta, moved)
    )
    np.testing.assert_allclose(after - before, [0, 0, 3.89], atol=1e-7)


def test_without_a_limit_on_rows_weights_and_samples_are_one(limits):
    unweighted = [*limits["unweighted"].values()]
    np.testing.assert_allclose(unweighted, [0.85, 1, 0], atol=3e-4)
    for name in ("undersample", "oversample"):
        assert limits[name] == limits["class-weights"]
    # The softmax is wrong here, so that balancing costs calibration whatever the number of rows.
    weighted = limits["class-weights"]
    assert weighted["calibration slope"] < 0.9
    assert weighted["calibration intercept"] < np.log(0.02 / 0.98)


def test_the_committed_results_are_judged_against_the_published_and_others_disagree(monkeypatch):
    assert is_on_record("calibration", judged("calibration"))
    right = figure.PUBLISHED
    for one in common().where(compared("calibration"), method="undersample"):
        wrong = right["undersample"] | {one.row.estimand: one.predicted + 6 * one.error}
        monkeypatch.setattr(figure, "PUBLISHED", right | {"undersample": wrong})
        found = figure.compared(STUDY, committed("calibration"))
        assert not judged("calibration", found=found).agrees
