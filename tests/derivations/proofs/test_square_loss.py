"""Label square-loss: refuted, and against the self-consistent equations."""

import numpy as np
import pytest

from mlbalance.derivations.proofs import square_loss
from tests.derivations.equations import square, square_solution, swept
from tests.derivations.refuted import failures

u = square_loss.u


@pytest.mark.parametrize(
    ("name", "wrong", "number"),
    [
        ("_response", lambda k: square_loss.c[k], 7),
        ("intercept_form", lambda: -square_loss.m, 2),
        ("gain", lambda: square_loss.kappa, 2),
        ("denominator", lambda: 1 - u[1] ** 2, 3),
    ],
)
def test_a_wrong_formula_fails(monkeypatch, name, wrong, number):
    monkeypatch.setattr(square_loss, name, wrong)
    assert len(failures("square-loss")) == number


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


def test_q_peaks_where_rows_are_as_many_as_features():
    loads = np.array([0.5, 0.8, 0.95, 1.0, 1.05, 1.25, 2.0])
    variances = [square_solution((0.2 * a, 0.8 * a), (2.5, 0.625), 1e-7, 1.0)[1] for a in loads]
    assert np.argmax(variances) == 3
    assert variances[3] > 50 * max(variances[2], variances[4])
