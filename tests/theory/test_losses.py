"""Optima of other losses for two Gaussians: known limits, published-in-paper forms, simulation."""

import numpy as np
import pytest

from mlbalance import theory
from mlbalance.inputs import InputError
from mlbalance.losses import LDAM, Focal
from mlbalance.populations import Gaussian, stack, symmetric
from mlbalance.schemes import ClassWeight

POPULATION = symmetric(2, 2, 2.0)
COUNTS = (900, 100)
MARGINS = 0.5 * (min(COUNTS) / np.array(COUNTS)) ** 0.25


@pytest.mark.parametrize("prior", [None, (0.9, 0.1)])
def test_without_exponent_or_margins_it_is_the_softmax(prior):
    """Its optimum, moments, covariance and bias are those of the expansion of the log-loss."""
    rule, tau = POPULATION.rule(80), (0.5, 0.5) if prior is None else prior
    true = POPULATION.theta(tau)
    of = theory.Expansion(rule, true, np.array(tau)).of_scheme(ClassWeight(prior=tau), COUNTS)
    scheme = ClassWeight(prior=tau)
    for found in (
        theory.focal_optimum(POPULATION, 0.0, prior),
        theory.margin_optimum(POPULATION, (0.0, 0.0), prior),
    ):
        np.testing.assert_allclose(found.theta, true[1] - true[0], atol=1e-6)
        np.testing.assert_allclose(found.bias(COUNTS), of.bias, rtol=1e-4, atol=1e-8)
        first = theory.covariance(theory.moments(rule, true, tau), scheme, COUNTS)
        own = theory.covariance(found.moments, scheme, COUNTS)
        np.testing.assert_allclose(own, first, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("loss", [Focal(), Focal(0.5), LDAM()], ids=lambda loss: loss.id)
@pytest.mark.parametrize("prior", [None, (0.9, 0.1)])
def test_the_fit_to_the_population_is_the_optimum(loss, prior):
    X, y, weights = stack(POPULATION.rule(80), prior)
    fit = loss.fit(X, y, weights, counts=COUNTS)
    if isinstance(loss, Focal):
        found = theory.focal_optimum(POPULATION, loss.gamma, prior)
    else:
        found = theory.margin_optimum(POPULATION, loss.margins(COUNTS), prior)
    np.testing.assert_allclose(found.theta, fit.theta[1] - fit.theta[0], atol=1e-9)


def test_log_odds_are_the_inverse_links_of_the_fits():
    t = np.linspace(-8, 8, 33)
    z = np.column_stack([-t / 2, t / 2])
    for gamma in (0.0, 0.5, 2.0, 5.0):
        log_p = Focal(gamma).log_probabilities(z)
        told = theory.focal_log_odds(t, gamma)
        np.testing.assert_allclose(told, log_p[:, 1] - log_p[:, 0], rtol=1e-10, atol=1e-12)
        slope = (theory.focal_log_odds(1e-4, gamma) - theory.focal_log_odds(-1e-4, gamma)) / 2e-4
        assert theory.focal_slope(gamma) == pytest.approx(slope, rel=1e-7)
    log_p = LDAM(0.7).log_probabilities(z, COUNTS)
    told = theory.margin_log_odds(t, LDAM(0.7).margins(COUNTS))
    np.testing.assert_allclose(told, log_p[:, 1] - log_p[:, 0], rtol=1e-10, atol=1e-12)
    assert theory.margin_threshold(MARGINS) == pytest.approx(0.9184, abs=5e-5)


def test_ratios_of_variances_of_the_direction():
    """Of focal loss to class weights: they need not exceed one, as Gaussians are known shapes."""
    ratios = {}
    for s in (1.0, 2.0):
        population = symmetric(2, 2, 2 * s)
        base, *others = (theory.focal_optimum(population, g) for g in (0.0, 1.0, 2.0, 5.0))
        unit = theory.covariance(base.moments, ClassWeight(), COUNTS)[2, 2] / base.theta[1] ** 2
        for g, at in zip((1, 2, 5), others, strict=True):
            own = theory.covariance(at.moments, ClassWeight(), COUNTS)[2, 2] / at.theta[1] ** 2
            ratios[s, g] = own / unit
            assert base.theta[1] / at.theta[1] == pytest.approx(theory.focal_slope(g), rel=0.02)
    assert ratios[1.0, 2] == pytest.approx(1.0175, abs=5e-5)
    assert ratios[1.0, 5] == pytest.approx(1.0734, abs=5e-5)
    assert ratios[2.0, 5] == pytest.approx(1.2313, abs=5e-4)  # of 80 nodes per axis
    assert ratios[2.0, 1] < 1 < ratios[1.0, 1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.focal_optimum(symmetric(3, 2, 1.0), 2.0), "two classes of one or two"),
        (lambda: theory.focal_optimum(symmetric(2, 3, 1.0), 2.0), "two classes of one or two"),
        (lambda: theory.focal_optimum(POPULATION, -1.0), "a gamma from zero on; it is -1"),
        (lambda: theory.margin_optimum(POPULATION, (0.1,)), "two finite numbers here"),
        (lambda: theory.focal_optimum(symmetric(2, 1, 40.0), 2.0), "No optimum of the loss"),
    ],
)
def test_what_has_no_optimum_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_classes_may_have_any_common_covariance():
    means, covariance = np.array([[0.0, 0.0], [1.0, 1.5]]), np.array([[2.0, 0.5], [0.5, 1.0]])
    at = theory.focal_optimum(Gaussian(means, covariance), 2.0)
    along = np.linalg.solve(covariance, means[1] - means[0])
    np.testing.assert_allclose(at.theta[1:] / at.theta[1], along / along[0], rtol=1e-8)
