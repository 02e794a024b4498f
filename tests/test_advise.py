"""The answer for class counts: its numbers, the laws they keep, and the words they come in."""

import json
import re

import numpy as np
import pytest

from mlbalance import advise as module
from mlbalance import claims, schemes, theory
from mlbalance.advise import Advice, advise
from mlbalance.inputs import CountsError, InputError
from mlbalance.methods import METHODS

ASKED = [23, 5, 44, 14, 19, 31]
KEYS = [
    "target",
    "counts",
    "n",
    "harmonic_mean",
    "effective_size",
    "effective_size_undersampled",
    "variance_ratio",
    "variance_share",
    "row_value",
    "recommendation",
    "because",
]
SCHEMES = [
    "class-weights",
    "undersample",
    "undersample-with-replacement",
    "oversample",
    "bootstrap",
    "under-bagging-10",
]
ODD = {
    "asked": ASKED,
    "two classes": [50, 950],
    "equal": [10, 10, 10],
    "one row each": [1, 1],
    "one row in a class": [1, 400, 30],
    "two rows": [2, 3],
    "millions": [1_000_000, 98_765_432, 31],
    "as large as allowed": [2**53, 3],
    "almost equal": [1000, 1001],
    "tied smallest": [4, 9, 4, 4, 7],
    "many tied": [5] * 39 + [40],
    "forty classes": list(range(3, 43)),
    "thousands of classes": [7] * 2000 + [8],
}


def random_counts():
    rng = np.random.default_rng(20)
    return [
        rng.integers(1, 10 ** rng.integers(1, 6), rng.integers(2, 12), endpoint=True)
        for _ in range(60)
    ]


def test_the_question_itself_to_twelve_digits():
    advice = advise(ASKED)
    ratio = advice.variance_ratio
    assert ratio["undersample"] == pytest.approx(2.84007704724674, rel=1e-12)
    assert ratio["oversample"] == pytest.approx(1.14108571123, rel=1e-11)
    assert ratio["bootstrap"] == pytest.approx(1.30000875537, rel=1e-11)
    assert ratio["under-bagging-10"] == pytest.approx(1.18400770472, rel=1e-11)
    assert advice.effective_size == pytest.approx(85.2023, abs=5e-5)
    assert (advice.n, advice.effective_size_undersampled) == (136, pytest.approx(30, rel=1e-12))
    assert ratio["class-weights"] == pytest.approx(1, rel=1e-15)
    assert advice.recommendation == "class-weights"


def test_json_has_exactly_the_promised_keys_and_plain_values():
    given = advise(np.array(ASKED)).to_dict()
    assert list(given) == KEYS
    assert list(given["variance_ratio"]) == SCHEMES
    assert json.loads(json.dumps(given, allow_nan=False)) == given
    assert given["counts"] == ASKED
    assert all(type(n) is int for n in [given["n"], *given["counts"]])


def test_numbers_are_those_of_theory_for_the_methods_of_these_names():
    advice = advise(ASKED)
    for name, ratio in advice.variance_ratio.items():
        assert ratio == theory.variance_ratio(ASKED, METHODS[name].scheme)
    assert advice.effective_size == theory.effective_size(ASKED)
    assert np.array_equal(advice.row_value, theory.budget(ASKED).row_value)


def test_oversampling_reaches_the_largest_class():
    at_largest = schemes.Oversample(44, keep=False)
    assert advise(ASKED).variance_ratio["bootstrap"] == theory.variance_ratio(ASKED, at_largest)


@pytest.mark.parametrize("counts", random_counts(), ids=lambda c: f"K{len(c)}n{c.sum()}")
def test_laws(counts):
    advice = advise(counts)
    K, H, m = len(counts), advice.harmonic_mean, counts.min()
    ratios = advice.variance_ratio
    assert min(ratios.values()) >= 1 - 1e-12
    assert ratios["undersample"] == pytest.approx(H / m, rel=1e-12)
    assert 1 - 1e-12 <= ratios["undersample"] < min(K, counts.max() / m + 1e-9)
    assert ratios["under-bagging-10"] - 1 == pytest.approx(
        (ratios["undersample"] - 1) / 10, abs=1e-12
    )
    assert advice.effective_size == pytest.approx(K * H, rel=1e-12)
    assert advice.effective_size <= advice.n * (1 + 1e-12)
    assert advice.effective_size_undersampled == pytest.approx(K * m, rel=1e-12)
    assert sum(advice.variance_share) == pytest.approx(1, rel=1e-12)
    assert np.multiply(advice.row_value, counts) == pytest.approx(advice.variance_share, rel=1e-12)


@pytest.mark.parametrize("least", [1e-6, 1e-9, 1e-12])
def test_ratios_of_any_size_stay_in_their_column(least):
    found = advise([10**15, 3], target_prior=[1 - least, least])
    assert found.variance_ratio["undersample"] > 1e6
    text = found.text(80)
    assert max(map(len, text.splitlines())) <= 80 and "undersample  " in text and " >10^6" in text


@pytest.mark.parametrize("target", module.TARGETS)
def test_the_text_says_of_which_models_it_is(target):
    said = "- For penalised linear and softmax models, not for trees or boosting."
    assert said in [line.strip() for line in advise(ASKED, target=target).text().splitlines()]


@pytest.mark.parametrize("target", module.TARGETS)
def test_the_order_of_classes_does_not_matter(target):
    rng = np.random.default_rng(3)
    for counts in random_counts():
        order = rng.permutation(len(counts))
        one, other = (advise(c, target=target).to_dict() for c in (counts, counts[order]))
        for key in ("counts", "variance_share", "row_value"):
            assert np.take(one.pop(key), order) == pytest.approx(other.pop(key), rel=1e-12)
        for key in ("target", "recommendation", "because"):
            assert one.pop(key) == other.pop(key)
        assert one.pop("variance_ratio") == pytest.approx(other.pop("variance_ratio"), rel=1e-12)
        assert one == pytest.approx(other, rel=1e-12)


def test_only_the_proportions_matter_to_undersampling():
    for counts in random_counts():
        one, other = advise(counts), advise(7 * counts)
        for name in ("undersample", "under-bagging-10"):
            expected = one.variance_ratio[name]
            assert other.variance_ratio[name] == pytest.approx(expected, rel=1e-12)
        assert other.variance_share == pytest.approx(one.variance_share, rel=1e-12)
        assert other.effective_size == pytest.approx(7 * one.effective_size, rel=1e-12)


def test_row_value_is_a_derivative_of_the_variance():
    counts, step = np.array(ASKED) * 10**6, 1
    for k, value in enumerate(advise(counts).row_value):
        more = counts.copy()
        more[k] += step
        fall = 1 - advise(counts).effective_size / advise(more).effective_size
        assert fall / step == pytest.approx(value, rel=1e-5)


@pytest.mark.parametrize(
    ("counts", "target", "expected"),
    [
        (ASKED, "balanced", "class-weights"),
        (ASKED, "natural", "prior-correction"),
        ([1000, 1001], "balanced", "class-weights"),
        ([10, 10], "balanced", "no-difference"),
        ([10, 10], "natural", "no-difference"),
    ],
)
def test_what_is_recommended(counts, target, expected):
    advice = advise(counts, target=target)
    assert advice.recommendation == expected
    assert advice.target == target


def test_the_target_changes_the_advice_and_not_the_numbers():
    balanced, natural = (advise(ASKED, target=target).to_dict() for target in module.TARGETS)
    differing = {key for key in KEYS if balanced[key] != natural[key]}
    assert differing == {"target", "recommendation", "because"}
    assert "Among balanced fits" in advise(ASKED, target="natural").text()


@pytest.mark.parametrize("target", module.TARGETS)
@pytest.mark.parametrize("counts", [ASKED, [10, 10]])
def test_the_reasons_are_claims(counts, target):
    because = advise(counts, target=target).because
    assert because
    assert [claims.get(label).label for label in because] == list(because)


@pytest.mark.parametrize("width", [60, 72, 80, 120])
@pytest.mark.parametrize("target", module.TARGETS)
@pytest.mark.parametrize("counts", ODD.values(), ids=ODD)
def test_text_fits_and_is_plain(counts, target, width):
    text = advise(counts, target=target).text(width)
    lines = text.splitlines()
    assert max(map(len, lines)) <= width
    assert text.isascii()
    assert not any(sign in text for sign in ("nan", "inf", "~", "e+", "  \n", "\n\n\n"))
    assert not re.search(r"(?<![\d.,])1 (rows|classes)", text)
    assert len(lines) <= (40 if width >= 80 else 55)


@pytest.mark.parametrize("counts", [ASKED, [50, 950], [70, 76, 17, 13, 9, 29], [9, 400, 9, 31]])
def test_text_tells_the_numbers(counts):
    advice = advise(counts)
    text = advice.text()
    prose = " ".join(text.split())
    for name, ratio in advice.variance_ratio.items():
        assert f"{METHODS[name].label} {ratio:.2f}" in prose
    assert f"excess risk, by {advice.variance_ratio['undersample']:.2f}:" in prose
    assert f"H/m = {advice.harmonic_mean:.1f}".removesuffix(".0") in prose
    assert f"of {advice.effective_size:.1f}".removesuffix(".0") in prose
    assert f"{advice.n:,} rows in {len(counts)} classes" in prose
    largest = max(counts) / min(counts)
    assert f"by 1 to {largest:.{3 if largest < 10 else 2}g}, largest over smallest" in prose
    smallest = sum(np.array(advice.variance_share)[np.array(counts) == min(counts)])
    assert f"{100 * smallest:.0f} % of the variance" in prose


def test_text_says_what_is_assumed_and_what_is_left_open():
    prose = " ".join(advise(ASKED).text().split())
    for said in (
        "Balanced error, all classes alike (--target natural: probabilities)",
        'each of class k weighted 1/n_k (class_weight="balanced")',
        "its expected weights, given the data, are the class weights",
        "first order in 1/n_k, at the same ridge on the mean-loss scale",
        "exchangeable or carry no signal",
        "Class 1 (5 rows) carries 47 % of the variance",
        "worth 77 times one of class 2 (44 rows)",
        "5 rows of a class can tell little under any scheme",
        "0.45 standard deviations, a recall in steps of 20 points",
        "an unpenalised fit may not exist: use a ridge",
        "undersampling can win balanced error",
        "Balanced probabilities are not natural ones",
        "mlbalance derive LABEL, for conditional-mean",
    ):
        assert said in prose


def test_text_names_classes_that_share_the_smallest_count():
    def prose(counts):
        return " ".join(advise(counts).text().split())

    assert "Class 0 (1 row) carries 75 %" in prose([1, 3])
    assert "Classes 0 and 2 (4 rows each) carry" in prose([4, 9, 4])
    assert "Classes 0, 2 and 3 (4 rows each) carry" in prose([4, 9, 4, 4])
    assert "The 39 classes of 5 rows carry more than 99 %" in prose([5] * 39 + [40])


def test_text_of_equal_counts_says_there_is_nothing_to_choose():
    prose = " ".join(advise([10, 10, 10]).text().split())
    assert "Nothing: at equal counts" in prose
    assert "biases" not in prose


def test_text_for_natural_probabilities_says_how_to_get_them():
    prose = " ".join(advise(ASKED, target="natural").text().split())
    assert "Fit all rows unweighted" in prose
    assert "add log(6 n_k/n) to its intercept of class k" in prose
    assert "class_weight" not in prose


def test_little_is_said_of_few_rows_where_there_are_many():
    assert "tell little" in advise([29, 60]).text()
    assert "tell little" not in advise([30, 60]).text()


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (
            [120, 0, 14],
            r"Advice needs every class present; counts are \(120, 0, 14\). Drop class 1",
        ),
        ([7], r"Advice needs at least two classes; counts are \(7\)"),
        ([5.5, 2], r"Counts must be whole numbers of rows, one per class; counts are \(5.5, 2\)"),
        ([-3, 2], r"Counts must be whole numbers"),
        ([float("nan"), 2], r"Counts must be whole numbers"),
        ([float("inf"), 2], r"Counts must be whole numbers"),
        (["a", "b"], r"Counts must be whole numbers"),
        ([[1, 2]], r"one list of numbers"),
    ],
)
def test_counts_that_are_refused(counts, message):
    with pytest.raises(CountsError, match=message):
        advise(counts)


def test_other_refusals():
    with pytest.raises(InputError, match=r'"balanced" or "natural"; \'other\' was given'):
        advise(ASKED, target="other")
    with pytest.raises(InputError, match="at least 60 columns; 40 were given"):
        advise(ASKED).text(40)


def test_advice_is_a_value():
    assert advise(ASKED) == advise(tuple(ASKED))
    assert advise(ASKED) != advise(ASKED[::-1])
    assert isinstance(advise(ASKED), Advice)
