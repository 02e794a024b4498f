"""One table of schemes and counts drives every law: moments against draws and enumerations.

A statement about draws allows |z| <= 4 of its Monte Carlo standard error under seeds named after
the case. `test_an_error_of_five_per_cent_would_be_seen` shows that this is tight enough.
"""

from dataclasses import FrozenInstanceError, replace
from functools import cache
from itertools import combinations, permutations, product
from math import comb

import numpy as np
import pytest
from imblearn.over_sampling import RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from scipy import stats

from mlbalance import schemes
from mlbalance.inputs import CountsError, DataError, PriorError, SchemeError
from mlbalance.schemes import (
    AnalyticBag,
    Bagging,
    BalancedSampler,
    Bridge,
    Cap,
    ClassWeight,
    EffectiveNumber,
    Oversample,
    PoissonOversample,
    Thin,
    Undersample,
    Unweighted,
)

SIX = (23, 5, 44, 14, 19, 31)
COUNTS = (SIX, (40, 12), (10, 10, 10), (1, 9, 4))
ROUNDING = 1e-12


def growing(K):
    """A target prior that is not uniform: shares 1 : 2 : ... : K."""
    return tuple((np.arange(1, K + 1) / (K * (K + 1) / 2)).tolist())


def schemes_for(counts):
    """Every kind of scheme, with its defaults and without, for these counts."""
    K, largest, smallest = len(counts), max(counts), min(counts)
    return [
        ClassWeight(),
        Undersample(),
        Undersample(size=max(1, smallest - 2)),
        Undersample(replace=True),
        Undersample(size=7, replace=True),
        Oversample(),
        Oversample(size=largest + 11),
        Oversample(keep=False),
        Oversample(size=9, keep=False),
        Cap(6),
        Thin(0.3),
        Thin(tuple((0.2 + 0.7 * np.arange(K) / K).tolist())),
        Thin(1.0),
        Thin(0.3, renormalise=False),
        Thin(tuple((0.9 - 0.6 * np.arange(K) / K).tolist()), renormalise=False),
        BalancedSampler(),
        BalancedSampler(draws=20),
        PoissonOversample(0.7),
        PoissonOversample(tuple((np.arange(1, K + 1) / K).tolist())),
        Bagging(Undersample(), bags=2),
        Bagging(Undersample(), bags=2, disjoint=True),
        Bagging(Oversample(keep=False), bags=2),
        Bagging(Cap(6), bags=2),
        Bagging(Thin(0.5, renormalise=False), bags=2),
        Bagging(BalancedSampler(), bags=2),
    ]


def turned_round(scheme):
    """The scheme for classes in the opposite order."""
    if isinstance(scheme, Bagging):
        return replace(scheme, base=turned_round(scheme.base))
    if isinstance(scheme, Thin) and isinstance(scheme.rate, tuple):
        scheme = replace(scheme, rate=scheme.rate[::-1])
    if isinstance(scheme, PoissonOversample) and isinstance(scheme.extra, tuple):
        scheme = replace(scheme, extra=scheme.extra[::-1])
    return replace(scheme, prior=scheme.prior[::-1]) if scheme.prior else scheme


OF_COUNTS = (Unweighted(), EffectiveNumber(), EffectiveNumber(0.5), Bridge(), Bridge(0.2))
"""Schemes whose prior depends on the counts."""

CASES = [(scheme, counts) for counts in COUNTS for scheme in [*schemes_for(counts), *OF_COUNTS]]
CASES += [
    (scheme.with_prior(growing(len(counts))), counts)
    for counts in (SIX, (1, 9, 4))
    for scheme in schemes_for(counts)
]


def every_case(test):
    """A test of each case; those of the same counts are one, and a failure shows its scheme."""

    def of_counts(counts):
        for scheme, own in CASES:
            if own == counts:
                test(scheme, counts)

    of_counts.__name__, of_counts.__doc__ = test.__name__, test.__doc__
    return pytest.mark.parametrize("counts", COUNTS, ids=repr)(of_counts)


def labels(counts):
    return np.repeat(np.arange(len(counts)), counts)


def by_class(values, counts):
    """Sums (..., K) of values (..., n) over the rows of each class, rows sorted by class."""
    return np.add.reduceat(values, np.concatenate([[0], np.cumsum(counts)[:-1]]), axis=-1)


def named_rng(*name):
    return np.random.default_rng(list(repr(name).encode()))


def totals_are_random(scheme):
    inner = scheme.base if isinstance(scheme, Bagging) else scheme
    return isinstance(inner, BalancedSampler) or (
        isinstance(inner, PoissonOversample)
        or (isinstance(inner, Thin) and not inner.renormalise and inner.rate != 1.0)
    )


def target(scheme, counts):
    """The prior asked for: what the mean of the weights has to reach."""
    n_k = np.array(counts)
    if isinstance(scheme, Unweighted):
        return n_k / sum(counts)
    if isinstance(scheme, EffectiveNumber):
        # 1 + beta + beta^2 + ...: the n-th row is new with chance beta^(n - 1).
        sizes = [sum(scheme.beta**i for i in range(n)) for n in counts]
        return n_k / sizes / (n_k / sizes).sum()
    if isinstance(scheme, Bridge):
        weights = np.array(counts, dtype=float) ** -scheme.power
        return n_k * weights / (n_k @ weights)
    asked = scheme.base.prior if isinstance(scheme, Bagging) else scheme.prior
    return np.array(asked or [1 / len(counts)] * len(counts))


@cache
def observed(scheme, counts):
    """By draw and class (..., K): relative totals, squares, trends over rows, shared rows."""
    rng, y, n_k = named_rng(scheme, counts), labels(counts), np.array(counts)
    draws = 3200 if totals_are_random(scheme) else 1600
    if isinstance(scheme, Bagging):
        bags = np.stack([scheme.draw(y, rng) for _ in range(draws)])
        weights = bags.mean(axis=1)
    else:
        weights = Bagging(scheme, bags=draws).draw(y, rng)
        bags = weights.reshape(draws // 2, 2, -1)
    relative = weights / (target(scheme, counts) / n_k)[y]
    place = np.concatenate([np.linspace(-1, 1, n) if n > 1 else [0.0] for n in counts])
    return {
        "total": by_class(relative, counts) / n_k,
        "square": by_class(relative**2, counts) / n_k,
        "slope": by_class(relative * place, counts) / n_k,
        "in one": by_class(1.0 * (bags[:, 0] > 0), counts),
        "in both": by_class(1.0 * (bags[:, 0] > 0) * (bags[:, 1] > 0), counts),
    }


def assert_mean(samples, expected):
    """The mean over draws (axis 0) is the expected one to 4 standard errors, or to rounding."""
    error = samples.std(axis=0, ddof=1) / np.sqrt(len(samples))
    allowed = 4 * error + ROUNDING * np.maximum(1.0, np.abs(expected))
    away = np.abs(samples.mean(axis=0) - expected)
    assert (away <= allowed).all(), f"z = {away / np.where(error > 0, error, np.nan)}"


def relative_total_cov(scheme, counts):
    tau = target(scheme, counts)
    return scheme.moments(counts).total_cov / np.outer(tau, tau)


# --- the laws of the first two moments ---------------------------------------------------------


@every_case
def test_moments_have_the_target_as_mean_and_a_covariance(scheme, counts):
    mean, cv2, total_cov, overlap = scheme.moments(counts)
    assert counts @ mean == pytest.approx(1, abs=1e-15)
    np.testing.assert_allclose(mean * counts, target(scheme, counts), rtol=1e-14)
    assert (cv2 >= 0).all()
    assert (overlap >= 0).all() and (overlap <= 1).all()
    assert (total_cov == total_cov.T).all() and np.linalg.eigvalsh(total_cov).min() >= -1e-17
    assert total_cov.any() == totals_are_random(scheme)


@every_case
def test_the_mean_is_the_mean_of_draws(scheme, counts):
    seen = observed(scheme, counts)
    assert_mean(seen["total"], 1.0)
    assert_mean(seen["slope"], 0.0)


@every_case
def test_cv2_is_that_of_draws(scheme, counts):
    assert_mean(observed(scheme, counts)["square"], 1 + scheme.moments(counts).cv2)


@every_case
def test_total_cov_is_that_of_draws(scheme, counts):
    away = observed(scheme, counts)["total"] - 1.0
    products = away[:, :, None] * away[:, None, :]
    assert_mean(products, relative_total_cov(scheme, counts))


@every_case
def test_overlap_is_that_of_bags(scheme, counts):
    """With the standard error of independent rows, at least that of schemes with fixed sizes."""
    overlap, seen = scheme.moments(counts).overlap, observed(scheme, counts)
    in_one, in_both = seen["in one"].mean(axis=0), seen["in both"].mean(axis=0)
    error = np.sqrt(in_one * overlap * (1 - overlap) / len(seen["in one"]))
    assert (np.abs(in_both - overlap * in_one) <= 4 * error + ROUNDING).all()


@pytest.mark.parametrize("scheme", [scheme for scheme, counts in CASES if counts == SIX])
def test_an_error_of_five_per_cent_would_be_seen(scheme):
    """Pooled over the six classes, 4 standard errors are below 5 % of each moment."""
    cv2 = scheme.moments(SIX).cv2
    seen = observed(scheme, SIX)
    squares = [seen["square"][:, cv2 > 0] / cv2[cv2 > 0]]
    if totals_are_random(scheme):
        squares.append((seen["total"] - 1.0) ** 2 / np.diag(relative_total_cov(scheme, SIX)))
    for relative in squares:
        if not relative.size:
            continue
        precision = 1 / (relative.var(axis=0) + 1e-30)
        pooled = relative @ precision / precision.sum()
        assert 4 * pooled.std() / np.sqrt(len(relative)) < 0.05


@every_case
def test_moments_follow_the_order_of_the_classes(scheme, counts):
    back = turned_round(scheme).moments(counts[::-1])
    for there, other in zip(scheme.moments(counts), back, strict=True):
        np.testing.assert_allclose(np.flip(other), there, rtol=1e-13)


# --- draws -------------------------------------------------------------------------------------


@every_case
def test_draws_are_weights_that_sum_to_one(scheme, counts):
    bags = scheme.bags
    weights = scheme.draw(labels(counts), named_rng("sum", scheme, counts))
    assert weights.shape == (bags, sum(counts)) and weights.dtype == float
    assert np.isfinite(weights).all() and (weights >= 0).all()
    if not totals_are_random(scheme):
        tau = np.tile(target(scheme, counts), (bags, 1))
        np.testing.assert_allclose(by_class(weights, counts), tau, rtol=1e-13)
        np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-13)


@every_case
def test_the_state_of_the_generator_fixes_the_draw(scheme, counts):
    y = labels(counts)
    once, again = (scheme.draw(y, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(once, again)
    rng = np.random.default_rng(5)
    more = [scheme.draw(y, rng) for _ in range(8)]
    np.testing.assert_array_equal(more[0], once)
    moved = scheme.disjoint and len(set(counts)) > 1
    noisy = moved or (scheme.moments(counts).cv2 > 0).any()
    assert any((other != once).any() for other in more) == noisy


@every_case
def test_a_scheme_without_noise_does_not_ask_the_generator(scheme, counts):
    rng = np.random.default_rng(7)
    before = rng.bit_generator.state
    scheme.draw(labels(counts), rng)
    if not scheme.random:
        assert rng.bit_generator.state == before and not scheme.moments(counts).cv2.any()


@every_case
def test_weights_see_labels_only_and_not_where_rows_stand(scheme, counts):
    """The j-th row of a class gets the same weight wherever rows of other classes are."""
    y = labels(counts)
    shuffled = np.random.default_rng(8).permutation(y)
    sorted_draw = scheme.draw(y, np.random.default_rng(9))
    draw = scheme.draw(shuffled, np.random.default_rng(9))
    for k in range(len(counts)):
        np.testing.assert_array_equal(draw[:, shuffled == k], sorted_draw[:, y == k])


@every_case
def test_weights_of_a_row_have_the_moments_of_the_scheme(scheme, counts):
    moments = scheme.one_bag.moments(counts)
    rows = zip(*moments[:2], scheme.cubes(counts), scheme.row_weights(counts), strict=True)
    for mean, cv2, cube, (values, chances) in rows:
        assert chances.sum() == pytest.approx(1, rel=ROUNDING)
        assert chances @ values == pytest.approx(mean, rel=ROUNDING)
        assert chances @ (values / mean - 1) ** 2 == pytest.approx(cv2, rel=1e-10, abs=ROUNDING)
        assert chances @ (values / mean) ** 3 == pytest.approx(cube, rel=1e-10)


@pytest.mark.parametrize("extra", [0.01, 20.0, 3000.0])
def test_many_copies_or_few_have_the_moments_of_poisson(extra):
    (values, chances), _ = PoissonOversample(extra).row_weights((30, 20))
    copies = values / values.min() - 1
    assert chances.sum() == pytest.approx(1, rel=ROUNDING)
    for power in (1, 2, 3, 4):
        factorial = np.prod([copies - j for j in range(power)], axis=0)
        assert chances @ factorial == pytest.approx(extra**power, rel=1e-9)


@pytest.mark.parametrize("base", [Undersample(), BalancedSampler(prior=(0.2, 0.8))])
def test_infinitely_many_bags_weigh_their_mean(base):
    infinite, y = AnalyticBag(base), np.repeat([0, 1], (40, 12))
    moments, of_one = infinite.moments((40, 12)), base.moments((40, 12))
    assert infinite.bags == np.inf and not infinite.random
    np.testing.assert_allclose(moments.mean, of_one.mean, rtol=ROUNDING)
    np.testing.assert_allclose(moments.overlap, of_one.overlap, rtol=ROUNDING)
    assert not moments.cv2.any() and not moments.total_cov.any()
    drawn = infinite.draw(y, np.random.default_rng(1))
    np.testing.assert_allclose(drawn, moments.mean[y][None], rtol=ROUNDING)
    assert infinite.with_prior((0.3, 0.7)) == AnalyticBag(base.with_prior((0.3, 0.7)))
    assert infinite.one_bag == base


@every_case
def test_bags_are_draws_of_the_base_one_after_the_other(scheme, counts):
    if isinstance(scheme, Bagging):
        base, bags = scheme.base, scheme
        if scheme.disjoint:
            bags = replace(scheme, disjoint=False)
    else:
        base, bags = scheme, Bagging(scheme, bags=3)
    rng = np.random.default_rng(2)
    single = np.concatenate([base.draw(labels(counts), rng) for _ in range(bags.bags)])
    np.testing.assert_array_equal(bags.draw(labels(counts), np.random.default_rng(2)), single)


@pytest.mark.parametrize("counts", COUNTS)
@pytest.mark.parametrize("prior", [None, growing])
def test_undersampling_keeps_as_many_distinct_rows_of_every_class(counts, prior):
    scheme = Undersample(prior=prior and prior(len(counts)))
    m = min(counts)
    weights = scheme.draw(labels(counts), named_rng(counts))[0]
    times = weights * m / scheme.target(np.array(counts))[labels(counts)]
    np.testing.assert_allclose(times, times.round(), atol=1e-12)
    assert set(times.round()) <= {0, 1}
    assert by_class(times, counts) == pytest.approx([m] * len(counts))


@pytest.mark.parametrize("scheme", [Undersample(size=7, replace=True), Oversample(7, keep=False)])
def test_drawing_with_replacement_repeats_rows_a_whole_number_of_times(scheme):
    times = scheme.draw(labels(SIX), named_rng(scheme))[0] * 7 * len(SIX)
    np.testing.assert_allclose(times, times.round(), atol=1e-12)
    assert by_class(times, SIX) == pytest.approx([7] * 6) and times.max() > 1.5


@pytest.mark.parametrize("size", [None, 60])
def test_oversampling_keeps_every_row_and_reaches_the_size(size):
    M = size or max(SIX)
    times = Oversample(size).draw(labels(SIX), named_rng(size))[0] * M * len(SIX)
    np.testing.assert_allclose(times, times.round(), atol=1e-12)
    assert times.min() > 0.5 and by_class(times, SIX) == pytest.approx([M] * 6)


def test_a_cap_leaves_small_classes_whole():
    kept = Cap(20).draw(labels(SIX), named_rng("cap"))[0] > 0
    assert by_class(1 * kept, SIX).tolist() == [20, 5, 20, 14, 19, 20]


def test_disjoint_bags_share_no_row_of_a_larger_class():
    counts = (30, 5, 11, 5)
    bags = Bagging(Undersample(), bags=2, disjoint=True).draw(labels(counts), named_rng("apart"))
    shared = by_class(1 * (bags > 0).all(axis=0), counts)
    assert shared.tolist() == [0, 5, 0, 5]
    assert by_class(1 * (bags > 0), counts).tolist() == [[5] * 4] * 2


@pytest.mark.parametrize("prior", [None, (0.2, 0.5, 0.3)])
def test_disjoint_bags_that_use_every_row_are_class_weights(prior):
    counts = (12, 4, 12)
    scheme = Bagging(Undersample(prior=prior), bags=3, disjoint=True)
    bags = scheme.draw(labels(counts), named_rng("whole"))
    weighted = ClassWeight(prior=prior).draw(labels(counts), named_rng("unused"))
    np.testing.assert_allclose(bags.mean(axis=0), weighted[0], rtol=1e-14)
    assert scheme.moments(counts).cv2.tolist() == [0, 0, 0]


@pytest.mark.parametrize("counts", [(6, 2), (10, 3, 20)])
def test_disjoint_bags_leave_less_noise_than_independent_ones(counts):
    apart = Bagging(Undersample(), bags=3, disjoint=True).moments(counts).cv2
    independent = Bagging(Undersample(), bags=3).moments(counts).cv2
    larger = np.array(counts) > min(counts)
    assert (apart[larger] < independent[larger]).all()


# --- enumeration: every outcome of a tiny case, with its probability -----------------------------

TINY = (3, 2)
TAU = (0.3, 0.7)


def subsets(n, m):
    """Shares 1/m of the rows of each subset of m out of n."""
    for rows in combinations(range(n), m):
        yield 1 / comb(n, m), np.bincount(rows, minlength=n) / m


def sequences(n, draws, kept=0):
    """Shares after `draws` rows are drawn with replacement, on top of `kept` of each."""
    for rows in product(range(n), repeat=draws):
        yield n**-draws, (np.bincount(rows, minlength=n) + kept) / (draws + kept * n)


def patterns(n, q, renormalise):
    """Shares of the rows kept each with probability q, given that one is if they share."""
    for kept in product([0, 1], repeat=n):
        p = np.prod(np.where(kept, q, 1 - q))
        if not renormalise:
            yield p, np.array(kept) / (q * n)
        elif any(kept):
            yield p / (1 - (1 - q) ** n), np.array(kept) / sum(kept)


def stratified(*classes):
    """One bag (1, n) from independent laws of shares within the classes."""
    for outcome in product(*map(list, classes)):
        weights = [tau * share for tau, (_, share) in zip(TAU, outcome, strict=True)]
        yield np.prod([p for p, _ in outcome]), np.concatenate(weights)[None]


def sampled(draws):
    """A class by its prior, then a row of it, time after time."""
    rows = np.repeat(np.array(TAU) / TINY, TINY)
    for sequence in product(range(5), repeat=draws):
        yield np.prod(rows[list(sequence)]), np.bincount(sequence, minlength=5)[None] / draws


def bagged(law, bags):
    for outcome in product(list(law), repeat=bags):
        yield np.prod([p for p, _ in outcome]), np.concatenate([bag for _, bag in outcome])


def partitions():
    """The first rows of each permutation of the larger class, one a bag; m = 1 of either class."""
    for first in permutations(range(3)):
        for second in permutations(range(2)):
            bags = np.zeros((2, 5))
            bags[[0, 1], first[:2]] = TAU[0]
            bags[[0, 1], [3 + row for row in second]] = TAU[1]
            yield 1 / 12, bags


LAWS = {
    ClassWeight(prior=TAU): lambda: stratified(subsets(3, 3), subsets(2, 2)),
    Undersample(prior=TAU): lambda: stratified(subsets(3, 2), subsets(2, 2)),
    Undersample(1, prior=TAU): lambda: stratified(subsets(3, 1), subsets(2, 1)),
    Undersample(2, True, prior=TAU): lambda: stratified(sequences(3, 2), sequences(2, 2)),
    Oversample(prior=TAU): lambda: stratified(sequences(3, 0, 1), sequences(2, 1, 1)),
    Oversample(5, prior=TAU): lambda: stratified(sequences(3, 2, 1), sequences(2, 3, 1)),
    Oversample(3, False, prior=TAU): lambda: stratified(sequences(3, 3), sequences(2, 3)),
    Cap(2, prior=TAU): lambda: stratified(subsets(3, 2), subsets(2, 2)),
    Thin(0.4, prior=TAU): lambda: stratified(patterns(3, 0.4, True), patterns(2, 0.4, True)),
    Thin((0.4, 0.9), prior=TAU): lambda: stratified(patterns(3, 0.4, True), patterns(2, 0.9, True)),
    Thin((0.4, 0.9), False, prior=TAU): lambda: stratified(
        patterns(3, 0.4, False), patterns(2, 0.9, False)
    ),
    BalancedSampler(3, prior=TAU): lambda: sampled(3),
    Bagging(Undersample(prior=TAU), 2): lambda: bagged(stratified(subsets(3, 2), subsets(2, 2)), 2),
    Bagging(Undersample(1, prior=TAU), 3): lambda: bagged(
        stratified(subsets(3, 1), subsets(2, 1)), 3
    ),
    Bagging(Undersample(1, prior=TAU), 2, disjoint=True): partitions,
    Bagging(BalancedSampler(2, prior=TAU), 2): lambda: bagged(sampled(2), 2),
}


@cache
def law(scheme):
    """Probabilities (O,) and bags (O, B, n) of all outcomes."""
    p, bags = zip(*LAWS[scheme](), strict=True)
    assert sum(p) == pytest.approx(1, abs=1e-14)
    return np.array(p), np.array(bags)


@pytest.mark.parametrize("scheme", LAWS, ids=repr)
def test_moments_are_those_of_the_enumerated_law(scheme):
    p, bags = law(scheme)
    weights, (mean, cv2, total_cov, overlap) = bags.mean(axis=1), scheme.moments(TINY)
    first, second = p @ weights, p @ weights**2
    np.testing.assert_allclose(first, np.repeat(mean, TINY), rtol=1e-12)
    np.testing.assert_allclose(second / first**2, np.repeat(1 + cv2, TINY), rtol=1e-12)
    away = by_class(weights, TINY) - by_class(first, TINY)
    np.testing.assert_allclose((p * away.T) @ away, total_cov, atol=1e-14)
    in_one = p @ (bags[:, 0] > 0)
    in_both = p @ ((bags[:, 0] > 0) & (bags[:, 1] > 0)) if bags.shape[1] > 1 else in_one**2
    np.testing.assert_allclose(in_both / in_one, np.repeat(overlap, TINY), rtol=1e-12)


@pytest.mark.parametrize("scheme", LAWS, ids=repr)
def test_draws_follow_the_enumerated_law(scheme):
    """Every outcome is as frequent as it is likely: Pearson's statistic, and no other outcome."""
    p, bags = law(scheme)
    outcomes, which = np.unique(bags.reshape(len(p), -1).round(12), axis=0, return_inverse=True)
    likely = np.bincount(which, p)
    rng = named_rng("law", scheme)
    drawn = np.stack([scheme.draw(labels(TINY), rng).ravel() for _ in range(2500)]).round(12)
    match = (drawn[:, None, :] == outcomes).all(axis=2)
    assert match.any(axis=1).all()
    seen, expected = match.sum(axis=0), 2500 * likely
    statistic, freedom = ((seen - expected) ** 2 / expected).sum(), len(likely) - 1
    # The variance of Pearson's statistic, exact for any number of draws.
    variance = 2 * freedom + ((1 / likely).sum() - (freedom + 1) ** 2 - 2 * freedom) / 2500
    assert abs(statistic - freedom) <= 4 * np.sqrt(max(variance, 0)) + ROUNDING


# --- other implementations -----------------------------------------------------------------------


def times_drawn(sampler, counts, runs):
    """How often (runs, n) imbalanced-learn's sampler takes each row."""
    y, rows = labels(counts), np.arange(sum(counts))[:, None]
    taken = []
    for seed in range(runs):
        sampler.set_params(random_state=seed).fit_resample(rows, y)
        taken.append(np.bincount(sampler.sample_indices_, minlength=len(y)))
    return np.array(taken)


@pytest.mark.parametrize(
    ("sampler", "scheme"),
    [
        (RandomUnderSampler(), Undersample()),
        (
            RandomUnderSampler(sampling_strategy=dict.fromkeys(range(6), 4), replacement=True),
            Undersample(size=4, replace=True),
        ),
        (RandomOverSampler(), Oversample()),
        (RandomOverSampler(sampling_strategy=dict.fromkeys(range(6), 60)), Oversample(size=60)),
    ],
    ids=lambda value: repr(value),
)
def test_rows_are_taken_as_often_as_imbalanced_learn_takes_them(sampler, scheme):
    theirs = times_drawn(sampler, SIX, 400)
    size = int(by_class(theirs, SIX)[0, 0])
    draws = Bagging(scheme, bags=4000).draw(labels(SIX), named_rng("imblearn", scheme))
    ours = (draws * size * len(SIX)).round().astype(int)
    for times in range(4):
        a, b = (by_class(1.0 * (taken == times), SIX) for taken in (theirs, ours))
        error = np.sqrt(a.var(axis=0) / len(a) + b.var(axis=0) / len(b))
        assert (np.abs(a.mean(axis=0) - b.mean(axis=0)) <= 4 * error).all()


@pytest.mark.parametrize("n", [1, 2, 5, 44, 3000])
@pytest.mark.parametrize("rate", [1e-9, 0.01, 0.3, 0.97, 1.0])
def test_renormalised_thinning_has_the_mean_reciprocal_of_a_positive_binomial(n, rate):
    kept = np.arange(1, n + 1)
    pmf = stats.binom.pmf(kept, n, rate)
    expected = n * (pmf / kept).sum() / pmf.sum() - 1
    cv2 = Thin(rate).moments((n, 7)).cv2[0]
    assert cv2 == pytest.approx(expected, rel=1e-9, abs=1e-11)


@pytest.mark.parametrize("rate", [1e-9, 1e-6, 0.3, 0.97, 1.0])
@pytest.mark.parametrize("n", [1, 2, 3, 44])
def test_the_row_that_is_kept_first_is_one_of_the_class(n, rate):
    """Also where the uniform number is the smallest or the largest that is drawn."""

    class Extreme:
        def __init__(self, number):
            self.random = lambda: number

    assert schemes.keep._first_kept(n, rate, Extreme(0.0)) == 0
    last = n - 1 if rate < 1 else 0
    assert 0 <= schemes.keep._first_kept(n, rate, Extreme(np.nextafter(1, 0))) <= last


def test_class_weights_are_those_of_scikit_learn_divided_by_the_rows():
    from sklearn.utils.class_weight import compute_sample_weight

    y = np.random.default_rng(0).permutation(labels(SIX))
    weights = ClassWeight().draw(y, np.random.default_rng(1))[0]
    np.testing.assert_allclose(weights, compute_sample_weight("balanced", y) / len(y), rtol=1e-14)


def test_counts_of_millions_of_rows_have_finite_moments():
    counts = (3_000_000, 40, 2_000_000)
    for scheme in schemes_for(counts):
        if not scheme.disjoint:
            assert all(np.isfinite(part).all() for part in scheme.moments(counts))


# --- values --------------------------------------------------------------------------------------


@every_case
def test_schemes_are_values(scheme, counts):
    copy = eval(repr(scheme), vars(schemes))
    assert copy == scheme and hash(copy) == hash(scheme)
    assert scheme.moments(counts)[0].tolist() == copy.moments(counts)[0].tolist()
    with pytest.raises(FrozenInstanceError):
        scheme.prior = None


@pytest.mark.parametrize(
    ("scheme", "shown"),
    [
        (ClassWeight(prior=None), "ClassWeight()"),
        (ClassWeight(prior=np.array([0.3, 0.7])), "ClassWeight(prior=(0.3, 0.7))"),
        (Unweighted(), "Unweighted()"),
        (EffectiveNumber(), "EffectiveNumber()"),
        (EffectiveNumber(0.99), "EffectiveNumber(beta=0.99)"),
        (Bridge(prior=(0.3, 0.7)), "Bridge(prior=(0.3, 0.7))"),
        (Undersample(size=None, replace=False), "Undersample()"),
        (Undersample(np.int64(5), True), "Undersample(size=5, replace=True)"),
        (Oversample(keep=False), "Oversample(keep=False)"),
        (Cap(20), "Cap(size=20)"),
        (Thin(0.5, renormalise=True), "Thin(rate=0.5)"),
        (PoissonOversample([1, 2]), "PoissonOversample(extra=(1.0, 2.0))"),
        (Thin([0.5, 1], False), "Thin(rate=(0.5, 1.0), renormalise=False)"),
        (BalancedSampler(), "BalancedSampler()"),
        (Bagging(Undersample(), 10), "Bagging(Undersample(), bags=10)"),
        (
            Bagging(Undersample(prior=[0.5, 0.5]), 3, disjoint=True),
            "Bagging(Undersample(prior=(0.5, 0.5)), bags=3, disjoint=True)",
        ),
    ],
)
def test_a_scheme_shows_what_is_not_at_its_default(scheme, shown):
    assert repr(scheme) == shown


def test_the_prior_of_bags_is_that_of_the_base():
    assert Bagging(Undersample(prior=TAU), 2).prior == TAU


# --- what is refused, and how --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scheme", "counts", "error", "message"),
    [
        (
            Undersample(),
            (120, 0, 14),
            CountsError,
            r"^Undersample needs every class present; counts are \(120, 0, 14\)\. "
            r"Drop class 1 or collect rows for it\.$",
        ),
        (Bagging(Cap(3), 2), (0, 4), CountsError, r"^Bagging needs every class .* Drop class 0 "),
        (Thin(0.5), (9,), CountsError, r"Thin needs at least two classes; counts are \(9\)\."),
        (Cap(5), (9, 2.5), CountsError, r"whole numbers.*\(9, 2\.5\).*Give the number of rows"),
        (Cap(5), (9, -1), CountsError, r"whole numbers.*counts are \(9, -1\)"),
        (Cap(5), (9, np.nan), CountsError, r"whole numbers.*counts are \(9, nan\)"),
        (Cap(5), (9, np.inf), CountsError, r"whole numbers.*counts are \(9, inf\)"),
        (Cap(5), (9, 1e300), CountsError, r"below 2\*\*53.*\(9, 1e\+300\)"),
        (Cap(5), [[9, 2]], CountsError, r"one list of numbers; theirs has shape \(1, 2\)"),
        (Cap(5), "many", CountsError, "Counts must be whole numbers, one per class; 'many' is not"),
        (
            Undersample(size=6),
            (23, 5),
            SchemeError,
            r"^Undersample\(size=6\) cannot keep 6 rows of every class; counts are \(23, 5\)\. "
            r"Give a size up to 5, or replace=True\.$",
        ),
        (
            Oversample(size=22),
            (23, 5),
            SchemeError,
            r"^Oversample\(size=22\) cannot keep every row in 22 per class; counts are \(23, 5\)\. "
            r"Give a size from 23 on, or keep=False\.$",
        ),
        (
            Bagging(Undersample(), 5, disjoint=True),
            (23, 5, 60),
            SchemeError,
            r"needs 25 rows of every class larger than 5; counts are \(23, 5, 60\)\. "
            r"Give at most 4 bags, or disjoint=False\.$",
        ),
        (
            PoissonOversample((0.5, 0.2)),
            (4, 4, 4),
            SchemeError,
            "has 2 numbers of copies for 3 classes; give one, or one per class",
        ),
        (
            Thin((0.5, 0.2)),
            (4, 4, 4),
            SchemeError,
            "has 2 rates for 3 classes; give one, or one per",
        ),
        (
            ClassWeight(prior=TAU),
            (4, 4, 4),
            PriorError,
            r"^A prior needs one probability for each of 3 classes; it has shape \(2,\)",
        ),
    ],
)
def test_counts_that_do_not_fit_are_refused(scheme, counts, error, message):
    with pytest.raises(error, match=message):
        scheme.moments(counts)
    if error is not CountsError:
        with pytest.raises(error, match=message):
            scheme.draw(labels(counts), np.random.default_rng(0))


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: Undersample(0), SchemeError, "Undersample needs size as a whole number from 1"),
        (lambda: Undersample(2.5), SchemeError, r"needs size as a whole number .* it is 2\.5"),
        (lambda: Oversample(True), SchemeError, "Oversample needs size .* it is True"),
        (lambda: Cap(None), SchemeError, "Cap needs size as a whole number .* it is None"),
        (lambda: BalancedSampler(-3), SchemeError, "BalancedSampler needs draws .* it is -3"),
        (lambda: Bagging(Cap(2), None), SchemeError, "Bagging needs bags .* it is None"),
        (lambda: Thin(0), SchemeError, "Thin needs a rate above 0 and up to 1; it is 0"),
        (lambda: Thin(1.01), SchemeError, r"rate above 0 and up to 1; it is 1\.01"),
        (lambda: Thin((0.5, np.nan)), SchemeError, r"up to 1; it is \(0\.5, nan\)"),
        (lambda: Thin("half"), SchemeError, "rate above 0 and up to 1; 'half' is not"),
        (lambda: Bagging("all", 2), SchemeError, "scheme without bags as base; it is 'all'"),
        (lambda: Bagging(Bagging(Cap(2), 2), 2), SchemeError, "without bags as base; it is Bagg"),
        (
            lambda: Bagging(Undersample(replace=True), 2, disjoint=True),
            SchemeError,
            r"need Undersample without replacement .* it is Undersample\(replace=True\)",
        ),
        (lambda: Bagging(Cap(3), 2, disjoint=True), SchemeError, r"it is Cap\(size=3\)"),
        (
            lambda: ClassWeight(prior=(0.5, 0.6)),
            PriorError,
            r"^A prior must sum to one; \(0\.5, 0\.6\) sums to 1\.1\. Divide it by its sum\.$",
        ),
        (lambda: Cap(2, prior=(1.0, 0.0)), PriorError, r"above zero; it is \(1, 0\)\. Drop a cl"),
        (lambda: Cap(2, prior=(1.2, -0.2)), PriorError, r"above zero; it is \(1\.2, -0\.2\)"),
        (lambda: Cap(2, prior=(np.nan, 1)), PriorError, r"above zero; it is \(nan, 1\)"),
        (lambda: Cap(2, prior=0.5), PriorError, r"one probability per class; 0\.5 is not"),
        (
            lambda: PoissonOversample(-1),
            SchemeError,
            "copies from 0 on, or one per class; it is -1",
        ),
        (lambda: PoissonOversample("no"), SchemeError, "extra copies from 0 on"),
        (lambda: Bridge(1.5), SchemeError, r"^Bridge needs power from 0 to 1; it is 1\.5\.$"),
        (lambda: Bridge("half"), SchemeError, "Bridge needs power from 0 to 1; 'half' is not"),
        (
            lambda: EffectiveNumber(1.0),
            SchemeError,
            r"^EffectiveNumber needs beta from 0 to below 1; it is 1\.0\.$",
        ),
        (lambda: EffectiveNumber(np.nan), SchemeError, "beta from 0 to below 1; it is nan"),
        (lambda: Cap(2, prior="even"), PriorError, "one probability per class; 'even' is not"),
    ],
)
def test_schemes_that_make_no_sense_are_refused(build, error, message):
    with pytest.raises(error, match=message):
        build()


@pytest.mark.parametrize(
    ("y", "n_classes", "error", "message"),
    [
        ([0, 0, 2], None, CountsError, r"counts are \(2, 0, 1\)\. Drop class 1 or collect rows"),
        ([0, 1, 1], 3, CountsError, r"counts are \(1, 2, 0\)\. Drop class 2 or collect rows"),
        ([0, 1, 3], 3, DataError, r"must lie in 0\.\.2; they span 0\.\.3.*or give n_classes"),
        ([-1, 0, 1], None, DataError, r"they span -1\.\.1\. Encode them from zero"),
        ([0, 0, 0], None, DataError, "one class only; a softmax needs at least two"),
        ([], None, DataError, "at least one row; they are empty"),
        (["a", "b"], None, DataError, r"whole numbers 0\.\.K-1; they are of type <U1\. Encode"),
        ([0.5, 1], None, DataError, "whole numbers .* they are of type float64"),
        ([0, np.nan], None, DataError, "whole numbers .* they are of type float64"),
        ([[0, 1], [1, 0]], None, DataError, r"one list \(n,\); theirs has shape \(2, 2\)"),
    ],
)
def test_labels_that_make_no_sense_are_refused(y, n_classes, error, message):
    with pytest.raises(error, match=message):
        Undersample().draw(y, np.random.default_rng(0), n_classes=n_classes)


@pytest.mark.parametrize(
    ("scheme", "id", "label"),
    [
        (ClassWeight(), "class-weights", "class weights"),
        (ClassWeight(prior=(0.2, 0.8)), "class-weights@0.2-0.8", "class weights at (0.2, 0.8)"),
        (Unweighted(), "unweighted", "unweighted"),
        (EffectiveNumber(), "effective-number-0.999", "effective number (0.999)"),
        (Bridge(), "bridge-0.5", "bridge at 0.5"),
        (Bridge(0.25, prior=(0.2, 0.8)), "bridge-0.25@0.2-0.8", "bridge at 0.25 at (0.2, 0.8)"),
        (Undersample(), "undersample", "undersample"),
        (Undersample(7, replace=True), "undersample-7-with-replacement",
         "undersample to 7 with replacement"),
        (Oversample(), "oversample", "oversample"),
        (Oversample(9, keep=False), "bootstrap-9", "bootstrap to 9"),
        (Cap(10), "cap-10", "cap at 10"),
        (Thin(0.5), "thin-0.5", "thin to 0.5"),
        (Thin((0.5, 1), False), "thin-0.5-1-not-renormalised", "thin to 0.5, 1, not renormalised"),
        (BalancedSampler(20), "balanced-sampler-20", "balanced sampler, 20 draws"),
        (PoissonOversample(0.5), "poisson-oversample-0.5", "0.5 Poisson copies per row"),
        (Bagging(Undersample(), 10), "under-bagging-10", "under-bagging (10 bags)"),
        (Bagging(Undersample(), 2, disjoint=True), "under-bagging-2-disjoint",
         "under-bagging (2 disjoint bags)"),
        (Bagging(Cap(6, prior=(0.5, 0.5)), 3), "bagging-cap-6-3@0.5-0.5",
         "bagging (3 bags of cap at 6) at (0.5, 0.5)"),
    ],
)  # fmt: skip
def test_a_scheme_has_a_stable_name_and_one_for_people(scheme, id, label):
    assert (scheme.id, scheme.label) == (id, label)
    assert scheme.id.isascii() and " " not in scheme.id
    assert scheme.stream_name == repr(scheme)


def test_labels_of_a_prior_do_not_break_a_name():
    """Identifiers stay in ASCII, without spaces, and differ where the labels differ."""
    labels = ["é", "e", "a b", "a_b", "a%20b", "a:b", "β-1", "β", 1]
    found = [ClassWeight(prior={"other": 0.5, label: 0.5}) for label in labels]
    ids = [scheme.id for scheme in found]
    assert all(id.isascii() and id.isprintable() and " " not in id for id in ids)
    assert len(set(ids)) == len(ids)
    assert found[1].id == "class-weights@other:0.5-e:0.5"
    assert found[0].label == "class weights at (other:0.5, é:0.5)"


def test_schemes_of_different_names_differ():
    for counts in COUNTS:
        schemes_here = {*schemes_for(counts), *OF_COUNTS}
        assert len({scheme.id for scheme in schemes_here}) == len(schemes_here)
        assert len({scheme.label for scheme in schemes_here}) == len(schemes_here)


@every_case
def test_rows_used_are_those_of_a_draw(scheme, counts):
    """Copies of a row are whole, but of thinning; their mean is within 4 s.e."""
    one, y = scheme.one_bag, labels(counts)
    assert one.bags == 1 and (scheme.bags == 1) == (one is scheme)
    rng = named_rng("rows used", scheme, counts)
    unit = target(scheme, counts) / one.rows_used(counts)
    if isinstance(one, Thin) and one.renormalise:
        drawn = [by_class(one.draw(y, rng) > 0, counts)[0] for _ in range(200)]
    else:
        copies = np.array([one.draw(y, rng) / unit[y] for _ in range(200)])
        np.testing.assert_allclose(copies, copies.round(), atol=1e-9)
        drawn = [by_class(each, counts)[0] for each in copies]
    drawn = np.array(drawn)
    assert (drawn.std(axis=0) == pytest.approx(0, abs=1e-9)) or not one.fixed_size
    error = drawn.std(axis=0, ddof=1) / np.sqrt(len(drawn))
    assert (np.abs(drawn.mean(axis=0) - scheme.rows_used(counts)) <= 4 * error + 1e-9).all()


def test_a_scheme_is_moved_to_another_prior_and_back():
    for scheme in schemes_for(SIX):
        moved = scheme.with_prior(growing(6))
        assert moved.target(np.array(SIX)) == pytest.approx(growing(6))
        assert moved.with_prior(None) == scheme
    with pytest.raises(SchemeError, match="fits at the prior of the data"):
        Unweighted().with_prior((0.5, 0.5))
    with pytest.raises(SchemeError, match=r"EffectiveNumber fits at a prior of the counts, not at"):
        EffectiveNumber().with_prior(None)
    assert Bridge().with_prior(growing(6)).prior == growing(6)


def test_weights_of_counts_end_at_no_weights_and_at_class_weights():
    n_k = np.array(SIX)
    for none in (Bridge(0.0), EffectiveNumber(0.0)):
        np.testing.assert_allclose(none.target(n_k), Unweighted().target(n_k), rtol=1e-14)
    np.testing.assert_allclose(Bridge(1.0, prior=growing(6)).target(n_k), growing(6), rtol=1e-14)
    np.testing.assert_allclose(EffectiveNumber(1 - 1e-9).target(n_k), np.full(6, 1 / 6), rtol=1e-6)
    many = np.array([100_000, 20_000])
    np.testing.assert_allclose(EffectiveNumber().target(many), [5 / 6, 1 / 6], rtol=1e-8)


def test_refusals_are_value_errors():
    assert all(
        issubclass(error, ValueError) for error in (CountsError, DataError, PriorError, SchemeError)
    )


@pytest.mark.parametrize("given", [1, np.float32(0.5), np.array(0.25)])
def test_a_number_of_any_kind_is_kept_as_a_float(given):
    scheme = Bridge(given)
    assert type(scheme.power) is float and scheme.power == given
    assert scheme == Bridge(float(given)) and repr(scheme) == repr(Bridge(float(given)))
