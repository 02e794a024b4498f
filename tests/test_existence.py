"""Verdicts against the dual programme, known configurations, laws of subsets, and the fit.

Small integer problems are the hard ones: they are full of ties, where "separated" and
"quasi-separated" part, and where certificates could be fooled.
"""

from functools import cache
from itertools import product

import numpy as np
import pytest
from scipy.optimize import linprog

from mlbalance import existence, softmax
from mlbalance.existence import (
    alternatives,
    existence_certificate,
    existence_certificate_by_rows,
    separation_certificate,
    verdict,
)
from mlbalance.existence.faces import decide_by_faces
from mlbalance.existence.margins import independent_columns
from mlbalance.inputs import DataError
from mlbalance.softmax import fit
from tests.bench.existence import indicators

STATUS_OF = {
    "exists": "converged",
    "separated": "no-mle",
    "quasi-separated": "no-mle",
    "not identified": "not-identified",
}


def dual_verdict(X, y, K):
    """The verdict by theorems of the alternative, in all K (1 + d) coefficients.

    Rows a of A say z_own - z_other = a . theta. Some direction has A theta > 0 iff no mixture of
    the rows is zero (Gordan); A theta >= 0 but not = 0 iff no mixture that uses every row is
    (Stiemke). Feasibility of mixtures, where `existence` maximises margins over directions.
    """
    Z = np.column_stack([np.ones(len(X)), X])
    A = [
        np.kron(np.eye(K)[own] - np.eye(K)[other], row)
        for row, own in zip(Z, y, strict=True)
        for other in range(K)
        if other != own
    ]
    A = np.array(A).T
    if not feasible(np.vstack([A, np.ones(A.shape[1])]), np.append(np.zeros(len(A)), 1.0), 0):
        return "separated"
    if not feasible(A, np.zeros(len(A)), 1):
        return "quasi-separated"
    return "exists" if np.linalg.matrix_rank(Z) == Z.shape[1] else "not identified"


def feasible(A, b, least):
    result = linprog(np.zeros(A.shape[1]), A_eq=A, b_eq=b, bounds=(least, None), method="highs")
    assert result.status in (0, 2), result.message
    return result.status == 0


@cache
def integer_problems():
    """Random problems (X, y, K) on small grids, as many features, rows and classes as they say."""
    rng = np.random.default_rng(0)
    problems = []
    for K in (2, 3, 4):
        for d in (1, 2, 3):
            for n in (K + 2, 2 * K + 2, 4 * K + 2):
                for width in (1, 2):
                    for repeat in range(8):
                        X = rng.integers(-width, width + 1, size=(n, d)).astype(float)
                        if repeat == 0:
                            X[:, -1] = 3 - X[:, :-1].sum(axis=1)  # collinear, or constant if alone
                        y = rng.permutation(np.arange(n) % K)
                        problems.append((X, y, K))
    return problems


@cache
def dual_verdicts():
    return [dual_verdict(*problem) for problem in integer_problems()]


# --- independent verdicts ------------------------------------------------------------------------


def test_verdicts_are_those_of_the_dual_programme():
    found = [verdict(X, y, n_classes=K) for X, y, K in integer_problems()]
    assert len(found) == 432 and found == dual_verdicts()
    for name in STATUS_OF:
        assert found.count(name) >= 20  # the table would not be a test of a verdict it lacks


def test_the_status_of_the_fit_is_the_verdict():
    found = [str(fit(X, y, n_classes=K).status) for X, y, K in integer_problems()]
    assert found == [STATUS_OF[name] for name in dual_verdicts()]


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        ([0, 1], [0, 1], "separated"),
        ([0, 1, 2, 3], [0, 0, 1, 1], "separated"),
        ([0, 1, 1, 2], [0, 0, 1, 1], "quasi-separated"),
        ([0, 1, 1, 2], [0, 1, 0, 1], "quasi-separated"),
        ([0, 1, 2, 3], [0, 1, 0, 1], "exists"),
        ([1, 1, 1, 2], [0, 1, 0, 1], "quasi-separated"),
        ([5, 5, 5], [0, 1, 0], "not identified"),
        ([0, 1, 2], [0, 1, 2], "separated"),
        ([0, 1, 1, 2], [0, 1, 2, 2], "quasi-separated"),
        ([0, 0, 1, 1, 2, 2], [0, 1, 1, 2, 0, 2], "exists"),
        ([0, 1, 2, 3], [0, 1, 0, 3], "quasi-separated"),  # class 2 has no rows
    ],
)
def test_verdicts_on_a_line(x, y, expected):
    X = np.array(x, dtype=float)[:, None]
    assert verdict(X, y) == expected == dual_verdict(X, y, max(y) + 1)


# --- configurations that pairs of classes do not decide ------------------------------------------


def pairs(X, y):
    """Verdicts on each two classes alone."""
    for k in range(1, y.max() + 1):
        for l in range(k):
            of_both = (y == k) | (y == l)
            yield verdict(X[of_both], 1 * (y[of_both] == k))


def test_a_bridge_joins_two_separated_classes():
    """On a line class 1 lies right of class 0, and class 2 around and between both.

    z_0 - z_2 is linear in x, has to be >= 0 at x = 0 and 1, and <= 0 at x = -1 and 2: it is zero.
    So is z_1 - z_2 by x = 3 and 4 between 2 and 5. Their difference is what would separate 0 from
    1, so nothing does, though the pair alone is separated.
    """
    X = np.array([0.0, 1, 3, 4, -1, 2, 5])[:, None]
    y = np.array([0, 0, 1, 1, 2, 2, 2])
    assert list(pairs(X, y)) == ["separated", "exists", "exists"]
    assert verdict(X, y) == "exists"
    assert fit(X, y).converged


def test_a_pinwheel_has_every_pair_separated_and_a_fit():
    """Three arms around the origin, each ending between the next arm and the centre.

    They do not meet, so a line separates each two. The figure is its own image under a third of a
    turn, so the mean over turns of a direction that ranks every row right does so too, and gives
    each class a sector of 120 degrees at the centre. An arm is seen from there under 139.
    """
    foot, tip = np.array([1.5, 1.0]), np.array([-8.0, 1.0])
    seen = np.degrees(np.arctan2(*tip[::-1]) - np.arctan2(*foot[::-1]))
    assert seen == pytest.approx(139, abs=0.5)
    turns = [2 * np.pi * k / 3 for k in range(3)]
    rotations = [np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]]) for t in turns]
    X = np.array([R @ end for R in rotations for end in (foot, tip)])
    y = np.array([0, 0, 1, 1, 2, 2])
    assert list(pairs(X, y)) == ["separated"] * 3
    assert verdict(X, y) == dual_verdict(X, y, 3) == "exists"
    found = fit(X, y)
    assert found.converged
    assert np.abs(softmax.score(found.theta, X, y)).max() < 1e-9


# --- laws ----------------------------------------------------------------------------------------


def test_adding_rows_keeps_a_unique_fit():
    """`existence`: if the fit of a subset exists and is unique, so does that of all rows."""
    rng = np.random.default_rng(1)
    kept = lost = 0
    for (X, y, K), whole in zip(integer_problems(), dual_verdicts(), strict=True):
        part = verdict(X, y, 1.0 * (rng.random(y.size) < 0.75), n_classes=K)
        if part == "exists":
            assert whole == "exists"
            kept += 1
        lost += part != "exists" and whole == "exists"
    assert kept > 40 and lost > 20  # undersampling can lose the fit, and here does


def test_adding_rows_can_lose_a_fit_that_is_not_unique():
    X, y = np.array([[0.0], [0.0], [1.0]]), np.array([0, 1, 1])
    assert verdict(X[:2], y[:2]) == "not identified"
    assert verdict(X, y) == "quasi-separated"
    assert fit(X[:2], y[:2]).status == "not-identified" and fit(X, y).status == "no-mle"


def test_positive_weights_do_not_matter_and_zero_ones_drop_rows():
    rng = np.random.default_rng(2)
    for (X, y, K), whole in list(zip(integer_problems(), dual_verdicts(), strict=True))[::3]:
        weights = 10.0 ** rng.uniform(-12, 12, size=y.size)
        assert verdict(X, y, weights, n_classes=K) == whole
        more = np.concatenate([X, rng.normal(size=(3, X.shape[1]))])
        labels, weights = np.append(y, [0, 1, 0]), np.append(weights, np.zeros(3))
        assert verdict(more, labels, weights, n_classes=K) == whole


def test_other_axes_and_orders_of_rows_and_classes_do_not_matter():
    rng = np.random.default_rng(3)
    for (X, y, K), whole in list(zip(integer_problems(), dual_verdicts(), strict=True))[::3]:
        d = X.shape[1]
        axes = np.triu(rng.integers(1, 3, size=(d, d))) * 2.0 ** rng.integers(-20, 20, size=d)
        order, classes = rng.permutation(y.size), rng.permutation(K)
        moved = (X @ axes + rng.integers(-9, 9, size=d))[order]
        assert verdict(moved, classes[y][order], n_classes=K) == whole


@pytest.mark.parametrize("far", [0.0, 1e4, 1e6, 1e8])
def test_columns_that_are_collinear_up_to_rounding_are_not_identified(far):
    rng = np.random.default_rng(4)
    X, y = rng.normal(size=(40, 2)) + far, np.arange(40) % 3
    both = np.column_stack([X, X @ [1.0, 2.0]])
    assert verdict(X, y) == "exists"
    assert verdict(both, y) == "not identified" and fit(both, y).status == "not-identified"
    assert verdict(np.column_stack([X, np.full(40, 0.1)]), y) == "not identified"


# --- faces, and the shortest mixture for what they leave -----------------------------------------


def test_faces_prove_the_verdicts():
    """All but a few, which are left to the shortest mixture; none is wrong."""
    found = [by_faces(X, y, K) for X, y, K in integer_problems()]
    truths = [name if name != "not identified" else "exists" for name in dual_verdicts()]
    assert all(said in (None, truth) for said, truth in zip(found, truths, strict=True))
    assert found.count(None) < 0.05 * len(found)


@pytest.mark.parametrize("seed", range(5))
def test_faces_prove_it_where_a_direction_is_long(seed):
    """Ties in one feature, which separates the other rows, two of them by little."""
    rng, y = np.random.default_rng(seed), np.tile([0, 1], 20)
    X = rng.normal(size=(40, 4))
    X[:, 0] = np.where(y, 1, -1) * rng.uniform(1e-4, 1, 40)
    X[:2, 0] = -1e-4, 1e-4
    X[20:, 0] = 0.0
    assert by_faces(X, y, 2) == "quasi-separated" == verdict(X, y)


def by_faces(X, y, K):
    present = np.bincount(y, minlength=K) > 0
    assert present.all()
    return decide_by_faces(independent_columns(X).Q, y, K)


def test_the_shortest_mixture_decides_what_faces_do_not(monkeypatch):
    monkeypatch.setattr(alternatives, "decide_by_faces", lambda *given: None)
    found = [verdict(X, y, n_classes=K) for X, y, K in integer_problems()[::2]]
    assert found == dual_verdicts()[::2]


@pytest.mark.parametrize("margin", [1e-3, 1e-6, 1e-9, 1e-11])
@pytest.mark.parametrize("more", [0, 40])
def test_verdicts_are_not_deceived_by_tolerances(margin, more):
    """Two classes on a turned line that just overlap, just touch, or are just apart."""
    rng = np.random.default_rng(7)
    turn = np.linalg.qr(rng.normal(size=(3 + more, 3 + more)))[0]
    ends = np.zeros((2 * (2 + more), 3 + more))
    ends[::2, 1:], ends[1::2, 1:] = np.eye(2 + more), -np.eye(2 + more)
    behind = rng.normal(size=(2, 20, 3 + more))
    behind[0, :, 0], behind[1, :, 0] = -rng.random(20), rng.random(20)
    y = np.repeat([0, 1], len(ends) + 20)
    for move, expected in ((-margin, "exists"), (margin, "separated")):
        shift = np.append(move, np.zeros(2 + more))
        X = np.concatenate([ends, behind[0], ends + shift, behind[1] + shift])
        assert verdict(X @ turn, y) == expected


def test_a_chain_of_classes_that_hardly_overlap_has_a_fit():
    """The direction that nearly separates the last classes hangs on all others."""
    K, overlap = 12, 0.05
    ends = np.array([[k, k + 1 + overlap] for k in range(K)])
    X, y = ends.reshape(-1, 1), np.repeat(np.arange(K), 2)
    assert by_faces(X, y, K) == "exists" == verdict(X, y)
    assert verdict(np.minimum(X, y[:, None] + 1), y) == "quasi-separated"
    assert verdict(np.minimum(X, y[:, None] + 0.9), y) == "separated"


@pytest.mark.parametrize("share", [0.0, 0.05, 1.0])
def test_turned_dense_tables_are_decided_by_faces(share):
    """Against the dual programme, for a line of classes that touch, overlap, or neither."""
    rng = np.random.default_rng(12)
    y = np.arange(240) % 3
    for touching in (0.0, 1.0):
        X = rng.normal(size=(240, 25))
        X[:, 0] = 2.0 * y + 1.0 * rng.integers(0, 2, size=240) * (1 + touching)
        moved = rng.permutation(240)[: round(share * 240)]
        labels = y.copy()
        labels[moved] = rng.permutation(y[moved])
        said = by_faces(X @ np.linalg.qr(rng.normal(size=(25, 25)))[0], labels, 3)
        assert said == dual_verdict(X, labels, 3)


@pytest.mark.parametrize(("n", "expected"), [(300, "separated"), (1500, "quasi-separated")])
def test_a_table_of_indicators_is_decided_by_faces(n, expected, monkeypatch):
    X, y = indicators(n, places=20)
    monkeypatch.setattr(alternatives, "_by_shortest_mixture", None)
    said = verdict(X, y)
    assert said == expected == dual_verdict(X, y, 3)
    assert str(fit(X, y).status) == STATUS_OF[said]
    rng = np.random.default_rng(9)
    assert verdict(X[:, ::2], rng.permutation(y)) == "exists"


# --- certificates never contradict the programme -------------------------------------------------


def points(X, y, K, rng):
    """Where certificates could be fooled: far out, and on the path of weakening ridges."""
    shape = (K, 1 + X.shape[1])
    yield from (size * rng.normal(size=shape) for size in (0.0, 0.1, 1.0, 10.0, 100.0))
    for ridge in (1e-2, 1e-4, 1e-7, 1e-10, 1e-13):
        found = fit(X, y, ridge=ridge, n_classes=K)
        if found.converged:
            yield found.theta
            yield found.theta * 10


def test_certificates_never_contradict_the_dual_programme():
    rng = np.random.default_rng(5)
    proofs = disproofs = rows = 0
    for (X, y, K), whole in list(zip(integer_problems(), dual_verdicts(), strict=True))[::3]:
        weights = np.full(y.size, 1.0 / y.size)
        Z = np.column_stack([np.ones(y.size), X])
        for theta in points(X, y, K, rng):
            H = softmax.hessian(theta, X, y, weights)[None, 1:, :, 1:, :]
            g = softmax.score(theta, X, y, weights)[None, 1:]
            z = softmax.logits(theta, X).T[None]
            proved = existence_certificate(H, g, Z[None], weights[None])[0]
            p = np.exp(softmax.log_probabilities(z, axis=1))
            everywhere = softmax.score(theta, X, y, weights)[None]
            by_rows = existence_certificate_by_rows(p, everywhere, Z[None], weights[None])[0]
            assert not by_rows or whole == "exists"
            denied = separation_certificate(z, y[None], weights[None])[0]
            assert not proved or whole == "exists"
            assert not denied or whole in ("separated", "quasi-separated")
            proofs, disproofs = proofs + proved, disproofs + denied
            rows += by_rows
    assert proofs > 100 and disproofs > 100 and rows > 100


def test_rows_in_disorder_spare_only_looks_that_would_prove_nothing():
    """Some rows count for nothing; one problem has a class apart, one is separated as a whole."""
    rng = np.random.default_rng(7)
    spared = proofs = 0
    for K, d in product((2, 3, 6), (0, 1, 4)):
        R, n = 5, 8 * K
        y = np.stack([np.append(np.arange(K), rng.integers(0, K, n - K)) for _ in range(R)])
        Z = np.concatenate([np.ones((R, n, 1)), rng.normal(size=(R, n, d))], axis=2)
        weights = rng.integers(0, 3, size=(R, n)) + 1.0 * (np.arange(n) < K)
        if d == 4:
            Z[0, :, 1] += 9.0 * (y[0] == 1)
        disorder = existence.Disorder.unknown((R, K, 1 + d))
        theta = rng.normal(size=(R, K, 1 + d))
        Z[1] *= np.exp(rng.normal(size=(n, 1)))
        best, y[1] = theta[1].copy(), (theta[1] @ Z[1].T).argmax(axis=0)
        weights[1] += 1.0
        there = existence.classes_present(y, weights, K)
        assert not disorder.holds(theta).any()
        for step in range(20):
            theta += 0.2 * rng.normal(size=theta.shape)
            theta[:, 1, 1:2] += 1.0
            theta[1] = best if step % 2 else best + rng.normal(size=best.shape)
            z = theta @ Z.swapaxes(1, 2)
            certificate = separation_certificate(z, y, weights)
            held = disorder.holds(theta) & there
            assert not (held & certificate).any()
            seen = np.flatnonzero(~held & there)
            if seen.size:
                at = y[seen], weights[seen], Z[seen]
                proved = disorder.look(seen, z[seen], *at)
                np.testing.assert_array_equal(proved, certificate[seen])
                np.testing.assert_array_equal(disorder.holds(theta)[seen], ~proved)
            spared, proofs = spared + held.sum(), proofs + certificate.sum()
    assert spared > 500 and proofs > 20


@pytest.mark.parametrize(
    ("z", "weights", "expected"),
    [
        ([[2.0, -1.0], [0.0, 1.0]], [1.0, 1.0], True),
        ([[2.0, -1.0], [0.0, -1.0]], [1.0, 1.0], True),  # a tie that another intercept undoes
        ([[2.0, 2.0], [0.0, 0.0]], [1.0, 1.0], False),  # no intercept tells the rows apart
        ([[2.0, 2.0], [0.0, 0.0]], [1.0, 0.0], True),  # nor needs to: the second does not count
        ([[2.0, 2.0 - 1e-15], [0.0, 0.0]], [1.0, 1.0], False),  # apart by rounding only
        ([[0.0, 0.0], [0.0, 0.0]], [1.0, 1.0], False),
    ],
)
def test_logits_disprove_a_fit_if_weighted_rows_are_strictly_apart(z, weights, expected):
    assert separation_certificate(np.array(z), np.array([0, 1]), np.array(weights)) == expected


def test_the_fit_of_overlapping_classes_needs_no_verdict(monkeypatch):
    """Nor does that of separated ones: the verdict is for what certificates leave open."""
    rng = np.random.default_rng(6)
    X, y = rng.normal(size=(60, 2)), np.arange(60) % 3
    monkeypatch.setattr(existence, "decide", None)
    assert fit(X, y).status == "converged"
    assert fit(X + 9.0 * y[:, None], y).status == "no-mle"


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("X", "y", "weights", "message"),
    [
        (np.zeros((2, 3, 1)), [0, 1, 0], None, r"one data set: X \(n, d\), y \(n,\), weights"),
        (np.zeros((3, 1)), [[0, 1, 0]], None, r"one data set: X \(n, d\), y \(n,\), weights"),
        (np.zeros((3, 1)), [0, 1], None, "same number of rows; they have 3, 2 and 2"),
        (np.zeros((3, 1)), [0, 0, 0], None, "one class only"),
        (np.full((3, 1), np.inf), [0, 1, 0], None, "must be finite; they hold NaN or infinity"),
        (np.zeros((3, 1)), [0, 1, 0], [0, 0, 0], "Weights must not all be zero"),
        (np.zeros((3, 1)), [0, 1, 0], [1, -1, 1], "Weights must be finite and not negative"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(X, y, weights, message):
    with pytest.raises(DataError, match=message):
        verdict(X, y, weights)
