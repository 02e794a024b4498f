"""Two classes in the proportional regime: equations, closed forms, limits, simulation, refusals."""

import itertools

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit, ndtr

from mlbalance import softmax
from mlbalance.corrections import LeaveOneOut, PriorShift, Uncorrected
from mlbalance.inputs import CountsError, DataError, InputError, PriorError, SchemeError
from mlbalance.losses import Focal
from mlbalance.methods import Method
from mlbalance.populations import Gaussian, Logits
from mlbalance.schemes import Bagging, Cap, ClassWeight, Oversample, Undersample, Unweighted
from mlbalance.theory import proportional
from mlbalance.theory.proportional import (
    Mixture,
    SeparationError,
    binary,
    flip_boundary,
    limit_of,
    matched_ridge,
    max_margin,
    multiclass,
    ridge_of_C,
    separability_threshold,
    signal_to_noise,
    solve,
    strong_ridge,
)
from mlbalance.theory.proportional.margin_losses import LOSSES
from mlbalance.theory.proportional.problem import Problem

TWO = Mixture.isotropic([[-1.0], [1.0]])
UNEQUAL = Mixture.isotropic([[-0.8], [1.2]], [1.0, 1.4])
TWO_LEVELS = Mixture(
    np.array([[[0.3, -0.3], [-0.3, 0.3]], [[0.5, -0.4], [-0.4, 0.6]]]),
    [0.2, 2.0],
    [0.5, 0.5],
    [1, 1],
)
MIXTURES = {"isotropic": TWO, "unequal scales": UNEQUAL, "two levels": TWO_LEVELS}
SCHEMES = (ClassWeight(), Undersample(), Unweighted(), Bagging(Undersample(), 5), Cap(200))


def problem(mixture, rare, load, ridge, weighted=True):
    shares = np.array([1 - rare, rare])
    weights = 0.5 / shares if weighted else np.ones(2)
    return Problem(mixture, shares, weights, load, ridge)


# The equations


@pytest.mark.parametrize("rare", [0.5, 0.2, 0.01])
@pytest.mark.parametrize("ridge", [1.0, 1e-2, 1e-5])
@pytest.mark.parametrize("mixture", MIXTURES.values(), ids=MIXTURES.keys())
def test_two_classes_are_the_softmax_of_two(mixture, ridge, rare):
    for load, weighted in itertools.product((0.5, 3.0), (True, False)):
        scalar = binary.solve(problem(mixture, rare, load, ridge, weighted=weighted))
        asked, nodes = scalar.problem, scalar.rule.weights.size
        matrix = multiclass.solve(mixture, asked.fractions, asked.weights, load, ridge, nodes=nodes)
        assert scalar.converged and matrix.converged
        assert scalar.quadrature_error < 1e-9
        # A margin is sqrt(2) times the contrast.
        gap = np.sqrt(2) * (matrix.means[1] - matrix.means[0])[0] / 2
        spread = np.sqrt(scalar.variance)
        assert gap == pytest.approx(scalar.signal, abs=1e-8 * spread)
        middle = np.sqrt(2) * (matrix.intercept + matrix.means.mean(axis=0))[0]
        assert middle == pytest.approx(scalar.intercept, abs=1e-8 * spread)
        assert 2 * matrix.covariance[0, 0] == pytest.approx(scalar.variance, rel=1e-8)
        assert 2 * matrix.response[0, 0] == pytest.approx(scalar.response, rel=1e-8)


@pytest.mark.parametrize("seed", range(40))
def test_every_problem_is_solved(seed):
    rng = np.random.default_rng(seed)
    for _ in range(5):
        scales = np.exp(rng.uniform(-1, 1, 2))
        mixture = Mixture.isotropic([[0.0], [rng.uniform(0, 6)]], scales)
        rare, load, ridge = rng.uniform(0.01, 0.5), 10 ** rng.uniform(-1, 1.5), rng.uniform(-7, 1)
        asked = problem(mixture, rare, load, 10**ridge, weighted=bool(rng.integers(2)))
        found = binary.solve(asked)
        assert found.converged and found.residual < 1e-10
        again = binary._Sweep(asked, "logistic", found.rule)(found.vector)
        assert np.abs(again - found.vector).max() < 1e-9


@pytest.mark.parametrize("ridge", [1e-4, 1e-6])
@pytest.mark.parametrize("rare", [0.5, 0.2])
def test_rules_grow_until_their_error_is_small(rare, ridge):
    """At equal shares too, where the error of the intercept is zero by symmetry."""
    assert binary.solve(problem(TWO, rare, 1.5, ridge)).quadrature_error < 1e-11


@pytest.mark.parametrize("mixture", MIXTURES.values(), ids=MIXTURES.keys())
@pytest.mark.parametrize(("load", "ridge"), [(0.5, 1e-2), (3.0, 1e-2), (3.0, 1.0)])
def test_the_square_loss_is_solved_in_closed_form(mixture, load, ridge):
    asked = problem(mixture, 0.1, load, ridge)
    found = binary.solve(asked, "square")
    sweep = binary._Sweep(asked, "square", found.rule)
    again = sweep(found.vector)
    assert np.abs(again - found.vector).max() < 1e-10
    assert found.forces == pytest.approx(sweep.mean(sweep.forces(found.vector)))


def test_unpenalised_square_loss_is_the_discriminant_of_fisher():
    # Known: with balanced classes and n > d its error is Phi of
    # -s^2 sqrt(1 - d/n) / sqrt(s^2 + d/n), s half the separation (Raudys; pooled covariance).
    load, s = 4.0, 1.0
    found = binary.solve(problem(TWO, 0.5, load, 0.0), "square")
    known = s**2 * np.sqrt(1 - 1 / load) / np.sqrt(s**2 + 1 / load)
    assert found.signal / np.sqrt(found.variance) == pytest.approx(known, rel=1e-9)


@pytest.mark.parametrize("loss", LOSSES)
def test_margins_of_any_size_and_pull_are_moved_by_their_own_force(loss):
    """t = o + a f with f = -l'(t), at margins and pulls over many decades."""
    slope = {"logistic": lambda t: -expit(-t), "square": lambda t: t - 1}[loss]
    size = np.logspace(-3, 4, 150)
    out, pull = np.meshgrid(np.concatenate([-size, [0.0], size]), np.logspace(-8, 8, 200))
    force, bend = LOSSES[loss](out, pull)
    t = out + pull * force
    apart = np.abs(t - out + pull * slope(t)) / (1 + pull * bend)
    assert (apart <= 1e-10 * (1 + np.abs(t))).all()


def test_forces_of_the_two_classes_balance():
    for ridge in (1.0, 1e-3):
        found = binary.solve(problem(UNEQUAL, 0.1, 2.0, ridge))
        pulled = found.problem.fractions * found.forces
        assert pulled[0] == pytest.approx(pulled[1], rel=1e-9)


def test_the_minority_pulls_its_own_logits_by_the_ratio_of_counts_more():
    solution = solve(TWO, (900, 100), 300, ridge=0.01)
    towards_own = np.diagonal(solution.self_influence)
    assert towards_own[1] / towards_own[0] == pytest.approx(9, rel=1e-8)
    assert solution.logits.class_errors()[1] > solution.logits.class_errors()[0]


# Bags


def test_the_same_rows_overlap_wholly_and_more_rows_shared_mean_more_covariance():
    found = binary.solve(problem(TWO, 0.5, 1.0, 0.01))
    shared = [binary.overlap(found, np.array([pi, 1.0]))[0] for pi in (0.0, 0.2, 0.9, 1.0)]
    assert shared[-1] == found.variance
    assert (np.diff(shared) > 0).all()


@pytest.mark.parametrize("pi", [0.1, 0.9])
def test_the_overlap_is_a_double_mean_of_forces(pi):
    asked = problem(UNEQUAL, 0.3, 1.0, 1e-3)
    found = binary.solve(asked)
    q, alpha = found.variance, asked.load
    shared, error = binary.overlap(found, np.array([pi, 1.0]))
    assert error < 1e-10 * q
    nodes, mass = found.rule.points[:, 0], found.rule.weights
    common = np.sqrt(shared / q) * nodes[:, None] + np.sqrt(1 - shared / q) * nodes
    cross = []
    for y, sigma, c in zip((-1, 1), UNEQUAL.scales, asked.weights, strict=True):
        out = found.signal + y * found.intercept + sigma * np.sqrt(q) * common
        pull = np.full_like(out, c * sigma**2 * found.response)
        force = c * LOSSES["logistic"](out, pull)[0]
        cross.append(mass @ (force @ mass) ** 2)
    noise = asked.fractions @ (np.array([pi, 1.0]) * UNEQUAL.scales**2 * cross)
    signal = (asked.fractions @ found.forces) ** 2 * binary.energy(UNEQUAL).sum()
    # Isotropic: one over ridge plus curvature is alpha V.
    by_definition = (alpha * found.response) ** 2 * (signal + noise / alpha)
    assert shared == pytest.approx(by_definition, rel=1e-8)


def test_one_bag_is_the_undersample_and_more_bags_only_lower_the_variance():
    one = solve(TWO, (450, 50), 200, Bagging(Undersample(), 1), ridge=0.01)
    assert one.logits.balanced_error() == pytest.approx(
        solve(TWO, (450, 50), 200, Undersample(), ridge=0.01).logits.balanced_error(), rel=1e-12
    )
    errors = [one.average(bags).balanced_error() for bags in (1, 2, 10, np.inf)]
    assert (np.diff(errors) < 0).all()


def test_disjoint_bags_share_less():
    apart = solve(TWO, (500, 100), 200, Bagging(Undersample(), 5, disjoint=True), ridge=0.1)
    drawn = solve(TWO, (500, 100), 200, Bagging(Undersample(), 5), ridge=0.1)
    assert apart.shared_covariance[1, 1] < drawn.shared_covariance[1, 1]


# Closed forms and limits


@pytest.mark.parametrize("counts", [(450, 50), (100, 20), (300, 300)])
@pytest.mark.parametrize("separation", [1.0, 2.0, 4.0])
def test_a_strong_ridge_has_closed_forms(counts, separation):
    mixture = Mixture.isotropic([[0.0], [separation]])
    known = strong_ridge(counts, 200, separation)
    found = {
        scheme: solve(mixture, counts, 200, scheme, ridge=1e3)
        for scheme in (ClassWeight(), Undersample(), Unweighted())
    }
    weighted = found[ClassWeight()].logits
    assert weighted.class_errors() == pytest.approx(known.weighted, abs=5e-4)
    assert found[Undersample()].logits.class_errors() == pytest.approx(known.undersampled, abs=5e-4)
    many = found[Undersample()].average(np.inf)
    assert many.class_errors() == pytest.approx(known.threshold, abs=5e-4)
    for free in (weighted, found[Unweighted()].logits):
        assert free.balanced_error(free.best_offset()) == pytest.approx(
            known.threshold[0], abs=5e-4
        )


@pytest.mark.parametrize("ratio", [1.2, 3.0, np.inf])
@pytest.mark.parametrize("separation", [0.5, 2.0, 5.0])
def test_beyond_the_flip_undersampling_wins(separation, ratio):
    boundary = flip_boundary(separation, ratio)
    for factor, wins in ((0.9, False), (1.1, True)):
        per_minor = factor * boundary / (1 - 1 / ratio)
        counts = np.rint(1e7 / per_minor * np.array([min(ratio, 1e4), 1])).astype(int)
        assert (strong_ridge(counts, 1e7, separation).gain > 0) == wins


def test_many_rows_a_feature_are_first_order_theory():
    # Without signal the excess risk of an undersample is H/m times that of class weights.
    mixture, counts = Mixture.isotropic([[0.0], [0.0]]), np.array([30_000, 10_000])
    risks = []
    for scheme in (ClassWeight(), Undersample()):
        logits = solve(mixture, counts, 10, scheme, ridge=0.0).logits
        risks.append(logits.log_loss() - np.log(2))
    harmonic = 2 / (1 / counts).sum()
    assert risks[1] / risks[0] == pytest.approx(harmonic / counts.min(), rel=2e-3)


def test_without_signal_two_features_a_row_separate_by_a_coin():
    assert separability_threshold((0.5, 0.5), 0.0) == pytest.approx(2, rel=1e-9)  # Cover 1965


@pytest.mark.parametrize("scales", [(1.0, 1.0), (1.0, 2.0), (0.6, 0.9)])
@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
def test_the_threshold_is_the_smallest_of_a_profile(share, scales):
    # The same minimum in the cosine of the angle to mu, by a grid instead of a convex search.
    s, rho = 1.0, np.array([share, 1 - share])
    c, b = np.meshgrid(np.linspace(0, 0.99, 400), np.linspace(-3, 3, 601), indexing="ij")
    psi = lambda t: (1 + t * t) * stats.norm.sf(t) - t * stats.norm.pdf(t)  # noqa: E731
    parts = (
        r * psi((c * s + sign * b) / sigma)  # a row may be divided by its scale
        for r, sigma, sign in zip(rho, scales, (-1, 1), strict=True)
    )
    profile = sum(parts) / (1 - c**2)
    ours = separability_threshold(rho, 2 * s, scales=scales)
    assert ours == pytest.approx(1 / profile.min(), rel=1e-3)


@pytest.mark.parametrize("scales", [(1.0, 1.0), (1.0, 2.0)])
def test_rows_are_separable_below_the_threshold_and_not_above(scales):
    rng, d, rho = np.random.default_rng(5), 120, np.array([0.8, 0.2])
    threshold = separability_threshold(rho, 2.0, scales=scales)
    means = np.zeros((2, d))
    means[:, 0] = -1, 1
    classes = Gaussian(means, np.stack([np.eye(d) * s**2 for s in scales]))
    for factor, separable in ((0.7, True), (1.4, False)):
        counts = np.rint(factor * threshold * d * rho).astype(int)
        for _ in range(5):
            X, y = classes.sample(counts, rng)
            assert (softmax.fit(X, y).status == "no-mle") == separable


def test_without_ridge_the_fit_exists_above_the_threshold_only():
    threshold = separability_threshold((0.9, 0.1), 2.0)
    d = 1000
    above, below = (np.rint(f * threshold * d * np.array([0.9, 0.1])) for f in (1.2, 0.95))
    assert solve(TWO, above, d, ridge=0.0).parameters.converged
    with pytest.raises(SeparationError, match=r"rows per feature.*Give a ridge, or ask max_margin"):
        solve(TWO, below, d, ridge=0.0)


@pytest.mark.parametrize("scales", [(1.0, 1.0), (1.0, 1.5), (1.0, 0.6)])
def test_small_ridges_lead_to_the_largest_margin_whatever_the_weights(scales):
    counts, d = np.array([950, 50]), 2000
    limit = max_margin(0.5, counts / 1000, 2.0, scales=scales)
    classes = Mixture.isotropic([[-1.0], [1.0]], scales)
    for scheme in (ClassWeight(), Unweighted()):
        found = [
            solve(classes, counts, d, scheme, ridge=ridge).parameters
            for ridge in (1e-4, 1e-8, 1e-12)
        ]
        # What is missed falls as 1 / |w|, and |w| grows as log(1 / ridge) only.
        size = np.sqrt([f.variance for f in found])
        for name in ("signal", "intercept"):
            reached = np.array([getattr(f, name) for f in found]) / size
            missed = np.abs(reached - getattr(limit, name))
            assert (missed * size < 2).all()
            line = np.polynomial.Polynomial.fit(1 / size[1:], reached[1:], 1)
            assert line(0.0) == pytest.approx(getattr(limit, name), abs=0.02)


def test_the_largest_margin_ends_at_the_threshold():
    threshold = separability_threshold((0.8, 0.2), 2.0)
    assert max_margin(0.999 * threshold, (0.8, 0.2), 2.0).margin < 0.01
    with pytest.raises(SeparationError, match="largest margin below"):
        max_margin(1.001 * threshold, (0.8, 0.2), 2.0)


# Logits


def test_two_classes_of_one_scale_are_calibrated_in_closed_form():
    solution = solve(TWO, (450, 50), 200, ridge=0.01)
    m, b, q = (getattr(solution.parameters, name) for name in ("signal", "intercept", "variance"))
    intercept, slope = solution.logits.calibration()
    assert slope == pytest.approx(2 * m / q, rel=1e-9)
    assert intercept[1] - intercept[0] == pytest.approx(-2 * m * b / q, rel=1e-9)


def test_the_best_threshold_of_one_scale_is_the_intercept():
    solution = solve(TWO, (450, 50), 200, ridge=0.01)
    found = solution.parameters
    offset = solution.logits.best_offset()
    assert offset[1] - offset[0] == pytest.approx(-found.intercept, abs=1e-6)
    known = stats.norm.sf(found.signal / np.sqrt(found.variance))
    assert solution.logits.balanced_error(offset) == pytest.approx(known, rel=1e-9)


def test_an_unweighted_fit_is_corrected_by_the_log_of_its_counts():
    plain, moved = (limit(Method(Unweighted(), 0.01, c)) for c in (Uncorrected(), PriorShift()))
    offset = moved.mean - plain.mean
    assert offset[:, 1] - offset[:, 0] == pytest.approx(np.log(9))
    assert moved.balanced_error() < plain.balanced_error()
    tau = (0.3, 0.7)
    at_tau = limit(Method(Unweighted(), 0.01, PriorShift(), target=tau))
    assert np.diff(at_tau.mean - plain.mean) == pytest.approx(np.log(9 * 7 / 3))
    assert at_tau.balanced_error() == pytest.approx(at_tau.class_errors() @ tau)


# The limit of a method


def limit(method, counts=(450, 50), **options):
    return limit_of(method, TWO, counts, 200, **options)


def test_a_loss_without_a_limit_is_refused():
    made = Method(ClassWeight(), 0.1, loss=Focal())
    with pytest.raises(InputError, match=r"'softmax' or 'square'; class-weights\+focal has Focal"):
        limit_of(made, TWO, (180, 20), 200)


def test_left_out_intercepts_are_calibrated_at_slope_one():
    plain, moved = (limit(Method(ClassWeight(), 0.01, c)) for c in (Uncorrected(), LeaveOneOut()))
    assert moved.calibration(slope=1.0).intercept == pytest.approx(0, abs=1e-9)
    np.testing.assert_array_equal(moved.covariance, plain.covariance)
    scaled = limit(Method(ClassWeight(), 0.01, LeaveOneOut(temperature=True)))
    assert scaled.calibration().slope == pytest.approx(1, rel=1e-6)
    assert scaled.calibration().intercept == pytest.approx(0, abs=1e-6)
    assert scaled.balanced_error() == pytest.approx(moved.balanced_error(), abs=1e-6)


def test_bags_are_those_of_the_scheme_unless_others_are_asked_for():
    one, ten = Undersample(), Bagging(Undersample(), 10)
    solution = solve(TWO, (450, 50), 200, one, ridge=0.1)
    many = limit(Method(one, 0.1), bags=10)
    for law in (limit(Method(ten, 0.1)), limit(Method(ten, 0.1), solution=solution), many):
        np.testing.assert_allclose(law.covariance, solution.average(10).covariance, rtol=1e-10)
    np.testing.assert_array_equal(limit(Method(one, 0.1)).mean, solution.logits.mean)
    with pytest.raises(PriorError, match="answers for 3 classes; there are 2"):
        limit(Method(one, 0.1, target=(0.2, 0.3, 0.5)))


@pytest.mark.parametrize(
    "method",
    [
        Method(Unweighted(), 0.1, PriorShift(), target=(0.3, 0.7)),
        Method(ClassWeight(), 0.1, LeaveOneOut()),
        Method(Bagging(Undersample(), 3), 0.1, LeaveOneOut()),
        Method(Unweighted(), 0.2, PriorShift(), target=(0.3, 0.7), loss="square"),
        Method(Unweighted(), 2.0, LeaveOneOut(temperature=True), loss="square"),
        Method(ClassWeight(), 0.05, loss="square"),
        Method(Bagging(Undersample(), 3), 0.2, LeaveOneOut(), loss="square"),
    ],
    ids=lambda method: method.id,
)
def test_fits_of_a_method_have_the_limit_that_is_told(method):
    """Class errors of corrected fits, by `Logits.of`, within 4 standard errors."""
    d, counts, rng, observed = 80, (120, 24), np.random.default_rng(4), []
    classes = Gaussian(np.eye(2, d) * 2 / np.sqrt(2), np.eye(d))
    root = np.sqrt(d) * np.eye(d)
    points = np.concatenate([mean + sign * root for mean in classes.means for sign in (1, -1)])
    for _ in range(30):
        X, y = classes.sample(counts, rng)
        found = method.fit(X[None], y, method.scheme.draw(y, rng)[None])
        assert found.status[0] == "converged"
        law = Logits.of(found.theta[0], points, np.repeat([0, 1], 2 * d))
        observed.append(law.class_errors())
    told = limit_of(method, Mixture.of(classes), counts, d).class_errors()
    error = np.std(observed, axis=0, ddof=1) / np.sqrt(len(observed))
    assert (np.abs(np.mean(observed, axis=0) - told) <= 4 * error).all()


@pytest.mark.parametrize("mixture", [TWO, TWO_LEVELS], ids=["one level", "two levels"])
@pytest.mark.parametrize("chi", [0.3, 3.0])
def test_a_discriminant_with_left_out_intercepts_attains_the_bound(mixture, chi):
    """Of `signal_to_noise`, at the ridge that has this effective ridge."""
    counts, d = (450, 50), 200
    ridge = matched_ridge(mixture, counts, d, chi)
    method = Method(Unweighted(), ridge, LeaveOneOut(), loss="square")
    attained = limit_of(method, mixture, counts, d).balanced_error()
    best = signal_to_noise(mixture, counts, d, chi)
    assert attained == pytest.approx(ndtr(-np.sqrt(best)), rel=1e-8)


def test_a_discriminant_without_ridge_needs_as_many_rows_as_features():
    with pytest.raises(SeparationError, match=r"below 1 rows per feature; there are 0\.5"):
        limit_of(Method(Unweighted(), loss="square"), TWO, (90, 10), 200)


# Observed

CELLS = [
    ((450, 50), ClassWeight(), 0.01, TWO),
    ((450, 50), Bagging(Undersample(), 3), 0.1, TWO),
    ((300, 100), Unweighted(), 0.05, UNEQUAL),
    ((300, 100), Cap(200), 0.1, TWO_LEVELS),
]


@pytest.mark.parametrize(("counts", "scheme", "ridge", "mixture"), CELLS)
def test_fits_have_the_predicted_order_parameters(counts, scheme, ridge, mixture):
    d, rng, observed = 160, np.random.default_rng(8), []
    levels = np.repeat(mixture.eigenvalues, np.rint(d * mixture.masses).astype(int))
    means = placed(mixture, levels)
    classes = Gaussian(means, np.stack([np.diag(levels) * s**2 for s in mixture.scales]))
    read = Mixture.of(classes)
    assert read.gram == pytest.approx(mixture.gram)
    assert read.scales == pytest.approx(mixture.scales)
    assert read.eigenvalues == pytest.approx(mixture.eigenvalues)
    for _ in range(30):
        X, y = classes.sample(counts, rng)
        fit = softmax.fit(X, y, scheme.draw(y, rng), ridge=ridge)
        coef, intercept = fit.coef.mean(axis=0), fit.intercept.mean(axis=0)
        w, b = coef[1] - coef[0], intercept[1] - intercept[0]
        observed.append([w @ (means[1] - means[0]) / 2, b + w @ means.mean(axis=0), w**2 @ levels])
    law = solve(mixture, counts, d, scheme, ridge=ridge)
    spread = law.average(getattr(scheme, "bags", 1)).covariance[0] / mixture.scales[0] ** 2
    predicted = [law.parameters.signal, law.parameters.intercept, 4 * spread[0, 0]]
    error = np.std(observed, axis=0, ddof=1) / np.sqrt(len(observed))
    assert (np.abs(np.mean(observed, axis=0) - predicted) <= 4 * error).all()


def placed(mixture, levels):
    """Means (2, d) with the mixture's inner products, two coordinates per eigenspace."""
    means = np.zeros((2, levels.size))
    for level, gram in zip(mixture.eigenvalues, mixture.gram, strict=True):
        values, vectors = np.linalg.eigh(gram)
        first = int(np.flatnonzero(levels == level)[0])
        means[:, first : first + 2] = vectors * np.sqrt(np.maximum(values, 0))
    return means


# Refusals


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"scheme": Oversample()}, SchemeError, r"Oversample\(\) repeats rows"),
        ({"ridge": -1.0}, InputError, r"A ridge is a number from 0 on; it is -1.0"),
        (
            {"loss": "hinge"},
            InputError,
            r'"logistic" or, for two classes, "square"; it is \'hinge\'',
        ),
        ({"counts": (450, 0)}, CountsError, r"needs every class present; counts are \(450, 0\)"),
        ({"counts": (1, 2, 3)}, InputError, "Counts are of 3 classes; the mixture has 2"),
        ({"n_features": 0}, InputError, "number of features is positive; it is 0"),
    ],
)
def test_bad_input_is_refused(change, error, message):
    given = {"mixture": TWO, "counts": (450, 50), "n_features": 200, "ridge": 0.1} | change
    with pytest.raises(error, match=message):
        solve(**given)


def test_equations_that_were_not_solved_give_no_number(monkeypatch):
    unsolved = binary.solve(problem(TWO, 0.5, 1.0, 0.1))
    object.__setattr__(unsolved, "converged", False)
    monkeypatch.setattr(binary, "solve", lambda *_: unsolved)
    with pytest.raises(proportional.ConvergenceError, match="were not solved: a sweep still moves"):
        solve(TWO, (450, 50), 200, ridge=0.1)


@pytest.mark.parametrize("means", [[[-1.0], [1.0]], np.eye(3)], ids=["two", "three"])
def test_an_overlap_that_was_not_solved_gives_no_number(means, monkeypatch):
    law = solve(Mixture.isotropic(means), (90, 30, 40)[: len(means)], 50, Undersample(), ridge=0.1)
    monkeypatch.setattr(binary, "overlap", lambda *_: (1.0, np.inf))
    monkeypatch.setattr(multiclass, "overlap", lambda *_: np.full((2, 2), np.nan))
    assert law.average(1).balanced_error() > 0
    with pytest.raises(
        proportional.ConvergenceError, match=r"overlap of bags of Undersample\(\) was"
    ):
        law.average(2)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((np.zeros((1, 2, 2)), [1.0], [0.5], [1, 1]), "Masses must sum to one"),
        ((np.zeros((1, 2, 2)), [0.0], [1.0], [1, 1]), "Eigenvalues and scales must be positive"),
        ((np.zeros((2, 2, 2)), [1.0], [1.0], [1, 1]), r"needs gram \(J, K, K\)"),
        ((np.array([[[1.0, 2], [2, 1]]]), [1.0], [1.0], [1, 1]), "positive semi-definite"),
    ],
)
def test_mixtures_are_checked(given, message):
    with pytest.raises(DataError, match=message):
        Mixture(*given)


def test_a_mixture_needs_proportional_covariances():
    with pytest.raises(DataError, match="multiples of one matrix"):
        Mixture.of(Gaussian(np.zeros((2, 2)), np.stack([np.eye(2), np.diag([1.0, 2.0])])))


def test_bags_and_thresholds_are_checked():
    law = solve(TWO, (450, 50), 200, ridge=0.1)
    with pytest.raises(InputError, match="one bag at least"):
        law.average(0.5)
    with pytest.raises(PriorError, match="each of 2 classes"):
        separability_threshold((0.2, 0.3, 0.5), 1.0)
    with pytest.raises(DataError, match="separation is a number from 0 on"):
        separability_threshold((0.5, 0.5), -1.0)
    with pytest.raises(DataError, match="Scales are two positive numbers"):
        max_margin(0.1, (0.5, 0.5), 1.0, scales=(1.0, -1.0))
    with pytest.raises(DataError, match="ratio of counts above one"):
        flip_boundary(1.0, 1.0)
    with pytest.raises(InputError, match="C and rows are positive"):
        ridge_of_C(0.0, 10, 2)


def test_the_ridge_of_c_is_that_of_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(2)
    for K in (2, 3):
        y = np.repeat(np.arange(K), (60, 20, 30)[:K])
        X = rng.normal(size=(y.size, 4)) + y[:, None]
        theirs = LogisticRegression(C=0.3, class_weight="balanced", tol=1e-10, max_iter=10_000)
        theirs.fit(X, y)
        ours = softmax.fit(X, y, ClassWeight().draw(y, rng)[0], ridge=ridge_of_C(0.3, y.size, K))
        coef = ours.coef[1:] - ours.coef[:-1] if K == 2 else ours.coef
        assert coef == pytest.approx(theirs.coef_, abs=1e-5)
