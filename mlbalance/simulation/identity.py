"""Identity of a store: the study, version, columns, values and code that its rows depend on."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from mlbalance import __version__
from mlbalance.simulation.code import changes
from mlbalance.simulation.database import StoreError
from mlbalance.simulation.records import Quantity
from mlbalance.simulation.study import Study

__all__ = ["Identity"]


class Identity(NamedTuple):
    """Study, version, columns, values and code that the rows of a store depend on."""

    study: str
    version: str
    columns: tuple[Quantity, ...]
    description: dict[str, str]
    """Described values, by part of the study."""
    code: dict[str, str]
    """Digests of code, by part of the study."""

    @staticmethod
    def of(study: Study) -> Identity:
        """The identity of a store that the study writes now."""
        return Identity(study.name, __version__, study.columns, study.description(), study.code())

    def check_study(self, now: Identity, path: Path | None, *, accept: bool) -> list[str]:
        """Raise `StoreError` unless the store at a path, of this identity, is of a study as it is.

        Returns the definitions of the study that changed and are accepted.
        """
        if self.study != now.study:
            raise StoreError(
                f"{path} holds study {self.study}, not {now.study}. Name another file."
            )
        self._check_version(path)
        if changed := _changed(self.description, now.description):
            part, others = changed[0], _others(changed)
            raise StoreError(
                f"The study changed since {path} was written: {part} was "
                f"{self.description[part]}, is {now.description[part]}{others}. Run with --fresh "
                "to start again, or move the store away."
            )
        if self.columns != now.columns:
            raise StoreError(
                f"{path} holds {', '.join(map(str, self.columns))}; the study records "
                f"{', '.join(map(str, now.columns))}. Run with --fresh to start again."
            )
        changed = _changed_code(self.code, now.code)
        if changed and not accept:
            raise StoreError(
                f"Code of the study changed since {path} was written: {_listed(changed)}. Run with "
                "--fresh to start again or, if no number depends on it, with "
                "--accept-changed-code."
            )
        return changed

    def check_shard(self, shard: Identity, path: Path) -> None:
        """Raise `StoreError` unless the store at a path, a shard, is of this identity."""
        if shard.study != self.study:
            raise StoreError(
                f"{path} holds study {shard.study}, not {self.study}. Name another store."
            )
        shard._check_version(path)
        if changed := _changed(self.description, shard.description):
            part, others = changed[0], _others(changed)
            raise StoreError(
                f"{path} is of another {self.study}: {part} is {shard.description[part]} there and "
                f"{self.description[part]} here{others}. Run that shard again."
            )
        if changed := _changed_code(self.code, shard.code):
            raise StoreError(
                f"{path} was made by other code of the study: {_listed(changed)} differ. Run that "
                "shard again."
            )

    def _check_version(self, path: Path | None) -> None:
        if self.version != __version__:
            raise StoreError(
                f"{path} was written by version {self.version}, this is {__version__}: results "
                "may differ. Run with --fresh, or move it away."
            )


def _changed(old: dict[str, str], new: dict[str, str]) -> list[str]:
    """Parts of both that differ, in the order of the new."""
    return [part for part in new if part in old and old[part] != new[part]]


def _changed_code(old: dict[str, str], new: dict[str, str]) -> list[str]:
    """Definitions that differ in parts of both."""
    return sorted({name for part in _changed(old, new) for name in changes(old[part], new[part])})


def _others(changed: list[str]) -> str:
    return f" (and {len(changed) - 1} more)" if changed[1:] else ""


def _listed(changed: list[str]) -> str:
    return ", ".join(changed[:3]) + (f" and {len(changed) - 3} more" if changed[3:] else "")
