"""Loss, score and Hessian against the definition at fifty digits, and their exact properties."""

from functools import partial

import mpmath
import numpy as np
import pytest

from mlbalance import softmax
from mlbalance.inputs import DataError
from mlbalance.softmax import hessian, log_probabilities, logits, loss, row_scores, score

RIDGES = [0.0, 0.3, (0.2, 1.5, 0.7)]


def problem(seed=0, n=7, d=2, K=3, lead=()):
    rng = np.random.default_rng(seed)
    return {
        "theta": rng.normal(size=(*lead, K, 1 + d)),
        "X": rng.normal(size=(*lead, n, d)),
        "y": rng.integers(K, size=(*lead, n)),
        "weights": rng.exponential(size=(*lead, n)) * (rng.random((*lead, n)) < 0.8),
        "offset": rng.normal(size=(*lead, n, K)),
    }


def exact_loss(theta, X, y, weights, offset):
    """The weighted log-loss as defined, in mpmath; theta is one list, class by class."""
    q, total = 1 + X.shape[1], mpmath.mpf(0)
    classes = [theta[start : start + q] for start in range(0, len(theta), q)]
    for x, own, weight, shift in zip(X, y, weights, offset, strict=True):
        z = [mpmath.fdot(row, [1, *x]) + o for row, o in zip(classes, shift, strict=True)]
        total += weight * (mpmath.log(mpmath.fsum(map(mpmath.exp, z))) - z[own])
    return total


def derivatives(function, at):
    """Central differences: gradient and Hessian, to some twenty digits."""
    size, step = len(at), mpmath.mpf(10) ** -12

    def moved(*steps):
        point = list(at)
        for index, by in steps:
            point[index] += by * step
        return function(point)

    gradient = [(moved((i, 1)) - moved((i, -1))) / (2 * step) for i in range(size)]
    curvature = [
        [
            mpmath.fsum(a * b * moved((i, a), (j, b)) for a in (1, -1) for b in (1, -1))
            / (4 * step**2)
            for j in range(size)
        ]
        for i in range(size)
    ]
    return np.array(gradient, dtype=float), np.array(curvature, dtype=float)


def smallest_penalty(coef, ridge):
    """min over common shifts v of (1/2) sum_k ridge_k ||coef_k + v||^2, by least squares."""
    root = np.sqrt(np.broadcast_to(ridge, len(coef)))[:, None]
    left = np.linalg.lstsq(root, root * coef, rcond=None)[1]
    return 0.5 * left.sum()


# --- the definition ------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_loss_score_and_hessian_are_those_of_the_definition(seed):
    given = problem(seed, n=5, d=2 - seed % 2, K=2 + seed)
    rest = {name: value for name, value in given.items() if name != "theta"}
    function = partial(exact_loss, **rest)
    with mpmath.workdps(50):
        at = [mpmath.mpf(value) for value in given["theta"].ravel()]
        value, (gradient, curvature) = float(function(at)), derivatives(function, at)
    shape = given["theta"].shape
    np.testing.assert_allclose(loss(**given), value, rtol=1e-14)
    np.testing.assert_allclose(score(**given), gradient.reshape(shape), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(
        hessian(**given), curvature.reshape(shape + shape), rtol=1e-12, atol=1e-14
    )


@pytest.mark.parametrize("size", [800.0, 1e5, 1e300])
def test_logits_of_any_size_give_the_exact_log_probabilities(size):
    z = size * np.array([[1.0, -1.0, 0.5], [-1.0, -0.5, 1.0], [1.0, 1.0, 1.0]])
    with mpmath.workdps(800):
        exact = [
            [float(value - mpmath.log(mpmath.fsum(map(mpmath.exp, row)))) for value in row]
            for row in z.tolist()
        ]
    np.testing.assert_allclose(log_probabilities(z), exact, rtol=1e-15, atol=1e-16)


def test_logits_of_eight_hundred_give_finite_exact_derivatives():
    """Right rows cost nothing, wrong ones their margin; the offset and theta count alike."""
    theta = np.array([[0.0, 800.0], [0.0, -800.0]])
    X, y, weights = (
        np.array([[1.0], [-1.0], [1.0], [0.0]]),
        np.array([0, 1, 1, 0]),
        np.full(4, 0.25),
    )
    for given in (
        {"theta": theta, "X": X},
        {"theta": 0 * theta, "X": X, "offset": logits(theta, X)},
    ):
        given |= {"y": y, "weights": weights}
        assert loss(**given) == pytest.approx(400 + np.log(2) / 4, rel=1e-15)
        np.testing.assert_allclose(
            score(**given), [[0.125, 0.25], [-0.125, -0.25]], rtol=1e-15, atol=0
        )
        np.testing.assert_allclose(
            hessian(**given)[:, 0, :, 0], np.array([[1, -1], [-1, 1]]) / 16, rtol=1e-15
        )


def test_saturated_rows_keep_their_small_scores_and_curvatures():
    """At a margin of 50, p of the own class rounds to one; what is left must not be lost."""
    given = {"theta": np.array([[25.0, 0], [-25.0, 0]]), "X": np.zeros((1, 1)), "y": [0]}
    small = float(1 / (1 + mpmath.exp(50)))
    np.testing.assert_allclose(score(**given)[:, 0], [-small, small], rtol=1e-14)
    np.testing.assert_allclose(
        hessian(**given)[:, 0, :, 0], small * np.array([[1, -1], [-1, 1]]), rtol=1e-14
    )


# --- properties ----------------------------------------------------------------------------------


@pytest.mark.parametrize("ridge", RIDGES)
def test_score_and_hessian_are_the_derivatives_of_loss_and_score(ridge):
    """By central differences in double precision, with the penalty."""
    given = problem(4) | {"ridge": ridge}
    theta, h = given.pop("theta"), 1e-5
    steps = h * np.eye(theta.size).reshape(-1, *theta.shape)
    slope = (loss(theta + steps, **given) - loss(theta - steps, **given)) / (2 * h)
    np.testing.assert_allclose(score(theta, **given).ravel(), slope, atol=1e-8)
    change = (score(theta + steps, **given) - score(theta - steps, **given)) / (2 * h)
    H = hessian(theta, **given).reshape(theta.size, theta.size)
    np.testing.assert_allclose(H, change.reshape(H.shape), atol=1e-8)


@pytest.mark.parametrize("ridge", RIDGES)
def test_the_penalty_is_the_smallest_over_common_shifts(ridge):
    given = problem(5)
    penalty = loss(**given, ridge=ridge) - loss(**given)
    coef = given["theta"][:, 1:]
    assert penalty == pytest.approx(smallest_penalty(coef, ridge), rel=1e-13, abs=1e-13)


def test_a_common_ridge_is_the_plain_one_at_coefficients_that_sum_to_zero():
    given = problem(6)
    given["theta"] -= given["theta"].mean(axis=0)
    penalty = loss(**given, ridge=0.8) - loss(**given)
    assert penalty == pytest.approx(0.4 * (given["theta"][:, 1:] ** 2).sum(), rel=1e-13)
    assert loss(**given, ridge=[0.8] * 3) == pytest.approx(loss(**given, ridge=0.8), rel=1e-15)


@pytest.mark.parametrize("ridge", RIDGES)
def test_a_shift_common_to_all_classes_changes_nothing(ridge):
    given = problem(7) | {"ridge": ridge}
    moved = given | {"theta": given["theta"] + [3.0, -1.0, 2.0]}
    for function in (loss, score, hessian):
        np.testing.assert_allclose(function(**moved), function(**given), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(score(**given).sum(axis=0), 0, atol=1e-14)


@pytest.mark.parametrize(
    ("ridge", "columns", "null"),
    [
        (0.0, [0, 1], 3),  # one shift for the intercept and one for each feature
        (0.0, [0, 1, 1], 6),  # a repeated column adds a direction for each class
        (0.3, [0, 1, 1], 4),  # a ridge leaves the common shifts
        ((0.2, 1.5, 0.7), [0, 1, 1], 4),
    ],
)
def test_the_hessian_is_positive_semi_definite_with_the_null_space_it_should_have(
    ridge, columns, null
):
    given = problem(8)
    given["X"] = given["X"][:, columns]
    given["theta"] = given["theta"][:, [0, *(1 + np.array(columns))]]
    size = given["theta"].size
    H = hessian(**given, ridge=ridge).reshape(size, size)
    np.testing.assert_array_equal(H, H.T)
    eigenvalues = np.linalg.eigvalsh(H)
    assert (np.abs(eigenvalues[:null]) < 1e-14).all() and eigenvalues[null] > 1e-4


def test_row_scores_add_up_to_the_score():
    given = problem(9)
    weights = given.pop("weights")
    rows = row_scores(**given)
    assert rows.shape == (7, 3, 3)
    np.testing.assert_allclose(
        (weights[:, None, None] * rows).sum(axis=0), score(**given, weights=weights)
    )
    np.testing.assert_allclose(rows.sum(axis=0), score(**given))


def test_weights_are_taken_literally():
    given = problem(10)
    doubled = given | {"weights": 2 * given["weights"]}
    ones = given | {"weights": np.ones(7)}
    for function in (loss, score, hessian):
        np.testing.assert_allclose(function(**doubled), 2 * function(**given), rtol=1e-15)
        none = {name: value for name, value in given.items() if name != "weights"}
        np.testing.assert_array_equal(function(**none), function(**ones))


def test_an_offset_is_a_logit():
    given = problem(11)
    z = logits(given["theta"], given["X"], given["offset"])
    np.testing.assert_allclose(
        z - given["offset"], logits(given["theta"], given["X"]), rtol=1e-12, atol=1e-15
    )
    by_class = given["offset"][0]
    shifted = given["theta"] + np.pad(by_class[:, None], ((0, 0), (0, 2)))
    as_offset = loss(**(given | {"offset": by_class}))
    as_intercept = loss(**(given | {"theta": shifted, "offset": None}))
    assert as_offset == pytest.approx(as_intercept, rel=1e-14)


def test_a_hessian_of_many_rows_is_summed_in_chunks(monkeypatch):
    given = problem(12, n=50)
    whole = hessian(**given)
    monkeypatch.setattr(softmax.curvature, "_PIECE", 40)
    np.testing.assert_allclose(hessian(**given), whole, rtol=1e-13, atol=1e-15)


# --- batches -------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [loss, score, hessian, row_scores])
@pytest.mark.parametrize(
    "lead",
    [
        {"theta": (4,)},
        {"X": (4,)},
        {"y": (4,)},
        {"weights": (4,)},
        {"offset": (4,)},
        {"theta": (2, 1), "X": (2, 1), "y": (2, 1), "weights": (2, 3)},
        {"theta": (2, 3), "X": (3,), "y": (2, 1), "offset": (1, 3)},
    ],
)
def test_leading_axes_broadcast(function, lead):
    if function is row_scores:
        lead = {name: axes for name, axes in lead.items() if name != "weights"}
    given = problem(13) | {name: problem(13, lead=axes)[name] for name, axes in lead.items()}
    if function is row_scores:
        given.pop("weights")
    out, shape = function(**given), np.broadcast_shapes(*lead.values())
    core = {name: problem(13)[name].shape for name in given}
    full = {name: np.broadcast_to(value, shape + core[name]) for name, value in given.items()}
    for index in np.ndindex(shape):
        one = function(**{name: value[index] for name, value in full.items()})
        # A Hessian does not depend on y, and has no axis for it.
        part = np.broadcast_to(out, shape + one.shape)[index]
        np.testing.assert_allclose(part, one, rtol=1e-13, atol=1e-15)


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"theta": np.zeros(3)}, r"theta must have shape \(\.\.\., K, 1 \+ d\); it has \(3,\)"),
        (
            {"theta": np.zeros((3, 2))},
            "an intercept and 2 coefficients per class; it has 2 columns",
        ),
        ({"y": [0, 1, 3, 0, 0, 0, 0]}, r"Labels y must lie in 0\.\.2; they span 0\.\.3"),
        ({"y": [0, 1]}, "same number of rows; they have 7, 2 and 7"),
        ({"weights": np.ones(6)}, "same number of rows; they have 7, 7 and 6"),
        ({"weights": np.full(7, -1.0)}, "finite and not negative; drop a row by weight zero"),
        ({"weights": np.full(7, np.nan)}, "finite and not negative"),
        ({"weights": np.zeros(7)}, "must not all be zero"),
        ({"weights": "balanced"}, r"must be numbers of shape \(\.\.\., n\); 'balanced' is not"),
        ({"X": np.full((7, 2), np.inf)}, "must be finite; they hold NaN or infinity. Impute or"),
        ({"X": np.zeros(7)}, r"must have shape \(\.\.\., n, d\); theirs is \(7,\)"),
        ({"X": "columns"}, r"Features X must be numbers of shape \(\.\.\., n, d\); 'columns' is"),
        ({"offset": np.zeros(7)}, r"shape \(3,\) or \(\.\.\., 7, 3\); it has \(7,\)"),
        ({"offset": np.zeros((6, 3))}, r"shape \(3,\) or \(\.\.\., 7, 3\); it has \(6, 3\)"),
        ({"offset": 1.0}, r"shape \(3,\) or \(\.\.\., 7, 3\); it has \(\)"),
        ({"offset": [0, 0, np.inf]}, "offset must be finite; it holds NaN or infinity"),
        ({"ridge": -1.0}, r"ridge must be finite and not negative; it is -1\.0"),
        ({"ridge": np.nan}, "ridge must be finite and not negative; it is nan"),
        ({"ridge": [1.0, 2.0]}, r"one number or one for each of 3 classes; it has shape \(2,\)"),
        ({"ridge": [1.0, 0.0, 2.0]}, r"all zero or all positive; they are \[1\.0, 0\.0, 2\.0\]"),
        ({"ridge": "weak"}, "ridge must be a number or one per class; 'weak' is not"),
    ],
)
@pytest.mark.parametrize("function", [loss, score, hessian])
def test_arguments_that_do_not_fit_are_refused(function, change, message):
    with pytest.raises(DataError, match=message):
        function(**(problem() | change))
