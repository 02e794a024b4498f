"""How fast `softmax.fit` is: `make bench`, or `python tests/bench/solver.py [--quick]`.

Every figure is a ratio within one process and one BLAS thread: contestants take turns, round by
round, and a ratio is formed within a round. No time is taken of an answer that is wrong: before
the first round every contestant must agree with ours, and its score is measured with ours; where
it misses the tolerance its setting is tightened, and the setting that was needed is recorded.

The bound is the arithmetic of Newton's method alone, at the rates this machine reaches in the same
run on one large matrix product and on a vector of exponentials.
"""

import argparse
import importlib.metadata
import json
import math
import os
import platform
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.cases import (
    BAGS,
    CASES,
    FULL,
    GLUM,
    NEWTON,
    QUICK,
    STATSMODELS,
    Case,
    Scale,
    drawn,
)
from tests.bench.contestants import (
    AGREEMENT,
    PEERS,
    TOLERANCE,
    Contestant,
    our_contestant,
    peer_contestant,
)

ROOT = Path(__file__).resolve().parents[2]


def measured(case: Case, scale: Scale) -> dict[str, Any]:
    """One case: what each contestant takes, and how its answer was checked."""
    data = drawn(case)
    mine, theta = our_contestant(case, data)
    contestants, absent = {"ours": mine}, {}
    for name in case.peers:
        if name == GLUM and not version(GLUM):
            absent[name] = {"refused": "not installed"}
            continue
        peer = peer_contestant(name, case, data, theta)
        if peer.difference > PEERS[name].agreement:
            absent[name] = {"refused": f"coefficients differ from ours by {peer.difference:.1e}"}
        else:
            contestants[name] = peer
    times = interleaved(contestants, scale)
    steps = [c.steps for name, c in contestants.items() if name in ("ours", NEWTON)]
    return {
        "name": case.name,
        "group": case.group,
        **{key: getattr(case, key) for key in ("K", "n", "d", "batch", "ridge")},
        "fits": mine.fits,
        "rows": float(np.count_nonzero(data.weights) / mine.fits),
        "newton_steps": min(steps),
        "ours": summary(mine, times["ours"]),
        "peers": {
            name: {
                **summary(contestants[name], times[name]),
                "ratio": spread([b / a for a, b in zip(times["ours"], times[name], strict=True)]),
            }
            for name in contestants
            if name != "ours"
        }
        | absent,
    }


def interleaved(contestants: dict[str, Contestant], scale: Scale) -> dict[str, list[float]]:
    """Seconds a fit of each contestant, round by round: A B C, A B C, ..."""
    loops = {
        name: max(1, math.ceil(scale.slot / (c.turn(1) * c.fits)))
        for name, c in contestants.items()
    }
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(scale.rounds):
        for name, contestant in contestants.items():
            times[name].append(contestant.turn(loops[name]))
    return times


def summary(contestant: Contestant, times: list[float]) -> dict[str, Any]:
    return {
        "fits": contestant.fits,
        "median_us": 1e6 * statistics.median(times),
        "minimum_us": 1e6 * min(times),
        "setting": contestant.setting,
        "steps": contestant.steps,
        "score": contestant.score,
        "within_tolerance": contestant.score <= TOLERANCE,
        "difference": contestant.difference,
    }


def spread(ratios: list[float]) -> dict[str, float]:
    return {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)}


def arithmetic(case: dict[str, Any]) -> tuple[float, float]:
    """Floating-point operations of a fit's matrix work, and its exponentials."""
    C, q, n = case["K"] - 1, case["d"] + 1, case["rows"]
    hessian = 2 * n * (C * (C + 1) / 2) * (q * (q + 1) / 2)
    solve = (C * q) ** 3 / 3 + 2 * (C * q) ** 2
    products = 2 * (2 * n * C * q)  # logits and score
    steps = case["newton_steps"]
    return steps * (hessian + solve + products), steps * case["K"] * n


def rates(size: int, seconds: float) -> tuple[float, float]:
    """Operations a second of a matrix product, exponentials a second of a vector in cache."""
    rng = np.random.default_rng(0)
    A, B = rng.standard_normal((2, size, size))
    out, z = np.empty_like(A), -np.abs(rng.standard_normal(4096))
    e = np.empty_like(z)

    def best(run: Callable[[], Any], loops: int) -> float:
        least, end = math.inf, time.perf_counter() + seconds
        while least == math.inf or time.perf_counter() < end:
            start = time.perf_counter()
            for _ in range(loops):
                run()
            least = min(least, (time.perf_counter() - start) / loops)
        return least

    product = best(lambda: np.matmul(A, B, out=out), 1)
    return 2 * size**3 / product, z.size / best(lambda: np.exp(z, out=e), 100)


def with_bound(case: dict[str, Any], gemm: float, exponential: float) -> dict[str, Any]:
    operations, exponentials = arithmetic(case)
    bound = 1e6 * (operations / gemm + exponentials / exponential)
    return {**case, "bound_us": bound, "distance": case["ours"]["median_us"] / bound}


def with_goal(case: dict[str, Any], asked: Case) -> dict[str, Any]:
    """The goal and what was measured: the smallest ratio to a peer that keeps the tolerance."""
    if asked.goal is None:
        return case
    able = [case["peers"][name] for name in asked.against]
    ratios = [peer["ratio"]["median"] for peer in able if peer.get("within_tolerance")]
    return {**case, "goal": {"ratio": asked.goal, "measured": min(ratios, default=None)}}


def run(scale: Scale, say: Callable[[str], None], cases: Sequence[Case] = CASES) -> dict[str, Any]:
    """All cases at a scale: what is written to the JSON."""
    import sklearn.linear_model  # noqa: F401, loaded before its threads are limited

    found, speeds = [], []
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if any(pool["num_threads"] != 1 for pool in threadpool_info()):
            raise RuntimeError("More than one thread is left: set OMP_NUM_THREADS=1 and the like.")
        for case in map(scale.of, cases):
            speeds.append(rates(scale.product, scale.slot))
            found.append(measured(case, scale))
            say(line(found[-1]))
        machine = described()
    gemm, exponential = (max(speed) for speed in zip(*speeds, strict=True))
    return {
        "about": "Generated by `make bench`; do not edit. Times are microseconds a fit.",
        "machine": machine,
        "settings": {
            "threads": 1,
            "rounds": scale.rounds,
            "score_tolerance": TOLERANCE,
            "agreement": AGREEMENT,
            "bags": BAGS,
        },
        "rates": {"gemm_gflops": gemm / 1e9, "exponentials_per_us": exponential / 1e6},
        "cases": [
            with_goal(with_bound(case, gemm, exponential), asked)
            for case, asked in zip(found, cases, strict=True)
        ],
    }


def line(case: dict[str, Any]) -> str:
    peers = [
        f"{name} {peer['ratio']['median']:.2f} x" if "ratio" in peer else f"{name} refused"
        for name, peer in case["peers"].items()
    ]
    return f"{case['name']:44s} {case['ours']['median_us']:10.1f} us   {', '.join(peers)}"


def described() -> dict[str, Any]:
    """The machine, as far as speed depends on it."""
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    libraries = ("numpy", "scipy", "scikit-learn", STATSMODELS, GLUM)
    return {
        "cpu": processor(),
        "cores": os.cpu_count(),
        "blas": sorted(
            {
                " ".join(str(pool.get(k)) for k in ("internal_api", "version", "architecture"))
                for pool in pools
            }
        ),
        "python": platform.python_version(),
        **{name: version(name) or "absent" for name in libraries},
    }


def processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for row in information.read_text().splitlines():
            if row.startswith("model name"):
                return row.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def version(library: str) -> str | None:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None


def rounded(value: Any) -> Any:
    """Numbers to four digits: more is noise, and a change should be readable."""
    match value:
        case dict():
            return {key: rounded(item) for key, item in value.items()}
        case list():
            return [rounded(item) for item in value]
        case float():
            return float(f"{value:.4g}")
    return value


def main() -> int:
    parser = argparse.ArgumentParser(description="Time softmax.fit against its peers.")
    parser.add_argument("--quick", action="store_true", help="few rounds; to build/quick")
    quick = parser.parse_args().quick
    path = ROOT / ("build/quick" if quick else "tests/bench") / "solver.json"
    start = time.perf_counter()
    record = run(QUICK if quick else FULL, print)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rounded(record), indent=1) + "\n")
    for case in record["cases"]:
        if "goal" in case:
            goal = case["goal"]
            print(f"goal {goal['ratio']:g} x, measured {goal['measured']:.2f} x: {case['name']}")
    print(f"{time.perf_counter() - start:.0f} s, {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
