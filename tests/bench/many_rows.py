"""Memory and time of fits of many rows and of many classes.

`python tests/bench/many_rows.py [--rows 2e7] [--features 20] [--workers 2] [--chunk 250000]` fits
rows that are made on the workers, partition by partition, so that none are ever in memory together;
`--in-memory` those of one array. Peaks are the kernel's: on the cluster those of each process since
it began, in memory that of the fit alone beside the rows (Linux).
"""

import argparse
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mlbalance.estimators import SoftmaxClassifier
from tests.bench.cases import COUNTS

GIB = 2**30


def drawn(seed: int, rows: int, features: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian classes in the proportions of COUNTS, repeated; the same means for all seeds."""
    means = np.random.default_rng(0).standard_normal((classes, features)) * np.sqrt(2 / features)
    share = np.resize(COUNTS, classes) / np.resize(COUNTS, classes).sum()
    rng = np.random.default_rng([1, seed])
    y = rng.choice(classes, rows, p=share)
    X = rng.standard_normal((rows, features))
    X += means[y]
    return X, y


def peak() -> dict[int, float]:
    """Peak memory of this process in GiB, by its number."""
    return {os.getpid(): resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / GIB}


def partitioned(rows: int, features: int, classes: int, workers: int, chunk: int) -> dict[str, Any]:
    """A fit and its standard errors on a local cluster, and the peaks of all its processes."""
    import dask
    import dask.array as da
    from distributed import Client, LocalCluster

    sizes = [chunk] * (rows // chunk) + ([rows % chunk] if rows % chunk else [])
    made = [
        dask.delayed(drawn, pure=True, nout=2)(seed, size, features, classes)
        for seed, size in enumerate(sizes)
    ]
    pairs = list(zip(made, sizes, strict=True))
    X = da.concatenate([da.from_delayed(m[0], (n, features), float) for m, n in pairs])
    y = da.concatenate([da.from_delayed(m[1], (n,), int) for m, n in pairs])
    with (
        LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        before, start = client.run(peak), time.perf_counter()
        model = SoftmaxClassifier().fit(X, y)
        fitted = time.perf_counter()
        model.standard_errors_("design")
        done = time.perf_counter()
        after = client.run(peak)
    return {
        "fit_s": fitted - start,
        "covariance_s": done - fitted,
        "iterations": int(model.n_iter_[0]),
        "workers_before_gib": [v for each in before.values() for v in each.values()],
        "workers_peak_gib": [v for each in after.values() for v in each.values()],
        "client_peak_gib": [*peak().values()],
    }


def in_memory(rows: int, features: int, classes: int) -> dict[str, Any]:
    """A fit of one array, and its peak beside it in units of the data."""
    X, y = drawn(0, rows, features, classes)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew from the size now
    before, start = peak_of_fit(), time.perf_counter()
    model = SoftmaxClassifier().fit(X, y)
    seconds = time.perf_counter() - start
    return {
        "fit_s": seconds,
        "iterations": int(model.n_iter_[0]),
        "data_gib": X.nbytes / GIB,
        "beside_the_data_gib": peak_of_fit() - before,
        "beside_the_data": (peak_of_fit() - before) * GIB / X.nbytes,
    }


def peak_of_fit() -> float:
    """Peak memory of this process in GiB, since it was started anew."""
    (line,) = (x for x in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in x)
    return 1024 * int(line.split()[1]) / GIB


def main() -> int:
    parser = argparse.ArgumentParser(description="Memory and time of fits of many rows.")
    parser.add_argument("--rows", type=float, default=2e7)
    parser.add_argument("--features", type=int, default=20)
    parser.add_argument("--classes", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--chunk", type=float, default=250_000)
    parser.add_argument("--in-memory", action="store_true")
    given = parser.parse_args()
    size = int(given.rows), given.features, given.classes
    if given.in_memory:
        found = in_memory(*size)
    else:
        found = partitioned(*size, given.workers, int(given.chunk))
    print(json.dumps({**vars(given), **found}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
