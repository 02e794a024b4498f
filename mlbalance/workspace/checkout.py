"""Checkout of the repository: its root, the names of its studies, and each study by name."""

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

__all__ = ["CheckoutError", "checkout", "find", "names", "relative_path"]


class CheckoutError(InputError):
    """The current folder is not in a checkout, which holds the studies and figures."""


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
    """Names of the studies, sorted. Raises `CheckoutError` outside of a checkout."""
    files = (checkout() / "simulations").glob("*.py")
    return sorted(file.stem for file in files if not file.stem.startswith("_"))


def find(name: str) -> Study:
    """Load the study in `simulations/NAME.py`, as the file is now.

    Parameters
    ----------
    name : str

    Returns
    -------
    Study

    Raises
    ------
    CheckoutError
        Outside of a checkout.
    InputError
        For an unknown name, a file that cannot be run, and a file that defines no study of this
        name.
    """
    root = checkout()
    if name not in names():
        raise InputError(f"No study is named {name!r}; known are {', '.join(names())}.")
    # So that workers can import the file too, by the module name that it is loaded under.
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    file = root / "simulations" / f"{name}.py"
    _forget_bytecode(file.parent)
    return _study_of(_load(f"simulations.{name}", file), file)


def relative_path(path: Path) -> Path:
    """The path relative to the current folder; unchanged if it is outside."""
    try:
        return path.resolve().relative_to(Path.cwd())
    except ValueError:
        return path


def _forget_bytecode(folder: Path) -> None:
    """Delete cached bytecode, so that workers too compile the files as they are.

    Python takes bytecode as current if size and time, to the second, of the file are unchanged.
    """
    for file in folder.glob("*.py"):
        with suppress(OSError):  # the cache of another user cannot be deleted
            Path(importlib.util.cache_from_source(file)).unlink(missing_ok=True)


def _load(full: str, file: Path) -> ModuleType:
    """Run a file as a module. Raises `InputError` with the line that fails."""
    spec = importlib.util.spec_from_file_location(full, file)
    if spec is None or spec.loader is None:
        raise InputError(f"{relative_path(file)} cannot be read as Python.")
    module = sys.modules[full] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[full]
        what = error.msg if isinstance(error, SyntaxError) else str(error)
        raise InputError(f"{_place(error, file)}: {type(error).__name__}: {what}") from error
    return module


def _place(error: BaseException, file: Path) -> str:
    """File and line of an error, in the study file or a module beside it."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{relative_path(Path(error.filename))}, line {error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    ours = [at for at in frames if Path(at.filename).parent == file.parent]
    return (
        f"{relative_path(Path(ours[-1].filename))}, line {ours[-1].lineno}"
        if ours
        else f"{relative_path(file)}"
    )


def _study_of(module: ModuleType, file: Path) -> Study:
    from mlbalance.simulation import Study

    study = getattr(module, "STUDY", None)
    if not isinstance(study, Study):
        raise InputError(
            f"{relative_path(file)} defines no STUDY, which must be a simulation.Study."
        )
    if study.name != file.stem:
        raise InputError(
            f"{relative_path(file)} holds a study named {study.name!r}. Name it {file.stem!r}, "
            f"or the file {study.name}.py: stores, summaries and figures are found by that name."
        )
    return replace(study, file=str(file))
