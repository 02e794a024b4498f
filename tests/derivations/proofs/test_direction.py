"""Label direction: refuted, and slopes of weighted least squares."""

import numpy as np
import pytest
import sympy as sp

from mlbalance.derivations.proofs import direction, square_loss
from tests.derivations.equations import square_solution
from tests.derivations.refuted import failures

u = square_loss.u


def test_a_wrong_formula_fails(monkeypatch):
    monkeypatch.setattr(direction, "denominator", lambda: 1 - direction.rho[1] * u[1] ** 2)
    assert len(failures("direction")) == 3


@pytest.mark.parametrize("alphas", [(0.6, 0.9), (0.55, 4.0), (2.0, 30.0)])
def test_at_the_best_threshold_square_loss_never_prefers_undersampling(alphas):
    def signal(a, weights):
        m, q, *_ = square_solution(a, weights, 1e-9, 1.0)
        return m / np.sqrt(q)

    unweighted = signal(alphas, (1.0, 1.0))
    weighted = signal(alphas, 0.5 * sum(alphas) / np.array(alphas))
    undersampled = signal((alphas[0], alphas[0]), (1.0, 1.0))
    assert unweighted > weighted > undersampled


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
