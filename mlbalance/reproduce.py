"""From nothing to the figures: proofs, studies and pictures of a checkout, in one command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from mlbalance import studies

__all__ = ["reproduce"]


def reproduce(*, quick: bool = False, jobs: int | None = None) -> int:
    """Prove, simulate and draw everything; 0 if all of it worked.

    Full results go to `simulations/results` and `paper/generated`, those of a quick run to
    `build/quick`. `jobs` processes, one a core if not given. Raises `CheckoutError` elsewhere.
    """
    root = studies.checkout()
    found = [studies.find(name) for name in studies.names()]  # all, before hours are spent on one
    steps = len(found) + 2
    print(f"[1/{steps}] proofs")
    if _proofs():
        return 1
    for number, study in enumerate(found, start=2):
        print(f"[{number}/{steps}] study {study.name}")
        if code := studies.run(study, studies.Options(quick=quick, jobs=jobs)):
            return code
    print(f"[{steps}/{steps}] figures")
    return _figures(root, quick)


def _proofs() -> int:
    from mlbalance.derivations import check_all
    from mlbalance.derivations.engine import tally

    results = check_all()
    false = [label for label, steps in results.items() if tally.failed(steps)]
    for label in false:
        print(f"  {label} has a step that does not hold: see `mlbalance derive {label}`")
    for line in tally.lines(results):
        print(f"  {line}")
    return int(bool(false))


def _figures(root: Path, quick: bool) -> int:
    """Draw the figure of every study that has a script for one; 1 if one refuses."""
    out = root / ("build/quick/figures" if quick else "paper/generated")
    out.mkdir(parents=True, exist_ok=True)
    failed = 0
    for name in studies.names():
        script = root / "paper" / "figures" / f"{name}.py"
        if not script.is_file():
            print(f"  no figure of {name}: there is no {script.relative_to(root)}")
            continue
        command = [sys.executable, str(script), str(studies.results_folder(quick)), str(out)]
        if subprocess.run(command, check=False).returncode:
            failed = 1
        else:
            print(f"  {(out / f'{name}.png').relative_to(root)}")
    return failed
