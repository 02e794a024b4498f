"""Where a checkout keeps its studies: its root, their names, and each as its file is now."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from mlbalance.inputs import InputError

if TYPE_CHECKING:
    from mlbalance.simulation import Study

__all__ = ["CheckoutError", "checkout", "find", "names", "shown"]


class CheckoutError(InputError):
    """Studies and figures live in a checkout, and there is none here."""


def checkout() -> Path:
    """Root of the checkout that holds the current folder. Raises `CheckoutError` if none does."""
    try:
        here = Path.cwd()
    except FileNotFoundError:
        raise CheckoutError("The current folder was deleted; go to one that is there.") from None
    for folder in (here, *here.parents):
        if (folder / "mlbalance").is_dir() and (folder / "simulations/six_classes.py").is_file():
            return folder
    raise CheckoutError(
        f"{here} is not in a checkout of mlbalance, where the studies and figures are. "
        "Clone it and run the command there."
    )


def names() -> list[str]:
    """Names of the studies there are."""
    files = (checkout() / "simulations").glob("*.py")
    return sorted(file.stem for file in files if not file.stem.startswith("_"))


def find(name: str) -> Study:
    """The study in `simulations/NAME.py`, as it is written there now.

    Raises `InputError` for an unknown one, and where the file is no study of that name.
    """
    root = checkout()
    if name not in names():
        raise InputError(f"No study is named {name!r}; known are {', '.join(names())}.")
    # Under the name by which workers can import what the file defines.
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    file = root / "simulations" / f"{name}.py"
    _forget_bytecode(file.parent)
    return _study_of(_loaded(f"simulations.{name}", file), file)


def shown(path: Path) -> Path:
    """A path as short as it can be from here."""
    try:
        return path.resolve().relative_to(Path.cwd())
    except ValueError:
        return path


def _forget_bytecode(folder: Path) -> None:
    """Have everything in a folder compiled anew, by workers too.

    Python takes cached bytecode for that of a file of the same size and the same second.
    """
    for file in folder.glob("*.py"):
        with suppress(OSError):  # of another user, who may have edited neither
            Path(importlib.util.cache_from_source(file)).unlink(missing_ok=True)


def _loaded(full: str, file: Path) -> ModuleType:
    """The module of a file. Raises `InputError` with the line that does not work."""
    spec = importlib.util.spec_from_file_location(full, file)
    if spec is None or spec.loader is None:
        raise InputError(f"{shown(file)} cannot be read as Python.")
    module = sys.modules[full] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[full]
        what = error.msg if isinstance(error, SyntaxError) else str(error)
        raise InputError(f"{_place(error, file)}: {type(error).__name__}: {what}") from error
    return module


def _place(error: BaseException, file: Path) -> str:
    """File and line of the study, or of a module beside it, that an error came from."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{shown(Path(error.filename))}, line {error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    ours = [at for at in frames if Path(at.filename).parent == file.parent]
    return f"{shown(Path(ours[-1].filename))}, line {ours[-1].lineno}" if ours else f"{shown(file)}"


def _study_of(module: ModuleType, file: Path) -> Study:
    from mlbalance.simulation import Study

    study = getattr(module, "STUDY", None)
    if not isinstance(study, Study):
        raise InputError(f"{shown(file)} defines no STUDY, which must be a simulation.Study.")
    if study.name != file.stem:
        raise InputError(
            f"{shown(file)} holds a study named {study.name!r}. Name it {file.stem!r}, or the file "
            f"{study.name}.py: stores, summaries and figures are found by that name."
        )
    return replace(study, file=str(file))
