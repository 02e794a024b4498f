"""The price of a sample of very many rows: theory's numbers, and what fits to samples show."""

import json

import numpy as np
import pytest

from mlbalance import populations, softmax, theory
from mlbalance.advise import advise
from mlbalance.advise.sampling import sampled
from mlbalance.cli import main
from mlbalance.inputs import InputError
from mlbalance.populations import Rule
from mlbalance.schemes import Cap, ClassWeight


def test_factors_are_those_of_the_theory():
    counts = np.array([900, 90, 10])
    found = sampled(counts, None, 1e9)
    n_k = np.array(found.counts)
    np.testing.assert_array_equal(n_k, counts * 10**6)
    assert sum(found.kept) <= found.sample < sum(found.kept) + 3 and len({*found.kept}) == 1
    np.testing.assert_allclose(found.by_class, n_k / np.array(found.kept))
    kept = np.array(found.kept)
    assert found.equal == pytest.approx((1 / kept).sum() / (1 / n_k).sum())
    assert found.uniform == 1000


@pytest.mark.parametrize("prior", [None, (0.2, 0.3, 0.5)])
def test_a_class_that_is_smaller_is_kept_whole(prior):
    found = sampled(np.array([97_000, 2990, 10]), prior, 1e8)
    assert found.kept[2] == found.counts[2] == 10_000 and found.by_class[2] == 1
    assert found.kept[0] == found.kept[1] == (10**6 - 10_000) // 2
    ratio = theory.variance_ratio(found.counts, Cap(found.kept[0], prior=prior))
    assert found.equal == pytest.approx(ratio)


def test_local_case_control_costs_no_more_than_is_said():
    rule = Rule(np.linspace(-3, 3, 61)[:, None], np.exp(-(np.linspace(-3, 3, 61) ** 2) / 2))
    rule = Rule(rule.points, rule.weights / rule.weights.sum())
    theta = np.array([-3.0, 1.5])
    p = 1 / (1 + np.exp(-theta[0] - rule.points[:, 0] * theta[1]))
    share = float(rule.weights @ p)
    for sample in (20_000, 400_000):
        rows = 10**6
        bound = sampled(np.array([10**6 * (1 - share), 10**6 * share]), None, rows, sample).local
        c = sample / rows / (2 * share * (1 - share))
        exact = theory.local_case_control(rule, theta, c)
        own = (np.diag(exact.covariance) / np.diag(exact.mle)).max()
        assert exact.accepted <= sample / rows * (1 + 1e-12)
        assert own <= bound * (1 + 1e-3)
    without = theory.local_case_control(rule, [theta[0], 0.0], 0.5)
    pi = 1 / (1 + np.exp(-theta[0]))
    tight = sampled(np.array([1 - pi, pi]) * 1e9, None, 1e6, int(1e6 * pi * (1 - pi)))
    ratio = without.covariance / without.mle
    assert ratio[1, 1] == pytest.approx(tight.local, rel=1e-3)


def test_fits_to_a_capped_sample_have_the_variance_that_is_said():
    counts, reps = np.array([1800, 200]), 300
    found = sampled(counts, None, 2000, 400)
    cap, rng = Cap(found.kept[0]), np.random.default_rng(0)
    population, slopes = populations.symmetric(2, 1, 1.0), []
    for _ in range(reps):
        X, y = population.sample(counts, rng)
        weights = np.concatenate([ClassWeight().draw(y, rng), cap.draw(y, rng)])
        fit = softmax.fit(X, y, weights)
        slopes.append(fit.coef[:, 1, 0])
    whole, part = np.var(slopes, axis=0)
    assert found.equal == pytest.approx(1.8)
    assert abs(np.log(part / whole / found.equal)) < 3 * np.sqrt(4 / reps)


def test_the_command_takes_a_number_like_1e9(capsys):
    assert main(["advise", "900", "90", "10", "--rows", "1e9"]) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    assert "1,000,000,000 rows" in " ".join(text.split())
    assert "333,333" in text and "2700" in text and "Local case-control" not in text
    assert main(["advise", "900", "90", "10", "--rows", "1e9", "--json"]) == 0
    held = json.loads(capsys.readouterr().out)["sampled"]
    assert held == advise([900, 90, 10], rows=1e9).to_dict()["sampled"]
    assert "Local case-control" in advise([90, 10], rows=1e9).text()
    assert "class 12" not in advise([9] * 12 + [10], rows=1e9).text()


@pytest.mark.parametrize("rows", [1e6, 1e16, 2e6 + 0.5, np.nan])
def test_a_number_of_rows_that_needs_no_sample_is_refused(rows):
    with pytest.raises(InputError, match="number of rows is whole, above the 1,000,000"):
        advise([90, 10], rows=rows)
