"""Where the witnesses meet, for learners that are no single softmax."""

import numpy as np
import pytest
import sympy as sp

from mlbalance import claims, softmax
from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs import forest_weights as forest_proof
from mlbalance.derivations.proofs import separate_model as separate_proof
from mlbalance.inputs import InputError
from mlbalance.populations import Discrete, Gaussian, stack
from mlbalance.schemes import Bagging, BalancedSampler, Undersample
from mlbalance.theory import (
    first_stage_loss,
    intercept_excess,
    part_of,
    separate_model,
    vote_shares,
)

COUNTS = np.array([40, 90, 200, 130])
GROUP = [1, 3]
SLOPES = np.array([[0.0, 0.0], [0.8, -0.3], [-0.5, 0.6], [0.2, 1.1]])


def tilted(slopes):
    """Classes on nine points of which a softmax with these slopes is correctly specified."""
    points = np.array([[a, b] for a in (-1.0, 0.0, 1.5) for b in (-1.0, 0.5, 1.0)])
    masses = np.exp(points @ np.transpose(slopes)).T
    return Discrete(points, masses / masses.sum(axis=1, keepdims=True))


def quadratic_forms(population, prior):
    """Means of the parts of the Hessian between and within, as matrices (K q, K q) of moves."""
    X, _, weights = stack(population.rule(), prior)
    theta = softmax.fit(*stack(population.rule(), prior)).theta
    P = np.exp(softmax.log_probabilities(theta[:, 0] + X @ theta[:, 1:].T))
    outside = np.delete(np.arange(4), GROUP)
    letters = sp.symbols("p1:3 r1:3 v1:3 u1:3")
    p, o, v, u = (list(letters[i : i + 2]) for i in (0, 2, 4, 6))
    M = sum(a * b for a, b in zip([*p, *o], [*v, *u], strict=True))
    own = {"g": 2, "h": 2, "p": p, "r": o, "v": v, "u": u, "M": M}
    parts = (separate_proof.between_expression(), separate_proof.within_expression())
    rows, forms = np.column_stack([np.ones(len(X)), X]), []
    for part in parts:
        value = sp.lambdify(letters, evaluate(part, **own))

        def at_rows(moves, value=value):
            return value(*P[:, GROUP].T, *P[:, outside].T, *moves[GROUP], *moves[outside])

        basis = [np.outer(np.eye(4)[k], rows[:, a]) for k in range(4) for a in range(3)]
        single = [weights @ at_rows(one) for one in basis]
        form = np.diag(single)
        for i in range(12):
            for j in range(i):
                both = weights @ at_rows(basis[i] + basis[j])
                form[i, j] = form[j, i] = (both - single[i] - single[j]) / 2
        forms.append(form)
    return forms


def test_separate_model():
    """Unweighted, precisions are the least of the forms that are derived, over other moves."""
    population, n = tilted(SLOPES), COUNTS.sum()
    between, within = quadratic_forms(population, COUNTS / n)
    found = separate_model(population, COUNTS, GROUP, COUNTS / n)
    # Fixed counts take their part off the intercepts of both.
    extra = intercept_excess(COUNTS[GROUP], 2)
    alone = n * within[9:12, 9:12]  # moves of the group's second class, the first one still
    np.testing.assert_allclose(np.linalg.inv(found.alone + extra), alone, rtol=1e-8)
    rest = [*range(3, 9)]  # all but class 0, which stays, and the group's second class
    whole = n * (between + within)
    # The group's first class moves along, so that the contrast is what the second moves more.
    whole[:, 3:6] += whole[:, 9:12]
    whole[3:6] += whole[9:12]
    mixed = whole[np.ix_([9, 10, 11], rest)]
    joint = whole[9:12, 9:12] - mixed @ np.linalg.solve(whole[np.ix_(rest, rest)], mixed.T)
    np.testing.assert_allclose(np.linalg.inv(found.joint + extra), joint, rtol=1e-8)
    assert np.linalg.eigvalsh(found.alone - found.joint).min() > -1e-12
    assert np.linalg.eigvalsh(joint - alone).min() > 0.01


def test_a_separate_model_is_as_precise_without_signal():
    for prior in (None, COUNTS / COUNTS.sum()):
        found = separate_model(tilted(np.zeros((4, 2))), COUNTS, GROUP, prior)
        np.testing.assert_allclose(found.alone, found.joint, rtol=1e-8, atol=1e-12)


def test_few_rows_elsewhere_make_a_weighted_model_less_precise():
    population = Gaussian([[0.0], [2.0], [1.0]], np.eye(1))
    weighted = separate_model(population, (4000, 4000, 20), [0, 1])
    prior = np.array([4000, 4000, 20]) / 8020
    plain = separate_model(population, (4000, 4000, 20), [0, 1], prior)
    assert weighted.alone[1, 1] < 0.05 * weighted.joint[1, 1]
    assert plain.joint[1, 1] < plain.alone[1, 1] < 1.01 * plain.joint[1, 1]


def test_a_linear_first_stage_loses_what_features_tell_within_the_group():
    apart = first_stage_loss(tilted(SLOPES).rule(), GROUP)
    assert apart > 1e-3
    alike = SLOPES.copy()
    alike[3] = alike[1]
    assert first_stage_loss(tilted(alike).rule(), GROUP) == pytest.approx(0, abs=1e-12)
    # The group and the others: a group of all but one class is one against the rest.
    assert first_stage_loss(tilted(SLOPES).rule(), [0, 1, 3]) > 1e-4


def alone_a_misspecified_model_has_other_contrasts():
    population = Gaussian([[0.0], [1.5], [3.0]], [[[1.0]], [[2.5]], [[0.4]]])
    X, y, weights = stack(population.rule(60), np.full(3, 1 / 3))
    theta, pair = softmax.fit(X, y, weights).theta, y < 2
    alone = softmax.fit(X[pair], y[pair], weights[pair] / weights[pair].sum()).theta
    assert abs(np.diff(theta[:2], axis=0) - np.diff(alone, axis=0)).min() > 0.01


# Forests


@pytest.mark.parametrize(
    ("counts", "prior", "draws"),
    [((450, 50), None, None), ((30, 9, 4), (0.2, 0.5, 0.3), 25), ((450, 50), (0.9, 0.1), None)],
)
def test_forest_weights(counts, prior, draws):
    """The distribution of a row's weight has the derived chance to be in a bag."""
    K, N = len(counts), draws or sum(counts)
    found = vote_shares(counts, BalancedSampler(draws, prior=prior))
    given = {"n": counts, "tau": prior or [1 / K] * K, "N": N, "K": K}
    shares = [
        float(evaluate(forest_proof.vote_share_expression(), k=k, **given)) for k in range(1, K + 1)
    ]
    np.testing.assert_allclose(found, shares, rtol=1e-10)


def test_votes_without_signal_are_the_distinct_rows_of_draws():
    counts, rng = (60, 12), np.random.default_rng(0)
    y = np.repeat([0, 1], counts)
    for scheme in (BalancedSampler(), Undersample(replace=True), Undersample(5)):
        bags = Bagging(scheme, 4000).draw(y, rng) > 0
        shares = bags[:, y == 1].sum(axis=1) / bags.sum(axis=1)
        error = shares.std(ddof=1) / np.sqrt(len(shares))
        # The expected ratio is off the ratio of expectations by an order of 1/n.
        assert shares.mean() == pytest.approx(vote_shares(counts, scheme)[1], abs=4 * error + 0.003)


def test_weights_keep_the_order_of_the_leaves_of_a_tree_of_scikit_learn():
    """The structure of a tree with its leaves filled anew, by rows as they are and weighted."""
    from sklearn.tree import DecisionTreeClassifier

    rng = np.random.default_rng(1)
    y = np.repeat([0, 1], [160, 40])
    X, w = rng.normal(size=(200, 3)) + y[:, None], np.array([1.0, 4.0])
    leaves = DecisionTreeClassifier(max_depth=4, random_state=0).fit(X, y).apply(X)
    totals = np.array([np.bincount(y[leaves == leaf], minlength=2) for leaf in np.unique(leaves)])
    plain = totals[:, 1] / totals.sum(axis=1)
    weighted = w[1] * totals[:, 1] / (totals @ w)
    both = (plain > 0) & (plain < 1)
    odds = [share[both] / (1 - share[both]) for share in (weighted, plain)]
    np.testing.assert_allclose(np.log(odds[0] / odds[1]), np.log(4), rtol=1e-12)
    assert (np.argsort(plain, kind="stable") == np.argsort(weighted, kind="stable")).all()
    assert (weighted[~both] == plain[~both]).all() and both.sum() > 3 and (~both).sum() > 1


@pytest.mark.parametrize("criterion", ["gini", "entropy"])
def test_a_tree_on_one_feature_is_the_nearest_neighbour_for_any_weights(criterion):
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.tree import DecisionTreeClassifier

    rng = np.random.default_rng(2)
    new = rng.normal(size=(2000, 1))
    for seed in range(5):
        X, y = rng.normal(size=(80, 1)), np.repeat([0, 1], [65, 15])
        nearest = KNeighborsClassifier(1).fit(X, y).predict(new)
        for weights in (np.ones(80), rng.exponential(size=80), np.where(y == 1, 100.0, 1.0)):
            tree = DecisionTreeClassifier(criterion=criterion, random_state=seed)
            answer = tree.fit(X, y, sample_weight=weights).predict(new)
            np.testing.assert_array_equal(answer, nearest)


def two_features_and_weights_see_each_other():
    from sklearn.tree import DecisionTreeClassifier

    rng = np.random.default_rng(3)
    X, y, new = rng.normal(size=(80, 2)), np.repeat([0, 1], [65, 15]), rng.normal(size=(2000, 2))
    answers = [
        DecisionTreeClassifier(random_state=0, class_weight=w).fit(X, y).predict(new)
        for w in (None, {0: 1, 1: 10})
    ]
    assert (answers[0] != answers[1]).mean() > 0.01
    assert "on one feature" in claims.get("forest-weights").statement


def test_with_more_features_weights_choose_where_trees_split():
    two_features_and_weights_see_each_other()


def test_the_installed_forest_draws_its_bootstrap_by_class_weight():
    """Of class_weight="balanced" scikit-learn from 1.9 on draws rows; of "balanced_subsample" none.

    Chances of a row of a class, from all draws of 200 bags: |z| <= 4.
    """
    import sklearn
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.utils.fixes import parse_version

    rng = np.random.default_rng(4)
    X, y = rng.normal(size=(100, 1)), np.repeat([0, 1], [90, 10])
    found = {}
    for given in (None, "balanced", "balanced_subsample"):
        forest = RandomForestClassifier(200, class_weight=given, max_depth=1, random_state=0)
        drawn = np.concatenate(forest.fit(X, y).estimators_samples_)
        found[given] = (y[drawn].mean(), drawn.size)
    draws_by_weight = parse_version(sklearn.__version__) >= parse_version("1.9")
    shares = {None: 0.1, "balanced": 0.5 if draws_by_weight else 0.1, "balanced_subsample": 0.1}
    for given, share in shares.items():
        seen, n = found[given]
        assert abs(seen - share) <= 4 * np.sqrt(share * (1 - share) / n), given


COUNTEREXAMPLES = {
    ("separate-model", "correctly-specified"): alone_a_misspecified_model_has_other_contrasts,
}
"""What happens to a claim without one of its conditions."""


@pytest.mark.parametrize("case", COUNTEREXAMPLES, ids=" without ".join)
def test_a_condition_is_needed(case):
    label, condition = case
    assert condition in claims.CLAIMS[label].conditions
    COUNTEREXAMPLES[case]()


@pytest.mark.parametrize("group", [[1], [1, 1], [0, 4], [-1, 2], [0, 1, 2, 3]])
def test_a_group_is_of_two_classes_and_not_of_all(group):
    with pytest.raises(InputError, match=r"two or more of the classes 0\.\.3, and not all"):
        separate_model(tilted(SLOPES), COUNTS, group)
    with pytest.raises(InputError, match=r"two or more of the classes 0\.\.3, and not all"):
        first_stage_loss(tilted(SLOPES).rule(), group)


def test_part_of_a_population_is_that_of_its_classes():
    own = np.stack([np.eye(2), 2 * np.eye(2), 3 * np.eye(2)])
    part = part_of(Gaussian(np.arange(6.0).reshape(3, 2), own), [2, 0])
    assert part.means.tolist() == [[4, 5], [0, 1]] and part.covariance[0, 0, 0] == 3
    lost = Discrete(np.array([[0.0], [1.0]]), np.array([[1.0, 0.0], [0.5, 0.5], [1.0, 0.0]]))
    assert part_of(lost, [0, 2]).points.tolist() == [[0.0]]
