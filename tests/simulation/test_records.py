"""Records: rows that are found by their fields and factors, and quantities with a kind."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest

from mlbalance.inputs import InputError
from mlbalance.simulation import Key, Quantity, Row, Store, StoreError, Summary, run, summarise
from mlbalance.simulation.records import ROW_FIELDS
from tests.simulation.victim import STUDY


def row(d, times, method="m", ridge=0.0, metric="mean", estimand="error", value=1.0):
    factors = {"d": d, "times": times}
    return Row(f"d={d}, {times}x", factors, method, ridge, metric, estimand, value, 0.1, 5, 0)


ROWS = [
    row(d, times, method, ridge, *what, value=d + 10 * times)
    for d in (2, 3)
    for times in (1, 10)
    for method in ("class-weights", "undersample")
    for ridge in (0.0, 0.1)
    for what in (("mean", "error"), ("mean", "log-loss"), ("P(no estimate)", ""))
]
SUMMARY = Summary(ROWS)


# Rows


def test_a_summary_maps_keys_to_rows_in_their_order():
    assert isinstance(SUMMARY, Mapping) and len(SUMMARY) == len(ROWS) == 48
    assert list(SUMMARY.values()) == ROWS and list(SUMMARY) == [one.key for one in ROWS]
    key = Key("d=2, 10x", "undersample", 0.1, "mean", "error")
    assert SUMMARY[key].key == key and SUMMARY[tuple(key)] is SUMMARY[key]
    assert SUMMARY["d=2, 10x", "undersample", 0.1, "P(no estimate)"].estimand == ""
    assert SUMMARY.get(key._replace(metric="median")) is None
    with pytest.raises(KeyError):
        SUMMARY["d=4, 1x", "undersample", 0.1, "mean", "error"]


def test_rows_are_selected_by_fields_and_factors_together():
    found = SUMMARY.select(d=2, method="undersample", metric="mean")
    by_hand = [one for one in ROWS if one.key[1::2] == ("undersample", "mean")]
    assert found == [one for one in by_hand if one.factors["d"] == 2] and len(found) == 8
    assert SUMMARY.select() == ROWS
    assert SUMMARY.select(value=12.0, estimand="") == SUMMARY.select(d=2, times=1, estimand="")
    assert SUMMARY.select(d=4) == SUMMARY.select(d="2") == SUMMARY.select(ridge=0.2) == []


def test_any_field_selects_but_the_factors_as_a_whole():
    one = ROWS[5]
    for name in ROW_FIELDS:
        assert one in SUMMARY.select(**{name: getattr(one, name)})
    assert {*ROW_FIELDS, "factors"} == {*Row._fields}


@pytest.mark.parametrize("name", ["recipe", "measure", "error", "factors", "D", "key"])
def test_what_is_neither_field_nor_factor_is_refused_with_what_there_is(name):
    message = (
        f"Rows have no field or factor '{name}'; they have cell, method, ridge, metric, estimand, "
        "value, mcse, n, failures, d, times."
    )
    for ask in (SUMMARY.select, SUMMARY.one):
        with pytest.raises(InputError) as refused:
            ask(method="undersample", **{name: 1})
        assert str(refused.value) == message


def test_one_is_the_only_row():
    wanted = {"d": 3, "times": 10, "method": "undersample", "ridge": 0.1, "estimand": "error"}
    assert SUMMARY.one(**wanted) is SUMMARY["d=3, 10x", "undersample", 0.1, "mean", "error"]
    for change in ({"estimand": "AUC"}, {"ridge": 0.0, "times": 2}):
        with pytest.raises(InputError, match=r"One row is wanted where d=3, .*; there are 0\."):
            SUMMARY.one(**{**wanted, **change})
    del wanted["ridge"]
    with pytest.raises(InputError) as refused:
        SUMMARY.one(**wanted)
    asked = "d=3, times=10, method='undersample', estimand='error'"
    assert str(refused.value) == f"One row is wanted where {asked}; there are 2."


def test_two_rows_of_one_key_are_refused():
    again = ROWS[0]._replace(value=7.0)
    with pytest.raises(InputError, match=r"one row per key; Key\(cell='d=2, 1x', .* is there twi"):
        Summary([*ROWS, again])
    assert len(Summary([ROWS[0], again._replace(method="other")])) == 2


def test_rows_carry_the_factors_of_their_cell():
    cells = [replace(cell, factors={"d": int(cell.id[2:])}) for cell in STUDY.cells]
    study = replace(STUDY, cells=tuple(cells), replications=4)
    rows = summarise(study, run(study))
    assert {(one.cell, one.factors["d"]) for one in rows.values()} == {("d=2", 2), ("d=3", 3)}
    assert [one.cell for one in rows.select(d=3)] == [k.cell for k in rows if k.cell == "d=3"]
    assert rows.one(d=3, method="undersample", metric="mean", estimand="error").ridge == 0.0


# Quantities


@dataclass(frozen=True)
class Own:
    """An outcome with an estimate, its standard error, and two values."""

    columns = (
        Quantity("slope, robust", "estimate"),
        Quantity("slope, robust", "se"),
        Quantity("cost"),
        "time, s",
    )

    def __call__(self, fitted):
        slope = fitted.theta[:, 1, 1]
        return np.stack([slope, np.abs(slope), slope**2, slope + 1], axis=1)


OWN = replace(STUDY, outcomes=(Own(),), cells=STUDY.cells[:1], replications=6)


def test_a_quantity_is_its_estimand_and_what_it_says_of_it():
    assert Quantity("cost") == Quantity("cost", "value") != Quantity("cost", "estimate")
    said = [str(column) for column in OWN.columns]
    assert said == ["estimate slope, robust", "se slope, robust", "cost", "time, s"]


def test_plain_names_of_an_outcome_are_values():
    assert OWN.columns == (*Own.columns[:3], Quantity("time, s", "value"))


def test_a_store_keeps_quantities_with_their_kinds(tmp_path):
    path = tmp_path / "own.sqlite"
    with Store(path, OWN) as store:
        run(OWN, store=store)
        before = summarise(OWN, store)
    with Store(path) as store:  # without the study
        assert store.columns == OWN.columns
        assert all(isinstance(column, Quantity) for column in store.columns)
    with Store(path, OWN) as store:
        assert list(summarise(OWN, store).values()) == list(before.values())
    found = {(one.metric, one.estimand) for one in before.select(method="undersample")}
    assert ("coverage", "slope, robust") not in found  # there is no truth
    assert {("empirical SE", "slope, robust"), ("model SE", "slope, robust")} <= found
    assert {("mean", "cost"), ("difference", "time, s")} <= found


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            (Quantity("slope, robust"), *Own.columns[1:]),
            "Study victim records a standard error of 'slope, robust' and no estimate. Record the",
        ),
        (
            (*Own.columns, Quantity("cost", "estimate")),
            "Study victim records 'cost' as a value and as an estimate. Rename one of them",
        ),
        ((*Own.columns, "cost"), "needs outcomes of distinct names"),
        (
            (Quantity("slope", "sd"),),
            r"records Quantity\(estimand='slope', kind='sd'\); .* of kind value, estimate, se",
        ),
        ((("slope", "estimate"),), r"records \('slope', 'estimate'\); an outcome's columns are na"),
        ((None,), "records None; an outcome's columns are names that can be printed, or Quan"),
        (("two\nlines",), r"records .*two\\nlines.*; an outcome's columns are names that can be"),
    ],
)
def test_numbers_that_no_summary_can_place_are_refused(columns, message):
    outcome = type("Other", (Own,), {"columns": columns})()
    with pytest.raises(InputError, match=message):
        replace(OWN, outcomes=(outcome,))


def test_a_store_of_other_kinds_is_refused_in_words(tmp_path, monkeypatch):
    path = tmp_path / "own.sqlite"
    Store(path, OWN).close()
    monkeypatch.setattr(Own, "columns", (Quantity("slope, robust"), "its error", "cost", "time, s"))
    message = (
        "holds estimate slope, robust, se slope, robust, cost, time, s; the study records slope, "
        "robust, its error, cost, time, s. Run with --fresh"
    )
    with pytest.raises(StoreError, match=message):
        Store(path, replace(OWN, outcomes=(Own(),)), accept=True)


def test_an_export_has_a_column_per_quantity(tmp_path, monkeypatch):
    from mlbalance.workspace import Options, export, stores

    monkeypatch.setattr(stores, "find", lambda name: OWN)
    store, target = tmp_path / "own.sqlite", tmp_path / "own.csv"
    with Store(store, OWN) as kept:
        run(OWN, store=kept)
        found = {key: kept.read("d=2")[key] for key in kept.read("d=2")}
    assert export("own", Options(store=store), target) == 3 * 6
    head, *lines = csv.reader(io.StringIO(target.read_text("utf-8")))
    assert head[:5] == ["cell", "method", "ridge", "replicate", "status"]
    assert head[5:] == ["estimate slope, robust", "se slope, robust", "cost", "time, s"]
    for cell, method, ridge, replicate, status, *numbers in lines:
        own = found[method, float(ridge)]
        assert (cell, status) == ("d=2", own.status[int(replicate)])
        assert repr([*map(float, numbers)]) == repr(own.values[int(replicate)].tolist())
