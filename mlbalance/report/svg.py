"""Figures as SVG, drawn in the colour of the text around them; all names are escaped."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

__all__ = ["curves", "intervals"]

_LETTER = 7.2
"""Mean width of a letter at the size of the labels."""
_ROW = 20
_DASHES = ("", "6 3", "2 3")


def intervals(
    rows: Sequence[tuple[str, float, float, float]], title: str, *, width: int = 480
) -> str:
    """Forest plot: one row per name with its value and interval, and a line at zero.

    Parameters
    ----------
    rows
        (name, value, low, high); a row whose value is NaN has its name alone.
    title
        Below the axis.
    width
        In units of which letters are 11 high.

    Returns
    -------
    An `<svg>` element.
    """
    left = 12 + _LETTER * max((len(row[0]) for row in rows), default=0)
    ends = [end for _, _, low, high in rows for end in (low, high) if math.isfinite(end)]
    least, most = min([0.0, *ends]), max([0.0, *ends])
    margin = 0.04 * (most - least) or 1.0
    least, most = least - margin, most + margin

    def x(value: float) -> float:
        at = (min(max(value, least), most) - least) / (most - least)
        return left + at * (width - left - 12)

    bottom = _ROW * len(rows) + 8
    parts = [_line(x(0), 0, x(0), bottom, "stroke-dasharray='3 3' opacity='.6'")]
    for number, (name, value, low, high) in enumerate(rows):
        y = _ROW * number + 14
        parts.append(_text(left - 8, y + 4, name, "end"))
        if math.isnan(value):
            continue
        parts.append(_line(x(low), y, x(high), y, "stroke-width='2'"))
        parts.append(f"<circle cx='{x(value):.1f}' cy='{y}' r='4' fill='currentColor'/>")
    parts += _axis(_ticks(least, most), x, bottom)
    parts.append(_text((left + width - 12) / 2, bottom + 36, title, "middle"))
    return _svg(width, bottom + 44, title, parts)


def curves(
    lines: Sequence[tuple[str, Sequence[float], Sequence[float]]],
    across: str,
    up: str,
    *,
    size: int = 320,
) -> str:
    """Curves in the unit square, with its diagonal.

    Parameters
    ----------
    lines
        (name, abscissas, ordinates) of up to three curves.
    across, up
        Names of the axes.
    size
        Side of the square.

    Returns
    -------
    An `<svg>` element.
    """
    left, top = 44, 8

    def x(value: float) -> float:
        return left + value * size

    def y(value: float) -> float:
        return top + (1 - value) * size

    parts = [
        f"<rect x='{left}' y='{top}' width='{size}' height='{size}' fill='none' "
        "stroke='currentColor' opacity='.5'/>",
        _line(x(0), y(0), x(1), y(1), "opacity='.4'"),
    ]
    for number, (name, xs, ys) in enumerate(lines):
        points = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in zip(xs, ys, strict=True))
        dash = f"stroke-dasharray='{_DASHES[number % len(_DASHES)]}'"
        parts.append(
            f"<polyline points='{points}' fill='none' stroke='currentColor' stroke-width='2' "
            f"{dash}/>"
        )
        at = top + 16 + 16 * number
        parts.append(_line(left + 8, at - 4, left + 36, at - 4, f"stroke-width='2' {dash}"))
        parts.append(_text(left + 42, at, name, "start"))
    ticks = [0.0, 0.25, 0.5, 0.75, 1.0]
    parts += _axis(ticks, x, top + size)
    parts += [_text(left - 6, y(tick) + 4, f"{tick:g}", "end") for tick in ticks]
    parts.append(_text(left + size / 2, top + size + 36, f"{across}; up: {up}", "middle"))
    return _svg(left + size + 16, top + size + 44, f"{up} by {across}", parts)


def _svg(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    return (
        f"<svg viewBox='0 0 {width:g} {height:g}' role='img' font-size='11' "
        f"style='width:100%;max-width:{1.25 * width:g}px'>"
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )


def _line(x0: float, y0: float, x1: float, y1: float, style: str = "") -> str:
    return (
        f"<line x1='{x0:.1f}' y1='{y0:.1f}' x2='{x1:.1f}' y2='{y1:.1f}' stroke='currentColor' "
        f"{style}/>"
    )


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' fill='currentColor'>"
        f"{escape(words)}</text>"
    )


def _axis(ticks: Sequence[float], x: Callable[[float], float], y: float) -> list[str]:
    parts = [_line(x(ticks[0]), y, x(ticks[-1]), y, "opacity='.5'")]
    for tick in ticks:
        parts.append(_line(x(tick), y, x(tick), y + 4))
        parts.append(_text(x(tick), y + 16, f"{tick:.4g}", "middle"))
    return parts


def _ticks(least: float, most: float) -> list[float]:
    """About five round numbers between two."""
    rough = (most - least) / 5
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)
    first, last = math.ceil(least / step), math.floor(most / step)
    return [step * number for number in range(first, last + 1)]
