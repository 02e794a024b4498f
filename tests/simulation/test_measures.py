"""Estimates and their Monte Carlo errors, failures that stay failures, and the table on disk."""

import numpy as np
import pytest
from scipy import stats

from mlbalance.inputs import InputError
from mlbalance.populations import symmetric
from mlbalance.recipes import named
from mlbalance.simulation import (
    Cell,
    Results,
    Row,
    Sampled,
    Split,
    Study,
    read_rows,
    summarise,
    write_rows,
)
from mlbalance.simulation.measures import mean_and_error, ratio_and_error

# Errors


def test_error_of_a_mean_is_its_standard_error():
    values = np.random.default_rng(1).gamma(2.0, size=37)
    assert mean_and_error(values) == pytest.approx((values.mean(), stats.sem(values)), rel=1e-14)
    assert mean_and_error(np.array([1.0, 2.0, 3.0])) == pytest.approx((2.0, 1 / np.sqrt(3)))
    assert mean_and_error(np.full(5, 0.7))[1] == pytest.approx(0, abs=1e-15)


def coverage_z(covered, expected):
    """Standard errors between a simulated and an expected coverage."""
    return (covered.mean() - expected) / np.sqrt(expected * (1 - expected) / covered.size)


def test_intervals_of_a_mean_cover_as_student_says():
    rng = np.random.default_rng(2)
    found = np.array([mean_and_error(rng.normal(3.0, 2.0, size=25)) for _ in range(4000)])
    covered = np.abs(found[:, 0] - 3.0) <= 2 * found[:, 1]
    expected = stats.t(24).cdf(2) - stats.t(24).cdf(-2)
    assert abs(coverage_z(covered, expected)) <= 4


@pytest.mark.parametrize("folds", [2, 5])
def test_dependence_is_that_of_equally_correlated_replicates(folds):
    """Nadeau & Bengio: correlation r between replicates is the dependence r/(1 - r)."""
    rng, size, repeats = np.random.default_rng(3), 20, 4000
    dependence = 1 / (folds - 1)
    r = dependence / (1 + dependence)
    common, own = rng.normal(size=(repeats, 1)), rng.normal(size=(repeats, size))
    values = np.sqrt(r) * common + np.sqrt(1 - r) * own
    found = np.array([mean_and_error(row, dependence) for row in values])
    squares = found[:, 0] ** 2 - found[:, 1] ** 2
    assert abs(squares.mean()) <= 4 * squares.std() / np.sqrt(repeats)


def test_ratio_of_proportional_replicates_has_no_error():
    under = np.random.default_rng(4).gamma(2.0, size=30)
    ratio, error = ratio_and_error(2.5 * under, under)
    assert ratio == pytest.approx(2.5, rel=1e-14) and error < 1e-15


def test_ratio_knows_no_units_and_turns_over():
    rng = np.random.default_rng(5)
    over, under = rng.gamma(3.0, size=(2, 500))
    ratio, error = ratio_and_error(over, under)
    assert ratio_and_error(10 * over, 10 * under) == pytest.approx((ratio, error), rel=1e-12)
    assert ratio_and_error(-over, -under) == pytest.approx((ratio, error), rel=1e-12)
    turned, its_error = ratio_and_error(under, over)
    assert turned == pytest.approx(1 / ratio) and its_error / turned == pytest.approx(error / ratio)


@pytest.mark.parametrize("shared", [0.0, 0.9])
def test_intervals_of_a_ratio_cover(shared):
    """Paired replicates: a share of each is common, and must not count as error."""
    rng, repeats = np.random.default_rng(6), 4000
    covered = np.empty(repeats, dtype=bool)
    for i in range(repeats):
        common = rng.gamma(2.0, size=400)
        over, under = shared * common + (1 - shared) * rng.gamma(2.0, size=(2, 400))
        ratio, error = ratio_and_error(3 * over, under)
        covered[i] = abs(ratio - 3) <= 2 * error
    assert abs(coverage_z(covered, stats.norm.cdf(2) - stats.norm.cdf(-2))) <= 4


# Summaries of results that are known

RECIPES = (*named("class weights", "undersample"), *named("undersample", ridge=0.1))
POPULATION = Cell("population", Sampled(symmetric(2, 1, 1.0), (3, 4)))
DATA = Cell("data", Split(np.arange(8.0)[:, None], np.arange(8) % 2, folds=2))
STUDY = Study("study", "aim", (POPULATION, DATA), "estimands", RECIPES, "class weights", 4, 1)


def results(**failed):
    """Random outcomes of `STUDY`; the replicates given by recipe fail."""
    rng = np.random.default_rng(7)
    values, status = {}, {}
    for cell in STUDY.cells:
        for recipe in STUDY.recipes:
            key = (cell.name, recipe.name, recipe.ridge)
            lost = failed.get(recipe.name.replace(" ", "_"), []) if recipe.ridge == 0 else []
            values[key] = rng.gamma(2.0, size=(4, 4))
            values[key][lost] = np.nan
            status[key] = np.full(4, "converged", dtype="U14")
            status[key][lost] = "no-mle"
    return Results(STUDY, values, status)


def table(outcome):
    rows = {(r.cell, r.recipe, r.ridge, r.measure): r for r in summarise(outcome)}
    assert len(rows) == len(summarise(outcome))
    return rows


def test_every_method_has_the_mean_of_every_measure():
    outcome = results()
    rows = table(outcome)
    for key, values in outcome.values.items():
        for j, measure in enumerate(("log-loss", "error", "worst-class error")):
            row = rows[(*key, measure)]
            spread = STUDY.cells[key[0] == "data"].source.dependence
            assert (row.value, row.error) == mean_and_error(values[:, j], spread)
            assert row.replications == 4 and row.failures == 0
        assert rows[(*key, "P(no estimate)")].value == 0


def test_differences_are_paired_and_against_the_reference_of_the_same_ridge():
    outcome = results()
    rows = table(outcome)
    base = outcome.values["population", "class weights", 0.0]
    own = outcome.values["population", "undersample", 0.0]
    row = rows["population", "undersample", 0.0, "difference in error"]
    assert (row.value, row.error) == mean_and_error(own[:, 1] - base[:, 1])
    ratio = rows["population", "undersample", 0.0, "risk ratio"]
    assert (ratio.value, ratio.error) == ratio_and_error(own[:, 3], base[:, 3])
    compared = {key[:3] for key in rows if key[3].startswith(("difference", "risk ratio"))}
    assert compared == {("population", "undersample", 0.0), ("data", "undersample", 0.0)}


def test_only_a_population_has_an_excess_risk():
    measures = {(key[0], key[3]) for key in table(results())}
    assert ("population", "excess risk") in measures and ("population", "risk ratio") in measures
    assert ("data", "excess risk") not in measures and ("data", "risk ratio") not in measures


def test_a_mean_with_failures_is_no_number_but_a_count():
    rows = table(results(undersample=[1, 3]))
    for (cell, recipe, ridge, measure), row in rows.items():
        lost = 2 if recipe == "undersample" and ridge == 0 else 0
        assert row.failures == lost and row.replications == 4
        if measure == "P(no estimate)":
            assert row.value == lost / 4
            dependence = 1.0 if cell == "data" else 0.0
            spread = np.std([0, 1, 0, 1], ddof=1) if lost else 0.0
            assert row.error == pytest.approx(spread * np.sqrt(1 / 4 + dependence))
        else:
            assert np.isnan(row.value) == np.isnan(row.error) == (lost > 0)


def test_a_status_outweighs_a_number():
    """What failed is counted even if something that looks like an estimate was left behind."""
    outcome = results(undersample=[1])
    outcome.values["population", "undersample", 0.0][1] = 0.5
    row = table(outcome)["population", "undersample", 0.0, "error"]
    assert row.failures == 1 and np.isnan(row.value) and np.isnan(row.error)


def test_a_comparison_loses_what_either_side_lost():
    rows = table(results(class_weights=[0, 1], undersample=[1, 3]))
    for measure in ("difference in log-loss", "risk ratio"):
        row = rows["population", "undersample", 0.0, measure]
        assert row.failures == 3 and np.isnan(row.value)
    only_reference = table(results(class_weights=[0]))
    row = only_reference["population", "undersample", 0.0, "difference in error"]
    assert row.failures == 1 and np.isnan(row.value)
    own = only_reference["population", "undersample", 0.0, "error"]
    assert own.failures == 0 and np.isfinite(own.value)


# The table on disk

ROWS = [
    Row("d=2, 1x", "unweighted, prior correction", 0.01, "error", 0.123456789, 1e-5, 1000, 0),
    Row('a "quoted" cell', "undersample", 0.0, "risk ratio", np.nan, np.nan, 50, 7),
    Row("ä", "cap at 10", 1.0, "P(no estimate)", 0.0, 0.0, 50, 0),
]


def test_what_is_written_is_read_to_the_digits_shown(tmp_path):
    path = tmp_path / "study.csv"
    write_rows(ROWS, path, "Generated; do not edit.")
    found = read_rows(path)
    assert path.read_text().startswith("# Generated; do not edit.\n")
    assert len(found) == len(ROWS)
    for one, other in zip(found, ROWS, strict=True):
        assert one[:4] == other[:4] and one[6:] == other[6:]
        assert one[4:6] == pytest.approx(other[4:6], rel=1e-5, nan_ok=True)
        assert [type(x) for x in one] == [str, str, float, str, float, float, int, int]
    write_rows(found, tmp_path / "again.csv", "Generated; do not edit.")
    assert (tmp_path / "again.csv").read_bytes() == path.read_bytes()


def test_the_rows_of_a_summary_are_written_and_read(tmp_path):
    rows = summarise(results(undersample=[2]))
    write_rows(rows, tmp_path / "study.csv", "header")
    assert [r[:4] for r in read_rows(tmp_path / "study.csv")] == [r[:4] for r in rows]


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "study.csv"
    write_rows(ROWS, path, "first")
    before = path.read_bytes()

    def interrupted():
        yield ROWS[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_rows(interrupted(), path, "second")
    assert path.read_bytes() == before
    write_rows(ROWS[:1], path, "third")
    assert read_rows(path)[0].cell == ROWS[0].cell and len(read_rows(path)) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["study.csv"]


GOOD_HEADER = ",".join(Row._fields)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"cell,recipe\n",
        b"# a comment\ncell,recipe,value\na,b,1\n",
        f"# a comment\n{GOOD_HEADER}\na,b,0.0\n".encode(),
        f"# a comment\n{GOOD_HEADER}\na,b,0.0,error,much,0.1,5,0\n".encode(),
        f"{GOOD_HEADER}\na,b,0.0,error,1.0,0.1,5,0\n".encode(),
        b"\x89PNG\r\n\x1a\n\xff\xfe",
    ],
    ids=["empty", "no comment", "other columns", "cut short", "no number", "bare", "binary"],
)
def test_a_foreign_file_is_refused(tmp_path, text):
    path = tmp_path / "other.csv"
    path.write_bytes(text)
    with pytest.raises(InputError, match=r"other\.csv is not a table of results. Run the study"):
        read_rows(path)
