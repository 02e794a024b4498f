"""What advice can be asked for besides: laws, oracles, words and refusals of every option."""

import itertools
import json
import math
import re
import time

import numpy as np
import pytest

from mlbalance import existence, populations, theory
from mlbalance.advise import advise, collecting, no_mle
from mlbalance.cli import main
from mlbalance.corrections import prior_shift
from mlbalance.inputs import InputError
from mlbalance.methods import METHODS
from mlbalance.schemes import Bagging, ClassWeight, Undersample

ASKED = [23, 5, 44, 14, 19, 31]
WORDS = [str(n) for n in ASKED]
TAU = [0.1, 0.2, 0.3, 0.1, 0.1, 0.2]
ALL = {
    "features": 5,
    "separation": 2,
    "target_prior": TAU,
    "budget": 10,
    "bags_within": 0.1,
    "natural": True,
}


@pytest.fixture
def run(capsys):
    def command(*words):
        code = main(["advise", *words])
        out, err = capsys.readouterr()
        return code, out, err

    return command


# all of them


def test_nothing_is_added_where_nothing_is_asked_for():
    plain = advise(ASKED)
    given = plain.to_dict()
    assert not {*given} & {"gaussian", "target_prior", "budget", "bags_needed", "natural_shift"}
    for name in ("budget", "bags_within", "natural"):
        asked = advise(ASKED, **{name: ALL[name]}).to_dict()
        assert {key: asked[key] for key in given} == given
        assert len(asked) == len(given) + 1


def test_json_holds_every_option(run):
    code, out, err = run(
        *WORDS,
        *"--features 5 --separation 2 --target-prior .1 .2 .3 .1 .1 .2".split(),
        *"--budget 10 --bags-within .1 --natural --ridge .1 --json".split(),
    )
    assert (code, err) == (0, "")
    assert json.loads(out) == advise(ASKED, **ALL, ridge=0.1).to_dict()
    added = list(json.loads(out))[11:]
    assert added == ["target_prior", "regime", "gaussian", "budget", "bags_needed", "natural_shift"]


@pytest.mark.parametrize(
    "counts", [ASKED, [50, 950], [10, 10], [9, 2, 400, 9], [2] * 12 + [3], [1, 2**53]]
)
def test_text_fits_and_is_plain(counts):
    tau = np.arange(1, len(counts) + 1) / sum(range(len(counts) + 1))
    advice = advise(counts, **{**ALL, "features": 3, "target_prior": tau})
    for width in (60, 72, 80):
        text = advice.text(width)
        assert max(map(len, text.splitlines())) <= width
        assert text.isascii()
        assert not re.search(r"\bnan\b", text)
        assert not any(sign in text for sign in ("inf,", "~", "  \n", "\n\n\n"))


@pytest.mark.parametrize(
    ("words", "same"),
    [
        ("23 5 44 --budget 5", "23 5 44 --budget=5"),
        ("23 --budget 5 5 44", "23 5 44 --budget 5"),
        ("--bags-within 23 23 5 44", "23 5 44 --bags-within 23"),
        ("23 5 44 --target-prior .2,.3,.5", "23 5 44 --target-prior .2 .3 .5"),
        ("--target-prior .2 .3 .5 --json -- 23 5 44", "23 5 44 --target-prior .2 .3 .5 --json"),
        ("--natural --budget 5 23 5 44", "23 5 44 --budget 5 --natural"),
    ],
)
def test_values_of_options_are_no_counts(run, words, same):
    first, second = run(*words.split()), run(*same.split())
    assert first == second
    assert first[0] == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--separation 5", "A separation came without features. Give both"),
        ("--features 2.5 --separation 2", "whole number from 1 on; 2.5 was given"),
        ("--features nan --separation 2", "whole number from 1 on; nan was given"),
        ("--features 0 --separation 2", "whole number from 1 on; 0.0 was given"),
        ("--features 5 --separation -1", "number from 0 to 70"),
        ("--features 5 --separation inf", "number from 0 to 70"),
        ("--features 1 --separation 2", "two features (one for K = 2)"),
        ("--features five --separation 2", "a number is needed, not 'five'"),
        ("--target-prior .5 .5", "one probability for each of 6 classes"),
        ("--target-prior .5 .5 0 0 0 0", "every probability above zero"),
        ("--target-prior .5 .5 .5 .5 .5 .5", "must sum to one"),
        ("--target-prior a b", "takes one probability per class, as in --target-prior .2 .8"),
        ("--target-prior", "expected at least one argument"),
        ("--target natural --target-prior .1 .2 .3 .1 .1 .2", "Give one of them"),
        ("--budget 0", "whole number of rows from 1"),
        ("--budget 2.5", "whole number of rows from 1"),
        ("--budget -3", "whole number of rows from 1"),
        ("--budget nan", "whole number of rows from 1"),
        ("--budget 1e13", "to 10**12"),
        ("--bags-within 0", "a number above zero"),
        ("--bags-within nan", "a number above zero"),
        ("--bags-within inf", "a number above zero"),
        ("--bags-within 1e-300", "a number above zero"),
        ("--natural .5 .5", "one probability for each of 6 classes"),
        ("--natural x", "--natural takes one probability per class"),
    ],
)
def test_bad_input_is_one_line(run, words, message):
    code, out, err = run(*WORDS, *words.split())
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err


def test_counts_after_a_list_are_missed(run):
    code, _, err = run("--natural", "23", "5")
    assert code == 2
    assert "The counts come first" in err


# target prior


def test_numbers_at_a_prior_are_those_of_theory():
    advice, n_k, tau = advise(ASKED, target_prior=TAU), np.array(ASKED), np.array(TAU)
    cost = tau**2 / n_k
    assert advice.variance_ratio["undersample"] == pytest.approx(
        (tau**2).sum() / 5 / cost.sum(), rel=1e-12
    )
    assert advice.effective_size == pytest.approx(1 / cost.sum(), rel=1e-12)
    assert advice.variance_share == pytest.approx(cost / cost.sum(), rel=1e-12)
    assert advice.row_value == pytest.approx(cost / cost.sum() / n_k, rel=1e-12)
    bagged = METHODS["under-bagging-10"].scheme.with_prior(tuple(TAU))
    assert bagged == Bagging(Undersample(prior=tuple(TAU)), 10)


def test_classes_may_be_permuted_together_with_their_prior():
    order = np.random.default_rng(1).permutation(6)
    one = advise(ASKED, target_prior=TAU, budget=40)
    other = advise(np.take(ASKED, order), target_prior=np.take(TAU, order), budget=40)
    assert np.take(one.row_value, order) == pytest.approx(other.row_value, rel=1e-12)
    assert one.variance_ratio == pytest.approx(other.variance_ratio, rel=1e-12)
    assert one.budget.variance_ratio == pytest.approx(other.budget.variance_ratio, rel=1e-12)


def test_the_uniform_prior_changes_no_number():
    plain, given = advise(ASKED).to_dict(), advise(ASKED, target_prior=[1 / 6] * 6).to_dict()
    assert given.pop("target_prior") == pytest.approx([1 / 6] * 6)
    assert given == plain


def test_text_at_a_prior():
    prose = " ".join(advise([50, 950], target_prior=[0.3, 0.7]).text().split())
    assert "in the shares tau = 0.3, 0.7" in prose
    assert "each of class k weighted tau_k/n_k" in prose
    assert "weighted 1/n_k" not in prose
    equal = " ".join(advise([10, 10], target_prior=[0.3, 0.7]).text().split())
    assert "tau_k/n_k. At equal counts undersampling keeps every row" in equal
    assert "plain fit" not in equal


def test_without_signal_the_text_says_what_moments_say():
    population = populations.symmetric(3, 2, 0.0)
    tau, counts = (0.2, 0.3, 0.5), [100, 400, 40]
    m = theory.moments(population.rule(8), population.theta(tau), tau)
    ratio = theory.variance_ratio(counts, Undersample(prior=tau), m)
    assert f"excess risk by {ratio:.2f};" in " ".join(
        advise(counts, target_prior=tau).text().split()
    )


# budget


@pytest.mark.parametrize("seed", range(12))
def test_no_other_whole_rows_are_better(seed):
    rng = np.random.default_rng(seed)
    K, N = int(rng.integers(2, 5)), int(rng.integers(1, 12))
    counts, tau = rng.integers(1, 15, K), rng.dirichlet(np.ones(K))
    found = advise(counts, target_prior=tau, budget=N).budget

    def variance(rows):
        return (tau**2 / (counts + rows)).sum()

    every = (r for r in itertools.product(range(N + 1), repeat=K) if sum(r) == N)
    assert sum(found.rows) == N
    assert variance(np.array(found.rows)) == pytest.approx(
        min(variance(np.array(rows)) for rows in every), rel=1e-12
    )
    assert found.variance_ratio == pytest.approx(variance(np.array(found.rows)) / variance(0))


@pytest.mark.parametrize("seed", range(6))
def test_what_is_filled_at_once_is_what_one_row_at_a_time_fills(seed, monkeypatch):
    rng = np.random.default_rng(seed)
    counts, tau = rng.integers(1, 300, 7).tolist(), rng.dirichlet(np.ones(7)).tolist()
    quick = [collecting.collect(counts, tau, N) for N in (1, 20, 500, 5000)]
    monkeypatch.setattr(collecting, "_greedy_start", lambda counts, tau, rows: [*counts])
    assert quick == [collecting.collect(counts, tau, N) for N in (1, 20, 500, 5000)]


def test_a_large_budget_goes_to_the_best_allocation_at_once():
    N = 10**12
    found = advise(ASKED, target_prior=TAU, budget=N).budget
    best = theory.allocation(N + sum(ASKED), 6, prior=TAU)
    assert sum(found.rows) == N
    assert np.abs(np.array(found.rows) + ASKED - best).max() < 2


def test_rows_go_to_the_smallest_class_first():
    assert advise(ASKED, budget=1).budget.rows == (0, 1, 0, 0, 0, 0)
    assert advise([10, 10], budget=4).budget.rows == (2, 2)
    text = " ".join(advise(ASKED, budget=10).text().split())
    assert "Next 10 rows, by class: 0, 10, 0, 0, 0, 0." in text
    assert "falls to 68.4 %" in text


# bags


@pytest.mark.parametrize("eps", [0.01, 0.1, 0.5, 2, 100])
@pytest.mark.parametrize("counts", [ASKED, [50, 950], [10, 200], [10, 10], [7, 21, 70]])
@pytest.mark.parametrize("tilt", [0, 1])
def test_bags_are_the_fewest(counts, eps, tilt):
    tau = tuple((np.arange(len(counts)) * tilt + 1.0) / (np.arange(len(counts)) * tilt + 1.0).sum())
    found = advise(counts, target_prior=tau, bags_within=eps).bags_needed

    def excess(bags, disjoint=False):
        scheme = Bagging(Undersample(prior=tau), bags, disjoint=disjoint)
        return theory.variance_ratio(counts, scheme) - 1

    assert excess(found.independent) <= eps + 1e-12
    assert found.independent == 1 or excess(found.independent - 1) > eps
    most = min([n // min(counts) for n in counts if n > min(counts)], default=1)
    if found.disjoint is None:
        assert excess(most, disjoint=True) > eps
    else:
        assert excess(found.disjoint, disjoint=True) <= eps + 1e-9
        assert found.disjoint == 1 or excess(found.disjoint - 1, disjoint=True) > eps
        assert found.disjoint <= found.independent


def test_bags_in_words():
    def prose(counts, eps):
        return " ".join(advise(counts, bags_within=eps).text().split())

    assert "19 undersamples drawn independently and averaged" in prose(ASKED, 0.1)
    assert "so many disjoint bags are not possible" in prose(ASKED, 0.1)
    assert "of disjoint bags 13 are enough" in prose([50, 950], 0.025)
    assert "1 undersample is within 0.1" in prose([10, 10], 0.1)


# natural


def test_shifts_turn_balanced_into_natural():
    tau, pi = np.array(TAU), np.array(ASKED) / sum(ASKED)
    shift = np.array(advise(ASKED, target_prior=TAU, natural=True).natural_shift)
    assert shift - shift.mean() == pytest.approx(prior_shift(np.zeros(6), tau, pi), abs=1e-12)
    population = populations.symmetric(6, 5, 2)
    moved = population.theta(tau)[:, 0] + shift - shift.mean()
    assert moved == pytest.approx(population.theta(pi)[:, 0], abs=1e-12)
    given = advise(ASKED, natural=TAU).natural_shift
    assert given == pytest.approx(np.log(6 * tau), abs=1e-12)


def test_the_shift_is_said_with_its_conditions():
    text = " ".join(advise([50, 950], natural=True).text().split())
    assert "intercept of class k: -2.303, +0.642, up to a constant" in text
    assert "label shift only" in text
    assert "calibrated fit without ridge" in text


# Gaussian classes


@pytest.mark.parametrize(
    ("counts", "features", "separation"),
    [([50, 950], 1, 1), ([500, 60, 90], 2, 2), ([230, 50, 440, 140], 4, 2), ([99, 50, 44], 3, 0)],
)
def test_symmetric_classes_give_the_exchangeable_ratios(counts, features, separation):
    advice = advise(counts, features=features, separation=separation)
    found = advice.gaussian
    assert found.refused is None
    assert found.quadrature_error < 0.02
    assert list(found.variance_ratio) == list(advice.variance_ratio)
    for name, ratio in found.variance_ratio.items():
        assert ratio == pytest.approx(
            advice.variance_ratio[name], abs=found.quadrature_error + 1e-12
        )


def test_ratios_at_a_prior_are_those_of_another_rule():
    tau, counts = (0.2, 0.3, 0.5), [100, 400, 40]
    found = advise(counts, features=3, separation=2, target_prior=tau).gaussian
    population = populations.symmetric(3, 3, 2)
    m = theory.moments(population.rule(24), population.theta(tau), tau)
    exact = theory.variance_ratio(counts, Undersample(prior=tau), m)
    assert abs(found.variance_ratio["undersample"] - exact) <= found.quadrature_error
    kish = advise(counts, target_prior=tau).variance_ratio["undersample"]
    assert abs(exact - kish) > 10 * found.quadrature_error


@pytest.mark.parametrize(("d", "s"), [(1, 1.0), (2, 1.5), (4, 2.0)])
def test_a_missing_fit_is_what_the_linear_programme_says(d, s):
    counts, R = np.array([6, 30]), 60
    population, rng = populations.symmetric(2, d, s), np.random.default_rng(5)
    lost = np.zeros(2)
    place = np.concatenate([np.arange(n) for n in counts])
    for _ in range(R):
        X, y = population.sample(counts, rng)
        lost += (
            existence.verdict(X, y) != "exists",
            existence.verdict(X[place < 6], y[place < 6]) != "exists",
        )
    found = advise(counts, features=d, separation=s).gaussian.no_mle
    for name, fraction in zip(("class-weights", "undersample"), lost / R, strict=True):
        p = (fraction * R + 0.5) / (R + 1)
        error = math.hypot(found[name].mcse, math.sqrt(p * (1 - p) / R))
        assert abs(found[name].value - fraction) <= 4 * error
        assert not found[name].upper_bound


def test_one_data_set_at_a_time_the_verdicts_agree():
    population, rng = populations.symmetric(3, 2, 2), np.random.default_rng(2)
    counts = np.array([4, 9, 6])
    data = [population.sample(counts, rng) for _ in range(30)]
    y = data[0][1]
    lost = no_mle._fails(np.stack([X for X, _ in data]), y, counts)
    assert 0 < lost.sum() < 30
    weights = ClassWeight().moments(counts).mean[y]
    assert lost.tolist() == [existence.verdict(X, y, weights) != "exists" for X, _ in data]


def test_a_missing_fit_of_the_asked_counts():
    found = advise(ASKED, features=5, separation=2, ridge=1.0).gaussian
    weights, under = found.no_mle["class-weights"], found.no_mle["undersample"]
    assert weights.replications == under.replications == 200
    assert weights.value < 0.1 < 0.8 < under.value
    assert found == advise(ASKED, features=5, separation=2, ridge=1.0).gaussian


def test_the_first_order_ratio_is_refused_where_rows_are_fewer_than_parameters():
    found = advise(ASKED, features=5, separation=2, ridge=1.0)
    assert found.gaussian.variance_ratio is None
    assert found.gaussian.quadrature_error is None
    assert "fewer than the 6 parameters per class" in found.gaussian.refused
    prose = " ".join(found.text().split())
    assert "no ratio, because an undersample keeps 5 rows per class" in prose
    assert "the first-order ratio does not apply" in prose
    under = found.gaussian.no_mle["undersample"]
    said = f"undersample {100 * under.value:.1f} % (standard error {100 * under.mcse:.1f})"
    assert said in prose
    assert advise(ASKED, features=4, separation=2, ridge=1.0).gaussian.variance_ratio is not None


def test_classes_that_hardly_overlap_have_no_ratio():
    found = advise([500, 600], features=2, separation=60, target_prior=(0.4, 0.6)).gaussian
    assert found.variance_ratio is None
    assert "at this separation quadrature does not" in found.refused
    assert found.no_mle["class-weights"].value == 1


@pytest.mark.parametrize(("K", "d"), [(9, 2), (3, 900)])
def test_large_problems_have_ratios_at_the_uniform_prior_alone(K, d):
    counts, tau = np.full(K, 1000), np.arange(1, K + 1) / (K * (K + 1) / 2)
    assert advise(counts, features=d, separation=1).gaussian.variance_ratio is not None
    found = advise(counts, features=d, separation=1, target_prior=tau).gaussian
    assert found.variance_ratio is None
    assert "up to 8 classes and 1,200 parameters" in found.refused


def test_a_class_cut_short_gives_a_bound():
    found = advise([5, 10**6], features=5, separation=1)
    weights, under = found.gaussian.no_mle["class-weights"], found.gaussian.no_mle["undersample"]
    assert (weights.upper_bound, under.upper_bound) == (weights.value > 0, False)
    assert weights.value <= under.value
    bounded = no_mle._estimate(3, 100, True)
    assert bounded.upper_bound
    assert no_mle._estimate(100, 100, True) is None
    assert not no_mle._estimate(0, 100, True).upper_bound


def test_as_few_rows_as_parameters_never_have_a_fit():
    found = advise(ASKED, features=200, separation=2, ridge=1.0)
    certain = found.gaussian.no_mle["class-weights"]
    assert (certain.value, certain.mcse, certain.replications) == (1, 0, 0)
    assert "is 1 for both: there are no more rows than parameters per class" in " ".join(
        found.text().split()
    )
    X, y = populations.symmetric(2, 9, 1).sample([4, 6], np.random.default_rng(0))
    assert existence.verdict(X, y) == "separated"


def test_what_is_too_large_to_simulate_is_said():
    found = advise([20] * 300 + [21], features=2, separation=1)
    assert set(found.gaussian.no_mle.values()) == {None}
    assert "these classes are too large to simulate" in " ".join(found.text().split())


def test_it_is_quick():
    start = time.process_time()
    advise([50, 450], features=5, separation=2)
    assert time.process_time() - start < 3


def test_refusals_are_errors_of_ours():
    with pytest.raises(InputError, match="Give both"):
        advise(ASKED, separation=5)
    with pytest.raises(InputError, match="whole number of rows"):
        advise(ASKED, budget=True)
