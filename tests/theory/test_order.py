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


@pytest.mark.parametrize(
    ("separation", "counts", "load", "chi"),
    [(5.95, (547_511, 452_489), 24.8, 0.361), (7.0, (750_000, 250_000), 100.0, 0.426)],
    ids=["near-equal counts", "a strong signal"],
)
def test_bags_can_be_above_class_weights(separation, counts, load, chi):
    """By two other solvers: the fit that the bags are, and the equations of K classes."""
    mixture, d = Mixture.isotropic([[-separation / 2], [separation / 2]]), 10**6 / load
    found = logistic_order(mixture, counts, d, chi)
    assert found.undersample < found.class_weights < found.bags < found.least_squares
    bag = fit_at(mixture, counts, d, Undersample(), chi)
    many = one_fit(bag, 4 * float(bag.covariance[0, 0] - bag.shared_covariance[0, 0]))
    weighted = by_classes(fit_at(mixture, counts, d, ClassWeight(), chi))
    assert weighted == pytest.approx(found.class_weights, rel=1e-6)
    assert many.signal**2 / many.variance == pytest.approx(found.bags, rel=1e-6)
    assert many.signal**2 / many.variance > weighted * (1 + 8e-4)


def test_an_effective_ridge_is_positive():
    for chi in (0.0, -1.0, np.inf):
        with pytest.raises(InputError, match="An effective ridge is a positive number"):
            fit_at(SPHERE, (450, 50), 200, Undersample(), chi)
