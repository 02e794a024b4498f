"""Infinitely many bags against 100 that are drawn: `python tests/bench/bags.py`.

Ratios of times in one run, the least of several turns each, for undersamples of Gaussian classes.
Below one the fit of infinitely many bags is the faster. One BLAS thread.
"""

import sys
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mlbalance import softmax
from mlbalance.populations import symmetric
from mlbalance.schemes import Undersample

CASES = (((23, 5, 44, 14, 19, 31), 20), ((450, 50), 50), ((450, 50), 200), ((60, 20, 30), 20))
RIDGES = (0.01, 0.1, 1.0)
BAGS, TURNS = 100, 5


def ratio(counts, d, ridge, turns=TURNS):
    """Time of infinitely many bags in units of that of BAGS drawn ones, and both in seconds."""
    rng = np.random.default_rng(1)
    X, y = symmetric(len(counts), d, 2.0).sample(counts, rng)
    scheme = Undersample()
    weights = scheme.row_weights(counts)
    drawn = np.concatenate([scheme.draw(y, rng) for _ in range(BAGS)])
    fits = (
        lambda: softmax.fit_bags(X, y, weights, ridge=ridge),
        lambda: softmax.fit(X, y, drawn, ridge=ridge),
    )
    took = [min(_time(fit) for _ in range(turns)) for fit in fits]
    return took[0] / took[1], *took


def _time(fit):
    start = time.perf_counter()
    fit()
    return time.perf_counter() - start


def main():
    with threadpool_limits(1):
        for counts, d in CASES:
            for ridge in RIDGES:
                share, one, many = ratio(counts, d, ridge)
                case = f"{', '.join(map(str, counts))}  d={d}  ridge={ridge:g}"
                print(f"{case:<50} {one:8.3f} s {many:8.3f} s {share:8.2f}")


if __name__ == "__main__":
    main()
