"""The command `compare`: its arguments, their conversion, and what is printed and written."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlbalance.cli.usage import WIDTH, UsageError

if TYPE_CHECKING:
    from mlbalance.compare import Comparison
    from mlbalance.compare.tables import Table

__all__ = ["COMMAND"]


def _compare(given: argparse.Namespace) -> int:
    from mlbalance.cli.progress import progress_reporter
    from mlbalance.compare import compare, tables
    from mlbalance.extras import require

    require("mlbalance compare", "sklearn", "joblib")
    for path in (given.report, given.save):
        _check_folder(path)
    methods = _methods(given)
    table = tables.read(given.data, given.target, drop=given.drop, keep=given.keep)
    with progress_reporter("folds", "fits without an answer") as progress:
        found = compare(
            table,
            aim=_aim(given, table),
            methods=methods,
            repeats=given.repeats,
            folds=given.folds,
            budget=given.budget,
            jobs=given.jobs or os.cpu_count() or 1,
            dask=given.dask,
            seed=given.seed,
            store=given.store,
            progress=progress,
        )
    if given.json:
        import json

        print(json.dumps(found.to_dict(), indent=2, allow_nan=False))
    else:
        print(found.text(WIDTH, given.data.name, given.target))
    _write(given, found, table)
    return 0


def _write(given: argparse.Namespace, found: Comparison, table: Table) -> None:
    """Write the report and the fit of the recommended method, where they are asked for."""
    from mlbalance.outputs import open_for_writing

    if given.report is not None:
        with open_for_writing(given.report) as file:
            file.write(found.html(given.data.name, given.target))
        print(f"  report: {given.report}", file=sys.stderr)
    if given.save is not None:
        from mlbalance.compare.run import save

        save(found, table, given.save)
        print(f"  {found.recommendation.method}, fitted to all rows: {given.save}", file=sys.stderr)


def _check_folder(path: Path | None) -> None:
    """Raise before the work what would be raised after it."""
    if path is not None and not path.resolve().parent.is_dir():
        raise UsageError(
            f"{path} cannot be written: there is no folder {path.resolve().parent}. Make it, or "
            "name another file."
        )
    if path is not None and path.is_dir():
        raise UsageError(f"{path} cannot be written: it is a folder. Name a file in it.")


def _methods(given: argparse.Namespace) -> list[Any] | None:
    words = [name for word in given.methods or () for name in word.split(",") if name]
    own = [(_name(word), _estimator(word)) for word in given.estimator or ()]
    if not words and not own:
        return None
    return [*(words or ["default"]), *own]


def _name(word: str) -> str:
    return word.partition("=")[0] if "=" in word else word.rpartition(":")[2]


def _estimator(word: str) -> Any:
    """Classifier of `[NAME=]MODULE:CLASS`, made without arguments."""
    module, colon, name = word.rpartition("=")[2].partition(":")
    if not (module and colon and name):
        raise UsageError(
            f"--estimator takes MODULE:CLASS, as sklearn.naive_bayes:GaussianNB; it is {word!r}."
        )
    folder = os.getcwd()
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        found = getattr(import_module(module), name)
    except ImportError as error:
        raise UsageError(f"--estimator {word}: {module} cannot be imported ({error}).") from None
    except AttributeError:
        raise UsageError(f"--estimator {word}: {module} has no {name}.") from None
    try:
        return found()
    except TypeError as error:
        raise UsageError(
            f"--estimator {word}: {name}() cannot be made without arguments ({error}). Name a "
            "function of your own that returns the classifier."
        ) from None


def _aim(given: argparse.Namespace, table: Table) -> Any:
    if given.costs is None and given.aim_prior is None:
        return given.aim
    if given.costs is not None and given.aim_prior is not None:
        raise UsageError("Give --costs or --aim-prior, not both: either one is the aim.")
    if given.aim_prior is not None:
        return _by_label("--aim-prior", given.aim_prior, table)
    from mlbalance.compare import cost_prior

    return cost_prior(_by_label("--costs", given.costs, table), table.y)


def _by_label(option: str, words: list[str], table: Table) -> dict[Any, float]:
    """Numbers by label, from words LABEL=NUMBER."""
    labels = {str(label): label for label in table.y.tolist()}
    found = {}
    for word in words:
        name, _, number = word.rpartition("=")
        try:
            found[labels.get(name, name)] = float(number)
        except ValueError:
            raise UsageError(
                f"{option} takes LABEL=NUMBER for every class, as in {option} ill=5 well=1; "
                f"{word!r} is not."
            ) from None
    return found


def _arguments(command: argparse.ArgumentParser) -> None:
    from mlbalance.cli.studies import dask_argument, jobs, path, seconds, whole

    add = command.add_argument
    add("data", type=path, metavar="DATA", help="CSV, TSV or Parquet file with a line of names")
    add("--target", required=True, metavar="COLUMN", help="the column of labels")
    add(
        "--aim",
        choices=("balanced", "natural"),
        default="balanced",
        help="what is judged: balanced error (default), or natural probabilities by their log-loss",
    )
    add("--aim-prior", nargs="+", metavar="LABEL=P", help="error at this prior of the classes")
    add("--costs", nargs="+", metavar="LABEL=C", help="mean cost, of errors on rows of each class")
    add("--methods", nargs="+", metavar="NAME",
        help="of these alone: ids, or linear, losses, learners, samplers, all (default: every kind "
        "once)")  # fmt: skip
    add("--estimator", action="append", metavar="[NAME=]MODULE:CLASS",
        help="a classifier of your own too; can be repeated")  # fmt: skip
    add("--repeats", type=lambda word: whole(word, 1, 1000), default=5, metavar="R",
        help="of the folds (default: 5)")  # fmt: skip
    add("--folds", type=lambda word: whole(word, 2, 1000), default=5, metavar="F",
        help="per repeat (default: 5)")  # fmt: skip
    add("--budget", type=seconds, metavar="S", help="stop after so many seconds")
    add("--jobs", type=jobs, metavar="N", help="processes (default: one per core)")
    dask_argument(command)
    add("--seed", type=lambda word: whole(word, 0, 10**9), default=0, metavar="N",
        help="of folds and methods (default: 0)")  # fmt: skip
    add("--drop", nargs="+", default=[], metavar="COLUMN", help="columns to leave out")
    add("--keep", nargs="+", default=[], metavar="COLUMN",
        help="columns to keep although they look like identifiers or the target")  # fmt: skip
    add("--store", type=path, metavar="FOLDER",
        help="keep every fold there, and go on from those that are there")  # fmt: skip
    add("--json", action="store_true", help="all numbers, in full precision")
    add("--report", type=path, metavar="FILE", help="write the report, one HTML page")
    add("--save", type=path, metavar="FILE",
        help="write the recommended method, fitted to all rows (joblib)")  # fmt: skip


COMMAND = (_compare, "which method for this data, on the same folds", _arguments)
