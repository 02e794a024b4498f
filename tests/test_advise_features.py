"""What features mean for the choice: regimes at their thresholds, tables of errors, their words."""

import json
import math
import re

import numpy as np
import pytest

from mlbalance import claims, existence, populations, schemes, theory
from mlbalance.advise import advise
from mlbalance.advise import regime as module
from mlbalance.advise.error_table import BEST_THRESHOLD, equidistant, label_of
from mlbalance.advise.gaussian import gaussian_advice
from mlbalance.cli import main
from mlbalance.corrections import prior_shift
from mlbalance.estimators import SoftmaxClassifier
from mlbalance.inputs import InputError
from mlbalance.schemes import Bagging, ClassWeight, Undersample, Unweighted
from mlbalance.theory import proportional

ASKED = [23, 5, 44, 14, 19, 31]
TWO = ([50, 450], [450, 50], [100, 150], [30, 3000], [200, 201])


@pytest.fixture
def run(capsys):
    def command(*words):
        code = main(["advise", *words])
        out, err = capsys.readouterr()
        return code, out, err

    return command


def prose(*arguments, **options):
    return " ".join(advise(*arguments, **options).text().split())


def test_progress_is_told_by_ridges_and_not_where_the_answer_is(run, monkeypatch):
    told = []
    given = {"features": 30, "separation": 2, "ridge": (0.1, 1)}
    advise((20, 400), progress=lambda *each: told.append(each), **given)
    assert told == [(1, 2), (2, 2)]
    monkeypatch.setattr("mlbalance.cli.progress._EVERY", 0.0)
    words = ("20", "400", "--features", "30", "--separation", "2", "--ridge", ".1", "1")
    code, out, err = run(*words)
    assert code == 0 and "Smallest:" in out
    assert re.fullmatch(r"  1/2 ridges, \d+:\d\d left\n", err)


# regimes of two classes


@pytest.mark.parametrize("counts", TWO)
def test_more_features_only_move_on_through_the_regimes(counts, monkeypatch):
    # Of no regime, and most of the time: the separation from which on rows are separable.
    monkeypatch.setattr(module, "_separable_from", lambda *_: None)
    order = [
        advise(counts, features=d).regime.name for d in np.unique(np.geomspace(1, 9000, 60) // 1)
    ]
    places = [module.REGIMES.index(name) for name in map(str, order)]
    assert places == sorted(places)
    assert {places[0], places[-1]} == {0, 3}


@pytest.mark.parametrize("separation", [0.0, 1.0, 2.5])
@pytest.mark.parametrize("counts", TWO)
def test_fits_are_lost_exactly_at_their_thresholds(counts, separation):
    n, m = sum(counts), min(counts)
    shares = {"class-weights": np.array(counts) / n, "undersample": [0.5, 0.5]}
    for name, total in (("class-weights", n), ("undersample", 2 * m)):
        threshold = proportional.separability_threshold(shares[name], separation)
        d = math.floor(total / threshold)  # the last number of features with a fit
        for features, separable in ((d, False), (d + 1, True)):
            found = module.regime(np.array(counts), features, separation, {}, None)
            assert found.fits[name].separable == separable
            assert found.fits[name].threshold == threshold
            assert (found.name == "all-separable") == found.fits["class-weights"].separable


@pytest.mark.parametrize(("counts", "d"), [([50, 450], 20), ([100, 150], 60), ([30, 3000], 20)])
def test_where_rows_can_be_separated_from_is_where_the_threshold_is_the_load(counts, d):
    shares = np.array(counts) / sum(counts)
    fits = advise(counts, features=d).regime.fits["class-weights"]
    at = proportional.separability_threshold(shares, fits.separable_from)
    assert at == pytest.approx(fits.load, rel=0.01)


@pytest.mark.parametrize("separation", [0.5, 1.0, 2.0, 3.0])
@pytest.mark.parametrize("ratio", [1.5, 4, 100])
def test_intercepts_cost_all_of_the_advantage_exactly_at_the_flip(ratio, separation):
    counts = np.array([1000, int(1000 * ratio)])
    per_feature = 1 / 1000 - 1 / counts[1]
    d = math.floor(proportional.flip_boundary(separation, ratio) / per_feature)
    for features, flipped in ((d, False), (d + 1, True)):
        found = module.regime(counts, features, separation, {}, None)
        gain = proportional.strong_ridge(counts, features, separation).gain
        assert (found.taken_back > 1) == (found.delta > found.flip) == (gain > 0) == flipped
        assert found.taken_back == pytest.approx(1, abs=0.01)


def test_first_order_ends_where_intercepts_cost_a_tenth():
    names = {}
    for d in range(1, 31):
        found = advise([50, 450], features=d, separation=None).regime
        assert not found.fits["class-weights"].separable
        if not found.fits["undersample"].separable:
            assert (found.name == "first-order") == (found.taken_back <= 0.1)
        names.setdefault(found.name, d)
    assert names["first-order"] == 1


def test_far_below_the_thresholds_exact_and_first_order_ratios_agree():
    gaps = []
    for n in (1, 10, 100):
        counts = [50 * n, 450 * n]
        found = advise(counts, features=4).regime
        gaps.append(abs(found.excess_ratio / advise(counts).variance_ratio["undersample"] - 1))
    assert gaps[2] < gaps[1] < gaps[0] < 0.05
    assert gaps[2] < 1e-3


def test_a_regime_is_that_of_data_of_its_classes():
    rng = np.random.default_rng(4)
    for d, name in ((60, "undersample-separable"), (240, "all-separable"), (12, "first-order")):
        counts = np.array([60, 540])
        found = advise(counts, features=d, separation=1.0).regime
        assert found.name == name
        X, y = populations.symmetric(2, d, 1.0).sample(counts, rng)
        kept = np.concatenate([np.flatnonzero(y == k)[:60] for k in (0, 1)])
        for fits, rows in (("class-weights", slice(None)), ("undersample", kept)):
            exists = existence.verdict(X[rows], y[rows]) == "exists"
            assert exists != found.fits[fits].separable


def test_equal_counts_have_nothing_to_take_back():
    found = advise([80, 80], features=5).regime
    assert (found.delta, found.flip, found.taken_back) == (0, None, 0)
    assert found.excess_ratio == pytest.approx(1, rel=1e-9)
    assert found.name == "first-order"
    assert "advantage" not in prose([80, 80], features=5)
    assert "Do Nothing" in prose([80, 80], features=500)


# more classes


def test_delta_of_two_classes_is_that_of_the_flip():
    assert advise([50, 450], features=90).regime.delta == pytest.approx(90 * (1 / 50 - 1 / 450))
    others = np.array([23, 44, 14, 19, 31])
    assert advise(ASKED, features=9).regime.delta == pytest.approx(9 / 5 - (9 / others).mean())


def test_of_more_classes_counts_decide_only_what_is_certain():
    for d, name, kept in ((20, None, None), (29, None, True), (135, "all-separable", True)):
        found = advise(ASKED, features=d).regime
        assert (found.name, found.fits["undersample"].separable) == (name, kept)
        assert (found.separation, found.predicted, found.flip) == (None, None, None)
    assert "give --separation too" in prose(ASKED, features=20)


def test_of_more_classes_a_simulation_says_whether_there_is_a_fit():
    advice = advise([60, 200, 90], features=50, separation=2, ridge=0.1)
    for name, fits in advice.regime.fits.items():
        assert fits.separable == (advice.gaussian.no_mle[name].value > 0.5)
    assert advice.regime.name == "undersample-separable"
    few = advise([600, 2000, 900], features=3, separation=1, ridge=[0.1, 1])
    assert few.regime.name == "first-order"
    assert few.regime.taken_back == few.regime.predicted.taken_back <= 0.1


# the table


@pytest.mark.parametrize(
    ("counts", "d", "s", "tau"),
    [
        ([50, 450], 200, 2.0, None),
        ([50, 450], 200, 2.0, [0.3, 0.7]),
        ([60, 20, 10], 40, 2.0, None),
    ],
)
def test_errors_are_those_of_the_equations(counts, d, s, tau):
    table = advise(counts, features=d, separation=s, ridge=0.2, target_prior=tau).regime.predicted
    mixture = proportional.Mixture.of(populations.symmetric(len(counts), d, s))
    prior = None if tau is None else tuple(tau)
    full = proportional.solve(mixture, counts, d, ClassWeight(prior=prior), ridge=0.2)
    plain = proportional.solve(mixture, counts, d, Unweighted(), ridge=0.2)
    bags = Bagging(Undersample(prior=prior), 10)
    ten = proportional.solve(mixture, counts, d, bags, ridge=0.2)
    K = len(counts)
    natural = np.array(counts) / sum(counts)
    shift = prior_shift(np.zeros(K), natural, np.full(K, 1 / K) if tau is None else np.array(tau))
    logits = full.average(1, prior)
    expected = {
        "class-weights": logits.balanced_error(),
        BEST_THRESHOLD: logits.balanced_error(logits.best_offset()),
        "under-bagging-10": ten.average(10, prior).balanced_error(),
        "under-bagging-many": ten.average(np.inf, prior).balanced_error(),
        "unweighted+prior": plain.average(1, prior).balanced_error(shift),
    }
    assert table.ridges == (0.2,)
    for name, error in expected.items():
        assert table.errors[name][0] == pytest.approx(error, abs=2e-5)


@pytest.mark.parametrize(
    ("counts", "d", "s"),
    [([50, 450], 200, 2), ([50, 450], 5, 1), ([20, 400], 60, 3), ([30, 60, 90], 40, 2)],
)
def test_laws_of_the_table(counts, d, s):
    table = advise(counts, features=d, separation=s).regime.predicted
    errors = {name: np.array(values, dtype=float) for name, values in table.errors.items()}
    attained = [name for name in errors if name != BEST_THRESHOLD]
    assert table.recommended in attained
    assert table.best(table.recommended) <= min(map(table.best, attained)) + 1e-5
    # No offset beats the best one, averaging only helps, one undersample never has the best fit.
    best, slack = errors[BEST_THRESHOLD], 1e-5
    assert (best <= errors["class-weights"] + slack).all()
    assert (best <= errors["class-weights+loo"] + slack).all()
    assert (best <= errors["undersample"] + slack).all()
    bagged = [errors["under-bagging-many"], errors["under-bagging-10"]]
    assert (bagged[0] <= bagged[1] + slack).all()
    assert (bagged[1] <= errors["undersample"] + slack).all()
    if len(counts) == 2:
        assert errors["class-weights+loo"] == pytest.approx(best, abs=1e-7)


def test_a_strong_ridge_is_the_closed_form():
    counts, d, s = [40, 300], 90, 1.5
    errors = advise(counts, features=d, separation=s, ridge=1e4).regime.predicted.errors
    limit = proportional.strong_ridge(counts, d, s)
    for name, error in (
        ("class-weights", limit.weighted),
        ("undersample", limit.undersampled),
        (BEST_THRESHOLD, limit.threshold),
        ("under-bagging-many", limit.threshold),
    ):
        assert errors[name][0] == pytest.approx(error.mean(), abs=1e-4)


def test_the_order_of_classes_and_of_ridges_does_not_matter():
    one = advise([50, 450], features=90, separation=2, ridge=[1, 0.1, 1]).regime
    other = advise([450, 50], features=90, separation=2, ridge=[0.1, 1]).regime
    assert one.predicted.ridges == other.predicted.ridges == (0.1, 1.0)
    assert one.name == other.name
    for name, here in one.fits.items():
        there = other.fits[name]
        assert (here.load, here.separable) == (there.load, there.separable)
        # A minimum, to the square of what its place is known to; a root, to 1e-3 from either side.
        assert here.threshold == pytest.approx(there.threshold, rel=1e-9)
        assert here.separable_from == pytest.approx(there.separable_from, abs=2e-3)
    for name, values in one.predicted.errors.items():
        assert values == pytest.approx(other.predicted.errors[name], abs=1e-9)


def test_classes_that_hardly_differ_have_no_ratio_of_excesses():
    found = advise([3601, 3079], features=4, separation=1e-300, ridge=[1.0])
    assert found.regime.excess_ratio is None
    assert "times the excess error" not in found.text()


def test_a_singular_equation_leaves_an_error_open(monkeypatch):
    def singular(*_, **__):
        raise np.linalg.LinAlgError("Singular matrix")

    monkeypatch.setattr(populations.Logits, "calibration", singular)
    table = advise([50, 450], features=20, separation=2, ridge=0.1).regime.predicted
    open_ = {name for name, values in table.errors.items() if values == (None,)}
    assert {"class-weights+loo", "unweighted+loo"} <= open_
    assert "class-weights" not in open_


def test_further_features_are_noise():
    for K, d, s in ((2, 1, 1.0), (3, 9, 2.0), (6, 2, 1.5)):
        means = populations.symmetric(K, d, s).means
        assert equidistant(K, d, s).gram[0] == pytest.approx(means @ means.T, abs=1e-12)


def test_equations_that_are_not_solved_are_counted(monkeypatch):
    def fails(*_, **__):
        raise proportional.ConvergenceError("not solved")

    for name in ("error_table.solve", "error_table.limit_of", "matched.solve"):
        monkeypatch.setattr(f"mlbalance.advise.{name}", fails)
    advice = advise([50, 450], features=200, separation=2, ridge=0.1)
    table = advice.regime.predicted
    assert {value for values in table.errors.values() for value in values} == {None}
    assert table.recommended is None and table.matched is None
    assert "solved at none of these ridges" in " ".join(advice.text().split())
    assert json.loads(json.dumps(advice.to_dict(), allow_nan=False)) == advice.to_dict()


def test_bags_are_matched_by_least_squares_on_all_rows():
    """As many degrees of freedom and a smaller error than bags have: the theorem."""
    advice = advise([450, 50], features=200, separation=4, ridge=[0.01, 0.1])
    matched, table = advice.regime.predicted.matched, advice.regime.predicted
    assert matched.ridge == 0.01 < matched.all_rows
    fit = proportional.solve(
        proportional.Mixture.isotropic([[-2.0], [2.0]]), (450, 50), 200, Undersample(), ridge=0.01
    )
    bags = proportional.effective_ridge(fit, bags=np.inf)
    assert matched.degrees_of_freedom == pytest.approx(bags.degrees_of_freedom, rel=1e-6)
    assert matched.error < table.errors["under-bagging-many"][0]
    alone = advise([450, 50], features=200, separation=4, ridge=matched.all_rows)
    at = alone.regime.predicted.errors["discriminant+loo"][0]
    assert at == pytest.approx(matched.error, abs=1e-4)
    assert "least squares on all rows as many at ridge 4.6" in " ".join(advice.text().split())
    assert (
        advise([450, 50, 50], features=20, separation=4, ridge=0.1).regime.predicted.matched is None
    )


# words


def test_words_of_every_regime():
    first, biased = prose([50, 450], features=5), prose([50, 450], features=30, separation=1)
    under, every = prose([30, 3000], features=60), prose([50, 450], features=200)
    assert "Regime First order: 5 features are few" in first
    assert 'Do Keep all rows, each of class k weighted 1/n_k (class_weight="balanced").' in first
    assert "Regime Intercept-biased: with 30 features" in biased
    assert "Regime Undersample separable: with 60 features" in under
    assert "Regime All separable: with 200 features" in every
    for text in (biased, under, every):
        assert "first-order numbers below" in text
        assert 'correction="loo", ridge="loo")' in text
        assert "With the best threshold for each, class weights win there" in text
    assert "smaller balanced error: d (1/n_min - 1/n_maj) = 3.56 is above 3.43" in every
    assert "larger balanced error: d (1/n_min - 1/n_maj) = 0.533 is below 3.11" in biased
    assert "many features" not in every.split("Limits")[1]


def test_natural_probabilities_of_many_features_are_calibrated_too():
    assert "its probabilities are natural as they are" in prose(
        [50, 450], features=5, target="natural"
    )
    text = prose([50, 450], features=200, target="natural")
    call = re.search(r"SoftmaxClassifier\((.*?)\)\.", text)[0].rstrip(".")
    assert "temperature=True" in call
    model = eval(call, {"SoftmaxClassifier": SoftmaxClassifier, "Unweighted": Unweighted})
    X, y = populations.symmetric(2, 40, 2.0).sample([30, 200], np.random.default_rng(0))
    model.fit(X, y)
    assert model.predict_proba(X).mean(axis=0)[0] == pytest.approx(30 / 230, abs=0.03)


@pytest.mark.parametrize(("d", "s"), [(30, 1), (200, 2), (200, None)])
def test_what_is_to_be_done_can_be_done(d, s):
    call = re.search(r"SoftmaxClassifier\((.*?)\)\.", prose([50, 450], features=d, separation=s))
    model = eval(call[0].rstrip("."), {"SoftmaxClassifier": SoftmaxClassifier, **vars(schemes)})
    X, y = populations.symmetric(2, d, s or 2.0).sample([50, 450], np.random.default_rng(0))
    assert model.fit(X, y).ridge_ > 0


def test_words_of_the_table():
    advice = advise([50, 450], features=200, separation=2)
    table, text = advice.regime.predicted, " ".join(advice.text().split())
    best = 100 * table.best(table.recommended)
    assert f"Smallest: {label_of(table.recommended)}, {best:.1f} %." in text
    assert f"Class weights as they are: {100 * table.best('class-weights'):.1f} %." in text
    assert "At all of these ridges one undersample beats class weights at threshold zero" in text
    assert "little to gain" in prose([50, 450], features=20, separation=1)
    at = [f"{100 * table.errors['undersample'][r]:.1f}" for r in (2, 4, 6)]
    assert table.ridges[2::2][:3] == pytest.approx((0.01, 0.1, 1))
    assert f"undersample {' '.join(at)}" in text


def test_at_another_prior_nothing_is_said_of_balanced_error():
    text = prose([50, 450], features=200, separation=2, target_prior=[0.3, 0.7])
    assert "Error at tau on new rows" in text
    assert "balanced error" not in text.split("Effect")[0].split("Regime")[1]
    assert "beats class weights at threshold zero" not in text


@pytest.mark.parametrize(
    ("counts", "options"),
    [
        ([50, 450], {"features": 5}),
        ([50, 450], {"features": 200, "target": "natural"}),
        ([50, 450], {"features": 20_000, "separation": 2, "ridge": [1e-3, 0.0123456, 1, 1e5, 1e7]}),
        ([10, 10], {"features": 1, "separation": 0}),
        ([1, 1], {"features": 1}),
        ([2**53, 3], {"features": 7, "separation": 1}),
        ([200, 201], {"features": 3, "separation": 60}),
        (ASKED, {"features": 20}),
        (ASKED, {"features": 40}),
        ([30, 60, 90], {"features": 12, "separation": 2, "ridge": 1}),
        (list(range(20, 60)), {"features": 50}),
        ([30] * 7 + [90], {"features": 7, "separation": 2}),
    ],
)
def test_text_fits_and_is_plain(counts, options):
    advice = advise(counts, **options)
    for width in (60, 80):
        text = advice.text(width)
        assert max(map(len, text.splitlines())) <= width
        assert text.isascii()
        assert not re.search(r"\bnan\b", text)
        assert not any(sign in text for sign in ("inf ", "~", "  \n", "\n\n\n"))
        assert not re.search(r"(?<![\d.,])1 (rows|classes|features)", text)
        assert text.index("\nRegime") < text.index("\nDo")
    assert json.loads(json.dumps(advice.to_dict(), allow_nan=False)) == advice.to_dict()
    for label in advice.because:
        assert claims.get(label).label == label


# the command


def test_json_holds_the_regime(run):
    code, out, _ = run(*"50 450 --features 200 --separation 2 --json --ridge .1,.2 1".split())
    given = advise([50, 450], features=200, separation=2, ridge=[0.1, 0.2, 1])
    assert code == 0
    assert json.loads(out) == given.to_dict()
    assert json.loads(out)["regime"]["predicted"]["ridges"] == [0.1, 0.2, 1.0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("50 450 --separation 2", "separation came without features. Give both"),
        ("50 450 --ridge 1", "Errors at a ridge are predicted for given features and separation"),
        (
            "50 450 --features 5 --ridge 1",
            "Errors at a ridge are predicted for given features and separation",
        ),
        ("50 450 --features 5 --separation 2 --ridge 0", "Ridges are positive numbers"),
        ("50 450 --features 5 --separation 2 --ridge nan", "Ridges are positive numbers"),
        ("50 450 --features 5 --separation 2 --ridge x", "--ridge takes positive numbers"),
        ("50 450 --features 1e400", "Features are a whole number from 1 on"),
        ("--features 5 --separation 2 --ridge 1 50 450", "The counts come first"),
        (
            "9 9 9 9 9 9 10 --features 9 --separation 2 --ridge 1",
            "for up to 6 classes; there are 7",
        ),
    ],
)
def test_bad_input_is_one_line(run, words, message):
    code, out, err = run(*words.split())
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err


def test_advice_on_gaussian_classes_needs_a_scheme():
    with pytest.raises(InputError, match="none was given"):
        gaussian_advice(np.array([9, 20]), {}, None, 2, 1.0)


def test_counts_alone_say_nothing_of_regimes():
    advice = advise([50, 450])
    assert advice.regime is None
    assert "Regime" not in advice.text()
    assert advice.variance_ratio == advise([50, 450], features=200).variance_ratio
    assert theory.harmonic_mean([50, 450]) == advise([50, 450], features=9).harmonic_mean


def test_bags_whose_overlap_was_not_solved_have_no_error(monkeypatch):
    monkeypatch.setattr(proportional.binary, "overlap", lambda *_: (1.0, np.inf))
    errors = advise((450, 50), features=200, separation=2, ridge=0.1).regime.predicted.errors
    assert errors["under-bagging-10"] == (None,) == errors["under-bagging-many"]
    assert errors["undersample"] != (None,)
