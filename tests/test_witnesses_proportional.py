"""Where the witnesses meet, for many features: what is proved is what is computed."""

from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from scipy import optimize, special

from mlbalance import claims, softmax
from mlbalance.corrections import leave_one_out_logits
from mlbalance.derivations import derive
from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs import (
    _boundary,
    calibration_slope,
    direction,
    loo_intercept,
    mle_threshold,
    overcorrection,
    self_influence,
    square_loss,
    square_ridge,
    under_bagging,
)
from mlbalance.derivations.proofs.ridge_limit import strong_ridge_expressions
from mlbalance.derivations.proofs.ridge_limit_bags import bags_expression
from mlbalance.populations import Gaussian
from mlbalance.schemes import Bagging, ClassWeight, Undersample, Unweighted
from mlbalance.simulation import read_rows
from mlbalance.softmax import row_scores
from mlbalance.theory.proportional import (
    Mixture,
    SeparationError,
    binary,
    flip_boundary,
    max_margin,
    separability_threshold,
    solve,
    strong_ridge,
)
from simulations import phase_diagram

RESULTS = Path(phase_diagram.__file__).with_name("results")
S = 1.1  # half the distance of the means
COUNTS, FEATURES = np.array([300, 60]), 100
SCALES = np.array([1.3, 0.8])
SCHEMES = (ClassWeight(), Unweighted(), Undersample())


def right_hand_side(label, key):
    return derive(label).step(key).equation.rhs


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


@pytest.mark.parametrize("ridge", [1e-4, 0.02, 3.0])
@pytest.mark.parametrize("counts", [(300, 290), (300, 60), (3000, 20)])
def test_intercept_bias(counts, ridge):
    """Against the rarer class by any ridge, and by a pull that falls as derived."""
    found = solve(mixture(), counts, FEATURES, ClassWeight(), ridge=ridge).parameters
    assert found.intercept < -1e-6
    even = solve(mixture(), counts, FEATURES, Undersample(), ridge=ridge).parameters
    assert even.intercept == pytest.approx(0, abs=1e-9)
    own = right_hand_side("intercept-bias", "pull-own")
    tau, out, step = 0.7, 0.4, 1e-5

    def pull(size):
        return optimize.brentq(lambda f: f - special.expit(-out - size * f), 0, 1, xtol=1e-15)

    f = pull(tau)
    slope = (pull(tau + step) - pull(tau - step)) / (2 * step)
    assert -slope == pytest.approx(float(evaluate(own, f=f, h=f * (1 - f), tau=tau)), rel=1e-7)


def test_self_influence_of_three_classes_balances():
    means = np.array([[0.0, 0.0], [1.5, 0.0], [0.5, 1.2]])
    found = solve(Mixture.isotropic(means), [200, 40, 90], 80, ridge=0.1)
    shares = found.rows / found.rows.sum()
    pulled = np.abs(found.self_influence).max()
    assert np.abs(shares @ found.self_influence).max() < 1e-5 * pulled


@pytest.mark.parametrize("separation", [0.6, 2.0, 4.0])
@pytest.mark.parametrize("counts", [(300, 60), (4000, 15), (50, 49)])
def test_ridge_limit(separation, counts):
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


@pytest.mark.parametrize("ratio", [1.1, 2.0, 30.0, 1e4])
def test_flip(ratio):
    """The boundary rises with the signal from one derived end to the other."""
    ends = _boundary.boundary_expressions()
    weak = float(evaluate(ends["weak"], omega=(ratio - 1) / (ratio + 1)))
    assert flip_boundary(0.02, ratio) == pytest.approx(weak, abs=1e-3)
    found = [flip_boundary(separation, ratio) for separation in np.geomspace(0.05, 30, 25)]
    assert (np.diff([weak, *found, float(ends["strong"])]) > 0).all()
    # The next order in the signal is one over the square of the separation.
    end = float(ends["strong"])
    assert f"{end:.3f}" == str(right_hand_side("flip", "upper-end"))
    assert 0 < end - flip_boundary(60.0, ratio) < 0.35 * (end - found[-1])


def test_the_strongest_ridge_of_the_phase_diagram_is_that_of_the_closed_forms():
    """Its class errors, and the winner: what the study shows of ridge-limit and flip."""
    rows = read_rows(RESULTS / "phase_diagram.csv")
    ridge = max(phase_diagram.RIDGES)
    z, won = [], []
    for cell in phase_diagram.STUDY.cells:
        counts, d = cell.source.counts, cell.source.population.n_features
        told = strong_ridge(counts, d, phase_diagram.SEPARATION)
        methods = {"class-weights": told.weighted, "undersample": told.undersampled}
        for (method, errors), (k, which) in product(
            methods.items(), enumerate(("error, largest", "error, rarest"))
        ):
            seen = rows[cell.id, method, ridge, "mean", which]
            z.append((seen.value - errors[k]) / seen.mcse)
        more = d * (1 / min(counts) - 1 / max(counts)) - flip_boundary(
            phase_diagram.SEPARATION, phase_diagram.RATIO
        )
        lost = rows[cell.id, "undersample", ridge, "difference", "balanced error"]
        won.append(-lost.value / lost.mcse * np.sign(more))
    assert np.abs(z).max() < phase_diagram.STUDY.criterion.critical(len(z))
    assert min(won) > 3


def test_the_winner_changes_once():
    """3000 pairs of signal and ratio: one change of sign over 240 values of the boundary's side."""
    separation = np.geomspace(0.1, 16, 60)[:, None, None]
    ratio = 1 + np.geomspace(0.02, 1e4, 50)[:, None]
    delta = np.geomspace(0.02, 60, 240)
    per_minor = delta / (1 - 1 / ratio)
    signal, T = separation**2 / 2, separation**2 + 2 * per_minor
    noise = T - delta
    # On a log scale, as errors of strong signals are far below what 1 - Phi resolves.
    weighted = np.logaddexp(
        *(special.log_ndtr(-(signal + side * delta / 2) / np.sqrt(noise)) for side in (1, -1))
    )
    gain = weighted - np.log(2) - special.log_ndtr(-signal / np.sqrt(T))
    assert (gain[..., 0] < 0).all()
    assert ((np.diff(np.sign(gain)) != 0).sum(axis=-1) == 1).all()


@pytest.mark.parametrize("bags", [1, 4, 500])
def test_ridge_limit_bags(bags):
    form = bags_expression()
    letters = {"s": S, "alpha_0": COUNTS[0] / FEATURES, "alpha_1": COUNTS[1] / FEATURES}
    derived = 0.5 * float(sp.erfc(evaluate(form, B=bags, **letters) / sp.sqrt(2)))
    found = solve(mixture(), COUNTS, FEATURES, Undersample(), ridge=1e5, loss="square")
    np.testing.assert_allclose(found.average(bags).class_errors(), derived, rtol=1e-4)
    if bags == 500:
        weighted = strong_ridge(COUNTS, FEATURES, 2 * S).threshold
        np.testing.assert_allclose(derived, weighted, rtol=0.01)


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


def test_with_a_ridge_q_peaks_earlier():
    """At n = d as the ridge vanishes only: unweighted, classes of a fifth and four fifths."""
    loads, peaks = np.arange(0.60, 1.21, 0.02), []
    for ridge in (1e-6, 0.1, 0.5):
        counts = [(800 * load, 200 * load) for load in loads]
        q = [
            of_two(np.rint(n), 1000, scheme=Unweighted(), ridge=2 * ridge, loss="square")
            for n in counts
        ]
        peaks.append(loads[np.argmax([found.parameters.variance for found in q])])
    assert peaks[0] == pytest.approx(1)
    assert peaks[2] < peaks[1] < 0.99


@pytest.mark.parametrize("ridge", [1e-3, 0.3, 50.0])
def test_square_ridge(ridge):
    """One number D, a boundary off by one share, and errors that fall as the ridge grows."""
    found = solve(mixture(), COUNTS, FEATURES, ClassWeight(), ridge=ridge, loss="square")
    parameters = found.parameters
    pull = parameters.problem.weights * parameters.response
    letters = letters_of(found) | {f"u_{k}": pull[k] / (1 + pull[k]) for k in (0, 1)}
    D = evaluate(square_loss.denominator(), **letters)
    ratio = evaluate(square_ridge.ratio_step().equation.rhs, D=D, **letters)
    assert parameters.signal**2 / parameters.variance == pytest.approx(float(ratio), rel=1e-8)
    beta = (1 / letters["alpha_1"] - 1 / letters["alpha_0"]) / 2
    shift = right_hand_side("square-ridge", "shift")
    off = parameters.intercept / parameters.signal
    assert off == pytest.approx(float(evaluate(shift, s=S, beta=beta)), rel=1e-8)
    more = solve(mixture(), COUNTS, FEATURES, ClassWeight(), ridge=2 * ridge, loss="square")
    assert (more.logits.class_errors() < found.logits.class_errors()).all()


def test_direction():
    ratios = []
    for scheme in (Unweighted(), ClassWeight(), Undersample()):
        found = solve(mixture(), [900, 400], FEATURES, scheme, ridge=0.0, loss="square")
        pull = found.parameters.problem.weights * found.parameters.response
        letters = letters_of(found) | {f"u_{k}": pull[k] / (1 + pull[k]) for k in (0, 1)}
        D = evaluate(direction.denominator(), **letters)
        derived = evaluate(square_ridge.ratio_step().equation.rhs, D=D, **letters)
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
        for name, form in calibration_slope.calibration_expressions().items()
    }
    computed = logits.calibration()
    assert computed.slope == pytest.approx(derived["slope"], rel=1e-6)
    moved = computed.intercept[1] - computed.intercept[0]
    assert moved == pytest.approx(derived["intercept"], abs=1e-6)


def corrected(ridge):
    """Intercept over m of an unweighted logistic fit corrected for the prior, 180 and 20 rows."""
    found = solve(Mixture.isotropic([[-1.0], [1.0]]), [180, 20], 200, Unweighted(), ridge=ridge)
    prior = np.log(20 / 180)
    return (found.parameters.intercept - prior) / found.parameters.signal


def test_overcorrection():
    form = overcorrection.overcorrection_expression()
    derived = float(evaluate(form, rho_1=0.1, rho_0=0.9))
    errors = [abs(corrected(ridge) - derived) for ridge in (100.0, 1000.0)]
    assert errors[1] < 2e-3
    assert errors[1] < 0.12 * errors[0]


def test_under_bagging():
    found = solve(mixture(), COUNTS, FEATURES, Undersample(), ridge=0.05)
    q = found.parameters.variance
    r, _ = binary.overlap(found.parameters, found.kept_again)
    np.testing.assert_allclose(found.kept_again, [60 / 300, 1], rtol=1e-12)
    assert 0 < r < q
    assert binary.overlap(found.parameters, np.ones(2))[0] == pytest.approx(q, rel=1e-12)
    for bags in (1, 2, 30):
        derived = evaluate(under_bagging.bag_variance_expression(), q=q, r=r, B=bags)
        averaged = found.average(bags)
        assert 4 * averaged.covariance[0, 0, 0] == pytest.approx(float(derived), rel=1e-12)
        np.testing.assert_array_equal(averaged.mean, found.means)


def test_under_bagging_of_three_classes():
    """Matrices in the place of q and r: one for each contrast, r below q in every direction."""
    means = np.array([[0.0, 0.0], [1.5, 0.0], [0.5, 1.2]])
    found = solve(Mixture.isotropic(means), [200, 40, 90], 80, Undersample(), ridge=0.1)
    q, r = found.covariance, found.shared_covariance
    for bags in (1, 3):
        averaged = found.average(bags).covariance[0]
        for at in np.ndindex(3, 3):
            derived = evaluate(under_bagging.bag_variance_expression(), q=q[at], r=r[at], B=bags)
            assert averaged[at] == pytest.approx(float(derived), rel=1e-10, abs=1e-12)
    assert np.linalg.eigvalsh(q - r)[1:].min() > 1e-3


SHORTFALL = sp.lambdify(
    [mle_threshold.c, mle_threshold.b, mle_threshold.s, mle_threshold.rho1, mle_threshold.kappa],
    mle_threshold.shortfall_expression(),
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
    slope = sp.lambdify(mle_threshold.t, mle_threshold.psi().diff(mle_threshold.t))
    sides = {f"P_{y}": computed.signal - (1 - 2 * y) * computed.intercept for y in (1, 0)}
    pulls = {name: slope(side - computed.margin) for name, side in sides.items()}
    balance = evaluate(right_hand_side("max-margin", "balance"), rho_1=rare, **pulls)
    assert float(balance) == pytest.approx(0, abs=1e-6)
    assert computed.intercept < 0
    assert max_margin(load, [0.5, 0.5], 2 * S).intercept == pytest.approx(0, abs=1e-7)


def test_loo_intercept():
    """One Newton step of the rebalanced loss without the row, by its own linear algebra."""
    rng = np.random.default_rng(11)
    codes = np.repeat([0, 1], [40, 15])
    X = rng.normal(size=(codes.size, 3)) + codes[:, None]
    weights = 0.5 / np.bincount(codes)[codes]
    theta = softmax.fit(X, codes, weights, ridge=0.05).theta
    z = leave_one_out_logits(X, codes, theta, weights, weights, 0.05).logits
    scores = row_scores(theta, X, codes)[:, 1]
    for i in (0, 39, 40, 54):
        own = codes == codes[i]
        a = float(evaluate(loo_intercept.scale_expression(), T_k=0.5, v=weights[i]))
        left = np.where(own, a * weights, weights)
        left[i] = 0.0
        H = softmax.hessian(theta, X, codes, left, ridge=0.05)[1, :, 1, :]
        G = weights[own] @ scores[own]
        x = np.append(1.0, X[i])
        step = a * weights[i] * x @ np.linalg.solve(H, scores[i] - G / 0.5)
        before = theta[:, 0] + theta[:, 1:] @ X[i]
        assert (z[i, 1] - z[i, 0]) - (before[1] - before[0]) == pytest.approx(step, rel=1e-8)


# Conditions that a wider sentence would need


def of_two(counts, features, scales=(1.0, 1.0), scheme=None, **given):
    means = [[-1.0], [1.0]]
    return solve(Mixture.isotropic(means, scales), counts, features, scheme, **given)


def a_tight_rare_class_is_pulled_less():
    """Ratio of pulls sigma_k^2/n_k: the rarer class is not always pulled most."""
    towards_own = np.diff(of_two((900, 100), 300, (1.0, 0.25), ridge=0.01).self_influence)
    large, rare = -towards_own[0, 0], towards_own[1, 0]
    assert rare < 0.6 * large


def a_rare_class_far_away_is_pulled_least():
    means = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 8.0]])
    found = solve(Mixture.isotropic(means), [300, 300, 100], 200, Unweighted(), ridge=0.01)
    pulls = np.diag(found.self_influence)
    assert pulls[2] < 0.6 * pulls[:2].min()


def a_tight_rare_class_has_the_intercept_for_it():
    assert of_two((900, 100), 300, (1.0, 0.25), ridge=10.0).parameters.intercept > 1e-3


def wins(counts, ridge, **given):
    """Balanced error of weighting less that of an undersample, 100 features."""
    weighted, kept = (
        of_two(counts, 100, scheme=scheme, ridge=ridge, **given).logits.balanced_error()
        for scheme in (ClassWeight(), Undersample())
    )
    return weighted - kept


def at_a_weak_ridge_undersampling_wins_below_the_lower_end():
    delta = 100 * (1 / 60 - 1 / 300)
    assert delta < float(right_hand_side("flip", "lower-number"))
    assert wins((300, 60), 1e-3) > 0.005
    assert wins((300, 60), 1e3) < -0.005


def the_worst_class_is_not_always_better_with_two_sigmas():
    """A tight rare class: weighting has the better worst class as the ridge grows."""
    worst = [
        of_two((300, 60), 100, (1.0, 0.3), scheme, ridge=1e3).logits.worst_class_error()
        for scheme in (ClassWeight(), Undersample())
    ]
    assert worst[0] < worst[1] - 0.005


def weights_can_help_a_direction_with_two_sigmas():
    def best(scheme):
        found = of_two((900, 400), 100, (2.0, 0.3), scheme, ridge=0.0, loss="square").logits
        return found.balanced_error(found.best_offset())

    assert best(ClassWeight()) < best(Unweighted()) - 1e-4


def a_weak_ridge_corrects_too_little():
    assert corrected(1e-3) < -1
    assert corrected(0.1) < -0.5
    assert corrected(10.0) > 0.5


def heavy_tails_keep_weights():
    """Rows at -1 and 1 in one dimension; where the boundary is as w grows, weights 4 and 1."""

    def boundary_at(w, loss):
        def risk(share):
            return 4 * loss(w * (1 + share)) + loss(w * (1 - share))

        return optimize.minimize_scalar(risk, bounds=(-0.99, 0.99), method="bounded").x

    exponential = [boundary_at(w, lambda t: np.log1p(np.exp(-t))) for w in (10.0, 100.0)]
    heavy = [boundary_at(w, lambda t: 1 / (1 + t)) for w in (10.0, 100.0)]
    assert abs(exponential[1]) < 0.2 * abs(exponential[0])
    assert heavy == pytest.approx([1 / 3, 1 / 3], abs=0.05)


def a_signal_in_small_variances_needs_a_weak_ridge():
    """Half of the features vary little, and the means are apart in one of these."""
    means = np.zeros((2, 100))
    means[:, -1] = -0.7, 0.7
    uneven = Mixture.of(Gaussian(means, np.diag(np.repeat([1.9, 0.1], 50))))
    weak, strong = (
        solve(uneven, [800, 200], 100, ClassWeight(), ridge=ridge, loss="square").logits
        for ridge in (0.1, 100.0)
    )
    assert (weak.class_errors() < strong.class_errors() - 0.01).all()


def of_equal_counts_an_undersample_is_all_rows():
    """No method wins then, whatever the ridge."""
    for ridge, loss in ((1e-3, "logistic"), (1e3, "logistic"), (0.0, "square")):
        weighted, kept = (
            of_two((150, 150), 100, scheme=scheme, ridge=ridge, loss=loss).logits.class_errors()
            for scheme in (ClassWeight(), Undersample())
        )
        np.testing.assert_allclose(weighted, kept, rtol=1e-9)


def with_a_ridge_there_is_always_a_fit():
    counts = [180, 20]
    assert separability_threshold([0.9, 0.1], 2.0) > 1
    with pytest.raises(SeparationError, match="there is no fit below"):
        of_two(counts, 200, ridge=0.0)
    assert np.isfinite(of_two(counts, 200, ridge=1e-3).parameters.signal)


def the_threshold_is_another_one_with_two_sigmas():
    same, wider = (
        separability_threshold([0.7, 0.3], 2.0, scales=scales) for scales in ((1, 1), (1, 3))
    )
    assert abs(wider / same - 1) > 0.02


def one_bag_repeated_keeps_its_variance():
    """Bags that are the same: r is q, whatever their number."""
    found = of_two((300, 60), 100, scheme=Undersample(), ridge=0.05)
    q = found.parameters.variance
    r, _ = binary.overlap(found.parameters, np.ones(2))
    repeated = evaluate(under_bagging.bag_variance_expression(), q=q, r=r, B=30)
    assert float(repeated) == pytest.approx(q, rel=1e-10)
    assert 4 * found.average(30).covariance[0, 0, 0] < 0.9 * q


def log_loss_has_another_threshold_with_two_sigmas():
    """Intercepts for new rows are then those of the log-loss, not those of the error."""
    logits = of_two((300, 60), 100, (1.0, 0.4), ridge=0.01).logits
    fitted = logits.balanced_error(logits.calibration(slope=1.0).intercept)
    assert fitted > logits.balanced_error(logits.best_offset()) + 0.002


def many_features_leave_no_spurious_intercept():
    """Rows left out one at a time and refitted, 30 features: with and without the scale."""
    n_0, n_1, d = 90, 10, 30
    rng, moved = np.random.default_rng(12), []
    y = np.repeat([0, 1], [n_0, n_1])
    weights = np.where(y == 1, 0.5 / n_1, 0.5 / n_0)
    for _ in range(6):
        X = rng.normal(size=(n_0 + n_1, d))
        X[:, 0] += np.where(y == 1, 1.0, -1.0)
        intercepts = []
        for scale in (True, False):
            left = np.tile(weights, (y.size, 1))
            np.fill_diagonal(left, 0.0)
            if scale:
                totals = np.where(y == 1, left[:, y == 1].sum(1)[:, None], 0.0)
                totals += np.where(y == 0, left[:, y == 0].sum(1)[:, None], 0.0)
                left *= 0.5 / totals
            theta = softmax.fit(X, y, left, ridge=0.01).theta
            z = np.einsum("ikj,ij->ik", theta, np.column_stack([np.ones(y.size), X]))
            z = z[:, 1] - z[:, 0]
            intercepts.append(
                optimize.brentq(lambda a, z=z: weights @ (special.expit(a + z) - y), -20, 20)
            )
        moved.append(intercepts[1] - intercepts[0])
    spurious = float(evaluate(loo_intercept.spurious_expression(), n_1=n_1, n_0=n_0))
    assert np.mean(moved) + 4 * np.std(moved, ddof=1) / np.sqrt(6) < spurious


COUNTEREXAMPLES: dict[tuple[str, str], Callable[[], None]] = {
    ("intercept-bias", "one-sigma"): a_tight_rare_class_has_the_intercept_for_it,
    ("ridge-limit", "one-sigma"): the_worst_class_is_not_always_better_with_two_sigmas,
    ("flip", "strong-ridge"): at_a_weak_ridge_undersampling_wins_below_the_lower_end,
    ("direction", "one-sigma"): weights_can_help_a_direction_with_two_sigmas,
    ("overcorrection", "strong-ridge"): a_weak_ridge_corrects_too_little,
    ("square-ridge", "isotropic"): a_signal_in_small_variances_needs_a_weak_ridge,
    ("ridge-limit", "unequal-counts"): of_equal_counts_an_undersample_is_all_rows,
    ("flip", "unequal-counts"): of_equal_counts_an_undersample_is_all_rows,
    ("direction", "unequal-counts"): of_equal_counts_an_undersample_is_all_rows,
    ("mle-threshold", "unequal-counts"): of_equal_counts_an_undersample_is_all_rows,
    ("mle-threshold", "no-ridge"): with_a_ridge_there_is_always_a_fit,
    ("mle-threshold", "one-sigma"): the_threshold_is_another_one_with_two_sigmas,
    ("under-bagging", "independent-bags"): one_bag_repeated_keeps_its_variance,
    ("loo-intercept", "one-sigma"): log_loss_has_another_threshold_with_two_sigmas,
    ("max-margin", "exponential-tails"): heavy_tails_keep_weights,
}
"""What happens to a claim without one of its conditions."""


@pytest.mark.parametrize("case", COUNTEREXAMPLES, ids=" without ".join)
def test_a_condition_is_needed(case):
    label, condition = case
    assert condition in claims.CLAIMS[label].conditions
    COUNTEREXAMPLES[case]()


@pytest.mark.parametrize(
    "wider",
    [
        a_tight_rare_class_is_pulled_less,
        a_rare_class_far_away_is_pulled_least,
        many_features_leave_no_spurious_intercept,
    ],
)
def test_a_wider_sentence_is_false(wider):
    """Rare rows are not always pulled most; weight that is lost adds no constant in general."""
    wider()
