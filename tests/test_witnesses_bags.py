"""Where the witnesses meet, for bags and effective ridges: what is proved is what is computed."""

import numpy as np
import pytest
import sympy as sp

from mlbalance import claims
from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs import bag_envelope, kish_bags
from mlbalance.derivations.proofs import effective_ridge as effective_ridge_proof
from mlbalance.derivations.proofs import intercept_price as intercept_price_proof
from mlbalance.derivations.proofs import logistic_order as logistic_order_proof
from mlbalance.schemes import ClassWeight, Undersample, Unweighted
from mlbalance.theory.proportional import (
    Mixture,
    binary,
    degrees_of_freedom,
    effective_ridge,
    effective_size_at,
    intercept_price,
    logistic_order,
    matched_ridge,
    one_fit,
    signal_to_noise,
    solve,
)
from mlbalance.theory.proportional.margin_losses import LOSSES
from mlbalance.theory.proportional.order import fit_at

COUNTS, FEATURES = np.array([300, 60]), 100
SPECTRUM = Mixture(
    np.array([[[0.3, -0.3], [-0.3, 0.3]], [[0.5, -0.5], [-0.5, 0.5]]]),
    np.array([3.0, 0.2]),
    np.array([0.4, 0.6]),
    np.ones(2),
)
SCHEMES = (ClassWeight(), Unweighted(), Undersample())


def spectral_letters(mixture, chi):
    """S_1, S_2 and S_3, from the sums over eigenspaces that the proof names."""
    energy = (mixture.gram[:, 0, 0] + mixture.gram[:, 1, 1] - 2 * mixture.gram[:, 0, 1]) / 4
    lists = {"e": mixture.eigenvalues, "p": mixture.masses, "s": np.sqrt(energy), "chi": chi}
    sums = effective_ridge_proof.SPECTRAL.items()
    J = mixture.masses.size
    return {letter.name: float(evaluate(written, J=J, **lists)) for written, letter in sums}


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_effective_ridge(scheme):
    fit = solve(SPECTRUM, COUNTS, FEATURES, scheme, ridge=0.05)
    found = effective_ridge(fit)
    letters = spectral_letters(SPECTRUM, found.chi)
    for k in (0, 1):
        letters |= {f"f_{k}": found.shares[k], f"alpha_{k}": fit.rows[k] / FEATURES}
    bound = evaluate(effective_ridge_proof.bound_expression(), **letters)
    assert found.bound == pytest.approx(float(bound), rel=1e-12)
    letters |= {f"f_{k}": fit.rows[k] / fit.rows.sum() for k in (0, 1)}
    best = evaluate(effective_ridge_proof.bound_expression(), **letters)
    assert found.best == pytest.approx(float(best), rel=1e-12)


def test_matched_ridge():
    chi, n = 1.7, int(COUNTS.sum())
    df = degrees_of_freedom(SPECTRUM, FEATURES, chi)
    derived = evaluate(effective_ridge_proof.matched_ridge_expression(), chi=chi, df=df, n=n)
    # The ridge of the package is that of two vectors that sum to zero.
    assert matched_ridge(SPECTRUM, COUNTS, FEATURES, chi) == pytest.approx(2 * float(derived))
    assert isinstance(derived, sp.Float)


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_intercept_price(scheme):
    fit = solve(Mixture.isotropic([[-1.1], [1.1]]), COUNTS, FEATURES, scheme, ridge=0.05)
    found = fit.parameters
    h_2 = found.problem.fractions @ binary.curvatures(found, 2)
    kappa = evaluate(
        intercept_price_proof.pairs_expression(),
        alpha=found.problem.load,
        V=found.response,
        h_2=float(h_2),
    )
    letters = {"q": found.variance, "n": fit.rows.sum(), "kappa": float(kappa)}
    for k in (0, 1):
        letters |= {f"n_{k}": fit.rows[k], f"g_{k}": found.forces[k]}
    variance = intercept_price_proof.threshold_variance_expression()
    squares = {
        "fitted": found.intercept**2,
        "left_out": float(evaluate(variance, **letters)),
        "independent": float(evaluate(variance, **letters | {"kappa": 0})),
    }
    for name, square in squares.items():
        at = {"m": found.signal, "q": found.variance, "t": np.sqrt(square)}
        rise = float(sp.N(evaluate(intercept_price_proof.rise_expression(), **at)))
        assert getattr(intercept_price(fit), name) == pytest.approx(rise, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_kish_bags(scheme):
    """Shares of the curvature by the solver, and the size by its own root."""
    fit = solve(SPECTRUM, COUNTS, FEATURES, scheme, ridge=0.05, loss="square")
    found = effective_ridge(fit)
    letters = {"K": 2, "n": fit.rows.tolist(), "f": found.shares.tolist()}
    derived = float(evaluate(kish_bags.effective_size_expression(), **letters))
    size = effective_size_at(SPECTRUM, fit.rows, FEATURES, found.chi, fit.weights)
    assert size == pytest.approx(derived, rel=1e-9)


@pytest.mark.parametrize("chi", [0.3, 3.0, 60.0])
def test_logistic_order(chi):
    """By F and X: least squares has the least of one and none of the other; fits have some."""
    found, alphas = logistic_order(SPECTRUM, COUNTS, FEATURES, chi), COUNTS / FEATURES
    letters = spectral_letters(SPECTRUM, chi) | {f"alpha_{k}": alphas[k] for k in (0, 1)}
    expression = logistic_order_proof.noise_to_signal_expression()

    def ratio(**numbers):
        return 1 / float(evaluate(expression, **letters, **numbers))

    least = 1 / alphas.sum()
    assert found.least_squares == pytest.approx(ratio(F=least, X=0.0), rel=1e-12)
    for scheme, name in ((ClassWeight(), "class_weights"), (Unweighted(), "unweighted")):
        fit = fit_at(SPECTRUM, COUNTS, FEATURES, scheme, chi)
        F = float((effective_ridge(fit).shares ** 2 / alphas).sum())
        beyond = sum(
            fit.parameters.problem.fractions[k] ** 2 * excess / alphas[k]
            for k, excess in enumerate(beyond_linear(fit.parameters))
        )
        X = beyond / (4 * (fit.parameters.problem.fractions * fit.parameters.forces)[0] ** 2)
        assert getattr(found, name) == pytest.approx(ratio(F=F, X=float(X)), rel=1e-7)
        assert least < F and X > 0


def beyond_linear(margins):
    """(2,) what the mean square of the pulls of a class has beyond their linear part."""
    found, (nodes, mass) = [], (margins.rule.points[:, 0], margins.rule.weights)
    for k, sign in enumerate(binary.SIGNS):
        weight = margins.problem.weights[k]
        out = margins.signal + sign * margins.intercept + np.sqrt(margins.variance) * nodes
        pull = weight * LOSSES["logistic"](out, np.full_like(out, weight * margins.response))[0]
        found.append(mass @ pull**2 - (mass @ pull) ** 2 - (mass @ (pull * nodes)) ** 2)
    return found


def with_two_sigmas_weights_can_beat_every_ridge_of_all_rows():
    """Balanced errors at the best ridge of each; the signal is where the features vary little."""
    gram = np.array([np.zeros((2, 2)), [[0.5, -0.5], [-0.5, 0.5]]])
    wide = Mixture(gram, np.array([3.0, 0.2]), np.array([0.4, 0.6]), np.array([2.0, 0.3]))

    def best(scheme):
        fits = (
            solve(wide, [900, 400], 100, scheme, ridge=ridge, loss="square").logits
            for ridge in np.geomspace(1e-4, 100, 49)
        )
        return min(logits.balanced_error(logits.best_offset()) for logits in fits)

    assert best(ClassWeight()) < best(Unweighted()) * (1 - 1e-3)


@pytest.mark.parametrize("scales", [(1.0, 1.0), (1.0, 1.5)], ids=str)
def test_bag_envelope(scales):
    """Square loss: bags are one weighted fit at another ridge, by the derived weight of a row."""
    mixture, ridge = Mixture.isotropic([[-1.1], [1.1]], scales), 0.05
    bag = solve(mixture, COUNTS, FEATURES, Undersample(), ridge=ridge, loss="square")
    found, formula = bag.parameters, bag_envelope.bag_weight_expression()
    moves = np.array(scales) ** 2 * found.response
    weight = [
        float(evaluate(formula, pi=pi, S=S)) for pi, S in zip(bag.kept_again, moves, strict=True)
    ]
    total = COUNTS @ weight
    fit = solve(
        mixture,
        COUNTS,
        FEATURES,
        ClassWeight(prior=tuple(COUNTS * weight / total)),
        ridge=ridge * bag.rows.sum() / total,
        loss="square",
    ).parameters
    shared = binary.overlap(found, bag.kept_again)[0]
    expected = [found.signal, found.intercept, shared]
    assert [fit.signal, fit.intercept, fit.variance] == pytest.approx(expected, rel=1e-8, abs=1e-9)
    one = one_fit(bag, found.variance - shared)
    assert [one.signal, one.intercept, one.variance] == pytest.approx(expected, rel=1e-7, abs=1e-8)


COUNTEREXAMPLES = {
    ("effective-ridge", "one-sigma"): with_two_sigmas_weights_can_beat_every_ridge_of_all_rows,
}
"""What happens to a claim without one of its conditions."""


@pytest.mark.parametrize("case", COUNTEREXAMPLES, ids=" without ".join)
def test_a_condition_is_needed(case):
    label, condition = case
    assert condition in claims.CLAIMS[label].conditions
    COUNTEREXAMPLES[case]()


def test_the_best_ridge_of_all_rows_loses_to_no_bags():
    """Bags at their best ridge, all rows at theirs, matched by roots and not on a grid."""
    for ridge in np.geomspace(1e-3, 10.0, 9):
        many = effective_ridge(
            solve(SPECTRUM, COUNTS, FEATURES, Undersample(), ridge=ridge), bags=np.inf
        )
        assert many.signal_to_noise <= many.best
        rows = matched_ridge(SPECTRUM, COUNTS, FEATURES, many.chi)
        one = effective_ridge(
            solve(SPECTRUM, COUNTS, FEATURES, Unweighted(), ridge=rows, loss="square")
        )
        assert one.signal_to_noise == pytest.approx(many.best, rel=1e-9)
        assert many.best == signal_to_noise(SPECTRUM, COUNTS, FEATURES, many.chi)
