"""Where the witnesses meet, for many features: what is proved is what is computed."""

import numpy as np
import pytest
import sympy as sp
from scipy import optimize

from mlbalance import softmax
from mlbalance.corrections import left_out_logits
from mlbalance.derivations import (
    boundary,
    calibration,
    direction,
    left_out,
    margins,
    overlap,
    self_influence,
    square_loss,
)
from mlbalance.derivations.evaluation import evaluate
from mlbalance.derivations.strong_ridge import strong_ridge_expressions
from mlbalance.schemes import Bagging, ClassWeight, Undersample, Unweighted
from mlbalance.softmax import row_scores
from mlbalance.theory.proportional import (
    Mixture,
    binary,
    flip_boundary,
    max_margin,
    separability_threshold,
    solve,
    strong_ridge,
)

S = 1.1  # half the distance of the means
COUNTS, FEATURES = np.array([300, 60]), 100
SCALES = np.array([1.3, 0.8])
SCHEMES = (ClassWeight(), Unweighted(), Undersample())


def mixture(scales=(1.0, 1.0)):
    return Mixture.isotropic([[-S], [S]], scales)


def letters_of(found, scales=(1.0, 1.0)):
    """Values of the letters of a solution's equations, by class."""
    problem = found.parameters.problem
    letters = {"alpha": problem.load, "lambda": problem.ridge / 2, "s": S}
    for k in (0, 1):
        letters |= {
            f"rho_{k}": problem.fractions[k],
            f"alpha_{k}": problem.load * problem.fractions[k],
            f"c_{k}": problem.weights[k],
            f"sigma_{k}": scales[k],
        }
    return letters


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_self_influence(scheme):
    found = solve(mixture(SCALES), COUNTS, FEATURES, scheme, ridge=0.02)
    margins_ = found.parameters
    gammas = margins_.problem.fractions * margins_.forces
    assert gammas[0] == pytest.approx(gammas[1], rel=1e-8)
    for k in (0, 1):
        derived = evaluate(
            self_influence.inflation_expression(),
            sigma_k=SCALES[k],
            V=margins_.response,
            gamma=gammas[0],
            n=found.rows.sum(),
            n_k=found.rows[k],
        )
        own, other = found.self_influence[k, k], found.self_influence[k, 1 - k]
        assert own - other == pytest.approx(float(derived), rel=1e-8)
    assert found.parameters.intercept < 0 or not isinstance(scheme, ClassWeight)


def test_self_influence_of_three_classes_balances():
    means = np.array([[0.0, 0.0], [1.5, 0.0], [0.5, 1.2]])
    found = solve(Mixture.isotropic(means), [200, 40, 90], 80, ridge=0.1)
    shares = found.rows / found.rows.sum()
    pulled = np.abs(found.self_influence).max()
    assert np.abs(shares @ found.self_influence).max() < 1e-5 * pulled


@pytest.mark.parametrize("separation", [0.6, 2.0, 4.0])
@pytest.mark.parametrize("counts", [(300, 60), (4000, 15), (50, 49)])
def test_flip(separation, counts):
    found = strong_ridge(counts, FEATURES, separation)
    letters = {"s": separation / 2, "alpha_0": counts[0] / FEATURES}
    letters |= {"alpha_1": counts[1] / FEATURES}
    derived = {
        name: 0.5 * float(sp.erfc(evaluate(form, **letters) / sp.sqrt(2)))
        for name, form in strong_ridge_expressions().items()
        if name != "bags"
    }
    pairs = {
        "weighted": (derived["majority"], derived["minority"]),
        "undersampled": [derived["undersampled"]] * 2,
        "threshold": [derived["best"]] * 2,
    }
    for name, errors in pairs.items():
        np.testing.assert_allclose(getattr(found, name), errors, rtol=1e-12)


@pytest.mark.parametrize("ratio", [2.0, 30.0])
def test_flip_boundary(ratio):
    ends = boundary.boundary_expressions()
    weak = float(evaluate(ends["weak"], omega=(ratio - 1) / (ratio + 1)))
    assert flip_boundary(0.02, ratio) == pytest.approx(weak, abs=1e-3)
    found = [flip_boundary(separation, ratio) for separation in (1.0, 4.0, 16.0)]
    assert weak < found[0] < found[1] < found[2] < float(ends["strong"])


@pytest.mark.parametrize("scales", [(1.0, 1.0), tuple(SCALES)], ids=str)
@pytest.mark.parametrize("ridge", [1e-4, 0.3])
@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_square_loss(scheme, ridge, scales):
    found = solve(mixture(scales), COUNTS, FEATURES, scheme, ridge=ridge, loss="square")
    parameters = found.parameters
    letters = letters_of(found, scales) | {"V": parameters.response}
    derived = {
        name: float(evaluate(form, **letters))
        for name, form in square_loss.square_loss_expressions().items()
    }
    assert derived["root"] == pytest.approx(0, abs=1e-10)
    assert derived["m"] == pytest.approx(parameters.signal, rel=1e-9)
    assert derived["q"] == pytest.approx(parameters.variance, rel=1e-8)
    assert derived["b"] == pytest.approx(parameters.intercept, rel=1e-8, abs=1e-12)


def test_direction():
    ratios = []
    for scheme in (Unweighted(), ClassWeight(), Undersample()):
        found = solve(mixture(), [900, 400], FEATURES, scheme, ridge=0.0, loss="square")
        pull = found.parameters.problem.weights * found.parameters.response
        letters = letters_of(found) | {f"u_{k}": pull[k] / (1 + pull[k]) for k in (0, 1)}
        D = evaluate(direction.denominator(), **letters)
        derived = evaluate(square_loss.ratio_step().equation.rhs, D=D, **letters)
        ratios.append(found.parameters.signal**2 / found.parameters.variance)
        assert ratios[-1] == pytest.approx(float(derived), rel=1e-9)
    assert ratios[0] > ratios[1] > ratios[2]


@pytest.mark.parametrize("scheme", [*SCHEMES, Bagging(Undersample(), 7)], ids=str)
def test_calibration_slope(scheme):
    found = solve(mixture(), COUNTS, FEATURES, scheme, ridge=0.05)
    logits = found.logits
    q = logits.covariance[0, 0, 0] * 4
    letters = {"m": found.parameters.signal, "q": q, "b": found.parameters.intercept}
    derived = {
        name: float(evaluate(form, **letters))
        for name, form in calibration.calibration_expressions().items()
    }
    computed = logits.calibration()
    assert computed.slope == pytest.approx(derived["slope"], rel=1e-6)
    moved = computed.intercept[1] - computed.intercept[0]
    assert moved == pytest.approx(derived["intercept"], abs=1e-6)


def test_under_bagging():
    found = solve(mixture(), COUNTS, FEATURES, Undersample(), ridge=0.05)
    q = found.parameters.variance
    r, _ = binary.overlap(found.parameters, found.kept_again)
    np.testing.assert_allclose(found.kept_again, [60 / 300, 1], rtol=1e-12)
    assert 0 < r < q
    assert binary.overlap(found.parameters, np.ones(2))[0] == pytest.approx(q, rel=1e-12)
    for bags in (1, 2, 30):
        derived = evaluate(overlap.bag_variance_expression(), q=q, r=r, B=bags)
        averaged = found.averaged(bags)
        assert 4 * averaged.covariance[0, 0, 0] == pytest.approx(float(derived), rel=1e-12)
        np.testing.assert_array_equal(averaged.mean, found.means)


SHORTFALL = sp.lambdify(
    [margins.c, margins.b, margins.s, margins.rho1, margins.kappa], margins.shortfall_expression()
)


@pytest.mark.parametrize("rare", [0.5, 0.1])
@pytest.mark.parametrize("separation", [0.0, 2.0])
def test_mle_threshold(rare, separation):
    found = optimize.minimize(
        lambda at: SHORTFALL(np.tanh(at[0]), at[1], separation / 2, rare, 0.0),
        [0.1, 0.0],
        options={"gtol": 1e-9},
    )
    computed = separability_threshold([1 - rare, rare], separation)
    assert 1 / found.fun == pytest.approx(computed, rel=1e-8)
    undersample = separability_threshold([0.5, 0.5], separation) / (2 * rare)
    assert computed < undersample or rare == 0.5


def test_max_margin():
    load, rare = 1.2, 0.15
    computed = max_margin(load, [1 - rare, rare], 2 * S)
    at = [computed.signal / S, computed.intercept]

    def shortfall(point):
        return SHORTFALL(*point, S, rare, computed.margin)

    assert shortfall(at) == pytest.approx(1 / load, rel=1e-8)
    assert np.abs(optimize.approx_fprime(at, shortfall, 1e-6)).max() < 1e-4
    assert computed.intercept < 0
    assert max_margin(load, [0.5, 0.5], 2 * S).intercept == pytest.approx(0, abs=1e-7)


def test_loo_intercept():
    """One Newton step of the rebalanced loss without the row, by its own linear algebra."""
    rng = np.random.default_rng(11)
    codes = np.repeat([0, 1], [40, 15])
    X = rng.normal(size=(codes.size, 3)) + codes[:, None]
    weights = 0.5 / np.bincount(codes)[codes]
    theta = softmax.fit(X, codes, weights, ridge=0.05).theta
    z = left_out_logits(X, codes, theta, weights, weights, 0.05)
    scores = row_scores(theta, X, codes)[:, 1]
    for i in (0, 39, 40, 54):
        own = codes == codes[i]
        a = float(evaluate(left_out.scale_expression(), T_k=0.5, v=weights[i]))
        left = np.where(own, a * weights, weights)
        left[i] = 0.0
        H = softmax.hessian(theta, X, codes, left, ridge=0.05)[1, :, 1, :]
        G = weights[own] @ scores[own]
        x = np.append(1.0, X[i])
        step = a * weights[i] * x @ np.linalg.solve(H, scores[i] - G / 0.5)
        before = theta[:, 0] + theta[:, 1:] @ X[i]
        assert (z[i, 1] - z[i, 0]) - (before[1] - before[0]) == pytest.approx(step, rel=1e-8)
