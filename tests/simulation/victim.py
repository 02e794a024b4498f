"""A small study in a process of its own, to be killed: `python victim.py STORE JOBS [SHARD]`."""

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


if __name__ == "__main__":
    shard = tuple(map(int, sys.argv[3].split("/"))) if len(sys.argv) > 3 else (1, 1)
    np.seterr(all="raise", under="ignore")
    # A shell that runs the tests in the background has its children ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with Store(sys.argv[1], STUDY) as store:
        print("begun", flush=True)
        try:
            run(
                STUDY,
                store=store,
                jobs=int(sys.argv[2]),
                shard=shard,
                progress=lambda p: print(p.done, flush=True),
            )
        except StudyError as error:
            print(error, file=sys.stderr)
            sys.exit(2)
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)
            sys.exit(130)
