"""Numbers in the text of the paper, by key: from committed summaries and from theory."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from math import floor, log10
from pathlib import Path
from typing import Any

from mlbalance import __version__, claims, theory
from mlbalance.documents import verdict_lines
from mlbalance.schemes import Bagging, ClassWeight, Undersample
from mlbalance.simulation import Row, Summary, read_rows

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for the studies
sys.path.append(str(ROOT / "paper" / "figures"))

COUNTS = (23, 5, 44, 14, 19, 31)
Numbers = Iterator[tuple[str, str]]


@cache
def summary(study: str) -> Summary:
    """Committed summary of a study."""
    return read_rows(ROOT / "simulations" / "results" / f"{study}.csv")


def listed(numbers: Sequence[object]) -> str:
    """Numbers or names in a sentence."""
    return f"{', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"


def shown(row: Row) -> str:
    """A value with its Monte Carlo standard error, both to the first digit of the error."""
    places = max(0, -floor(log10(row.mcse)))
    return rf"${row.value:.{places}f} \pm {row.mcse:.{places}f}$"


def share(row: Row) -> str:
    """A probability in percent, without its error, which is that of the replications."""
    return rf"{100 * row.value:.3g}\,\%"


def six_counts() -> Numbers:
    """The counts asked about: theory, and the study of them."""
    yield "counts", listed(COUNTS)
    yield "n", str(sum(COUNTS))
    yield "smallest", str(min(COUNTS))
    for key, scheme in (("ratio", Undersample()), ("bags10", Bagging(Undersample(), 10))):
        yield f"six.{key}", f"{theory.variance_ratio(COUNTS, scheme):.3g}"
    for key, scheme in (("weights", ClassWeight()), ("undersample", Undersample())):
        yield f"six.{key}.size", f"{theory.effective_size(COUNTS, scheme):.3g}"
    yield "six.harmonic", f"{theory.harmonic_mean(COUNTS):.3g}"
    yield "six.largest", f"{max(COUNTS) / min(COUNTS):.2g}"
    rows, ridge = summary("six_classes"), 0.01
    excess = {"features": 5, "method": "undersample", "ridge": ridge}
    excess |= {"metric": "ratio", "estimand": "excess risk"}
    for times in (1, 10):
        yield f"six.undersample.{times}x.d5", shown(rows.one(times=times, **excess))
    yield "six.ridge", f"{ridge:g}"
    yield "six.replications", str(rows.one(times=1, **excess).n)
    for key, method in (("weights", "class-weights"), ("undersample", "undersample")):
        failed = {"features": 5, "times": 1, "ridge": 0.0, "metric": "P(no estimate)"}
        yield f"six.nofit.{key}.d5", share(rows.one(method=method, **failed))


def beyond_first_order() -> Numbers:
    """How far predictions are off with ten times the rows, and where they fail."""
    from six_classes import compared  # the script of the figure

    from simulations.six_classes import STUDY

    found = compared(STUDY, summary("six_classes"))
    many = [c for c in found if c.row.factors["times"] == 10]
    off = max(abs(c.observed / c.predicted - 1) for c in many)
    yield "six.10x.off", rf"{100 * off:.2g}\,\%"
    critical = STUDY.criterion.critical(len(found))
    yield "six.numbers", str(len(found))
    yield "six.10x.beyond", str(sum(abs(c.z) > critical for c in many))
    few = [c for c in found if c not in many]
    yield "six.1x.beyond", str(sum(abs(c.z) > critical for c in few))
    yield "six.1x.numbers", str(len(few))
    factors = [c.observed / c.predicted for c in few]
    yield "six.1x.least", f"{min(factors):.2f}"
    yield "six.1x.most", f"{max(factors):.2f}"


def budget() -> Numbers:
    """What a row of each class is worth at these counts, to first order."""
    from mlbalance.advise import advise

    told = advise(COUNTS)
    rarest = COUNTS.index(min(COUNTS))
    yield "budget.share", rf"{100 * told.variance_share[rarest]:.0f}\,\%"
    largest = COUNTS.index(max(COUNTS))
    yield "budget.value", f"{told.row_value[rarest] / told.row_value[largest]:.0f}"


def tables_of_studies() -> Numbers:
    """Single numbers of summaries."""
    slope = {"metric": "mean", "estimand": "squared error of slope"}
    for model in ("right", "wrong"):
        for key, method in (("offset", "unweighted+prior"), ("weights", "class-weights")):
            row = summary("bridge").one(model=model, method=method, **slope)
            yield f"bridge.{model}.{key}", shown(row)
    right = {"model": "right", "counts": "fixed", "method": "class-weights", "metric": "coverage"}
    for kind in ("model", "design"):
        row = summary("coverage").one(estimand=f"slope, {kind}", **right)
        yield f"coverage.weights.{kind}.slope", shown(row)
    asked = {"features": 10, "separation": 1.0, "smallest": 12, "metric": "P(no estimate)"}
    yield "existence.rows", str(asked["smallest"])
    for key, method in (("weights", "class-weights"), ("undersample", "undersample")):
        yield f"existence.{key}", share(summary("existence").one(method=method, **asked))
    for method in ("unweighted", "undersample", "class-weights"):
        row = summary("calibration").one(
            method=method, metric="median", estimand="calibration slope"
        )
        yield f"calibration.{method.removeprefix('class-')}", f"{row.value:.3f}"
    yield "contiguity.power", f"{theory.contiguity_power():.2f}"


def many_features() -> Numbers:
    """Errors with 200 features, two classes of 180 and 20 rows."""
    rows, ridge = summary("proportional"), 0.01
    asked: dict[str, Any] = {"classes": 2, "rarest": 20, "features": 200, "ridge": ridge}
    asked |= {"metric": "mean", "estimand": "balanced error"}
    yield "many.ridge", f"{ridge:g}"
    for key, method in {
        "weights": "class-weights",
        "undersample": "undersample",
        "weights.loo": "class-weights+loo",
    }.items():
        yield f"many.{key}", shown(rows.one(method=method, **asked))


def contest() -> Numbers:
    """Means over populations of differences from the automatic choice, and where it loses."""
    from simulations.contest import CELLS, MARGIN

    rows = summary("contest")
    features = [cell.factors["features"] for cell in CELLS]
    yield "contest.cells", str(len(CELLS))
    yield "contest.fewest", str(min(features))
    yield "contest.most", str(max(features))
    errors = rows.select(metric="difference", estimand="error")
    known = [row for row in errors if row.value == row.value]
    for key, method in {
        "weights": "class-weights+ridge-loo",
        "undersample": "undersample+ridge-loo",
        "bags10": "under-bagging-10+ridge-loo",
        "weights.loo": "class-weights+loo-temperature+ridge-loo",
        "bags50.loo": "under-bagging-50+loo-temperature+ridge-loo",
    }.items():
        own = [row.value for row in known if row.method == method]
        yield f"contest.{key}", f"{100 * sum(own) / len(own):.2f}"
    least: dict[str, float] = {}
    for row in known:
        least[row.cell] = min(least.get(row.cell, 0.0), row.value)
    beyond = [-value for value in least.values() if value < -MARGIN]
    yield "contest.margin", f"{100 * MARGIN:g}"
    yield "contest.beyond", str(len(beyond))
    yield "contest.worst", f"{100 * max(beyond, default=0.0):.1f}"


def real_data() -> Numbers:
    """Ranks on the real data sets, and differences from class weights in points."""
    from real_data import errors, ranked  # the script of the figure

    from simulations.real_data import ALL, CELLS, NO_RIDGE, STUDY

    rows = summary("real_data")
    found = ranked(errors(STUDY, rows))
    ids = [method.id for method in STUDY.methods]
    mean = dict(zip(ids, found.ranks.mean(axis=0), strict=True))
    yield "real.sets", str(len(CELLS))
    yield "real.ranked", str(len(ALL))
    yield "real.methods", str(len(ids))
    yield "real.p", power_of_ten(found.p)
    yield "real.critical", f"{found.difference:.0f}"
    yield "real.best", min(mean, key=lambda id: mean[id]).removesuffix("+prior")
    yield "real.best.rank", f"{min(mean.values()):.1f}"
    yield "real.weights.rank", f"{mean['class-weights']:.1f}"
    yield "real.undersample.rank", f"{mean['undersample']:.1f}"
    yield "real.loo.rank", f"{mean['class-weights+loo-temperature']:.1f}"
    yield "real.bags.rank", f"{mean['under-bagging-10']:.1f}"
    known = [cell.id for cell in CELLS if cell.id not in NO_RIDGE]
    asked: dict[str, Any] = {"metric": "difference", "estimand": "error", "method": "undersample"}
    away = [rows.one(cell=cell, **asked) for cell in known]
    yield "real.known", str(len(known))
    yield "real.undersample.worse", str(sum(row.value > 0 for row in away))
    average = 100 * sum(row.value for row in away) / len(away)
    error = 100 * sum(row.mcse**2 for row in away) ** 0.5 / len(away)
    yield "real.undersample", rf"${average:.1f} \pm {error:.1f}$"


def power_of_ten(number: float) -> str:
    """A small number, as a multiple of a power of ten."""
    factor, exponent = f"{number:.0e}".split("e")
    return rf"${factor} \times 10^{{{int(exponent)}}}$"


def networks() -> Numbers:
    """Balanced errors of networks, and the price of weighted batches at the six counts."""
    rows = summary("network")
    for key, method, estimand in (
        ("weights", "network-class-weights", "error, {}"),
        ("prior", "network-unweighted", "error, {}, prior corrected"),
        ("undersample", "network-undersample", "error, {}"),
    ):
        for stop in ("early", "late"):
            asked = {"times": 20, "method": method, "metric": "mean"}
            row = rows.one(**asked, estimand=estimand.format(stop))
            yield f"network.20.{key}.{stop}", shown(row)
    yield "network.1.rows", str(len(COUNTS) * min(COUNTS))
    factor = sum(COUNTS) / theory.effective_size(COUNTS, ClassWeight())
    yield "sgd.factor", f"{factor:.3g}"
    asked = {"data": "six classes", "method": "sgd-weighted", "metric": "ratio"}
    yield "sgd.observed", shown(summary("sgd").one(**asked))


def verdicts() -> Numbers:
    """Studies that fail their criterion, and those that predict nothing but that fits exist."""
    lines = verdict_lines(ROOT / "paper" / "generated" / "verdicts.csv")
    failed = [line["study"] for line in lines if line["verdict"] != "agrees"]
    without = [line["study"] for line in lines if float(line["largest"]) == 0]
    for key, names in (("failed", failed), ("without", without)):
        yield f"verdicts.{key}", str(len(names))
    yield "verdicts.names", _names(failed)
    yield "verdicts.without.names", _names(without)


def _names(studies: list[str]) -> str:
    return listed(studies).replace("_", r"\_")


def package() -> Numbers:
    """Version, claims by kind, and studies."""
    yield "version", __version__
    yield "claims", str(len(claims.CLAIMS))
    yield "claims.observed", str(sum(bool(claim.observed) for claim in claims.CLAIMS.values()))
    kinds = Counter(claim.kind for claim in claims.CLAIMS.values())
    for key, kind in {
        "proved": claims.PROVED,
        "limit": claims.LIMIT,
        "cases": claims.CASES,
        "conjecture": claims.CONJECTURE,
    }.items():
        yield f"kind.{key}", str(kinds[kind])
    studies = [p for p in (ROOT / "simulations").glob("*.py") if not p.stem.startswith("_")]
    yield "studies", str(len(studies))


OF_THE_PROOFS = ("steps.computed", "steps.argued")
"""Keys of numbers that come with the check of the proofs (`build`)."""

PARTS: tuple[Callable[[], Numbers], ...] = (
    six_counts,
    beyond_first_order,
    budget,
    tables_of_studies,
    many_features,
    contest,
    real_data,
    networks,
    verdicts,
    package,
)


@cache
def numbers() -> dict[str, str]:
    """All numbers by key, in LaTeX; but `OF_THE_PROOFS`."""
    found: dict[str, str] = {}
    for part in PARTS:
        for key, value in part():
            if found.setdefault(key, value) is not value:
                raise ValueError(f"Two numbers are called {key!r}.")
    return found
