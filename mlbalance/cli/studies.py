"""Commands about the studies of a checkout: their words, and what these mean."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlbalance.inputs import InputError

if TYPE_CHECKING:
    from mlbalance.simulation import Study

__all__ = ["COMMANDS", "main"]


def main(study: Study) -> None:
    """Command line of a study file: `python simulations/NAME.py [--quick] [--jobs N]`."""
    from mlbalance import studies

    parser = argparse.ArgumentParser(description=study.aim, allow_abbrev=False)
    _all_run_arguments(parser)
    given = parser.parse_args()
    try:
        # Found by its name, so that workers can import what the file defines.
        parser.exit(studies.run(studies.find(study.name), _options(given)))
    except InputError as error:
        parser.exit(error.exit_code, f"{study.name}: {' '.join(str(error).split())}\n")


def _options(given: argparse.Namespace) -> Any:
    """What was asked for, as `mlbalance.studies.Options`."""
    from mlbalance.studies import Options

    known = vars(given)
    return Options(
        **{k: known[k] for k in Options.__dataclass_fields__ if known.get(k) is not None}
    )


def _all_run_arguments(command: argparse.ArgumentParser) -> None:
    """All that running a study can be told."""
    _running_arguments(command)
    _store_argument(command)
    add = command.add_argument
    add("--reps", type=_count, metavar="N", help="replications, instead of the study's")
    add("--shard", type=_shard, metavar="I/N", help="only the I-th of N parts, for job arrays; "
        '"auto" reads SLURM_ARRAY_TASK_ID')  # fmt: skip
    add("--dask", metavar="ADDRESS", help="work on the workers of this dask scheduler")
    add("--fresh", action="store_true", help="begin anew: delete what the store has")
    add("--retry", action="store_true", help="run anew what ended in an error")
    add("--accept-changed-code", action="store_true", help="keep rows that the study's code as it "
        "was has made; this is recorded")  # fmt: skip
    add("--max-errors", type=_number, metavar="N", help="stop when more rows end in an error")
    add("--timeout", type=_positive, metavar="S", help="end the run when a block takes longer")


def _running_arguments(command: argparse.ArgumentParser) -> None:
    """What running any number of studies can be told."""
    _quick_argument(command)
    command.add_argument("--jobs", type=_count, metavar="N", help="processes (default: one a core)")


def _quick_argument(command: argparse.ArgumentParser) -> None:
    command.add_argument("--quick", action="store_true", help="few replications and small cells")


def _store_argument(command: argparse.ArgumentParser) -> None:
    command.add_argument("--store", type=Path, metavar="FILE", help="default: build/stores/NAME")


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
        help="say how many replications means need for this Monte Carlo standard error",
    )


def _export_arguments(command: argparse.ArgumentParser) -> None:
    _stored_arguments(command)
    command.add_argument("--csv", type=Path, required=True, metavar="FILE", help="file to write")


def _merge_arguments(command: argparse.ArgumentParser) -> None:
    _stored_arguments(command)
    command.add_argument("--from", dest="sources", nargs="+", type=Path, default=[], metavar="FILE",
        help="stores of the shards (default: those beside the study's own)")  # fmt: skip


def _replay_arguments(command: argparse.ArgumentParser) -> None:
    _name_argument(command)
    command.add_argument("cell", metavar="CELL", help="its name, in quotes")
    command.add_argument("replicate", type=_number, metavar="REP", help="its number, from 0")
    _quick_argument(command)
    _store_argument(command)


def _run(given: argparse.Namespace) -> int:
    from mlbalance import studies

    return studies.run(studies.find(given.name), _options(given))


def _status(given: argparse.Namespace) -> int:
    from mlbalance import stored

    if given.target_mcse is not None:
        return stored.precision(given.name, _options(given), given.target_mcse)
    return stored.status(given.name, _options(given))


def _export(given: argparse.Namespace) -> int:
    from mlbalance import stored

    return stored.export(given.name, _options(given), given.csv)


def _merge(given: argparse.Namespace) -> int:
    from mlbalance import studies

    return studies.merge(given.name, _options(given), given.sources)


def _replay(given: argparse.Namespace) -> int:
    from mlbalance import stored

    return stored.replay(given.name, given.cell, given.replicate, _options(given))


def _count(word: str) -> int:
    if not word.isdecimal() or int(word) < 1:
        raise argparse.ArgumentTypeError(f"a whole number from 1 on is needed, not {word!r}")
    return int(word)


def _number(word: str) -> int:
    if not word.isdecimal():
        raise argparse.ArgumentTypeError(f"a whole number from 0 on is needed, not {word!r}")
    return int(word)


def _positive(word: str) -> float:
    try:
        number = float(word)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"a number above 0 is needed, not {word!r}")
    return number


def _shard(word: str) -> tuple[int, int]:
    if word == "auto":
        return _array_task()
    found = re.fullmatch(r"(\d+)/(\d+)", word)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise argparse.ArgumentTypeError(f"a part such as 2/8, or auto, is needed, not {word!r}")
    return int(found[1]), int(found[2])


def _array_task() -> tuple[int, int]:
    """The part of this task of a Slurm job array, which must be the whole array."""
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
    from mlbalance import reproduce

    return reproduce.reproduce(quick=given.quick, jobs=given.jobs)


Arguments = Callable[[argparse.ArgumentParser], None]
COMMANDS: dict[str, tuple[Callable[[argparse.Namespace], int], str, Arguments]] = {
    "run": (_run, "run one study, or go on with it", _run_arguments),
    "status": (_status, "how far a study is, and what failed", _status_arguments),
    "export": (_export, "every row of a study as CSV", _export_arguments),
    "merge": (_merge, "bring the shards of a study together", _merge_arguments),
    "replay": (_replay, "run one replicate alone and compare", _replay_arguments),
    "reproduce": (_reproduce, "proofs, studies and figures of a checkout", _running_arguments),
}
