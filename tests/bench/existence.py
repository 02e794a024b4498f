"""How long it takes to say whether there is a maximum: `python tests/bench/existence.py [--quick]`.

Tables of indicators like those of DNA splice sites and three classes, and dense tables whose
classes touch, are apart or overlap on a turned line. The measure is the plain
linear programme (Konis 2007): margins of a bounded direction, none negative, their sum as large as
can be, by HiGHS on the sparse table. Contestants take turns, in one process and one BLAS thread,
and a ratio is formed within a round; `fit` and `verdict` prove what they say, and `verdict` also
tells separated from quasi-separated classes, which the plain programme does not.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import linprog
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mlbalance import softmax
from mlbalance.existence import verdict
from mlbalance.inputs import FloatArray, IntArray
from tests.bench.solver import ROOT, described, rounded, spread

INDICATORS = {
    f"{n} x {3 * places}, {what}": (n, places, share)
    for n, places in ((300, 11), (300, 20), (1000, 20), (2000, 33), (3186, 60))
    for what, share in (("clear labels", 0.0), ("a few at random", 0.05), ("random labels", 1.0))
}
"""Rows, places, and the share of labels that are shuffled."""

DENSE = {
    f"{n} x {d} dense, {K} classes that {what}": (n, d, K, gap)
    for n, d, K in ((300, 33, 3), (500, 40, 2), (400, 20, 6), (1000, 60, 3), (1500, 100, 3))
    for what, gap in (("touch", 1.0), ("are apart", 1.5), ("overlap", 0.5))
}
"""Rows, features, classes, and the distance between neighbouring classes of reach one."""

CASES = [*INDICATORS, *DENSE]


def indicators(n: int, places: int, seed: int = 8) -> tuple[FloatArray, IntArray]:
    """Indicators (n, 3 places) of three of four letters, and classes (n,) with marks of two each.

    A mark is missing now and then, or stands in a row of another class.
    """
    rng = np.random.default_rng(seed)
    y, letters = np.arange(n) % 3, rng.integers(4, size=(n, places))
    for k, marks in ((0, (9, 10)), (1, (7, 8))):
        for place in marks:
            letters[y == k, place] = 2
    letters[rng.random((n, places)) < 0.01] = 0
    return (letters[:, :, None] == np.arange(3)).reshape(n, 3 * places).astype(float), y


def table(n: int, places: int, share: float) -> tuple[FloatArray, IntArray]:
    """Indicators, and classes of which a share is shuffled."""
    X, y = indicators(n, places)
    rng = np.random.default_rng(9)
    moved = rng.permutation(n)[: round(share * n)]
    y[moved] = rng.permutation(y[moved])
    return X, y


def dense(n: int, d: int, K: int, gap: float, seed: int = 10) -> tuple[FloatArray, IntArray]:
    """Normal features (n, d) but for a line on which each class has two places, turned."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(n, d)), np.arange(n) % K
    X[:, 0] = gap * y + rng.integers(0, 2, size=n)
    return X @ np.linalg.qr(rng.normal(size=(d, d)))[0], y


def case(name: str) -> tuple[FloatArray, IntArray]:
    return dense(*DENSE[name]) if name in DENSE else table(*INDICATORS[name])


def has_maximum(X: FloatArray, y: IntArray) -> bool:
    """By the plain programme, whose answer is good to its tolerance."""
    K, Z = int(y.max()) + 1, sparse.csr_matrix(np.column_stack([np.ones(len(X)), X]))
    row, other = np.nonzero(y[:, None] != np.arange(K))
    blocks = [sparse.diags((y[row] == k) * 1.0 - (other == k)) @ Z[row] for k in range(1, K)]
    A = sparse.hstack(blocks).tocsr()
    total = -np.asarray(A.sum(axis=0)).ravel()
    found = linprog(total, A_ub=-A, b_ub=np.zeros(A.shape[0]), bounds=(-1, 1), method="highs")
    return bool(-found.fun < 1e-6)


def measured(name: str, rounds: int) -> dict[str, Any]:
    """Seconds of the programme, of `fit` and of `verdict`, and their ratios to it."""
    X, y = case(name)
    contestants: dict[str, Callable[[], Any]] = {
        "programme": lambda: has_maximum(X, y),
        "fit": lambda: str(softmax.fit(X, y).status),
        "verdict": lambda: verdict(X, y),
    }
    said = {one: run() for one, run in contestants.items()}
    times: dict[str, list[float]] = {one: [] for one in contestants}
    for _ in range(rounds):
        for one, run in contestants.items():
            start = time.perf_counter()
            run()
            times[one].append(time.perf_counter() - start)
    ratios = {
        one: spread([a / b for a, b in zip(times[one], times["programme"], strict=True)])
        for one in ("fit", "verdict")
    }
    seconds = {one: statistics.median(took) for one, took in times.items()}
    return {"name": name, "said": said, "seconds": seconds, "ratio": ratios}


def main() -> int:
    parser = argparse.ArgumentParser(description="Time verdicts against a linear programme.")
    parser.add_argument("--quick", action="store_true", help="one round; to build/quick")
    quick = parser.parse_args().quick
    path = ROOT / ("build/quick" if quick else "tests/bench") / "existence.json"
    with threadpool_limits(1):
        record = {
            "about": "Generated by tests/bench/existence.py; do not edit.",
            "machine": described(),
            "settings": {"threads": 1, "rounds": 1 if quick else 5},
            "cases": [measured(name, 1 if quick else 5) for name in CASES],
        }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rounded(record), indent=1) + "\n")
    for case in record["cases"]:
        fit, its = case["ratio"]["fit"]["median"], case["ratio"]["verdict"]["median"]
        print(
            f"{case['name']}: fit {fit:.2f}, verdict {its:.2f} of the programme's "
            f"{case['seconds']['programme']:.2f} s ({case['said']['verdict']})"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
