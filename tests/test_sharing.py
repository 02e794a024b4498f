"""Fits that several methods ask for are made once, are the same, and are forgotten."""

from collections import Counter
from typing import NamedTuple

import numpy as np
import pytest

from mlbalance import discriminant, softmax
from mlbalance.corrections import leave_one_out_logits
from mlbalance.estimators import DiscriminantClassifier, LossClassifier, SoftmaxClassifier
from mlbalance.losses import Focal
from mlbalance.methods import sharing
from mlbalance.methods.bags import fit_infinite
from mlbalance.methods.ridges import RIDGES
from mlbalance.methods.sharing import shared, shared_fits
from mlbalance.schemes import AnalyticBag, Bagging, ClassWeight, Undersample, Unweighted

KINDS = {
    "class weights": ClassWeight(),
    "unweighted": Unweighted(),
    "undersample": Undersample(),
    "bags": Bagging(Undersample(), 3),
    "infinitely many bags": AnalyticBag(Undersample()),
}


def made_of(known):
    """How often each function was called for good."""
    return Counter(function for function, _ in known.results)


class Pair(NamedTuple):
    sums: np.ndarray
    times: int


def test_results_are_remembered_by_the_content_of_arguments_and_closed():
    calls = []

    @shared
    def pair(x, times=1):
        calls.append(times)
        return Pair(times * x.sum(axis=0), times)

    x = np.arange(6.0).reshape(2, 3)
    pair(x), pair(x)
    assert calls == [1, 1]
    with shared_fits() as known:
        found = pair(x)
        assert pair(x.copy()) is found and calls == [1, 1, 1] and known.saved > 0
        for other in (x + 1, x[:, ::-1], x.astype(np.float32), x.reshape(3, 2)):
            assert not np.shares_memory(pair(other).sums, found.sums)
        pair(x, times=2)
        assert len(calls) == 8 and len(known.results) == 6
        with pytest.raises(ValueError, match="read-only"):
            found.sums += 1
    assert pair(x) is not found


def test_what_is_remembered_has_a_limit(monkeypatch):
    calls = []

    @shared
    def zeros(number):
        calls.append(number)
        return np.zeros(10)

    monkeypatch.setattr(sharing, "_MOST", 250)
    with shared_fits() as known:
        for number in (1, 2, 3, 4):
            zeros(number)
        assert known.size == 240 and len(known.results) == 3
        zeros(4), zeros(2)
        assert calls == [1, 2, 3, 4]
        zeros(1)
        assert calls == [1, 2, 3, 4, 1]
        monkeypatch.setattr(sharing, "_MOST", 10)
        zeros(5), zeros(5)
        assert calls[-2:] == [5, 5] and known.size == 0 == len(known.results)


def test_the_time_that_is_saved_counts_what_is_inside_once():
    import time

    @shared
    def inner(x):
        time.sleep(0.02)
        return x

    @shared
    def outer(x, y):
        time.sleep(0.01)
        return inner(x) + y

    with shared_fits() as known:
        outer(1, 1)
        outer(1, 2)
        assert 0.02 <= known.saved < 0.03
        outer(1, 2)
        assert 0.05 <= known.saved < 0.08


@pytest.fixture
def rows():
    rng = np.random.default_rng(3)
    y = np.repeat([0, 1, 2], [40, 25, 15])
    return rng.standard_normal((y.size, 3)) + y[:, None] * [0.8, 0, 0], y


def corrected(scheme):
    kinds = [("prior", False), ("loo", False), ("loo", True), ("auto", True)]
    return [
        SoftmaxClassifier(scheme, correction=c, temperature=t, ridge="loo", random_state=0)
        for c, t in kinds
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_corrections_of_one_scheme_are_one_path_with_its_left_out_logits(kind, rows):
    scheme, apart = KINDS[kind], Counter()
    alone = corrected(scheme)
    for fit in alone:
        with shared_fits() as known:
            fit.fit(*rows)
        apart += made_of(known)
    with shared_fits() as known:
        together = [fit.fit(*rows) for fit in corrected(scheme)]
    for one, own in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one.coef_, own.coef_)
        np.testing.assert_array_equal(one.intercept_, own.intercept_)
    # The default path and its left-out logits are made once for all four.
    made = made_of(known)
    assert made[leave_one_out_logits] <= apart[leave_one_out_logits] - 3 * len(RIDGES) * bool(
        made[leave_one_out_logits]
    )
    if kind == "infinitely many bags":
        assert made[fit_infinite.__wrapped__] <= apart[fit_infinite.__wrapped__] - 3 * len(RIDGES)
    else:
        assert made[softmax.path] <= apart[softmax.path] - 3


def test_the_choice_of_a_scheme_shares_the_paths_of_both(rows):
    with shared_fits() as known:
        for scheme in (ClassWeight(), Unweighted()):
            SoftmaxClassifier(scheme, correction="loo", ridge="loo", temperature=True).fit(*rows)
        before = made_of(known)
        auto = SoftmaxClassifier("auto", correction="auto", temperature=True).fit(*rows)
        after = made_of(known)
    # The discriminant is among the choices too.
    assert {f.__module__.split(".")[1] for f in after - before} <= {"discriminant", "methods"}
    apart = SoftmaxClassifier("auto", correction="auto", temperature=True).fit(*rows)
    np.testing.assert_array_equal(auto.coef_, apart.coef_)


def test_a_loss_and_its_inverse_link_are_one_path(rows):
    with shared_fits() as known:
        raw = LossClassifier(Focal(), corrected=False, ridge="cv", random_state=0).fit(*rows)
        fits = len(known.results)
        corrected = LossClassifier(Focal(), ridge="cv", random_state=0)
        if corrected.fit(*rows).ridge_ == raw.ridge_:
            assert len(known.results) == fits
        assert len(known.results) < 1.5 * fits


def test_corrections_of_the_discriminant_share_its_left_out_logits(rows):
    def paths(*kinds):
        with shared_fits() as known:
            for correction, temperature in kinds:
                DiscriminantClassifier(correction=correction, temperature=temperature).fit(*rows)
        return made_of(known)[discriminant.leave_one_out]

    kinds = [("prior", False), ("loo", False), ("loo", True)]
    assert paths(*kinds) <= sum(map(paths, kinds)) - 2
