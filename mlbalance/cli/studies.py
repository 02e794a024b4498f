"""Commands on the studies of a checkout: their arguments and the conversion of these."""

from __future__ import annotations

import argparse
import math
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlbalance.cli.usage import Parser, exit_code, standard_streams

if TYPE_CHECKING:
    from mlbalance.simulation import Study

__all__ = ["COMMANDS", "dask_argument", "jobs", "main", "path", "seconds", "whole"]


def main(study: Study) -> None:
    """Command line of a study file: `python simulations/NAME.py [--quick] [--jobs N]`.

    Exits with the code of `cli.usage.exit_code`.

    Parameters
    ----------
    study : Study
        Defined in the file.
    """
    from mlbalance import workspace
    from mlbalance.cli import runs

    parser = Parser(description=study.aim, allow_abbrev=False)
    _all_run_arguments(parser)

    def run() -> int:
        given = parser.parse_args()
        # Loaded by name, so that workers can import the file.
        return runs.run(workspace.find(Path(sys.argv[0]).stem), _options(given))

    standard_streams()
    parser.exit(exit_code(study.name, run))


def _options(given: argparse.Namespace) -> Any:
    """The options that were given, as `mlbalance.workspace.Options`."""
    from mlbalance.workspace import Options

    known = vars(given)
    return Options(
        **{k: known[k] for k in Options.__dataclass_fields__ if known.get(k) is not None}
    )


def _all_run_arguments(command: argparse.ArgumentParser) -> None:
    """Arguments of a run of one study."""
    _running_arguments(command)
    _store_argument(command)
    add = command.add_argument
    add("--reps", type=_replications, metavar="N", help="replications, instead of the study's")
    add("--shard", type=_shard, metavar="I/N", help="only the I-th of N parts, for job arrays; "
        '"auto" reads SLURM_ARRAY_TASK_ID')  # fmt: skip
    dask_argument(command)
    add("--fresh", action="store_true", help="delete the store first")
    add("--retry", action="store_true", help="run again the rows that ended in an error")
    add("--accept-changed-code", action="store_true", help="keep rows that other code of the "
        "study made; this is recorded")  # fmt: skip
    add("--max-errors", type=_number, metavar="N", help="stop when more rows end in an error")
    add("--timeout", type=seconds, metavar="S", help="end the run when a block takes longer")


def dask_argument(command: argparse.ArgumentParser) -> None:
    """Argument of what can be done on other machines."""
    command.add_argument(
        "--dask",
        type=_address,
        metavar="ADDRESS",
        help="work on the workers of this dask scheduler",
    )


def _running_arguments(command: argparse.ArgumentParser) -> None:
    """Arguments of a run of one or all studies."""
    _quick_argument(command)
    command.add_argument("--jobs", type=jobs, metavar="N", help="processes (default: one per core)")


def _quick_argument(command: argparse.ArgumentParser) -> None:
    command.add_argument("--quick", action="store_true", help="few replications and small cells")


def _store_argument(command: argparse.ArgumentParser) -> None:
    command.add_argument("--store", type=path, metavar="FILE", help="default: build/stores/NAME")


def _name_argument(command: argparse.ArgumentParser) -> None:
    command.add_argument("name", metavar="NAME", help="a file of simulations/, without .py")


def _run_arguments(command: argparse.ArgumentParser) -> None:
    _name_argument(command)
    _all_run_arguments(command)


def _stored_arguments(command: argparse.ArgumentParser) -> None:
    _name_argument(command)
    _quick_argument(command)
    _store_argument(command)


def _status_arguments(command: argparse.ArgumentParser) -> None:
    _stored_arguments(command)
    command.add_argument(
        "--target-mcse",
        type=_positive,
        metavar="S",
        help="print the replications that means need for this Monte Carlo standard error",
    )


def _export_arguments(command: argparse.ArgumentParser) -> None:
    _stored_arguments(command)
    command.add_argument("--csv", type=path, required=True, metavar="FILE", help="file to write")


def _merge_arguments(command: argparse.ArgumentParser) -> None:
    _stored_arguments(command)
    command.add_argument("--from", dest="sources", nargs="+", type=path, default=[],
        metavar="FILE", help="stores of the shards (default: all beside its store)")  # fmt: skip


def _replay_arguments(command: argparse.ArgumentParser) -> None:
    _name_argument(command)
    command.add_argument("cell", metavar="CELL", help="its name, in quotes")
    command.add_argument("replicate", type=_number, metavar="REP", help="its number, from 0")
    _quick_argument(command)
    _store_argument(command)


def _run(given: argparse.Namespace) -> int:
    from mlbalance import workspace
    from mlbalance.cli import runs

    return runs.run(workspace.find(given.name), _options(given))


def _status(given: argparse.Namespace) -> int:
    from mlbalance.cli import runs

    if given.target_mcse is not None:
        return runs.precision(given.name, _options(given), given.target_mcse)
    return runs.status(given.name, _options(given))


def _export(given: argparse.Namespace) -> int:
    from mlbalance.cli import runs

    return runs.export(given.name, _options(given), given.csv)


def _merge(given: argparse.Namespace) -> int:
    from mlbalance.cli import runs

    return runs.merge(given.name, _options(given), given.sources)


def _replay(given: argparse.Namespace) -> int:
    from mlbalance.cli import runs

    return runs.replay(given.name, given.cell, given.replicate, _options(given))


def whole(word: str, least: int, most: int) -> int:
    """Whole number from `least` to `most`.

    Parameters
    ----------
    word
        Of the command line.
    least, most
        Limits.

    Raises
    ------
    ArgumentTypeError
        For another word.
    """
    if not word.isdecimal() or (len(word) <= 12 and int(word) < least):
        raise argparse.ArgumentTypeError(
            f"a whole number from {least} on is needed, not {word[:40]!r}"
        )
    if len(word) > 12 or int(word) > most:
        raise argparse.ArgumentTypeError(f"it can be {most:,} at most, not {word[:40]}")
    return int(word)


def jobs(word: str) -> int:
    """Number of processes.

    Parameters
    ----------
    word
        Of the command line.

    Raises
    ------
    ArgumentTypeError
        For another word.
    """
    return whole(word, 1, 1000)


def _replications(word: str) -> int:
    return whole(word, 2, 10**6)


def _number(word: str) -> int:
    return whole(word, 0, 10**9)


def _positive(word: str) -> float:
    try:
        number = 0.0 if "_" in word else float(word)
    except ValueError:
        number = 0.0
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"a number above 0 is needed, not {word[:40]!r}")
    return number


def seconds(word: str) -> float:
    """Positive number of seconds.

    Parameters
    ----------
    word
        Of the command line.

    Raises
    ------
    ArgumentTypeError
        For another word.
    """
    number = _positive(word)
    if number > 1e8:
        raise argparse.ArgumentTypeError(f"it can be 1e8 seconds at most, not {word[:40]}")
    return number


def path(word: str) -> Path:
    """Path of a file.

    Parameters
    ----------
    word
        Of the command line.

    Raises
    ------
    ArgumentTypeError
        For another word.
    """
    if not word:
        raise argparse.ArgumentTypeError("the name of a file is needed, not ''")
    return Path(word)


def _address(word: str) -> str:
    if not word.strip():
        raise argparse.ArgumentTypeError("an address such as tcp://HOST:8786 is needed, not ''")
    return word


def _shard(word: str) -> tuple[int, int]:
    if word == "auto":
        return _array_task()
    found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", word)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise argparse.ArgumentTypeError(
            f"a part such as 2/8, or auto, is needed, not {word[:40]!r}"
        )
    return int(found[1]), int(found[2])


def _array_task() -> tuple[int, int]:
    """Shard of this task of a Slurm job array, all tasks of which must run."""
    names = [f"SLURM_ARRAY_TASK_{name}" for name in ("ID", "MIN", "MAX", "COUNT", "STEP")]
    try:
        task, least, most, count, step = (
            int(os.environ.get(name, "1" if name.endswith("STEP") else "")) for name in names
        )
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"auto needs {', '.join(names[:-1])}, as Slurm sets them in a job array; elsewhere "
            "give I/N"
        ) from None
    if step != 1 or least not in (0, 1) or count != most - least + 1 or count == 1:
        raise argparse.ArgumentTypeError(
            f"auto needs a whole array, 0-N or 1-N; this is {count} of the tasks {least} to {most}"
            f"{f' in steps of {step}' if step != 1 else ''}. Give I/N, N being the parts in all"
        )
    return task - least + 1, count


def _reproduce(given: argparse.Namespace) -> int:
    from mlbalance.cli import runs

    options = {"quick": given.quick, "jobs": given.jobs, "figures": given.figures}
    return runs.reproduce(name=given.name, **options)


def _reproduce_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "name", nargs="?", metavar="FIGURE", help="one figure and its study (default: all)"
    )
    command.add_argument(
        "--figures", action="store_true", help="only draw, from the summaries that are there"
    )
    _running_arguments(command)


def _verify(given: argparse.Namespace) -> int:
    from mlbalance.cli import runs

    return runs.verify(given.names, quick=given.quick, jobs=given.jobs)


def _verify_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "names", nargs="*", metavar="NAME", help="files of simulations/ (default: all)"
    )
    _running_arguments(command)


Arguments = Callable[[argparse.ArgumentParser], None]
COMMANDS: dict[str, tuple[Callable[[argparse.Namespace], int], str, Arguments]] = {
    "run": (_run, "run one study, or resume it", _run_arguments),
    "status": (_status, "progress and failures of a study", _status_arguments),
    "export": (_export, "write every row of a study as CSV", _export_arguments),
    "merge": (_merge, "merge the shards of a study", _merge_arguments),
    "replay": (_replay, "run one replicate alone and compare", _replay_arguments),
    "reproduce": (_reproduce, "proofs, studies and figures of a checkout", _reproduce_arguments),
    "verify": (_verify, "a fresh run against the committed numbers", _verify_arguments),
}
