"""Tables of the site: schemes, limits and fits, the contest, verdicts, claims, and speed.

Every number comes from the package, a committed summary or a committed benchmark.
"""

from __future__ import annotations

import csv
import json
import sys

from docs import readme
from docs.readme import COUNTS, ROOT, document
from mlbalance.report import Code, Document, Paragraph, Section, Table, paragraph


def contest() -> Document:
    """Wins, ties and losses against the automatic choice, by the simultaneous intervals."""
    from mlbalance.simulation import read_rows

    sys.path.insert(0, str(ROOT))
    from simulations.contest import MARGIN, STUDY

    rows = read_rows(ROOT / "simulations/results/contest.csv")
    fields = {"metric": "difference", "estimand": "error"}
    others = [method for method in STUDY.methods if method.id != STUDY.reference]
    found = {m.id: list(rows.select(method=m.id, **fields)) for m in others}
    critical = STUDY.criterion.critical(sum(map(len, found.values())))
    lines = []
    for method in others:
        own = [row for row in found[method.id] if row.value == row.value]
        sure = [row for row in own if abs(row.value) > critical * row.mcse]
        worse = sum(row.value > 0 for row in sure)
        mean = sum(row.value for row in own) / len(own)
        ends = min(row.value for row in own), max(row.value for row in own)
        lines.append(
            (
                method.label,
                f"{100 * mean:+.2f}",
                f"{100 * ends[0]:+.1f} to {100 * ends[1]:+.1f}",
                str(len(sure) - worse),
                str(len(own) - len(sure)),
                str(worse),
                str(len(found[method.id]) - len(own) or ""),
            )
        )
    head = ("method", "mean", "from, to", "smaller", "tie", "larger", "no estimate")
    least: dict[str, float] = {}
    for own in found.values():
        for row in own:
            if row.value == row.value:
                least[row.cell] = min(least.get(row.cell, 0.0), row.value)
    beyond = {cell: -value for cell, value in least.items() if value < -MARGIN}
    worst = max(beyond, key=beyond.__getitem__, default="")
    told = (
        f"Balanced error less that of the automatic choice, in points, over {len(STUDY.cells)} "
        f"populations ({STUDY.replications} replications each): its mean and range, and the number "
        "of populations where it is smaller or larger beyond the simultaneous interval of all "
        "differences, or no estimate was found in some replication. Every method chooses its ridge "
        "by its own left-out rows: that of the least loss or, marked 1se, the largest within one "
        "standard error of it. "
    )
    if beyond:
        told += (
            f"In {len(beyond)} populations some method errs less than the automatic choice by more "
            f"than {100 * MARGIN:g} points: at most {100 * beyond[worst]:.1f} ({worst})."
        )
    else:
        told += f"In none another method errs less by more than {100 * MARGIN:g} points."
    return document(Table(tuple(lines), head, columns="lrrrrrr"), paragraph(told))


def verdicts() -> Document:
    """Every study's verdict, as it came out."""
    from mlbalance.documents import verdict_table

    return verdict_table(readme.verdicts())


def schemes() -> Document:
    from mlbalance.documents import schemes_table

    return schemes_table(COUNTS)


def intervals() -> Document:
    """Lowest coverages by kind, over designs, ridges and coefficients."""
    from mlbalance.simulation import read_rows

    sys.path.insert(0, str(ROOT))
    from simulations.few_rows import KINDS, NAMES

    rows = read_rows(ROOT / "simulations/results/few_rows.csv").select(metric="coverage")
    plain = [row for row in rows if not row.failures and row.estimand.count(",") == 1]
    sizes = sorted({(row.factors["features"], row.factors["smallest"]) for row in plain})
    lines = []
    for d, n in sizes:
        own = [row for row in plain if row.has(features=d, smallest=n)]
        ends = []
        for kind in KINDS:
            found = [row.value for row in own if row.estimand in {f"{x}, {kind}" for x in NAMES}]
            ends.append(f"{min(found):.3f} to {max(found):.3f}")
        lines.append((str(d), str(n), *ends))
    head = ("features", "rows of the rarest class", *KINDS)
    replications = max(row.n for row in plain)
    told = (
        "An intercept and two slopes of class weights, two and six classes, a model that is right "
        "and one that is wrong, with ridge 1/n and, where all data sets have a fit, none; "
        f"{replications} replications. Moderated intervals are too long for few rows, most where "
        "the model is wrong or features are many for them. Other ways to be wrong were not "
        "studied, nor more features, with which the bias of a fit grows, that is in no interval."
    )
    return document(Table(tuple(lines), head, columns="rrrrr"), paragraph(told))


def advised() -> Document:
    """Coverages of the intervals advised after a choice, and of the usual ones."""
    from mlbalance.simulation import read_rows

    sys.path.insert(0, str(ROOT))
    from simulations.advised_intervals import METHODS, NAMES, STUDY

    rows = read_rows(ROOT / "simulations/results/advised_intervals.csv").select(metric="mean")
    lines = []
    for method in METHODS:
        for cell in STUDY.cells:
            own = [row for row in rows if (row.cell, row.method) == (cell.id, method.id)]
            shares = [
                [row.value for row in own if row.estimand in {f"{x}, {use} covers" for x in NAMES}]
                for use in ("advised", "usual")
            ]
            if own:
                spans = (f"{min(found):.3f} to {max(found):.3f}" for found in shares)
                lines.append((method.label, cell.id, *spans))
    kinds = zip(*(method.kinds for method in METHODS), strict=True)
    head = ("fit", "rows", *map(" or ".join, kinds))
    return document(Table(tuple(lines), head, columns="llrr"))


def many() -> Document:
    """Balanced errors with 200 features, as the equations have them and as fits do."""
    import numpy as np

    sys.path[:0] = [str(ROOT), str(ROOT / "paper/figures")]
    from limits import predicted

    from mlbalance.simulation import read_rows
    from simulations.proportional import ERROR, FEATURES, STUDY

    asked = {"two classes, 180 and 20": (2, 20), "six, 4 times as asked": (6, 20)}
    rows, ridge = read_rows(ROOT / "simulations/results/proportional.csv"), 0.01
    lines, off, errors = [], {1: [], 2: []}, {1: [], 2: []}
    for method in (m for m in STUDY.methods if m.ridge == ridge):
        cells = []
        for K, rarest in asked.values():
            own = {"classes": K, "rarest": rarest, "method": method.id, "ridge": ridge}
            own |= {"metric": "mean", "estimand": ERROR}
            seen = {half: rows.one(**own, features=FEATURES // half) for half in off}
            told = predicted(STUDY.cell(seen[1].cell).source, method)[ERROR]
            for half, row in seen.items():
                off[half].append(row.value - told)
                errors[half].append(row.mcse)
            cells.append(f"{told:.3f} / {seen[1].value:.3f} ± {seen[1].mcse:.3f}")
        lines.append((method.label, *cells))
    # Methods share their data sets, so that their errors do not average out; two cells do.
    averages = [
        f"{np.mean(off[half]):+.4f} ± {np.mean(errors[half]) / np.sqrt(len(asked)):.4f}"
        for half in (1, 2)
    ]
    below = paragraph(
        f"Balanced error with {FEATURES} features at ridge {ridge:g}: the limit / the mean of "
        f"{STUDY.replications} fits. Fits are off the limit by an order of 1/d: over this table by "
        f"{averages[0]} on average, with half the features and half the rows by {averages[1]}. ",
        Code("make reproduce"),
        " gives the other ridges and counts.",
    )
    return document(Table(tuple(lines), ("method", *asked)), below)


def claims() -> Document:
    from mlbalance.documents import claims_table

    table = claims_table()
    return Document(table.title, (*table.sections, Section("", (searched(),))))


def searched() -> Paragraph:
    """Findings of the search for counter-examples to `logistic-order`, by its table."""

    lines = list(
        csv.DictReader((ROOT / "tests/search/logistic_order.csv").read_text().split("\n")[1:])
    )
    number = {
        key: sum(int(line[key]) for line in lines)
        for key in ("settings", "unsolved", "unattained", "compared", "reversed")
    }
    pairs = dict.fromkeys((line["lower"], line["upper"]) for line in lines)
    told = []
    for lower, upper in pairs:
        own = [line for line in lines if line["lower"] == lower]
        back, compared = (sum(int(line[key]) for line in own) for key in ("reversed", "compared"))
        words = f"{lower} above {upper} in {back} of {compared}"
        if back:
            least = min(float(line["least gain"]) for line in own)
            farthest = max(float(line["largest ratio reversed"] or 1) for line in own)
            words += f" (by {-100 * least:.2g} % at most, with counts up to {farthest:.3g} to 1)"
        told.append(words)
    return paragraph(
        Code("logistic-order"),
        f" by {number['compared']} exact comparisons of neighbours at "
        f"{number['settings'] // len(pairs)} random settings, {number['unsolved'] // len(pairs)} "
        f"of which were not solved; {number['unattained'] // 2} undersamples reach the effective "
        f"ridge at no ridge of theirs. Against the order: {'; '.join(told)}. ",
        Code("make search"),
        " looks again.",
    )


def bench() -> Document:
    return speed(json.loads((ROOT / "tests/bench/solver.json").read_text()))


def speed(record: dict) -> Document:
    """The table of a run of `make bench`: one line per case outside the grid of the figure."""
    cases = [case for case in record["cases"] if _what_is_fitted(case)]
    machine, settings = record["machine"], record["settings"]
    short = max(peer["score"] for case in cases for peer in _timed(case).values())
    libraries = ("numpy", "scipy", "scikit-learn", "statsmodels", "glum")
    versions = ", ".join(f"{name} {machine[name]}" for name in libraries)
    head = ("", "ours, a fit", "newton-cholesky", "lbfgs", "other", "ours / bound")
    rows = tuple(
        (
            _what_is_fitted(case),
            _duration(case["ours"]["median_us"]),
            _ratios(case, {"newton-cholesky": ""}),
            _ratios(case, {"lbfgs": "", "lbfgs, restarted": " restarted"}),
            _ratios(case, {"statsmodels": " statsmodels", "glum": " glum"}),
            f"{case['distance']:.1f}",
        )
        for case in cases
    )
    below = paragraph(
        "Median time of ours; how many times as long a peer takes, one fit at a time (least and "
        f"most of {settings['rounds']} rounds); ours over the arithmetic of Newton's method at the "
        f"rate of a large matrix product ({record['rates']['gemm_gflops']:.0f} GFLOP/s). K = 6 and "
        f"ridge 0.01 unless said. Scores are below {settings['score_tolerance']:g}; a star marks "
        f"a peer that stops short of that (at {short:.1e} at worst). {machine['cpu']}, "
        f"{machine['cores']} cores, {settings['threads']} BLAS thread, "
        f"{' and '.join(machine['blas'])}, Python {machine['python']}, {versions}."
    )
    return document(Table(rows, head), below)


def comparisons() -> Document:
    """What a comparison takes, against a loop and as a whole."""
    record = json.loads((ROOT / "tests/bench/compare.json").read_text())
    first, *others = record["cases"]
    ratios = " and ".join(f"{case['ratio']['median']:.1f} ({case['name']})" for case in others)
    whole = "; ".join(
        f"{case['name']}: {case['two_cores_s']:.0f} s, {case['memory_mib']:.0f} MiB"
        for case in record["whole"]
    )
    return document(
        paragraph(
            Code("mlbalance compare"),
            f" takes {first['ours_s']:.2g} s of processor time for a fold of {first['name']} with "
            f"the {len(first['methods'])} linear methods that scikit-learn has too: methods that "
            "ask for the same fit share it. A loop over scikit-learn's own estimators takes "
            f"{first['ratio']['median']:.1f} times as long, and {ratios} times on drawn sets. All "
            "25 folds on two cores, from processor seconds, and memory of all processes: "
            f"{whole}.",
        )
    )


def cluster() -> Document:
    """What workers gain, and what a thousand cores would."""
    record = json.loads((ROOT / "tests/bench/cluster.json").read_text())
    two, four = (record["workers"][n]["ratio"]["median"] for n in ("2", "4"))
    rows = tuple(
        (
            f"{one['replicate_ms']:g} ms",
            f"{one['block']}",
            f"{one['most_cores']:.0f}",
            f"{one['seconds']:.0f} s",
            f"{100 * one['cores_busy']:.2g}\xa0%",
            f"{one['writes_per_second']:.0f}",
        )
        for one in record["thousand_cores"]
    )
    head = ("a replicate", "a block", "cores at most", "time", "cores busy", "writes/s")
    return document(
        paragraph(
            f"On a cluster of this machine's {record['machine']['cores']} cores two dask workers "
            f"are {two:.2f} times as fast as one, and four {four:.2f}; two processes without "
            f"anything in common are {record['two_processes']['median']:.2f} times as fast as one. "
            "A block of replicates costs the process that holds the store "
            f"{record['task_ms']:.1f} ms for its task and "
            f"{1e3 * record['store']['write_s']:.1f} ms for its transaction, and a replicate "
            f"{1e3 * record['store']['replicate_s']:.2g} ms, "
            f"{record['store']['bytes_in_message']:.0f} bytes of message and "
            f"{record['store']['bytes_in_file']:.0f} bytes of file for two methods and two "
            "numbers each. From these times a million replicates on a thousand cores were "
            "simulated; nobody has run it. Beyond the number of cores in the third column that "
            "process is the limit, and the study is better split into shards:"
        ),
        Table(rows, head),
    )


_IN_THE_WAY = {
    "batch": "each step passes over arrays of its own in memory, and calls LAPACK once per problem",
    "single": "passes with a Hessian, or with three products of matrices, where lbfgs has two "
    "products with a vector",
    "cluster": "the scheduler and the store, which share the two cores with the workers",
    "engine": "what two processes without anything in common lose on this machine",
    "reproduce": "the studies themselves: most of it is fitting, a quarter judging",
    "quick": "the studies, with few replications; predictions that no cache has yet; proofs",
    "figures": "predictions of several studies, without a cache",
    "test": "thousands of tests, each of less than a tenth of a second on average",
}
"""What keeps a goal from being reached, by the benchmark that has it."""


_COMMANDS = {
    "reproduce": "make reproduce",
    "quick": "make reproduce QUICK=1",
    "figures": "make figures, in a fresh clone",
    "figures again": "make figures, predictions kept",
    "test": "make test",
}


def goals() -> Document:
    """Goals of speed, what was measured, and what is in the way where they are not reached."""
    names = ("solver", "engine", "cluster", "whole")
    record = {name: json.loads((ROOT / f"tests/bench/{name}.json").read_text()) for name in names}
    rows = [
        (_what_is_fitted(case), case["group"], case["goal"]["ratio"], case["goal"]["measured"])
        for case in record["solver"]["cases"]
        if "goal" in case
    ]
    jobs, two = (record["engine"]["jobs"], record["cluster"]["workers"]["2"])
    rows += [
        ("two jobs", "engine", record["engine"]["goals"]["jobs"], jobs["ratio"]["median"]),
        ("two workers", "cluster", record["cluster"]["goal"], two["ratio"]["median"]),
    ]
    told = [
        (what, f"{goal:g} x", f"{found:.2f} x", "" if found >= goal else _IN_THE_WAY[of])
        for what, of, goal, found in rows
    ]
    for name, one in record["whole"]["commands"].items():
        called = _COMMANDS[name]
        late = one["seconds"] > one["goal"]
        of = _IN_THE_WAY[name.removesuffix(" again")] if late else ""
        told.append((called, f"{one['goal']:.0f} s", f"{one['seconds']:.0f} s", of))
    head = ("", "goal", "measured", "what is in the way")
    return document(Table(tuple(told), head, columns="lllp"))


def _what_is_fitted(case: dict) -> str:
    rows = str(case["n"]) if case["n"] < 10_000 else f"{case['n']:,}".replace(",", " ")
    size = f"n = {rows}, d = {case['d']}"
    match case["group"], case["K"]:
        case ("batch", _):
            return f"{case['fits']} fits, {size}"
        case ("bags", _):
            return f"{case['fits']} bags of {case['rows']:.0f} rows, d = {case['d']}"
        case ("likelihood", _):
            return f"{case['fits']} fits without ridge, {size}"
        case ("single", 2):
            return f"one fit, two classes, {size}"
        case (_, 2):
            return f"{case['fits']} fits, two classes, {size}"
        case ("single", _):
            return f"one fit, {size}"
    return ""


def _ratios(case: dict, names: dict[str, str]) -> str:
    timed = _timed(case)
    if timed.get("lbfgs", {}).get("within_tolerance"):
        timed.pop("lbfgs, restarted", None)
    return ", ".join(
        "{median:.3g}{star} ({min:.3g}-{max:.3g}){called}".format(
            **timed[name]["ratio"],
            star="" if timed[name]["within_tolerance"] else "*",
            called=called,
        )
        for name, called in names.items()
        if name in timed
    )


def _timed(case: dict) -> dict:
    """Peers of a case that were timed; others are not installed, or were wrong."""
    return {name: peer for name, peer in case["peers"].items() if "ratio" in peer}


def _duration(us: float) -> str:
    return f"{us / 1000:.3g} ms" if us >= 1000 else f"{us:.3g} µs"


TABLES = {
    each.__name__: each
    for each in (
        *(schemes, intervals, advised, many, contest, verdicts, claims, bench, comparisons),
        cluster,
        goals,
    )
}
"""Documents by name."""
