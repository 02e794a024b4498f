"""Names of columns, and how names and values are shown in messages."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Sequence

from mlbalance.inputs import InputError

__all__ = ["TableError", "check_names", "listed", "place_of", "shown"]

_NAMED = 8
_NUMBER = re.compile(r"[+-]?\d*\.?\d+([eE][+-]?\d+)?")


class TableError(InputError):
    """A table that cannot be compared on; the message says what is wrong with it."""


def shown(value: object) -> str:
    """Name or value in quotes, on one line and at most 40 characters."""
    text = str(value)
    return repr(text if len(text) <= 40 else text[:37] + "...")


def listed(names: Sequence[str]) -> str:
    """Names in a row, the first eight of them."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def check_names(names: Sequence[str], where: str) -> tuple[str, ...]:
    """Names of columns without blanks around; a nameless column is named by its number.

    Parameters
    ----------
    names
        d names.
    where
        Subject of the message.

    Returns
    -------
    d different names.

    Raises
    ------
    TableError
        For two of the same name.
    """
    found = tuple(str(name).strip() or f"column {j}" for j, name in enumerate(names, start=1))
    name, times = Counter(found).most_common(1)[0] if found else ("", 0)
    if times > 1:
        first, second = [j for j, other in enumerate(found, start=1) if other == name][:2]
        raise TableError(
            f"Columns {first} and {second} of {where} are both named {shown(name)}; names must "
            "differ. Rename or remove one."
        )
    return found


def place_of(name: str, names: Sequence[str], where: str) -> int:
    """Place of a name, or an error with those that are close to it."""
    if name in names:
        return list(names).index(name)
    folded = {other.casefold(): other for other in names}
    close = difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.6)
    if close:
        hint = f"Did you mean {' or '.join(shown(folded[other]) for other in close)}?"
    elif all(_NUMBER.fullmatch(other) for other in names):
        hint = f"Its first line holds numbers ({listed(names)}); put a header above it."
    else:
        hint = f"Its columns are {listed([shown(other) for other in names])}."
    raise TableError(f"{where} no column {shown(name)}. {hint}")
