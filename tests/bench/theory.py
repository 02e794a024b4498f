"""How fast predictions are, `population_moments` and `proportional.solve`, and how well known.

`python tests/bench/theory.py [--quick]`, on one BLAS thread: the median, least and most of some
rounds, and the error that is reported. Goals: the moments of six Gaussian classes in five features
to a relative error of 1e-3 in under a second of one core; with n and d in proportion, two classes
in 15 ms, six in 2 s for each of two scramblings of 2048 points, and the phase diagram of 216 cells,
25 ridges and two schemes in 5 minutes of two cores. Seconds are of the clock; those of the
processor are recorded too, for what else runs on a machine slows the clock's alone.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mlbalance import theory
from mlbalance.populations import Discrete, Gaussian, symmetric
from mlbalance.schemes import ClassWeight, Undersample
from mlbalance.theory import proportional
from mlbalance.theory.proportional import Mixture
from tests.bench.solver import ROOT, described, rounded

GOAL_SECONDS, GOAL_ERROR = 1.0, 1e-3
TWO = Mixture.isotropic([[0.0], [2.0]])
SIX = Mixture.isotropic(3 / np.sqrt(2) * np.eye(6))
ASKED = (23, 5, 44, 14, 19, 31)
LIMITS: dict[str, tuple[Mixture, tuple[int, ...], int, float, float]] = {
    "two classes, 4 : 1, n = 2 d, ridge 0.1": (TWO, (1600, 400), 1000, 0.1, 0.015),
    "two classes, 20 : 1, n = 5 d, ridge 1e-3": (TWO, (10000, 500), 2100, 1e-3, 0.015),
    "two classes, 10 : 1, n = 5 d, ridge 1e-5": (TWO, (10000, 1000), 2200, 1e-5, 0.015),
    "six classes as asked, n = 2 d, ridge 0.05": (SIX, ASKED, 68, 0.05, 4.0),
    "six classes as asked, n = 5 d, ridge 0.01": (SIX, ASKED, 27, 0.01, 4.0),
}
"""Mixture, counts, features, ridge and goal in seconds."""
GRID, GRID_GOAL = 216, 600.0


def cases() -> dict[str, tuple[Any, dict[str, Any]]]:
    """Populations and options by name; the first has the goal."""
    six, rng = symmetric(6, 5, 2.0), np.random.default_rng(1)
    own = np.stack([np.eye(5) * (0.75 + 0.1 * k) for k in range(6)])
    table = Discrete(rng.normal(size=(200, 5)), rng.dirichlet(np.ones(200), size=6))
    return {
        "six Gaussian classes, d = 5": (six, {}),
        "six Gaussian classes, d = 5, ridge 0.01": (six, {"ridge": 0.01}),
        "six Gaussian classes with their own covariances, d = 5": (Gaussian(six.means, own), {}),
        "six Gaussian classes, d = 2": (symmetric(6, 2, 2.0), {}),
        "two Gaussian classes, d = 1, to 1e-9": (symmetric(2, 1, 2.0), {"rtol": 1e-9}),
        "six classes on 200 points, d = 5": (table, {}),
    }


def measured(name: str, population: Any, options: dict[str, Any], rounds: int) -> dict[str, Any]:
    """One case: seconds, and what was found; the first call is not timed."""
    found, times = timed(lambda: theory.population_moments(population, **options), rounds)
    return {
        "name": name,
        **times,
        "method": found.method,
        "points": found.points,
        "relative_error": found.error,
    }


def timed(make: Any, rounds: int) -> tuple[Any, dict[str, Any]]:
    """What a call gives, and the seconds of its repetitions."""
    found, seconds, busy = make(), [], []
    for _ in range(rounds):
        start, worked = time.perf_counter(), time.process_time()
        make()
        seconds.append(time.perf_counter() - start)
        busy.append(time.process_time() - worked)
    spread = {"median": statistics.median(seconds), "min": min(seconds), "max": max(seconds)}
    return found, {"seconds": spread, "processor_seconds": statistics.median(busy)}


def limits(rounds: int, say: Any) -> list[dict[str, Any]]:
    """Solutions with n and d in proportion, and a share of the phase diagram."""
    found = []
    for name, (mixture, counts, d, ridge, goal) in LIMITS.items():
        solution, times = timed(
            lambda given=(mixture, counts, d, ridge): proportional.solve(
                *given[:3], ridge=given[3]
            ),
            rounds,
        )
        error = solution.parameters.quadrature_error
        found.append({"name": name, **times, "quadrature_error": error, "goal": goal})
    ridges = np.geomspace(1e-4, 1e2, 25)

    def cell() -> None:
        for scheme in (ClassWeight(), Undersample()):
            for ridge in ridges:
                proportional.solve(TWO, (8000, 1000), 3000, scheme, ridge=ridge)

    _, times = timed(cell, rounds)
    name = f"one of {GRID} cells of the phase diagram"
    found.append({"name": name, **times, "goal": GRID_GOAL / GRID})
    for case in found:
        say(
            f"{case['name']:56s}{case['seconds']['median']:8.4f} s "
            f"({case['processor_seconds']:.4f} of the processor)  goal {case['goal']:.3g} s"
        )
    return found


def run(rounds: int, say: Any = print) -> dict[str, Any]:
    with threadpool_limits(1):
        machine, found = described(), []
        for name, (population, options) in cases().items():
            case = measured(name, population, options, rounds)
            found.append(case)
            say(
                f"{name:56s}{case['seconds']['median']:8.3f} s "
                f"({case['processor_seconds']:.3f} of the processor)  {case['method']:6s} "
                f"{case['points']:8d} points   error {case['relative_error']:.1e}"
            )
        in_proportion = limits(rounds, say)
    return {
        "about": "Generated by tests/bench/theory.py; do not edit.",
        "machine": machine,
        "settings": {"threads": 1, "rounds": rounds},
        "goal": {"seconds": GOAL_SECONDS, "relative_error": GOAL_ERROR},
        "cases": found,
        "limits": in_proportion,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Time the predictions of theory.")
    parser.add_argument("--quick", action="store_true", help="one round; to build/quick")
    quick = parser.parse_args().quick
    path = ROOT / ("build/quick" if quick else "tests/bench") / "theory.json"
    record = run(1 if quick else 7)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rounded(record), indent=1) + "\n")
    first = record["cases"][0]
    print(
        f"goal {GOAL_SECONDS:g} s at {GOAL_ERROR:g}, measured {first['seconds']['median']:.2f} s "
        f"({first['processor_seconds']:.2f} of the processor) at "
        f"{first['relative_error']:.1e}; {path.relative_to(ROOT)}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
