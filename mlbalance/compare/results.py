"""What every method answered on every fold, as a record, and what follows from it.

Letters: n rows, K classes, J folds that were run, M methods.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from mlbalance.compare.candidates import REFERENCE, Candidate
from mlbalance.compare.measures import (
    PER_FOLD,
    PER_REPEAT,
    confusion,
    measure_fold,
    measure_repeat,
)
from mlbalance.compare.regime import Regime
from mlbalance.compare.statistics import critical_values, mean_ranks
from mlbalance.inputs import FloatArray, InputError, IntArray
from mlbalance.simulation.performance import mean_and_error
from mlbalance.simulation.streams import stream

__all__ = ["Difference", "Outcome", "Recommendation", "Results", "Value"]


class Outcome(NamedTuple):
    """What one method gave on one fold."""

    method: str
    repeat: int
    fold: int
    status: str
    """"converged"; otherwise there is no answer: a key of `softmax.STATUS`, or "error"."""
    message: str
    """The error, or the first warning."""
    seconds: float
    """Time that the fit takes alone, whatever it shares with those of other methods."""
    log_p: FloatArray | None
    """(test rows, K) log-probabilities at the target, rows in their order."""


class Value(NamedTuple):
    """One measure of one method."""

    method: str
    repeat: int
    fold: int | None
    """None for measures on all rows of a repeat."""
    metric: str
    value: float
    """NaN where the method gave no answer, or the measure does not exist."""


class Difference(NamedTuple):
    """Paired difference of a measure from that of the reference, over folds."""

    method: str
    mean: float
    error: float
    """Standard error of Nadeau & Bengio."""
    low: float
    high: float
    """Simultaneous interval over all methods."""
    failures: int
    """Folds without an answer; if there are any the others are NaN."""


class Recommendation(NamedTuple):
    """The method to use, and what is known about the others."""

    method: str
    better: tuple[str, ...]
    """Methods with less of the main measure than the reference, by their simultaneous intervals."""
    worse: tuple[str, ...]
    undecided: tuple[str, ...]
    failed: tuple[str, ...]
    """Methods without an answer on some fold; they are not recommended."""


@dataclass(frozen=True, eq=False)
class Results:
    """Methods compared on the same folds."""

    candidates: tuple[Candidate, ...]
    """M methods, the reference first."""
    outcomes: tuple[Outcome, ...]
    """By repeat, fold and method."""
    aim: str
    """"balanced", "natural" or "prior"."""
    target: FloatArray
    """(K,) target prior."""
    classes: npt.NDArray[Any]
    """(K,) labels, sorted."""
    codes: IntArray
    """(n,) class of each row."""
    fold_of: IntArray
    """(repeats, n) fold of each row."""
    features: tuple[str, ...]
    """Names of the columns."""
    notes: tuple[str, ...]
    """Sentences on the data and on what was left out."""
    seed: int
    seconds: float
    regime: Regime | None = None
    """What counts and rows say without a comparison."""

    @classmethod
    def of(
        cls, candidates: Sequence[Candidate], outcomes: Sequence[Outcome], **others: Any
    ) -> Self:
        """Results of outcomes in any order."""
        place = {each.id: position for position, each in enumerate(candidates)}
        ordered = sorted(outcomes, key=lambda o: (o.repeat, o.fold, place[o.method]))
        return cls(tuple(candidates), tuple(ordered), **others)

    @property
    def methods(self) -> tuple[str, ...]:
        """(M,) ids."""
        return tuple(each.id for each in self.candidates)

    @property
    def labels(self) -> Mapping[str, str]:
        """Labels of methods by id."""
        return {each.id: each.label for each in self.candidates}

    @property
    def counts(self) -> IntArray:
        """(K,) rows per class."""
        return np.bincount(self.codes, minlength=self.classes.size)

    @property
    def repeats(self) -> int:
        """Number of repeats that were planned."""
        return len(self.fold_of)

    @property
    def folds(self) -> int:
        """Number of folds per repeat."""
        return int(self.fold_of.max()) + 1

    @property
    def blocks(self) -> list[tuple[int, int]]:
        """(J,) repeat and fold of what was run."""
        return sorted({(o.repeat, o.fold) for o in self.outcomes})

    @property
    def main(self) -> str:
        """Measure that decides: log-loss for natural probabilities, otherwise the error."""
        return "log-loss" if self.aim == "natural" else "error"

    def name_of(self, metric: str) -> str:
        """Name of a measure that says at which prior, where that is short."""
        return f"balanced {metric}" if self.aim == "balanced" and metric in PER_FOLD else metric

    @cached_property
    def rows(self) -> tuple[Value, ...]:
        """All values: measures per fold, then those per repeat that was finished."""
        found = [
            Value(o.method, o.repeat, o.fold, metric, value)
            for o in self.outcomes
            for metric, value in self._of_fold(o).items()
        ]
        for repeat in self._finished:
            for method in self.methods:
                log_p = self.log_probabilities(method, repeat)
                missing = dict.fromkeys(PER_REPEAT, np.nan)
                values = (
                    missing if log_p is None else measure_repeat(log_p, self.codes, self.target)
                )
                found += [Value(method, repeat, None, *pair) for pair in values.items()]
        return tuple(found)

    def _of_fold(self, outcome: Outcome) -> dict[str, float]:
        if outcome.log_p is None:
            return dict.fromkeys(PER_FOLD, np.nan)
        test = self.codes[self.fold_of[outcome.repeat] == outcome.fold]
        return measure_fold(outcome.log_p, test, self.target)

    @property
    def _finished(self) -> list[int]:
        """Repeats of which every fold was run."""
        done = Counter(repeat for repeat, _ in self.blocks)
        return [repeat for repeat, folds in done.items() if folds == self.folds]

    def log_probabilities(self, method: str, repeat: int = 0) -> FloatArray | None:
        """Log-probabilities at the target of every row, by the fit that did not see it.

        Parameters
        ----------
        method
            Its id.
        repeat
            Number of the repeat, from 0.

        Returns
        -------
        (n, K), or None where the method has no answer on a fold of the repeat.
        """
        found = np.full((self.codes.size, self.classes.size), np.nan)
        for o in self._of_method[method]:
            if o.repeat == repeat and o.log_p is not None:
                found[self.fold_of[repeat] == o.fold] = o.log_p
        return None if np.isnan(found).any() else found

    @cached_property
    def _of_method(self) -> dict[str, list[Outcome]]:
        found: dict[str, list[Outcome]] = {method: [] for method in self.methods}
        for outcome in self.outcomes:
            found[outcome.method].append(outcome)
        return found

    def values(self, metric: str) -> FloatArray:
        """Values of a measure, methods in columns.

        Parameters
        ----------
        metric
            One of `PER_FOLD` or `PER_REPEAT`.

        Returns
        -------
        (J, M) by fold, or (finished repeats, M); NaN where a method gave no answer, or was not run.

        Raises
        ------
        InputError
            For another name.
        """
        if metric not in (*PER_FOLD, *PER_REPEAT):
            raise InputError(
                f"No measure is called {metric!r}; known are {', '.join((*PER_FOLD, *PER_REPEAT))}."
            )
        rows = [row for row in self.rows if row.metric == metric]
        blocks = {at: j for j, at in enumerate(dict.fromkeys((r.repeat, r.fold) for r in rows))}
        place = {method: m for m, method in enumerate(self.methods)}
        found = np.full((len(blocks), len(place)), np.nan)
        for row in rows:
            found[blocks[row.repeat, row.fold], place[row.method]] = row.value
        return found

    def means(self, metric: str) -> FloatArray:
        """Mean of a measure over the folds, or repeats, of each method.

        Parameters
        ----------
        metric
            One of `PER_FOLD` or `PER_REPEAT`.

        Returns
        -------
        (M,), NaN for a method that failed on some, or has none.

        Raises
        ------
        InputError
            For another name.
        """
        values = self.values(metric)
        known = ~np.isnan(values)
        with np.errstate(invalid="ignore"):
            means = np.where(known, values, 0.0).sum(axis=0) / known.sum(axis=0)
        sound = [method in self.complete for method in self.methods]
        return np.where(sound, means, np.nan)

    def folds_of(self, method: str) -> int:
        """Number of folds on which a method was run.

        Parameters
        ----------
        method
            Its id.

        Returns
        -------
        The number, failures included.
        """
        return len(self._of_method[method])

    def failures(self, method: str) -> list[Outcome]:
        """Folds on which a method gave no answer.

        Parameters
        ----------
        method
            Its id.

        Returns
        -------
        Their outcomes.
        """
        return [o for o in self._of_method[method] if o.status != "converged"]

    def seconds_of(self, method: str) -> float:
        """Seconds that a method took per fold.

        Parameters
        ----------
        method
            Its id.

        Returns
        -------
        Their mean, of what the method would take alone; NaN without a fold.
        """
        seconds = [o.seconds for o in self._of_method[method]]
        return float(np.mean(seconds)) if seconds else np.nan

    @property
    def complete(self) -> tuple[str, ...]:
        """Methods that answered on every fold on which they were run, and on one at least."""
        return tuple(m for m in self.methods if self._of_method[m] and not self.failures(m))

    @property
    def reference(self) -> str:
        """Method that others are compared with: class weights, or the first that never failed."""
        return REFERENCE if not self.complete or REFERENCE in self.complete else self.complete[0]

    @property
    def dependence(self) -> float:
        """Test rows per training row, from which Nadeau & Bengio's error is made."""
        return 1 / (self.folds - 1)

    def differences(
        self, metric: str | None = None, *, level: float = 0.95
    ) -> tuple[Difference, ...]:
        """Paired differences from the reference, with simultaneous intervals.

        Parameters
        ----------
        metric
            One of `PER_FOLD`; the main measure for None.
        level
            Probability with which all intervals cover.

        Returns
        -------
        One for each method but the reference.

        Raises
        ------
        InputError
            For a measure that is not one per fold.
        """
        metric = metric or self.main
        if metric not in PER_FOLD:
            raise InputError(
                f"Differences are of a measure per fold, {', '.join(PER_FOLD)}; {metric!r} is none."
            )
        if (metric, level) not in self._known:
            self._known[metric, level] = self._differences(metric, level)
        return self._known[metric, level]

    @cached_property
    def _known(self) -> dict[tuple[str, float], tuple[Difference, ...]]:
        return {}

    def _differences(self, metric: str, level: float) -> tuple[Difference, ...]:
        values = self.values(metric)
        paired = values - values[:, [self.methods.index(self.reference)]]
        others = [m for m, method in enumerate(self.methods) if method != self.reference]
        common = ~np.isnan(paired)
        sound = [m for m in others if self.methods[m] in self.complete and common[:, m].any()]
        rng = stream(self.seed, "intervals", metric)
        widths = critical_values(paired[:, sound], rng, level=level)
        found = []
        for m in others:
            mean, low, error, high = np.full(4, np.nan).tolist()
            if m in sound:
                mean, error = mean_and_error(paired[common[:, m], m], self.dependence)
                # A difference that does not vary is that of methods with equal answers.
                width = widths[sound.index(m)]
                reach = 0.0 if error == 0 else width * error if error > 0 else np.inf
                low, high = mean - reach, mean + reach
            failures = len(self.failures(self.methods[m]))
            found.append(Difference(self.methods[m], mean, error, low, high, failures))
        return tuple(found)

    @cached_property
    def recommendation(self) -> Recommendation:
        """Method to use: the best of those better than the reference, or the reference."""
        found = [each for each in self.differences() if not each.failures]
        better = sorted((each.mean, each.method) for each in found if each.high < 0)
        names = tuple(method for _, method in better)
        worse = tuple(each.method for each in found if each.low > 0)
        rest = tuple(e.method for e in found if e.method not in (*names, *worse))
        failed = tuple(method for method in self.methods if self.failures(method))
        return Recommendation(names[0] if names else self.reference, names, worse, rest, failed)

    def ranks(self) -> dict[str, float]:
        """Mean ranks of the complete methods by the main measure, 1 for the best.

        Returns
        -------
        Rank by id, over the folds that these methods have in common; NaN without any.
        """
        at = [self.methods.index(method) for method in self.complete]
        found = mean_ranks(self.values(self.main)[:, at])
        return dict(zip(self.complete, found.tolist(), strict=True))

    def rank_quartiles(self) -> dict[str, tuple[float, float]]:
        """Quartiles over folds of the ranks of the complete methods.

        Returns
        -------
        The lower and the upper quartile by id.
        """
        from scipy.stats import rankdata

        at = [self.methods.index(method) for method in self.complete]
        values = self.values(self.main)[:, at]
        whole = values[~np.isnan(values).any(axis=1)]
        if not whole.size:
            return {}
        low, high = np.quantile(rankdata(whole, axis=1), [0.25, 0.75], axis=0).tolist()
        return dict(zip(self.complete, zip(low, high, strict=True), strict=True))

    def confusion(self, method: str) -> IntArray | None:
        """Rows by class and answer, over all finished repeats.

        Parameters
        ----------
        method
            Its id.

        Returns
        -------
        (K, K) counts, true classes in rows; None where the method failed or no repeat is finished.
        """
        found = [self.log_probabilities(method, repeat) for repeat in self._finished]
        if not found or any(log_p is None for log_p in found):
            return None
        return np.asarray(sum(confusion(p, self.codes) for p in found if p is not None))

    def to_dict(self) -> dict[str, Any]:
        """All numbers, for JSON: NaN is None.

        Returns
        -------
        A dictionary of plain values.
        """
        advice, intervals = self.recommendation, self.differences()
        return {
            "aim": self.aim,
            "target": dict(zip(map(str, self.classes.tolist()), self.target.tolist(), strict=True)),
            "counts": dict(zip(map(str, self.classes.tolist()), self.counts.tolist(), strict=True)),
            "rows": self.codes.size,
            "features": list(self.features),
            "notes": list(self.notes),
            "regime": None if self.regime is None else self.regime._asdict(),
            "seed": self.seed,
            "repeats": self.repeats,
            "folds": self.folds,
            "folds run": len(self.blocks),
            "measure": self.main,
            "reference": self.reference,
            "recommendation": advice._asdict() | {"method": advice.method},
            "differences": [_plain(each._asdict()) for each in intervals],
            "ranks": _plain(self.ranks()),
            "methods": [
                {
                    "id": each.id,
                    "label": each.label,
                    "folds": self.folds_of(each.id),
                    "failures": len(self.failures(each.id)),
                    "seconds": _finite(self.seconds_of(each.id)),
                    "messages": self.messages(each.id),
                }
                for each in self.candidates
            ],
            "values": [_plain(row._asdict()) for row in self.rows],
        }

    def messages(self, method: str) -> dict[str, int]:
        """Errors of a method, or its warnings if there are none, with the number of folds of each.

        Parameters
        ----------
        method
            Its id.

        Returns
        -------
        Folds by message, the most frequent first.
        """
        outcomes = self.failures(method) or self._of_method[method]
        seen = Counter(o.message for o in outcomes if o.message)
        return dict(seen.most_common())


def _plain(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record with None for what is not a finite number."""
    return {name: _finite(value) for name, value in record.items()}


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not np.isfinite(value) else value
