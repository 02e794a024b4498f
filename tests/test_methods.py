"""Methods as values: their ids, their registry, and what becomes of the fits of their bags."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from mlbalance import softmax
from mlbalance.corrections import LeaveOneOut, PriorShift, Uncorrected, leave_one_out_logits
from mlbalance.inputs import InputError, PriorError
from mlbalance.losses import LDAM, Focal
from mlbalance.methods import AUTO, LOSSES, METHODS, LeftOutRidge, Method, method, methods
from mlbalance.methods.answers import Answers
from mlbalance.methods.choice import Choice
from mlbalance.methods.losses import loss_of
from mlbalance.methods.registry import KINDS
from mlbalance.methods.rows import Rows
from mlbalance.populations import symmetric
from mlbalance.schemes import (
    AnalyticBag,
    Bagging,
    BalancedSampler,
    Cap,
    ClassWeight,
    Oversample,
    PoissonOversample,
    Thin,
    Undersample,
    Unweighted,
)

COUNTS = (30, 12, 60)
CORRECTIONS = (Uncorrected(), PriorShift(), LeaveOneOut(), LeaveOneOut(temperature=True))
TARGETS = (None, (0.2, 0.3, 0.5))


@pytest.fixture
def data():
    """R = 4 data sets that share their labels."""
    rng = np.random.default_rng(1)
    samples = [symmetric(3, 2, 1.0).sample(COUNTS, rng) for _ in range(4)]
    return np.stack([X for X, _ in samples]), samples[0][1]


def drawn(scheme, y, replicates, seed=2):
    rng = np.random.default_rng(seed)
    return np.stack([scheme.draw(y, rng, n_classes=3) for _ in range(replicates)])


def ids_of(correction):
    return correction.id or "none"


# Names

STREAMS = {
    "class-weights": "ClassWeight()",
    "undersample": "Undersample()",
    "undersample-with-replacement": "Undersample(replace=True)",
    "oversample": "Oversample()",
    "bootstrap": "Oversample(keep=False)",
    "under-bagging-10": "Bagging(Undersample(), bags=10)",
    "under-bagging-2-disjoint": "Bagging(Undersample(), bags=2, disjoint=True)",
    "cap-10": "Cap(size=10)",
    "cap-100": "Cap(size=100)",
    "thin-0.5": "Thin(rate=0.5)",
    "thin-0.5-not-renormalised": "Thin(rate=0.5, renormalise=False)",
    "balanced-sampler": "BalancedSampler()",
    "unweighted+prior": "Unweighted()",
    "analytic-bag": "AnalyticBag(Undersample())",
    "class-weights+loo": "ClassWeight()",
    "unweighted+loo": "Unweighted()",
    "discriminant+prior": "Unweighted()",
    "discriminant+loo": "Unweighted()",
    "discriminant+loo-temperature": "Unweighted()",
    "class-weights+focal": "ClassWeight()",
    "focal": "Unweighted()",
    "class-weights+ldam": "ClassWeight()",
    "ldam": "Unweighted()",
    "vs": "Unweighted()",
}
"""Ids by which results are kept and cited, and names that seed random streams. Lines are added to
this list and never changed: another id is another method, another name other numbers.
"""


def test_ids_and_streams_stay_what_they_are():
    assert {id: each.scheme.stream_name for id, each in METHODS.items()} == STREAMS


def test_every_method_has_one_id_and_every_id_one_method():
    assert all(id == each.id for id, each in METHODS.items())
    assert len({(m.scheme, m.loss, m.correction) for m in METHODS.values()}) == len(METHODS)
    assert len({m.label for m in METHODS.values()}) == len(METHODS)
    assert all(id.isascii() and id.isprintable() and " " not in id for id in METHODS)
    assert all((m.ridge, m.target, m.name) == (0, None, None) for m in METHODS.values())
    with pytest.raises(TypeError):
        METHODS["own"] = METHODS["undersample"]


SCHEMES = (
    ClassWeight(),
    ClassWeight(prior=(0.5, 0.25, 0.25)),
    Unweighted(),
    Undersample(),
    Undersample(5),
    Undersample(5, replace=True),
    Oversample(),
    Oversample(80, keep=False),
    PoissonOversample(1.5),
    PoissonOversample((1.0, 0.0, 2.0)),
    BalancedSampler(50),
    Cap(20),
    Thin(0.5),
    Thin((0.5, 1.0, 0.25), renormalise=False),
    Bagging(Undersample(), 3),
    Bagging(Undersample(), 3, disjoint=True),
    Bagging(Thin(0.5), 3),
)


def test_other_parts_give_another_id_and_another_label():
    made = [
        Method(scheme, correction=correction, target=target, loss=loss)
        for scheme, correction, target, loss in product(SCHEMES, CORRECTIONS, TARGETS, LOSSES)
    ]
    assert len({m.id for m in made}) == len({m.label for m in made}) == len(made)
    for m in made:
        assert m.id.isascii() and m.id.isprintable() and m.label.isprintable()
        assert ("discriminant" in m.id) == ("discriminant" in m.label) == (m.loss == "square")
        assert m.with_ridge(0.1).id == m.id and m.with_ridge(0.1).key == (m.id, 0.1)
        if m.loss == "square":
            continue
        assert m.id.startswith(m.scheme.id) and m.label.startswith(m.scheme.label)
        assert (m.scheme.id + "+" + m.correction.id in m.id) == bool(m.correction.id)


@pytest.mark.parametrize(
    ("made", "id", "label"),
    [
        (Method(Undersample(5)), "undersample-5", "undersample to 5"),
        (
            Method(Undersample(), 0.3, PriorShift()),
            "undersample+prior",
            "undersample, prior correction",
        ),
        (
            Method(ClassWeight(), correction=LeaveOneOut(temperature=True)),
            "class-weights+loo-temperature",
            "class weights, left-out intercepts and temperature",
        ),
        (
            Method(ClassWeight(prior=(0.25, 0.75)), correction=PriorShift(), target=[0.1, 0.9]),
            "class-weights@0.25-0.75+prior->0.1-0.9",
            "class weights at (0.25, 0.75), prior correction, to (0.1, 0.9)",
        ),
        (
            Method(Bagging(Undersample(4, prior=(1 / 3, 2 / 3)), 10)),
            "bagging-undersample-4-10@0.333-0.667",
            "bagging (10 bags of undersample to 4) at (0.333, 0.667)",
        ),
        (Method(Unweighted(), loss="square"), "discriminant", "regularised discriminant"),
        (
            Method(Undersample(), 0.1, PriorShift(), loss="square"),
            "undersample+discriminant+prior",
            "undersample, regularised discriminant, prior correction",
        ),
        (Method(Unweighted(), name=("own", "My own")), "own", "My own"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_id_and_label_come_from_the_parts_unless_they_are_given(made, id, label):
    assert (made.id, made.label) == (id, label)


def test_methods_are_values():
    one, other = (Method(Undersample(), 0.1, PriorShift(), [0.5, 0.5]) for _ in range(2))
    assert one == other and hash(one) == hash(other) and one.target == (0.5, 0.5)
    assert one != replace(one, ridge=0.2) and one != replace(one, correction=Uncorrected())
    assert replace(one, name=["a", "b"]) == replace(other, name=("a", "b"))
    np.testing.assert_array_equal(Method(Undersample()).prior(4), np.full(4, 0.25))
    np.testing.assert_array_equal(one.prior(2), [0.5, 0.5])


def test_methods_are_found_in_order_and_given_a_ridge():
    found = methods("undersample", "class-weights", ridge=0.1)
    assert [m.id for m in found] == ["undersample", "class-weights"]
    assert [m.scheme for m in found] == [Undersample(), ClassWeight()]
    assert all(m.ridge == 0.1 for m in found)
    corrected = method("unweighted+prior", 0.1)
    assert (corrected.correction, corrected.ridge) == (PriorShift(), 0.1)
    assert method("under-bagging-10").scheme == Bagging(Undersample(), 10)
    assert methods() == ()


@pytest.mark.parametrize(
    ("id", "message"),
    [
        ("undersampel", "No method is called 'undersampel'. Did you mean undersample or"),
        ("class weights", "No method is called 'class weights'. Did you mean class-weights"),
        ("under-bagging-20", "Did you mean under-bagging-10"),
        ("smote", "No method is called 'smote'. Known are class-weights, undersample, "),
        ("", "No method is called ''. Known are class-weights, "),
    ],
)
def test_an_unknown_id_is_refused_with_those_that_are_close(id, message):
    for find in (method, methods):
        with pytest.raises(InputError) as refused:
            find(id)
        assert message in str(refused.value) and "\n" not in str(refused.value)
    with pytest.raises(InputError, match="No method is called 'smote'"):
        methods("undersample", "smote")


RIDGE = r"A ridge is .* on, or LeftOutRidge\(\) to choose it; it is "
NAME = r"A method's name is an id in ASCII and a label, both of which can be printed; "


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"scheme": "undersample"},
            r"one of mlbalance.schemes, as Undersample\(\); 'undersample' ",
        ),
        ({"scheme": Undersample}, r"scheme is one of mlbalance.schemes, .*Undersample'> is not"),
        ({"scheme": Method(Undersample())}, "scheme is one of mlbalance.schemes"),
        (
            {"correction": "prior"},
            r"is Uncorrected\(\), PriorShift\(\) or LeaveOneOut\(\); 'prior'",
        ),
        ({"correction": None}, r"PriorShift\(\) or LeaveOneOut\(\); None is not"),
        ({"correction": PriorShift}, "A correction is .*PriorShift'> is not"),
        ({"ridge": -0.1}, RIDGE + r"-0\.1"),
        ({"ridge": np.nan}, RIDGE + r"nan"),
        ({"ridge": np.inf}, RIDGE + r"inf"),
        ({"ridge": "loo"}, RIDGE + r"'loo'"),
        ({"ridge": None}, RIDGE + r"None"),
        ({"ridge": 1j}, RIDGE + r"1j"),
        ({"loss": "squared"}, "A loss is 'softmax', 'square' or one of .*; it is 'squared'"),
        ({"loss": None}, "A loss is 'softmax', 'square' or one of .*; it is None"),
        ({"loss": ["square"]}, r"A loss is 'softmax', 'square' or one of .*; it is \['square'\]"),
        (
            {"loss": Focal},
            r"A loss is 'softmax', 'square' or one of .*, as Focal\(\); it is <class",
        ),
        ({"loss": LDAM(), "correction": PriorShift()}, "not log-odds, so that no shift of"),
        ({"loss": LDAM(), "correction": LeaveOneOut()}, "not log-odds, so that no shift of"),
        ({"loss": Focal(), "ridge": LeftOutRidge()}, "has no logits of rows left out. Give a"),
        ({"loss": Focal(), "scheme": AnalyticBag(Undersample())}, "is the mean of softmax fits"),
        ({"target": (0.5, 0.6)}, "must sum to one"),
        ({"target": (0.0, 1.0)}, "every probability above zero"),
        ({"target": 0.5}, "one probability for each"),
        ({"target": "natural"}, "one probability per class; 'natural' is not"),
        ({"name": ("ä", "umlaut")}, NAME + r"\('ä', 'umlaut'\) is not"),
        ({"name": ("a\n", "line")}, NAME),
        ({"name": ("a", "two\nlines")}, NAME),
        ({"name": ("", "nothing")}, NAME),
        ({"name": ("nothing", "")}, NAME),
        ({"name": "ab"}, NAME + "'ab' is not"),
        ({"name": ("alone",)}, NAME),
        ({"name": ("one", "two", "three")}, NAME),
        ({"name": (1, 2)}, NAME),
        ({"name": 7}, NAME + "7 is not"),
    ],
    ids=lambda given: repr(given) if isinstance(given, dict) else "",
)
def test_what_is_no_method_is_refused(given, message):
    with pytest.raises(InputError, match=message) as refused:
        Method(**{"scheme": ClassWeight(), **given})
    assert "\n" not in str(refused.value)


def test_a_target_of_other_classes_is_refused(data):
    X, y = data
    made = Method(ClassWeight(), target=(0.5, 0.5))
    with pytest.raises(PriorError, match=r"class-weights->0\.5-0\.5 answers for 2 classes; .* 3"):
        made.fit(X, y, drawn(made.scheme, y, len(X)))


# Fits


@pytest.mark.parametrize("ridge", [0.0, 0.05])
@pytest.mark.parametrize("id", [id for id, m in METHODS.items() if m.scheme.bags < np.inf])
def test_a_fit_is_the_average_of_its_bags_logits(id, ridge, data):
    made = method(id, ridge)
    X, y = data
    weights = drawn(made.scheme, y, len(X))
    found = made.fit(X, y, weights)
    assert (found.status == "converged").all()
    for r in range(len(X)):
        bags = [loss_of(made.loss).fit(X[r], y, w, ridge=ridge).theta for w in weights[r]]
        z = np.mean([softmax.logits(theta, X[r]) for theta in bags], axis=0)
        if made.correction.temperature:  # by one number for all
            z *= found.theta[r, 0, 1] / np.mean([theta[0, 1] for theta in bags])
        apart = softmax.logits(found.theta[r], X[r]) - z
        if made.correction != Uncorrected():
            # Moved by one number per class, the same for every row.
            assert np.abs(apart[0]).max() > 1e-3
            apart -= apart[0]
        np.testing.assert_allclose(apart, 0, atol=1e-12)


def test_labels_may_be_those_of_each_data_set(data):
    X, y = data
    made = method("class-weights", 0.1)
    weights = drawn(made.scheme, y, len(X))
    own = np.tile(y, (len(X), 1))
    np.testing.assert_array_equal(made.fit(X, own, weights).theta, made.fit(X, y, weights).theta)
    order, before = np.random.default_rng(4).permutation(y.size), made.fit(X, y, weights).theta
    X[1], own[1], weights[1] = X[1, order], own[1, order], weights[1][:, order]
    np.testing.assert_allclose(made.fit(X, own, weights).theta, before, atol=1e-9)


def test_one_failed_bag_is_a_failed_fit(data):
    X, y = data
    made = METHODS["under-bagging-10"]
    weights = drawn(made.scheme, y, len(X))
    weights[1, 7, y == 2] = 0.0
    found = made.fit(X, y, weights)
    assert found.status.tolist() == ["converged", "no-mle", "converged", "converged"]
    assert np.isnan(found.theta[1]).all() and np.isfinite(found.theta[[0, 2, 3]]).all()


def test_the_status_is_that_of_the_first_failed_bag():
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(1, 40, 2)), np.tile([0, 1], 20)
    one_class, collinear = np.where(y == 0, 1.0, 0.0), np.zeros(40)
    # Two rows of one point a class overlap, but do not identify two slopes.
    X[0, :4] = [[0.0, 0.0], [0.0, 0.0], [1.0, 1.0], [1.0, 1.0]]
    collinear[:4] = 1.0
    every = np.ones(40)
    statuses = [
        Method(ClassWeight()).fit(X, y, np.stack(bags)[None]).status[0]
        for bags in ([every, collinear, one_class], [one_class, every, collinear], [every, every])
    ]
    assert statuses == ["not-identified", "no-mle", "converged"]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("ridge", [0.0, 0.05])
def test_prior_correction_is_a_fit_with_that_offset(data, ridge, target):
    """Unpenalised intercepts absorb an offset, so the identity holds on any data, whether the
    model is correctly specified or not.
    """
    X, y = data
    made = replace(method("unweighted+prior", ridge), target=target)
    weights = drawn(made.scheme, y, len(X))
    tau = np.full(3, 1 / 3) if target is None else np.array(target)
    offset = np.log(Unweighted().target(np.array(COUNTS)) / tau)
    oracle = softmax.fit(X, y, weights[:, 0], offset=offset, ridge=ridge)
    np.testing.assert_allclose(made.fit(X, y, weights).theta, oracle.theta, atol=1e-9)


@pytest.mark.parametrize("scheme", [Unweighted(), ClassWeight(prior=(0.6, 0.1, 0.3))])
def test_a_corrected_discriminant_is_half_way_between_class_means(data, scheme):
    """Whatever the prior of the weights: they have no part in the means, here."""
    X, y = data
    made = Method(scheme, 0.1, PriorShift(), loss="square")
    found = made.fit(X, y, drawn(made.scheme, y, len(X)))
    for theta, rows in zip(found.theta, X, strict=True):
        z = softmax.logits(theta, np.stack([rows[y == k].mean(axis=0) for k in range(3)]))
        middle = (z[:, None] + z[None]) / 2
        for k, l in ((0, 1), (1, 2), (0, 2)):
            assert middle[k, l, k] == pytest.approx(middle[k, l, l], abs=1e-12)


@pytest.mark.parametrize("id", ["unweighted+prior", "discriminant+prior"])
def test_prior_correction_knows_the_rows_that_count(data, id):
    """Rows of weight zero are no rows: the prior of the fit is that of the others."""
    X, y = data
    kept = np.arange(y.size) % 3 > 0
    made = METHODS[id]
    weights = np.zeros((len(X), 1, y.size))
    weights[:, :, kept] = drawn(made.scheme, y[kept], len(X))
    alone = made.fit(X[:, kept], y[kept], weights[:, :, kept])
    np.testing.assert_allclose(made.fit(X, y, weights).theta, alone.theta, atol=1e-12)


def test_prior_correction_of_a_failed_fit_is_a_failed_fit(data):
    X, y = data
    made = METHODS["unweighted+prior"]
    weights = drawn(made.scheme, y, len(X))
    weights[2, :, y == 1] = 0.0
    found = made.fit(X, y, weights)
    assert found.status.tolist() == ["converged", "converged", "no-mle", "converged"]
    assert np.isnan(found.theta[2]).all() and np.isfinite(found.theta[[0, 1, 3]]).all()


def test_prior_correction_knows_the_prior_of_each_bag(data):
    """Where totals are random, every bag was fitted at a prior of its own."""
    X, y = data
    made = Method(Bagging(Thin(0.7, renormalise=False), 3), 0.1, PriorShift())
    weights = drawn(made.scheme, y, len(X))
    single = Method(Unweighted(), 0.1, PriorShift())
    bags = [single.fit(X, y, weights[:, [b]]).theta for b in range(3)]
    np.testing.assert_allclose(made.fit(X, y, weights).theta, np.mean(bags, axis=0), atol=1e-12)


def test_prior_correction_of_balanced_weights_changes_nothing(data):
    X, y = data
    weights = drawn(ClassWeight(), y, len(X))
    plain, corrected = (
        Method(ClassWeight(), correction=correction).fit(X, y, weights).theta
        for correction in (Uncorrected(), PriorShift())
    )
    np.testing.assert_allclose(plain, corrected, atol=1e-13)


# Rows that may not be used

MASKED = (Unweighted(), Undersample(), Bagging(Undersample(), 3), Bagging(Thin(0.7), 2))


@pytest.mark.parametrize(
    ("target", "loss"), [*product(TARGETS, ["softmax"]), (None, "square")], ids=str
)
@pytest.mark.parametrize("correction", CORRECTIONS, ids=ids_of)
@pytest.mark.parametrize("scheme", MASKED, ids=lambda scheme: scheme.id)
def test_rows_that_may_not_be_used_change_nothing(data, scheme, correction, target, loss):
    """Not by their features, and not by being there: alone the others give the same."""
    X, y = data
    rng = np.random.default_rng(5)
    kept = np.arange(y.size) % 4 > 0
    rows = np.tile(kept, (len(X), 1))
    made = Method(scheme, 0.05, correction, target, loss)
    weights = np.zeros((len(X), scheme.bags, y.size))
    weights[:, :, kept] = drawn(scheme, y[kept], len(X))
    found = made.fit(X, y, weights, rows)
    assert (found.status == "converged").all()
    other = X.copy()
    other[:, ~kept] = 100 * rng.normal(size=other[:, ~kept].shape)
    np.testing.assert_allclose(made.fit(other, y, weights, rows).theta, found.theta, atol=1e-12)
    alone = made.fit(X[:, kept], y[kept], weights[:, :, kept])
    np.testing.assert_allclose(found.theta, alone.theta, atol=1e-12)
    if correction.needs == "rows":
        # They are data of the correction where they are not masked.
        assert np.abs(made.fit(other, y, weights).theta - found.theta).max() > 0.01


def test_each_data_set_has_rows_of_its_own(data):
    X, y = data
    rows = np.array([np.arange(y.size) % 5 != r for r in range(len(X))])
    made = Method(Bagging(Undersample(), 3), 0.05, LeaveOneOut())
    weights = np.zeros((len(X), 3, y.size))
    for own, kept in zip(weights, rows, strict=True):
        own[:, kept] = drawn(made.scheme, y[kept], 1)[0]
    found = made.fit(X, y, weights, rows)
    for r, kept in enumerate(rows):
        alone = made.fit(X[[r]][:, kept], y[kept], weights[[r]][:, :, kept])
        np.testing.assert_allclose(found.theta[r], alone.theta[0], atol=1e-12)


# Rows left out


SAMPLES = (
    ClassWeight(),
    Unweighted(),
    Undersample(),
    Oversample(),
    Bagging(Undersample(), 4),
    Bagging(Undersample(), 2, disjoint=True),
    Bagging(Thin(0.7), 3),
)


@pytest.mark.parametrize("target", ["balanced", "natural", (0.2, 0.3, 0.5)], ids=str)
@pytest.mark.parametrize("correction", CORRECTIONS[1:], ids=ids_of)
@pytest.mark.parametrize("scheme", SAMPLES, ids=lambda scheme: scheme.id)
def test_a_fit_is_that_of_the_estimator_of_these_settings(scheme, correction, target):
    from mlbalance.estimators import SoftmaxClassifier
    from mlbalance.estimators.weighting import generator

    counts = np.array([40, 12, 25])
    y = np.repeat(np.arange(3), counts)
    prior = {"balanced": None, "natural": tuple(counts / counts.sum())}.get(target, target)
    made = Method(scheme, 0.05, correction, prior)
    X = np.random.default_rng(12).normal(size=(2, y.size, 4)) + np.eye(3, 4)[y]
    weights = np.stack([scheme.draw(y, generator(seed)) for seed in range(2)])
    found = made.fit(X, y, weights)
    assert (found.status == "converged").all()
    kind, temperature = correction.id.partition("-")[::2]
    for seed, (theta, rows) in enumerate(zip(found.theta, X, strict=True)):
        theirs = SoftmaxClassifier(
            scheme,
            ridge=0.05,
            correction=kind,
            temperature=bool(temperature),
            target=target,
            random_state=seed,
        ).fit(rows, y)
        np.testing.assert_allclose(theta[:, 1:], theirs.coef_, atol=1e-8)
        np.testing.assert_allclose(theta[:, 0], theirs.intercept_, atol=1e-8)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("target", TARGETS)
def test_left_out_intercepts_of_bags_are_optimal_for_refits_without_each_row(target, loss):
    """By one refit per row and bag, of classes so few that no step approximates them."""
    counts = np.array([8, 6, 9])
    y, tau = np.repeat(np.arange(3), counts), np.full(3, 1 / 3) if target is None else target
    rng = np.random.default_rng(14)
    X = rng.normal(size=(1, y.size, 2)) + np.eye(3, 2)[y]
    made, fit = (
        Method(Bagging(Undersample(4), 3), 0.05, LeaveOneOut(), target, loss),
        LOSSES[loss].fit,
    )
    weights = made.scheme.draw(y, rng)
    assert ((weights > 0).sum(axis=0) == 0).any()  # a row that is in no bag at all
    (theta,), (status,), _ = made.fit(X, y, weights[None])
    assert status == "converged"
    bags = fit(X, y, weights, n_classes=3, ridge=0.05).theta
    z = np.zeros((y.size, 3))
    for i, w in ((i, w) for i in range(y.size) for w in weights):
        without = np.where(np.arange(y.size) == i, 0.0, w)
        own = y == y[i]
        without[own] *= w[own].sum() / without[own].sum()
        z[i] += softmax.logits(fit(X[0], y, without, ridge=0.05).theta, X[0, [i]])[0] / 3
    shift = theta[:, 0] - bags.mean(axis=0)[:, 0]
    p = np.exp(softmax.log_probabilities(z + shift))
    at = (np.asarray(tau) / counts)[y]
    np.testing.assert_allclose(at @ (p - np.eye(3)[y]), 0, atol=1e-8)
    np.testing.assert_allclose(theta[:, 1:], bags.mean(axis=0)[:, 1:], atol=1e-12)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("scheme", [ClassWeight(), Bagging(ClassWeight(), 2)])
def test_left_out_intercepts_of_a_class_of_one_row_are_a_failed_fit(scheme, loss):
    rng = np.random.default_rng(13)
    y = np.repeat([0, 1], (12, 1))
    made = Method(scheme, 0.05, LeaveOneOut(), loss=loss)
    found = made.fit(rng.normal(size=(1, 13, 2)), y, scheme.draw(y, rng)[None])
    assert found.status.tolist() == ["no-mle"] and np.isnan(found.theta).all()


def test_a_fit_without_a_row_that_failed_gives_its_own_status(monkeypatch):
    x, y = np.array([[0.0], [1.0], [2.0], [1.5], [3.0], [4.0]]), np.array([0, 0, 0, 1, 1, 1])
    made, weights = Method(ClassWeight(), correction=LeaveOneOut()), np.full((1, 1, 6), 1 / 6)
    assert made.fit(x[None], y, weights).status.tolist() == ["no-mle"]

    def few(*given, **options):
        return leave_one_out_logits(*given, **{**options, "max_iter": 1})

    monkeypatch.setattr("mlbalance.corrections.correction.leave_one_out_logits", few)
    found = made.with_ridge(0.1).fit(x[None], y, weights)
    assert found.status.tolist() == ["max-iter"] and np.isnan(found.theta).all()


# Ridges that are chosen


CHOSEN = (
    Method(ClassWeight(), LeftOutRidge()),
    Method(ClassWeight(), LeftOutRidge(rule="1se"), LeaveOneOut()),
    Method(Unweighted(), LeftOutRidge((1.0, 0.1, 0.01)), LeaveOneOut(temperature=True)),
    Method(Bagging(Undersample(), 3), LeftOutRidge((1.0, 0.1, 0.01)), PriorShift()),
    AUTO,
)


@pytest.mark.filterwarnings("ignore:Of the ridges")
@pytest.mark.parametrize("made", CHOSEN, ids=ids_of)
def test_a_chosen_ridge_is_that_of_the_estimator(made):
    from mlbalance.estimators import SoftmaxClassifier
    from mlbalance.estimators.weighting import generator

    y = np.repeat(np.arange(3), (40, 12, 25))
    X = np.random.default_rng(12).normal(size=(2, y.size, 4)) + np.eye(3, 4)[y]
    weights = np.stack([made.scheme.draw(y, generator(seed)) for seed in range(2)])
    found = made.fit(X, y, weights)
    for seed, rows in enumerate(X):
        theirs = SoftmaxClassifier(
            "auto" if made is AUTO else made.scheme,
            ridge=replace(made.ridge, among=()),
            correction="auto" if made is AUTO else made.correction.id.partition("-")[0] or "none",
            temperature=made.correction.temperature,
            random_state=seed,
        ).fit(rows, y)
        assert found.status[seed] == "converged"
        assert found.ridge[seed] == pytest.approx(theirs.ridge_, rel=1e-12)
        np.testing.assert_allclose(found.theta[seed, :, 1:], theirs.coef_, atol=1e-7)
        np.testing.assert_allclose(found.theta[seed, :, 0], theirs.intercept_, atol=1e-7)


def test_the_kind_with_the_smaller_loss_is_chosen(data):
    X, y = data
    path = (1.0, 0.1, 0.01)
    each = [
        replace(AUTO, ridge=LeftOutRidge(path, among=(kind,))).fit(X, y, drawn(ClassWeight(), y, 4))
        for kind in KINDS
    ]
    both = replace(AUTO, ridge=LeftOutRidge(path, among=KINDS)).fit(X, y, drawn(Unweighted(), y, 4))
    assert np.abs(each[0].theta - each[1].theta).max() > 1e-3
    for r in range(4):
        assert any(np.array_equal(both.theta[r], one.theta[r]) for one in each)


def test_rows_that_may_not_be_used_do_not_choose(data):
    X, y = data
    kept = np.arange(y.size) % 4 > 0
    made = Method(ClassWeight(), LeftOutRidge(), PriorShift())
    weights = np.zeros((len(X), 1, y.size))
    weights[:, :, kept] = drawn(made.scheme, y[kept], len(X))
    found = made.fit(X, y, weights, np.tile(kept, (len(X), 1)))
    alone = made.fit(X[:, kept], y[kept], weights[:, :, kept])
    np.testing.assert_array_equal(found.ridge, alone.ridge)
    np.testing.assert_allclose(found.theta, alone.theta, atol=1e-12)


@pytest.mark.parametrize("kind", [LeftOutRidge(), AUTO.ridge])
def test_where_no_ridge_can_be_chosen_there_is_no_fit(kind):
    rng = np.random.default_rng(13)
    one, few = np.repeat([0, 1], (12, 1)), np.repeat([0, 1], (6, 6))
    X = rng.normal(size=(1, 13, 2))
    found = Method(ClassWeight(), kind).fit(X, one, ClassWeight().draw(one, rng)[None])
    assert found.status.tolist() == ["no-mle"] and np.isnan(found.ridge).all()
    assert found.theta.shape == (1, 2, 3) and np.isnan(found.theta).all()
    apart = np.arange(12.0).reshape(1, 12, 1)
    made = Method(ClassWeight(), replace(kind, ridges=(0.0,)))
    found = made.fit(apart, few, ClassWeight().draw(few, rng)[None])
    assert found.status.tolist() == ["no-mle"] and np.isnan(found.theta).all()


def test_features_that_are_constant_leave_the_prior():
    y = np.repeat([0, 1], (12, 30))
    found = AUTO.fit(np.ones((1, 42, 3)), y, Unweighted().draw(y, np.random.default_rng(0))[None])
    assert found.status.tolist() == ["converged"]
    np.testing.assert_allclose(softmax.logits(found.theta[0], np.ones((1, 3))), 0, atol=1e-8)


def test_a_choice_of_the_ridge_is_named():
    made = Method(ClassWeight(), LeftOutRidge(), LeaveOneOut())
    assert made.id == "class-weights+loo+ridge-loo" and made.label.endswith(", left-out ridge")
    assert made.key == (made.id, 0.0)
    other = made.with_ridge(LeftOutRidge(rule="1se"))
    assert other.id == "class-weights+loo+ridge-loo-1se" and other.label.endswith("ridge (1se)")
    assert LeaveOneOut(temperature=True, conditional=True).id == "loo-if-paid-temperature"
    assert "where they pay and temp" in LeaveOneOut(temperature=True, conditional=True).label
    assert AUTO.id == "auto"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"rule": "aic"}, "A rule is 'min' or '1se'; it is 'aic'"),
        ({"ridges": (-1.0,)}, "finite numbers from zero on"),
        ({"among": (Method(Undersample()),)}, "without draws; undersample draws rows"),
        ({"among": (Method(ClassWeight(), loss=Focal()),)}, "rows left out; .* has none. Leave"),
    ],
)
def test_what_is_no_choice_is_refused(given, message):
    with pytest.raises(InputError, match=message):
        LeftOutRidge(**given)


@pytest.mark.parametrize("copies", [[1.0], [2.0, 0.5, 1.0]], ids=["one copy", "copies"])
@pytest.mark.parametrize("correction", CORRECTIONS[1:], ids=ids_of)
def test_rows_left_out_for_all_ridges_at_once_have_the_losses_of_one_by_one(
    data, correction, copies
):
    X, y = data
    rows, kind = Rows(y >= 0, np.arange(3), y, np.resize(copies, y.size)), KINDS[1]
    weights = rows.at(rows.natural)[None]
    choice = Choice(X[0], rows, Answers(correction, np.array([0.2, 0.3, 0.5])))
    ridges = np.array([1.0, 0.1])
    wanted, _ = choice.by_leaving_out(kind, weights)(ridges)
    found, status = choice.left_out(kind, weights)(ridges)
    assert status == ["converged"] * 2 and wanted.shape == (2, y.size)
    np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_a_ridge_of_infinitely_many_bags_is_chosen():
    y = np.repeat([0, 1], (40, 15))
    X = np.random.default_rng(0).normal(size=(1, 55, 4)) + np.eye(2, 4)[y]
    made = Method(AnalyticBag(Undersample()), LeftOutRidge((1.0, 0.1, 0.01)), LeaveOneOut())
    weights = made.scheme.draw(y, np.random.default_rng(0))[None]
    found = made.fit(X, y, weights)
    assert found.ridge[0] in made.ridge.ridges
    given = made.with_ridge(found.ridge[0]).fit(X, y, weights)
    np.testing.assert_array_equal(found.theta, given.theta)
