"""Quadrature of normal vectors: moments, an integral that is known, twins, and refusals."""

import numpy as np
import pytest

from mlbalance.inputs import InputError
from mlbalance.populations.quadrature import normal_rules


@pytest.mark.parametrize("dimension", [1, 2, 3, 5, 15])
def test_rules_have_the_moments_of_a_normal_vector(dimension):
    for points, weights in normal_rules(dimension):
        assert abs(weights.sum() - 1) < 1e-12
        np.testing.assert_allclose(weights @ points, 0, atol=1e-11)
        np.testing.assert_allclose((points.T * weights) @ points, np.eye(dimension), atol=1e-9)
    one, other = normal_rules(dimension)
    assert np.abs(np.cos(2 * one.points[:, 0]) @ one.weights - np.exp(-2)) < 5e-3
    assert not np.array_equal(one.points, other.points)


def test_the_nodes_of_a_twin_lie_half_way_between():
    rule, twin = (np.sort(rule.points[:, 0]) for rule in normal_rules(1, 41))
    middle = (rule[1:] + rule[:-1]) / 2
    apart = np.abs(twin[:, None] - middle).min(axis=1)
    assert apart[1:-1].max() < 1e-12


def test_rules_refuse_too_few_nodes():
    with pytest.raises(InputError, match="at least three nodes per axis; got 2"):
        normal_rules(2, 2)
    with pytest.raises(InputError, match="power of two points, at least 12; got 100"):
        normal_rules(3, 100)
