"""A comparison on the workers of a dask scheduler: the same numbers, or a refusal in one line."""

import numpy as np
import pytest

from mlbalance.cli import main
from mlbalance.compare import compare, schedule
from mlbalance.compare.definition import Definition
from mlbalance.simulation import cluster
from mlbalance.simulation.cluster import ClusterError

pytest.importorskip("distributed")

from tests.simulation.test_cluster import Machines

METHODS = ("lda", "undersample", "class-weights+loo-temperature")


@pytest.fixture
def machines(tmp_path):
    found = Machines(tmp_path)
    yield found
    found.stop()


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    y = np.repeat(["a", "b"], [40, 15])
    return rng.standard_normal((55, 3)) + 1.5 * (y == "b")[:, None] * [1, 0, 0], y


def test_workers_of_a_cluster_give_the_same_numbers(data, machines, monkeypatch, tmp_path):
    machines.worker()
    given = {"methods": METHODS, "repeats": 1, "folds": 3}
    here = compare(*data, **given)
    there = compare(*data, **given, dask=machines.address, store=tmp_path / "kept")
    assert len([*(tmp_path / "kept").glob("*/*/*.npz")]) == 12
    for own, its in zip(here.outcomes, there.outcomes, strict=True):
        assert own[:5] == its[:5]
        np.testing.assert_allclose(own.log_p, its.log_p, rtol=1e-12)
    monkeypatch.setattr(schedule, "define", lambda each: Definition("", each.id, frozenset()))
    with pytest.raises(ClusterError, match="has other code of these methods, or other versions"):
        compare(*data, **given, dask=machines.address)


def test_no_scheduler_is_one_line(data, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(cluster, "_PATIENCE", 1.0)
    X, y = data
    rows = [f"{x[0]},{x[1]},{label}" for x, label in zip(X, y, strict=True)]
    (tmp_path / "d.csv").write_text("\n".join(["u,v,w", *rows, ""]))
    words = ["compare", str(tmp_path / "d.csv"), "--target", "w", "--methods", "lda"]
    assert main([*words, "--dask", "tcp://127.0.0.1:9"]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1
    assert "No dask scheduler answers at tcp://127.0.0.1:9" in said.err
