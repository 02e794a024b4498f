"""Sources: fresh rows of a population, and splits of a data set that keep to their rules."""

from functools import partial

import numpy as np
import pytest

from mlbalance.inputs import CountsError, DataError, InputError
from mlbalance.populations import symmetric
from mlbalance.simulation import Fresh, Sampled, Split, stream

STREAMS = partial(stream, 3, "cell")
COUNTS = np.array([11, 5, 24])


@pytest.fixture
def rows():
    """Rows in no order, features of very different scale, one of them constant."""
    rng = np.random.default_rng(1)
    y = rng.permutation(np.repeat(np.arange(3), COUNTS))
    X = rng.normal(size=(y.size, 4)) * [1.0, 1e4, 1e-3, 0.0] + [0.0, 50.0, 7.0, 2.0]
    return X, y


@pytest.fixture(params=[2, 3, 5])
def split(request, rows):
    return Split(*rows, folds=request.param)


def left_out(split, number):
    return np.setdiff1d(np.arange(split.y.size), split.replicate(number, STREAMS).rows)


# Splits


def test_the_folds_of_a_repeat_partition_the_rows(split):
    for repeat in range(3):
        numbers = range(repeat * split.folds, (repeat + 1) * split.folds)
        out = np.concatenate([left_out(split, number) for number in numbers])
        assert np.array_equal(np.sort(out), np.arange(split.y.size))


def test_folds_are_stratified_and_of_equal_size(split):
    sizes = []
    for number in range(2 * split.folds):
        out = left_out(split, number)
        sizes.append(out.size)
        assert (np.abs(np.bincount(split.y[out], minlength=3) - COUNTS / split.folds) < 1).all()
    assert max(sizes) - min(sizes) <= 1


def test_repeats_are_split_anew(split):
    ways = {tuple(left_out(split, repeat * split.folds)) for repeat in range(10)}
    assert len(ways) == 10


def test_every_row_is_left_out_as_often_as_any_other_of_its_class(rows):
    """Over 300 repeats, the first fold leaves each row out with chance (share of its class)."""
    split, repeats = Split(*rows, folds=3), 300
    out = np.zeros(rows[1].size)
    for repeat in range(repeats):
        out[left_out(split, repeat * 3)] += 1
    for k in range(3):
        own = out[split.y == k]
        chance = own.mean() / repeats
        z = (own / repeats - chance) / np.sqrt(chance * (1 - chance) / repeats)
        assert abs(chance - 1 / 3) < 0.1 and np.abs(z).max() <= 4


def test_features_are_standardised_by_the_training_rows(split):
    found = split.replicate(1, STREAMS)
    train = found.X[found.rows]
    np.testing.assert_allclose(train.mean(axis=0), 0, atol=1e-11)
    np.testing.assert_allclose(train[:, :3].std(axis=0), 1, rtol=1e-12)
    assert (found.X[:, 3] == 0).all()


def test_rows_left_out_do_not_move_the_training_rows(rows):
    X, y = rows
    before = Split(X, y, folds=3)
    out = left_out(before, 1)
    shifted = X.copy()
    shifted[out] += 1e6
    one, other = (s.replicate(1, STREAMS) for s in (before, Split(shifted, y, folds=3)))
    assert np.array_equal(one.rows, other.rows)
    assert np.array_equal(one.X[one.rows], other.X[other.rows])
    assert not np.array_equal(one.X[out], other.X[out])


def test_a_method_is_judged_on_the_rows_left_out_as_its_training_rows_see_them(split):
    for number in range(split.folds):
        found, test = split.replicate(number, STREAMS), split.test(number, STREAMS)
        out = left_out(split, number)
        assert np.array_equal(test.y, split.y[out]) and np.array_equal(test.X, found.X[out])


def test_judgement_weights_sum_to_one_and_balance_the_classes(split):
    for number in range(split.folds):
        test = split.test(number, STREAMS)
        assert test.weights.sum() == pytest.approx(1, abs=1e-14)
        np.testing.assert_allclose(np.bincount(test.y, test.weights), 1 / 3, rtol=1e-14)
        for k in range(3):
            assert np.ptp(test.weights[test.y == k]) == 0


def test_splits_share_rows_and_say_so(split):
    assert split.dependence == 1 / (split.folds - 1) and not split.truth


def test_lists_and_whole_floats_are_taken_as_data(rows):
    X, y = rows
    plain, given = Split(X, y, folds=3), Split(X.tolist(), y.astype(float).tolist(), folds=3)
    assert np.array_equal(plain.test(1, STREAMS).X, given.test(1, STREAMS).X)
    assert np.array_equal(plain.y, given.y) and given.y.dtype == int


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"folds": 6}, InputError, "need 2 to 5 of them, the smallest class having 5 rows; 6 were"),
        ({"folds": 1}, InputError, "1 were given"),
        ({"X": np.zeros((3, 1))}, DataError, "same number of rows"),
        ({"X": np.full((40, 1), np.nan)}, DataError, "must be finite"),
        ({"y": np.repeat([0, 2], 20)}, CountsError, "every class present"),
    ],
)
def test_a_split_that_cannot_be_is_refused(rows, arguments, error, message):
    with pytest.raises(error, match=message):
        Split(**{"X": rows[0], "y": rows[1], **arguments})


def test_a_class_of_one_row_cannot_be_split():
    with pytest.raises(InputError, match="at least two rows of every class; the smallest has 1"):
        Split(np.zeros((5, 1)), np.array([0, 0, 0, 0, 1]), folds=2)


# Samples


def test_a_sample_is_fresh_and_has_its_counts():
    source = Sampled(symmetric(3, 2, 1.0), tuple(COUNTS.tolist()), test_size=16)
    first, again, second = (source.replicate(number, STREAMS) for number in (0, 0, 1))
    assert np.array_equal(first.X, again.X) and not np.isin(first.X, second.X).any()
    assert np.array_equal(np.bincount(first.y), COUNTS) and first.y.size == len(first.X)
    assert np.array_equal(first.rows, np.arange(first.y.size)) and source.n_classes == 3


def test_labels_drawn_at_random_have_the_shares_and_classes_may_be_absent():
    source = Sampled(symmetric(3, 2, 1.0), (60, 2, 38), random=True, test_size=16)
    drawn = [source.replicate(number, STREAMS) for number in range(300)]
    counts = np.array([np.bincount(one.y, minlength=3) for one in drawn])
    assert (counts.sum(axis=1) == 100).all() and (counts[:, 1] == 0).any()
    error = np.sqrt(100 * 0.02 * 0.98 / 300)
    assert abs(counts[:, 1].mean() - 2) < 4 * error
    for one in drawn[:20]:
        assert one.X.shape == (100, 2) and (np.diff(one.y) >= 0).all()


@pytest.mark.parametrize(("target", "random"), [("balanced", False), ("natural", True)])
def test_fresh_test_rows_are_new_and_have_their_target(target, random):
    source = Fresh(symmetric(3, 2, 1.0), (60, 2, 38), random, 3000, target)
    one, two = source.test(0, STREAMS), source.test(1, STREAMS)
    assert len(one.y) == 3000 and one.weights.sum() == pytest.approx(1)
    assert not np.isin(one.X, two.X).any() and np.ptp(one.weights) == 0
    counts = np.bincount(one.y)
    if target == "balanced":
        assert counts.tolist() == [1000, 1000, 1000]
    else:
        assert abs(counts[1] - 60) < 4 * np.sqrt(3000 * 0.02 * 0.98)
    train = source.replicate(0, STREAMS)
    assert not np.isin(train.X, one.X).any()


def test_a_target_that_is_none_is_refused():
    with pytest.raises(InputError, match='A target is "balanced" or "natural", not \'both\''):
        Fresh(symmetric(3, 2, 1.0), (6, 2, 3), target="both")


def test_the_population_is_the_same_for_every_replicate():
    source = Sampled(symmetric(3, 2, 1.0), (3, 4, 5), test_size=16)
    one, other = source.test(0, STREAMS), source.test(7, STREAMS)
    assert source.truth and source.dependence == 0
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert len(one.y) == 48 and one.weights.sum() == pytest.approx(1, abs=1e-14)
    np.testing.assert_allclose(np.bincount(one.y, one.weights), 1 / 3, rtol=1e-14)
    np.testing.assert_allclose(
        one.weights @ one.X, source.population.means.mean(axis=0), atol=1e-14
    )
