"""Reproduction of all results of a checkout: proofs, studies and figures."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from mlbalance.workspace.checkout import checkout, find, names
from mlbalance.workspace.options import Options, results_folder

if TYPE_CHECKING:
    from mlbalance.simulation import Study

__all__ = ["check_proofs", "draw", "reproduce"]


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
    return int(not draw((study.name for study in found), quick, note, jobs=jobs))


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


def draw(
    names: Iterable[str], quick: bool, note: Callable[[str], None], *, jobs: int | None = None
) -> bool:
    """Draw the figures of studies from their summaries, each in a process of its own.

    Parameters
    ----------
    names
        Of the studies.
    quick
        Whether the summaries are those of the quick versions.
    note
        Called with what each script prints and the path of its figure, or with a line that a study
        has no script, in the order of the names.
    jobs
        Processes at a time; one per core if not given.

    Returns
    -------
    Whether all is well: False where a script failed, as where results contradict the caption.
    """
    from mlbalance.simulation.workers import ONE_THREAD

    root = checkout()
    out = root / ("build/quick/figures" if quick else "paper/generated")
    out.mkdir(parents=True, exist_ok=True)

    def drawn(name: str) -> tuple[bool, str]:
        script = root / "paper" / "figures" / f"{name}.py"
        if not script.is_file():
            return True, f"  no figure of {name}: there is no {script.relative_to(root)}"
        command = [sys.executable, str(script), str(results_folder(quick)), str(out)]
        env = {**os.environ, **ONE_THREAD}
        ran = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True, env=env)
        figure = "" if ran.returncode else f"  {(out / f'{name}.png').relative_to(root)}"
        return not ran.returncode, f"{ran.stdout}{figure}".rstrip()

    good = True
    with ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
        for well, said in pool.map(drawn, names):
            good = good and well
            if said:
                note(said)
    return good
