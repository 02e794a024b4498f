"""The fuzz notices what is wrong, and its first problems are right (`make fuzz` runs the rest)."""

from dataclasses import replace

import numpy as np
import pytest

from mlbalance.softmax import STATUS
from tests.fuzz.solver import (
    BATCH,
    FAMILIES,
    Problem,
    Table,
    ViolationError,
    batch_of,
    check,
    check_batch,
    check_existence,
    check_minimiser,
    check_unfinished,
    exact_verdict,
    fitted,
    fitted_as_batch,
    outcomes,
    smallest_angle,
)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 190, 10))
def test_every_status_is_true(first):
    table = Table()
    for batch in range(first, first + 10):
        for outcome in outcomes(0, batch, rate=0.05):
            assert not outcome.violations, (
                f"python tests/fuzz/solver.py --only {outcome.number}: {outcome.violations}"
            )
            table.add(outcome)
    assert table.rows["all"]["problems"] == 10 * BATCH
    assert table.rows["all"]["max-iter"] <= 0.1 * 10 * BATCH


def test_problems_are_those_of_their_number_and_cover_every_family():
    seen = {p.family for batch in range(60) for p in batch_of(0, batch)}
    assert seen == {*FAMILIES, "mixed", "bags of one"}
    for one, again in zip(batch_of(0, 7), batch_of(0, 7), strict=True):
        np.testing.assert_array_equal(one.X, again.X)
    assert not np.array_equal(batch_of(0, 7)[0].X, batch_of(1, 7)[0].X)


# --- it notices what is wrong --------------------------------------------------------------------


def line(x, y, ridge=0.0):
    X, y = np.array(x, dtype=float)[:, None], np.array(y)
    return Problem(0, "line", X, y, np.ones(y.size), None, int(y.max()) + 1, ridge)


OVERLAPPING = line([0, 1, 2, 3, 4, 5.5], [0, 1, 0, 1, 0, 1])


@pytest.mark.parametrize(
    ("x", "y", "truth"),
    [
        ([0, 1, 2, 3], [0, 1, 0, 1], "exists"),
        ([0, 1, 2, 3], [0, 0, 1, 1], "separated"),
        ([0, 1, 1, 2], [0, 1, 0, 1], "quasi-separated"),
        ([1, 1 + 2.0**-52, 1, 2], [0, 1, 1, 1], "quasi-separated"),
        ([1, 1 + 2.0**-52, 1 - 2.0**-53, 2], [0, 0, 1, 1], "exists"),
        ([5, 5, 5], [0, 1, 0], "not identified"),
        ([1e300, 0, 1, 1e-300, -1e300, 2], [0, 0, 1, 1, 2, 2], "exists"),
    ],
)
def test_the_simplex_is_exact(x, y, truth):
    assert exact_verdict(line(x, y)) == truth


def test_a_coefficient_that_is_slightly_off_is_noticed():
    found = fitted(OVERLAPPING)
    assert 0 < check(OVERLAPPING, found) < 1
    assert check_minimiser(OVERLAPPING, found, 50) < 1e-9
    assert check_minimiser(OVERLAPPING, found, 19) < 1e-9
    for digits in (19, 50):
        with pytest.raises(ViolationError, match="a coefficient is off by"):
            check_minimiser(OVERLAPPING, replace(found, coef=found.coef * (1 + 1e-6)), digits)
    with pytest.raises(ViolationError, match="the score is"):
        check(OVERLAPPING, replace(found, coef=found.coef * (1 + 1e-6)))


def test_a_status_that_is_not_true_is_noticed():
    found = fitted(OVERLAPPING)
    with pytest.raises(ViolationError, match="no-mle with coefficients"):
        check(OVERLAPPING, replace(found, status="no-mle"))
    for status in set(STATUS) - {"converged", "max-iter", "undecided"}:
        with pytest.raises(ViolationError, match=f"{status}, but in truth exists"):
            check_existence(OVERLAPPING, status)
    with pytest.raises(ViolationError, match="converged, but in truth separated"):
        check_existence(line([0, 1, 2, 3], [0, 0, 1, 1]), "converged")
    absent = replace(OVERLAPPING, n_classes=3, ridge=1.0)
    with pytest.raises(ViolationError, match="though a class has no weight"):
        check(absent, found)


def test_an_end_of_the_iterations_is_noticed_where_doubles_resolve_the_minimiser():
    with pytest.raises(ViolationError, match="max-iter, but doubles resolve the minimiser"):
        check_unfinished(OVERLAPPING)
    with pytest.raises(ViolationError, match="max-iter, but doubles resolve the minimiser"):
        check_unfinished(line([0, 1, 0], [2, 0, 1], ridge=1e-10))
    # Two classes must agree to 1e-10 at the outlier, whose coefficients are of size one.
    far = line([1e13, 0, 1, 2, 3, 4, 0.5, 1.5], [0, 0, 1, 2, 0, 1, 2, 1], ridge=1e-3)
    assert check_unfinished(far) == "unresolved"
    assert check_unfinished(line([0, 1, 2, 3], [0, 0, 1, 1])) == "gave up"
    # Beside an outlier with most of the weight others lose eight digits; with less, they do not.
    heavy = line([1.15, 0.19, 1e8, -0.67, 0.66, -0.53], [0, 1, 0, 1, 0, 0])
    heavy.weights = np.array([1e-6, 0.14, 0.32, 2e-3, 0.02, 3e-6])
    assert check_unfinished(heavy) == "unresolved"
    heavy.weights[2] = 0.1
    with pytest.raises(ViolationError, match="max-iter, but doubles resolve the minimiser"):
        check_unfinished(heavy)


def test_scores_are_judged_by_class_with_more_features_than_rows_alone():
    number = 17576  # three rows of three features
    square = batch_of(0, number // BATCH)[number % BATCH]
    assert square.X.shape == (3, 3)
    assert check_unfinished(square) == "unresolved"
    wide = replace(square, X=np.column_stack([square.X, np.zeros(3)]))
    with pytest.raises(ViolationError, match="max-iter, but doubles resolve the minimiser"):
        check_unfinished(wide)
    assert fitted(wide).converged


def test_ties_are_decided_to_the_last_bit_where_features_are_small_whole_numbers():
    number = 47073  # collinear to rounding, and of size 1e150: every double is a whole number there
    check_existence(batch_of(0, number // BATCH)[number % BATCH], "no-mle")
    tied = line([0, 1, 1, 2], [0, 0, 1, 1])
    assert exact_verdict(tied) == "quasi-separated"
    check_existence(tied, "no-mle")


def test_a_singular_matrix_of_one_problem_fails_no_batch():
    problems = batch_of(1, 78880 // BATCH)  # two rows of three features, and no ridge
    assert not list(check_batch(fitted_as_batch(problems), [fitted(p) for p in problems]))


def test_a_feature_that_varies_by_rounding_alone_makes_no_angle():
    number = 68228  # 1000001, more or less by a last bit in a few rows
    found = batch_of(0, number // BATCH)[number % BATCH]
    assert smallest_angle(found.X[found.weights > 0]) == 0
    assert smallest_angle(np.linspace(0, 1e200, 9)[:, None]) > 0.1
    check_existence(found, "max-iter")


def test_a_batch_that_differs_by_one_bit_is_noticed():
    problems = batch_of(0, 8)
    alone = [fitted(p) for p in problems]
    together = fitted_as_batch(problems)
    assert not list(check_batch(together, alone))
    at = next(i for i, found in enumerate(alone) if found.converged)
    alone[at] = replace(alone[at], intercept=np.nextafter(alone[at].intercept, np.inf))
    assert list(check_batch(together, alone)) == [at]
