"""Reproduction of all results of a checkout: proofs, studies and figures."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from mlbalance.workspace.checkout import checkout, find, names
from mlbalance.workspace.options import Options, results_folder

if TYPE_CHECKING:
    from mlbalance.simulation import Study

__all__ = ["check_proofs", "draw", "draw_all", "reproduce"]


def reproduce(
    run: Callable[[Study, Options], int],
    *,
    quick: bool = False,
    jobs: int | None = None,
    note: Callable[[str], None],
) -> int:
    """Check all proofs, run all studies and draw all figures.

    Results go to `simulations/results` and `paper/generated`, those of a quick run to
    `build/quick`. Of a long study a tenth of the replications is run, for `build/other`; its figure
    is drawn from the summary that is there.

    Parameters
    ----------
    run
        Runs one study and returns an exit code; the first one that is not 0 is returned at once.
    quick
        Whether studies are run in their quick version.
    jobs
        Processes; one per core if not given.
    note
        Called with progress messages, one line each.

    Returns
    -------
    Exit code: 0 for success, 1 if a step of a proof does not hold or a figure was not drawn.

    Raises
    ------
    CheckoutError
        Outside of a checkout.
    """
    found = [find(name) for name in names()]  # all, before hours are spent on one
    steps = len(found) + 2
    note(f"[1/{steps}] proofs")
    if not check_proofs(note):
        return 1
    for number, study in enumerate(found, start=2):
        note(f"[{number}/{steps}] study {study.name}")
        reps = study.tenth if study.long and not quick else None
        if code := run(study, Options(quick=quick, jobs=jobs, reps=reps)):
            return code
    note(f"[{steps}/{steps}] figures")
    return draw_all(quick, note)


def draw_all(quick: bool, note: Callable[[str], None]) -> int:
    """Draw the figures of all studies from their summaries.

    Parameters
    ----------
    quick
        Whether the summaries are those of the quick versions.
    note
        As of `draw`.

    Returns
    -------
    0, or 1 if a figure was not drawn.
    """
    drawn = [draw(name, quick, note) for name in names()]
    return 0 if all(drawn) else 1


def check_proofs(note: Callable[[str], None]) -> bool:
    """Check every step of every proof.

    Parameters
    ----------
    note
        Called with the proofs that fail and the totals, one line each.

    Returns
    -------
    Whether all steps hold.
    """
    from mlbalance.derivations import check_all
    from mlbalance.derivations.engine import tally

    results = check_all()
    false = [label for label, steps in results.items() if tally.failed(steps)]
    for label in false:
        note(f"  {label} has a step that does not hold: see `mlbalance derive {label}`")
    for line in tally.lines(results):
        note(f"  {line}")
    return not false


def draw(name: str, quick: bool, note: Callable[[str], None]) -> bool:
    """Draw the figure of a study from its summary, in a process of its own.

    Parameters
    ----------
    name
        Of the study.
    quick
        Whether the summary is that of the quick version.
    note
        Called with the path of the figure, or with a line that the study has no script.

    Returns
    -------
    Whether all is well: False where the script failed, as where results contradict the caption.
    """
    root = checkout()
    out = root / ("build/quick/figures" if quick else "paper/generated")
    out.mkdir(parents=True, exist_ok=True)
    script = root / "paper" / "figures" / f"{name}.py"
    if not script.is_file():
        note(f"  no figure of {name}: there is no {script.relative_to(root)}")
        return True
    command = [sys.executable, str(script), str(results_folder(quick)), str(out)]
    if subprocess.run(command, check=False).returncode:
        return False
    note(f"  {(out / f'{name}.png').relative_to(root)}")
    return True
