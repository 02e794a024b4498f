"""Logistic fits at one effective ridge: roots, and where their order is another one."""

import numpy as np
import pytest

from mlbalance.inputs import InputError
from mlbalance.schemes import ClassWeight, Undersample, Unweighted
from mlbalance.theory.proportional import (
    Mixture,
    effective_ridge,
    logistic_order,
    multiclass,
    one_fit,
    solve,
)
from mlbalance.theory.proportional.order import fit_at

SPHERE = Mixture.isotropic([[-1.0], [1.0]])


def by_classes(fit):
    """m^2/q of a fit by the equations of K classes."""
    problem = fit.parameters.problem
    given = problem.fractions, problem.weights, problem.load, problem.ridge
    found = multiclass.solve(problem.mixture, *given)
    return float(((found.means[1] - found.means[0]) ** 2 / 4 / found.covariance[0])[0])


@pytest.mark.parametrize("chi", [0.3, 3.0, 200.0])
@pytest.mark.parametrize("scheme", [Undersample(), ClassWeight(), Unweighted()], ids=str)
def test_a_fit_has_the_effective_ridge_it_was_asked(scheme, chi):
    fit = fit_at(SPHERE, (900, 300), 100, scheme, chi)
    assert effective_ridge(fit).chi == pytest.approx(chi, rel=1e-9)


def test_no_ridge_brings_separated_rows_below_their_smallest_effective_ridge():
    assert fit_at(SPHERE, (450, 50), 200, Undersample(), 1.0) is None
    found = logistic_order(SPHERE, (450, 50), 200, 1.0)
    assert np.isnan(found[:2]).all() and np.isfinite(found[2:]).all()


@pytest.mark.parametrize("chi", [2.0, 10.0, 100.0])
def test_the_order_where_one_class_has_nine_times_the_rows(chi):
    assert (np.diff(logistic_order(SPHERE, (450, 50), 200, chi)) > 0).all()


def test_near_equal_counts_bags_can_be_above_class_weights():
    """By two other solvers: the fit that the bags are, and the equations of K classes."""
    mixture, counts, d = Mixture.isotropic([[-0.935], [0.935]]), (514_563, 485_437), 10**6 / 0.668
    found = logistic_order(mixture, counts, d, 1.78)
    assert found.undersample < found.class_weights < found.bags < found.least_squares
    bag = fit_at(mixture, counts, d, Undersample(), 1.78)
    many = one_fit(bag, 4 * float(bag.covariance[0, 0] - bag.shared_covariance[0, 0]))
    weighted = by_classes(fit_at(mixture, counts, d, ClassWeight(), 1.78))
    assert weighted == pytest.approx(found.class_weights, rel=1e-7)
    assert many.signal**2 / many.variance == pytest.approx(found.bags, rel=1e-7)
    assert many.signal**2 / many.variance > weighted * (1 + 5e-5)


def test_by_a_strong_signal_bags_can_be_above_class_weights():
    """Three rows of the larger class per row of the other."""
    mixture, counts, d = Mixture.isotropic([[-3.5], [3.5]]), (750_000, 250_000), 10**4
    found = logistic_order(mixture, counts, d, 0.426)
    weighted = by_classes(fit_at(mixture, counts, d, ClassWeight(), 0.426))
    assert weighted == pytest.approx(found.class_weights, rel=1e-6)
    assert found.undersample < weighted * (1 + 8e-4) < found.bags < found.least_squares


def test_class_weights_can_be_above_the_unweighted_fit():
    """At a weak ridge, with one row in three hundred of the rarer class."""
    mixture, counts, d = Mixture.isotropic([[-0.444], [0.444]]), (996_923, 3_077), 10**6 / 23.87
    plain = solve(mixture, counts, d, Unweighted(), ridge=1e-4)
    chi = effective_ridge(plain).chi
    weighted = fit_at(mixture, counts, d, ClassWeight(), chi)
    found = logistic_order(mixture, counts, d, chi)
    assert found.unweighted < found.class_weights < found.least_squares
    assert by_classes(weighted) == pytest.approx(found.class_weights, rel=1e-6)
    assert by_classes(weighted) > by_classes(plain) * (1 + 8e-4)


def test_an_effective_ridge_is_positive():
    for chi in (0.0, -1.0, np.inf):
        with pytest.raises(InputError, match="An effective ridge is a positive number"):
            fit_at(SPHERE, (450, 50), 200, Undersample(), chi)
