"""Label flip: refuted, and the boundary of the closed forms at numbers."""

import numpy as np
import pytest
import sympy as sp
from scipy import optimize, stats

from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs import _boundary, flip, ridge_limit
from tests.derivations.refuted import failures

half, T, s = _boundary.half, _boundary.T, _boundary.s
N, a, v = flip.N, flip.a, flip.v


@pytest.mark.parametrize(
    ("module", "name", "wrong", "number"),
    [
        (_boundary, "_weak", lambda: sp.log(1 + _boundary.ratio), 3),
        (_boundary, "root_of_strong_end", lambda: sp.Rational(2), 1),
        (flip, "root_of_strong_end", lambda: sp.Rational(2), 1),
        (flip, "argument", lambda side: (2 * s**2 - side * half) / sp.sqrt(T), 1),
        (flip, "_slope", lambda: a / sp.sqrt(N + 1), 1),
        (flip, "_gap", lambda: sp.exp(-v * a), 2),
    ],
)
def test_a_wrong_formula_fails(monkeypatch, module, name, wrong, number):
    monkeypatch.setattr(module, name, wrong)
    assert len(failures("flip")) == number


ARGUMENTS = {
    name: sp.lambdify(sp.symbols("s alpha_1 alpha_0", positive=True), form)
    for name, form in ridge_limit.strong_ridge_expressions().items()
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
    ends = _boundary.boundary_expressions()
    weak = float(evaluate(ends["weak"], omega=(ratio - 1) / (ratio + 1)))
    assert boundary_of(1e-3, ratio) == pytest.approx(weak, abs=1e-5)
    strong = float(ends["strong"])
    errors = [strong - boundary_of(separation, ratio) for separation in (40.0, 80.0)]
    # The next order is that of Mills' ratio: one over the square of the separation.
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.1)


def test_the_boundary_stays_between_its_ends():
    grid = [boundary_of(x, r) for x in (0.1, 0.5, 1, 2, 4, 10) for r in (1.05, 2, 10, 1000)]
    assert 4 * np.log(2) < min(grid)
    assert max(grid) < float(_boundary.boundary_expressions()["strong"])
