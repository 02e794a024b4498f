"""The regime of two classes from closed forms, and the maps, against the package."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import ndtr
from sympy import lambdify

from mlbalance.advise import regime as advised
from mlbalance.advise.error_table import predict_errors
from mlbalance.advise.regime_limits import refuse_features
from mlbalance.inputs import InputError
from mlbalance.page import formulas, maps, regime
from mlbalance.theory.proportional import separability_threshold


def python(formula):
    """A closed form without indices as a quick function."""
    return lambdify(list(formula.letters), formula.expression, "math")


NAMES = ("shortfall", "ridge_minority", "ridge_majority", "ridge_best", "ridge_undersampled")
F = SimpleNamespace(erfc=math.erfc, **{n: python(formulas.formulas()[n]) for n in NAMES})
MAPS = SimpleNamespace(**maps.read(), cdf=lambda x: float(ndtr(x)))


@pytest.mark.parametrize(
    ("counts", "features", "separation"),
    [((20, 400), 30, 2.0), ((9900, 100), 10, 1.0), ((8, 8), 3, 3.0), ((30, 3000), 100, 2.0)],
)
def test_the_regime_is_that_of_advice(counts, features, separation):
    ours = regime.regime(F, MAPS, counts, features, separation, (None, None))
    theirs = advised.regime(np.array(counts), features, separation, {}, None)
    assert ours["name"] == theirs.name
    assert ours["delta"] == pytest.approx(theirs.delta, rel=1e-12)
    assert ours["flip"] == (theirs.flip and pytest.approx(theirs.flip, rel=1e-8))
    assert ours["taken_back"] == pytest.approx(theirs.taken_back, rel=1e-6, abs=1e-6)
    for name, fits in theirs.fits.items():
        found = ours["fits"][name]
        assert found["threshold"] == pytest.approx(fits.threshold, rel=1e-9)
        assert (found["load"], found["separable"]) == (fits.load, fits.separable)


@pytest.mark.parametrize(("share", "separation"), [(0.5, 0.0), (0.01, 1.0), (0.2, 6.0)])
def test_thresholds(share, separation):
    theirs = separability_threshold([share, 1 - share], separation)
    assert regime.threshold(F, share, separation) == pytest.approx(theirs, rel=1e-9)


def test_more_classes_are_decided_by_simulation():
    for chances, name in (((0.0, 0.9), "undersample-separable"), ((1.0, 1.0), "all-separable")):
        assert regime.regime(F, MAPS, (5, 9, 9), 3, 2.0, chances)["name"] == name
    assert regime.regime(F, MAPS, (5, 9, 9), 3, None, (None, None))["name"] is None
    assert regime.regime(F, MAPS, (5, 9, 9), 30, None, (None, None))["name"] == "all-separable"


def test_maps_hold_what_the_equations_give():
    points, found = maps.points(), maps.read()
    rng = np.random.default_rng(2)
    for i in rng.choice(len(points), 2, replace=False):
        for name, errors in maps.errors_at(*points[i]).items():
            L = len(errors)
            kept = ndtr(np.array(found["quantiles"][name][L * i : L * (i + 1)]) / found["unit"])
            assert kept == pytest.approx(errors, abs=5e-5), (name, points[i])


def test_between_the_points_errors_are_within_the_tolerance():
    rng = np.random.default_rng(8)
    for _ in range(3):
        at = [rng.uniform(low, high) for _, low, high, _ in maps.AXES]
        read = regime.mapped(MAPS, math.exp(at[0]), math.exp(at[1]), at[2])
        for name, errors in maps.errors_at(*at).items():
            assert read[name][:-1] == pytest.approx(errors, abs=maps.TOLERANCE), (name, at)
            assert read[name][-1] == min(read[name][:-1])


def test_the_method_named_is_as_good_as_the_one_that_advice_names():
    counts, features, separation = (20, 400), 30, 2.0
    named = regime.regime(F, MAPS, counts, features, separation, (None, None))["predicted"]
    table = predict_errors(np.array(counts), features, separation, None, None)
    assert table.best(named["recommended"]) <= table.best(table.recommended) + maps.TOLERANCE


def test_beyond_the_maps_there_is_no_error():
    assert regime.mapped(MAPS, 0.01, 2.0, 2.0) is None
    assert regime.mapped(MAPS, 1.0, 1000.0, 2.0) is None
    assert regime.mapped(MAPS, 1.0, 2.0, 5.0) is None


@pytest.mark.parametrize("features", [0, 2.5, -1, float("inf"), float("nan")])
def test_options_are_refused_in_the_words_of_advice(features):
    with pytest.raises(InputError) as ours:
        refuse_features(features, 2.0)
    with pytest.raises(InputError) as theirs:
        advised.check_features(features, 2.0)
    assert str(ours.value) == str(theirs.value)


def test_separations_are_refused_in_the_words_of_advice():
    for separation in (-1.0, 71.0):
        with pytest.raises(InputError) as ours:
            refuse_features(3, separation)
        with pytest.raises(InputError) as theirs:
            advised.check_features(3, separation)
        assert str(ours.value) == str(theirs.value)
