"""How a study scales on a dask cluster: `python tests/bench/cluster.py [--quick]`.

The study of `tests/bench/engine.py` on one, two and four local workers of one thread each, and what
two processes without anything in common do in the time of one. What a block costs the process that
holds the store (a task of the scheduler, its rows in the file) is measured with blocks that do
nothing. From that a million replicates on a thousand cores are simulated, block by block.
"""

import argparse
import heapq
import json
import pickle
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mlbalance.simulation import Store, run
from mlbalance.simulation.blocks import simulate
from mlbalance.simulation.cluster import Work, cluster
from tests.bench.engine import STUDY, seconds, two_processes
from tests.bench.solver import ROOT, described, rounded, spread

GOAL = 1.9
"""Speed of two workers in units of one."""

CORES, REPLICATES = 1000, 1_000_000
REPLICATE_MS = (1.0, 10.0, 100.0)


@dataclass(frozen=True)
class Scale:
    """Rounds, seconds of a run on one worker, and blocks that do nothing."""

    rounds: int
    seconds: float
    blocks: int
    workers: tuple[int, ...] = (1, 2, 4)


FULL, QUICK, TINY = Scale(3, 30.0, 2000), Scale(1, 5.0, 200), Scale(1, 0.2, 10, (1,))


@contextmanager
def local(workers: int) -> Iterator[str]:
    """Address of a scheduler with so many local processes of one thread."""
    from distributed import LocalCluster

    kind = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(**kind) as started:
        yield started.scheduler_address


def on_workers(workers: int, replications: int) -> float:
    """Seconds of a run on workers that have started, and imported what they need."""
    study = replace(STUDY, replications=replications)
    with (
        local(workers) as address,
        cluster(address, study) as pool,
        tempfile.TemporaryDirectory() as folder,
    ):
        run(replace(study, replications=40 * workers), workers=pool)
        with Store(Path(folder) / "s", study) as store:
            start = time.perf_counter()
            run(study, store=store, workers=pool)
            return time.perf_counter() - start


def against_one(scale: Scale) -> dict[str, Any]:
    """Workers against one, on the same replicates, round by round."""
    trial = 200
    replications = max(int(scale.seconds / (seconds(STUDY, trial) / trial)), 10)
    times: dict[int, list[float]] = {workers: [] for workers in scale.workers}
    machine = []
    for _ in range(scale.rounds):
        machine.append(two_processes(int(1e5 * min(scale.seconds / 6, 3))))
        for workers, found in times.items():
            found.append(on_workers(workers, replications))
    return {
        "replicates": replications,
        "two_processes": spread(machine),
        "workers": {
            str(workers): {
                "seconds": statistics.median(found),
                "ratio": spread([a / b for a, b in zip(times[1], found, strict=True)]),
            }
            for workers, found in times.items()
        },
    }


def nothing(given: Any, *block: Any) -> tuple[Any, ...]:
    """A block that does nothing."""
    return block


def of_a_task(blocks: int) -> float:
    """Seconds that a block costs beyond its work: a task given, done and taken."""
    work = Work.of(STUDY)._replace(run=nothing)
    with local(2) as address, cluster(address, work) as pool:
        given = 0
        start = time.perf_counter()
        for done in range(blocks):
            while given < min(blocks, done + pool.slots):
                pool.give(("d=5", [given]))
                given += 1
            pool.take()
        return (time.perf_counter() - start) / blocks


def of_the_store(sizes: tuple[int, int] = (10, 150)) -> dict[str, float]:
    """Seconds of a write, and of a replicate in it; bytes of a replicate in file and message."""
    times, files, messages = [], [], []
    for size in sizes:
        _, results, _ = simulate(STUDY, "d=5", list(range(size)))
        messages.append(len(pickle.dumps(results)))
        with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "s", STUDY) as store:
            store.begin({})
            writes, each = 100, []
            for number in range(writes):
                rows = [r._replace(replicate=r.replicate + number * size) for r in results]
                start = time.perf_counter()
                store.add("d=5", rows, 1.0, "")
                each.append(time.perf_counter() - start)
            times.append(statistics.median(each))  # a few wait for the disk much longer
            store.end()
            files.append(sum(f.stat().st_size for f in Path(folder).iterdir()) / (writes * size))
    slope = (times[1] - times[0]) / (sizes[1] - sizes[0])
    return {
        "write_s": max(times[0] - sizes[0] * slope, 0.0),
        "replicate_s": slope,
        "bytes_in_file": files[1],
        "bytes_in_message": messages[1] / sizes[1],
    }


def thousand_cores(task_s: float, store: dict[str, float], replicate_s: float) -> dict[str, Any]:
    """Simulated run: cores with a block at work and one in reserve, one process that takes them."""
    from mlbalance.simulation.engine import _LARGEST, _SECONDS

    size = int(min(max(_SECONDS / replicate_s, 1), _LARGEST))
    handled = task_s + store["write_s"] + size * store["replicate_s"]
    waiting = [(size * replicate_s, core) for core in range(CORES)]
    heapq.heapify(waiting)
    blocks, free, ends = -(-REPLICATES // size), 0.0, [0.0] * CORES
    for _ in range(blocks):
        done, core = heapq.heappop(waiting)
        free = max(free, done) + handled
        # The block in reserve began when this one was done; the next one comes when it is taken.
        start = max(done, ends[core])
        ends[core] = free
        heapq.heappush(waiting, (start + size * replicate_s, core))
    ideal = REPLICATES * replicate_s / CORES
    return {
        "replicate_ms": 1e3 * replicate_s,
        "block": size,
        "handled_ms": 1e3 * handled,
        "seconds": free,
        "cores_busy": ideal / free,
        "writes_per_second": blocks / free,
        "most_cores": size * replicate_s / handled,
        "file_mb": 1e-6 * REPLICATES * store["bytes_in_file"],
    }


def measured(scale: Scale) -> dict[str, Any]:
    with threadpool_limits(1):
        found, task, store = against_one(scale), of_a_task(scale.blocks), of_the_store()
    return {
        "about": "Generated by tests/bench/cluster.py; do not edit. The last part is simulated.",
        "machine": described(),
        "goal": GOAL,
        **found,
        "task_ms": 1e3 * task,
        "store": store,
        "thousand_cores": [thousand_cores(task, store, 1e-3 * ms) for ms in REPLICATE_MS],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Time a study on a dask cluster.")
    parser.add_argument("--quick", action="store_true", help="few rounds; to build/quick")
    quick = parser.parse_args().quick
    path = ROOT / ("build/quick" if quick else "tests/bench") / "cluster.json"
    record = rounded(measured(QUICK if quick else FULL))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n")
    for workers, one in record["workers"].items():
        print(f"{workers} workers: {one['ratio']['median']:.2f} x of one (goal of two {GOAL})")
    print(f"two processes: {record['two_processes']['median']:.2f} x of one")
    for one in record["thousand_cores"]:
        print(
            f"replicates of {one['replicate_ms']:g} ms on {CORES} cores (simulated): "
            f"{one['seconds']:.0f} s, {100 * one['cores_busy']:.0f} % busy, "
            f"{one['writes_per_second']:.0f} writes/s, {one['file_mb']:.0f} MB"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
