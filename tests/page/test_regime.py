"""The regime of two classes from closed forms, and the maps, against the package."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import ndtr
from sympy import lambdify

from mlbalance.advise import regime as advised
from mlbalance.advise.error_table import BEST_THRESHOLD, predict_errors
from mlbalance.advise.regime_limits import refuse_features
from mlbalance.inputs import InputError
from mlbalance.page import formulas, maps, regime
from mlbalance.theory.proportional import separability_threshold


def python(formula):
    """A closed form without indices as a quick function."""
    return lambdify(list(formula.letters), formula.expression, "math")


NAMES = (
    *("shortfall", "ridge_minority", "ridge_majority", "ridge_best", "ridge_undersampled"),
    *("effective_ridge", "signal_to_noise"),
)
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


@pytest.mark.parametrize("grid", maps.GRIDS, ids=lambda grid: f"{grid.classes} classes")
def test_maps_hold_what_the_equations_give(grid):
    points = maps.points(maps.ENDS, grid.sizes)
    i = int(np.random.default_rng(grid.classes).integers(len(points)))
    load, ratio, separation = points[i]
    read = regime.mapped(F, MAPS, grid.classes, math.exp(load), math.exp(ratio), separation)
    for name, errors in maps.errors_at(grid.classes, *points[i], grid.ridges).items():
        assert read[name][:-1] == pytest.approx(errors, abs=1e-4), (name, points[i])


def test_between_the_points_errors_are_within_the_tolerance():
    rng = np.random.default_rng(8)
    for _ in range(3):
        at = [rng.uniform(low, high) for low, high in maps.ENDS]
        read = regime.mapped(F, MAPS, 2, math.exp(at[0]), math.exp(at[1]), at[2])
        for name, errors in maps.errors_at(2, *at, maps.GRIDS[0].ridges).items():
            assert read[name][:-1] == pytest.approx(errors, abs=maps.TOLERANCE["two"]), (name, at)
            assert read[name][-1] == min(read[name][:-1])


@pytest.mark.parametrize(
    ("counts", "features", "separation"),
    [
        ((40, 90, 400), 60, 1.5),
        ((50, 60, 300, 900), 30, 2.5),
        ((100, 120, 900, 400, 130), 300, 3.0),
    ],
)
def test_errors_of_more_classes_are_within_the_tolerance(counts, features, separation):
    """At the best ridge: of the classes as they are, where the map has others that are alike."""
    ratio = regime.ratio_of_others(counts)
    read = regime.mapped(F, MAPS, len(counts), min(counts) / features, ratio, separation)
    table = predict_errors(np.array(counts), features, separation, None, maps.GRIDS[1].ridges)
    assert set(read) == set(table.errors) - {BEST_THRESHOLD}
    for name, row in read.items():
        assert row[-1] == pytest.approx(table.best(name), abs=maps.TOLERANCE["more"]), name


@pytest.mark.parametrize(("counts", "features"), [((20, 400), 30), ((30, 200), 200)])
def test_errors_of_the_discriminant_are_in_closed_form(counts, features):
    ridges = maps.GRIDS[0].ridges
    read = regime.mapped(F, MAPS, 2, counts[0] / features, counts[1] / counts[0], 2.0)
    table = predict_errors(np.array(counts), features, 2.0, None, ridges)
    pairs = list(zip(read["discriminant+loo"], table.errors["discriminant+loo"], strict=False))
    assert sum(solved is not None for _, solved in pairs) >= 3
    for ours, theirs in pairs:
        assert theirs is None or ours == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize(
    ("counts", "features", "separation"), [((900, 100), 5, 2.0), ((60, 300), 20, 1.3)]
)
def test_the_excess_ratio_is_within_the_tolerance(counts, features, separation):
    ours = regime.regime(F, MAPS, counts, features, separation, (None, None))["excess_ratio"]
    theirs = advised.regime(np.array(counts), features, separation, {}, None).excess_ratio
    assert ours == pytest.approx(theirs, rel=maps.TOLERANCE["excess"])


def test_no_excess_ratio_where_there_is_no_fit_or_no_map():
    for counts, features, separation in (((30, 900), 40, 2.0), ((900, 1000), 5, 5.0)):
        told = regime.regime(F, MAPS, counts, features, separation, (None, None))
        assert told["excess_ratio"] is None


def test_the_method_named_is_as_good_as_the_one_that_advice_names():
    counts, features, separation = (20, 400), 30, 2.0
    named = regime.regime(F, MAPS, counts, features, separation, (None, None))["predicted"]
    table = predict_errors(np.array(counts), features, separation, None, None)
    assert table.best(named["recommended"]) <= table.best(table.recommended) + maps.TOLERANCE["two"]


def test_beyond_the_maps_there_is_no_error():
    for classes, load, ratio, separation in (
        *((2, 0.01, 2.0, 2.0), (2, 1.0, 1000.0, 2.0)),
        *((2, 1.0, 2.0, 5.0), (7, 1.0, 2.0, 2.0)),
    ):
        assert regime.mapped(F, MAPS, classes, load, ratio, separation) is None


def test_others_that_are_alike_are_as_many_as_they_are():
    assert regime.ratio_of_others((5, 40)) == pytest.approx(8.0)
    assert regime.ratio_of_others((5, 20, 20, 20)) == pytest.approx(4.0)
    assert regime.ratio_of_others((7, 7, 7)) == pytest.approx(1.0)


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
