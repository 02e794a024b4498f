"""Summary of a run of the checks: steps that hold, steps that are cited, labels by kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mlbalance import claims
from mlbalance.derivations.engine.steps import StepResult

__all__ = ["failed", "lines", "verdict"]


def failed(results: Sequence[StepResult]) -> list[int]:
    """Numbers, from one, of the computed steps that do not hold."""
    return [number for number, (_, ok) in enumerate(results, start=1) if ok is False]


def verdict(label: str, results: Sequence[StepResult]) -> str:
    """One line about one label: its kind and its steps, or the steps that fail."""
    steps = f"{len(results)} step{'s' * (len(results) != 1)}"
    if wrong := failed(results):
        return f"FAILED at step {', '.join(map(str, wrong))} of {steps}"
    argued = sum(ok is None for _, ok in results)
    how = f"{argued} of them argued" if argued else "all computed"
    return f"{claims.get(label).kind}: {steps}, {how}"


def lines(results: Mapping[str, Sequence[StepResult]]) -> Iterator[str]:
    """All in a few lines: how many steps hold or are cited, and how many labels of a kind."""
    steps = [result for each in results.values() for result in each]
    decided = [ok for _, ok in steps if ok is not None]
    argued = [step for step, ok in steps if ok is None]
    yield f"{sum(decided)} of {len(decided)} computed steps hold"
    yield (
        f"{sum(bool(s.cites) for s in argued)} steps rest on cited theorems, "
        f"{sum(s.limit for s in argued)} of them on limits or approximations; "
        f"{sum(not s.cites for s in argued)} on earlier labels or words"
    )
    kinds = [claims.get(label).kind for label in results]
    counts = (f"{kinds.count(kind)} {kind}" for kind in claims.KINDS if kind in kinds)
    yield f"{len(kinds)} labels: {', '.join(counts)}"
