"""Forest plots in characters, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["intervals"]


def intervals(rows: Sequence[tuple[str, float, float, float]], width: int) -> str:
    """One line per name: its interval as a stroke with a letter o at its value.

    Parameters
    ----------
    rows
        (name, value, low, high), finite numbers.
    width
        Most columns of a line; names are not broken, and a stroke has 20 columns at least.

    Returns
    -------
    Lines; the first has the least and the largest number of all.
    """
    if not rows:
        return ""
    names = max(len(name) for name, *_ in rows)
    columns = max(20, width - names - 2)
    ends = [end for _, *row in rows for end in row]
    least, most = min(ends), max(ends)

    def at(value: float) -> int:
        return round((value - least) / ((most - least) or 1.0) * (columns - 1))

    left, right = f"{least:.3g}", f"{most:.3g}"
    lines = [f"{'':{names}}  {left}{right:>{columns - len(left)}}"]
    for name, value, low, high in rows:
        stroke = [" "] * columns
        stroke[at(low) : at(high) + 1] = "-" * (at(high) + 1 - at(low))
        stroke[at(value)] = "o"
        lines.append(f"{name:{names}}  {''.join(stroke).rstrip()}")
    return "\n".join(lines)
