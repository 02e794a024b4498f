"""A small study for a process of its own, to be killed: also `python victim.py STORE JOBS`."""

import os
import signal
import sys
from pathlib import Path

import numpy as np

from mlbalance.methods import methods
from mlbalance.populations import symmetric
from mlbalance.simulation import Cell, Predictive, Sampled, Store, Study, StudyError, run

STUDY = Study(
    name="victim",
    aim="Be killed at any moment and lose nothing.",
    cells=tuple(
        Cell(f"d={d}", Sampled(symmetric(3, d, 2.0), (12, 4, 20), test_size=64)) for d in (2, 3)
    ),
    estimands="Balanced log-loss and error.",
    methods=methods("class-weights", "undersample") + methods("class-weights", ridge=0.1),
    reference="class-weights",
    outcomes=(Predictive("log-loss", "error"),),
    replications=1500,
    root=11,
)


def table(path: Path) -> list[tuple]:
    """Every row of a store, comparable bit for bit."""
    with Store(path) as store:
        return [(*key, outcome.tobytes()) for *key, outcome in store.table()]


def work(path: Path, jobs: int, shard: tuple[int, int]) -> None:
    """The study at work; what is printed goes to files beside the store."""
    for name, number in (("stdout", 1), ("stderr", 2)):
        file = path.with_suffix(f".{name[3:]}").open("w", buffering=1)
        os.dup2(file.fileno(), number)
        setattr(sys, name, file)
    go(path, jobs, shard)


def go(path: Path, jobs: int, shard: tuple[int, int] = (1, 1)) -> None:
    """The study at work; exit code 2 for an error, 130 for Ctrl-C."""
    np.seterr(all="raise", under="ignore")
    # A shell that runs the tests in the background has its children ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with Store(path, STUDY) as store:
        print("begun")
        try:
            run(STUDY, store=store, jobs=jobs, shard=shard, progress=lambda p: print(p.done))
        except StudyError as error:
            print(error, file=sys.stderr)
            sys.exit(2)
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)
            sys.exit(130)


if __name__ == "__main__":
    go(Path(sys.argv[1]), int(sys.argv[2]))
