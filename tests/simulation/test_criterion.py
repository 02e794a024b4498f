"""The rule by which studies agree with predictions: its rate of false alarms, and its power."""

import math

import numpy as np
import pytest
from scipy import stats

from mlbalance.inputs import InputError
from mlbalance.simulation import (
    Comparison,
    Contrast,
    Criterion,
    Key,
    Row,
    Summary,
    Term,
    compare,
    compare_share,
    verdict,
)

KEY = Key("cell", "method", 0.0, "mean", "error")


def row(value, error, replications=10_000, key=KEY, failures=0):
    cell, *rest = key
    return Row(cell, {}, *rest, value, error, replications, failures)


SHARE = row(0.5, 0.05)


def numbers(z, cells):
    """Comparisons with given z (n,), cell by cell."""
    return [
        Comparison(row(1.0, 0.1, key=KEY._replace(cell=str(c))), 1.0, 1.0, 0.1, float(one))
        for one, c in zip(z, cells, strict=True)
    ]


def agree(z, cells, level):
    return verdict(numbers(z, cells), Criterion(level)).agrees


# The joint verdict


@pytest.mark.parametrize("correlation", [0.0, 0.6, 1.0])
def test_true_predictions_are_refused_at_no_more_than_the_level(correlation):
    """Numbers of a cell, however they depend on one another; a level at which it can be counted."""
    rng, level, runs = np.random.default_rng(0), 0.1, 2000
    cells = np.repeat(range(12), 8)
    shared = rng.standard_normal((runs, 12)).repeat(8, axis=1)
    z = math.sqrt(correlation) * shared
    z = z + math.sqrt(1 - correlation) * rng.standard_normal((runs, 96))
    refused = sum(not agree(one, cells, level) for one in z)
    assert refused <= runs * level + 4 * math.sqrt(runs * level)
    if correlation == 1.0:  # what the band is made for: half of the level is that of the band
        assert refused > runs * level / 4


def test_independent_numbers_are_refused_at_the_level():
    rng, level, runs = np.random.default_rng(1), 0.1, 2000
    z = rng.standard_normal((runs, 60))
    refused = sum(not agree(one, range(60), level) for one in z)
    assert abs(refused - runs * level) <= 4 * math.sqrt(runs * level) + 0.1 * runs * level


@pytest.mark.parametrize(("bias", "cells"), [(1.2, 100), (2.5, 12)])
def test_a_bias_common_to_all_is_seen_though_no_number_shows_it(bias, cells):
    rng, seen, alone = np.random.default_rng(2), 0, 0
    for _ in range(100):
        one = verdict(numbers(bias + rng.standard_normal(cells), range(cells)), Criterion(0.001))
        seen += not one.agrees
        alone += one.largest > one.critical
    assert seen > 90 and alone < 60


def test_one_number_far_off_is_seen_among_many_and_errors_that_are_too_large_as_well():
    z = np.random.default_rng(3).standard_normal(400)
    assert agree(z, range(400), 0.001)
    assert not agree(np.append(z, 6.0), range(401), 0.001)
    assert not agree(z / 2, range(400), 0.001)


def test_critical_values_are_those_of_sidak_and_of_chi_square():
    criterion = Criterion(0.01)
    assert criterion.critical(1) == pytest.approx(stats.norm.isf(0.0025))
    each = 1 - (1 - 0.005) ** (1 / 50)
    assert criterion.critical(50) == pytest.approx(stats.norm.isf(each / 2))
    each = 1 - (1 - 0.01) ** (1 / 50)
    assert criterion.critical(50, sides=1) == pytest.approx(stats.norm.isf(each))
    # Two cells of three numbers and one of one: 49 / 19 of them are independent.
    low, high = criterion.band(["a"] * 3 + ["b"] * 3 + ["c"])
    freedom = 49 / 19
    assert low**2 * freedom == pytest.approx(stats.chi2.ppf(0.0025, freedom))
    assert high**2 * freedom == pytest.approx(stats.chi2.isf(0.0025, freedom))


@pytest.mark.parametrize(
    "one",
    [
        compare(row(np.nan, np.nan), 1.0),
        compare(row(1.0, np.nan), 1.0),
        compare(row(1.0, 0.1), np.nan),
        compare(row(1.0, 0.1), 1.0, own_error=np.nan),
        compare(row(1.1, 0.0), 1.0),
        compare(row(-1.0, 0.1), 1.0, log=True),
        compare(row(1.0, 0.1, replications=1), 1.0),
        compare_share(SHARE, np.nan, 3, 10),
        compare_share(SHARE, 1.0, 9, 10),
    ],
)
def test_what_is_missing_or_has_no_error_never_agrees(one):
    assert not verdict([one, *numbers([0.1], ["a"])], Criterion()).agrees


def test_no_numbers_do_not_agree():
    assert not verdict([], Criterion()).agrees


@pytest.mark.parametrize("level", [0.0, 1.0, -1, np.nan])
def test_a_level_is_a_probability(level):
    with pytest.raises(InputError, match="lies between 0 and 1"):
        Criterion(level)


# One number


@pytest.mark.parametrize("replications", [5, 40, 1000])
@pytest.mark.parametrize("t", [0.5, 3.0, 8.0])
def test_few_replicates_have_the_normal_deviate_of_student(replications, t):
    found = compare(row(2.0 - 0.1 * t, 0.1, replications), 2.0).z
    exact = stats.norm.isf(stats.t.sf(t, replications - 1))
    assert found == pytest.approx(-exact, abs=0.06 if replications == 5 else 0.01)


def test_errors_of_both_count_and_logarithms_are_relative():
    one = compare(row(2.5, 0.3), 2.0, own_error=0.4)
    assert one.error == pytest.approx(0.5) and one.z == pytest.approx(1.0, rel=1e-3)
    one = compare(row(2.0, 0.1), 2.0, observed=(4.0, 0.4), log=True)
    assert one.z == pytest.approx(math.log(2) / 0.1, rel=1e-2)


def test_shares_have_the_deviate_of_the_binomial():
    mid = stats.binom.sf(60, 100, 0.5) + stats.binom.pmf(60, 100, 0.5) / 2
    assert compare_share(SHARE, 0.5, 60, 100).z == pytest.approx(stats.norm.isf(mid))
    assert compare_share(SHARE, 0.5, 40, 100).z == pytest.approx(-stats.norm.isf(mid))
    assert compare_share(SHARE, 1e-6, 0, 100).z == pytest.approx(0, abs=0.01)
    assert compare_share(SHARE, 1e-6, 1, 100).z > 3.5
    both = compare_share(SHARE, 0.5, 60, 100, own_error=0.05)
    assert both.z == pytest.approx(0.1 / math.hypot(0.05, 0.049), rel=0.01)


def test_next_to_certain_shares_count_in_the_largest_only():
    certain = [compare_share(SHARE, 1.0, 100, 100)] * 50
    z = numbers(np.random.default_rng(4).standard_normal(50), range(50))
    one = verdict(z + certain, Criterion())
    assert one.agrees and one.rms == verdict(z, Criterion()).rms and one.numbers == 100
    assert not verdict([*z, compare_share(SHARE, 1e-9, 2, 100)], Criterion()).agrees


# Contrasts


def test_a_contrast_is_shown_denied_or_neither():
    more = Contrast("It is more.", (Term(1.0, *KEY),), constant=-1.0)
    for value, shown, denied in ((2.0, 1, ()), (1.1, 0, ()), (0.0, 0, ("It is more.",))):
        found = verdict([], Criterion(), contrasts=[more], rows=Summary([row(value, 0.1)]))
        assert (found.contrasts, found.shown, found.contradicted) == (1, shown, denied)


def test_a_contrast_of_a_number_that_is_missing_is_not_shown_and_of_no_cell_not_asked():
    more = Contrast("It is more.", (Term(1.0, *KEY),))
    other = row(9.0, 0.1, key=KEY._replace(metric="median"))
    another = row(9.0, 0.1, key=KEY._replace(estimand="log-loss"))
    for rows, asked in (
        ([row(np.nan, 0.1)], 1),
        ([row(3.0, np.nan)], 1),
        ([other, another], 1),
        ([], 0),
    ):
        found = verdict([], Criterion(), contrasts=[more], rows=Summary(rows))
        assert (found.contrasts, found.shown, found.contradicted) == (asked, 0, ())


def test_errors_of_one_cell_are_added_and_of_two_squared():
    one, other = Key("a", "m", 0.0, "mean", "w"), Key("b", "m", 0.0, "mean", "w")
    again = Key("a", "n", 0.0, "mean", "w")
    rows = Summary([row(10.0, 3.0, key=one), row(0.0, 2.0, key=other), row(0.0, 1.0, key=again)])
    apart = Contrast("", (Term(1.0, *one), Term(-2.0, *other)))
    assert apart.z(rows) == pytest.approx(10 / 5, rel=1e-3)
    same = Contrast("", (Term(1.0, *one), Term(-2.0, *again)))
    assert same.z(rows) == pytest.approx(10 / 5, rel=1e-3)
    assert math.isnan(Contrast("", (Term(1.0, "c", "m", 0.0, "mean", "w"),)).z(rows))


def test_many_contrasts_that_are_not_so_are_seldom_shown():
    rng = np.random.default_rng(5)
    keys = [KEY._replace(cell=f"cell {i}") for i in range(50)]
    contrasts = [Contrast("", (Term(1.0, *key),)) for key in keys]
    shown = 0
    for _ in range(400):
        rows = Summary(row(rng.standard_normal(), 1.0, key=key) for key in keys)
        shown += verdict([], Criterion(0.1), contrasts=contrasts, rows=rows).shown > 0
    assert shown <= 40 + 4 * math.sqrt(40)


def test_a_term_names_the_row_whose_key_it_has():
    rows = Summary([row(1.0, 0.1), Row("c", {}, "m", 0.1, "P(no estimate)", "", 0.5, 0.1, 4, 2)])
    assert [rows[Term(2.0, *key).key].key for key in rows] == list(rows)
    assert Term(1.0, "c", "m", 0.1, "P(no estimate)").key in rows
