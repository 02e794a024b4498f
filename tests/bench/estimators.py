"""Time of a fit as a scikit-learn estimator, of bags, and of left-out logits.

`python tests/bench/estimators.py [--quick]`, on one BLAS thread. A classifier of ours is timed
against scikit-learn's with the same coefficients, bags against as many single fits, and logits of
all rows left out against the fit: ratios within a round, contestants taking turns. Nothing is
timed before its answer agrees with the one it is checked by.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from sklearn.linear_model import LogisticRegression

from mlbalance import softmax
from mlbalance.corrections import leave_one_out_logits
from mlbalance.estimators import SoftmaxClassifier
from mlbalance.estimators.weighting import generator
from mlbalance.schemes import Bagging, ClassWeight, Undersample
from tests.bench.cases import BAGS, NEWTON, Case, Scale, drawn
from tests.bench.contestants import AGREEMENT, TOLERANCE, Contestant, symmetric
from tests.bench.solver import ROOT, described, interleaved, rounded, spread

FULL, QUICK = Scale(rounds=7, slot=0.5), Scale(rounds=1, slot=0, n=1000, d=10)
SINGLE, BAGGED, LEFT_OUT = "a fit", "bags", "left-out logits"
PEERS = {
    SINGLE: f"scikit-learn, {NEWTON}",
    BAGGED: f"{BAGS} single fits",
    LEFT_OUT: "the fit",
}


@dataclass(frozen=True)
class Asked:
    """A case and the share of the other's time, ours over theirs, that is not to be exceeded."""

    kind: str
    case: Case
    goal: float

    @property
    def name(self) -> str:
        return f"{self.kind}: K={self.case.K} n={self.case.n} d={self.case.d}"


CASES = (
    Asked(SINGLE, Case("single", n=10_000, d=50, batch=1), 1.0),
    Asked(BAGGED, Case("single", n=10_000, d=50, batch=1), 1.5),
    Asked(BAGGED, Case("single", batch=1), 1.5),
    Asked(LEFT_OUT, Case("single", n=544, d=200, batch=1), 2.0),
    Asked(LEFT_OUT, Case("single", K=2, n=2000, d=200, batch=1), 2.0),
)

Fits = tuple[Callable[[], Any], Callable[[], Any], float]
"""Ours, the other, and how far ours is from what it must be."""


def a_fit(X: np.ndarray, y: np.ndarray) -> Fits:
    """Class weights against scikit-learn's, at the same penalty."""
    theirs = LogisticRegression(class_weight="balanced", solver=NEWTON, tol=TOLERANCE)
    ours = SoftmaxClassifier()
    found, wanted = (symmetric(m.intercept_, m.coef_) for m in (ours.fit(X, y), theirs.fit(X, y)))
    return lambda: ours.fit(X, y), lambda: theirs.fit(X, y), far(found, wanted)


def bags(X: np.ndarray, y: np.ndarray) -> Fits:
    """Bags of undersamples against as many classifiers of one undersample each."""
    scheme = Bagging(Undersample(), BAGS)
    ours = SoftmaxClassifier(scheme, random_state=0).fit(X, y)
    weights = scheme.draw(y, generator(0))
    wanted = softmax.fit(X, y, weights, ridge=1 / y.size).theta.mean(axis=0)
    alone = [SoftmaxClassifier(Undersample(), random_state=seed) for seed in range(BAGS)]
    difference = far(symmetric(ours.intercept_, ours.coef_), wanted)
    return lambda: ours.fit(X, y), lambda: [one.fit(X, y) for one in alone], difference


def left_out(X: np.ndarray, y: np.ndarray) -> Fits:
    """Logits of all rows left out against the fit, checked by a refit without the last row."""
    weights = ClassWeight().draw(y, generator(0))[0]
    rest = np.arange(y.size - 1)
    without = ClassWeight().draw(y[rest], generator(0))[0]

    def fit() -> Any:
        return softmax.fit(X, y, weights, ridge=0.01).theta

    theta = fit()
    given = X, y, theta, weights, weights, 0.01
    other = softmax.fit(X[rest], y[rest], without, ridge=0.01).theta
    found = against_first(leave_one_out_logits(*given).logits[-1])
    before, wanted = (against_first(softmax.logits(t, X[-1:])[0]) for t in (theta, other))
    # A Newton step is no refit: a tenth of the change is agreement.
    off = 10 * far(found - before, wanted - before) * AGREEMENT
    return lambda: leave_one_out_logits(*given), fit, off


def against_first(z: np.ndarray) -> np.ndarray:
    return z - z[0]


RUNS = {SINGLE: a_fit, BAGGED: bags, LEFT_OUT: left_out}


def far(found: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.abs(found - wanted).max() / np.abs(wanted).max())


def measured(asked: Asked, scale: Scale) -> dict[str, Any]:
    """One case: milliseconds of both, and ours over the other's, which the goal is for."""
    data = drawn(scale.of(asked.case))
    ours, other, difference = RUNS[asked.kind](data.X[0], data.y[0])
    if difference > AGREEMENT:
        raise RuntimeError(f"{asked.name}: ours is {difference:.1e} off; nothing is timed.")
    named = {"ours": ours, PEERS[asked.kind]: other}
    times = interleaved({n: Contestant(run, 1, "", 0.0, 0.0) for n, run in named.items()}, scale)
    mine, theirs = times.values()
    ratio = spread([a / b for a, b in zip(mine, theirs, strict=True)])
    return {
        "name": asked.name,
        "against": PEERS[asked.kind],
        "ours_ms": 1e3 * statistics.median(mine),
        "other_ms": 1e3 * statistics.median(theirs),
        "ratio": ratio,
        "goal": {"ratio": asked.goal, "measured": ratio["median"]},
        "difference": difference,
    }


def run(scale: Scale, say: Callable[[str], None] = print) -> dict[str, Any]:
    with threadpool_limits(1):
        machine, found = described(), []
        for asked in CASES:
            case = measured(asked, scale)
            found.append(case)
            say(
                f"{case['name']:28s}{case['ours_ms']:9.2f} ms, {case['ratio']['median']:.2f} of "
                f"{case['against']} (goal {asked.goal:g})"
            )
    return {
        "about": "Generated by tests/bench/estimators.py; do not edit. Ratios: ours over other.",
        "machine": machine,
        "settings": {"threads": 1, "rounds": scale.rounds, "agreement": AGREEMENT},
        "cases": found,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Time the estimators.")
    parser.add_argument("--quick", action="store_true", help="one round; to build/quick")
    quick = parser.parse_args().quick
    path = ROOT / ("build/quick" if quick else "tests/bench") / "estimators.json"
    record = run(QUICK if quick else FULL)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rounded(record), indent=1) + "\n")
    print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
