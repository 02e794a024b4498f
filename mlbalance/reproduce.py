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
    root, names = studies.checkout(), studies.names()
    steps = len(names) + 2
    print(f"[1/{steps}] proofs")
    if _proofs():
        return 1
    for number, name in enumerate(names, start=2):
        print(f"[{number}/{steps}] study {name}")
        if code := studies.run(studies.find(name), studies.Options(quick=quick, jobs=jobs)):
            return code
    print(f"[{steps}/{steps}] figures")
    return _figures(root, quick)


def _proofs() -> int:
    from mlbalance.derivations import check_all, tally

    results = check_all()
    false = [label for label, steps in results.items() if tally.failed(steps)]
    for label in false:
        print(f"  {label} has a step that does not hold: see `mlbalance derive {label}`")
    for line in tally.lines(results):
        print(f"  {line}")
    return int(bool(false))


def _figures(root: Path, quick: bool) -> int:
    out = root / ("build/quick/figures" if quick else "paper/generated")
    out.mkdir(parents=True, exist_ok=True)
    for name in studies.names():
        script = root / "paper" / "figures" / f"{name}.py"
        command = [sys.executable, str(script), str(studies.results_folder(quick)), str(out)]
        if subprocess.run(command, check=False).returncode:
            return 1
        print(f"  {(out / f'{name}.png').relative_to(root)}")
    return 0
