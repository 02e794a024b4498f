"""Commands on the studies of a checkout: each calls `workspace`, prints and returns an exit code.

Errors are those of the function of the same name in `workspace`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mlbalance import workspace
from mlbalance.outputs import is_stdout
from mlbalance.workspace import Options, ReplayResult, relative_path

if TYPE_CHECKING:
    from mlbalance.simulation import Study

__all__ = ["export", "merge", "precision", "replay", "reproduce", "run", "status"]

_MOST_ERRORS = 5


def run(study: Study, options: Options) -> int:
    """Run a study, showing its progress; returns 130 if the user stopped it."""
    from mlbalance.cli.progress import progress_reporter

    with progress_reporter() as progress:
        try:
            ran = workspace.run(study, options, progress=progress, note=_note)
        except workspace.Interrupted as stopped:
            print(
                f"\n  stopped; {stopped.replicates} replicates are kept in "
                f"{relative_path(stopped.store)}, run to go on"
            )
            return 130
    if ran.summary is None:
        print(f"  {ran.seconds:.0f} s, {relative_path(ran.store)}, to be merged")
    else:
        print(f"  {ran.seconds:.0f} s, {relative_path(ran.summary)}")
    if ran.failures:
        print(f"  {ran.failures} rows have no estimate; they are counted in the summary")
    return 0


def merge(name: str, options: Options, sources: Sequence[Path]) -> int:
    """Merge the shards of a study."""
    merged = workspace.merge(name, options, sources, note=_note)
    for source in merged.sources:
        print(f"  {relative_path(source)}")
    print(f"  {relative_path(merged.store)}, {relative_path(merged.summary)}")
    if not merged.complete:
        print(f"  not all replications are there: see `mlbalance status {name}`")
    return 0


def status(name: str, options: Options) -> int:
    """Print the status of a study's store: progress, errors, and the runs that wrote to it."""
    found = workspace.status(name, options)
    print(f"{found.study}: {relative_path(found.path)}, {found.path.stat().st_size / 1e6:.1f} MB")
    width = max(len(cell.id) for cell in found.cells)
    print(f"  {'cell':{width}}  replicates       rows without an estimate")
    for id, done, failures in found.cells:
        print(f"  {id:{width}}  {done:>6} of {found.replications:<6} {failures:>8}")
    for failure in found.errors[:_MOST_ERRORS]:
        print(f"  error: {failure.method}, ridge {failure.ridge:g}: {failure.message}")
        print(f"    mlbalance replay {name} {failure.cell!r} {failure.replicate}")
    if len(found.errors) > _MOST_ERRORS:
        print(f"  and {len(found.errors) - _MOST_ERRORS} more errors")
    for session in found.sessions:
        print(
            f"  {session['started']} to {session['ended'] or 'an early end'}: version "
            f"{session.get('mlbalance', '?')}, {session['seconds']:.0f} s of work"
        )
        if "accepted" in session:
            print(f"    changed code was accepted: {', '.join(session['accepted'])}")
    return 0


def precision(name: str, options: Options, target: float) -> int:
    """Print the replications that every mean of a study needs for a Monte Carlo standard error."""
    needed = workspace.precision(name, options, target)
    print(f"{name}: replications for a Monte Carlo standard error of {target:g}")
    print(f"  {'outcome':20} {'at most':>9}  for the mean of (method, ridge, cell)")
    for column, (count, where) in needed.items():
        print(f"  {column:20} {count:>9}  {where}")
    return 0


def export(name: str, options: Options, target: Path) -> int:
    """Write every row of a study's store as CSV."""
    count = workspace.export(name, options, target)
    print(f"{count} rows, {target}", file=sys.stderr if is_stdout(target) else None)
    return 0


def replay(name: str, cell: str, replicate: int, options: Options) -> int:
    """Run one replicate alone and compare it with the store; returns 1 if it differs."""
    found = workspace.replay(name, cell, replicate, options)
    _print_rows(found)
    if not found.stored:
        print(f"no row of this replicate is stored in {relative_path(found.path)}")
    elif found.different:
        print(f"differs from the stored row: {', '.join(found.different)}")
    else:
        print(f"equals the {found.stored} rows stored in {relative_path(found.path)}, bit for bit")
    return int(bool(found.different))


def reproduce(*, quick: bool = False, jobs: int | None = None) -> int:
    """Check all proofs, run all studies and draw all figures."""
    return workspace.reproduce(run, quick=quick, jobs=jobs, note=print)


def _note(line: str) -> None:
    print(f"  {line}")


def _print_rows(found: ReplayResult) -> None:
    width = max(len(row.method) for row in found.rows)
    for row in found.rows:
        print(f"{row.method:{width}}  ridge {row.ridge:g}: {row.status} {row.message}".rstrip())
        if row.outcome is not None:
            pairs = zip(found.columns, row.outcome, strict=True)
            print("  " + ", ".join(f"{name} {value:.6g}" for name, value in pairs))
