"""Summaries: what each measure is made of, failures that stay failures, and the table on disk."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from mlbalance.inputs import InputError
from mlbalance.populations import symmetric
from mlbalance.recipes import named
from mlbalance.simulation import (
    Cell,
    Predictive,
    Row,
    Sampled,
    Split,
    Study,
    read_rows,
    summarise,
    write_rows,
)
from mlbalance.simulation import performance as p
from mlbalance.simulation.measures import (
    DEFAULT,
    PERFORMANCE,
    check_measures,
    mean_and_error,
    ratio_and_error,
)
from mlbalance.simulation.store import Outcomes

# Summaries of outcomes that are known

RECIPES = (*named("class weights", "undersample"), *named("undersample", ridge=0.1))
POPULATION = Cell("population", Sampled(symmetric(2, 1, 1.0), (3, 4)))
DATA = Cell("data", Split(np.arange(8.0)[:, None], np.arange(8) % 2, folds=2))


@dataclass(frozen=True)
class Own:
    """An outcome of a study file."""

    columns: tuple[str, ...]

    def __call__(self, fitted):
        raise NotImplementedError


STUDY = Study("study", "aim", (POPULATION, DATA), "estimands", RECIPES, "class weights", 4, 1)
ESTIMATES = replace(
    STUDY,
    cells=(replace(POPULATION, truth={"slope": 1.5}), DATA),
    outcomes=(
        Predictive("log-loss", "AUC", "calibration slope"),
        Own(("estimate slope", "se slope", "estimate shift", "time")),
    ),
)
SLOPE, SE, SHIFT, TIME = 3, 4, 5, 6


class Fake:
    """Random outcomes of a study; the replicates given by recipe fail (those without a ridge)."""

    def __init__(self, study=STUDY, size=4, **failed):
        rng = np.random.default_rng(7)
        self.cells = {cell.name: {} for cell in study.cells}
        self.reads = []
        for cell in study.cells:
            for recipe in study.recipes:
                lost = failed.get(recipe.name.replace(" ", "_"), []) if recipe.ridge == 0 else []
                values = rng.gamma(2.0, size=(size, len(study.columns)))
                values[lost] = np.nan
                status = np.full(size, "converged", dtype="U14")
                status[lost] = "no-mle"
                found = Outcomes(values, status, np.arange(size))
                self.cells[cell.name][recipe.name, recipe.ridge] = found

    def read(self, cell):
        self.reads.append(cell)
        return self.cells[cell]

    def values(self, cell, recipe, ridge=0.0):
        return self.cells[cell][recipe, ridge].values


def table(store, study=STUDY):
    rows = summarise(study, store)
    found = {(r.cell, r.recipe, r.ridge, r.measure): r for r in rows}
    assert len(found) == len(rows)
    return found


def test_every_method_has_the_mean_of_every_measure():
    store = Fake()
    rows = table(store)
    for cell in STUDY.cells:
        for key, found in store.cells[cell.name].items():
            for j, measure in enumerate(("log-loss", "error", "worst-class error")):
                row = rows[(cell.name, *key, measure)]
                own = mean_and_error(found.values[:, j], cell.source.dependence)
                assert (row.value, row.error) == own
                assert row.replications == 4 and row.failures == 0
            assert rows[(cell.name, *key, "P(no estimate)")].value == 0
    assert store.reads == ["population", "data"]


def test_differences_are_paired_and_against_the_reference_of_the_same_ridge():
    store = Fake()
    rows = table(store)
    base = store.values("population", "class weights")
    own = store.values("population", "undersample")
    row = rows["population", "undersample", 0.0, "difference in error"]
    assert (row.value, row.error) == mean_and_error(own[:, 1] - base[:, 1])
    ratio = rows["population", "undersample", 0.0, "risk ratio"]
    assert (ratio.value, ratio.error) == ratio_and_error(own[:, 3], base[:, 3])
    compared = {key[:3] for key in rows if key[3].startswith(("difference", "risk ratio"))}
    assert compared == {("population", "undersample", 0.0), ("data", "undersample", 0.0)}


def test_only_a_population_has_an_excess_risk():
    measures = {(key[0], key[3]) for key in table(Fake())}
    assert ("population", "excess risk") in measures and ("population", "risk ratio") in measures
    assert ("data", "excess risk") not in measures and ("data", "risk ratio") not in measures


def test_a_mean_with_failures_is_no_number_but_a_count():
    rows = table(Fake(undersample=[1, 3]))
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
    study = replace(STUDY, measures=("median",))
    store = Fake(study, undersample=[1])
    before = table(store, study)
    store.values("population", "undersample")[1] = 0.5
    assert repr(table(store, study)) == repr(before)
    row = before["population", "undersample", 0.0, "error"]
    assert row.failures == 1 and np.isnan(row.value) and np.isnan(row.error)


def test_a_comparison_loses_what_either_side_lost():
    rows = table(Fake(class_weights=[0, 1], undersample=[1, 3]))
    for measure in ("difference in log-loss", "risk ratio"):
        row = rows["population", "undersample", 0.0, measure]
        assert row.failures == 3 and np.isnan(row.value)
    only_reference = table(Fake(class_weights=[0]))
    row = only_reference["population", "undersample", 0.0, "difference in error"]
    assert row.failures == 1 and np.isnan(row.value)
    own = only_reference["population", "undersample", 0.0, "error"]
    assert own.failures == 0 and np.isfinite(own.value)


def test_pairs_are_of_the_same_replicate_in_a_store_that_is_not_full():
    store, full = Fake(size=6), Fake(size=6)
    kept = {"class weights": [0, 2, 3, 5], "undersample": [1, 2, 3, 4]}
    cell = store.cells["population"]
    for name, index in kept.items():
        cell[name, 0.0] = Outcomes(*(array[index] for array in cell[name, 0.0]))
    del cell["undersample", 0.1]
    rows = table(store)
    row = rows["population", "undersample", 0.0, "difference in log-loss"]
    own, base = (
        full.values("population", name)[[2, 3], 0] for name in ("undersample", "class weights")
    )
    assert (row.value, row.error) == mean_and_error(own - base) and row.replications == 2
    assert rows["population", "undersample", 0.0, "log-loss"].replications == 4
    assert not any(key[:3] == ("population", "undersample", 0.1) for key in rows)
    cell["class weights", 0.0] = Outcomes(*(array[[0, 3]] for array in cell["class weights", 0.0]))
    measures = {key[3] for key in table(store) if key[:3] == ("population", "undersample", 0.0)}
    assert "difference in log-loss" not in measures and "log-loss" in measures


def test_a_store_of_one_replicate_has_values_and_no_errors():
    for row in summarise(STUDY, Fake(size=1)):
        assert np.isfinite(row.value) and np.isnan(row.error) and row.replications == 1


# Estimates


def test_an_estimate_has_all_that_its_columns_and_truth_allow():
    store = Fake(ESTIMATES, size=9)
    rows = table(store, ESTIMATES)
    own, base = (store.values("population", r) for r in ("undersample", "class weights"))
    t, s = own[:, SLOPE], own[:, SE]
    expected = {
        "bias": p.bias(t, 1.5),
        "empirical SE": p.empirical_se(t),
        "MSE": p.mse(t, 1.5),
        "model SE": p.model_se(s),
        "relative error of model SE": p.relative_error_of_model_se(t, s),
        "coverage": p.coverage(t, s, 1.5),
        "bias-eliminated coverage": p.bias_eliminated_coverage(t, s),
        "relative precision": p.relative_precision(t, base[:, SLOPE]),
    }
    assert set(expected) == set(DEFAULT)
    for name, measured in expected.items():
        row = rows["population", "undersample", 0.0, f"{name} of slope"]
        assert (row.value, row.error) == measured
    found = {key[3] for key in rows if key[:3] == ("population", "undersample", 0.0)}
    assert {name for name in found if name.endswith("shift")} == {
        "empirical SE of shift",
        "relative precision of shift",
    }
    reference = {key[3] for key in rows if key[:2] == ("population", "class weights")}
    assert found - reference == {
        "relative precision of slope",
        "relative precision of shift",
        "difference in log-loss",
        "difference in AUC",
        "difference in time",
    }
    assert not any(name.startswith(("estimate", "se ")) for name in found)


def test_replicates_that_share_rows_have_no_measure_of_spread():
    study = replace(ESTIMATES, measures=("mean", "median"))
    found = {key[3] for key in table(Fake(study), study) if key[0] == "data"}
    assert {name for name in found if name.endswith("slope")} == {
        "mean of slope",
        "median of slope",
        "calibration slope",
        "median of calibration slope",
    }
    cells = (replace(DATA, truth={"slope": 0.5}),)
    store = Fake(study)
    rows = table(store, replace(study, cells=cells))
    row = rows["data", "undersample", 0.0, "coverage of slope"]
    t, s = (store.values("data", "undersample")[:, j] for j in (SLOPE, SE))
    assert (row.value, row.error) == p.coverage(t, s, 0.5, dependence=1.0)


def test_a_standard_error_that_is_missing_costs_what_needs_it():
    store = Fake(ESTIMATES)
    store.values("population", "undersample")[2, SE] = np.nan
    rows = table(store, ESTIMATES)
    assert rows["population", "undersample", 0.0, "bias of slope"].failures == 0
    row = rows["population", "undersample", 0.0, "coverage of slope"]
    assert row.failures == 1 and np.isnan(row.value)
    assert rows["population", "undersample", 0.0, "P(no estimate)"].value == 0


def test_infinite_estimates_have_no_mean_and_no_warning():
    study = replace(ESTIMATES, measures=("median", "RMSE"))
    store = Fake(study, size=25)
    store.values("population", "undersample")[:2, SLOPE] = np.inf, -np.inf
    rows = table(store, study)
    for name in ("bias", "MSE", "RMSE", "empirical SE", "relative precision"):
        row = rows["population", "undersample", 0.0, f"{name} of slope"]
        assert not np.isfinite(row.error) and row.failures == 0
    assert np.isfinite(rows["population", "undersample", 0.0, "median of slope"][4:6]).all()


# Quantiles and measures asked for


def test_calibration_has_a_median_and_no_difference():
    store = Fake(ESTIMATES)
    rows = table(store, ESTIMATES)
    row = rows["population", "undersample", 0.0, "median of calibration slope"]
    values = store.values("population", "undersample")[:, 2]
    assert (row.value, row.error) == p.quantile_and_error(values)
    assert ("population", "undersample", 0.0, "calibration slope") in rows
    assert ("population", "undersample", 0.0, "difference in calibration slope") not in rows
    assert ("population", "undersample", 0.0, "median of log-loss") not in rows


def test_measures_asked_for_are_added_where_they_apply():
    study = replace(ESTIMATES, measures=("RMSE", "median", "empirical SE", "bias", "mean"))
    default = set(table(Fake(ESTIMATES), ESTIMATES))
    added = {key[3] for key in set(table(Fake(study), study)) - default if key[0] == "population"}
    plain = ("log-loss", "AUC", "calibration slope", "time")
    assert added == {
        "RMSE of slope",
        "mean of slope",
        "mean of shift",
        "median of slope",
        "median of shift",
        *(f"empirical SE of {name}" for name in plain),
        *(f"median of {name}" for name in plain if name != "calibration slope"),
    }


def test_a_quantile_counts_failures_as_worst_or_as_unknown():
    study = replace(ESTIMATES, measures=("median", "upper quartile"))
    store = Fake(study, size=25, undersample=[0, 1, 2])
    rows = table(store, study)
    values = store.values("population", "undersample")
    worst = {"log-loss": (0, np.inf), "AUC": (1, -np.inf), "slope": (SLOPE, np.nan)}
    worst |= {"calibration slope": (2, np.nan), "time": (TIME, np.nan)}
    for name, (j, end) in worst.items():
        counted = np.r_[np.full(3, end), values[3:, j]]
        for measure, share in (("median", 0.5), ("upper quartile", 0.75)):
            row = rows["population", "undersample", 0.0, f"{measure} of {name}"]
            assert (row.value, row.error) == p.quantile_and_error(counted, share)
            assert row.failures == 3 and row.replications == 25 and np.isfinite(row.value)


def test_a_number_that_does_not_exist_is_on_neither_side():
    """A converged fit without an AUC is not the worst one."""
    study = replace(ESTIMATES, measures=("median",))
    store = Fake(study, size=25)
    values = store.values("population", "undersample")
    values[0, 1] = np.nan
    row = table(store, study)["population", "undersample", 0.0, "median of AUC"]
    assert (row.value, row.error) == p.quantile_and_error(values[:, 1]) and row.failures == 1


def test_measures_are_known_or_refused():
    check_measures(())
    check_measures(tuple(PERFORMANCE))
    assert set(DEFAULT) <= set(PERFORMANCE)
    with pytest.raises(InputError, match="named 'kurtosis'; known are mean, median, lower quart"):
        check_measures(("median", "kurtosis"))
    with pytest.raises(InputError, match="kurtosis"):
        replace(STUDY, measures=("kurtosis",))


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
    rows = summarise(STUDY, Fake(undersample=[2]))
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
