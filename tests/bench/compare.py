"""How fast a comparison is: `make bench`, or `python tests/bench/compare.py [--quick]`.

One fold of the linear methods is timed against a loop over scikit-learn's own estimators: for each
method, and each of its bags, `LogisticRegressionCV` with the same weights over the ridges that
class weights try; for the discriminant a grid search over as many shrinkages; and where left-out
rows fit intercepts or a temperature, `CalibratedClassifierCV` around these. Methods that
scikit-learn has not (other penalties and losses, the automatic choice, infinitely many bags) are
left out of both. Times are processor seconds of one process and one BLAS thread, contestants taking
turns; the ratio is to the faster of two solvers.

Two whole comparisons are run as a user runs them, with all their processes: their processor
seconds, and the memory that these hold at once.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import psutil
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.model_selection import GridSearchCV

from mlbalance import data
from mlbalance.compare import CANDIDATES, GROUPS
from mlbalance.compare.blocks import Plan, dense, run_block
from mlbalance.compare.definition import define
from mlbalance.compare.tables import from_arrays
from mlbalance.estimators import DiscriminantClassifier, SoftmaxClassifier
from mlbalance.methods.folds import deal
from mlbalance.schemes import Scheme
from tests.bench.cases import LBFGS, NEWTON, Case, drawn
from tests.bench.contestants import AGREEMENT, TOLERANCE
from tests.bench.solver import ROOT, described, rounded, spread

GOAL = 5.0
"""Times that the loop takes at least."""
FOLDS = 5


def linear() -> list[str]:
    """Ids of the linear methods that scikit-learn has too."""
    return [id for id in GROUPS["linear"] if _peer(CANDIDATES[id].estimator)]


def _peer(estimator: Any) -> bool:
    if isinstance(estimator, DiscriminantClassifier):
        return True
    softmax = isinstance(estimator, SoftmaxClassifier) and estimator.penalty is None
    return softmax and isinstance(estimator.scheme, Scheme) and np.isfinite(estimator.scheme.bags)


@dataclass(frozen=True)
class Asked:
    """A data set of which one fold is timed."""

    name: str
    load: Callable[[], tuple[np.ndarray, np.ndarray]]


def _glass() -> tuple[np.ndarray, np.ndarray]:
    glass = data.load("glass")
    return glass.X, glass.y


def _drawn(**size: int) -> tuple[np.ndarray, np.ndarray]:
    found = drawn(Case("compare", batch=1, **size))
    return found.X[0], found.y[0]


CASES = (
    Asked("glass", _glass),
    Asked("K=2 n=400 d=20", lambda: _drawn(K=2, n=400, d=20)),
    Asked("K=6 n=1000 d=10", lambda: _drawn(K=6, n=1000, d=10)),
)


class _Unweighted(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """A classifier whose fit takes sample weights, and leaves them aside."""

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: Any = None) -> "_Unweighted":
        self.fitted_ = clone(self.estimator).fit(X, y)
        self.classes_ = self.fitted_.classes_
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        return np.asarray(self.fitted_.predict_proba(X))


def _calibrated(estimator: Any, path: Any) -> Any:
    """The classifier, in `CalibratedClassifierCV` where left-out rows fit intercept or scale."""
    if estimator.correction != "loo":
        return path
    return CalibratedClassifierCV(path, method="temperature", cv=FOLDS)


class Fold:
    """Training and test rows of one fold, as every method gets them."""

    def __init__(self, X: np.ndarray, y: np.ndarray) -> None:
        self.table = from_arrays(X, y)
        self.fold_of = deal(y, np.ones_like(y), FOLDS).argmax(axis=0)
        train = self.fold_of != 0
        prepare = self.table.preprocessor()
        self.X = dense(prepare.fit_transform(self.table.X[train]))
        self.y, self.new = y[train], dense(prepare.transform(self.table.X[~train]))
        self.classes, self.codes = np.unique(y, return_inverse=True)

    def ours(self, ids: list[str]) -> Callable[[], Any]:
        """All methods, by the comparison."""
        K = self.classes.size
        methods = tuple((CANDIDATES[id], define(CANDIDATES[id])) for id in ids)
        prior, folds = np.full(K, 1 / K), self.fold_of[None]
        plan = Plan(self.table, self.classes, self.codes, folds, prior, methods, 0)
        return lambda: run_block(plan, 0, 0, ids)

    def theirs(self, ids: list[str], solver: str) -> Callable[[], Any]:
        """The loop: every method for itself."""

        estimators = [CANDIDATES[id].estimator for id in ids]
        # Those that class weights try: a default path, and what lies beyond an end that does best.
        ridges = SoftmaxClassifier(ridge="loo").fit(self.X, self.y).ridge_path_.ridges

        def loop() -> None:
            for each in estimators:
                for model, given in self._models(each, ridges, solver):
                    model.fit(*given[:2], sample_weight=given[2]).predict_proba(self.new)

        return loop

    def _models(
        self, estimator: Any, ridges: np.ndarray, solver: str
    ) -> Iterator[tuple[Any, tuple[Any, ...]]]:
        """Classifiers of scikit-learn for each bag of a method, with rows and sample weights."""
        if isinstance(estimator, DiscriminantClassifier):
            shrinkages = {"shrinkage": np.linspace(0.01, 1, ridges.size)}
            lda = LinearDiscriminantAnalysis("lsqr")
            search = GridSearchCV(lda, shrinkages, scoring="neg_log_loss", cv=FOLDS)
            yield _calibrated(estimator, _Unweighted(search)), (self.X, self.y, None)
            return
        for weights in estimator.scheme.draw(self.y, np.random.default_rng(0)):
            used = weights > 0
            path = LogisticRegressionCV(
                Cs=1 / (used.sum() * ridges),
                l1_ratios=(0,),
                use_legacy_attributes=False,
                cv=FOLDS,
                solver=solver,
                scoring="neg_log_loss",
                tol=TOLERANCE,
                max_iter=1000,
            )
            given = self.X[used], self.y[used], weights[used] * used.sum()
            yield _calibrated(estimator, path), given

    def difference(self) -> float:
        """How far class weights at the ridge that ours chose are from scikit-learn's."""
        ours = SoftmaxClassifier(ridge="loo").fit(self.X, self.y)
        C = 1 / (self.y.size * ours.ridge_)
        same = {"class_weight": "balanced", "solver": NEWTON, "tol": 1e-10}
        theirs = LogisticRegression(C=C, **same).fit(self.X, self.y)
        return float(np.abs(ours.predict_proba(self.new) - theirs.predict_proba(self.new)).max())


def measured(asked: Asked, rounds: int) -> dict[str, Any]:
    """One case: processor seconds of ours and of the loop, which the goal is for."""
    fold = Fold(*asked.load())
    if (difference := fold.difference()) > AGREEMENT:
        raise RuntimeError(f"{asked.name}: ours is {difference:.1e} off; nothing is timed.")
    ids = [id for id in linear() if fold.ours([id])().outcomes[0].status == "converged"]
    contestants = {"ours": fold.ours(ids)}
    contestants |= {solver: fold.theirs(ids, solver) for solver in (NEWTON, LBFGS)}
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            began = time.process_time()
            run()
            times[name].append(time.process_time() - began)
    fastest = min((NEWTON, LBFGS), key=lambda name: statistics.median(times[name]))
    ratio = spread([b / a for a, b in zip(times["ours"], times[fastest], strict=True)])
    return {
        "name": asked.name,
        "methods": ids,
        "against": f"scikit-learn, {fastest}",
        "ours_s": statistics.median(times["ours"]),
        "other_s": statistics.median(times[fastest]),
        "ratio": ratio,
        "goal": {"ratio": GOAL, "measured": ratio["median"]},
        "difference": difference,
    }


# --- whole comparisons ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Whole:
    """A comparison as a user runs it, and the seconds on two cores and MiB that it may take."""

    name: str
    write: Callable[[Path], Any]
    words: tuple[str, ...]
    seconds: float
    memory: float = 2048.0
    share: float = 1.0
    """Part of the folds that is run."""


def _write(path: Path, X: np.ndarray, y: np.ndarray) -> None:
    names = ",".join([*(f"x{j}" for j in range(X.shape[1])), "label"])
    np.savetxt(path, np.column_stack([X, y]), "%.6g", ",", header=names, comments="")


def large(n: int = 20_000, d: int = 30) -> tuple[np.ndarray, np.ndarray]:
    """Six classes from 55 to 1 percent of the rows, some features skewed."""
    rng = np.random.default_rng([2026, n, d])
    y = np.repeat(
        np.arange(6), np.round(n * np.array([0.55, 0.25, 0.1, 0.06, 0.03, 0.01])).astype(int)
    )
    means = rng.standard_normal((6, d)) * np.sqrt(1.2 / d)
    X = rng.standard_normal((y.size, d)) + means[y]
    X[:, :5] = np.exp(X[:, :5] / 2)
    return X, y


WHOLE = (
    Whole(
        "glass, linear methods", lambda path: _write(path, *_glass()), ("--methods", "linear"), 60.0
    ),
    Whole(
        "20 000 x 30, six classes, default methods",
        lambda path: _write(path, *large()),
        ("--repeats", "1"),
        900.0,
        share=0.2,
    ),
)
TINY = Whole(
    "tiny", lambda path: _write(path, *large(600, 3)), ("--methods", "lda", "--repeats", "1"), 60.0
)


def whole(asked: Whole, jobs: int = 2) -> dict[str, Any]:
    """Processor seconds of all processes of a comparison, and the memory they hold at once."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.csv"
        asked.write(path)
        words = [sys.executable, "-m", "mlbalance", "compare", str(path), "--target", "label"]
        words += [*asked.words, "--jobs", str(jobs), "--json"]
        process = subprocess.Popen(
            words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        watch = Watch(process.pid)
        watch.start()
        told, _ = process.communicate()
        watch.join()
    if process.returncode:
        raise RuntimeError(f"{asked.name}: the comparison failed.")
    known = json.loads(told)
    # Of two cores that have nothing else to do, and of all folds.
    seconds = watch.seconds / 2 / asked.share
    return {
        "name": asked.name,
        "methods": len(known["methods"]),
        "folds": known["folds run"],
        "processor_s": watch.seconds,
        "two_cores_s": seconds,
        "memory_mib": watch.memory / 2**20,
        "goal": {"two_cores_s": asked.seconds, "memory_mib": asked.memory},
    }


class Watch(threading.Thread):
    """Looks at a process and those that it starts until it ends."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.process, self.memory, self._seconds = psutil.Process(pid), 0.0, {}  # type: ignore[var-annotated]

    @property
    def seconds(self) -> float:
        return sum(self._seconds.values())

    def run(self) -> None:
        with suppress(psutil.Error):
            while self.process.status() != psutil.STATUS_ZOMBIE:
                held = 0.0
                for one in (self.process, *self.process.children(recursive=True)):
                    with suppress(psutil.Error):
                        times, memory = one.cpu_times(), one.memory_full_info()
                        self._seconds[one.pid] = times.user + times.system
                        held += memory.pss
                self.memory = max(self.memory, held)
                time.sleep(0.05)


def run(
    cases: Sequence[Asked] = CASES,
    wholes: Sequence[Whole] = WHOLE,
    rounds: int = 3,
    say: Callable[[str], None] = print,
) -> dict[str, Any]:
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        machine, found = described(), []
        for asked in cases:
            case = measured(asked, rounds)
            found.append(case)
            ours, ratio = case["ours_s"], case["ratio"]["median"]
            say(f"{case['name']:28s}{ours:6.2f} s; {case['against']}: {ratio:.1f} (goal {GOAL:g})")
    wide = []
    for each in wholes:
        case = whole(each)
        wide.append(case)
        say(
            f"{case['name']}: {case['two_cores_s']:.0f} s on two cores (goal {each.seconds:g}), "
            f"{case['memory_mib']:.0f} MiB"
        )
    return {
        "about": "Generated by tests/bench/compare.py; do not edit. Processor seconds; ratios: the "
        "loop's over ours.",
        "machine": machine,
        "settings": {"threads": 1, "rounds": rounds, "agreement": AGREEMENT},
        "cases": found,
        "whole": wide,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Time comparisons.")
    parser.add_argument("--quick", action="store_true", help="one small case; to build/quick")
    quick = parser.parse_args().quick
    path = ROOT / ("build/quick" if quick else "tests/bench") / "compare.json"
    record = run(CASES[1:2], [TINY], rounds=1) if quick else run()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rounded(record), indent=1) + "\n")
    print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
