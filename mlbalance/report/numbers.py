"""Numbers in sentences: counts with a noun, ratios and shares to the significant digits."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["count", "decimal", "list_numbers", "multiple", "percent", "ratio"]


def count(number: int, noun: str = "row") -> str:
    """A count with its noun, in the singular for 1."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def decimal(value: float) -> str:
    """A number to one decimal, left out where it is zero."""
    return f"{value:,.1f}".removesuffix(".0")


def ratio(value: float) -> str:
    """A ratio from one on to two decimals, or "less than 1.01"."""
    return f"{value:,.2f}" if value >= 1.005 else "less than 1.01"


def percent(share: float) -> str:
    """A share, given in percent, to two digits, or "more than 99 %"."""
    return f"{share:.2g} %" if share < 99.5 else "more than 99 %"


def multiple(times: float) -> str:
    """A factor to three digits or to a whole number, or "over a million"."""
    if times < 10:
        return f"{times:.{3 if times >= 1.01 else 6}g}"
    return f"{times:,.0f}" if times < 1e6 else "over a million"


def list_numbers(values: Sequence[float], form: str = ".3g") -> str:
    """Up to twelve numbers, or the range of more; `form` is their format."""
    if len(values) > 12:
        return f"{min(values):{form}} to {max(values):{form}} (--json: all)"
    return ", ".join(f"{value:{form}}" for value in values)
