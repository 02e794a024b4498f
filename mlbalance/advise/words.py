"""Numbers in words: rows, ratios and shares as text shows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

__all__ = ["many", "numbers", "percent", "rows", "size", "table", "times"]


def rows(number: int) -> str:
    """A number of rows, in the singular where it is one."""
    return f"{number:,} row" if number == 1 else f"{number:,} rows"


def size(value: float) -> str:
    """Rows to one decimal, a decimal of zero left out."""
    return f"{value:,.1f}".removesuffix(".0")


def times(ratio: float) -> str:
    """A ratio to two decimals, or that it hardly differs from one."""
    return f"{ratio:,.2f}" if ratio >= 1.005 else "less than 1.01"


def percent(share: float) -> str:
    """A share in percent to two digits."""
    return f"{share:.2g} %" if share < 99.5 else "more than 99 %"


def many(times: float) -> str:
    """How many times as much, to three digits or whole."""
    if times < 10:
        return f"{times:.{3 if times >= 1.01 else 6}g}"
    return f"{times:,.0f}" if times < 1e6 else "over a million"


def numbers(values: Sequence[float], form: str = ".3g") -> str:
    """All of up to a dozen numbers, of more the least and the largest."""
    if len(values) > 12:
        return f"{min(values):{form}} to {max(values):{form}} (--json: all)"
    return ", ".join(f"{value:{form}}" for value in values)


def table(ratios: dict[str, float], columns: int) -> Iterator[str]:
    """The ratios as table rows, ascending down the columns."""
    ordered = sorted(ratios.items(), key=lambda item: item[1])
    cells = [f"{name:28}{_cell(ratio):>6}" for name, ratio in ordered]
    height = -(-len(cells) // columns)
    for row in range(height):
        yield " " + "    ".join(cells[row::height])


def _cell(ratio: float) -> str:
    return f"{ratio:.{2 if ratio < 100 else 0}f}" if ratio < 999_999.5 else ">10^6"
