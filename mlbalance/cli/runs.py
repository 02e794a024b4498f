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

__all__ = ["export", "merge", "precision", "replay", "reproduce", "run", "status", "verify"]

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


def reproduce(
    name: str | None = None,
    *,
    quick: bool = False,
    jobs: int | None = None,
    figures: bool = False,
) -> int:
    """Check all proofs, run all studies and draw all figures, or one; then tell all claims.

    With a name only its study is run and drawn; with `figures` nothing is run.
    """
    if name is not None:
        study = workspace.find(name)
        code = 0 if figures else run(study, Options(quick=quick, jobs=jobs))
        return code or int(not workspace.draw([name], quick, print))
    if figures:
        code = int(not workspace.draw(workspace.names(), quick, print, jobs=jobs))
    else:
        code = workspace.reproduce(run, quick=quick, jobs=jobs, note=print)
    _tell_claims(quick)
    return code


def _tell_claims(quick: bool) -> None:
    """Print the claims table and write it as Markdown, if the figures of claims were drawn."""
    from mlbalance.documents import evidence_table
    from mlbalance.report import markdown, text

    lines = workspace.evidence(quick)
    if not lines:
        return
    document = evidence_table(lines)
    path = workspace.checkout() / ("build/quick/claims.md" if quick else "paper/claims.md")
    head = (
        "<!-- Generated by `mlbalance reproduce`; do not edit. -->\n\n# Claims and observations\n\n"
    )
    path.write_text(head + markdown.render(document), "utf-8")
    print(f"\n{text.render(document, 100, margin=0)}\n  {relative_path(path)}")


def verify(names: Sequence[str], *, quick: bool = False, jobs: int | None = None) -> int:
    """Run studies afresh and compare their summaries with the committed ones, number by number."""
    studies = [workspace.find(name) for name in names or workspace.names()]
    wrong = 0
    for study in studies:
        reps = study.tenth if study.long and not quick else None
        store = workspace.fresh_store(study.name)
        store.parent.mkdir(parents=True, exist_ok=True)
        print(study.name)
        given = Options(quick=quick, jobs=jobs, reps=reps, store=store, fresh=True)
        if code := run(study, given):
            return code
        found = workspace.verify(
            study.name, workspace.checkout() / "build" / "other" / f"{study.name}.csv"
        )
        _tell_verification(found)
        wrong += bool(found.beyond)
    return int(wrong > 0)


def _tell_verification(found: workspace.Verification) -> None:
    limit = f"within {found.limit:.3g} errors" if found.limit else "to be equal"
    print(f"  {found.numbers} numbers, {found.equal} equal, {len(found.beyond)} not {limit}")
    for each in found.beyond[:_MOST_ERRORS]:
        row = each.row
        print(
            f"    {row.metric} {row.estimand}, {row.method}, {row.cell}: {row.value:.6g}, "
            f"committed {each.committed:.6g}, z {each.z:.2f}"
        )
    if len(found.beyond) > _MOST_ERRORS:
        print(f"    and {len(found.beyond) - _MOST_ERRORS} more")
    if found.beyond and not found.limit:
        print("    the libraries are the same: the code differs, or BLAS has another kernel")


def _note(line: str) -> None:
    print(f"  {line}")


def _print_rows(found: ReplayResult) -> None:
    width = max(len(row.method) for row in found.rows)
    for row in found.rows:
        print(f"{row.method:{width}}  ridge {row.ridge:g}: {row.status} {row.message}".rstrip())
        if row.outcome is not None:
            pairs = zip(found.columns, row.outcome, strict=True)
            print("  " + ", ".join(f"{name} {value:.6g}" for name, value in pairs))
