"""The cluster's benchmark runs; its simulated part obeys bounds. No test depends on a time."""

import json

import pytest

from docs.readme import ROOT
from tests.bench import cluster
from tests.test_bench_engine import keys_of

pytest.importorskip("distributed")

STORE = {"write_s": 1e-3, "replicate_s": 1e-5, "bytes_in_file": 200.0, "bytes_in_message": 300.0}


def test_a_tiny_run_has_the_keys_of_the_committed_one():
    record = json.loads(json.dumps(cluster.rounded(cluster.measured(cluster.TINY))))
    committed = json.loads((ROOT / "tests/bench/cluster.json").read_text())
    assert keys_of(committed) == keys_of(record)
    assert set(committed["workers"]) == {"1", "2", "4"} and set(record["workers"]) == {"1"}


def test_a_simulated_run_takes_as_long_as_its_cores_or_its_store_need():
    for task, replicate, bound in ((1e-9, 0.1, "cores"), (1e-2, 1e-3, "store")):
        found = cluster.thousand_cores(task, STORE, replicate)
        blocks = cluster.REPLICATES / found["block"]
        cores = cluster.REPLICATES * replicate / cluster.CORES
        store = blocks * found["handled_ms"] / 1e3
        assert found["seconds"] >= max(cores, store) * (1 - 1e-9)
        assert found["seconds"] <= 1.1 * {"cores": cores, "store": store}[bound] + 4.0
        assert (found["most_cores"] > cluster.CORES) == (bound == "cores")
