"""Numbers in sentences: counts with their noun, ratios and shares to the digits that matter."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["count", "decimal", "listed", "multiple", "percent", "ratio"]


def count(number: int, noun: str = "row") -> str:
    """A number of things, in the singular where it is one."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def decimal(value: float) -> str:
    """One decimal, left out where it is zero."""
    return f"{value:,.1f}".removesuffix(".0")


def ratio(value: float) -> str:
    """A ratio to two decimals, or that it hardly differs from one."""
    return f"{value:,.2f}" if value >= 1.005 else "less than 1.01"


def percent(share: float) -> str:
    """A share in percent to two digits."""
    return f"{share:.2g} %" if share < 99.5 else "more than 99 %"


def multiple(times: float) -> str:
    """How many times as much, to three digits or whole."""
    if times < 10:
        return f"{times:.{3 if times >= 1.01 else 6}g}"
    return f"{times:,.0f}" if times < 1e6 else "over a million"


def listed(values: Sequence[float], form: str = ".3g") -> str:
    """All of up to a dozen numbers, of more the least and the largest."""
    if len(values) > 12:
        return f"{min(values):{form}} to {max(values):{form}} (--json: all)"
    return ", ".join(f"{value:{form}}" for value in values)
