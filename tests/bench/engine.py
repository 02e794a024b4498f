"""How fast a study runs: `python tests/bench/engine.py [--quick]`.

A study of the question's six classes (d = 5, class weights and undersampling, ridge 0.01, judged on
6 000 fresh rows a replicate) against the script one would write with scikit-learn and
imbalanced-learn; two jobs against one; memory; the share of the store; and the published scenario
of `simulations/calibration.py`. One BLAS thread; contestants take turns, round by round, and ratios
are formed within a round. Before anything is timed the script must agree with our engine on the
same rows. What else runs on the machine shows in "two_processes": what two processes without
anything in common do in the time of one, at most 2.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mlbalance.methods import Method, methods
from mlbalance.populations import symmetric
from mlbalance.schemes import Scheme
from mlbalance.simulation import Cell, Fresh, Predictive, Store, Study, replay, run, stream
from mlbalance.workspace import find
from tests.bench.solver import ROOT, described, rounded, spread, version

COUNTS, RIDGE, TEST_ROWS = (23, 5, 44, 14, 19, 31), 0.01, 6000
AGREEMENT = 2e-3
"""Of log-loss and error, script against engine; lbfgs stops at a score of 1e-4."""

GOALS = {"script": 15.0, "jobs": 1.7, "memory": 1.1, "store": 0.05, "calibration": 180.0}

STUDY = Study(
    name="bench",
    aim="Time the engine.",
    cells=(Cell("d=5", Fresh(symmetric(6, 5, 2.0), COUNTS, test_size=TEST_ROWS)),),
    estimands="Balanced log-loss and error.",
    methods=methods("class-weights", "undersample", ridge=RIDGE),
    reference="class-weights",
    replications=2000,
    root=1,
    outcomes=(Predictive("log-loss", "error"),),
)


@dataclass(frozen=True)
class Scale:
    """How much is run: rounds, replicates a round, seconds of serial work, replicates of a run."""

    rounds: int
    ours: int
    script: int
    serial_seconds: float
    serial_rounds: int
    memory: tuple[int, int]
    calibration: int


FULL = Scale(7, 2000, 100, 60.0, 2, (500, 5000), 300)
QUICK = Scale(3, 150, 15, 6.0, 1, (100, 1000), 40)
TINY = Scale(1, 4, 1, 0.05, 1, (2, 4), 2)


# --- our engine -----------------------------------------------------------------------------------


def seconds(study: Study, replications: int, jobs: int = 1) -> float:
    """Seconds of a run into a new file."""
    study = replace(study, replications=replications)
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "s", study) as store:
        start = time.perf_counter()
        run(study, store=store, jobs=jobs)
        return time.perf_counter() - start


PARTS = {
    "training rows": (Fresh, "replicate"),
    "test rows": (Fresh, "test"),
    "weights": (Scheme, "draw"),
    "fits": (Method, "fit"),
    "judging": (Predictive, "__call__"),
    "store": (Store, "add"),
}
"""Where the time goes: what is called for a part."""


@contextmanager
def watched(spent: dict[str, float]) -> Iterator[None]:
    """Add up the seconds in the parts of a run in this process."""
    before = {part: getattr(*at) for part, at in PARTS.items()}

    def timed(part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*given: Any, **named: Any) -> Any:
            start = time.perf_counter()
            try:
                return call(*given, **named)
            finally:
                spent[part] = spent.get(part, 0.0) + time.perf_counter() - start

        return wrapped

    try:
        for part, at in PARTS.items():
            setattr(*at, timed(part, before[part]))
        yield
    finally:
        for part, at in PARTS.items():
            setattr(*at, before[part])


def shares(replications: int) -> dict[str, float]:
    """Share of a serial run's time by part."""
    spent: dict[str, float] = {}
    with watched(spent):
        total = seconds(STUDY, replications)
    found = {part: spent[part] / total for part in PARTS}
    return {**found, "rest": 1 - sum(found.values())}


# --- the script one would write -------------------------------------------------------------------


def script(replications: int, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Class weights and undersampling by scikit-learn and imbalanced-learn: log-loss and error."""
    from imblearn.under_sampling import RandomUnderSampler

    means = STUDY.cells[0].source.population.means
    results = []
    for seed in range(replications):
        y = np.repeat(np.arange(6), COUNTS)
        X = rng.normal(means[y])
        y_test = np.repeat(np.arange(6), TEST_ROWS // 6)
        X_test = rng.normal(means[y_test])
        results.append(weighted(X, y, X_test, y_test))
        few = RandomUnderSampler(random_state=seed).fit_resample(X, y)
        results.append(judged(*few, X_test, y_test, None))
    return results


def weighted(X: Any, y: Any, X_test: Any, y_test: Any) -> tuple[float, float]:
    return judged(X, y, X_test, y_test, "balanced")


def judged(X: Any, y: Any, X_test: Any, y_test: Any, weight: str | None) -> tuple[float, float]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score, log_loss
    from sklearn.utils.class_weight import compute_sample_weight

    model = LogisticRegression(C=1 / (len(y) * RIDGE), class_weight=weight).fit(X, y)
    loss = log_loss(
        y_test,
        model.predict_proba(X_test),
        sample_weight=compute_sample_weight("balanced", y_test),
    )
    return loss, 1 - balanced_accuracy_score(y_test, model.predict(X_test))


def difference(replicates: int = 3) -> float:
    """Largest of script less engine, class weights on the same rows."""
    cell, far = STUDY.cells[0], 0.0
    for number in range(replicates):
        streams = partial(stream, STUDY.root, cell.id)
        data, test = cell.source.replicate(number, streams), cell.source.test(number, streams)
        ours = replay(STUDY, cell.id, number)[0].outcome
        theirs = weighted(data.X, data.y, test.X, test.y)
        far = max(far, float(np.abs(ours - theirs).max()))
    return far


# --- what is measured -----------------------------------------------------------------------------


def against_script(scale: Scale) -> dict[str, Any]:
    far = difference()
    if far > AGREEMENT:
        raise RuntimeError(f"Script and engine differ by {far:.1e}: nothing is timed.")
    rng = np.random.default_rng(0)
    ours, theirs, busy = [], [], []
    for _ in range(scale.rounds):
        at = [clocks()]
        seconds(STUDY, scale.ours)
        at.append(clocks())
        script(scale.script, rng)
        at.append(clocks())
        (a, own), (b, other) = np.diff(at, axis=0) / [[scale.ours], [scale.script]]
        ours.append(float(a))
        theirs.append(float(b))
        busy.append(float(other / own))
    return {
        "replicates_a_round": {"ours": scale.ours, "script": scale.script},
        "difference": far,
        "ours_ms": 1e3 * statistics.median(ours),
        "script_ms": 1e3 * statistics.median(theirs),
        "seconds_for_2000": {
            "ours": 2000 * statistics.median(ours),
            "script": 2000 * statistics.median(theirs),
            "extrapolated": True,
        },
        "ratio": spread([b / a for a, b in zip(ours, theirs, strict=True)]),
        "processor_ratio": spread(busy),
    }


def clocks() -> tuple[float, float]:
    """Seconds of the clock, and of this process on a processor: others slow the first alone."""
    return time.perf_counter(), time.process_time()


BUSY = (
    "import time; import numpy as np; a = np.random.default_rng(0).random(4096); s = time.time()\n"
    "for _ in range({loops}): np.exp(a)\n"
    "print(time.time() - s)"
)


def two_processes(loops: int) -> float:
    """Twice the time of a process alone over that of the slower of two at once."""

    def slowest(count: int) -> float:
        command = [sys.executable, "-c", BUSY.format(loops=loops)]
        at_once = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(count)]
        return max(float(process.communicate()[0]) for process in at_once)

    return 2 * slowest(1) / slowest(2)


def jobs(scale: Scale) -> dict[str, Any]:
    """Two jobs against one on the same replicates, workers started anew the first time."""
    trial = max(scale.ours // 4, 2)
    replications = max(int(scale.serial_seconds / (seconds(STUDY, trial) / trial)), 2)
    one, two, machine = [], [], []
    for _ in range(scale.serial_rounds):
        machine.append(two_processes(int(1e5 * min(scale.serial_seconds / 6, 3))))
        one.append(seconds(STUDY, replications))
        two.append(seconds(STUDY, replications, jobs=2))
    return {
        "replicates": replications,
        "one_seconds": statistics.median(one),
        "two_seconds": statistics.median(two),
        "ratio": spread([a / b for a, b in zip(one, two, strict=True)]),
        "two_processes": spread(machine),
    }


def peak(replications: int) -> float:
    """Peak resident memory (MB) of a process that runs and summarises so many replicates."""
    code = f"from tests.bench.engine import own_peak; print(own_peak({replications}))"
    command = [sys.executable, "-c", code]
    return float(subprocess.run(command, capture_output=True, check=True, cwd=ROOT).stdout)


def own_peak(replications: int) -> float:
    import resource

    from mlbalance.simulation import summarise

    study = replace(STUDY, replications=replications)
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "s", study) as store:
        summarise(study, run(study, store=store))
    status = Path("/proc/self/status")
    if status.exists():
        # getrusage of a child counts what its parent had when it was started.
        (line,) = (row for row in status.read_text().splitlines() if row.startswith("VmHWM"))
        return int(line.split()[1]) / 1e3
    unit = 1e6 if sys.platform == "darwin" else 1e3  # bytes there, kilobytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def memory(scale: Scale) -> dict[str, Any]:
    few, many = scale.memory
    found = {few: peak(few), many: peak(many)}
    return {
        "peak_mb": {str(size): mb for size, mb in found.items()},
        "ratio": found[many] / found[few],
    }


def calibration(scale: Scale) -> dict[str, Any]:
    study = find("calibration")
    took = seconds(study, scale.calibration, jobs=2)
    return {
        "replicates": scale.calibration,
        "seconds": took,
        "seconds_for_all": took * study.replications / scale.calibration,
        "extrapolated": scale.calibration < study.replications,
    }


def measured(scale: Scale) -> dict[str, Any]:
    """All of it: what is written to the JSON."""
    import sklearn.linear_model  # noqa: F401, loaded before its threads are limited

    before = os.getloadavg()[0]
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seconds(STUDY, 4)  # imports
        found = {
            "script": against_script(scale),
            "shares": shares(scale.ours),
            "jobs": jobs(scale),
            "memory": memory(scale),
            "calibration": calibration(scale),
        }
        extra = {name: version(name) for name in ("imbalanced-learn", "joblib")}
        return {
            "about": "Generated by `python tests/bench/engine.py`; do not edit.",
            "machine": {**described(), **extra, "load_before": before},
            "goals": GOALS,
            **found,
        }


def table(record: dict[str, Any]) -> list[str]:
    """The record in lines of at most 80 characters."""
    s, j, m, c = (record[key] for key in ("script", "jobs", "memory", "calibration"))
    few, many = m["peak_mb"]
    lines = [
        ("", "measured", "goal"),
        ("one replicate by our engine", f"{s['ours_ms']:.2f} ms", ""),
        ("one replicate by the script", f"{s['script_ms']:.1f} ms", ""),
        ("script / engine", f"{s['ratio']['median']:.1f} x", f">= {GOALS['script']:g} x"),
        ("the same, in processor time", f"{s['processor_ratio']['median']:.1f} x", ""),
        ("two jobs against one", f"{j['ratio']['median']:.2f} x", f">= {GOALS['jobs']:g} x"),
        ("two processes at once", f"{j['two_processes']['median']:.2f} x", ""),
        (f"peak memory, {few} replicates", f"{m['peak_mb'][few]:.0f} MB", ""),
        (f"peak memory, {many} replicates", f"{m['peak_mb'][many]:.0f} MB", "flat"),
        ("calibration, 2 jobs", f"{c['seconds_for_all']:.0f} s", f"< {GOALS['calibration']:g} s"),
    ]
    for part, share in record["shares"].items():
        goal = f"< {100 * GOALS['store']:g} %" if part == "store" else ""
        lines.append((f"time in {part}", f"{100 * share:.1f} %", goal))
    return [f"{what:40s} {value:>14s} {goal:>12s}".rstrip() for what, value, goal in lines]


def main() -> int:
    parser = argparse.ArgumentParser(description="Time the engine against a script.")
    parser.add_argument("--quick", action="store_true", help="few replicates; to build/quick")
    quick = parser.parse_args().quick
    path = ROOT / ("build/quick" if quick else "tests/bench") / "engine.json"
    start = time.perf_counter()
    record = rounded(measured(QUICK if quick else FULL))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n")
    print("\n".join(table(record)))
    print(f"{time.perf_counter() - start:.0f} s, {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
