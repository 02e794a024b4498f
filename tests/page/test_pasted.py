"""Counts that are pasted: every reasonable form is read, and anything else is one clear line."""

import re

import pytest

from mlbalance.inputs import CountsError, PriorError, as_counts, as_prior
from mlbalance.page.pasted import counts_of, prior_of

PANDAS = "species\nsetosa        50\nversicolor    23\nName: count, dtype: int64"
PANDAS_OF_NUMBERS = "label\n2    44\n0    23\n1     5\nName: count, dtype: int64"


FORMS = [
    ("23, 5, 44", [], [23, 5, 44]),
    ("23 5 44\n14 19 31", [], [23, 5, 44, 14, 19, 31]),
    ("23\n5\r\n44\n", [], [23, 5, 44]),
    ("[23, 5, 44]", [], [23, 5, 44]),
    ("array([23,  5, 44])", [], [23, 5, 44]),
    ("23;5\t44", [], [23, 5, 44]),
    ("1e12, 5", [], [10**12, 5]),
    ("12,500", [], [12, 500]),
    ("setosa 50\nversicolor 23", ["setosa", "versicolor"], [50, 23]),
    ("very good: 5\nbad = 6", ["very good", "bad"], [5, 6]),
    ("| cat | 23 |\n|-----|----|\n| dog | 5 |", ["cat", "dog"], [23, 5]),
    ("class,count\ncat,23\ndog,5", ["cat", "dog"], [23, 5]),
    (PANDAS, ["setosa", "versicolor"], [50, 23]),
    (PANDAS_OF_NUMBERS, ["0", "1", "2"], [23, 5, 44]),
    ("0    23\n1     5", ["0", "1"], [23, 5]),
    ("{0: 23, 1: 5, 2: 44}", ["0", "1", "2"], [23, 5, 44]),
    ("Counter({'no way': 30, 'yes': 2})", ["no way", "yes"], [30, 2]),
    ("y\n a  b  c \n23  5 44 ", ["a", "b", "c"], [23, 5, 44]),
    ("c(ill = 5, well = 60)", ["ill", "well"], [5, 60]),
    (", ".join(["7"] * 1000), [], [7] * 1000),
]


@pytest.mark.parametrize(("given", "names", "counts"), FORMS)
def test_every_reasonable_form_is_read(given, names, counts):
    assert counts_of(given) == (names, counts)


REFUSED = [
    ("", "Give the number of rows of every class, as in 23, 5, 44."),
    (" \n ", "Give the number of rows of every class, as in 23, 5, 44."),
    ("many, few", "'many' is not."),
    ("1_000, 4", "'1_000' is not. Write 1000."),
    ("12,500 300", "can be one class of 12500 rows or the classes 12 500"),
    ("1.500 3", "can be 1 or 1500 rows. Write 1 or 1500."),
    ("7 " * 5_001, "The page takes up to 5,000 classes; 5,001 were given."),
]


@pytest.mark.parametrize(("given", "message"), REFUSED)
def test_what_cannot_be_read_is_one_line(given, message):
    with pytest.raises(CountsError, match=re.escape(message)) as error:
        counts_of(given)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("given", [[0, 5], [5], [-3, 5], [2.5, 3], [1e300, 4], [float("inf"), 4]])
def test_bad_counts_are_refused_in_the_words_of_the_package(given):
    with pytest.raises(CountsError) as ours:
        counts_of(", ".join(map(str, given)))
    with pytest.raises(CountsError) as theirs:
        as_counts(given, "Advice")
    assert str(ours.value) == str(theirs.value)


def test_priors():
    assert prior_of("0.2, .3 .5", 3) == [0.2, 0.3, 0.5]
    for given in ([0.2, 0.9], [0.0, 1.0], [-1, 2]):
        with pytest.raises(PriorError) as ours:
            prior_of(" ".join(map(str, given)), 2)
        with pytest.raises(PriorError) as theirs:
            as_prior(given, 2)
        assert str(ours.value) == str(theirs.value)
    with pytest.raises(PriorError, match="one probability for each of 2 classes; 1 were given"):
        prior_of(".5", 2)
    with pytest.raises(PriorError, match="'half' is not"):
        prior_of("half half", 2)
