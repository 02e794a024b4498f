"""Summaries: what each measure is made of, failures that stay failures, and the table on disk."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from mlbalance.inputs import InputError
from mlbalance.methods import methods
from mlbalance.populations import symmetric
from mlbalance.simulation import (
    Cell,
    Predictive,
    Quantity,
    Row,
    Sampled,
    Split,
    Study,
    Summary,
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
from mlbalance.simulation.records import Outcomes

# Summaries of outcomes that are known

METHODS = (*methods("class-weights", "undersample"), *methods("undersample", ridge=0.1))
POPULATION = Cell("population", Sampled(symmetric(2, 1, 1.0), (3, 4)))
DATA = Cell("data", Split(np.arange(8.0)[:, None], np.arange(8) % 2, folds=2))


@dataclass(frozen=True)
class Own:
    """An outcome of a study file."""

    columns: tuple[str | Quantity, ...]

    def __call__(self, fitted):
        raise NotImplementedError


STUDY = Study("study", "aim", (POPULATION, DATA), "estimands", METHODS, "class-weights", 4, 1)
ESTIMATES = replace(
    STUDY,
    cells=(replace(POPULATION, truth={"slope": 1.5}), DATA),
    outcomes=(
        Predictive("log-loss", "AUC", "calibration slope"),
        Own(
            (
                Quantity("slope", "estimate"),
                Quantity("slope", "se"),
                Quantity("shift", "estimate"),
                "time",
            )
        ),
    ),
)
SLOPE, SE, SHIFT, TIME = 3, 4, 5, 6


class Fake:
    """Random outcomes of a study; the replicates given by method fail (those without a ridge)."""

    def __init__(self, study=STUDY, size=4, **failed):
        rng = np.random.default_rng(7)
        self.cells = {cell.id: {} for cell in study.cells}
        self.reads = []
        for cell in study.cells:
            for method in study.methods:
                lost = failed.get(method.id.replace("-", "_"), []) if method.ridge == 0 else []
                values = rng.gamma(2.0, size=(size, len(study.columns)))
                values[lost] = np.nan
                status = np.full(size, "converged", dtype="U14")
                status[lost] = "no-mle"
                found = Outcomes(values, status, np.arange(size))
                self.cells[cell.id][method.key] = found

    def read(self, cell):
        self.reads.append(cell)
        return self.cells[cell]

    def values(self, cell, method, ridge=0.0):
        return self.cells[cell][method, ridge].values


def table(store, study=STUDY):
    return summarise(study, store)


def asked(rows, *key):
    """(metric, estimand) of rows whose key begins so."""
    return {found[3:] for found in rows if found[: len(key)] == key}


def test_every_method_has_the_mean_of_every_measure():
    store = Fake()
    rows = table(store)
    for cell in STUDY.cells:
        for key, found in store.cells[cell.id].items():
            for j, measure in enumerate(("log-loss", "error", "worst-class error")):
                row = rows[(cell.id, *key, "mean", measure)]
                own = mean_and_error(found.values[:, j], cell.source.dependence)
                assert (row.value, row.mcse) == own
                assert row.n == 4 and row.failures == 0
            assert rows[(cell.id, *key, "P(no estimate)")].value == 0
    assert store.reads == ["population", "data"]


def test_differences_are_paired_and_against_the_reference_of_the_same_ridge():
    store = Fake()
    rows = table(store)
    base = store.values("population", "class-weights")
    own = store.values("population", "undersample")
    row = rows["population", "undersample", 0.0, "difference", "error"]
    assert (row.value, row.mcse) == mean_and_error(own[:, 1] - base[:, 1])
    ratio = rows["population", "undersample", 0.0, "ratio", "excess risk"]
    assert (ratio.value, ratio.mcse) == ratio_and_error(own[:, 3], base[:, 3])
    compared = {key[:3] for key in rows if key.metric in ("difference", "ratio")}
    assert compared == {("population", "undersample", 0.0), ("data", "undersample", 0.0)}


def test_only_a_population_has_an_excess_risk():
    rows = table(Fake())
    found = {
        row.cell: {row.metric for row in rows.select(estimand="excess risk", cell=row.cell)}
        for row in rows.values()
    }
    assert found == {"population": {"mean", "ratio"}, "data": set()}


def test_a_mean_with_failures_is_no_number_but_a_count():
    rows = table(Fake(undersample=[1, 3]))
    for (cell, method, ridge, metric, _), row in rows.items():
        lost = 2 if method == "undersample" and ridge == 0 else 0
        assert row.failures == lost and row.n == 4
        if metric == "P(no estimate)":
            assert row.value == lost / 4
            dependence = 1.0 if cell == "data" else 0.0
            spread = np.std([0, 1, 0, 1], ddof=1) if lost else 0.0
            assert row.mcse == pytest.approx(spread * np.sqrt(1 / 4 + dependence))
        else:
            assert np.isnan(row.value) == np.isnan(row.mcse) == (lost > 0)


def test_a_status_outweighs_a_number():
    """What failed is counted even if something that looks like an estimate was left behind."""
    study = replace(STUDY, measures=("median",))
    store = Fake(study, undersample=[1])
    before = table(store, study)
    store.values("population", "undersample")[1] = 0.5
    assert repr([*table(store, study).values()]) == repr([*before.values()])
    row = before["population", "undersample", 0.0, "mean", "error"]
    assert row.failures == 1 and np.isnan(row.value) and np.isnan(row.mcse)


def test_a_comparison_loses_what_either_side_lost():
    rows = table(Fake(class_weights=[0, 1], undersample=[1, 3]))
    for key in (("difference", "log-loss"), ("ratio", "excess risk")):
        row = rows["population", "undersample", 0.0, *key]
        assert row.failures == 3 and np.isnan(row.value)
    only_reference = table(Fake(class_weights=[0]))
    row = only_reference["population", "undersample", 0.0, "difference", "error"]
    assert row.failures == 1 and np.isnan(row.value)
    own = only_reference["population", "undersample", 0.0, "mean", "error"]
    assert own.failures == 0 and np.isfinite(own.value)


def test_pairs_are_of_the_same_replicate_in_a_store_that_is_not_full():
    store, full = Fake(size=6), Fake(size=6)
    kept = {"class-weights": [0, 2, 3, 5], "undersample": [1, 2, 3, 4]}
    cell = store.cells["population"]
    for name, index in kept.items():
        cell[name, 0.0] = Outcomes(*(array[index] for array in cell[name, 0.0]))
    del cell["undersample", 0.1]
    rows = table(store)
    row = rows["population", "undersample", 0.0, "difference", "log-loss"]
    own, base = (
        full.values("population", name)[[2, 3], 0] for name in ("undersample", "class-weights")
    )
    assert (row.value, row.mcse) == mean_and_error(own - base) and row.n == 2
    assert rows["population", "undersample", 0.0, "mean", "log-loss"].n == 4
    assert not any(key[:3] == ("population", "undersample", 0.1) for key in rows)
    cell["class-weights", 0.0] = Outcomes(*(array[[0, 3]] for array in cell["class-weights", 0.0]))
    found = asked(table(store), "population", "undersample", 0.0)
    assert ("difference", "log-loss") not in found and ("mean", "log-loss") in found


def test_a_store_of_one_replicate_has_values_and_no_errors():
    for row in summarise(STUDY, Fake(size=1)).values():
        assert np.isfinite(row.value) and np.isnan(row.mcse) and row.n == 1


# Estimates


def test_an_estimate_has_all_that_its_columns_and_truth_allow():
    store = Fake(ESTIMATES, size=9)
    rows = table(store, ESTIMATES)
    own, base = (store.values("population", r) for r in ("undersample", "class-weights"))
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
        row = rows["population", "undersample", 0.0, name, "slope"]
        assert (row.value, row.mcse) == measured
    found = asked(rows, "population", "undersample", 0.0)
    assert {metric for metric, estimand in found if estimand == "shift"} == {
        "empirical SE",
        "relative precision",
    }
    assert found - asked(rows, "population", "class-weights") == {
        ("relative precision", "slope"),
        ("relative precision", "shift"),
        ("difference", "log-loss"),
        ("difference", "AUC"),
        ("difference", "time"),
    }
    own = {"", "log-loss", "AUC", "calibration slope", "slope", "shift", "time"}
    assert {estimand for _, estimand in found} == own


def test_replicates_that_share_rows_have_no_measure_of_spread():
    study = replace(ESTIMATES, measures=("mean", "median"))
    found = asked(table(Fake(study), study), "data")
    assert {key for key in found if key[1].endswith("slope")} == {
        ("mean", "slope"),
        ("median", "slope"),
        ("mean", "calibration slope"),
        ("median", "calibration slope"),
    }
    cells = (replace(DATA, truth={"slope": 0.5}),)
    store = Fake(study)
    rows = table(store, replace(study, cells=cells))
    row = rows["data", "undersample", 0.0, "coverage", "slope"]
    t, s = (store.values("data", "undersample")[:, j] for j in (SLOPE, SE))
    assert (row.value, row.mcse) == p.coverage(t, s, 0.5, dependence=1.0)


def test_a_standard_error_that_is_missing_costs_what_needs_it():
    store = Fake(ESTIMATES)
    store.values("population", "undersample")[2, SE] = np.nan
    rows = table(store, ESTIMATES)
    assert rows["population", "undersample", 0.0, "bias", "slope"].failures == 0
    row = rows["population", "undersample", 0.0, "coverage", "slope"]
    assert row.failures == 1 and np.isnan(row.value)
    assert rows["population", "undersample", 0.0, "P(no estimate)"].value == 0


def test_infinite_estimates_have_no_mean_and_no_warning():
    study = replace(ESTIMATES, measures=("median", "RMSE"))
    store = Fake(study, size=25)
    store.values("population", "undersample")[:2, SLOPE] = np.inf, -np.inf
    rows = table(store, study)
    for name in ("bias", "MSE", "RMSE", "empirical SE", "relative precision"):
        row = rows["population", "undersample", 0.0, name, "slope"]
        assert not np.isfinite(row.mcse) and row.failures == 0
    row = rows["population", "undersample", 0.0, "median", "slope"]
    assert np.isfinite([row.value, row.mcse]).all()


# Quantiles and measures asked for


def test_calibration_has_a_median_and_no_difference():
    store = Fake(ESTIMATES)
    rows = table(store, ESTIMATES)
    row = rows["population", "undersample", 0.0, "median", "calibration slope"]
    values = store.values("population", "undersample")[:, 2]
    assert (row.value, row.mcse) == p.quantile_and_error(values)
    found = asked(rows, "population", "undersample", 0.0)
    assert ("mean", "calibration slope") in found
    assert ("difference", "calibration slope") not in found
    assert ("median", "log-loss") not in found


def test_measures_asked_for_are_added_where_they_apply():
    study = replace(ESTIMATES, measures=("RMSE", "median", "empirical SE", "bias", "mean"))
    default = asked(table(Fake(ESTIMATES), ESTIMATES), "population")
    added = asked(table(Fake(study), study), "population") - default
    plain = ("log-loss", "AUC", "calibration slope", "time")
    assert added == {
        ("RMSE", "slope"),
        ("mean", "slope"),
        ("mean", "shift"),
        ("median", "slope"),
        ("median", "shift"),
        *(("empirical SE", name) for name in plain),
        *(("median", name) for name in plain if name != "calibration slope"),
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
            row = rows["population", "undersample", 0.0, measure, name]
            assert (row.value, row.mcse) == p.quantile_and_error(counted, share)
            assert row.failures == 3 and row.n == 25 and np.isfinite(row.value)


def test_a_number_that_does_not_exist_is_on_neither_side():
    """A converged fit without an AUC is not the worst one."""
    study = replace(ESTIMATES, measures=("median",))
    store = Fake(study, size=25)
    values = store.values("population", "undersample")
    values[0, 1] = np.nan
    row = table(store, study)["population", "undersample", 0.0, "median", "AUC"]
    assert (row.value, row.mcse) == p.quantile_and_error(values[:, 1]) and row.failures == 1


def test_measures_are_known_or_refused():
    check_measures(())
    check_measures(tuple(PERFORMANCE))
    assert set(DEFAULT) <= set(PERFORMANCE)
    with pytest.raises(InputError, match="named 'kurtosis'; known are mean, median, lower quart"):
        check_measures(("median", "kurtosis"))
    with pytest.raises(InputError, match="kurtosis"):
        replace(STUDY, measures=("kurtosis",))


# The table on disk

ROWS = Summary(
    Row(cell, {"counts": text, "times": number}, *rest)
    for cell, text, number, *rest in (
        ("d=2, 1x", "few", 1, "unweighted+prior", 0.01, "mean", "AUC", 0.123456789, 1e-5, 1000, 0),
        ('a "quoted" cell', "a, b", 2, "undersample", 0.0, "ratio", "risk", np.nan, np.nan, 50, 7),
        ("ä", "ß", 3, "cap-10", 1.0, "P(no estimate)", "", 0.0, 0.0, 50, 0),
    )
)


def test_what_is_written_is_read_to_the_digits_shown(tmp_path):
    path = tmp_path / "study.csv"
    write_rows(ROWS, path, "Generated; do not edit.")
    found = read_rows(path)
    header = path.read_text("utf-8").splitlines()[:2]
    assert header[0] == "# Generated; do not edit."
    assert header[1] == "cell,counts,times,method,ridge,metric,estimand,value,mcse,n,failures"
    assert list(found) == list(ROWS)
    for one, other in zip(found.values(), ROWS.values(), strict=True):
        assert one[:6] == other[:6] and one[8:] == other[8:]
        assert one[6:8] == pytest.approx(other[6:8], rel=1e-5, nan_ok=True)
        kinds = [str, dict, str, float, str, str, float, float, int, int]
        assert [type(x) for x in one] == kinds
    write_rows(found, tmp_path / "again.csv", "Generated; do not edit.")
    assert (tmp_path / "again.csv").read_bytes() == path.read_bytes()


FACTORS = {
    "whole": (0, -7, 2**70),
    "float": (1.0, -0.5, 1e-300),
    "one or true": (1, 1.5, 10),
    "truth": (True, False, True),
    "numbers in words": ("1", "1.0", "-1e5"),
    "json in words": ("true", "null", "[1, 2]"),
    "not a number in words": ("NaN", "-Infinity", "1e400"),
    "with signs": ("a, b", 'a "b"', "'c'"),
    "quoted whole": ('"1"', '"a"', '"'),
    "spaces": (" 1 ", "", " "),
    "hash": ("# a", "#", "{"),
    "größe, \u03bb": ("ä", "\u03bb = 2", "\u6f22, 5"),
}


def test_factors_are_read_as_they_were(tmp_path):
    """With their types: a text that looks like a number stays a text, and 1 is not 1.0."""
    rows = Summary(
        Row(f"cell {i}", {name: values[i] for name, values in FACTORS.items()}, *rest)
        for i in range(3)
        for rest in (("m", 0.0, metric, "x", 1.0, 0.1, 5, 0) for metric in ("mean", "bias"))
    )
    path = tmp_path / "study.csv"
    write_rows(rows, path, "header")
    found = read_rows(path)
    assert list(found) == list(rows)
    for one, other in zip(found.values(), rows.values(), strict=True):
        assert list(one.factors) == list(other.factors)
        assert repr(one.factors) == repr(other.factors)
    assert len(found.select(**{"numbers in words": "1"})) == 2
    assert found.select(**{"numbers in words": 1}) == []


def test_a_summary_without_factors_or_without_rows_is_a_table_too(tmp_path):
    plain = Summary(row._replace(factors={}) for row in ROWS.values())
    for rows in (plain, Summary(())):
        write_rows(rows, tmp_path / "study.csv", "header")
        assert list(read_rows(tmp_path / "study.csv")) == list(rows)
    header = (tmp_path / "study.csv").read_text().splitlines()
    assert header == ["# header", "cell,method,ridge,metric,estimand,value,mcse,n,failures"]


def test_the_rows_of_a_summary_are_written_and_read(tmp_path):
    cells = replace(POPULATION, factors={"d": 1}), replace(DATA, factors={"d": "1"})
    study = replace(STUDY, cells=cells)
    rows = summarise(study, Fake(undersample=[2]))
    write_rows(rows, tmp_path / "study.csv", "header")
    found = read_rows(tmp_path / "study.csv")
    assert list(found) == list(rows)
    factors = {(row.cell, row.factors["d"]) for row in found.values()}
    assert factors == {("population", 1), ("data", "1")}


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "study.csv"
    write_rows(ROWS, path, "first")
    before = path.read_bytes()
    first = next(iter(ROWS.values()))

    class Interrupted(Summary):
        def values(self):
            yield first
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_rows(Interrupted(ROWS.values()), path, "second")
    assert path.read_bytes() == before
    write_rows(Summary([first]), path, "third")
    assert [row.cell for row in read_rows(path).values()] == [first.cell]
    assert [p.name for p in tmp_path.iterdir()] == ["study.csv"]


GOOD_HEADER = "cell,d,method,ridge,metric,estimand,value,mcse,n,failures"
OLD_HEADER = "cell,recipe,ridge,measure,value,error,replications,failures"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"cell,method\n",
        b"# a comment\ncell,method,value\na,b,1\n",
        f"# a comment\n{GOOD_HEADER}\na,1,b,0.0\n".encode(),
        f"# a comment\n{GOOD_HEADER}\na,1,b,0.0,mean,error,much,0.1,5,0\n".encode(),
        f"# a comment\n{OLD_HEADER}\na,b,0.0,error,1.0,0.1,5,0\n".encode(),
        f"{GOOD_HEADER}\na,1,b,0.0,mean,error,1.0,0.1,5,0\n".encode(),
        b"\x89PNG\r\n\x1a\n\xff\xfe",
    ],
    ids="empty,no comment,other columns,cut short,no number,old,bare,binary".split(","),
)
def test_a_foreign_file_is_refused(tmp_path, text):
    path = tmp_path / "other.csv"
    path.write_bytes(text)
    with pytest.raises(InputError, match=r"other\.csv is not a table of results. Run the study"):
        read_rows(path)
