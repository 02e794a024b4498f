"""Studies as data: cells that are told apart by their factors."""

import numpy as np
import pytest

from mlbalance.inputs import InputError
from mlbalance.methods import methods
from mlbalance.populations import symmetric
from mlbalance.simulation import Cell, Sampled, Store, Study, run

SOURCE = Sampled(symmetric(2, 1, 1.0), (9, 8), test_size=16)


def study(*factors, **changes):
    """A study of one cell per dictionary of factors."""
    return Study(
        name="factors",
        aim="Tell cells apart.",
        cells=tuple(Cell(f"cell {i}", SOURCE, own) for i, own in enumerate(factors)),
        estimands="all",
        methods=methods("class-weights", ridge=0.1),
        reference="class-weights",
        replications=3,
        root=1,
        **changes,
    )


def test_cells_have_the_same_factors_and_other_values():
    found = study({"d": 1, "times": 1}, {"d": 1, "times": 2}, {"d": 2, "times": 1})
    assert [cell.factors for cell in found.cells] == [
        {"d": 1, "times": 1},
        {"d": 1, "times": 2},
        {"d": 2, "times": 1},
    ]
    assert found.cell("cell 1").factors["times"] == 2
    assert len(study({}, {}).cells) == 2  # cells need none


def test_factors_are_texts_numbers_and_truth_values():
    values = ("a text", 'ä, "b"', "", 3, -2.5, True, np.float64(0.25))
    assert len(study(*({"of any kind": value} for value in values)).cells) == len(values)


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        (
            [{"d": 1}, {}],
            "All cells of study factors need the same factors; 'cell 0' has d and 'cell 1' has no",
        ),
        ([{}, {"d": 1}], "'cell 0' has none and 'cell 1' has d"),
        ([{"d": 1}, {"d": 2, "times": 1}], "'cell 0' has d and 'cell 1' has d, times"),
        ([{"d": 1, "e": 1}, {"d": 2, "f": 1}], "'cell 0' has d, e and 'cell 1' has d, f"),
        (
            [{"d": 1}, {"d": 1}],
            r"Cells of study factors share their factors; they are \[\(1,\), \(1",
        ),
        ([{"d": 1, "e": "x"}, {"d": 2, "e": "x"}, {"d": 1, "e": "x"}], "share their factors"),
        *(
            ([{"d": 1, name: 1}], f"has a factor '{name}', which every summary has a column for")
            for name in "cell method ridge metric estimand value mcse n failures".split()
        ),
        (
            [{"": 1}],
            "Cell 'cell 0' of study factors has '': 1 among its factors; a factor has a na",
        ),
        ([{3: 1}], "has 3: 1 among its factors"),
        ([{"two\nlines": 1}], r"has 'two\\nlines': 1 among its factors"),
        ([{"d": "two\nlines"}], r"has 'd': 'two\\nlines' among its factors"),
        ([{"d": None}], "has 'd': None among its factors; .* as value a text that can be printed"),
        ([{"d": (1, 2)}], r"has 'd': \(1, 2\) among its factors"),
        ([{"d": np.arange(2)}], "among its factors"),
        ([{"d": np.int64(2)}], "among its factors"),
        ([{"d": float("nan")}], "has 'd': nan among its factors; .* a finite number or a bool"),
        ([{"d": float("inf")}], "has 'd': inf among its factors"),
    ],
)
def test_factors_that_tell_nothing_or_fit_no_table_are_refused(factors, message):
    with pytest.raises(InputError, match=message) as refused:
        study(*factors)
    assert "\n" not in str(refused.value)


def test_no_number_depends_on_factors(tmp_path):
    """They are names of what the source is: a store outlives their change."""
    path = tmp_path / "store.sqlite"
    with Store(path, study({"d": 1}, {"d": 2})) as store:
        before = list(run(study({"d": 1}, {"d": 2}), store=store).table())
    other = study({"features": 1.0}, {"features": 2.0})
    with Store(path, other) as store:
        run(other, store=store)
        for one, two in zip(store.table(), before, strict=True):
            assert one[:5] == two[:5] and one[5].tobytes() == two[5].tobytes()
