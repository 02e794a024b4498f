"""Where the witnesses meet, for learners that are no single softmax."""

import numpy as np
import pytest
import sympy as sp

from mlbalance import claims, softmax
from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs import separate_model as separate_proof
from mlbalance.inputs import InputError
from mlbalance.populations import Discrete, Gaussian, stack
from mlbalance.theory import first_stage_loss, intercept_excess, part_of, separate_model

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
