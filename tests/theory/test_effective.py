"""Effective ridge of a fit: one number, its bounds, and bags as one fit of all rows."""

import numpy as np
import pytest

from mlbalance import softmax
from mlbalance.inputs import InputError
from mlbalance.populations import symmetric
from mlbalance.schemes import ClassWeight, Undersample, Unweighted
from mlbalance.theory.proportional import ConvergenceError, Mixture, binary, envelope, solve
from mlbalance.theory.proportional.effective import (
    degrees_of_freedom,
    effective_ridge,
    matched_ridge,
    signal_to_noise,
)
from mlbalance.theory.proportional.envelope import one_fit

SPHERE = Mixture.isotropic([[-1.0], [1.0]])
SPECTRUM = Mixture(
    np.array([[[0.2, -0.2], [-0.2, 0.2]], [[0.8, -0.8], [-0.8, 0.8]]]),
    np.array([10.0, 0.1]),
    np.array([0.5, 0.5]),
    np.ones(2),
)
WIDER = Mixture.isotropic([[-1.0], [1.0]], [1.0, 1.5])
COUNTS = {"450 and 50": (450, 50), "180 and 20": (180, 20), "900 and 300": (900, 300)}
SCHEMES = (ClassWeight(), Unweighted(), Undersample())


@pytest.mark.parametrize("loss", ["logistic", "square"])
@pytest.mark.parametrize("counts", COUNTS.values(), ids=COUNTS)
@pytest.mark.parametrize("mixture", [SPHERE, SPECTRUM], ids=["sphere", "spectrum"])
def test_no_fit_does_better_than_the_bounds_of_its_effective_ridge(mixture, counts, loss):
    for scheme in SCHEMES:
        for ridge in (0.003, 0.1, 3.0):
            fit = solve(mixture, counts, 200, scheme, ridge=ridge, loss=loss)
            found = effective_ridge(fit)
            # Degrees of freedom are rows times response times curvature, whatever the loss.
            by_response = (
                fit.rows.sum()
                * fit.parameters.response
                * float(fit.parameters.problem.fractions @ binary.curvatures(fit.parameters))
            )
            assert found.degrees_of_freedom == pytest.approx(by_response, rel=1e-9)
            assert found.signal_to_noise <= found.bound * (1 + 1e-9) <= found.best * (1 + 2e-9)
            if loss == "square":
                assert found.signal_to_noise == pytest.approx(found.bound, rel=1e-9)


@pytest.mark.parametrize("mixture", [SPHERE, SPECTRUM], ids=["sphere", "spectrum"])
def test_unweighted_least_squares_attains_the_bound_at_the_matched_ridge(mixture):
    counts, d = (450, 50), 200
    for scheme in SCHEMES:
        chi = effective_ridge(solve(mixture, counts, d, scheme, ridge=0.05)).chi
        ridge = matched_ridge(mixture, counts, d, chi)
        fit = solve(mixture, counts, d, Unweighted(), ridge=ridge, loss="square")
        found = effective_ridge(fit)
        assert found.chi == pytest.approx(chi, rel=1e-9)
        best = signal_to_noise(mixture, counts, d, chi)
        assert found.signal_to_noise == pytest.approx(best, rel=1e-9)


def test_a_bag_has_the_degrees_of_freedom_of_all_rows_at_a_larger_ridge():
    """lambda (1 - df/n) = lambda' (1 - df/n_u), for the square loss."""
    counts, d, ridge = (450, 50), 200, 0.02
    bag = effective_ridge(solve(SPHERE, counts, d, Undersample(), ridge=ridge, loss="square"))
    df = bag.degrees_of_freedom
    matched = matched_ridge(SPHERE, counts, d, bag.chi)
    assert ridge * (1 - df / 500) == pytest.approx(matched * (1 - df / 100), rel=1e-9)


def test_without_end_the_ridge_leaves_the_nearest_centroid():
    alpha, energy = np.array([450, 50]) / 200, 1.0
    limit = energy**2 / (energy + (1 / alpha).sum() / 4)
    assert signal_to_noise(SPHERE, (450, 50), 200, np.inf) == pytest.approx(limit, rel=1e-12)
    assert signal_to_noise(SPHERE, (450, 50), 200, 1e9) == pytest.approx(limit, rel=1e-6)
    # Of isotropic classes it is the best there is.
    grid = [signal_to_noise(SPHERE, (450, 50), 200, chi) for chi in np.geomspace(0.01, 1e4, 30)]
    assert np.all(np.diff(grid) > 0) and grid[-1] < limit


def test_degrees_of_freedom_are_the_leverages_of_a_fit():
    """Trace of H^-1 (H - ridge) of fits of 500 rows; their mean is off by the order of 1/d."""
    counts, d, ridge = (450, 50), 200, 0.1
    population, rng = symmetric(2, d, 2.0), np.random.default_rng(3)
    traces = []
    for _ in range(6):
        X, y = population.sample(counts, rng)
        weights = ClassWeight().draw(y, rng)[0]
        theta = softmax.fit(X, y, weights, ridge=ridge).theta
        H = softmax.hessian(theta, X, y, weights)[1, :, 1, :]
        penalty = np.diag([0.0] + [ridge / 2] * d)
        traces.append(np.trace(np.linalg.solve(H + penalty, H)) - 1)
    predicted = effective_ridge(solve(SPHERE, counts, d, ClassWeight(), ridge=ridge))
    error = np.std(traces, ddof=1) / np.sqrt(len(traces))
    off = np.mean(traces) - predicted.degrees_of_freedom
    assert abs(off) <= 4 * error + predicted.degrees_of_freedom / d


@pytest.mark.parametrize(
    ("mixture", "loss", "ridge"),
    [
        (SPHERE, "logistic", 0.02),
        (SPHERE, "square", 0.3),
        (SPECTRUM, "logistic", 0.1),
        (SPECTRUM, "square", 0.05),
        (WIDER, "logistic", 0.1),
        (WIDER, "square", 0.1),
    ],
    ids=lambda given: given if isinstance(given, str) else None,
)
def test_infinitely_many_bags_are_one_fit_of_all_rows(mixture, loss, ridge):
    """Its variance is the overlap of two bags, which is solved by another equation."""
    bag = solve(mixture, (450, 50), 200, Undersample(), ridge=ridge, loss=loss)
    found, (shared, error) = bag.parameters, binary.overlap(bag.parameters, bag.kept_again)
    fit = one_fit(bag, found.variance - shared)
    assert fit.residual < 1e-9
    expected = found.signal, found.intercept, shared, found.response
    assert fit[:4] == pytest.approx(expected, rel=1e-7, abs=1e-8 + error)
    # Another blur is another loss; only the square loss, blurred, is itself and a constant.
    other = one_fit(bag, 1.2 * (found.variance - shared))
    assert (abs(other.variance / shared - 1) < 1e-9) == (loss == "square")


def test_one_fit_that_was_not_found_is_an_error(monkeypatch):
    bag = solve(SPHERE, (450, 50), 200, Undersample(), ridge=0.02)
    monkeypatch.setattr(envelope, "_SWEEPS", 5)
    with pytest.raises(ConvergenceError, match=r"not found in 5 sweeps \(residual .*larger ridge"):
        one_fit(bag, 0.1)


def test_many_bags_have_bounds_of_all_rows():
    bag = solve(SPHERE, (450, 50), 200, Undersample(), ridge=0.02)
    one, many = (effective_ridge(bag, bags=bags) for bags in (1, np.inf))
    assert one.chi == many.chi and one.degrees_of_freedom == many.degrees_of_freedom
    assert one.signal_to_noise < many.signal_to_noise <= many.bound < many.best
    assert many.best == signal_to_noise(SPHERE, (450, 50), 200, many.chi)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (
            lambda: effective_ridge(solve(WIDER, (90, 30), 50, ClassWeight(), ridge=0.1)),
            r"two classes of one covariance; there are 2, of scales \[1.0, 1.5\]",
        ),
        (
            lambda: effective_ridge(solve(SPHERE, (90, 30), 50, Undersample(), ridge=0.1), bags=10),
            "Bags are 1 or infinitely many here; 10 was given",
        ),
        (lambda: matched_ridge(SPHERE, (9, 3), 50, 0.1), "fewer than the 12 rows. Give a larger"),
    ],
)
def test_what_has_no_answer_is_refused(act, message):
    with pytest.raises(InputError, match=message):
        act()


def test_degrees_of_freedom_fall_from_all_features_to_none():
    assert degrees_of_freedom(SPECTRUM, 200, 0.0) == 200
    assert degrees_of_freedom(SPECTRUM, 200, 1e12) < 1e-6
