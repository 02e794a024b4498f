"""Many features: wrong formulas fail, and closed forms solve the self-consistent equations.

The equations are written here once more, by quadrature over a normal margin; nothing of the
derivations but their results goes in.
"""

import numpy as np
import pytest
import sympy as sp
from scipy import optimize, special, stats

from mlbalance.derivations import (
    boundary,
    calibration,
    crossing,
    direction,
    left_out,
    margins,
    overlap,
    self_influence,
    square_loss,
    square_ridge,
    strong_ridge,
)
from mlbalance.derivations.evaluation import evaluate

DERIVATIONS = {
    "self-influence": self_influence.self_influence,
    "intercept-bias": self_influence.intercept_bias,
    "ridge-limit": strong_ridge.ridge_limit,
    "ridge-limit-bags": strong_ridge.ridge_limit_bags,
    "flip": crossing.flip,
    "square-loss": square_loss.square_loss,
    "square-ridge": square_ridge.square_ridge,
    "direction": direction.direction,
    "calibration-slope": calibration.calibration_slope,
    "overcorrection": calibration.overcorrection,
    "under-bagging": overlap.under_bagging,
    "mle-threshold": margins.mle_threshold,
    "max-margin": margins.max_margin,
    "loo-intercept": left_out.loo_intercept,
}
NODES, MASS = np.polynomial.hermite_e.hermegauss(60)
MASS = MASS / MASS.sum()
SIDES = np.array([1.0, -1.0])


def failures(derivation):
    return [result.step.words for result in derivation.verify() if result.ok is False]


@pytest.mark.parametrize("label", DERIVATIONS)
def test_a_label_is_proved(label):
    derivation = DERIVATIONS[label]()
    assert derivation.label == label
    assert failures(derivation) == []


half, T, s, u = boundary.half, boundary.T, boundary.s, square_loss.u
N, a, v = crossing.N, crossing.a, crossing.v
WRONG = [
    # label, module, name, what is put in its place, steps that must fail
    ("self-influence", self_influence, "inflation_expression", lambda: self_influence.sigma**2, 2),
    ("ridge-limit", strong_ridge, "_signal", lambda noise=None: 2 * s / sp.sqrt(4 * s**2 + 1), 4),
    ("ridge-limit", strong_ridge, "_intercept", lambda: -(strong_ridge.sigma[1] ** 2), 2),
    ("ridge-limit-bags", strong_ridge, "T", T - half, 1),
    ("flip", boundary, "_weak", lambda: sp.log(1 + boundary.ratio), 3),
    ("flip", boundary, "root_of_strong_end", lambda: sp.Rational(2), 1),
    ("flip", crossing, "root_of_strong_end", lambda: sp.Rational(2), 1),
    ("flip", crossing, "argument", lambda side: (2 * s**2 - side * half) / sp.sqrt(T), 1),
    ("flip", crossing, "_slope", lambda: a / sp.sqrt(N + 1), 1),
    ("flip", crossing, "_gap", lambda: sp.exp(-v * a), 2),
    ("square-loss", square_loss, "_response", lambda k: square_loss.c[k], 7),
    ("square-loss", square_loss, "intercept_form", lambda: -square_loss.m, 2),
    ("square-loss", square_loss, "gain", lambda: square_loss.kappa, 2),
    ("square-loss", square_loss, "denominator", lambda: 1 - u[1] ** 2, 3),
    ("square-ridge", square_ridge, "intercept_form", lambda: -square_loss.m, 3),
    ("square-ridge", square_ridge, "gain", lambda: square_loss.kappa, 2),
    ("square-ridge", square_ridge, "_ratio", lambda: square_ridge.D * s**2, 3),
    ("direction", direction, "denominator", lambda: 1 - direction.rho[1] * u[1] ** 2, 3),
    ("calibration-slope", calibration, "_slope", lambda: calibration.m / calibration.q, 5),
    ("overcorrection", calibration, "overcorrection_expression", lambda: sp.S.One, 2),
    ("under-bagging", overlap, "bag_variance_expression", lambda: overlap.q / overlap.bags, 2),
    ("mle-threshold", margins, "_in_letters", lambda at: sp.Symbol("Phi") * at**2, 4),
    ("max-margin", margins, "_in_letters", lambda at: sp.Symbol("Phi") * at**2, 3),
    ("loo-intercept", left_out, "scale_expression", lambda: left_out.total / left_out.v, 3),
    ("loo-intercept", left_out, "spurious_expression", lambda: 1 / left_out.n1, 1),
]


@pytest.mark.parametrize(
    ("label", "module", "name", "wrong", "number"),
    WRONG,
    ids=[f"{label}-{name.strip('_')}" for label, _, name, *_ in WRONG],
)
def test_a_wrong_formula_fails(monkeypatch, label, module, name, wrong, number):
    monkeypatch.setattr(module, name, wrong)
    assert len(failures(DERIVATIONS[label]())) == number


# The self-consistent equations, at numbers


def logistic(out, pull):
    """-l' and l'' at the margin a row has once it is in the fit, by bisection."""
    low, high = out.copy(), out + pull
    for _ in range(80):
        middle = (low + high) / 2
        above = middle > out + pull * special.expit(-middle)
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    force = special.expit(-high)
    return force, force * (1 - force)


def square(out, pull):
    return (1 - out) / (1 + pull), np.ones_like(out)


def swept(point, loss, shares, weights, load, ridge, separation, sigma):
    """(m, q, V, intercept gap) that m, q, V and b lead to; classes 1 and 0, |mu| = separation."""
    m, q, V, b = point
    out = m + SIDES[:, None] * b + sigma[:, None] * np.sqrt(q) * NODES
    pull = (weights * sigma**2 * V)[:, None]
    force, curvature = loss(out, pull)
    g = weights[:, None] * force
    h = weights[:, None] * curvature / (1 + pull * curvature)
    mean, second, bend = g @ MASS, g**2 @ MASS, h @ MASS
    r = 1 / (ridge + shares @ (sigma**2 * bend))
    signal = separation**2 * (shares @ mean)
    noise = shares @ (sigma**2 * second) / load
    q = (signal**2 / separation**2 + noise) * r**2
    return np.array([signal * r, q, r / load, (SIDES * shares) @ mean])


def solved(start, *problem):
    def gaps(free):
        point = np.array([free[0], np.exp(free[1]), np.exp(free[2]), free[3]])
        new = swept(point, *problem)
        # In units of the spread of the logits, as all is small at a strong ridge.
        return [new[0] / point[0] - 1, np.log(new[1] / point[1]), np.log(new[2] / point[2]), new[3]]

    m, q, V, b = start
    found = optimize.root(gaps, [m, np.log(q), np.log(V), b], tol=1e-13)
    assert np.abs(found.fun).max() < 1e-10
    return found.x[0], np.exp(found.x[1]), np.exp(found.x[2]), found.x[3]


def square_solution(alphas, weights, ridge, separation, sigma=(1.0, 1.0)):
    """Derived (m, q, V, b) of the square loss; letters of classes 1 and 0."""
    load = sum(alphas)
    letters = {"alpha": load, "lambda": ridge, "s": separation}
    for place, k in enumerate((1, 0)):
        letters |= {
            f"alpha_{k}": alphas[place],
            f"rho_{k}": alphas[place] / load,
            f"c_{k}": weights[place],
            f"sigma_{k}": sigma[place],
        }
    forms = square_loss.square_loss_expressions()

    def at(name, log_V):
        return float(evaluate(forms[name], V=float(np.exp(log_V)), **letters))

    log_V = optimize.brentq(lambda x: at("root", x), -20, 20, xtol=1e-14)
    return at("m", log_V), at("q", log_V), np.exp(log_V), at("b", log_V)


@pytest.mark.parametrize("ridge", [1e-3, 0.1, 5.0])
@pytest.mark.parametrize("sigma", [(1.0, 1.0), (0.7, 1.6)])
@pytest.mark.parametrize("weights", ["balanced", "unweighted"])
def test_the_square_loss_solves_the_self_consistent_equations(ridge, sigma, weights):
    alphas, separation = np.array([0.4, 1.7]), 1.3
    shares = alphas / alphas.sum()
    w = 0.5 / shares if weights == "balanced" else np.ones(2)
    point = np.array(square_solution(alphas, w, ridge, separation, sigma))
    new = swept(point, square, shares, w, alphas.sum(), ridge, separation, np.array(sigma))
    assert new[:3] == pytest.approx(point[:3], rel=1e-10)
    assert abs(new[3]) < 1e-12


@pytest.mark.parametrize("ridge", [1e-3, 0.05, 2.0])
def test_square_loss_errors_are_those_of_a_strong_ridge_shrunk_by_one_factor(ridge):
    alphas, separation = (0.6, 2.5), 1.2
    m, q, _, b = square_solution(alphas, 0.5 * sum(alphas) / np.array(alphas), ridge, separation)
    letters = {"s": separation, "alpha_1": alphas[0], "alpha_0": alphas[1]}
    forms = strong_ridge.strong_ridge_expressions()
    strong = {name: float(evaluate(forms[name], **letters)) for name in ("minority", "majority")}
    factors = [(m + b) / np.sqrt(q) / strong["minority"], (m - b) / np.sqrt(q) / strong["majority"]]
    assert factors[0] == pytest.approx(factors[1], rel=1e-12)
    assert 0 < factors[0] < 1


def test_q_peaks_where_rows_are_as_many_as_features():
    loads = np.array([0.5, 0.8, 0.95, 1.0, 1.05, 1.25, 2.0])
    variances = [square_solution((0.2 * a, 0.8 * a), (2.5, 0.625), 1e-7, 1.0)[1] for a in loads]
    assert np.argmax(variances) == 3
    assert variances[3] > 50 * max(variances[2], variances[4])


def rising_again(out, pull):
    """A convex loss that falls to t = 1 and rises beyond: l' = exp(3 (t - 1)) - 1."""
    low, high = np.minimum(out, 1), np.maximum(out, 1)
    for _ in range(80):
        middle = (low + high) / 2
        above = middle > out + pull * (1 - np.exp(3 * (middle - 1)))
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return 1 - np.exp(3 * (high - 1)), 3 * np.exp(3 * (high - 1))


def test_a_loss_that_rises_again_puts_the_intercept_for_the_rarer_class():
    """Label intercept-bias is one of losses that fall."""
    shares = np.array([0.1, 0.9])
    problem = (rising_again, shares, 0.5 / shares, 8.0, 1e-3, 2.0, np.ones(2))
    b = solved((0.8, 0.2, 0.1, 0.0), *problem)[3]
    assert b == pytest.approx(0.0175, abs=5e-4)


def straight_at_zero(out, pull):
    """Linear below t = 1/2, and the square of what is short of 1 above."""
    trained = np.where(out + pull < 0.5, out + pull, (out + 2 * pull) / (1 + 2 * pull))
    trained = np.minimum(trained, np.maximum(out, 1))
    force = np.clip(2 * (1 - trained), 0, 1)
    return force, np.where((trained > 0.5) & (trained < 1), 2.0, 0.0)


def test_a_loss_without_curvature_at_zero_leaves_the_intercept_open():
    """A strong ridge: every intercept from -1/2 to 1/2 balances the pulls, and b/m is nothing."""
    shares, ridge = np.array([0.2, 0.8]), 1e6
    problem = (straight_at_zero, shares, 0.5 / shares, 1.0, ridge, 1.0, np.ones(2))
    for b in (-0.4, 0.0, 0.3):
        assert swept((1e-6, 1e-12, 1e-6, b), *problem)[3] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("weights", ["balanced", "unweighted"])
def test_a_strong_ridge_solves_the_self_consistent_equations_of_the_logistic_loss(weights):
    """Ten times the ridge: a tenth of the error of the closed form, or less."""
    alphas, separation = np.array([0.3, 1.5]), 1.1
    shares = alphas / alphas.sum()
    w = 0.5 / shares if weights == "balanced" else np.ones(2)
    letters = {"s": separation, "alpha_1": alphas[0], "alpha_0": alphas[1]}
    forms = strong_ridge.strong_ridge_expressions()
    derived = {
        name: float(evaluate(forms[name], **letters)) for name in ("minority", "majority", "best")
    }
    errors = []
    for ridge in (1e2, 1e3, 1e4):
        start = (0.5 / ridge, 1 / ridge**2, 1 / ridge / alphas.sum(), np.log(w[0] * shares[0]))
        start = (*start[:3], start[3] - np.log(w[1] * shares[1]))
        problem = (logistic, shares, w, alphas.sum(), ridge, separation, np.ones(2))
        m, q, _, b = solved(start, *problem)
        found = {"best": m / np.sqrt(q)}
        corrected = (b - np.log(w[0] * shares[0]) + np.log(w[1] * shares[1])) / m
        if weights == "balanced":
            found |= {"minority": (m + b) / np.sqrt(q), "majority": (m - b) / np.sqrt(q)}
        errors.append(max(abs(found[name] - derived[name]) for name in found))
    assert errors[2] < 1e-6
    if weights == "unweighted":
        form = calibration.overcorrection_expression()
        moved = float(evaluate(form, rho_1=shares[0], rho_0=shares[1]))
        assert corrected == pytest.approx(moved, rel=1e-3)
    assert max(errors[1] / errors[0], errors[2] / errors[1]) < 0.1


def test_the_mean_of_bags_goes_from_an_undersample_to_the_best_threshold():
    letters = {"s": 1.0, "alpha_1": 0.2, "alpha_0": 3.0}
    forms = strong_ridge.strong_ridge_expressions()
    single, many = (float(evaluate(forms["bags"], B=B, **letters)) for B in (1, 10**12))
    assert single == pytest.approx(float(evaluate(forms["undersampled"], **letters)), rel=1e-14)
    assert many == pytest.approx(float(evaluate(forms["best"], **letters)), rel=1e-11)


# The boundary


ARGUMENTS = {
    name: sp.lambdify(sp.symbols("s alpha_1 alpha_0", positive=True), form)
    for name, form in strong_ridge.strong_ridge_expressions().items()
    if name != "bags"
}


def gap(delta, separation, ratio):
    """Balanced error of weighting less undersampling, on a log scale."""
    per_minor = delta / (1 - 1 / ratio)
    x = {k: form(separation, 1 / per_minor, ratio / per_minor) for k, form in ARGUMENTS.items()}
    weighted = np.logaddexp(*stats.norm.logcdf([-x["minority"], -x["majority"]])) - np.log(2)
    return weighted - stats.norm.logcdf(-x["undersampled"])


def boundary_of(separation, ratio):
    return optimize.brentq(gap, 1.0, 8.0, args=(separation, ratio), xtol=1e-12)


@pytest.mark.parametrize("ratio", [1.5, 4.0, 100.0])
def test_the_ends_of_the_boundary(ratio):
    ends = boundary.boundary_expressions()
    weak = float(evaluate(ends["weak"], omega=(ratio - 1) / (ratio + 1)))
    assert boundary_of(1e-3, ratio) == pytest.approx(weak, abs=1e-5)
    strong = float(ends["strong"])
    errors = [strong - boundary_of(separation, ratio) for separation in (40.0, 80.0)]
    # The next order is that of Mills' ratio: one over the square of the separation.
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.1)


def test_the_boundary_stays_between_its_ends():
    grid = [boundary_of(x, r) for x in (0.1, 0.5, 1, 2, 4, 10) for r in (1.05, 2, 10, 1000)]
    assert 4 * np.log(2) < min(grid)
    assert max(grid) < float(boundary.boundary_expressions()["strong"])


# Bias against the rarer class


@pytest.mark.parametrize("ridge", [1e-2, 0.3])
@pytest.mark.parametrize("rare", [0.05, 0.3, 0.5])
def test_balanced_logistic_intercepts_are_against_the_rarer_class(ridge, rare):
    shares = np.array([rare, 1 - rare])
    problem = (logistic, shares, 0.5 / shares, 1.5, ridge, 1.0, np.ones(2))
    b = solved((0.5, 1.0, 1.0, 0.0), *problem)[3]
    assert abs(b) < 1e-10 if rare == 0.5 else b < -1e-3


@pytest.mark.parametrize("alphas", [(0.6, 0.9), (0.55, 4.0), (2.0, 30.0)])
def test_at_the_best_threshold_square_loss_never_prefers_undersampling(alphas):
    def signal(a, weights):
        m, q, *_ = square_solution(a, weights, 1e-9, 1.0)
        return m / np.sqrt(q)

    unweighted = signal(alphas, (1.0, 1.0))
    weighted = signal(alphas, 0.5 * sum(alphas) / np.array(alphas))
    undersampled = signal((alphas[0], alphas[0]), (1.0, 1.0))
    assert unweighted > weighted > undersampled


# Finite data


def test_weighted_least_squares_has_the_derived_slopes():
    rng = np.random.default_rng(7)
    n_1, n_0, d, v = 12, 30, 3, 0.35
    X = rng.normal(size=(n_1 + n_0, d)) @ rng.normal(size=(d, d))
    y = np.r_[np.ones(n_1), -np.ones(n_0)]
    X[:n_1] += 1.0
    root = np.sqrt(np.where(y > 0, v / n_1, (1 - v) / n_0))
    design = np.column_stack([np.ones(y.size), X])
    slopes = np.linalg.lstsq(design * root[:, None], y * root, rcond=None)[0][1:]
    one, other = X[:n_1], X[n_1:]
    form = direction.slopes_expression().subs({direction.d: d, direction.share: v})
    letters = {
        "S_1": np.cov(one.T, bias=True),
        "S_0": np.cov(other.T, bias=True),
        "delta": (one.mean(axis=0) - other.mean(axis=0))[:, None],
    }
    matrices = {m: sp.Matrix(letters[m.name]) for m in form.atoms(sp.MatrixSymbol)}
    derived = np.array(form.subs(matrices).doit(), dtype=float).ravel()
    assert slopes / slopes[0] == pytest.approx(derived / derived[0], rel=1e-9)


def test_the_shortfall_is_a_mean_square():
    form = margins.shortfall_expression()
    c, b, separation, rare, kappa = 0.6, -0.3, 1.2, 0.2, 0.4
    found = float(evaluate(form, c=c, b=b, s=separation, rho_1=rare, kappa=kappa))
    h = np.linspace(-12, 12, 200_001)
    mass = stats.norm.pdf(h) * (h[1] - h[0])
    sides = ((rare, c * separation + b - kappa), (1 - rare, c * separation - b - kappa))
    total = sum(share * mass @ np.maximum(h - t, 0) ** 2 for share, t in sides)
    assert found == pytest.approx(total / (1 - c**2), rel=1e-9)


def test_rows_left_out_without_a_scale_move_the_prior():
    n_1, n_0 = 40, 900
    left = np.r_[np.full(n_1, np.log(1 - 1 / n_1)), np.full(n_0, -np.log(1 - 1 / n_0))]
    weights = np.r_[np.full(n_1, 0.5 / n_1), np.full(n_0, 0.5 / n_0)]
    y = np.r_[np.ones(n_1), np.zeros(n_0)]
    b = optimize.brentq(lambda a: weights @ (special.expit(a + left) - y), -1, 1, xtol=1e-14)
    derived = float(evaluate(left_out.spurious_expression(), n_1=n_1, n_0=n_0))
    assert b == pytest.approx(derived, abs=1 / n_1**2)
    assert b > 0.9 * derived


def test_the_overlap_of_bags_is_the_variance_of_their_mean():
    q, r, B = 2.0, 0.7, 5
    covariance = np.full((B, B), r) + (q - r) * np.eye(B)
    derived = float(evaluate(overlap.bag_variance_expression(), q=q, r=r, B=B))
    assert np.full(B, 1 / B) @ covariance @ np.full(B, 1 / B) == pytest.approx(derived, rel=1e-14)


def test_calibration_is_the_log_ratio_of_two_normal_densities():
    m, q, b, z = 0.8, 1.7, -0.4, 0.9
    forms = calibration.calibration_expressions()
    slope, intercept = (float(evaluate(forms[k], m=m, q=q, b=b)) for k in ("slope", "intercept"))
    odds = stats.norm.logpdf(z, b + m, np.sqrt(q)) - stats.norm.logpdf(z, b - m, np.sqrt(q))
    assert intercept + slope * z == pytest.approx(odds, rel=1e-12)
